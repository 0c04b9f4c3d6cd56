//! What several formats say alike about a finding: how bad it is, its sentence, where it is.
//!
//! Nothing here is harmless yet; each format makes it so in its own way.

use super::{Style, groups, terminal::harmless};
use crate::{
    fact::{Brought, Place, Site, Text},
    finding::{Finding, Level},
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

/// What brought it, in a view of a history.
pub(super) fn brought(finding: &Finding) -> Option<String> {
    let Brought { commit, gone } = finding.brought.as_deref()?;
    let id = commit.id.get(..12).unwrap_or(&commit.id);
    let day = jiff::Timestamp::from_second(commit.time)
        .map(|time| time.to_string().chars().take(10).collect::<String>())
        .unwrap_or_default();
    let gone = if *gone {
        "; gone since, but not from clones"
    } else {
        ""
    };
    Some(format!(
        "brought by commit {id} of {day} by {}: {}{gone}",
        commit.author, commit.summary
    ))
}

/// The lines and columns of a finding in a text file: first line and column, last line, the column after the last.
pub(super) fn span(finding: &Finding) -> Option<(u32, u32, u32, u32)> {
    match finding.site {
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
    if span(finding).is_some() || finding.site == Site::default() {
        return None;
    }
    let site = finding.site.to_string();
    Some(site.strip_prefix("@ ").map_or(site.clone(), String::from))
}

/// The path that a code host knows a file by. Exactly, unless the bytes are no text, would deceive or command: then what stands
/// for them, and the host finds no such file.
pub(super) fn hosted(report: &Report, path: &Text) -> String {
    let path = report.checkout.spell(path);
    match path.as_str() {
        Some(exact) if harmless(exact, Style::default()) == exact => exact.to_owned(),
        _ => harmless(path, Style::default()),
    }
}

/// How the run ended, what was looked at, by which policy: sentences without a full stop, and what is to be known of the run.
pub(super) fn closing(report: &Report) -> impl Iterator<Item = String> {
    groups::closing(report)
        .into_iter()
        .map(|(head, text)| format!("{head}: {text}"))
        .chain(
            report
                .notices
                .iter()
                .map(|notice| format!("note: {notice}")),
        )
}
