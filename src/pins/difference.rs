//! What changed: of one artifact against its pin, and of a lock file against another.

use std::fmt;

use super::{Lock, Pin};
use crate::fact::Text;

/// Names that are shown of each list; the others are counted.
const SHOWN: usize = 3;

/// How an artifact differs from its pin.
#[derive(Debug, Clone, Copy)]
pub struct Drift<'a> {
    /// What was frozen.
    pub pin: &'a Pin,
    /// What is there.
    pub now: &'a Pin,
}

impl Drift<'_> {
    /// Whether the bytes are others.
    pub fn is_of_bytes(self) -> bool {
        self.pin.sha256 != self.now.sha256
    }
}

/// What changed, in words that stand after a colon: `12 bytes instead of 10, now torch-script, it also names a.B`.
impl fmt::Display for Drift<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (pin, now) = (self.pin, self.now);
        let mut parts = Vec::new();
        if pin.size != now.size {
            parts.push(format!("{} bytes instead of {}", now.size, pin.size));
        }
        if pin.formats != now.formats {
            let list = |formats: &[String]| match formats {
                [] => String::from("no format that is known"),
                formats => formats.join(", "),
            };
            parts.push(format!(
                "{} instead of {}",
                list(&now.formats),
                list(&pin.formats)
            ));
        }
        if let Some(names) = names(&now.globals, &pin.globals) {
            parts.push(format!("it also names {names}"));
        }
        if let Some(names) = names(&pin.globals, &now.globals) {
            parts.push(format!("it no longer names {names}"));
        }
        if parts.is_empty() && self.is_of_bytes() {
            parts.push(String::from(
                "other bytes, of the same size, format and names",
            ));
        } else if self.is_of_bytes() && pin.size == now.size {
            parts.insert(0, String::from("other bytes of the same size"));
        }
        if let Some(calls) = names(&now.loaded_by, &pin.loaded_by) {
            parts.push(format!("it is also loaded by {calls}"));
        }
        if let Some(calls) = names(&pin.loaded_by, &now.loaded_by) {
            parts.push(format!("it is no longer loaded by {calls}"));
        }
        f.write_str(&parts.join("; "))
    }
}

/// The texts of a sorted list that another lacks, the first of them by name.
fn names(of: &[Text], without: &[Text]) -> Option<String> {
    let missing: Vec<&Text> = of.iter().filter(|text| !without.contains(text)).collect();
    let shown: Vec<String> = missing
        .iter()
        .take(SHOWN)
        .map(|text| format!("`{text}`"))
        .collect();
    let more = missing.len().saturating_sub(SHOWN);
    match (shown.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(shown.join(", ")),
        (false, more) => Some(format!("{} and {more} more", shown.join(", "))),
    }
}

/// What a change does to one pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockEdit<'a> {
    /// It adds it.
    Added(&'a Pin),
    /// It pins other bytes.
    Changed {
        /// The pin before.
        old: &'a Pin,
        /// The pin after.
        new: &'a Pin,
    },
    /// It removes it.
    Removed(&'a Pin),
}

impl LockEdit<'_> {
    /// The path of the artifact.
    pub fn path(&self) -> &Text {
        match self {
            Self::Added(pin) | Self::Removed(pin) => &pin.path,
            Self::Changed { new, .. } => &new.path,
        }
    }
}

/// The pins in which one lock file differs from another, by path: those that are added, removed, or of other bytes.
pub fn edits<'a>(old: &'a Lock, new: &'a Lock) -> Vec<LockEdit<'a>> {
    let mut edits: Vec<LockEdit<'a>> = Vec::new();
    for pin in new.pins() {
        match old.get(&pin.path) {
            None => edits.push(LockEdit::Added(pin)),
            Some(before) if before.sha256 != pin.sha256 => edits.push(LockEdit::Changed {
                old: before,
                new: pin,
            }),
            Some(_) => {}
        }
    }
    let gone = old.pins().iter().filter(|pin| new.get(&pin.path).is_none());
    edits.extend(gone.map(LockEdit::Removed));
    edits.sort_by(|a, b| a.path().cmp(b.path()));
    edits
}
