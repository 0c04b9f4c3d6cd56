//! The word to someone whose push is judged: short, because a server says it, and what to do about it, because a commit
//! cannot be taken back by another.

use std::io::{self, Write};

use super::{
    Style, short,
    terminal::{count, harmless, quoted_for_git, wrap},
};
use crate::{
    fact::{Introduction, Text},
    finding::{Finding, Level, Subject},
    verdict::{Outcome, Report},
};

/// Files told of; the others are counted.
const FILES: usize = 5;
/// Findings told of for one file.
const FINDINGS: usize = 3;

/// Writes what a server has to say to the one who pushes. Nothing if there is nothing against it.
///
/// # Errors
/// Whatever `out` answers.
pub fn push(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    if report.outcome() != Outcome::Refused {
        return out.flush();
    }
    let mut page = Message { style, out };
    let refused: Vec<&Finding> = report
        .active()
        .filter(|finding| finding.level == Level::Deny && !is_late(finding))
        .collect();
    let files: Vec<&[&Finding]> = refused
        .chunk_by(|a, b| a.primary.path == b.primary.path && id(a) == id(b))
        .collect();
    let late = report.coverage.late;
    if files.is_empty() {
        page.line("", "weighbridge refuses this push.")?;
    } else {
        let errors = count(refused.len(), "error", "errors");
        let number = count(files.len(), "file", "files");
        page.line(
            "",
            &format!("weighbridge refuses this push: {errors} in {number}."),
        )?;
    }
    for file in files.iter().take(FILES) {
        page.file(file)?;
    }
    let left = files.get(FILES..).unwrap_or_default();
    if !left.is_empty() {
        let errors = count(left.iter().map(|file| file.len()).sum(), "error", "errors");
        let number = count(left.len(), "other file", "other files");
        page.line("", "")?;
        page.line("", &format!("And {errors} in {number}."))?;
    }
    if late > 0 {
        page.late(late, report.coverage.entries)?;
    }
    for notice in report.told() {
        page.line("", "")?;
        page.line("", &notice)?;
    }
    page.elsewhere(&refused)?;
    if page.removal_steps(&refused)? {
        page.line(
            "",
            "To check before the next push: weighbridge hook install --pre-push",
        )?;
    } else {
        page.line("", "")?;
    }
    if !report.policy.is_empty() {
        page.line("", &format!("policy: {}", report.policy))?;
    }
    page.out.flush()
}

/// Writes what helps where a push is refused by what its commits bring.
///
/// # Errors
/// Whatever `out` answers.
pub fn removal_steps(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let refused: Vec<&Finding> = report
        .active()
        .filter(|finding| finding.level == Level::Deny)
        .collect();
    Message { style, out }.removal_steps(&refused)?;
    out.flush()
}

struct Message<'o> {
    style: Style,
    out: &'o mut dyn Write,
}

impl Message<'_> {
    /// A paragraph; what is indented hangs by two more after its first line.
    fn line(&mut self, indent: &str, text: &str) -> io::Result<()> {
        let text = harmless(text, self.style);
        let hang = if indent.is_empty() { 0 } else { 2 };
        let columns = self.style.columns().saturating_sub(indent.len());
        let mut lines = wrap(&text, columns, columns.saturating_sub(hang)).into_iter();
        writeln!(self.out, "{indent}{}", lines.next().unwrap_or_default())?;
        for line in lines {
            writeln!(self.out, "{indent}{:hang$}{line}", "")?;
        }
        Ok(())
    }

    fn file(&mut self, findings: &[&Finding]) -> io::Result<()> {
        let Some(first) = findings.first() else {
            return Ok(());
        };
        self.line("", "")?;
        self.line("", &first.primary.path.to_string())?;
        if let Some(introduction) = &first.primary.introduced_by {
            self.line("  ", &commit(introduction))?;
        }
        for finding in findings.iter().take(FINDINGS) {
            let text = format!("{}: {}", finding.rule.id, finding.message);
            self.line("  ", &text)?;
        }
        let left = findings.len().saturating_sub(FINDINGS);
        if left > 0 {
            self.line("  ", &format!("and {left} more"))?;
        }
        Ok(())
    }

    fn late(&mut self, late: usize, entries: usize) -> io::Result<()> {
        self.line("", "")?;
        let which = match entries {
            0 => String::new(),
            entries => format!(": {late} of {}", count(entries, "file", "files")),
        };
        self.line(
            "",
            &format!(
                "Not checked within the time allowed for a push{which}. Nothing is accepted unchecked. Push fewer commits \
                 at a time (git push REMOTE COMMIT:BRANCH), or ask for a longer deadline."
            ),
        )
    }

    /// What is to be known of files that a push does not carry.
    fn elsewhere(&mut self, refused: &[&Finding]) -> io::Result<()> {
        if !refused.iter().any(|finding| is_elsewhere(finding)) {
            return Ok(());
        }
        self.line("", "")?;
        self.line(
            "",
            "git-lfs content is not part of a push, so it was not checked here. The policy of this server decides \
             whether it is accepted (rule lfs-not-fetched).",
        )
    }

    /// What to do about commits that bring what is refused; whether there is anything to do.
    fn removal_steps(&mut self, refused: &[&Finding]) -> io::Result<bool> {
        let Some(first) = refused
            .iter()
            .find(|finding| finding.primary.introduced_by.is_some() && !is_elsewhere(finding))
        else {
            return Ok(false);
        };
        let base = first
            .primary
            .introduced_by
            .as_ref()
            .map(|introduction| short(&introduction.commit.id));
        let path =
            quoted_for_git(&first.primary.path, self.style).unwrap_or_else(|| "FILE".to_owned());
        self.line("", "")?;
        self.line(
            "",
            "Deleting it in another commit does not remove it from the push: remove it from the commit that \
             introduces it, or fix it there. If that is the last commit:",
        )?;
        // Commands are to be copied: never broken.
        writeln!(self.out, "  git rm --cached {path}")?;
        // Without the file, a commit may be empty, which `git commit` refuses by itself.
        writeln!(self.out, "  git commit --amend --allow-empty")?;
        self.line("", "If it is an earlier commit, mark it `edit` in")?;
        writeln!(self.out, "  git rebase -i {}^", base.unwrap_or_default())?;
        self.line(
            "",
            "(--root instead, if it is the first of all), do the same, and finish with",
        )?;
        writeln!(self.out, "  git rebase --continue")?;
        Ok(true)
    }
}

fn is_late(finding: &Finding) -> bool {
    matches!(&finding.subject, Subject::Anomaly(kind) if kind == "late")
}

/// Whether it is about a file that a push does not carry.
fn is_elsewhere(finding: &Finding) -> bool {
    finding.rule.id == "lfs-not-fetched"
}

fn id(finding: &Finding) -> Option<&str> {
    finding
        .primary
        .introduced_by
        .as_ref()
        .map(|it| it.commit.id.as_str())
}

fn commit(introduction: &Introduction) -> String {
    let summary: &Text = &introduction.commit.summary;
    format!(
        "introduced by {} \"{summary}\"",
        short(&introduction.commit.id)
    )
}
