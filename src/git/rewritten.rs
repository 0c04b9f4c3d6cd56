//! Files that stay as they are and that git writes to disk otherwise than before.

use gix::{bstr::ByteSlice as _, objs::TreeRef};
use rustc_hash::FxHashSet;

use super::{
    Item, Origin,
    attributes::{self, Chain, Folders, Steps},
    snapshot::Snapshot,
    tree::Difference,
};
use crate::fact::EntryKind;

/// Adds what stays as it is and is written to disk otherwise than before: the attributes that hold for it have changed.
/// Where there are several older trees, than in one of them.
pub(super) fn add_rewritten(
    difference: &mut Difference<'_>,
    before: &[Snapshot],
    after: &Snapshot,
    prefix: &[u8],
) {
    if difference.attributes.is_empty() {
        return;
    }
    let mut changed = std::mem::take(&mut difference.attributes);
    changed.sort_unstable();
    changed.dedup();
    // What is below another is looked at with it.
    changed.dedup_by(|folder, above| folder.starts_with(above));
    let known: FxHashSet<Vec<u8>> = difference
        .items
        .iter()
        .map(|item| item.entry.path.as_bytes().to_vec())
        .collect();
    let mut new = Folders::default();
    let mut old: Vec<Folders> = before.iter().map(|_| Folders::default()).collect();
    let mut steps = Steps::default();
    for folder in changed {
        let mut leaves = Vec::new();
        list(difference, after, prefix, &folder, &mut leaves);
        for (path, id) in leaves {
            if known.contains(&path) || !difference.filter.holds(&path) {
                continue;
            }
            let inside = path.get(prefix.len()..).unwrap_or_default();
            let trees = &mut *difference.trees;
            let mut checkout = |folders: &mut Folders, snapshot: &Snapshot| {
                let chain = folders.of(trees, inside, |trees, folder| {
                    attributes::in_snapshot(snapshot, trees, folder)
                })?;
                Chain::checkout(chain.as_ref(), inside, &mut steps)
            };
            let now = checkout(&mut new, after);
            // Of what is not known now, reading will say so.
            let same = before.iter().zip(&mut old).all(|(before, folders)| {
                match (&now, checkout(folders, before)) {
                    (Ok(now), Ok(before)) => !now.writes_more_than(&before),
                    _ => false,
                }
            });
            if !same {
                let item = Item::new(&path, EntryKind::File, Origin::Blob(id));
                difference.items.push(item);
            }
        }
    }
}

/// The files at or below a folder of a snapshot.
fn list(
    difference: &mut Difference<'_>,
    snapshot: &Snapshot,
    prefix: &[u8],
    folder: &[u8],
    leaves: &mut Vec<(Vec<u8>, gix::ObjectId)>,
) {
    let inside = folder.get(prefix.len()..).unwrap_or_default();
    let mut trees: Vec<(Vec<u8>, gix::ObjectId)> = Vec::new();
    match snapshot {
        Snapshot::Nothing => {}
        Snapshot::Tree(root) => {
            let path = inside.strip_suffix(b"/").unwrap_or(inside);
            let found = if path.is_empty() {
                Some(*root)
            } else {
                let entry = snapshot.entry(difference.trees, path).ok().flatten();
                entry.filter(|(mode, _)| mode.is_tree()).map(|(_, id)| id)
            };
            trees.extend(found.map(|id| (folder.to_vec(), id)));
        }
        Snapshot::Index(index) => {
            let entries = index.prefixed_entries(inside.as_bstr()).unwrap_or_default();
            for entry in entries {
                let path = [prefix, entry.path(index).as_bytes()].concat();
                if entry.mode.is_sparse() {
                    trees.push((path, entry.id));
                } else if entry
                    .mode
                    .to_tree_entry_mode()
                    .is_some_and(|mode| mode.is_blob())
                {
                    if !difference.spend(&path, folder) {
                        return;
                    }
                    leaves.push((path, entry.id));
                }
            }
        }
    }
    let hash = difference.trees.objects().hash();
    while let Some((folder, id)) = trees.pop() {
        let data = match difference.trees.tree(id) {
            Ok(data) => data,
            Err(unread) => {
                difference.stop(&folder, unread);
                continue;
            }
        };
        let Ok(tree) = TreeRef::from_bytes(&data, hash) else {
            continue;
        };
        for entry in &tree.entries {
            let mut path = [folder.as_slice(), entry.filename.as_bytes()].concat();
            if !difference.spend(&path, &folder) {
                return;
            }
            if entry.mode.is_tree() {
                path.push(b'/');
                trees.push((path, entry.oid.to_owned()));
            } else if entry.mode.is_blob() {
                leaves.push((path, entry.oid.to_owned()));
            }
        }
    }
}
