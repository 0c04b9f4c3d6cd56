//! The day on which waivers are judged.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::error::Error;

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

/// The moment that `SOURCE_DATE_EPOCH` names, for outputs that tell one.
///
/// # Errors
/// What is no moment: an output that told another would not be the same again.
pub(super) fn moment(said: &str) -> Result<Option<i64>, Error> {
    if said.is_empty() {
        return Ok(None);
    }
    said.parse().map(Some).map_err(|_| Error::Usage {
        message: format!("SOURCE_DATE_EPOCH is `{}`", said.escape_debug()),
        help: String::from("write seconds since 1970, such as 1700000000, or unset it"),
    })
}
