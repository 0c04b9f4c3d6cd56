//! What stands beside the files of a view, also where the view leaves it out: a change lists what it brings, and a loader opens what
//! was there before.

use std::{io, sync::Arc};

use gix::bstr::ByteSlice as _;

use super::{Origin, View, objects::Trees, repository, snapshot::Snapshot};
use crate::fact::Text;

/// Looks up paths of a view's files: in the state that it shows, be it a commit, an index or a folder on disk.
pub struct Neighbours<'v> {
    view: &'v View,
    trees: Option<Trees>,
    /// What git tracks, for files that are not on disk; read when one is missed.
    tracked: Option<Snapshot>,
}

impl std::fmt::Debug for Neighbours<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Neighbours").finish_non_exhaustive()
    }
}

impl<'v> Neighbours<'v> {
    /// Looks up what stands beside the files of a view.
    pub fn of(view: &'v View) -> Self {
        Self {
            view,
            trees: None,
            tracked: None,
        }
    }

    /// Whether something stands at a path, which has no `..`; `None` if that is not to be known: behind a link, in a submodule, in what
    /// DVC keeps, outside of a sparse checkout, or where the view is of a part of what was recorded.
    pub fn stands_at(&mut self, path: &[u8]) -> Option<bool> {
        let view = self.view;
        if view.has_item(&Text::new(path)) {
            return Some(true);
        }
        let is_given = |it: &super::Item| matches!(it.origin, Origin::Given(_));
        let in_item = folders(path).any(|folder| view.has_item(&Text::new(folder)));
        if in_item || view.submodules.contain(path) || view.items.first().is_some_and(is_given) {
            return None;
        }
        if view.policy_state.is_recorded() {
            return view.whole.then_some(false);
        }
        match self.looked_up(path) {
            Some(false) if self.is_kept_by_dvc(path) || self.is_tracked(path) => None,
            found => found,
        }
    }

    /// What the state that the view shows has at a path.
    fn looked_up(&mut self, path: &[u8]) -> Option<bool> {
        match &self.view.sides {
            Some(sides) => self.recorded(&sides.after, path),
            None => on_disk(self.view, path),
        }
    }

    fn recorded(&mut self, snapshot: &Snapshot, path: &[u8]) -> Option<bool> {
        if self.trees.is_none() {
            let stores = self.view.stores(None).ok()??;
            self.trees = Some(Trees::new(stores.open()));
        }
        let found = snapshot.entry(self.trees.as_mut()?, path);
        found.ok().map(|entry| entry.is_some())
    }

    /// Whether DVC may keep it. What DVC lists is part of a view, as far as the view has the lists.
    fn is_kept_by_dvc(&mut self, path: &[u8]) -> bool {
        let is_there = |all: &mut Self, path: &[u8]| all.looked_up(path) != Some(false);
        let own = std::iter::once(path).chain(folders(path));
        let own: Vec<Vec<u8>> = own.map(|it| [it, b".dvc"].concat()).collect();
        let pipelines = folders(path).map(|it| [it, b"/dvc.lock"].concat());
        let pipelines = pipelines.chain([b"dvc.lock".to_vec()]);
        let pipelines: Vec<Vec<u8>> = pipelines.filter(|_| !self.view.whole).collect();
        own.iter().chain(&pipelines).any(|it| is_there(self, it))
    }

    /// Whether git tracks a file that is not on disk: a sparse checkout leaves it out, or it is about to be deleted.
    fn is_tracked(&mut self, path: &[u8]) -> bool {
        let (None, Some(repository)) = (&self.view.sides, &self.view.repository) else {
            return false;
        };
        if self.tracked.is_none() {
            let index = repository::index(&repository.to_thread_local());
            self.tracked = Some(match index {
                Ok(index) => Snapshot::Index(Arc::new(index)),
                Err(_) => Snapshot::Nothing,
            });
        }
        let Some(tracked) = self.tracked.clone() else {
            return false;
        };
        self.recorded(&tracked, path) == Some(true)
    }
}

/// The folders that a path is in, without their slashes.
fn folders(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    slashes.filter_map(|(at, _)| path.get(..at))
}

/// Whether something is on disk at a path below the root of a view. Links on the way are not followed: nobody knows what is behind.
fn on_disk(view: &View, path: &[u8]) -> Option<bool> {
    for place in folders(path).chain([path]) {
        let relative = place.to_path().ok()?;
        match std::fs::symlink_metadata(view.root.join(relative)) {
            Ok(found) if found.is_symlink() && place.len() < path.len() => return None,
            Ok(_) => {}
            Err(error) => {
                let kind = error.kind();
                let is_absent =
                    matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
                return is_absent.then_some(false);
            }
        }
    }
    Some(true)
}
