//! Annotations of GitHub Actions: workflow commands on standard output that the runner turns into remarks at the lines of a
//! change and on the page of the run.
//!
//! A runner keeps ten errors, ten warnings and ten notices of a step. So findings on the change come first, refusals before
//! warnings, what is dangerous before the rest; where there are too many, those of one rule in one file share an annotation, and the last place says how many
//! are missing and where they are. Whatever comes from a file is escaped twice:
//! so that it shows, and so that the runner reads no command, property or line in it.

use std::{
    fmt::{self, Write as _},
    io::{self, BufWriter, Write},
};

use indexmap::IndexMap;

use super::{
    PathSpelling, Presentation, Reporter, Style, groups,
    terminal::{clip, count, harmless},
    words,
};
use crate::{
    fact::Text,
    finding::{Finding, Level},
    verdict::Report,
};

/// Annotations of one kind that a runner keeps of a step: "10 warning annotations, 10 error annotations, and 10 notice
/// annotations per step", as the documentation of its limits says.
pub const KEPT: usize = 10;

/// The longest line of an annotation, in columns: the runner keeps 64 KiB of all of it.
const COLUMNS: usize = 2000;

/// See the module.
#[derive(Debug)]
pub(super) struct Github;

impl Reporter for Github {
    fn name(&self) -> &'static str {
        "github"
    }

    fn summary(&self) -> &'static str {
        "annotations for GitHub Actions"
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
        let out = &mut BufWriter::new(out);
        annotate(report, &presentation.checkout, out)?;
        for line in words::closing(report).filter(|line| !line.starts_with("note: ")) {
            writeln!(out, "{}", harmless(line, Style::default()))?;
        }
        out.flush()
    }
}

/// Writes the annotations alone.
pub(super) fn annotate(
    report: &Report,
    checkout: &PathSpelling,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut annotations: Vec<Annotation> = [Level::Deny, Level::Warn]
        .into_iter()
        .flat_map(|level| of_level(report, checkout, level))
        .collect();
    // Each kind is in order already; runners also count what a whole job has.
    annotations.sort_by_key(|annotation| !annotation.on_change);
    annotations.extend(notices(report));
    for annotation in annotations {
        writeln!(out, "{annotation}")?;
    }
    Ok(())
}

/// Writes one error at a line of a file, or about no file.
pub(super) fn error_at(
    file: &str,
    line: u32,
    title: &str,
    text: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut properties = Vec::new();
    if !file.is_empty() {
        properties.push(("file", shown(file.to_owned())));
        properties.push(("line", line.max(1).to_string()));
    }
    properties.push(("title", title.to_owned()));
    let annotation = Annotation {
        command: command(Level::Deny),
        on_change: true,
        properties,
        lines: vec![shown(text.to_owned())],
    };
    writeln!(out, "{annotation}")
}

/// One workflow command.
#[derive(Debug)]
struct Annotation {
    command: &'static str,
    on_change: bool,
    /// In order, names as the runner knows them.
    properties: Vec<(&'static str, String)>,
    /// Harmless, and escaped once more on its way out.
    lines: Vec<String>,
}

impl fmt::Display for Annotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "::{}", self.command)?;
        for (i, (name, value)) in self.properties.iter().enumerate() {
            f.write_char(if i == 0 { ' ' } else { ',' })?;
            write!(f, "{name}={}", property(value))?;
        }
        write!(f, "::{}", data(&self.lines.join("\n")))
    }
}

/// The text of a command: all up to the end of the line.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property's value: all up to a comma or the colons.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

fn command(level: Level) -> &'static str {
    match level {
        Level::Deny => "error",
        Level::Warn => "warning",
        Level::Allow => "notice",
    }
}

/// At most [`KEPT`] annotations that speak of all findings of a level.
fn of_level(report: &Report, checkout: &PathSpelling, level: Level) -> Vec<Annotation> {
    let mut findings: Vec<&Finding> = report
        .active()
        .filter(|finding| finding.level == level)
        .collect();
    findings.sort_by_key(|finding| (!finding.on_change, !finding.dangerous));
    if findings.len() <= KEPT {
        return findings
            .into_iter()
            .filter_map(|finding| annotation(checkout, &[finding]))
            .collect();
    }
    let mut groups: IndexMap<(&Text, &str), Vec<&Finding>> = IndexMap::new();
    for finding in findings {
        let group = groups
            .entry((&finding.primary.path, finding.rule.id))
            .or_default();
        group.push(finding);
    }
    let shown = if groups.len() > KEPT {
        KEPT - 1
    } else {
        groups.len()
    };
    let mut annotations: Vec<Annotation> = groups
        .values()
        .take(shown)
        .filter_map(|group| annotation(checkout, group))
        .collect();
    annotations.extend(left_out(
        level,
        groups.values().skip(shown).map(Vec::as_slice),
    ));
    annotations
}

/// What findings of one rule in one file come to: the first in full, the others by name.
fn annotation(checkout: &PathSpelling, group: &[&Finding]) -> Option<Annotation> {
    let (first, rest) = group.split_first()?;
    let mut properties = vec![("file", words::hosted(checkout, &first.primary.path))];
    match words::span(first) {
        // Columns are refused where there are several lines.
        Some((line, column, end_line, end_column)) => {
            properties.push(("line", line.max(1).to_string()));
            properties.push(("endLine", end_line.max(line).max(1).to_string()));
            if line == end_line {
                properties.push(("col", column.max(1).to_string()));
                properties.push(("endColumn", end_column.max(column).max(1).to_string()));
            }
        }
        None => properties.push(("line", String::from("1"))),
    }
    properties.push(("title", format!("weighbridge: {}", first.rule.id)));
    let mut lines = vec![words::sentence(first)];
    lines.extend(words::place(first).map(|place| format!("at {place}")));
    lines.extend(words::asides(first));
    if !rest.is_empty() {
        lines.push(groups::more(rest).sentence());
    }
    if let Some(help) = first.help.first() {
        // An edit of several lines is to be copied.
        lines.extend(format!("help: {help}").split('\n').map(String::from));
    }
    Some(Annotation {
        command: command(first.level),
        on_change: first.on_change,
        properties,
        lines: lines.into_iter().map(shown).collect(),
    })
}

/// The last place of a kind.
fn left_out<'a>(
    level: Level,
    groups: impl Iterator<Item = &'a [&'a Finding]>,
) -> Option<Annotation> {
    let (mut findings, mut paths) = (0, Vec::new());
    for group in groups {
        findings += group.len();
        paths.extend(group.first().map(|finding| &finding.primary.path));
    }
    paths.sort_unstable();
    paths.dedup();
    let word = words::severity(level);
    (findings > 0).then(|| Annotation {
        command: command(level),
        on_change: false,
        properties: vec![("title", format!("weighbridge: more {word}s"))],
        lines: vec![format!(
            "{} in {}: {KEPT} {word}s of a step are shown here; `weighbridge check --format concise` lists all",
            count(findings, &format!("more {word}"), &format!("more {word}s")),
            count(paths.len(), "file", "files"),
        )],
    })
}

/// What is to be known of the run as a whole.
fn notices(report: &Report) -> impl Iterator<Item = Annotation> {
    let all = report.told().count();
    let kept = if all > KEPT { KEPT - 1 } else { KEPT };
    let more = all.saturating_sub(kept);
    report
        .told()
        .take(kept)
        .chain((more > 0).then(|| {
            count(
                more,
                "more notice is not shown here",
                "more notices are not shown here",
            )
        }))
        .map(|notice| Annotation {
            command: "notice",
            on_change: false,
            properties: vec![("title", String::from("weighbridge"))],
            lines: vec![shown(notice)],
        })
}

fn shown(line: String) -> String {
    clip(&harmless(line, Style::default()), COLUMNS, Style::default())
}
