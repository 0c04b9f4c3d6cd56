//! The difference of two texts as a patch that `git apply` takes.

use std::fmt::{self, Write as _};

use imara_diff::{
    Algorithm, Diff, InternedInput, Interner, Token, UnifiedDiffConfig, UnifiedDiffPrinter,
};

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

/// The hunks of a patch.
fn hunks(old: &str, new: &str) -> String {
    let input = InternedInput::new(old, new);
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let printer = Printer(&input.interner);
    diff.unified_diff(&printer, UnifiedDiffConfig::default(), &input)
        .to_string()
}

/// How many lines are new or changed.
pub(super) fn additions(old: &str, new: &str) -> u32 {
    let input = InternedInput::new(old, new);
    Diff::compute(Algorithm::Histogram, &input).count_additions()
}

struct Printer<'i>(&'i Interner<&'i str>);

impl Printer<'_> {
    fn line(&self, mut f: impl fmt::Write, mark: char, token: Token) -> fmt::Result {
        let line = self.0[token];
        match line.strip_suffix('\n') {
            Some(line) => writeln!(f, "{mark}{line}"),
            None => writeln!(f, "{mark}{line}\n\\ No newline at end of file"),
        }
    }
}

impl UnifiedDiffPrinter for Printer<'_> {
    fn display_header(
        &self,
        mut f: impl fmt::Write,
        start_before: u32,
        start_after: u32,
        len_before: u32,
        len_after: u32,
    ) -> fmt::Result {
        // Where there is nothing, the line is the one before.
        let line = |start: u32, len: u32| start.saturating_add(u32::from(len > 0));
        writeln!(
            f,
            "@@ -{},{len_before} +{},{len_after} @@",
            line(start_before, len_before),
            line(start_after, len_after)
        )
    }

    fn display_context_token(&self, f: impl fmt::Write, token: Token) -> fmt::Result {
        self.line(f, ' ', token)
    }

    fn display_hunk(
        &self,
        mut f: impl fmt::Write,
        before: &[Token],
        after: &[Token],
    ) -> fmt::Result {
        for token in before {
            self.line(&mut f, '-', *token)?;
        }
        for token in after {
            self.line(&mut f, '+', *token)?;
        }
        Ok(())
    }
}
