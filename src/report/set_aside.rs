//! What waivers, overrides, comments and the baseline let pass, for whoever asks for it: one row for each line that does.

use std::collections::BTreeMap;

use super::terminal::count;
use crate::{
    finding::{Disposition, Finding, Subject},
    verdict::Report,
};

/// Findings that are named, one by one, of those that one line lets pass.
const LISTED: usize = 12;

/// The rows: a word, and what is let pass by which line.
pub(super) fn rows(report: &Report) -> impl Iterator<Item = (&'static str, String)> {
    let mut by: BTreeMap<(&'static str, String), Vec<String>> = BTreeMap::new();
    for finding in report.set_aside() {
        if let Some(key) = passed_by(&finding.disposition) {
            by.entry(key).or_default().push(said(finding));
        }
    }
    by.into_iter().map(|((word, by), all)| {
        let mut listed: Vec<&str> = all.iter().take(LISTED).map(String::as_str).collect();
        let more = all.len().saturating_sub(LISTED);
        let others = count(more, "other", "others");
        if more > 0 {
            listed.push(&others);
        }
        (word, format!("{by}: {}", listed.join(", ")))
    })
}

/// The word for a row, and who says so, with the reason and the last day.
fn passed_by(disposition: &Disposition) -> Option<(&'static str, String)> {
    let word = match disposition {
        Disposition::Active => return None,
        Disposition::Baseline { file } => return Some(("known", format!("by {file}"))),
        Disposition::Waived(_) => "waived",
        Disposition::Overridden { .. } => "allowed",
    };
    let line = disposition.by()?;
    let mut by = format!("by {}:{}", line.file, line.line);
    let last = match disposition {
        Disposition::Waived(waived) => waived.expires.map(|day| format!("until {day}")),
        _ => None,
    };
    let reason = disposition.reason().map(str::to_owned);
    let aside: Vec<String> = reason.into_iter().chain(last).collect();
    if !aside.is_empty() {
        by = format!("{by} ({})", aside.join("; "));
    }
    Some((word, by))
}

/// `global-not-allowed for app.Net in models/legacy.pt`
fn said(finding: &Finding) -> String {
    let (rule, path) = (finding.rule.id, &finding.primary.path);
    let said = match &finding.subject {
        Subject::Artifact => format!("{rule} in {path}"),
        subject => format!("{rule} for {subject} in {path}"),
    };
    match finding.count {
        0 | 1 => said,
        n => format!("{said} ({n} times)"),
    }
}
