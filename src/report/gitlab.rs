//! GitLab's Code Quality report: a JSON array of what a merge request shows beside its lines.
//!
//! The documented fields and no others: `description`, `check_name`, `fingerprint` (GitLab keeps one entry of each),
//! `severity` and `location`. What does not count is there as `info`, with the line that lets it pass. Lines count from 1; what has
//! no lines, as an archive, stands on the first. The shape has no room for what was looked at: the text report beside it has that.

use std::{
    fmt::Write as _,
    io::{self, BufWriter, Write},
};

use data_encoding::HEXLOWER;
use serde::{Serialize, Serializer as _};
use sha2::{Digest as _, Sha256};

use super::{
    PathSpelling, Presentation, Reporter, Style, json::Escaping, terminal::harmless, words,
};
use crate::{
    finding::{Finding, Level, fingerprints},
    verdict::{LetPass, Report},
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
        let checkout = &presentation.checkout;
        let active = fingerprints(report.active());
        let active = report.active().zip(active);
        let active = active.map(|(finding, fingerprint)| entry(checkout, finding, fingerprint));
        let set_aside = fingerprints(report.set_aside());
        let set_aside = report.set_aside().zip(set_aside);
        let set_aside =
            set_aside.map(|(finding, print)| entry(checkout, finding, other_than(&[&print])));
        let listed = report.let_pass.iter().filter(|it| !it.has_finding);
        let listed = listed.map(|it| listed_entry(checkout, it));
        let entries = active.chain(set_aside).chain(listed);
        let mut escaping: &mut dyn Write = &mut out;
        serde_json::Serializer::pretty(Escaping(&mut escaping)).collect_seq(entries)?;
        out.write_all(b"\n")?;
        out.flush()
    }
}

/// A fingerprint of something that counts no finding: where the finding counts one day, it is new.
fn other_than(parts: &[&str]) -> String {
    let mut digest = Sha256::new_with_prefix("weighbridge/set-aside/v1");
    for part in parts {
        digest.update(part);
        // No part of a path or a sentence.
        digest.update([0]);
    }
    HEXLOWER.encode(&digest.finalize())
}

/// What an entry of the policy lets pass although it could run code: no finding says so.
fn listed_entry(checkout: &PathSpelling, listed: &LetPass) -> Entry {
    // The line of the entry is no part of what it is.
    let what = listed.said.split("; ").next().unwrap_or_default();
    let path = words::hosted(checkout, &listed.path);
    Entry {
        description: harmless(&listed.said, Style::default()),
        check_name: "global-not-allowed",
        fingerprint: other_than(&[&path, what]),
        severity: "info",
        location: Location {
            path,
            lines: Lines {
                begin: 1,
                end: None,
            },
        },
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
    let set_aside = words::set_aside(&finding.disposition);
    if let Some(by) = &set_aside {
        description = format!("{by}; {description}");
    }
    let (begin, end) = words::span(finding).map_or((1, None), |(line, _, end, _)| {
        (line.max(1), (end > line).then_some(end))
    });
    Entry {
        description: harmless(description, Style::default()),
        check_name: finding.rule.id,
        fingerprint,
        severity: match finding.level {
            _ if set_aside.is_some() => "info",
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
