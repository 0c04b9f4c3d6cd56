//! The day on which waivers are judged.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// Today in UTC; the day that `SOURCE_DATE_EPOCH` names, if it does, so that a run can be repeated. The variable is many programs':
/// where it names no moment, it is not ours to judge.
pub(super) fn today() -> Date {
    #[allow(
        clippy::disallowed_methods,
        reason = "every command that judges reads it"
    )]
    let said = std::env::var("SOURCE_DATE_EPOCH").ok();
    let said = said.and_then(|seconds| seconds.parse().ok());
    let said = said.and_then(|seconds| Timestamp::from_second(seconds).ok());
    let now = said.unwrap_or_else(Timestamp::now);
    now.to_zoned(TimeZone::UTC).date()
}
