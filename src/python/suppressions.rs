//! Comments that ask for findings not to count: `# weighbridge: allow[torch-load-unsafe] why until=2027-01-31`.
//!
//! Only what a comment says and which line of code it is about is recorded; whether it counts is for the policy to say. A comment
//! behind code is about its own line, one on a line of its own about the next line of code. A text without the marker costs nothing.

use std::ops::Range;

use super::{Unit, excerpt, parse};
use crate::{
    fact::{Fact, Hop, Suppression, Text},
    limits,
    record::Recorder,
};

/// What such a comment begins with.
const MARKER: &str = "weighbridge:";
/// Words of other tools that ask for the same, which are told from prose.
const VERBS: &[&str] = &[
    "allow", "disable", "ignore", "noqa", "nosec", "off", "skip", "suppress",
];

/// Whether a text may hold such a comment.
pub(super) fn may_be_in(text: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), MARKER.as_bytes()).is_some()
}

/// Records the comments of a piece of source.
pub(super) fn record(unit: &Unit<'_>, recorder: &mut Recorder) {
    if !may_be_in(unit.text) {
        return;
    }
    // What cannot be parsed is a fact already, and all of it counts.
    let Ok(comments) = parse::comments(unit.text, unit.cell.is_some()) else {
        return;
    };
    let lines = excerpt::Lines::new(unit.text);
    let mut left = limits::SUPPRESSIONS;
    for comment in comments {
        let said = unit.text.get(comment.range.clone()).unwrap_or_default();
        let Some((begin, mut suppression)) = suppression(said) else {
            continue;
        };
        if left == 0 {
            return;
        }
        left = left.saturating_sub(1);
        let start = comment.range.start.saturating_add(begin);
        let at: Range<usize> = start..comment.range.end;
        suppression.line = lines.position(comment.about).0;
        let fact = Fact::Suppression(Box::new(suppression));
        let (place, excerpt) = (lines.place(&at), lines.show(&at).finish(&at));
        match unit.cell {
            Some(cell) => recorder.within(Hop::Cell(cell), |recorder| {
                recorder.record_at(fact, place, Some(excerpt));
            }),
            None => recorder.record_at(fact, place, Some(excerpt)),
        }
    }
}

/// What a comment asks for, and where in it that begins; `None` if it asks for nothing.
fn suppression(comment: &str) -> Option<(usize, Suppression)> {
    let hashes = comment.match_indices('#').map(|(at, _)| at);
    let mut asked = hashes.filter_map(|at| {
        let rest = comment.get(at.saturating_add(1)..)?;
        Some((at, rest.trim_start().strip_prefix(MARKER)?))
    });
    let (at, rest) = asked.next()?;
    let rest = rest.trim_start();
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let end = rest.find(|c| !is_letter(c)).unwrap_or(rest.len());
    let (verb, rest) = rest.split_at_checked(end)?;
    let (rules, rest) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((rules, rest)) => (rules, rest),
        None if VERBS.contains(&verb) => ("", rest),
        // Prose that begins with the name of the program.
        None => return None,
    };
    let rules = rules.split(',').map(str::trim);
    // A comment for another tool may follow.
    let own = rest.find("# ").and_then(|end| rest.get(..end));
    let mut words = own.unwrap_or(rest).split_whitespace().peekable();
    let mut days: Vec<&str> = Vec::new();
    let mut reason: Vec<&str> = Vec::new();
    while let Some(word) = words.next() {
        match day(word) {
            // A day that stands behind the word.
            Some("") => {
                match words.next_if(|next| next.starts_with(|c: char| c.is_ascii_digit())) {
                    Some(next) => days.push(next.trim_end_matches([')', ',', ';', '.'])),
                    None => reason.push(word),
                }
            }
            Some(day) => days.push(day),
            None => reason.push(word),
        }
    }
    // Of two days nobody knows which is meant: together they are none.
    let until = (!days.is_empty()).then(|| Text::from(days.join(" ")));
    let reason = reason.join(" ");
    let reason = reason.trim_start_matches(['-', ':', ' ']);
    let suppression = Suppression {
        verb: Text::from(verb),
        rules: rules
            .filter(|rule| !rule.is_empty())
            .map(Text::from)
            .collect(),
        reason: Text::from(reason),
        until,
        line: 0,
    };
    Some((at, suppression))
}

/// What a word says of the last day: `until=2027-01-31`, however it is spelled; empty for `until` alone.
fn day(word: &str) -> Option<&str> {
    let word = word.trim_matches(['(', ')', ',', ';']);
    let (name, day) = word.split_at_checked("until".len())?;
    if !name.eq_ignore_ascii_case("until") {
        return None;
    }
    match day.strip_prefix(['=', ':']) {
        Some(day) => Some(day),
        None => day.is_empty().then_some(day),
    }
}

#[cfg(test)]
mod tests {
    use super::suppression;

    #[test]
    fn what_a_comment_asks_for() {
        let asked = |comment: &str| {
            suppression(comment).map(|(at, it)| {
                let rules: Vec<String> = it.rules.iter().map(ToString::to_string).collect();
                let until = it.until.map(|day| day.to_string());
                (
                    at,
                    it.verb.to_string(),
                    rules.join("+"),
                    it.reason.to_string(),
                    until,
                )
            })
        };
        let is = |at: usize, verb: &str, rules: &str, reason: &str, until: Option<&str>| {
            let until = until.map(str::to_owned);
            Some((
                at,
                verb.to_owned(),
                rules.to_owned(),
                reason.to_owned(),
                until,
            ))
        };
        for (comment, expected) in [
            (
                "# weighbridge: allow[a] why",
                is(0, "allow", "a", "why", None),
            ),
            (
                "#weighbridge:allow[a, b] see #12 until=2027-01-31 for it",
                is(0, "allow", "a+b", "see #12 for it", Some("2027-01-31")),
            ),
            (
                "# noqa: S301  # weighbridge: allow[a]: ours # type: ignore",
                is(14, "allow", "a", "ours", None),
            ),
            (
                "# weighbridge: allow[a] why (Until: 2027-01-31)",
                is(0, "allow", "a", "why", Some("2027-01-31")),
            ),
            (
                "# weighbridge: allow[a] until we move, until 2027-01-31",
                is(0, "allow", "a", "until we move,", Some("2027-01-31")),
            ),
            (
                "# weighbridge: allow[a] why until=2020-01-01 until=2030-01-01",
                is(0, "allow", "a", "why", Some("2020-01-01 2030-01-01")),
            ),
            ("# weighbridge: ignore", is(0, "ignore", "", "", None)),
            ("# weighbridge: allow[]", is(0, "allow", "", "", None)),
            (
                "# weighbridge: whatever[a] b",
                is(0, "whatever", "a", "b", None),
            ),
            ("# weighbridge: this repository is checked", None),
            ("# see weighbridge: allow[a] b", None),
        ] {
            assert_eq!(asked(comment), expected, "{comment}");
        }
    }
}
