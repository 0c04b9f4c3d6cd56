//! Version 1 of the JSON report: `docs/json.md` describes it, and a test reads its example with these types.
//!
//! Within a version fields are added, never renamed, removed or given another meaning; readers ignore fields they do
//! not know. Strings from files are exact where they are UTF-8. Where they are not, the string shows the bytes
//! escaped (`\xNN`) and a field beside it named `..._hex` has all of them. Output is the same for the same report.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    io::{self, Write},
};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use super::Escaping;
use crate::{
    fact::{self, Global, Text},
    finding,
    report::help,
    verdict,
};

/// The version of this schema.
pub const VERSION: u32 = 1;

/// A run. `F` is what `findings` is made of: a list when read, a sequence that is made on the way when written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report<F = Vec<Finding>> {
    /// Always 1.
    pub version: u32,
    /// Who wrote it.
    pub tool: Tool,
    /// `clean` (exit code 0), `refused` (1) or `nothing` (3: nothing was there to check).
    pub outcome: String,
    /// What was looked at, in words.
    pub view: String,
    /// The policy that judged: a path, or `recommended (built in)`.
    pub policy: String,
    /// What is to be known of the run as a whole, a sentence each.
    #[serde(default)]
    pub notices: Vec<String>,
    /// What was looked at, in numbers.
    pub coverage: Coverage,
    /// By path, then by place.
    pub findings: F,
    /// What an override of the policy lets pass, in the same order; no part of the outcome.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overridden: Vec<Finding>,
    /// What is waived, by the policy or inline, in the same order; no part of the outcome.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waived: Vec<Finding>,
    /// What the baseline has, in the same order; no part of the outcome.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub baseline: Vec<Finding>,
}

/// Who wrote a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// `weighbridge`.
    pub name: String,
    /// Its version.
    pub version: String,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_none(count: &usize) -> bool {
    *count == 0
}

/// What was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Files in the view.
    pub entries: usize,
    /// Files that are model artifacts.
    pub artifacts: usize,
    /// Files of source.
    pub sources: usize,
    /// Files of which something was not read.
    pub incomplete: usize,
    /// Files that the policy excludes.
    pub excluded: usize,
    /// Files whose bytes the lock file pins; left out if there are none.
    #[serde(default, skip_serializing_if = "is_none")]
    pub pinned: usize,
    /// Artifacts of each format, by the format's id.
    pub formats: BTreeMap<String, usize>,
    /// Bytes of the artifacts.
    pub bytes: u64,
}

/// What a rule says about one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's id: `weighbridge explain <rule>` says more.
    pub rule: String,
    /// `deny` (the run is refused) or `warn`; `allow` for what an override lets pass.
    pub level: String,
    /// The file, relative to the view's root, `/`-separated.
    pub path: String,
    /// The path's bytes in hexadecimal, if they are not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_hex: Option<String>,
    /// What introduced the file, in a view of a history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introduced_by: Option<Introduction>,
    /// Where in the file.
    pub site: Site,
    /// What loading would do and why it is refused. Wording may change between releases.
    pub message: String,
    /// What it is about. Group and compare by this, not by the message.
    pub subject: Subject,
    /// How often the same was seen there.
    pub count: u64,
    /// What makes it the same finding in the next run, wherever it moves in its file: 64 hexadecimal digits, no two alike.
    #[serde(default)]
    pub fingerprint: String,
    /// Whether it stands on what the change brings; true where a view is of no change.
    #[serde(default = "always")]
    pub on_change: bool,
    /// What to do next, most helpful first.
    pub help: Vec<String>,
    /// The lines that show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<Excerpt>,
    /// Places that explain it, in the same file or another; most telling first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Location>,
    /// The line of the policy that decided, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<PolicyLine>,
    /// What would mend it, if something is certain to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
    /// Why it does not count; absent if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposition: Option<Disposition>,
}

/// A place that explains a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The file, relative to the view's root, `/`-separated.
    pub path: String,
    /// The path's bytes in hexadecimal, if they are not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_hex: Option<String>,
    /// What introduced the file, in a view of a history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introduced_by: Option<Introduction>,
    /// Where in the file.
    pub site: Site,
    /// What to say there.
    pub label: String,
    /// The lines that show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<Excerpt>,
}

/// Why a finding does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Disposition {
    /// An override of the policy lets it pass.
    Overridden {
        /// The line that does.
        by: PolicyLine,
        /// Why, if the override says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Somebody accepted it.
    Waived {
        /// `policy` or `inline`.
        source: String,
        /// The line that says so.
        by: PolicyLine,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// Who answers for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<String>,
        /// The last day on which it holds, in UTC: `2027-03-31`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<String>,
    },
    /// It was known when the baseline was taken.
    Baseline {
        /// The baseline's file.
        file: String,
    },
}

/// A change of the finding's file that would mend it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// What it does.
    pub title: String,
    /// `safe` if it changes nothing that the program does today, `unsafe` otherwise.
    pub applicability: String,
    /// The SHA-256 of the file that the edits are of, in hexadecimal; absent if it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// All of them together, from the top of the file down.
    pub edits: Vec<Edit>,
}

/// A replacement in a text file. Lines and columns count from 1, columns in characters; the end is exclusive, and the same as
/// the start where nothing goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// First line.
    pub line: u32,
    /// First column.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// The column after the last.
    pub end_column: u32,
    /// What comes instead.
    pub text: String,
}

/// The first commit that has these bytes at this path; or the annotated tag that names them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Introduction {
    /// Its object id.
    pub commit: String,
    /// Seconds since 1970 (UTC), as the commit says.
    pub time: i64,
    /// Name and mail, as the commit says.
    pub author: String,
    /// The author's bytes in hexadecimal, if they are not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author_hex: Option<String>,
    /// The first line of its message.
    pub summary: String,
    /// The summary's bytes in hexadecimal, if they are not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary_hex: Option<String>,
    /// Whether the newest commits that were looked at no longer have these bytes there.
    pub gone: bool,
}

/// Where in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// All of it in words, `archive/data.pkl @ 0x1f REDUCE`.
    pub text: String,
    /// From the file inwards.
    pub hops: Vec<Hop>,
    /// The place in what the last hop led to.
    pub at: Place,
}

/// One step inwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Hop {
    /// Into a member of an archive.
    Member {
        /// Its name as stored.
        name: String,
        /// The name's bytes in hexadecimal, if they are not UTF-8.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name_hex: Option<String>,
        /// Which of the members with this name, from 0.
        copy: u32,
    },
    /// To one of several pickles in a row.
    Stream {
        /// Which, from 0.
        index: u32,
    },
    /// Into a constant of a pickle.
    Constant {
        /// The offset of its opcode, in bytes.
        offset: u64,
    },
    /// To what begins at an offset: an array's data, bytes after an artifact.
    From {
        /// The offset, in bytes.
        offset: u64,
    },
    /// Into a cell of a notebook.
    Cell {
        /// Which, from 0.
        index: u32,
    },
    /// Into the text that a key has for its value.
    Key {
        /// The name of the key.
        name: String,
        /// Its bytes in hexadecimal, if they are not UTF-8.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name_hex: Option<String>,
    },
}

/// A place in bytes or text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Place {
    /// All of it.
    Whole,
    /// A range of bytes.
    Bytes {
        /// The first byte.
        start: u64,
        /// The byte after the last.
        end: u64,
    },
    /// An opcode of a pickle.
    Opcode {
        /// Its offset in bytes.
        offset: u64,
        /// Its name.
        op: String,
    },
    /// A span of source; lines and columns count from 1, columns in characters, the end is exclusive.
    Span {
        /// First line.
        line: u32,
        /// First column.
        column: u32,
        /// Last line.
        end_line: u32,
        /// The column after the last.
        end_column: u32,
    },
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// `artifact`, `global`, `unresolved-global`, `format`, `member`, `anomaly`, `call` or `variable`.
    pub kind: String,
    /// Its name, readable.
    pub name: String,
    /// The exact parts of a global (`module`, then `name`), or the exact name of anything else, in hexadecimal, if any of
    /// them is not UTF-8.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub name_hex: Vec<String>,
}

/// A line of a policy or of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyLine {
    /// A file, or a bundled policy's name.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// Its text.
    pub text: String,
    /// First byte in `text` of what matters.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
    /// What to say there.
    pub label: String,
}

/// Lines that show something, their control characters escaped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// The lines, joined by `\n`.
    pub text: String,
    /// The number of the first in its file; absent for a disassembly, whose lines begin with offsets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_line: Option<u32>,
    /// The offence first, then what explains it.
    pub marks: Vec<Mark>,
}

/// A range of an excerpt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// First byte in `text`.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
    /// What to say there; may be empty.
    pub label: String,
}

fn always() -> bool {
    true
}

/// The findings that count, put into this version's words one at a time while they are written.
struct Lazily<'a>(&'a verdict::Report);

impl Serialize for Lazily<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(findings(self.0.active()))
    }
}

/// Findings in this version's words, one at a time.
pub fn findings<'a>(
    found: impl Iterator<Item = &'a finding::Finding> + Clone,
) -> impl Iterator<Item = Finding> {
    let fingerprints = finding::fingerprints(found.clone());
    found
        .zip(fingerprints)
        .map(|(finding, fingerprint)| Finding::new(finding, fingerprint))
}

/// Writes a report and a final line end.
///
/// # Errors
/// Whatever `out` answers.
pub fn write(report: &verdict::Report, mut out: &mut dyn Write) -> io::Result<()> {
    let whole = whole(report, Lazily(report));
    serde_json::to_writer_pretty(Escaping(&mut out), &whole)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// A run in this version's words, with its findings or what stands for them.
pub(super) fn whole<F>(report: &verdict::Report, active: F) -> Report<F> {
    Report {
        version: VERSION,
        tool: Tool::this(),
        outcome: report.outcome().word().to_owned(),
        view: report.view.clone(),
        policy: report.policy.clone(),
        notices: report.told().collect(),
        coverage: Coverage::from(&report.coverage),
        findings: active,
        overridden: findings(set_aside(report.findings.iter(), is_overridden)).collect(),
        waived: findings(set_aside(report.findings.iter(), is_waived)).collect(),
        baseline: findings(set_aside(report.findings.iter(), is_known)).collect(),
    }
}

/// The findings that do not count for one reason.
pub(super) fn set_aside(
    all: std::slice::Iter<'_, finding::Finding>,
    why: fn(&finding::Disposition) -> bool,
) -> impl Iterator<Item = &finding::Finding> + Clone {
    all.filter(move |finding| why(&finding.disposition))
}

/// Whether an override allows a finding.
pub(super) fn is_overridden(disposition: &finding::Disposition) -> bool {
    matches!(disposition, finding::Disposition::Overridden { .. })
}

/// Whether somebody accepted a finding.
pub(super) fn is_waived(disposition: &finding::Disposition) -> bool {
    matches!(disposition, finding::Disposition::Waived(_))
}

fn is_known(disposition: &finding::Disposition) -> bool {
    matches!(disposition, finding::Disposition::Baseline { .. })
}

/// The exact text if there is one, else the escaped text and the bytes.
pub fn exact(text: &Text) -> (String, Option<String>) {
    match text.as_str() {
        Some(text) => (text.to_owned(), None),
        None => (text.to_string(), Some(hex(text))),
    }
}

fn hex(text: &Text) -> String {
    HEXLOWER.encode(text.as_bytes())
}

impl Tool {
    /// This program.
    pub(super) fn this() -> Self {
        Self {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

impl Finding {
    fn new(finding: &finding::Finding, fingerprint: String) -> Self {
        let (path, path_hex) = exact(&finding.primary.path);
        Self {
            rule: finding.rule.id.to_owned(),
            level: finding.level.to_string(),
            path,
            path_hex,
            introduced_by: finding
                .primary
                .introduced_by
                .as_deref()
                .map(Introduction::from),
            site: Site::from(&finding.primary.site),
            message: finding.message.clone(),
            subject: Subject::from(&finding.subject),
            count: finding.count,
            fingerprint,
            on_change: finding.on_change,
            help: help::for_others(finding),
            excerpt: finding.primary.excerpt.as_ref().map(Excerpt::from),
            related: finding.related.iter().map(Location::from).collect(),
            decided_by: finding.decided_by.as_ref().map(PolicyLine::from),
            fix: finding.fix.as_ref().map(Fix::from),
            disposition: Disposition::of(&finding.disposition),
        }
    }
}

impl From<&finding::Location> for Location {
    fn from(location: &finding::Location) -> Self {
        let (path, path_hex) = exact(&location.path);
        Self {
            path,
            path_hex,
            introduced_by: location.introduced_by.as_deref().map(Introduction::from),
            site: Site::from(&location.site),
            label: location.label.clone(),
            excerpt: location.excerpt.as_ref().map(Excerpt::from),
        }
    }
}

impl Disposition {
    fn of(disposition: &finding::Disposition) -> Option<Self> {
        match disposition {
            finding::Disposition::Active => None,
            finding::Disposition::Overridden { by, reason } => Some(Self::Overridden {
                by: PolicyLine::from(by),
                reason: reason.clone(),
            }),
            finding::Disposition::Waived(waived) => Some(Self::Waived {
                source: match waived.kind {
                    finding::WaiverKind::Policy => "policy",
                    finding::WaiverKind::Inline => "inline",
                }
                .to_owned(),
                by: PolicyLine::from(&waived.by),
                reason: waived.reason.clone(),
                owner: waived.owner.clone(),
                expires: waived.expires.map(|day| day.to_string()),
            }),
            finding::Disposition::Baseline { file } => Some(Self::Baseline { file: file.clone() }),
        }
    }
}

impl From<&finding::Fix> for Fix {
    fn from(fix: &finding::Fix) -> Self {
        Self {
            title: fix.title.clone(),
            applicability: match fix.applicability {
                finding::Applicability::Safe => "safe",
                finding::Applicability::Unsafe => "unsafe",
            }
            .to_owned(),
            base: fix.base.clone(),
            edits: fix.edits.iter().map(Edit::from).collect(),
        }
    }
}

impl From<&finding::Edit> for Edit {
    fn from(edit: &finding::Edit) -> Self {
        Self {
            line: edit.start.0,
            column: edit.start.1,
            end_line: edit.end.0,
            end_column: edit.end.1,
            text: edit.text.clone(),
        }
    }
}

impl From<&fact::Introduction> for Introduction {
    fn from(introduction: &fact::Introduction) -> Self {
        let commit = &introduction.commit;
        let (author, author_hex) = exact(&commit.author);
        let (summary, summary_hex) = exact(&commit.summary);
        Self {
            commit: commit.id.clone(),
            time: commit.time,
            author,
            author_hex,
            summary,
            summary_hex,
            gone: introduction.gone,
        }
    }
}

impl From<&fact::Site> for Site {
    fn from(site: &fact::Site) -> Self {
        let hops = site.hops.iter().map(|hop| match hop {
            fact::Hop::Member { name, copy } => {
                let (name, name_hex) = exact(name);
                let copy = *copy;
                Hop::Member {
                    name,
                    name_hex,
                    copy,
                }
            }
            fact::Hop::Stream(index) => Hop::Stream { index: *index },
            fact::Hop::Constant(offset) => Hop::Constant { offset: *offset },
            fact::Hop::From(offset) => Hop::From { offset: *offset },
            fact::Hop::Cell(index) => Hop::Cell { index: *index },
            fact::Hop::Key(name) => {
                let (name, name_hex) = exact(name);
                Hop::Key { name, name_hex }
            }
        });
        Self {
            text: site.to_string(),
            hops: hops.collect(),
            at: match site.at.clone() {
                fact::Place::Whole => Place::Whole,
                fact::Place::Bytes { start, end } => Place::Bytes { start, end },
                fact::Place::Opcode { offset, op } => Place::Opcode {
                    offset,
                    op: fact::op_name(op).to_owned(),
                },
                fact::Place::Span {
                    line,
                    column,
                    end_line,
                    end_column,
                } => Place::Span {
                    line,
                    column,
                    end_line,
                    end_column,
                },
            },
        }
    }
}

impl From<&finding::Subject> for Subject {
    fn from(subject: &finding::Subject) -> Self {
        use finding::Subject as S;
        let (name, parts): (Cow<'_, str>, Vec<&Text>) = match subject {
            S::Artifact => ("".into(), vec![]),
            S::Global(global @ Global::Named(name)) => (
                match (name.module.as_str(), name.name.as_str()) {
                    (Some(module), Some(name)) => format!("{module}.{name}").into(),
                    _ => global.to_string().into(),
                },
                vec![&name.module, &name.name],
            ),
            S::Global(global) => (global.to_string().into(), vec![]),
            S::Format(id) | S::Anomaly(id) => (id.into(), vec![]),
            S::Member(text) | S::Call(text) | S::Variable(text) | S::File(text) => {
                (exact(text).0.into(), vec![text])
            }
        };
        let bytes = parts.iter().any(|part| part.as_str().is_none());
        Self {
            kind: subject.kind().to_owned(),
            name: name.into_owned(),
            name_hex: parts.into_iter().filter(|_| bytes).map(hex).collect(),
        }
    }
}

impl From<&finding::LineRef> for PolicyLine {
    fn from(line: &finding::LineRef) -> Self {
        Self {
            file: line.file.clone(),
            line: line.line,
            text: line.text.clone(),
            start: line.range.start,
            end: line.range.end,
            label: line.label.clone(),
        }
    }
}

impl From<&fact::Excerpt> for Excerpt {
    fn from(excerpt: &fact::Excerpt) -> Self {
        Self {
            text: excerpt.text.clone(),
            first_line: excerpt.first_line,
            marks: excerpt
                .marks
                .iter()
                .map(|mark| Mark {
                    start: mark.range.start,
                    end: mark.range.end,
                    label: mark.label.clone(),
                })
                .collect(),
        }
    }
}
