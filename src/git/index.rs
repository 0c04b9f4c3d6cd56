//! The index: what `git commit` is about to record, as far as it differs from `HEAD`.
//!
//! The index and `HEAD`'s tree are compared folder by folder. Where the index remembers which tree a folder was written
//! as (its `TREE` extension) and `HEAD` has the same, the folder is skipped whole, so that the cost is that of the change
//! and not of the repository. Intent-to-add entries are not recorded by a commit and are left out; of a conflict, every
//! side is an item.

use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use gix::{
    bstr::{BStr, ByteSlice as _},
    index::{
        Entry, State,
        entry::{Flags, Mode, Stage},
        extension,
    },
    objs::tree::EntryMode,
};

use super::{
    Item, Origin, View, locate::no_work_tree, open_repository::OpenRepository,
    policy_state::PolicyState, repository, rewritten::add_rewritten, snapshot::Snapshot,
    tree::Difference,
};
use crate::{
    error::Error,
    fact::{Circumstance, ConflictSide, ContentSource, EntryKind, Unavailable, UnsupportedEntry},
};

/// The blobs that the next commit brings, of the repository that `cwd` is in; only those at or below `paths`
/// (relative to `cwd`) if there are any.
///
/// # Errors
/// No repository, one that cannot be read or belongs to someone else, or a path that is neither on disk nor in the index.
pub fn staged(cwd: &Path, paths: &[PathBuf]) -> Result<View, Error> {
    view(cwd, paths, false)
}

/// All files that the next commit has, of the repository that `cwd` is in.
///
/// # Errors
/// No repository, or one that cannot be read or belongs to someone else.
pub fn index(cwd: &Path) -> Result<View, Error> {
    view(cwd, &[], true)
}

fn view(cwd: &Path, paths: &[PathBuf], whole: bool) -> Result<View, Error> {
    let help = "`--staged` judges what `git commit` would record; leave it out to check files";
    let opened = OpenRepository::containing(cwd, help)?;
    if opened.bare {
        return Err(no_work_tree(opened.start()));
    }
    let index = Arc::new(repository::index(&opened.local)?);
    // All files differ from nothing.
    let head = if whole {
        None
    } else {
        head_tree(&opened.local)?
    };
    let filter = opened.filter(paths, |path| {
        index.path_is_directory(BStr::new(path)) || index.entry_range(BStr::new(path)).is_some()
    })?;
    let mut trees = opened.trees();
    let mut comparison = Comparison {
        hash: opened.stores.hash(),
        index: &index,
        difference: Difference::new(&mut trees, &filter),
    };
    comparison.run(head);
    let mut difference = comparison.difference;
    let before = match head {
        _ if whole => Vec::new(),
        Some(head) => vec![Snapshot::Tree(head)],
        None => vec![Snapshot::Nothing],
    };
    let after = Snapshot::Index(Arc::clone(&index));
    add_rewritten(&mut difference, &before, &after, b"");
    let notices = difference.notices();
    let mut items = difference.items;
    items.retain(|item| filter.holds(item.entry.path.as_bytes()));
    let mut view = opened
        .view(String::from("the index"), items)
        .content_from(ContentSource::InGit(String::from(":0")))
        .with_policy_state(PolicyState::index(after.clone()))
        .whole(whole)
        .of(before, after, filter);
    view.notices = notices;
    Ok(view.with_moves(!whole))
}

/// `HEAD`'s tree; `None` before the first commit.
fn head_tree(repository: &gix::Repository) -> Result<Option<gix::ObjectId>, Error> {
    let broken = |error: gix::Error| repository::unreadable(repository.git_dir(), &error);
    let mut head = repository.head().map_err(broken)?;
    if head.is_unborn() {
        return Ok(None);
    }
    let commit = head.peel_to_commit().map_err(broken)?;
    Ok(Some(commit.tree_id().map_err(broken)?.detach()))
}

struct Comparison<'r> {
    hash: gix::hash::Kind,
    index: &'r State,
    difference: Difference<'r>,
}

/// A folder that differs, or may.
struct Level<'r> {
    /// Bytes of the folder's path with its slash.
    prefix: usize,
    /// The index's entries below it.
    range: Range<usize>,
    /// What `HEAD` has there.
    head: Option<gix::ObjectId>,
    /// What the index remembers about it.
    cache: Option<&'r extension::Tree>,
}

impl<'r> Comparison<'r> {
    fn run(&mut self, head: Option<gix::ObjectId>) {
        let entries = self.index.entries();
        let cache = self.index.tree();
        if let (Some(tree), Some(head)) = (cache, head)
            && tree.id == head
            && tree.num_entries.map(usize_of) == Some(entries.len())
        {
            return;
        }
        // An explicit stack: paths in an index may be deeper than ours.
        let mut levels = vec![Level {
            prefix: 0,
            range: 0..entries.len(),
            head,
            cache,
        }];
        while let Some(level) = levels.pop() {
            self.compare(&level, &mut levels);
        }
    }

    fn compare(&mut self, level: &Level<'r>, levels: &mut Vec<Level<'r>>) {
        let data = match level.head {
            Some(id) => self.difference.older(id),
            None => Arc::default(),
        };
        let head = gix::objs::TreeRef::from_bytes(&data, self.hash)
            .unwrap_or_else(|_| gix::objs::TreeRef::empty());
        let in_head = |name: &[u8], folder: bool| -> Option<(EntryMode, gix::ObjectId)> {
            head.bisect_entry(BStr::new(name), folder)
                .map(|entry| (entry.mode, entry.oid.to_owned()))
        };
        let mut at = level.range.start;
        while let Some(entry) = self
            .index
            .entries()
            .get(at)
            .filter(|_| at < level.range.end)
        {
            let path = entry.path(self.index).as_bytes();
            let rest = path.get(level.prefix..).unwrap_or_default();
            let Some(slash) = rest.iter().position(|b| *b == b'/') else {
                self.leaf(entry, in_head(rest, false));
                at = at.saturating_add(1);
                continue;
            };
            let name = rest.get(..slash).unwrap_or_default();
            let folder = path
                .get(..=level.prefix.saturating_add(slash))
                .unwrap_or(path);
            let known = in_head(name, true).map(|(_, id)| id);
            if entry.mode.is_sparse() && folder.len() == path.len() {
                // A folder outside a sparse checkout is one entry, its tree.
                self.difference.compare(folder, known, Some(entry.id));
                at = at.saturating_add(1);
                continue;
            }
            let cache = level.cache.and_then(|cache| child(cache, name));
            let end = self.end_of(folder, at..level.range.end, cache);
            if cache.is_none_or(|cache| cache.num_entries.is_none() || Some(cache.id) != known) {
                levels.push(Level {
                    prefix: folder.len(),
                    range: at..end,
                    head: known,
                    cache,
                });
            }
            at = end;
        }
        self.count_deleted(level, &head);
    }

    /// What `HEAD` has in a folder and the index has not.
    fn count_deleted(&mut self, level: &Level<'r>, head: &gix::objs::TreeRef<'_>) {
        let first = self.index.entries().get(level.range.start);
        let prefix = first
            .and_then(|entry| entry.path(self.index).get(..level.prefix))
            .unwrap_or_default();
        for entry in &head.entries {
            let path = [prefix, entry.filename.as_bytes()].concat();
            let path = BStr::new(&path);
            if !entry.mode.is_tree() {
                if self.index.entry_range(path).is_none() {
                    self.difference.delete(path);
                }
            } else if !self.index.path_is_directory(path) {
                let folder = [path.as_bytes(), b"/"].concat();
                self.difference
                    .compare(&folder, Some(entry.oid.to_owned()), None);
            }
        }
    }

    /// The end of the entries below `folder`: where the index remembers, or else by search.
    fn end_of(&self, folder: &[u8], range: Range<usize>, cache: Option<&extension::Tree>) -> usize {
        let entries = self.index.entries();
        let inside = |at: usize| {
            entries
                .get(at)
                .is_some_and(|entry| entry.path(self.index).starts_with(folder))
        };
        // What it remembers is taken if the entries agree.
        if let Some(count) = cache.and_then(|cache| cache.num_entries).map(usize_of)
            && let Some(end) = range.start.checked_add(count)
            && let Some(last) = end.checked_sub(1)
            && count > 0
            && last < range.end
            && inside(last)
            && (end == range.end || !inside(end))
        {
            return end;
        }
        let rest = entries.get(range.clone()).unwrap_or_default();
        let count = rest.partition_point(|entry| entry.path(self.index).starts_with(folder));
        range.start.saturating_add(count.max(1))
    }

    fn leaf(&mut self, entry: &Entry, head: Option<(EntryMode, gix::ObjectId)>) {
        if entry.flags.contains(Flags::INTENT_TO_ADD) {
            return;
        }
        let same = head.is_some_and(|(mode, id)| {
            id == entry.id && Some(mode) == entry.mode.to_tree_entry_mode()
        });
        let stage = entry.stage();
        if !same {
            self.difference
                .note_attributes(entry.path(self.index).as_bytes());
        }
        if same && stage == Stage::Unconflicted {
            return;
        }
        let kind = match entry.mode {
            Mode::SYMLINK => EntryKind::Link,
            Mode::COMMIT => EntryKind::Submodule,
            _ => EntryKind::File,
        };
        let path = entry.path(self.index).as_bytes();
        let mut item = Item::new(path, kind, Origin::Blob(entry.id));
        let mode = entry.mode.to_tree_entry_mode();
        item.before = head
            .filter(|(old, _)| mode.is_some_and(|new| same_kind(*old, new)))
            .map(|(_, id)| id);
        let side = match stage {
            Stage::Unconflicted => None,
            Stage::Base => Some(ConflictSide::Base),
            Stage::Ours => Some(ConflictSide::Ours),
            Stage::Theirs => Some(ConflictSide::Theirs),
        };
        if let Some(side) = side {
            let conflict = UnsupportedEntry::Conflict(side);
            item = item.with(Circumstance::Unavailable(Unavailable::Unsupported(
                conflict,
            )));
        }
        self.difference.items.push(item);
    }
}

/// Whether both are files, or links, or submodules: what may be compared line by line, or commit by commit.
fn same_kind(a: EntryMode, b: EntryMode) -> bool {
    a.is_blob() && b.is_blob() || a.kind() == b.kind()
}

fn child<'t>(tree: &'t extension::Tree, name: &[u8]) -> Option<&'t extension::Tree> {
    tree.children.iter().find(|child| &*child.name == name)
}

fn usize_of(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
