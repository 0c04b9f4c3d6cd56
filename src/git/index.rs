//! The index: what `git commit` is about to record, as far as it differs from `HEAD`.
//!
//! The index and `HEAD`'s tree are compared folder by folder. Where the index remembers which tree a folder was written
//! as (its `TREE` extension) and `HEAD` has the same, the folder is skipped whole, so that the cost is that of the change
//! and not of the repository. Intent-to-add entries are not recorded by a commit and are left out; of a conflict, every
//! side is an item.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use gix::{
    bstr::{BStr, ByteSlice as _},
    index::{
        Entry, State,
        entry::{Flags, Mode, Stage},
        extension,
    },
    objs::tree::{EntryKind as TreeKind, EntryMode},
};

use super::{
    Item, Origin, View,
    locate::{absent, no_work_tree, usage},
    relative_bytes, repository,
};
use crate::{
    error::Error,
    fact::{EntryKind, Fact, Text, Unread},
};

/// The blobs that the next commit brings, of the repository that `cwd` is in; only those at or below `paths`
/// (relative to `cwd`) if there are any.
///
/// # Errors
/// No repository, one that cannot be read or belongs to someone else, or a path that is neither on disk nor in the index.
pub fn staged(cwd: &Path, paths: &[PathBuf]) -> Result<View, Error> {
    let start = std::fs::canonicalize(cwd).map_err(|source| Error::Io {
        path: cwd.to_owned(),
        source,
    })?;
    let Some(shared) = repository::discover(&start)? else {
        return Err(usage(
            format!("`{}` is not in a git repository", cwd.display()),
            "`--staged` judges what `git commit` would record; leave it out to check files",
        ));
    };
    let Some(root) = repository::work_tree_of(&shared) else {
        return Err(no_work_tree(&start));
    };
    let repository = shared.to_thread_local();
    let index = repository::index(&repository)?;
    let head = head_tree(&repository)?;
    let wanted = paths
        .iter()
        .map(|path| wanted(&start, &root, path, &index))
        .collect::<Result<Vec<_>, _>>()?;
    let mut comparison = Comparison {
        repository: &repository,
        index: &index,
        items: Vec::new(),
    };
    comparison.run(head)?;
    let mut items = comparison.items;
    if !wanted.is_empty() {
        items.retain(|item| {
            let path = item.entry.path.as_bytes();
            wanted.iter().any(|wanted| is_at_or_below(path, wanted))
        });
    }
    Ok(View::new(root, String::from("the index"), items).in_repository(shared))
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

/// A path that limits the view, relative to the root. It need not be on disk: what is staged may be gone from there.
fn wanted(cwd: &Path, root: &Path, path: &Path, index: &State) -> Result<Vec<u8>, Error> {
    let mut real = cwd.to_owned();
    for component in path.components() {
        match component {
            std::path::Component::ParentDir => {
                real.pop();
            }
            std::path::Component::CurDir => {}
            other => real.push(other),
        }
    }
    let Ok(relative) = real.strip_prefix(root) else {
        return Err(usage(
            format!(
                "`{}` is not in the repository at `{}`",
                path.display(),
                root.display()
            ),
            "check each repository by itself: each has its own policy",
        ));
    };
    let bytes = relative_bytes(relative);
    let known = bytes.is_empty()
        || std::fs::symlink_metadata(&real).is_ok()
        || index.path_is_directory(BStr::new(&bytes))
        || index.entry_range(BStr::new(&bytes)).is_some();
    if known {
        Ok(bytes)
    } else {
        Err(absent(&real, path))
    }
}

fn is_at_or_below(path: &[u8], folder: &[u8]) -> bool {
    folder.is_empty()
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

struct Comparison<'r> {
    repository: &'r gix::Repository,
    index: &'r State,
    items: Vec<Item>,
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
    fn run(&mut self, head: Option<gix::ObjectId>) -> Result<(), Error> {
        let entries = self.index.entries();
        let cache = self.index.tree();
        if let (Some(tree), Some(head)) = (cache, head)
            && tree.id == head
            && tree.num_entries.map(usize_of) == Some(entries.len())
        {
            return Ok(());
        }
        // An explicit stack: paths in an index may be deeper than ours.
        let mut levels = vec![Level {
            prefix: 0,
            range: 0..entries.len(),
            head,
            cache,
        }];
        while let Some(level) = levels.pop() {
            self.compare(&level, &mut levels)?;
        }
        Ok(())
    }

    fn compare(&mut self, level: &Level<'r>, levels: &mut Vec<Level<'r>>) -> Result<(), Error> {
        let data = match level.head {
            Some(id) => self.tree(id)?,
            None => Vec::new(),
        };
        let head = gix::objs::TreeRef::from_bytes(&data, self.repository.object_hash())
            .map_err(|error| self.broken(&error))?;
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
                at += 1;
                continue;
            };
            let name = rest.get(..slash).unwrap_or_default();
            let folder = path
                .get(..=level.prefix.saturating_add(slash))
                .unwrap_or(path);
            let known = in_head(name, true).map(|(_, id)| id);
            if entry.mode.is_sparse() && folder.len() == path.len() {
                // A folder outside a sparse checkout is one entry, its tree.
                if known != Some(entry.id) {
                    self.expand(folder, entry.id, known)?;
                }
                at += 1;
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
        Ok(())
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
            && let Some(last) = range.start.checked_add(count.saturating_sub(1))
            && count > 0
            && last < range.end
            && inside(last)
            && (last + 1 == range.end || !inside(last + 1))
        {
            return last + 1;
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
        let side = match stage {
            Stage::Unconflicted => None,
            Stage::Base => Some("this is the common ancestor's side"),
            Stage::Ours => Some("this is our side"),
            Stage::Theirs => Some("this is their side"),
        };
        if let Some(side) = side {
            let detail = Text::from(format!("an unresolved merge conflict: {side}"));
            item = item.with(Fact::Unread(Unread::Unsupported { detail }));
        }
        self.items.push(item);
    }

    /// All blobs below a tree that `HEAD` does not have at the same place.
    fn expand(
        &mut self,
        folder: &[u8],
        tree: gix::ObjectId,
        head: Option<gix::ObjectId>,
    ) -> Result<(), Error> {
        let mut trees = vec![(folder.to_vec(), tree, head)];
        while let Some((prefix, tree, head)) = trees.pop() {
            let data = self.tree(tree)?;
            let old = match head {
                Some(id) => self.tree(id)?,
                None => Vec::new(),
            };
            let hash = self.repository.object_hash();
            let old =
                gix::objs::TreeRef::from_bytes(&old, hash).map_err(|error| self.broken(&error))?;
            let new =
                gix::objs::TreeRef::from_bytes(&data, hash).map_err(|error| self.broken(&error))?;
            for entry in &new.entries {
                let folder = entry.mode.is_tree();
                let before = old.bisect_entry(entry.filename, folder);
                if before.is_some_and(|old| old.oid == entry.oid && old.mode == entry.mode) {
                    continue;
                }
                let path = [&*prefix, entry.filename.as_bytes()].concat();
                let id = entry.oid.to_owned();
                match entry.mode.kind() {
                    TreeKind::Tree => {
                        let path = [&*path, b"/"].concat();
                        trees.push((path, id, before.map(|old| old.oid.to_owned())));
                    }
                    kind => {
                        let kind = match kind {
                            TreeKind::Link => EntryKind::Link,
                            TreeKind::Commit => EntryKind::Submodule,
                            _ => EntryKind::File,
                        };
                        self.items.push(Item::new(&path, kind, Origin::Blob(id)));
                    }
                }
            }
        }
        Ok(())
    }

    fn tree(&self, id: gix::ObjectId) -> Result<Vec<u8>, Error> {
        let tree = self
            .repository
            .find_tree(id)
            .map_err(|error| self.broken(&error))?;
        Ok(tree.detached().data)
    }

    fn broken(&self, error: &gix::Error) -> Error {
        repository::unreadable(self.repository.git_dir(), error)
    }
}

fn child<'t>(tree: &'t extension::Tree, name: &[u8]) -> Option<&'t extension::Tree> {
    tree.children.iter().find(|child| &*child.name == name)
}

fn usize_of(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
