//! What an organisation has to look after, for people.

use std::io::{self, Write};

use super::{
    governance::Governance,
    words::{counted, shown},
};

/// Candidates that are named.
const NAMED: usize = 40;

/// Writes the waivers by owner, and who tries to loosen what is locked.
///
/// # Errors
/// Whatever `out` answers.
pub fn waivers(found: &Governance, out: &mut dyn Write) -> io::Result<()> {
    if found.waivers.is_empty() {
        writeln!(out, "no waivers")?;
    }
    for of_owner in found
        .waivers
        .chunk_by(|a, b| a.waiver.owner == b.waiver.owner)
    {
        let owner = of_owner.first().and_then(|it| it.waiver.owner.as_deref());
        writeln!(
            out,
            "{}",
            owner.map_or_else(|| String::from("no owner"), shown)
        )?;
        for at in of_owner {
            let waiver = &at.waiver;
            let place = match at.repository.as_str() {
                "" => String::from("the organisation's policy"),
                repository => shown(repository),
            };
            writeln!(
                out,
                "  {:10}  {:16}  {place}  {}:{}",
                waiver.expires.as_deref().unwrap_or("no end"),
                at.state.word(),
                shown(&waiver.file),
                waiver.line
            )?;
            let paths: Vec<String> = waiver.paths.iter().map(|path| shown(path)).collect();
            let covers = counted(waiver.covers, "finding", "findings");
            writeln!(
                out,
                "    {} in {}: covers {covers}",
                waiver.rule,
                paths.join(", ")
            )?;
            for breach in &waiver.breaches {
                writeln!(out, "    {}", shown(breach))?;
            }
        }
        writeln!(out)?;
    }
    if !found.loosenings.is_empty() {
        let lines = counted(found.loosenings.len(), "line", "lines");
        writeln!(
            out,
            "{lines} without effect, because the organisation's policy locks what they loosen:"
        )?;
    }
    for at in &found.loosenings {
        let line = &at.loosening;
        writeln!(
            out,
            "  {}  {}:{}",
            shown(&at.repository),
            shown(&line.file),
            line.line
        )?;
        writeln!(out, "    {}", shown(&line.message))?;
    }
    Ok(())
}

/// Writes how far the policy has come, and entries for what at least so many repositories allow by hand or would need.
///
/// # Errors
/// Whatever `out` answers.
pub fn suggestion(found: &Governance, least: usize, out: &mut dyn Write) -> io::Result<()> {
    let adoption = &found.adoption;
    writeln!(
        out,
        "{} looked at completely",
        counted(adoption.complete, "repository", "repositories")
    )?;
    for (what, count, _) in adoption.counted() {
        writeln!(out, "  {count:>8}  with {what}")?;
    }
    let dangerous = found.candidates.iter().filter(|it| it.danger.is_some());
    if dangerous.clone().next().is_some() {
        writeln!(out, "\nallowed by hand, and dangerous:")?;
    }
    for candidate in dangerous.take(NAMED) {
        let danger = candidate.danger.as_deref().unwrap_or_default();
        let repositories = counted(candidate.repositories, "repository", "repositories");
        writeln!(
            out,
            "  {}: {danger}; {repositories}",
            shown(&candidate.what)
        )?;
    }
    match found.suggestion(least) {
        Some(entries) => write!(
            out,
            "\nto be reviewed for the organisation's policy; `weighbridge audit judge RUN --policy FILE` says what it would change:\n\n{entries}"
        ),
        None => writeln!(
            out,
            "\nnothing is allowed by hand in {least} repositories or more, and no pack would let files of so many pass"
        ),
    }
}
