//! What a change makes of the lines of `.gitattributes` that exclude files, and how those of two states differ.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::Path,
};

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
    let side = |own, place| Side {
        name: format!("{path} {place}"),
        own,
    };
    Ok(changes(path, &side(&before, BEFORE), &side(&after, AFTER)))
}

/// The lines about `weighbridge` in the files of attributes of one state.
#[derive(Debug, Clone, Default)]
pub struct AttributeLines {
    /// Those that have any, by path.
    files: BTreeMap<Text, Vec<OwnLine>>,
    /// What stands before and after a path where it is shown.
    around: (String, String),
}

/// The lines in the files that a view lists, as they are where its policy is. `cwd` is where the user stands.
///
/// # Errors
/// A file that cannot be read.
pub fn attribute_lines(view: &View, cwd: &Path) -> io::Result<AttributeLines> {
    let state = view.policy_files();
    let Some(stores) = view.stores(None).map_err(io::Error::other)? else {
        return Ok(AttributeLines::default());
    };
    let mut trees = Trees::new(stores.open());
    let mut read = |folder: &[u8]| match state.attributes(&mut trees, folder) {
        Some(AttributesFile::Blob(id)) => {
            super::snapshot::blob_up_to(&mut trees, id, limits::Id::ATTRIBUTE_BYTES)
        }
        Some(AttributesFile::Bytes(bytes)) => Ok(bytes),
        None => Ok(Vec::new()),
    };
    let root = read(b"")?;
    let mut files = BTreeMap::new();
    let paths = view.items.iter().map(|item| &item.entry.path);
    for path in paths.filter(|path| is_attributes(path)) {
        let folder = path.as_bytes().strip_suffix(attributes::FILE);
        let folder = folder.unwrap_or_default();
        let own = own_lines(&read(folder)?, &root, folder.is_empty());
        if !own.is_empty() {
            files.insert(path.clone(), own);
        }
    }
    let stands_in = std::fs::canonicalize(cwd).unwrap_or_else(|_| cwd.to_owned());
    let below = stands_in.strip_prefix(&view.root).unwrap_or(Path::new(""));
    let around = match state.state() {
        Some(state) => (String::new(), format!(" {state}")),
        None => ("../".repeat(below.components().count()), String::new()),
    };
    Ok(AttributeLines { files, around })
}

/// In what the lines of two states differ, file by file.
pub fn compare_attribute_lines(old: &AttributeLines, new: &AttributeLines) -> Vec<PolicyChange> {
    fn side<'l>(lines: &'l AttributeLines, path: &Text) -> Side<'l> {
        let (lead, place) = &lines.around;
        Side {
            name: format!("{lead}{path}{place}"),
            own: lines.files.get(path).map_or(&[], Vec::as_slice),
        }
    }
    let paths: BTreeSet<&Text> = old.files.keys().chain(new.files.keys()).collect();
    paths
        .into_iter()
        .flat_map(|path| changes(path, &side(old, path), &side(new, path)))
        .collect()
}

/// A file of attributes in one state.
struct Side<'l> {
    /// What it is called there.
    name: String,
    own: &'l [OwnLine],
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

fn changes(path: &Text, old: &Side<'_>, new: &Side<'_>) -> Vec<PolicyChange> {
    let (before, after) = (old.own, new.own);
    let change = |direction, what, line: &OwnLine, is_new| {
        let text = Text::new(&line.text).to_string();
        PolicyChange {
            direction,
            what,
            paths: Vec::new(),
            example: None,
            wider: false,
            line: Some(PolicyLine {
                file: String::from(if is_new { &new.name } else { &old.name }),
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
