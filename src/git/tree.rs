//! Trees compared: what one brings that another does not have at the same place.
//!
//! Folders that are the same object are skipped whole, so the cost is that of the difference and not of the trees. A tree
//! is whatever its maker wrote: names that no file can have, folders within folders without end, a few objects that stand
//! for billions of paths. Names are only ever compared and shown; what is listed is bounded, and where it ends is an item
//! that says so. A tree that is missing or broken is an item at its folder's path.
#![deny(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

use std::rc::Rc;

use gix::{
    bstr::ByteSlice as _,
    objs::{
        Kind, TreeRef,
        tree::{EntryKind as TreeKind, EntryRef},
    },
};

use rustc_hash::FxHashMap;

use super::{
    Item, Origin,
    objects::object,
    paths::{Filter, Relation},
    repository::describe,
};
use crate::{
    bytes::wide,
    fact::{EntryKind, Fact, Text, Unread},
    limits,
};

/// Comparisons in progress: what they have found, and what they may still cost.
pub(super) struct Trees<'r> {
    repository: &'r gix::Repository,
    filter: &'r Filter,
    /// What the newer trees bring, in no order.
    pub(super) items: Vec<Item>,
    /// How many files the older trees have and the newer have not.
    pub(super) deleted: u64,
    /// Folders of the older trees that could not be read: all that the newer have there counts as brought.
    pub(super) unknown: u64,
    entries: u64,
    bytes: u64,
    full: bool,
    /// The trees met last: those that stand at many places are read once.
    recent: FxHashMap<gix::ObjectId, Rc<[u8]>>,
}

/// Trees that are kept, and how large each may be.
const RECENT: usize = 64;
const SMALL: usize = 8 << 10;

/// A folder that differs.
struct Level {
    /// Its path with a slash at its end; empty for the root.
    prefix: Vec<u8>,
    old: Option<gix::ObjectId>,
    new: Option<gix::ObjectId>,
}

impl<'r> Trees<'r> {
    pub(super) fn new(repository: &'r gix::Repository, filter: &'r Filter) -> Self {
        Self {
            repository,
            filter,
            items: Vec::new(),
            deleted: 0,
            unknown: 0,
            entries: 0,
            bytes: 0,
            full: false,
            recent: FxHashMap::default(),
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
        let hash = self.repository.object_hash();
        let old = level.old.map_or_else(|| [].into(), |id| self.older(id));
        let old = TreeRef::from_bytes(&old, hash).unwrap_or_else(|_| TreeRef::empty());
        let new = match level.new.map_or(Ok([].into()), |id| self.tree(id)) {
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

    /// Counts a file that the older side has and the newer has not.
    pub(super) fn delete(&mut self, path: &[u8]) {
        if self.filter.holds(path) {
            self.deleted = self.deleted.saturating_add(1);
        }
    }

    /// The bytes of an older tree. One that cannot be read has nothing: what is there now counts as brought.
    pub(super) fn older(&mut self, id: gix::ObjectId) -> Rc<[u8]> {
        let data = self.tree(id);
        data.ok()
            .filter(|data| TreeRef::from_bytes(data, self.repository.object_hash()).is_ok())
            .unwrap_or_else(|| {
                self.unknown = self.unknown.saturating_add(1);
                [].into()
            })
    }

    fn tree(&mut self, id: gix::ObjectId) -> Result<Rc<[u8]>, Unread> {
        if let Some(known) = self.recent.get(&id) {
            return Ok(Rc::clone(known));
        }
        let data: Rc<[u8]> = tree(self.repository, id)?.into();
        if data.len() <= SMALL {
            if self.recent.len() >= RECENT {
                self.recent.clear();
            }
            self.recent.insert(id, Rc::clone(&data));
        }
        Ok(data)
    }

    /// Whether one more path may be looked at.
    fn spend(&mut self, path: &[u8], folder: &[u8]) -> bool {
        self.entries = self.entries.saturating_add(1);
        self.bytes = self.bytes.saturating_add(wide(path.len()));
        let limit = if self.entries > limits::TREE_ENTRIES {
            format!("{} paths in the trees of a view", limits::TREE_ENTRIES)
        } else if self.bytes > limits::TREE_PATHS {
            let mebibytes = limits::TREE_PATHS.checked_shr(20).unwrap_or_default();
            format!("{mebibytes} MiB of paths in the trees of a view")
        } else {
            return true;
        };
        if !self.full {
            self.full = true;
            self.stop(folder, Unread::Limit { limit });
        }
        false
    }

    /// An item for a folder of which nothing more is known.
    fn stop(&mut self, prefix: &[u8], unread: Unread) {
        let path = match prefix {
            b"" => b".",
            prefix => prefix.strip_suffix(b"/").unwrap_or(prefix),
        };
        let item = Item::new(path, EntryKind::File, Origin::Nowhere).with(Fact::Unread(unread));
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
        Some(why) => item.with(Fact::Anomaly {
            kind: String::from("impossible-path"),
            detail: Text::from(format!("git checks out no file {why}")),
        }),
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
fn impossible(name: &[u8]) -> Option<&'static str> {
    match name {
        b"" => Some("without a name"),
        b"." | b".." => Some("named `.` or `..`"),
        name if name.eq_ignore_ascii_case(b".git") => Some("named `.git`"),
        name if name.contains(&b'/') => Some("with a slash in its name"),
        _ => None,
    }
}

pub(super) fn malformed(error: &gix::Error) -> Unread {
    Unread::Malformed {
        detail: Text::from(format!("the folder's tree in git: {}", describe(error))),
    }
}

/// The bytes of a tree.
pub(super) fn tree(repository: &gix::Repository, id: gix::ObjectId) -> Result<Vec<u8>, Unread> {
    if id.is_empty_tree() {
        return Ok(Vec::new());
    }
    object(repository, id, Kind::Tree, limits::TREE_BYTES)
}
