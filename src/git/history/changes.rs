//! What a commit brings: files that are in its tree and that none of its parents has there.
//!
//! Folders are compared by their ids, so that the cost is that of the change and not of the repository. A folder that
//! cannot be read stands in the list itself, with the reason.
#![deny(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

use std::sync::Arc;

use gix::{
    ObjectId,
    bstr::ByteSlice as _,
    objs::{TreeRefIter, tree::EntryKind as TreeKind, tree::EntryRef},
};
use rustc_hash::FxHashMap;

use super::super::{
    objects::{Trees, object_error},
    paths::Filter,
};
use crate::{
    fact::{EntryKind, Text, Unread},
    limits,
};

/// Something at a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Leaf {
    pub(super) path: Box<[u8]>,
    pub(super) kind: EntryKind,
    pub(super) id: ObjectId,
}

/// What a commit brings.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) leaves: Vec<Leaf>,
    /// Folders that could not be read, or not in full.
    pub(super) unread: Vec<(Box<[u8]>, ObjectId, Unread)>,
    /// Bytes of the paths that were met.
    pub(super) bytes: usize,
    /// Folders that were compared.
    pub(super) folders: usize,
}

/// A folder that none of the parents has as it is.
struct Folder {
    /// Its path, with a slash at the end unless it is the root.
    path: Vec<u8>,
    tree: ObjectId,
    parents: Vec<ObjectId>,
}

/// What is in a tree, as far as `paths` go, that is not at the same place in one of the `parents`.
pub(super) fn changes(
    trees: &mut Trees,
    tree: ObjectId,
    parents: &[ObjectId],
    paths: &Filter,
) -> Changes {
    let mut changes = Changes::default();
    if parents.contains(&tree) {
        return changes;
    }
    // An explicit stack: folders may be deeper than ours.
    let mut folders = vec![Folder {
        path: Vec::new(),
        tree,
        parents: parents.to_vec(),
    }];
    let mut places: FxHashMap<ObjectId, u32> = FxHashMap::default();
    while let Some(folder) = folders.pop() {
        changes.folders += 1;
        let times = places.entry(folder.tree).or_default();
        *times = times.saturating_add(1);
        let limit = if *times > limits::SAME_FOLDERS {
            let limit = limits::SAME_FOLDERS;
            Some(format!("one folder at {limit} places in one commit"))
        } else if changes.folders > limits::COMMIT_FOLDERS {
            Some(format!("{} folders in one commit", limits::COMMIT_FOLDERS))
        } else {
            None
        };
        if let Some(limit) = limit {
            let unread = Unread::Limit { limit };
            changes
                .unread
                .push((place(&folder.path), folder.tree, unread));
            break;
        }
        if let Err(unread) = compare(trees, &folder, paths, &mut folders, &mut changes) {
            let full = matches!(unread, Unread::Limit { .. });
            changes
                .unread
                .push((place(&folder.path), folder.tree, unread));
            if full {
                break;
            }
        }
    }
    changes
}

/// A folder's path without its slash.
fn place(path: &[u8]) -> Box<[u8]> {
    path.strip_suffix(b"/").unwrap_or(path).into()
}

/// Bytes of paths that one commit may bring.
const BYTES: usize = limits::HISTORY_BYTES / 4;

fn compare(
    trees: &mut Trees,
    folder: &Folder,
    paths: &Filter,
    folders: &mut Vec<Folder>,
    changes: &mut Changes,
) -> Result<(), Unread> {
    let hash = trees.objects().hash();
    let data = trees.tree(folder.tree)?;
    // A parent's folder that cannot be read tells nothing: then all is new.
    let old: Vec<Arc<[u8]>> = folder
        .parents
        .iter()
        .filter_map(|parent| trees.tree(*parent).ok())
        .collect();
    let mut old: Vec<Old<'_>> = old
        .iter()
        .map(|data| Old::new(TreeRefIter::from_bytes(data, hash)))
        .collect();
    let start = folders.len();
    for entry in TreeRefIter::from_bytes(&data, hash) {
        let entry = entry.map_err(|_| object_error(folder.tree, "it is damaged"))?;
        let is_folder = entry.mode.is_tree();
        let mut same = false;
        let mut below: Vec<ObjectId> = Vec::new();
        for old in &mut old {
            let Some(before) = old.at(&entry) else {
                continue;
            };
            if kind_of(before.mode.kind()) == kind_of(entry.mode.kind()) {
                if before.oid == entry.oid {
                    same = true;
                    break;
                }
                let before = before.oid.to_owned();
                if is_folder && !below.contains(&before) {
                    below.push(before);
                }
            }
        }
        if same {
            continue;
        }
        let mut path = Vec::with_capacity(folder.path.len() + entry.filename.len() + 1);
        path.extend_from_slice(&folder.path);
        path.extend_from_slice(entry.filename);
        if !paths.reach(&path, is_folder) {
            continue;
        }
        changes.bytes = changes
            .bytes
            .saturating_add(path.len())
            .saturating_add(size_of::<Leaf>());
        if changes.bytes > BYTES {
            let limit = format!("{} MiB of paths in one commit", BYTES >> 20);
            return Err(Unread::Limit { limit });
        }
        let id = entry.oid.to_owned();
        match kind_of(entry.mode.kind()) {
            None => {
                path.push(b'/');
                folders.push(Folder {
                    path,
                    tree: id,
                    parents: below,
                });
            }
            Some(kind) => changes.leaves.push(Leaf {
                path: path.into(),
                kind,
                id,
            }),
        }
    }
    // In the order of their names.
    if let Some(new) = folders.get_mut(start..) {
        new.reverse();
    }
    Ok(())
}

/// What an entry of a tree is; `None` for a folder.
pub(super) fn kind_of(kind: TreeKind) -> Option<EntryKind> {
    match kind {
        TreeKind::Tree => None,
        TreeKind::Link => Some(EntryKind::Link),
        TreeKind::Commit => Some(EntryKind::Submodule),
        TreeKind::Blob | TreeKind::BlobExecutable => Some(EntryKind::File),
    }
}

/// A parent's folder, walked beside the new one: both are sorted in the same way.
struct Old<'a> {
    rest: TreeRefIter<'a>,
    next: Option<EntryRef<'a>>,
}

impl<'a> Old<'a> {
    fn new(mut rest: TreeRefIter<'a>) -> Self {
        let next = rest.next().and_then(Result::ok);
        Self { rest, next }
    }

    /// The entry of the same name. One that is out of order is not found, and so what it would hide is new.
    fn at(&mut self, entry: &EntryRef<'_>) -> Option<EntryRef<'a>> {
        let wanted = (entry.filename.as_bytes(), entry.mode.is_tree());
        while let Some(next) = self.next {
            let order =
                gix::objs::tree::name_order(next.filename, next.mode.is_tree(), wanted.0, wanted.1);
            match order {
                std::cmp::Ordering::Less => {
                    self.next = self.rest.next().and_then(Result::ok);
                }
                std::cmp::Ordering::Equal => return Some(next),
                std::cmp::Ordering::Greater => break,
            }
        }
        None
    }
}

/// A path that cannot be told from the object alone.
pub(super) fn place_of(id: ObjectId) -> Box<[u8]> {
    let hex = id.to_string();
    let (folder, file) = hex.split_at_checked(2).unwrap_or(("", &hex));
    let text = format!(".git/objects/{folder}/{file}");
    Text::from(text).as_bytes().into()
}
