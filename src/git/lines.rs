//! The lines that a change of a text brings.

use imara_diff::{Algorithm, Diff, InternedInput};

use crate::{bytes::wide, fact::Changed, limits};

/// How far git looks for a NUL before it calls a file a text.
const FRONT: usize = 8000;

/// Whether bytes are a text of which lines can be compared: as git decides it, and no larger than source may be.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    wide(bytes.len()) <= limits::SOURCE_BYTES
        && memchr::memchr(0, bytes.get(..FRONT).unwrap_or(bytes)).is_none()
}

/// The lines of `after` that `before` has not; all, where there are too many to compare.
pub(super) fn changed(before: &[u8], after: &[u8]) -> Changed {
    let mut input: InternedInput<&[u8]> = InternedInput::default();
    input.update_before(split(before));
    input.update_after(split(after));
    if input.before.len().saturating_add(input.after.len()) > limits::DIFF_LINES {
        return Changed::All;
    }
    let diff = Diff::compute(Algorithm::Histogram, &input);
    Changed::Lines(
        diff.hunks()
            .filter(|hunk| !hunk.after.is_empty())
            .map(|hunk| hunk.after.start.saturating_add(1)..hunk.after.end.saturating_add(1))
            .collect(),
    )
}

/// The lines of a text as Python counts them: a carriage return ends one as well.
fn split(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr::memchr2(b'\n', b'\r', rest).map_or(rest.len(), |at| {
            let pair = rest.get(at..).is_some_and(|rest| rest.starts_with(b"\r\n"));
            at.saturating_add(if pair { 2 } else { 1 })
        });
        let (line, after) = rest.split_at(end);
        rest = after;
        Some(line)
    })
}

#[cfg(test)]
mod tests {
    use super::{changed, is_text, split};
    use crate::{fact::Changed, limits};

    #[test]
    fn lines_end_as_python_ends_them() {
        let lines: Vec<&[u8]> = split(b"a\nb\r\nc\rd").collect();
        assert_eq!(lines, [&b"a\n"[..], b"b\r\n", b"c\r", b"d"]);
        assert_eq!(split(b"").count(), 0);
    }

    #[test]
    fn what_is_new_is_told_by_line() {
        for (before, after, expected) in [
            ("a\nb\nc\n", "a\nB\nc\n", "[2..3]"),
            ("a\nc\n", "a\nb\nb2\nc\nd\n", "[2..4, 5..6]"),
            ("a\nb\n", "b\n", "[]"),
            ("", "a\n", "[1..2]"),
            ("a", "a\n", "[1..2]"),
        ] {
            let lines = changed(before.as_bytes(), after.as_bytes());
            let expected = format!("Lines({expected})");
            assert_eq!(format!("{lines:?}"), expected, "{before:?} {after:?}");
        }
        let long = "a\n".repeat(limits::DIFF_LINES);
        assert_eq!(changed(b"a\n", long.as_bytes()), Changed::All);
        assert!(is_text(b"x") && !is_text(b"x\0"));
    }
}
