//! Trees compared: what one brings that another does not have at the same place.
//!
//! Folders that are the same object are skipped whole, so the cost is that of the difference and not of the trees. A tree
//! is whatever its maker wrote: names that no file can have, folders within folders without end, a few objects that stand
//! for billions of paths. Names are only ever compared and shown; what is listed is bounded, and where it ends is an item
//! that says so. A tree that is missing or broken is an item at its folder's path.

use std::sync::Arc;

use gix::{
    bstr::ByteSlice as _,
    objs::{
        TreeRef,
        tree::{EntryKind as TreeKind, EntryRef},
    },
};

use super::{
    Item, Origin, attributes,
    links::is_dot_git,
    objects::Trees,
    paths::{Filter, Relation},
    snapshot::{Snapshot, malformed},
    sort_by_path,
};
use crate::{
    bytes::wide,
    fact::{Circumstance, EntryKind, PathFault, Unavailable},
    limits,
};

/// Comparisons in progress: what they have found, and what they may still cost.
pub(super) struct Difference<'r> {
    pub(super) trees: &'r mut Trees,
    pub(super) filter: &'r Filter,
    /// What the newer trees bring, in no order.
    pub(super) items: Vec<Item>,
    /// Folders (with a slash at the end) whose attributes differ, though the filter may leave out the file itself.
    pub(super) attributes: Vec<Vec<u8>>,
    /// How many files the older trees have and the newer have not.
    pub(super) deleted: u64,
    /// Folders of the older trees that could not be read: all that the newer have there counts as introduced.
    pub(super) unknown: u64,
    entries: u64,
    bytes: u64,
    full: bool,
}

/// A folder that differs.
struct Level {
    /// Its path with a slash at its end; empty for the root.
    prefix: Vec<u8>,
    old: Option<gix::ObjectId>,
    new: Option<gix::ObjectId>,
}

impl<'r> Difference<'r> {
    pub(super) fn new(trees: &'r mut Trees, filter: &'r Filter) -> Self {
        Self {
            trees,
            filter,
            items: Vec::new(),
            attributes: Vec::new(),
            deleted: 0,
            unknown: 0,
            entries: 0,
            bytes: 0,
            full: false,
        }
    }

    /// Adds what `new` has and `old` has not; `None` is a folder that is not there. `prefix` is the folder's path with a
    /// slash at its end, or empty.
    pub(super) fn compare(
        &mut self,
        prefix: &[u8],
        old: Option<gix::ObjectId>,
        new: Option<gix::ObjectId>,
    ) {
        // An explicit stack: folders may be nested deeper than ours reaches.
        let mut levels = vec![Level {
            prefix: prefix.to_vec(),
            old,
            new,
        }];
        while let Some(level) = levels.pop() {
            if self.full {
                return;
            }
            if level.old != level.new {
                self.level(&level, &mut levels);
            }
        }
    }

    fn level(&mut self, level: &Level, levels: &mut Vec<Level>) {
        let hash = self.trees.objects().hash();
        let old = level.old.map_or_else(Arc::default, |id| self.older(id));
        let old = TreeRef::from_bytes(&old, hash).unwrap_or_else(|_| TreeRef::empty());
        let new = match level
            .new
            .map_or(Ok(Arc::default()), |id| self.trees.tree(id))
        {
            Ok(new) => new,
            Err(unread) => return self.stop(&level.prefix, unread),
        };
        let new = match TreeRef::from_bytes(&new, hash) {
            Ok(new) => new,
            Err(error) => return self.stop(&level.prefix, malformed(&error)),
        };
        for entry in &new.entries {
            let folder = entry.mode.is_tree();
            let before = old.bisect_entry(entry.filename, folder);
            if before.is_some_and(|old| old.oid == entry.oid && old.mode == entry.mode) {
                continue;
            }
            let path = [level.prefix.as_slice(), entry.filename.as_bytes()].concat();
            if !self.spend(&path, &level.prefix) {
                return;
            }
            self.note_attributes(&path);
            match self.filter.relation(&path) {
                Relation::Outside => continue,
                Relation::Above if !folder => continue,
                Relation::Above | Relation::Inside => {}
            }
            if folder {
                levels.push(Level {
                    prefix: [path.as_slice(), b"/"].concat(),
                    old: before.map(|old| old.oid.to_owned()),
                    new: Some(entry.oid.to_owned()),
                });
            } else {
                self.items.push(item(&path, entry, before.as_ref()));
            }
        }
        for entry in &old.entries {
            let folder = entry.mode.is_tree();
            if new.bisect_entry(entry.filename, folder).is_some() {
                continue;
            }
            let path = [level.prefix.as_slice(), entry.filename.as_bytes()].concat();
            if !self.spend(&path, &level.prefix) {
                return;
            }
            self.note_attributes(&path);
            match self.filter.relation(&path) {
                Relation::Inside if !folder => self.deleted = self.deleted.saturating_add(1),
                Relation::Inside | Relation::Above if folder => levels.push(Level {
                    prefix: [path.as_slice(), b"/"].concat(),
                    old: Some(entry.oid.to_owned()),
                    new: None,
                }),
                _ => {}
            }
        }
    }

    /// Notes that something at a path differs, if it says how git writes the files beside and below it.
    pub(super) fn note_attributes(&mut self, path: &[u8]) {
        if let Some(folder) = path.strip_suffix(attributes::FILE)
            && (folder.is_empty() || folder.ends_with(b"/"))
        {
            self.attributes.push(folder.to_vec());
        }
    }

    /// Counts a file that the older side has and the newer has not.
    pub(super) fn delete(&mut self, path: &[u8]) {
        self.note_attributes(path);
        if self.filter.holds(path) {
            self.deleted = self.deleted.saturating_add(1);
        }
    }

    /// The bytes of an older tree. One that cannot be read has nothing: what is there now counts as introduced.
    pub(super) fn older(&mut self, id: gix::ObjectId) -> Arc<[u8]> {
        let hash = self.trees.objects().hash();
        let data = self.trees.tree(id).ok();
        data.filter(|data| TreeRef::from_bytes(data, hash).is_ok())
            .unwrap_or_else(|| {
                self.unknown = self.unknown.saturating_add(1);
                Arc::default()
            })
    }

    /// Whether one more path may be looked at.
    pub(super) fn spend(&mut self, path: &[u8], folder: &[u8]) -> bool {
        self.entries = self.entries.saturating_add(1);
        self.bytes = self.bytes.saturating_add(wide(path.len()));
        let limit = if self.entries > limits::TREE_ENTRIES {
            limits::Id::TREE_ENTRIES
        } else if self.bytes > limits::TREE_PATHS {
            limits::Id::TREE_PATHS
        } else {
            return true;
        };
        if !self.full {
            self.full = true;
            self.stop(folder, Unavailable::Limit(limit));
        }
        false
    }

    /// Of what differs from one of several older trees, leaves out what a tree that it is merged into has as it is, and what
    /// was met twice.
    pub(super) fn leave_out(&mut self, there: &Snapshot) {
        let mut items = std::mem::take(&mut self.items);
        // Stable: where something was compared with several, what it was compared with first counts.
        sort_by_path(&mut items);
        items.dedup_by(|a, b| a.entry.path == b.entry.path);
        items.retain(|item| {
            let Origin::Blob(id) = item.origin else {
                return true;
            };
            let entry = there.entry(self.trees, item.entry.path.as_bytes());
            !matches!(entry, Ok(Some((mode, known))) if known == id && kind(mode.kind()) == item.entry.kind)
        });
        self.items = items;
    }

    /// An item for a folder of which nothing more is known.
    pub(super) fn stop(&mut self, prefix: &[u8], unread: Unavailable) {
        let path = match prefix {
            b"" => b".",
            prefix => prefix.strip_suffix(b"/").unwrap_or(prefix),
        };
        let item = Item::new(path, EntryKind::File, Origin::Nowhere)
            .with(Circumstance::Unavailable(unread));
        self.items.push(item);
    }
}

fn item(path: &[u8], entry: &EntryRef<'_>, before: Option<&EntryRef<'_>>) -> Item {
    let kind = kind(entry.mode.kind());
    let mut item = Item::new(path, kind, Origin::Blob(entry.oid.to_owned()));
    item.before = before
        .filter(|before| self::kind(before.mode.kind()) == kind)
        .map(|before| before.oid.to_owned());
    match impossible(entry.filename) {
        Some(fault) => item.with(Circumstance::ImpossiblePath(fault)),
        None => item,
    }
}

fn kind(kind: TreeKind) -> EntryKind {
    match kind {
        TreeKind::Link => EntryKind::Link,
        TreeKind::Commit => EntryKind::Submodule,
        _ => EntryKind::File,
    }
}

/// Why a name cannot be a file's, if it cannot: it would lead whoever trusts it out of the tree, or into git's own folder.
fn impossible(name: &[u8]) -> Option<PathFault> {
    match name {
        b"" => Some(PathFault::NoName),
        b"." | b".." => Some(PathFault::Dots),
        name if is_dot_git(name) => Some(PathFault::DotGit),
        name if name.contains(&b'/') => Some(PathFault::Slash),
        _ => None,
    }
}
