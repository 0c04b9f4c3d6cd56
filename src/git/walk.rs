//! Walking a folder: every tracked file, and every untracked one that git does not ignore.
//!
//! Folders are entered as git enters them: a tracked file counts whatever `.gitignore` says, another repository inside
//! this one is an entry of its own and is not entered, links are not followed. Outside a repository, and below a folder
//! that the user named although git ignores it, every file counts. A folder that cannot be listed is an item that says so.

use std::{fs, io, ops::Range, path::Path};

use gix::bstr::{BStr, ByteSlice as _};

use super::{Item, Origin, path_bytes};
use crate::fact::{Answer, Circumstance, EntryKind, Text, Unavailable, Unreadable, UnreadablePart};

/// What git knows about a work tree.
pub(super) struct Tracked<'r> {
    /// Its index.
    pub(super) index: &'r gix::index::State,
    /// Its `.gitignore` files and the like.
    pub(super) excludes: gix::AttributeStack<'r>,
}

/// A walk in progress.
pub(super) struct Walk<'w, 'r> {
    /// The root that paths are relative to.
    pub(super) root: &'w Path,
    /// `None` outside a repository.
    pub(super) tracked: Option<Tracked<'r>>,
    /// What has been found, in no order.
    pub(super) items: Vec<Item>,
    /// The pipes, sockets and devices among them, which are not read.
    pub(super) special: Vec<Vec<u8>>,
}

/// A folder yet to be listed.
struct Folder {
    /// Relative to the root; empty for the root itself.
    path: Vec<u8>,
    /// The index's entries below it.
    range: Range<usize>,
    /// Whether ignored files are left out.
    ignoring: bool,
}

/// Pipes, sockets and devices that are named; the others are counted.
const NAMED: usize = 3;

impl Walk<'_, '_> {
    /// What is to be said of pipes, sockets and devices: git tracks none, but whoever made one may expect it to be read.
    pub(super) fn notice(&self) -> Option<String> {
        let mut special: Vec<&[u8]> = self.special.iter().map(Vec::as_slice).collect();
        special.sort_unstable();
        let names: Vec<String> = special
            .iter()
            .take(NAMED)
            .map(|path| Text::new(path).to_string())
            .collect();
        let more = special.len().saturating_sub(NAMED);
        Some(match (special.len(), more) {
            (0, _) => return None,
            (1, _) => format!(
                "{} is not read: it is a pipe, a socket or a device",
                names.join("")
            ),
            (_, 0) => format!(
                "{} are not read: they are pipes, sockets or devices",
                names.join(", ")
            ),
            (_, more) => format!(
                "{} and {more} more are not read: they are pipes, sockets or devices",
                names.join(", ")
            ),
        })
    }

    /// Walks the folder at `path` (relative to the root) and all below it.
    pub(super) fn folder(&mut self, path: &[u8]) {
        let range = match &self.tracked {
            Some(tracked) if path.is_empty() => 0..tracked.index.entries().len(),
            Some(tracked) => below(tracked.index, 0..tracked.index.entries().len(), path),
            None => 0..0,
        };
        // A folder asked for by name is looked at even if git ignores it.
        let ignoring = self.tracked.is_some()
            && (path.is_empty() || !range.is_empty() || !self.ignores(path, true));
        // An explicit stack: a tree of folders may be deeper than ours.
        let mut folders = vec![Folder {
            path: path.to_vec(),
            range,
            ignoring,
        }];
        while let Some(folder) = folders.pop() {
            if let Err(error) = self.list(&folder, &mut folders)
                && error.kind() != io::ErrorKind::NotFound
            {
                let unreadable = Unreadable {
                    part: UnreadablePart::Folder,
                    answer: Answer::Said(Text::from(error.to_string())),
                };
                let path = if folder.path.is_empty() {
                    b"."
                } else {
                    &*folder.path
                };
                self.items.push(
                    Item::new(path, EntryKind::File, Origin::Nowhere)
                        .with(Circumstance::Unavailable(Unavailable::Io(unreadable))),
                );
            }
        }
    }

    fn list(&mut self, folder: &Folder, folders: &mut Vec<Folder>) -> io::Result<()> {
        let place = folder.path.to_path().map_err(io::Error::other)?;
        let mut children = Vec::new();
        for child in fs::read_dir(self.root.join(place))? {
            let child = child?;
            let name = path_bytes(child.file_name().as_ref());
            if name.eq_ignore_ascii_case(b".git") {
                if !folder.path.is_empty() && is_repository(&child.path()) {
                    self.items.push(Item::new(
                        &folder.path,
                        EntryKind::Submodule,
                        Origin::Nowhere,
                    ));
                    return Ok(());
                }
                // Git never tracks what bears this name, in any spelling.
                continue;
            }
            children.push((name, child));
        }
        for (name, child) in children {
            let mut path = folder.path.clone();
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(&name);
            // Comes with the listing on most file systems.
            let Ok(kind) = child.file_type() else {
                continue; // gone since
            };
            if kind.is_dir() {
                self.enter(folder, path, folders);
            } else if kind.is_file() || kind.is_symlink() {
                if !self.is_tracked(&folder.range, &path)
                    && folder.ignoring
                    && self.ignores(&path, false)
                {
                    continue;
                }
                let kind = if kind.is_file() {
                    EntryKind::File
                } else {
                    EntryKind::Link
                };
                self.items.push(Item::new(&path, kind, Origin::Disk));
            } else if !(folder.ignoring && self.ignores(&path, false)) {
                self.special.push(path);
            }
        }
        Ok(())
    }

    fn enter(&mut self, parent: &Folder, path: Vec<u8>, folders: &mut Vec<Folder>) {
        let mut range = 0..0;
        if let Some(tracked) = &self.tracked {
            if let Some(entry) = find(tracked.index, &parent.range, &path)
                && entry.mode.is_submodule()
            {
                self.items
                    .push(Item::new(&path, EntryKind::Submodule, Origin::Nowhere));
                return;
            }
            range = below(tracked.index, parent.range.clone(), &path);
        }
        if range.is_empty() && parent.ignoring && self.ignores(&path, true) {
            return;
        }
        folders.push(Folder {
            path,
            range,
            ignoring: parent.ignoring,
        });
    }

    fn is_tracked(&self, range: &Range<usize>, path: &[u8]) -> bool {
        self.tracked
            .as_ref()
            .is_some_and(|tracked| find(tracked.index, range, path).is_some())
    }

    /// Whether git ignores the path. If its rules cannot be read, it does not: better to check too much.
    fn ignores(&mut self, path: &[u8], folder: bool) -> bool {
        let mode = if folder {
            gix::index::entry::Mode::DIR
        } else {
            gix::index::entry::Mode::FILE
        };
        self.tracked.as_mut().is_some_and(|tracked| {
            tracked
                .excludes
                .at_entry(BStr::new(path), Some(mode))
                .is_ok_and(|platform| platform.is_excluded())
        })
    }
}

/// Whether a `.git` is what it says, and not a name that would hide the files beside it.
pub(super) fn is_repository(dot_git: &Path) -> bool {
    gix::discover::is_git(dot_git).is_ok()
}

/// The index's entry at exactly this path.
fn find<'i>(
    index: &'i gix::index::State,
    range: &Range<usize>,
    path: &[u8],
) -> Option<&'i gix::index::Entry> {
    let entries = index.entries().get(range.clone())?;
    let at = entries.partition_point(|entry| entry.path(index).as_bytes() < path);
    entries
        .get(at)
        .filter(|entry| entry.path(index).as_bytes() == path)
}

/// The index's entries below a folder.
fn below(index: &gix::index::State, range: Range<usize>, folder: &[u8]) -> Range<usize> {
    let prefix = [folder, b"/"].concat();
    let Some(entries) = index.entries().get(range.clone()) else {
        return 0..0;
    };
    let start = entries.partition_point(|entry| entry.path(index).as_bytes() < &*prefix);
    let rest = entries.get(start..).unwrap_or_default();
    let count = rest.partition_point(|entry| entry.path(index).starts_with(&prefix));
    let start = range.start.saturating_add(start);
    start..start.saturating_add(count)
}
