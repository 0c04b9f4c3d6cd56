//! Submodules: other repositories at paths of this one, of which it records a commit.
//!
//! They are looked at if asked for, as the view looks at everything: the work tree's files as they are, of a recorded
//! commit what it has, of a change what it brings. Where a submodule's objects are is never taken from what is looked at:
//! its name leads only to a folder within `.git/modules`, its path only to one within the work tree.

use std::sync::{Mutex, OnceLock};

use super::{
    Item, Origin, View, attributes, lfs, objects::Stores, revision::short, snapshot::Snapshot,
};
use crate::fact::{Circumstance, Command, EntryKind, NotFollowed, Text};

/// A submodule that items are in.
pub(super) struct Submodule {
    /// Its path from the view's root.
    pub(super) path: Vec<u8>,
    pub(super) repository: gix::ThreadSafeRepository,
    pub(super) stores: OnceLock<Stores>,
    pub(super) lfs: OnceLock<lfs::Store>,
    /// The tree of its commit, where that is what is looked at.
    pub(super) snapshot: Option<Snapshot>,
    pub(super) attributes: Mutex<attributes::Folders>,
}

/// The submodules that items of a view are in.
#[derive(Default)]
pub(super) struct Submodules(Vec<Submodule>);

impl Submodules {
    /// The submodule at a place in the list.
    pub(super) fn get(&self, n: Option<usize>) -> Option<&Submodule> {
        self.0.get(n?)
    }

    /// Adds one, and says at which place.
    pub(super) fn add(&mut self, submodule: Submodule) -> usize {
        self.0.push(submodule);
        self.0.len().saturating_sub(1)
    }

    /// Whether one is at this path.
    pub(super) fn has(&self, path: &[u8]) -> bool {
        self.0.iter().any(|submodule| submodule.path == path)
    }

    /// Whether a folder (with a slash at its end) is a submodule's, or in one.
    pub(super) fn contain(&self, folder: &[u8]) -> bool {
        self.0.iter().any(|submodule| {
            folder
                .strip_prefix(submodule.path.as_slice())
                .is_some_and(|rest| rest.starts_with(b"/"))
        })
    }

    /// A git command, told where to run if it is about a submodule.
    pub(super) fn command_in(&self, submodule: Option<usize>, command: Command) -> Command {
        match self.get(submodule) {
            Some(submodule) => command.of_git_in(Text::new(&submodule.path)),
            None => command,
        }
    }

    /// An item's path as its own repository has it.
    pub(super) fn path_of<'i>(&self, item: &'i Item) -> &'i [u8] {
        let path = item.entry.path.as_bytes();
        match self.get(item.submodule) {
            Some(submodule) => path
                .get(submodule.path.len().saturating_add(1)..)
                .unwrap_or(path),
            None => path,
        }
    }
}

impl View {
    /// Says of each submodule that the view's commits move from which commit to which. `--recurse-submodules` looks into those of a
    /// change or a push; of a history, each repository has its own.
    #[must_use]
    pub(super) fn with_moves(mut self, recurses: bool) -> Self {
        for item in &mut self.items {
            let (EntryKind::Submodule, Origin::Blob(new)) = (item.entry.kind, &item.origin) else {
                continue;
            };
            let command = (!recurses).then(|| {
                let to_folder = Command::new("cd ").path(item.entry.path.clone());
                to_folder.words(" && weighbridge check --history")
            });
            let moved = moved(item.before, *new, command);
            item.noted.push(Circumstance::NotFollowed(moved));
        }
        self
    }
}

/// From where to where a submodule moves, in words.
pub(super) fn moved(
    old: Option<gix::ObjectId>,
    new: gix::ObjectId,
    command: Option<Command>,
) -> NotFollowed {
    NotFollowed::Submodule {
        old: old.map(short),
        new: short(new),
        command,
    }
}
