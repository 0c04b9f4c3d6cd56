//! SARIF 2.1.0, for code-scanning services: one run, with the rules that its results are of.
//!
//! Services keep some thousand results of a run, so the most important are selected and the rest is counted. Results carry
//! fingerprints of our own, because a service makes its own only of lines of text. What was not read to its end is a
//! notification besides being a result; what an override lets pass, what is waived and what a baseline has is a suppressed result.

mod driver;
mod log;
mod place;

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    fmt::Write as _,
    io::{self, BufWriter, Write},
};

use serde::{Serialize, Serializer};

use super::{PathSpelling, Presentation, Reporter, json::Escaping, words};
use crate::{
    fact::Place,
    finding::{Disposition, Finding, RuleMeta, WaiverKind, fingerprints},
    limits,
    verdict::{Needs, Outcome, Report},
};
use log::{
    ArtifactChange, AutomationDetails, BaseId, Coverage, Fix, Invocation, Location, Log, Message,
    Notification, Reference, Replacement, ResultEntry, ResultProperties, Run, RunProperties,
    Suppression, Tool,
};
use place::{Places, ROOT};

pub(super) use place::uri;

/// Rules that say that something was not read to its end.
const NOT_WHOLE: &[&str] = &["incomplete-read", "lfs-not-fetched", "partial-analysis"];
/// Notifications about single files at most.
const NOTIFIED: usize = 500;

/// The reporter.
#[derive(Debug)]
pub(super) struct Sarif;

impl Reporter for Sarif {
    fn name(&self) -> &'static str {
        "sarif"
    }

    fn summary(&self) -> &'static str {
        "code-scanning services: SARIF 2.1.0"
    }

    fn ends(&self) -> &'static [&'static str] {
        &[".sarif.json", ".sarif", ".json"]
    }

    fn needs(&self) -> Needs {
        Needs {
            artifacts: true,
            ..Needs::default()
        }
    }

    fn write(
        &self,
        report: &Report,
        presentation: &Presentation,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut out: &mut dyn Write = &mut BufWriter::new(out);
        serde_json::to_writer(Escaping(&mut out), &log(report, presentation))?;
        out.write_all(b"\n")?;
        out.flush()
    }
}

/// A result to be written.
struct Selected<'a> {
    finding: &'a Finding,
    fingerprint: String,
}

/// Results, put into SARIF's words one at a time, while they are written.
struct Results<'a> {
    selected: Vec<Selected<'a>>,
    rules: BTreeMap<&'static str, usize>,
    places: Places,
    paths: &'a PathSpelling,
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.selected.iter().map(|selected| self.result(selected)))
    }
}

fn log<'a>(report: &'a Report, presentation: &'a Presentation) -> Log<Results<'a>> {
    let (selected, left_out) = select(report);
    let mut rules: BTreeMap<&'static str, &'static RuleMeta> = BTreeMap::new();
    let mut places = Places::default();
    for selected in &selected {
        rules.insert(selected.finding.rule.id, selected.finding.rule);
        places.note(selected.finding);
    }
    let rules: Vec<&RuleMeta> = rules.into_values().collect();
    let invocation = Invocation {
        execution_successful: report.coverage.incomplete == 0,
        exit_code: match report.outcome() {
            Outcome::Clean => Some(0),
            Outcome::Refused => Some(1),
            // Where nothing is there to check, how the program ends depends on what it was asked.
            Outcome::Unable | Outcome::Nothing => None,
        },
        tool_execution_notifications: notifications(report, &places, left_out),
    };
    let coverage = &report.coverage;
    let run = Run {
        tool: Tool {
            driver: driver::driver(&rules),
        },
        automation_details: category(&presentation.category),
        invocations: [invocation],
        original_uri_base_ids: BTreeMap::from([(
            ROOT,
            BaseId {
                description: Message::plain("The root of what was checked."),
            },
        )]),
        artifacts: artifacts(report, &places),
        logical_locations: std::mem::take(&mut places.logical),
        column_kind: "unicodeCodePoints",
        properties: RunProperties {
            view: report.view.clone(),
            policy: report.policy.clone(),
            coverage: Coverage {
                entries: coverage.entries,
                artifacts: coverage.artifacts,
                sources: coverage.sources,
                incomplete: coverage.incomplete,
                excluded: coverage.excluded,
            },
        },
        results: Results {
            selected,
            rules: rules.iter().enumerate().map(|(i, r)| (r.id, i)).collect(),
            places,
            paths: &presentation.paths,
        },
    };
    Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: [run],
    }
}

/// The category that was asked for. Services take what stands before the last slash; what follows would name a single run.
fn category(category: &str) -> Option<AutomationDetails> {
    let category = category.trim_end_matches('/');
    (!category.is_empty()).then(|| AutomationDetails {
        id: format!("{category}/"),
    })
}

/// The results that a service would keep, in the report's order, and how many more there are: those on what a change
/// brings before others, refusals before warnings, what is allowed last.
fn select<'a>(report: &'a Report) -> (Vec<Selected<'a>>, usize) {
    let fingerprinted = |findings: Vec<&'a Finding>| {
        let fingerprints = fingerprints(findings.iter().copied());
        let pairs = findings.into_iter().zip(fingerprints);
        pairs.map(|(finding, fingerprint)| Selected {
            finding,
            fingerprint,
        })
    };
    let active = fingerprinted(report.active().collect());
    let set_aside = fingerprinted(report.set_aside().collect());
    let mut selected: Vec<(usize, Selected<'_>)> = active.chain(set_aside).enumerate().collect();
    selected.sort_by_key(|(at, Selected { finding, .. })| {
        (
            !finding.is_active(),
            !finding.on_change,
            Reverse(finding.level),
            *at,
        )
    });
    let left_out = selected.len().saturating_sub(limits::SARIF_RESULTS);
    selected.truncate(limits::SARIF_RESULTS);
    selected.sort_by_key(|(at, _)| *at);
    (
        selected.into_iter().map(|(_, selected)| selected).collect(),
        left_out,
    )
}

/// What is to be said besides the results.
fn notifications(report: &Report, places: &Places, left_out: usize) -> Vec<Notification> {
    let say = |kind: usize, level, text: String, locations| Notification {
        descriptor: Reference {
            id: driver::NOTIFICATIONS.get(kind).map_or("", |(id, _)| id),
            index: kind,
        },
        level,
        message: Message::plain(text),
        locations,
    };
    let mut said: Vec<Notification> = report
        .told()
        .map(|notice| say(driver::NOTICE, "note", sentence(&notice), Vec::new()))
        .collect();
    if left_out > 0 {
        let text =
            format!("{left_out} further results are left out; `--format json` has all of them.");
        said.push(say(driver::LEFT_OUT, "warning", text, Vec::new()));
    }
    let mut not_whole = report
        .active()
        .filter(|finding| NOT_WHOLE.contains(&finding.rule.id));
    for finding in not_whole.by_ref().take(NOTIFIED) {
        let text = sentence(&finding.message);
        let location = Location {
            // What is no longer among the results has no place among their logical locations.
            logical_locations: Vec::new(),
            ..places.location(finding)
        };
        let level = driver::level(finding.level);
        said.push(say(driver::NOT_WHOLE, level, text, vec![location]));
    }
    let more = not_whole.count();
    if more > 0 {
        let text = format!("{more} further files or parts of files were not read completely.");
        said.push(say(driver::NOT_WHOLE, "warning", text, Vec::new()));
    }
    said
}

/// The files that results are in, with what is known of those that are artifacts.
fn artifacts(report: &Report, places: &Places) -> Vec<log::Artifact> {
    places
        .files()
        .iter()
        .map(|path| {
            let at = report.artifacts.partition_point(|known| known.path < *path);
            let mut known = report.artifacts.get(at..).unwrap_or_default().iter();
            // In a history a path may have had several contents.
            let known = known.next().filter(|first| {
                first.path == *path && known.next().is_none_or(|n| n.path != *path)
            });
            let sha256 = known.and_then(|known| known.sha256.clone());
            log::Artifact {
                location: log::ArtifactLocation {
                    index: None,
                    ..places.file(path)
                },
                length: known.map(|known| known.size),
                roles: ["analysisTarget"],
                hashes: sha256.map(|hash| ("sha-256", hash)).into_iter().collect(),
                properties: known
                    .and_then(|known| known.pinned)
                    .map(|pinned| log::ArtifactProperties { pinned }),
            }
        })
        .collect()
}

impl Results<'_> {
    fn result(&self, selected: &Selected<'_>) -> ResultEntry {
        let finding = selected.finding;
        let mut prints = BTreeMap::from([("weighbridge/v1", selected.fingerprint.clone())]);
        let is_text = finding.primary.site.hops.is_empty()
            && matches!(finding.primary.site.at, Place::Span { .. });
        if !is_text && let Some(short) = selected.fingerprint.get(..16) {
            // Services make this of the text of the line, where there is one.
            prints.insert("primaryLocationLineHash", format!("{short}:1"));
        }
        let set_aside_by = finding.disposition.by();
        let suppression = suppression(&finding.disposition);
        let related = finding
            .related
            .iter()
            .map(|location| self.places.related(location));
        let lines = finding.decided_by.iter().chain(set_aside_by);
        let lines = lines.map(|line| place::policy_line(line, self.paths));
        ResultEntry {
            rule_id: finding.rule.id,
            rule_index: self.rules.get(finding.rule.id).copied().unwrap_or(0),
            level: driver::level(finding.level),
            message: message(finding),
            locations: [self.places.location(finding)],
            related_locations: related
                .chain(lines)
                .enumerate()
                .map(|(id, location)| Location {
                    id: Some(id),
                    ..location
                })
                .collect(),
            partial_fingerprints: prints,
            fixes: self.fix(finding).into_iter().collect(),
            suppressions: suppression.into_iter().collect(),
            properties: ResultProperties {
                subject: finding.subject.to_string(),
                site: finding.primary.site.to_string(),
                count: finding.count,
                on_change: finding.on_change,
                disassembly: finding
                    .primary
                    .excerpt
                    .as_ref()
                    .filter(|excerpt| excerpt.first_line.is_none())
                    .map(|excerpt| excerpt.text.clone()),
                commit: finding
                    .primary
                    .introduced_by
                    .as_ref()
                    .map(|b| b.commit.id.clone()),
                gone: finding.primary.introduced_by.as_ref().map(|b| b.gone),
            },
        }
    }

    fn fix(&self, finding: &Finding) -> Option<Fix> {
        // What a history no longer has cannot be edited: the file at that path is another one, or none.
        let gone = finding
            .primary
            .introduced_by
            .as_ref()
            .is_some_and(|b| b.gone);
        let fix = finding.fix.as_ref().filter(|_| !gone)?;
        Some(Fix {
            description: Message::plain(sentence(&fix.title)),
            artifact_changes: [ArtifactChange {
                artifact_location: self.places.file(&finding.primary.path),
                replacements: fix
                    .edits
                    .iter()
                    .map(|edit| Replacement {
                        deleted_region: place::edited(edit),
                        inserted_content: Message::plain(edit.text.clone()),
                    })
                    .collect(),
            }],
        })
    }
}

/// Who keeps a finding from counting, if anything does.
fn suppression(disposition: &Disposition) -> Option<Suppression> {
    let kind = match disposition {
        Disposition::Waived(waived) if waived.kind == WaiverKind::Inline => "inSource",
        _ => "external",
    };
    let told = words::set_aside(disposition)?;
    let mut letters = told.chars();
    let first = letters.next()?;
    Some(Suppression {
        kind,
        status: "accepted",
        justification: first.to_uppercase().chain(letters).collect(),
    })
}

/// What a finding says, and what to do about it.
fn message(finding: &Finding) -> Message {
    let mut text = sentence(&finding.message);
    let site = finding.primary.site.to_string();
    if !site.is_empty() && !matches!(finding.primary.site.at, Place::Span { .. }) {
        let _ = write!(text, " At {site}.");
    }
    if finding.count > 1 {
        let _ = write!(text, " Seen {} times.", finding.count);
    }
    if let Some(help) = finding.help.first().map(ToString::to_string) {
        text.push_str("\n\nHelp: ");
        text.push_str(&sentence(&help));
    }
    Message {
        text,
        markdown: None,
    }
}

/// With a capital at its front, unless that is a name or code, and a full stop at its end.
fn sentence(text: &str) -> String {
    let mut letters = text.trim_end().chars();
    let word = text.split([' ', ',']).next().unwrap_or_default();
    let plain = word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    let mut sentence: String = match letters.next() {
        Some(first) if plain => first.to_uppercase().chain(letters).collect(),
        _ => text.trim_end().to_owned(),
    };
    if !sentence.ends_with(['.', '!', '?', ':']) {
        sentence.push('.');
    }
    sentence
}
