//! How two policies differ, for people: two lists, each difference with the line that makes it.

use std::io::{self, Write};

use super::{
    Style,
    markdown::{code, prose},
    terminal::{Ink, count, harmless, wrap},
};
use crate::fact::{Direction, PolicyChange, PolicyLine};

/// Two policies, compared.
#[derive(Debug)]
pub struct PolicyDiff {
    /// What the old one is called.
    pub old: String,
    /// What the new one is called.
    pub new: String,
    /// In what they differ, what is looser first.
    pub changes: Vec<PolicyChange>,
}

/// Columns of a difference in Markdown.
const COLUMNS: usize = 500;
/// Differences in Markdown; a comment that is longer is not read.
const MOST: usize = 200;

impl PolicyDiff {
    /// Whether anything is looser, or may be.
    pub fn is_looser(&self) -> bool {
        self.changes.iter().any(PolicyChange::is_looser)
    }

    /// The two lists, with their titles.
    fn lists(&self) -> [(&'static str, Vec<&PolicyChange>); 2] {
        let (looser, tighter) = self.changes.iter().partition(|change| change.is_looser());
        [("Looser", looser), ("Tighter", tighter)]
    }

    /// What the lists come to.
    fn sum(&self) -> String {
        let [(_, looser), (_, tighter)] = self.lists();
        match (looser.len(), tighter.len()) {
            (0, 0) => String::from("no verdict differs"),
            (0, n) => format!("nothing is looser, {}", are(n, "tighter")),
            (n, 0) => format!("{}, nothing is tighter", are(n, "looser")),
            (n, m) => format!("{}, {}", are(n, "looser"), are(m, "tighter")),
        }
    }
}

fn are(n: usize, how: &str) -> String {
    let verb = if n == 1 { "is" } else { "are" };
    format!("{} {verb} {how}", count(n, "thing", "things"))
}

/// Where a difference stands: `weighbridge.yaml:12`, with a sign for a line that is gone.
fn place(line: Option<&PolicyLine>) -> String {
    match line {
        Some(line) if line.line > 0 => format!("{}:{}", line.file, line.line),
        Some(line) => line.file.clone(),
        None => String::from("by default"),
    }
}

/// Writes it for a terminal.
///
/// # Errors
/// Whatever `out` answers.
pub fn human(diff: &PolicyDiff, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let columns = style.columns();
    let head = format!("{} compared with {}: {}", diff.new, diff.old, diff.sum());
    for line in wrap(&harmless(head, style), columns, columns) {
        writeln!(out, "{line}")?;
    }
    for (title, changes) in diff.lists() {
        if changes.is_empty() {
            continue;
        }
        let ink = if title == "Looser" {
            Ink::Warning
        } else {
            Ink::Good
        };
        writeln!(out, "\n{}", style.ink(ink, title))?;
        let mut file = None;
        for change in changes {
            let line = change.line.as_ref();
            let said = harmless(change, style);
            let at = harmless(place(line), style);
            // The line stands once over what it makes.
            if file.as_ref() != Some(&at) {
                writeln!(out, "  {}", style.ink(Ink::Frame, &at))?;
            }
            file = Some(at);
            for (n, text) in wrap(&said, columns - 4, columns - 6)
                .into_iter()
                .enumerate()
            {
                let indent = if n == 0 { 4 } else { 6 };
                writeln!(out, "{:indent$}{text}", "")?;
            }
        }
    }
    out.flush()
}

/// Writes it as Markdown.
///
/// # Errors
/// Whatever `out` answers.
pub fn markdown(diff: &PolicyDiff, out: &mut dyn Write) -> io::Result<()> {
    let sum = prose(&diff.sum(), COLUMNS);
    let (new, old) = (code(&diff.new, COLUMNS), code(&diff.old, COLUMNS));
    writeln!(out, "{new} compared with {old}: {sum}.\n")?;
    for (title, changes) in diff.lists() {
        if changes.is_empty() {
            continue;
        }
        writeln!(out, "**{title}**\n")?;
        for change in changes.iter().take(MOST) {
            let at = code(&place(change.line.as_ref()), COLUMNS);
            let said = prose(&change.to_string(), COLUMNS);
            let perhaps = match change.direction {
                Direction::PerhapsLooser => "⚠️ ",
                Direction::Looser | Direction::Tighter => "",
            };
            writeln!(out, "- {perhaps}{at}: {said}")?;
        }
        if let Some(more) = changes.len().checked_sub(MOST).filter(|more| *more > 0) {
            writeln!(out, "- and {more} more")?;
        }
        writeln!(out)?;
    }
    out.flush()
}
