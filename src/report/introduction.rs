//! What introduced a file into a history, in words that all reports share.

use crate::fact::Introduction;

/// Digits of a commit's id that people are shown: enough for the largest repositories.
const DIGITS: usize = 12;

/// `introduced by 1a2b3c4d5e6f on 2025-03-04 (A <a@example.org>: add the model), no longer there`. Author and summary are
/// escaped as [`Text`](crate::fact::Text) shows them; a format with marks of its own has to escape those.
#[must_use]
pub fn introduction(introduction: &Introduction) -> String {
    let commit = &introduction.commit;
    let mut words = format!("introduced by {}", short(&commit.id));
    if let Some(date) = date(commit.time) {
        words.push_str(" on ");
        words.push_str(&date);
    }
    let who = [commit.author.to_string(), commit.summary.to_string()]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect::<Vec<_>>()
        .join(": ");
    if !who.is_empty() {
        words.extend([" (", &who, ")"]);
    }
    if introduction.gone {
        words.push_str(", no longer there");
    }
    words
}

/// A commit's id as people are shown it.
#[must_use]
pub fn short(id: &str) -> &str {
    id.get(..DIGITS).unwrap_or(id)
}

/// The day of a time in seconds since 1970, in UTC: `2025-03-04`; `None` for a time that no calendar has, or that was not said.
#[must_use]
pub fn date(time: i64) -> Option<String> {
    let time = jiff::Timestamp::from_second(time)
        .ok()
        .filter(|_| time != 0)?;
    Some(time.to_zoned(jiff::tz::TimeZone::UTC).date().to_string())
}

#[cfg(test)]
mod tests {
    use super::{date, introduction};
    use crate::fact::{Commit, Introduction};

    #[test]
    fn a_commit_may_say_anything() {
        assert_eq!(date(1_700_000_000).as_deref(), Some("2023-11-14"));
        assert_eq!(date(-86_400).as_deref(), Some("1969-12-31"));
        assert_eq!(
            (date(0), date(i64::MIN), date(i64::MAX)),
            (None, None, None)
        );
        let commit = Commit {
            id: "0123456789abcdef".into(),
            time: i64::MAX,
            author: "\u{202e}A".into(),
            summary: "a\r\nb".into(),
        };
        let words = introduction(&Introduction { commit, gone: true });
        assert_eq!(
            words,
            r"introduced by 0123456789ab (\u{202e}A: a\r\nb), no longer there"
        );
    }
}
