//! The numbers of a run for people: what is complete, what is partial and what failed, apart.

use std::io::{self, Write};

use super::{
    diff::Difference,
    result::Status,
    summary::{Summary, Totals},
};
use crate::fact::Text;

/// Repositories that are named of each kind.
const NAMED: usize = 10;

/// Repositories of which it is told how they differ; `--format json` has all.
const DIFFERENT: usize = 50;

/// Writes the numbers of a run, and where its results are.
///
/// # Errors
/// Whatever `out` answers.
pub fn summary(summary: &Summary, place: &str, out: &mut dyn Write) -> io::Result<()> {
    let all = summary.repositories.len();
    writeln!(
        out,
        "{} by {}",
        counted(all, "repository", "repositories"),
        summary.policy
    )?;
    for (word, totals) in [
        ("complete", &summary.complete),
        ("partial", &summary.partial),
    ] {
        if totals.repositories > 0 {
            writeln!(out)?;
            self::totals(word, totals, out)?;
        }
    }
    named(summary, Status::Partial, out)?;
    if summary.failed.repositories > 0 {
        writeln!(
            out,
            "\nfailed     {}",
            counted(summary.failed.repositories, "repository", "repositories")
        )?;
        named(summary, Status::Failed, out)?;
    }
    if summary.pending > 0 {
        writeln!(out, "\nwithout a result yet: {}", summary.pending)?;
    }
    let mut refused: Vec<_> = summary
        .repositories
        .iter()
        .filter(|line| line.counts.denied > 0)
        .collect();
    refused.sort_by_key(|line| std::cmp::Reverse(line.counts.denied));
    if !refused.is_empty() {
        writeln!(out, "\nmost findings:")?;
    }
    for line in refused.iter().take(NAMED) {
        writeln!(
            out,
            "  {:>8}  {}",
            line.counts.denied,
            shown(&line.repository.location)
        )?;
    }
    writeln!(out, "\nresults in {place}")
}

fn totals(word: &str, totals: &Totals, out: &mut dyn Write) -> io::Result<()> {
    let (coverage, counts) = (&totals.coverage, &totals.counts);
    writeln!(
        out,
        "{word:10} {}, {} with something refused",
        counted(totals.repositories, "repository", "repositories"),
        totals.refused
    )?;
    writeln!(
        out,
        "           {}, {}, {} of source",
        counted(coverage.entries, "file", "files"),
        counted(coverage.artifacts, "model file", "model files"),
        coverage.sources
    )?;
    writeln!(
        out,
        "           {} denied, {} warned, {} waived, {} overridden, {} in a baseline",
        counts.denied, counts.warned, counts.waived, counts.overridden, counts.baseline
    )?;
    writeln!(
        out,
        "           {} can run code, {} of them not pinned",
        counted(counts.executable, "model file", "model files"),
        counts.executable_unpinned
    )?;
    if totals.loosenings > 0 {
        let lines = counted(totals.loosenings, "line", "lines");
        writeln!(
            out,
            "           {lines} of their policies try to loosen what is locked"
        )?;
    }
    Ok(())
}

fn named(summary: &Summary, status: Status, out: &mut dyn Write) -> io::Result<()> {
    let lines = summary
        .repositories
        .iter()
        .filter(|line| line.status == status);
    for line in lines.clone().take(NAMED) {
        let location = shown(&line.repository.location);
        match &line.failure {
            Some(failure) => writeln!(out, "  {location}: {}", shown(&failure.message))?,
            None => writeln!(out, "  {location}")?,
        }
    }
    match lines.count().saturating_sub(NAMED) {
        0 => Ok(()),
        more => writeln!(out, "  and {more} more"),
    }
}

/// Writes how two runs differ: what is refused now and was not, by rule and by repository, and the reverse.
///
/// # Errors
/// Whatever `out` answers.
pub fn difference(difference: &Difference, out: &mut dyn Write) -> io::Result<()> {
    if difference.repositories.is_empty() {
        return writeln!(out, "nothing differs");
    }
    writeln!(
        out,
        "{} more with something refused, {} fewer",
        counted(difference.newly_refused, "repository", "repositories"),
        difference.no_longer_refused
    )?;
    writeln!(
        out,
        "{} appeared, {} gone",
        counted(difference.appeared, "finding", "findings"),
        difference.gone
    )?;
    for (rule, count) in &difference.appeared_by_rule {
        writeln!(out, "  {count:>8}  {rule}")?;
    }
    for one in difference.repositories.iter().take(DIFFERENT) {
        let place = shown(&one.repository.location);
        let status = |status: Option<Status>| status.map_or("not audited", Status::word);
        let status = if one.before == one.after {
            String::new()
        } else {
            format!(" ({}, now {})", status(one.before), status(one.after))
        };
        writeln!(
            out,
            "\n{place}: {} refused, now {}{status}",
            one.denied_before, one.denied_after
        )?;
        let said = one.appeared.iter().map(|it| ('+', it));
        let said = said.chain(one.gone.iter().map(|it| ('-', it)));
        for (sign, finding) in said.clone().take(NAMED) {
            let (path, message) = (shown(&finding.path), shown(&finding.message));
            writeln!(out, "  {sign} {path}: {}: {message}", finding.rule)?;
        }
        if let more @ 1.. = said.count().saturating_sub(NAMED) {
            writeln!(out, "    and {more} more")?;
        }
    }
    match difference.repositories.len().saturating_sub(DIFFERENT) {
        0 => Ok(()),
        more => writeln!(
            out,
            "\nand {}",
            counted(more, "more repository", "more repositories")
        ),
    }
}

pub(super) fn shown(text: &str) -> String {
    Text::from(text).to_string()
}

pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        n => format!("{n} {many}"),
    }
}
