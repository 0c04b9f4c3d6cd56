//! The baseline: findings that were known when a team adopted the gate. What it has is reported as known, what is new counts.
//!
//! JSON, sorted, one finding a line. A finding is known by its key, which holds neither lines nor offsets, and as often as the
//! baseline has it. Pure data and text: who reads and writes the file is elsewhere, and `verdict/` compares.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use super::baseline_text::{BaselineEntry, VERSION, document};
use crate::{
    error::Error,
    fact::{PolicyLine, Text},
    finding::{Disposition, Finding, LineRef, Subject, key},
    policy::{is_dangerous, locate::shown},
};

/// What a baseline is called where nobody names one.
pub const NAME: &str = "weighbridge-baseline.json";

/// Findings that are known, by key.
#[derive(Debug, Clone, Default)]
pub struct Baseline {
    /// As the user knows its file.
    name: String,
    /// Where that file is edited.
    path: String,
    /// What the file says, if it was read from one.
    source: Arc<str>,
    entries: BTreeMap<String, BaselineEntry>,
}

impl Baseline {
    /// What of the findings of a report can be known from then on. What is dangerous is left out unless it is asked for; so is what
    /// the policy says of itself, and what nobody looked at.
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>, danger: bool) -> Self {
        let mut baseline = Self::default();
        for finding in findings {
            let dangerous = is_dangerous(finding);
            if !may_be_known(finding) || dangerous && !danger {
                continue;
            }
            let key = key(finding);
            let entry = baseline.entries.entry(key.clone()).or_insert_with(|| {
                let subject = match &finding.subject {
                    Subject::Artifact => String::new(),
                    subject => subject.to_string(),
                };
                BaselineEntry {
                    path: finding.primary.path.to_string(),
                    rule: finding.rule.id.to_owned(),
                    subject,
                    key,
                    count: 0,
                    dangerous,
                }
            });
            entry.count = entry.count.saturating_add(weight(finding));
        }
        baseline
    }

    /// Reads a baseline; `name` is what errors call its file.
    ///
    /// # Errors
    /// A text that is none, with the line.
    pub fn parse(name: &str, text: &[u8]) -> Result<Self, Error> {
        Self::parse_at(name, name, text)
    }

    /// Reads a baseline that is edited at a path and has a longer name: `known.json at 1a2b3c4 (main)`.
    ///
    /// # Errors
    /// As above.
    pub fn parse_at(path: &str, name: &str, text: &[u8]) -> Result<Self, Error> {
        let source = String::from_utf8_lossy(text);
        let document = document(name, &source)?;
        let mut baseline = Self {
            name: Text::from(name).to_string(),
            path: Text::from(path).to_string(),
            source: source.as_ref().into(),
            entries: BTreeMap::new(),
        };
        for entry in document.findings {
            // A merge may keep both sides.
            match baseline.entries.get_mut(&entry.key) {
                Some(known) => known.count = known.count.max(entry.count),
                None => {
                    baseline.entries.insert(entry.key.clone(), entry);
                }
            }
        }
        Ok(baseline)
    }

    /// What it knows, by key.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &BaselineEntry)> {
        self.entries
            .iter()
            .map(|(key, entry)| (key.as_str(), entry))
    }

    /// What it knows under a key.
    pub(super) fn get(&self, key: &str) -> Option<&BaselineEntry> {
        self.entries.get(key)
    }

    /// The same, to be shown beside an answer.
    pub(super) fn line_ref(&self, key: &str) -> Option<LineRef> {
        let line = self.line(key, true)?;
        Some(LineRef {
            file: line.file,
            line: line.line,
            text: line.text,
            range: line.range,
            label: String::new(),
        })
    }

    /// The line of its file that has a key.
    pub(super) fn line(&self, key: &str, is_new: bool) -> Option<PolicyLine> {
        let mut lines = self.source.lines().zip(1_u32..);
        let (text, line) = lines.find(|(line, _)| line.contains(key))?;
        let text = shown(text.trim());
        Some(PolicyLine {
            file: self.name.clone(),
            path: self.path.clone(),
            line,
            range: 0..text.len(),
            text,
            is_new,
        })
    }

    /// The text of its file.
    pub fn text(&self) -> String {
        let mut entries: Vec<&BaselineEntry> = self.entries.values().collect();
        entries.sort();
        let mut text = format!("{{\n  \"version\": {VERSION},\n  \"findings\": [");
        for (at, entry) in entries.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let entry = serde_json::to_string(entry).unwrap_or_default();
            let _ = write!(text, "{comma}\n    {entry}");
        }
        text.push_str(if entries.is_empty() {
            "]\n}\n"
        } else {
            "\n  ]\n}\n"
        });
        text
    }

    /// How many findings it has.
    pub fn len(&self) -> u64 {
        self.entries.values().map(|entry| entry.count).sum()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// As the user knows its file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sets the findings aside that are known, as often as they are, in the order of the report. What `counts` says always counts
    /// does. Returns what is left: entries that are found less often than they were known.
    pub fn set_aside<'a>(
        &self,
        findings: impl IntoIterator<Item = &'a mut Finding>,
        counts: impl Fn(&Finding) -> bool,
    ) -> Vec<&BaselineEntry> {
        let mut left: BTreeMap<&str, u64> = self
            .entries
            .iter()
            .map(|(key, entry)| (key.as_str(), entry.count))
            .collect();
        for finding in findings {
            if !finding.is_active() || !may_be_known(finding) || counts(finding) {
                continue;
            }
            let key = key(finding);
            let Some(entry) = self.entries.get(&key) else {
                continue;
            };
            let (Some(left), weight) = (left.get_mut(key.as_str()), weight(finding)) else {
                continue;
            };
            if *left < weight || is_dangerous(finding) && !entry.dangerous {
                continue;
            }
            *left = left.saturating_sub(weight);
            finding.disposition = Disposition::Baseline {
                file: self.name.clone(),
            };
        }
        let gone = left.into_iter().filter(|(_, left)| *left > 0);
        gone.filter_map(|(key, _)| self.entries.get(key)).collect()
    }
}

/// How often a finding counts: one that stands for others counts for each.
fn weight(finding: &Finding) -> u64 {
    if finding.is_more() { finding.count } else { 1 }
}

/// Whether a finding is of a kind that a baseline may have.
fn may_be_known(finding: &Finding) -> bool {
    let is_of_policy = finding.rule.tags.first() == Some(&"policy");
    let is_late = matches!(&finding.subject, Subject::Anomaly(kind) if kind == "late");
    // Whatever the file holds next would be known as well.
    let is_unread = matches!(finding.rule.id, "unknown-artifact" | "incomplete-read");
    !is_of_policy && !is_late && !is_unread
}
