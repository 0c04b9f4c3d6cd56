//! What `policy check` says of a policy, as a report like any other.

use std::path::Path;

use super::{View, policy_source::path_in};
use crate::{
    error::Error,
    fact::{Excerpt, Mark, Place, Site, Text},
    finding::{Finding, Location, RuleMeta, Subject},
    policy::{self, INVALID, PLACES, PolicyError, PolicyErrors, RISKY, UNNEEDED},
    verdict::{Coverage, Report},
};

/// Lines of a policy that are shown before and after the one in question.
const CONTEXT: usize = 1;
/// Lines of a policy that are shown at most.
const LINES: usize = 12;

/// A report on a policy that can be used: its lines without need, and those to be known. `files` are what it is made of.
pub fn policy_report(
    view: &View,
    name: &str,
    files: usize,
    unneeded: &[PolicyError],
    risky: &[PolicyError],
) -> Report {
    let unneeded = unneeded.iter().map(|error| finding(view, &UNNEEDED, error));
    let risky = risky.iter().map(|error| finding(view, &RISKY, error));
    report(view, name, files, unneeded.chain(risky).collect())
}

/// A report on a policy that cannot be used.
pub fn broken_policy_report(view: &View, name: &str, errors: &PolicyErrors) -> Report {
    let mut files: Vec<&str> = errors.0.iter().map(|error| error.file.as_str()).collect();
    files.sort_unstable();
    files.dedup();
    let findings = errors.0.iter().map(|error| finding(view, &INVALID, error));
    report(view, name, files.len(), findings.collect())
}

/// What keeps a repository's own policy from being used, as findings: each error of a policy or a lock file, or why one cannot be read.
pub fn unusable_policy(view: &View, error: &Error) -> Vec<Finding> {
    if let Error::Policy(errors) = error {
        let state = view.policy_files().state().unwrap_or_default();
        let findings = errors.0.iter().map(|error| {
            let mut finding = finding(view, &INVALID, error);
            // It is about the file, wherever that was read.
            let path = error.file.strip_suffix(state).unwrap_or(&error.file);
            finding.primary.path = path_in(view, path.trim_end());
            finding
        });
        return findings.collect();
    }
    let mut places = PLACES.iter().map(Path::new);
    let place = places.find(|place| view.policy_files().has(place));
    let primary = Location {
        path: Text::from(place.and_then(Path::to_str).unwrap_or(policy::NAME)),
        ..Location::default()
    };
    let mut finding = Finding::new(&INVALID, Subject::Artifact, primary, error.to_string());
    finding.help.extend(error.help());
    vec![finding]
}

fn report(view: &View, name: &str, files: usize, findings: Vec<Finding>) -> Report {
    let mut report = Report {
        view: String::from("the policy"),
        findings,
        coverage: Coverage {
            policies: files.max(1),
            ..Coverage::default()
        },
        policy: name.to_owned(),
        root: view
            .root
            .file_name()
            .map(|name| Text::new(name.as_encoded_bytes()))
            .unwrap_or_default(),
        ..Report::default()
    };
    report.sort();
    report
}

fn finding(view: &View, rule: &'static RuleMeta, error: &PolicyError) -> Finding {
    let (site, excerpt) = place(error).unzip();
    let primary = Location {
        path: path_in(view, &error.file),
        site: site.unwrap_or_default(),
        excerpt,
        ..Location::default()
    };
    let mut finding = Finding::new(rule, Subject::Artifact, primary, error.message.clone());
    if !error.help.is_empty() {
        finding.help.push(error.help.clone());
    }
    finding
}

/// Where an error is, and the lines around it; `None` for one of a file without text.
fn place(error: &PolicyError) -> Option<(Site, Excerpt)> {
    if error.source.is_empty() {
        return None;
    }
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let (line, column) = (error.line(), error.column());
    let first = line.saturating_sub(CONTEXT).max(1);
    let range = error.range.clone();
    let marked = error.source.get(range.clone()).unwrap_or_default();
    let marked = marked.trim_end();
    let (last, end_column) = match marked.rsplit_once('\n') {
        Some((above, end)) => (
            line.saturating_add(above.matches('\n').count())
                .saturating_add(1),
            end.chars().count().saturating_add(1),
        ),
        None => (line, column.saturating_add(marked.chars().count())),
    };
    let mut lines = error.source.split_inclusive('\n');
    let skipped = first.saturating_sub(1);
    let before: usize = lines.by_ref().take(skipped).map(str::len).sum();
    let shown = last
        .saturating_add(CONTEXT)
        .saturating_add(1)
        .saturating_sub(first)
        .min(LINES);
    let length: usize = lines.take(shown).map(str::len).sum();
    let text = error.source.get(before..before.saturating_add(length))?;
    let text = text.trim_end_matches(['\n', '\r']);
    let at = |offset: usize| offset.saturating_sub(before).min(text.len());
    let end = range.start.saturating_add(marked.len());
    Some((
        Site {
            hops: Vec::new(),
            at: Place::Span {
                line: number(line),
                column: number(column),
                end_line: number(last),
                end_column: number(end_column),
            },
        },
        Excerpt {
            text: text.to_owned(),
            first_line: Some(number(first)),
            marks: vec![Mark {
                range: at(range.start)..at(end),
                label: String::new(),
            }],
            arguments: Vec::new(),
        },
    ))
}
