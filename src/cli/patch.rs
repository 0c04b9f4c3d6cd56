//! The difference of two texts as a patch that `git apply` takes.

use std::{fmt::Write as _, ops::Range};

use imara_diff::{Algorithm, Diff, Hunk, InternedInput, Token};

use crate::fact::Text;

/// A file's name in the head of a patch, as git writes it: what a line could not hold is escaped, and a tab ends a name with a space.
fn name(side: &str, path: &Text) -> String {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    let bytes = path.as_bytes();
    if bytes.iter().copied().all(is_plain) {
        let tab = if bytes.contains(&b' ') { "\t" } else { "" };
        return format!("{side}{path}{tab}");
    }
    let mut quoted = format!("\"{side}");
    for byte in bytes {
        match *byte {
            byte @ (b'"' | b'\\') => quoted.extend(['\\', char::from(byte)]),
            byte if is_plain(byte) => quoted.push(char::from(byte)),
            byte => {
                // Writing to a string cannot fail.
                let _ = write!(quoted, "\\{byte:03o}");
            }
        }
    }
    quoted.push('"');
    quoted
}

/// A patch of one file, which it makes where there is no `old`.
pub(super) fn of_file(path: &Text, old: Option<&str>, new: &str) -> String {
    let from = old.map_or_else(|| String::from("/dev/null"), |_| name("a/", path));
    let (to, hunks) = (name("b/", path), hunks(old.unwrap_or_default(), new));
    format!("--- {from}\n+++ {to}\n{hunks}")
}

/// Lines of context around a change, as in git.
const CONTEXT: u32 = 3;

/// The hunks of a patch: changes whose contexts touch are one.
fn hunks(old: &str, new: &str) -> String {
    let input = InternedInput::new(old, new);
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let changes: Vec<Hunk> = diff.hunks().collect();
    let touch = |one: &Hunk, next: &Hunk| {
        next.before.start.saturating_sub(one.before.end) <= CONTEXT.saturating_mul(2)
    };
    let mut text = String::new();
    for hunk in changes.chunk_by(touch) {
        write_hunk(&mut text, &input, hunk);
    }
    text
}

/// One hunk: its changes, with the lines around and between them.
fn write_hunk(text: &mut String, input: &InternedInput<&str>, changes: &[Hunk]) {
    let (Some(first), Some(last)) = (changes.first(), changes.last()) else {
        return;
    };
    let count = u32::try_from(input.before.len()).unwrap_or(u32::MAX);
    let lead = first.before.start.min(CONTEXT);
    let tail = count.saturating_sub(last.before.end).min(CONTEXT);
    let around = |first: &Range<u32>, last: &Range<u32>| {
        first.start.saturating_sub(lead)..last.end.saturating_add(tail)
    };
    let before = around(&first.before, &last.before);
    let after = around(&first.after, &last.after);
    // Writing to a string cannot fail.
    let _ = writeln!(text, "@@ -{} +{} @@", spelled(&before), spelled(&after));
    let mut at = before.start;
    for change in changes {
        write_lines(text, input, ' ', &input.before, at..change.before.start);
        write_lines(text, input, '-', &input.before, change.before.clone());
        write_lines(text, input, '+', &input.after, change.after.clone());
        at = change.before.end;
    }
    write_lines(text, input, ' ', &input.before, at..before.end);
}

/// Lines in the head of a hunk: the first, counted from 1, and how many unless it is one. Where there is none, the line is the one
/// before.
fn spelled(lines: &Range<u32>) -> String {
    let first = lines.start.saturating_add(1);
    match lines.end.saturating_sub(lines.start) {
        0 => format!("{},0", lines.start),
        1 => first.to_string(),
        count => format!("{first},{count}"),
    }
}

fn write_lines(
    text: &mut String,
    input: &InternedInput<&str>,
    mark: char,
    side: &[Token],
    lines: Range<u32>,
) {
    let at = |line: u32| usize::try_from(line).unwrap_or(usize::MAX);
    let tokens = side.get(at(lines.start)..at(lines.end));
    for token in tokens.unwrap_or_default() {
        let line = input.interner[*token];
        text.push(mark);
        text.push_str(line);
        if !line.ends_with('\n') {
            text.push_str("\n\\ No newline at end of file\n");
        }
    }
}

/// How many lines are new or changed.
pub(super) fn additions(old: &str, new: &str) -> u32 {
    let input = InternedInput::new(old, new);
    Diff::compute(Algorithm::Histogram, &input).count_additions()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{hunks, of_file};

    /// Applies a patch as a strict reader does: each hunk at the line that its head names, every line of it as it is said to be.
    fn apply(old: &str, patch: &str) -> String {
        let old: Vec<&str> = old.split_inclusive('\n').collect();
        let (mut new, mut at) = (String::new(), 0);
        let mut lines = patch.split_inclusive('\n').peekable();
        let mut written = 0;
        while let Some(head) = lines.next() {
            let words: Vec<&str> = head.split(' ').collect();
            assert_eq!((words[0], words[3]), ("@@", "@@\n"), "{head}");
            let range = |word: &str| {
                let (first, count) = word.split_once(',').unwrap_or((word, "1"));
                let first = first.trim_start_matches(['-', '+']);
                let (first, count): (usize, usize) =
                    (first.parse().unwrap(), count.parse().unwrap());
                (if count == 0 { first } else { first - 1 }, count)
            };
            let ((from, mut before), (to, mut after)) = (range(words[1]), range(words[2]));
            while at < from {
                new.push_str(old[at]);
                (at, written) = (at + 1, written + 1);
            }
            assert_eq!(written, to, "{patch}");
            while before > 0 || after > 0 {
                let line = lines.next().unwrap();
                let (_, mut text) = line.split_at(1);
                if lines.peek().is_some_and(|next| next.starts_with('\\')) {
                    text = text.trim_end_matches('\n');
                    lines.next();
                }
                if !line.starts_with('+') {
                    assert_eq!(text, old[at], "{patch}");
                    (at, before) = (at + 1, before - 1);
                }
                if !line.starts_with('-') {
                    new.push_str(text);
                    (written, after) = (written + 1, after - 1);
                }
            }
        }
        old[at..].iter().for_each(|line| new.push_str(line));
        new
    }

    fn some_text() -> impl Strategy<Value = String> {
        let line = prop_oneof!["[ab]{0,2}\n", "[a-d]\r\n", Just(String::from("- x\n"))];
        let lines = proptest::collection::vec(line, 0..30);
        (lines, prop_oneof![Just(""), Just("end")]).prop_map(|(lines, end)| lines.concat() + end)
    }

    proptest! {
        #[test]
        fn a_patch_makes_the_new_text_of_the_old(old in some_text(), new in some_text()) {
            prop_assert_eq!(apply(&old, &hunks(&old, &new)), new);
        }

        /// A line or some that come to a text of different lines: what is before them is said to be where it is.
        #[test]
        fn the_head_of_a_hunk_counts_from_the_first_line(lines in 0_usize..30, at in 0_usize..30, more in 1_usize..4) {
            let at = at.min(lines);
            let line = |n: usize| format!("line {n}\n");
            let old: String = (0..lines).map(line).collect();
            let added = "added\n".repeat(more);
            let new: String = (0..at).map(line).chain([added]).chain((at..lines).map(line)).collect();
            let patch = hunks(&old, &new);
            let first = at.saturating_sub(3);
            let count = (at + 3).min(lines) - first;
            let spell = |count: usize| match count {
                0 => format!("{first},0"),
                1 => format!("{}", first + 1),
                _ => format!("{},{count}", first + 1),
            };
            let head = format!("@@ -{} +{} @@\n", spell(count), spell(count + more));
            prop_assert!(patch.starts_with(&head), "{}", patch);
            prop_assert_eq!(apply(&old, &patch), new);
        }
    }

    #[test]
    fn a_new_file_comes_from_nowhere() {
        let patch = of_file(&"a b/\u{fc}.yaml".into(), None, "version: 1\n");
        assert_eq!(
            patch,
            "--- /dev/null\n+++ \"b/a b/\\303\\274.yaml\"\n@@ -0,0 +1 @@\n+version: 1\n"
        );
    }
}
