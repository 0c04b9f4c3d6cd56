//! How two policies differ, for programs: version 1 of the schema of `weighbridge policy diff --format json`, which
//! `docs/json.md` describes.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::{
    Escaping,
    v1::{PolicyLine, Tool},
};
use crate::{
    fact::{self, Direction, PolicyItem},
    report,
};

/// The version of this schema.
pub const VERSION: u32 = 1;

/// Two policies, compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyDiff {
    /// Always 1.
    pub version: u32,
    /// Who wrote it.
    pub tool: Tool,
    /// What the old policy is called.
    pub old: String,
    /// What the new policy is called.
    pub new: String,
    /// Whether anything is looser, or may be.
    pub looser: bool,
    /// In what they differ, what is looser first.
    pub changes: Vec<Change>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// `looser`, `perhaps-looser` or `tighter`.
    pub direction: String,
    /// What it is about: `global`, `arguments`, `any-shape`, `given-to-calls`, `pack`, `refusal`, `format`, `format-refusal`,
    /// `level`, `danger-level`, `waiver`, `lock`, `exclusion`, `attributes`, `attribute-line`, `attribute-order`, `known`, `target` or
    /// `key`.
    pub kind: String,
    /// The name: a global as its entry spells it, a pack, a format, a rule, a pattern or a key.
    pub subject: String,
    /// It in words. Wording may change between releases.
    pub message: String,
    /// The patterns of the paths for which the line holds; empty where it holds for all.
    pub paths: Vec<String>,
    /// A path at which the policies differ; absent where they do at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// The line that makes the difference; its label is `new` for one of the new policy, `old` for one that is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<PolicyLine>,
}

/// Writes it, pretty.
///
/// # Errors
/// Whatever `out` answers.
pub fn write(diff: &report::PolicyDiff, mut out: &mut dyn Write) -> io::Result<()> {
    let diff = PolicyDiff {
        version: VERSION,
        tool: Tool::this(),
        old: diff.old.clone(),
        new: diff.new.clone(),
        looser: diff.is_looser(),
        changes: diff.changes.iter().map(Change::from).collect(),
    };
    serde_json::to_writer_pretty(Escaping(&mut out), &diff)?;
    out.write_all(b"\n")?;
    out.flush()
}

impl From<&fact::PolicyChange> for Change {
    fn from(change: &fact::PolicyChange) -> Self {
        let (kind, subject) = named(&change.what);
        let direction = match change.direction {
            Direction::Looser => "looser",
            Direction::PerhapsLooser => "perhaps-looser",
            Direction::Tighter => "tighter",
        };
        Self {
            direction: direction.to_owned(),
            kind: kind.to_owned(),
            subject: subject.to_owned(),
            message: change.to_string(),
            paths: change.paths.clone(),
            example: change.example.as_ref().map(ToString::to_string),
            line: change.line.as_ref().map(|line| PolicyLine {
                file: line.file.clone(),
                line: line.line,
                text: line.text.clone(),
                start: line.range.start,
                end: line.range.end,
                label: String::from(if line.is_new { "new" } else { "old" }),
            }),
        }
    }
}

fn named(what: &PolicyItem) -> (&'static str, &str) {
    match what {
        PolicyItem::Global { entry, .. } => ("global", entry),
        PolicyItem::Arguments { entry } => ("arguments", entry),
        PolicyItem::AnyShape { entry } => ("any-shape", entry),
        PolicyItem::GivenToCalls { entry } => ("given-to-calls", entry),
        PolicyItem::Pack { name, .. } => ("pack", name),
        PolicyItem::Refusal { entry } => ("refusal", entry),
        PolicyItem::Format { id } => ("format", id),
        PolicyItem::FormatRefusal { id } => ("format-refusal", id),
        PolicyItem::Level { rule, .. } => ("level", rule),
        PolicyItem::DangerLevel { rule, .. } => ("danger-level", rule),
        PolicyItem::Waiver { rule, .. } => ("waiver", rule),
        PolicyItem::Lock { key } => ("lock", key),
        PolicyItem::Exclusion { pattern } => ("exclusion", pattern),
        PolicyItem::Attributes => ("attributes", "attributes"),
        PolicyItem::AttributeLine { text, .. } => ("attribute-line", text),
        PolicyItem::AttributeOrder => ("attribute-order", "weighbridge"),
        PolicyItem::Known { rule, .. } => ("known", rule),
        PolicyItem::Target { .. } => ("target", "target.torch"),
        PolicyItem::Key { key, .. } => ("key", key),
    }
}
