//! What a view's change makes of the lines of `.gitattributes` that exclude files.

use std::io;

use rustc_hash::FxHashMap;

use super::{
    View,
    attributes::{self, AttributesFile, OwnLine, own_lines},
    objects::Trees,
    policy_state::{AFTER, BEFORE},
    snapshot::Snapshot,
};
use crate::{
    fact::{Direction, PolicyChange, PolicyItem, PolicyLine, Text},
    limits,
};

/// Whether a path is that of a file of attributes.
pub fn is_attributes(path: &Text) -> bool {
    path.as_bytes().rsplit(|byte| *byte == b'/').next() == Some(attributes::FILE)
}

/// In what the lines about `weighbridge` in a file of attributes differ before the view's change and after it.
///
/// # Errors
/// A file that cannot be read.
pub fn attribute_edits(view: &View, path: &Text) -> io::Result<Vec<PolicyChange>> {
    let sides = view.policy_change.as_ref().or(view.sides.as_ref());
    let stores = view.stores(None).map_err(io::Error::other)?;
    let (Some(sides), Some(stores)) = (sides, stores) else {
        return Ok(Vec::new());
    };
    let Some(before) = sides.before.first() else {
        return Ok(Vec::new());
    };
    let mut trees = Trees::new(stores.open());
    let mut own = |snapshot: &Snapshot| -> io::Result<Vec<OwnLine>> {
        let root = read(snapshot, &mut trees, b"")?;
        let folder = path.as_bytes().strip_suffix(attributes::FILE);
        let folder = folder.unwrap_or_default();
        let bytes = read(snapshot, &mut trees, folder)?;
        Ok(own_lines(&bytes, &root, folder.is_empty()))
    };
    let (before, after) = (own(before)?, own(&sides.after)?);
    Ok(changes(path, &before, &after))
}

/// The file of attributes of a folder; nothing if there is none.
fn read(snapshot: &Snapshot, trees: &mut Trees, folder: &[u8]) -> io::Result<Vec<u8>> {
    match attributes::in_snapshot(snapshot, trees, folder) {
        Some(AttributesFile::Blob(id)) => {
            super::snapshot::blob_up_to(trees, id, limits::Id::ATTRIBUTE_BYTES)
        }
        Some(AttributesFile::Bytes(bytes)) => Ok(bytes),
        None => Ok(Vec::new()),
    }
}

fn changes(path: &Text, before: &[OwnLine], after: &[OwnLine]) -> Vec<PolicyChange> {
    let change = |direction, what, line: &OwnLine, is_new| {
        let text = Text::new(&line.text).to_string();
        PolicyChange {
            direction,
            what,
            paths: Vec::new(),
            example: None,
            wider: false,
            line: Some(PolicyLine {
                file: format!("{path} {}", if is_new { AFTER } else { BEFORE }),
                path: path.to_string(),
                line: line.number,
                range: 0..text.len(),
                text,
                is_new,
            }),
        }
    };
    let mut changes = Vec::new();
    let mut kept = Vec::new();
    for (from, to, is_new) in [(before, after, true), (after, before, false)] {
        // Each line of the other side stands for one of this.
        let mut others: FxHashMap<(&[u8], bool), usize> = FxHashMap::default();
        for line in from {
            let count = others
                .entry((line.text.as_slice(), line.excludes))
                .or_default();
            *count = count.saturating_add(1);
        }
        let mut same = Vec::new();
        for line in to {
            let left = others.get_mut(&(line.text.as_slice(), line.excludes));
            if let Some(left) = left.filter(|left| **left > 0) {
                *left = left.saturating_sub(1);
                same.push(&line.text);
                continue;
            }
            let direction = match (line.is_macro, line.excludes == is_new) {
                // What uses it may be anywhere.
                (true, _) => Direction::PerhapsLooser,
                (false, true) => Direction::Looser,
                (false, false) => Direction::Tighter,
            };
            let what = PolicyItem::AttributeLine {
                text: Text::new(&line.text).to_string(),
                excludes: line.excludes,
            };
            changes.push(change(direction, what, line, is_new));
        }
        kept.push(same);
    }
    // The last line that matches counts.
    if let ([new, old], Some(line)) = (kept.as_slice(), after.first())
        && new != old
    {
        let what = PolicyItem::AttributeOrder;
        changes.push(change(Direction::PerhapsLooser, what, line, true));
    }
    changes
}
