//! The waivers of a policy by owner: what each is about, what it covers now, and until when.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use jiff::civil::Date;
use serde::Serialize;

use super::{
    Style,
    json::Escaping,
    markdown::{code, prose},
    terminal::{count, harmless},
};
use crate::{policy::Waiver, verdict::Report};

/// A waiver on a day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct WaiverRow {
    /// Who answers for it.
    owner: Option<String>,
    /// The last day on which it holds.
    expires: Option<String>,
    /// Days until then: 0 on the last one, negative after it.
    days_left: Option<i64>,
    /// The rule.
    rule: String,
    /// The patterns of its paths.
    paths: Vec<String>,
    /// What the findings are about.
    subject: Option<String>,
    /// The content that it is about.
    sha256: Option<String>,
    /// Why.
    reason: Option<String>,
    /// In what it is beyond the terms of the policy.
    breaches: Vec<String>,
    /// How many findings it covers now.
    covers: usize,
    /// The policy's file.
    file: String,
    /// Its line, from 1.
    line: u32,
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    today: String,
    waivers: &'a [WaiverRow],
}

/// The waivers of a policy, by owner and then by day, with what each covers in a report.
pub fn rows<'a>(
    waivers: impl Iterator<Item = (&'a Waiver, Vec<String>)>,
    report: &Report,
    today: Date,
) -> Vec<WaiverRow> {
    let mut covered: BTreeMap<(&str, u32), usize> = BTreeMap::new();
    for by in report.set_aside().filter_map(|it| it.disposition.by()) {
        *covered.entry((by.file.as_str(), by.line)).or_default() += 1;
    }
    let mut rows: Vec<WaiverRow> = waivers
        .map(|(waiver, breaches)| {
            let line = waiver.line();
            let at = (line.file.as_str(), line.line);
            WaiverRow {
                owner: waiver.owner.clone(),
                expires: waiver.expires.map(|day| day.to_string()),
                days_left: waiver.days_left(today),
                rule: waiver.rule.clone(),
                paths: waiver.paths.clone(),
                subject: waiver.subject.clone(),
                sha256: waiver.sha256.clone(),
                reason: waiver.reason.clone(),
                breaches,
                covers: covered.get(&at).copied().unwrap_or_default(),
                file: line.file.clone(),
                line: line.line,
            }
        })
        .collect();
    // Those without an owner or an end come last.
    rows.sort_by_cached_key(|row| {
        let (no_owner, no_end) = (row.owner.is_none(), row.expires.is_none());
        (
            no_owner,
            row.owner.clone(),
            no_end,
            row.expires.clone(),
            row.line,
        )
    });
    rows
}

/// Writes the waivers as a table for each owner.
///
/// # Errors
/// Whatever `out` answers.
pub fn human(rows: &[WaiverRow], style: Style, out: &mut dyn Write) -> io::Result<()> {
    let shown = |text: &str| harmless(crate::fact::Text::from(text), style);
    for (at, of_owner) in rows.chunk_by(|a, b| a.owner == b.owner).enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        let owner = of_owner.first().and_then(|row| row.owner.as_deref());
        writeln!(
            out,
            "{}",
            owner.map_or_else(|| String::from("no owner"), shown)
        )?;
        for row in of_owner {
            let expires = row.expires.as_deref().unwrap_or("no end");
            let covers = covers(row.covers);
            writeln!(
                out,
                "  {expires:10}  {:18}  {covers:18}  {}:{}",
                days(row.days_left),
                shown(&row.file),
                row.line
            )?;
            let subject = row.subject.as_deref().map(shown);
            let subject = subject.map_or_else(String::new, |subject| format!(": {subject}"));
            let paths: Vec<String> = row.paths.iter().map(|path| shown(path)).collect();
            writeln!(out, "    {} in {}{subject}", row.rule, paths.join(", "))?;
            if let Some(reason) = &row.reason {
                writeln!(out, "    {}", shown(reason))?;
            }
            for breach in &row.breaches {
                writeln!(out, "    beyond the terms: {breach}")?;
            }
        }
    }
    if rows.is_empty() {
        writeln!(out, "no waivers")?;
    }
    Ok(())
}

/// Columns of a word or a sentence in Markdown.
const COLUMNS: usize = 500;

/// Writes the waivers as Markdown, for an issue or a comment that asks their owners: a list for each owner.
///
/// # Errors
/// Whatever `out` answers.
pub fn markdown(rows: &[WaiverRow], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", count(rows.len(), "waiver", "waivers"))?;
    for of_owner in rows.chunk_by(|a, b| a.owner == b.owner) {
        let owner = of_owner.first().and_then(|row| row.owner.as_deref());
        // In code an owner is told and not called.
        let owner = owner.map_or_else(|| String::from("no owner"), |it| code(it, COLUMNS));
        writeln!(out, "\n**{owner}**\n")?;
        for row in of_owner {
            let until = row.expires.as_deref().unwrap_or("no end");
            let left = match days(row.days_left) {
                left if left.is_empty() => left,
                left => format!(" ({left})"),
            };
            let paths: Vec<String> = row.paths.iter().map(|path| code(path, COLUMNS)).collect();
            let subject = row.subject.as_deref().map(|it| code(it, COLUMNS));
            let subject = subject.map_or_else(String::new, |it| format!(" of {it}"));
            writeln!(
                out,
                "* {until}{left}: {}{subject} in {}, {}, {}",
                code(&row.rule, COLUMNS),
                paths.join(", "),
                covers(row.covers),
                code(&format!("{}:{}", row.file, row.line), COLUMNS),
            )?;
            if let Some(reason) = &row.reason {
                writeln!(out, "  * {}", prose(reason, COLUMNS))?;
            }
            for breach in &row.breaches {
                writeln!(out, "  * beyond the terms: {}", prose(breach, COLUMNS))?;
            }
        }
    }
    out.flush()
}

fn covers(findings: usize) -> String {
    match findings {
        0 => String::from("covers nothing"),
        n => format!("covers {}", count(n, "finding", "findings")),
    }
}

/// `75 days left`.
fn days(left: Option<i64>) -> String {
    match left {
        None => String::new(),
        Some(0) => String::from("last day"),
        Some(1) => String::from("1 day left"),
        Some(-1) => String::from("ended yesterday"),
        Some(left) if left < 0 => format!("ended {} days ago", left.unsigned_abs()),
        Some(left) => format!("{left} days left"),
    }
}

/// Writes the waivers for programs.
///
/// # Errors
/// Whatever `out` answers.
pub fn json(rows: &[WaiverRow], today: Date, mut out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        version: 1,
        today: today.to_string(),
        waivers: rows,
    };
    serde_json::to_writer_pretty(Escaping(&mut out), &document)?;
    out.write_all(b"\n")
}
