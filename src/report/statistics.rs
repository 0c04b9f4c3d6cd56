//! How many findings each rule has, instead of the findings: what there is to do, before one does it.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    io::{self, BufWriter, Write},
};

use serde::Serialize;

use super::{
    Detail, Presentation, Reporter, groups,
    json::{Escaping, v1::VERSION},
    terminal::{Ink, harmless, width},
    words,
};
use crate::{
    fact::Text,
    finding::{Finding, Level, RuleMeta},
    verdict::Report,
};

/// The reporter that counts where `reporter` would tell: as text, or as JSON. `None` where a count would be taken for the report.
pub fn statistics(reporter: &dyn Reporter) -> Option<&'static dyn Reporter> {
    match reporter.name() {
        "human" | "plain" | "concise" => Some(&Words),
        "json" => Some(&Json),
        _ => None,
    }
}

/// What one rule found at one level.
#[derive(Debug, Serialize)]
struct Row {
    rule: &'static str,
    level: Level,
    findings: usize,
    files: usize,
    summary: &'static str,
}

/// What is refused first, and of each level what is found most often.
fn rows(report: &Report, detail: Detail) -> Vec<Row> {
    let mut rules: BTreeMap<(Level, &str), (&RuleMeta, usize, BTreeSet<&Text>)> = BTreeMap::new();
    for finding in groups::shown(report, detail) {
        let Finding { level, rule, .. } = finding;
        let (_, findings, files) = rules
            .entry((*level, rule.id))
            .or_insert_with(|| (rule, 0, BTreeSet::new()));
        *findings += 1;
        files.insert(&finding.primary.path);
    }
    let mut rows: Vec<Row> = rules
        .into_iter()
        .map(|((level, _), (rule, findings, files))| Row {
            rule: rule.id,
            level,
            findings,
            files: files.len(),
            summary: rule.summary,
        })
        .collect();
    rows.sort_by_key(|row| (Reverse(row.level), Reverse(row.findings), row.rule));
    rows
}

#[derive(Debug)]
struct Words;

impl Reporter for Words {
    fn name(&self) -> &'static str {
        "statistics"
    }

    fn summary(&self) -> &'static str {
        "findings by rule"
    }

    fn is_for_people(&self) -> bool {
        true
    }

    fn write(
        &self,
        report: &Report,
        presentation: &Presentation,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let (out, style) = (&mut BufWriter::new(out), presentation.style);
        let rows = rows(report, presentation.detail);
        let columns: [fn(&Row) -> String; 4] = [
            |row| row.findings.to_string(),
            |row| words::severity(row.level).to_owned(),
            |row| row.rule.to_owned(),
            |row| match row.files {
                1 => String::from("in 1 file"),
                n => format!("in {n} files"),
            },
        ];
        let widest = columns.map(|column| rows.iter().map(|row| column(row).len()).max());
        for row in &rows {
            let ink = match row.level {
                Level::Deny => Ink::Error,
                Level::Warn => Ink::Warning,
                Level::Allow => Ink::Note,
            };
            let mut used = 0;
            let mut line = String::new();
            for (n, (column, widest)) in columns.iter().zip(widest).enumerate() {
                let (text, widest) = (column(row), widest.unwrap_or_default());
                let pad = widest.saturating_sub(text.len());
                used += widest + 2;
                let text = if n == 1 { style.ink(ink, text) } else { text };
                let _ = match n {
                    0 => write!(line, "{:pad$}{text}  ", ""),
                    _ => write!(line, "{text}{:pad$}  ", ""),
                };
            }
            if used + width(row.summary) <= style.columns() {
                line.push_str(&style.ink(Ink::Faint, row.summary));
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        if presentation.detail == Detail::Refusals {
            return out.flush();
        }
        if !rows.is_empty() {
            writeln!(out)?;
        }
        for line in words::closing(report) {
            writeln!(out, "{}", harmless(line, style))?;
        }
        out.flush()
    }
}

#[derive(Debug)]
struct Json;

#[derive(Debug, Serialize)]
struct Page {
    version: u32,
    outcome: &'static str,
    notices: Vec<String>,
    statistics: Vec<Row>,
}

impl Reporter for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn summary(&self) -> &'static str {
        "findings by rule, for programs"
    }

    fn write(&self, report: &Report, _: &Presentation, out: &mut dyn Write) -> io::Result<()> {
        let mut out = BufWriter::new(out);
        let page = Page {
            version: VERSION,
            outcome: report.outcome().word(),
            notices: report.told().collect(),
            statistics: rows(report, Detail::All),
        };
        let mut escaping: &mut dyn Write = &mut out;
        serde_json::to_writer_pretty(Escaping(&mut escaping), &page)?;
        out.write_all(b"\n")?;
        out.flush()
    }
}
