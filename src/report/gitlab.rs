//! GitLab's Code Quality report: a JSON array of what a merge request shows beside its lines.
//!
//! The documented fields and no others: `description`, `check_name`, `fingerprint` (GitLab keeps one entry of each),
//! `severity` and `location`. Lines count from 1; what has no lines, as an archive, stands on the first. The shape has no
//! room for what was looked at: the text report beside it has that.

use std::{
    fmt::Write as _,
    io::{self, BufWriter, Write},
};

use serde::{Serialize, Serializer as _};

use super::{
    PathSpelling, Presentation, Reporter, Style, json::Escaping, terminal::harmless, words,
};
use crate::{
    finding::{Finding, Level, fingerprints},
    verdict::Report,
};

/// See the module.
#[derive(Debug)]
pub(super) struct Gitlab;

#[derive(Debug, Serialize)]
struct Entry {
    description: String,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Debug, Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Debug, Serialize)]
struct Lines {
    begin: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<u32>,
}

impl Reporter for Gitlab {
    fn name(&self) -> &'static str {
        "gitlab"
    }

    fn summary(&self) -> &'static str {
        "a Code Quality report for GitLab's merge requests"
    }

    fn ends(&self) -> &'static [&'static str] {
        &[".json"]
    }

    fn write(
        &self,
        report: &Report,
        presentation: &Presentation,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut out = BufWriter::new(out);
        let fingerprints = fingerprints(report.active());
        let entries = report
            .active()
            .zip(fingerprints)
            .map(|(finding, fingerprint)| entry(&presentation.checkout, finding, fingerprint));
        let mut escaping: &mut dyn Write = &mut out;
        serde_json::Serializer::pretty(Escaping(&mut escaping)).collect_seq(entries)?;
        out.write_all(b"\n")?;
        out.flush()
    }
}

fn entry(checkout: &PathSpelling, finding: &Finding, fingerprint: String) -> Entry {
    let mut description = words::sentence(finding);
    if let Some(place) = words::place(finding) {
        let _ = write!(description, " (at {place})");
    }
    for aside in words::asides(finding) {
        let _ = write!(description, " ({aside})");
    }
    let (begin, end) = words::span(finding).map_or((1, None), |(line, _, end, _)| {
        (line.max(1), (end > line).then_some(end))
    });
    Entry {
        description: harmless(description, Style::default()),
        check_name: finding.rule.id,
        fingerprint,
        severity: match finding.level {
            Level::Deny => "critical",
            Level::Warn => "minor",
            Level::Allow => "info",
        },
        location: Location {
            path: words::hosted(checkout, &finding.primary.path),
            lines: Lines { begin, end },
        },
    }
}
