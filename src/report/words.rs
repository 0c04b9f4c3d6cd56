//! What several formats say alike about a finding: how bad it is, its sentence, where it is.
//!
//! Nothing here is harmless yet; each format makes it so in its own way.

use std::fmt::Write as _;

use super::{PathSpelling, Style, groups, introduction::introduction, terminal::harmless};
use crate::{
    fact::{Place, Site, Text},
    finding::{Disposition, Finding, Level, Location},
    verdict::Report,
};

/// The word for a level: what is refused is an error.
pub(super) fn severity(level: Level) -> &'static str {
    match level {
        Level::Deny => "error",
        Level::Warn => "warning",
        Level::Allow => "note",
    }
}

/// The message, and how often the same was seen.
pub(super) fn sentence(finding: &Finding) -> String {
    match finding.count {
        0 | 1 => finding.message.clone(),
        n => format!("{} ({n} times)", finding.message),
    }
}

/// What else is to be said of it in a few words: that a change does not touch it, what introduced it into a history.
pub(super) fn asides(finding: &Finding) -> Vec<String> {
    let old = (!finding.on_change).then(|| String::from("not touched by the change"));
    let introduction = finding.primary.introduced_by.as_deref().map(introduction);
    old.into_iter().chain(introduction).collect()
}

/// The sentence, and the asides in brackets.
pub(super) fn all(finding: &Finding) -> String {
    let mut text = sentence(finding);
    for aside in asides(finding) {
        text.extend([" (", &aside, ")"]);
    }
    text
}

/// Who keeps a finding from counting, until when and why: `waived by weighbridge.yaml:9 until 2027-03-31 (@ml): converted soon`.
/// `None` if it counts.
pub(super) fn set_aside(disposition: &Disposition) -> Option<String> {
    let mut text = match disposition {
        Disposition::Active => return None,
        Disposition::Overridden { by, .. } => format!("allowed by {}:{}", by.file, by.line),
        Disposition::Baseline { file } => format!("known in {file}"),
        Disposition::Waived(waived) => {
            let mut text = format!("waived by {}:{}", waived.by.file, waived.by.line);
            if let Some(day) = waived.expires {
                let _ = write!(text, " until {day}");
            }
            if let Some(owner) = &waived.owner {
                let _ = write!(text, " ({owner})");
            }
            text
        }
    };
    if let Some(reason) = disposition.reason() {
        text.extend([": ", reason]);
    }
    Some(text)
}

/// The lines and columns of a finding in a text file: first line and column, last line, the column after the last.
pub(super) fn span(finding: &Finding) -> Option<(u32, u32, u32, u32)> {
    match finding.primary.site {
        Site {
            ref hops,
            at:
                Place::Span {
                    line,
                    column,
                    end_line,
                    end_column,
                },
        } if hops.is_empty() => Some((line, column, end_line, end_column)),
        _ => None,
    }
}

/// Where a finding is inside its file, unless that is a line of it or all of it.
pub(super) fn place(finding: &Finding) -> Option<String> {
    if span(finding).is_some() || finding.primary.site == Site::default() {
        return None;
    }
    let site = finding.primary.site.to_string();
    Some(site.strip_prefix("@ ").map_or(site.clone(), String::from))
}

/// A place in words, for people who would look there: `path:line:column` for source, so that editors can jump there; the way
/// inwards for an artifact. `path` is how they know the file.
pub(super) fn spot(location: &Location, path: &Text) -> String {
    let site = &location.site;
    match site.at {
        Place::Span { line, column, .. } if site.hops.is_empty() => {
            format!("{path}:{line}:{column}")
        }
        Place::Whole if site.hops.is_empty() => path.to_string(),
        _ if site.hops.is_empty() => format!("{path} {site}"),
        _ => format!("{path} > {site}"),
    }
}

/// The path that a code host knows a file by. Exactly, unless the bytes are no text, would deceive or command: then what stands
/// for them, and the host finds no such file.
pub(super) fn hosted(checkout: &PathSpelling, path: &Text) -> String {
    let path = checkout.spell(path);
    match path.as_str() {
        Some(exact) if harmless(exact, Style::default()) == exact => exact.to_owned(),
        _ => harmless(path, Style::default()),
    }
}

/// How the run ended, what was looked at, by which policy, what is to be known of it: sentences without a full stop.
pub(super) fn closing(report: &Report) -> impl Iterator<Item = String> {
    groups::closing(report)
        .into_iter()
        .map(|(head, text)| format!("{head}: {text}"))
}
