//! The lock file of a view: as the repository has it where the policy is read from, and on both sides of a change.

use std::{collections::BTreeSet, io, path::Path};

use super::{
    Item, Origin, View,
    change::Sides,
    objects::Trees,
    paths::Filter,
    relative_bytes,
    revision::Revision,
    snapshot::{Snapshot, blob_up_to},
    sort_by_path,
};
use crate::{
    fact::{ContentSource, EntryKind, Text},
    limits,
};

/// A file on both sides of a change, where they differ; `None` where a side has none.
#[derive(Debug)]
pub struct BothSides {
    /// Where the change begins.
    pub before: Option<Vec<u8>>,
    /// As the change leaves it.
    pub after: Option<Vec<u8>>,
}

impl View {
    /// Whether it holds all files of a repository or a folder, and not only some of them.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// Says that nothing is left out of it.
    #[must_use]
    pub(super) fn whole(mut self, whole: bool) -> Self {
        self.whole = whole;
        self
    }

    /// Whether its files are looked at on disk.
    pub fn is_on_disk(&self) -> bool {
        self.content_source == ContentSource::OnDisk
    }

    /// Whether there is an item at a path.
    pub fn has_item(&self, path: &Text) -> bool {
        let found = self
            .items
            .binary_search_by(|item| item.entry.path.cmp(path));
        found.is_ok()
    }

    /// Adds files on disk that listing left out because git ignores them. What is no file there is left out.
    pub fn add_ignored(&mut self, paths: &[Text]) {
        let is_file = |path: &Path| {
            let metadata = std::fs::symlink_metadata(self.root.join(path));
            metadata.is_ok_and(|metadata| metadata.is_file())
        };
        let items: Vec<Item> = paths
            .iter()
            .filter(|path| !self.has_item(path) && path_of(path).is_some_and(is_file))
            .map(|path| Item::new(path.as_bytes(), EntryKind::File, Origin::Disk))
            .collect();
        self.items.extend(items);
        sort_by_path(&mut self.items);
    }

    /// What the view's repository has of the lock file and of what it pins.
    pub fn lock_files(&self) -> LockFiles<'_> {
        LockFiles { view: self }
    }
}

/// The view of what is pushed, whose pins are compared with what the push leaves of the files: those of the branch that `HEAD` stands
/// for. Nothing is compared if there is nothing yet, or what it leaves cannot be found.
pub fn pushed(mut view: View, tip: &str) -> View {
    let repository = view
        .repository
        .as_ref()
        .map(gix::ThreadSafeRepository::to_thread_local);
    let sides = repository.and_then(|repository| {
        let tree = |name| Revision::find(&repository, name).ok().map(|it| it.tree);
        Some(Sides {
            before: vec![Snapshot::Tree(tree("HEAD")?)],
            after: Snapshot::Tree(tree(tip)?),
            filter: Filter::default(),
        })
    });
    view.pushed = sides;
    view
}

/// What a view's repository has of the lock file and of what it pins.
#[derive(Debug, Clone, Copy)]
pub struct LockFiles<'v> {
    view: &'v View,
}

impl<'v> LockFiles<'v> {
    /// The paths among these at which nothing is any more: of a view of all files, those that it lacks; of a change, those that it
    /// deletes.
    ///
    /// # Errors
    /// What keeps a tree from being read.
    pub fn missing<'a>(
        self,
        paths: impl Iterator<Item = &'a Text>,
    ) -> io::Result<BTreeSet<&'a Text>> {
        let absent = paths.filter(|path| !self.view.has_item(path));
        if self.view.whole {
            let is_on_disk = |path: &Text| {
                let path = path_of(path).map(|path| self.view.root.join(path));
                path.is_some_and(|path| std::fs::symlink_metadata(path).is_ok())
            };
            return Ok(absent
                .filter(|path| !(self.view.is_on_disk() && is_on_disk(path)))
                .collect());
        }
        let Some(sides) = self.changed_sides() else {
            return Ok(BTreeSet::new());
        };
        let Some(mut trees) = self.own_trees()? else {
            return Ok(BTreeSet::new());
        };
        let mut gone = BTreeSet::new();
        for path in absent {
            let bytes = path.as_bytes();
            if !sides.after.has(&mut trees, bytes)
                && sides
                    .before
                    .iter()
                    .any(|before| before.has(&mut trees, bytes))
                && sides.filter.holds(bytes)
            {
                gone.insert(path);
            }
        }
        Ok(gone)
    }

    /// Whether an item is what the view's change leaves at its path, and not something that was there on the way.
    pub fn is_last(self, item: &Item) -> bool {
        let (Some(sides), Origin::Blob(id)) = (self.changed_sides(), &item.origin) else {
            return false;
        };
        let Ok(Some(mut trees)) = self.own_trees() else {
            return false;
        };
        let last = sides.after.entry(&mut trees, item.entry.path.as_bytes());
        matches!(last, Ok(Some((_, last))) if last == *id)
    }

    /// A file on both sides of the view's change; `None` where there is no change, or it leaves the file as it is.
    ///
    /// # Errors
    /// What keeps a side from being read.
    pub fn both_sides(self, path: &Path) -> io::Result<Option<BothSides>> {
        let Some(sides) = self.changed_sides() else {
            return Ok(None);
        };
        let (Some(mut trees), Some(first)) = (self.own_trees()?, sides.before.first()) else {
            return Ok(None);
        };
        let bytes = relative_bytes(path);
        let mut at = |side: &Snapshot| side.entry(&mut trees, &bytes).ok().flatten();
        let after = at(&sides.after);
        if after.is_some_and(|(mode, _)| mode.is_link()) {
            return Err(io::Error::other("it is a symbolic link"));
        }
        // What one of several beginnings has already is not new.
        if sides.before.iter().any(|before| at(before) == after) {
            return Ok(None);
        }
        let mut read = |side: &Snapshot| match side.resolve(&mut trees, path) {
            Ok((_, id)) => blob_up_to(&mut trees, id, limits::Id::LOCK_BYTES).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        Ok(Some(BothSides {
            before: read(first)?,
            after: read(&sides.after)?,
        }))
    }

    /// The change that the view is of, if it is of one.
    fn changed_sides(self) -> Option<&'v Sides> {
        let sides = self
            .view
            .policy_change
            .as_ref()
            .or(self.view.pushed.as_ref())
            .or(self.view.sides.as_ref())?;
        (!sides.before.is_empty()).then_some(sides)
    }

    fn own_trees(self) -> io::Result<Option<Trees>> {
        let stores = self.view.stores(None).map_err(io::Error::other)?;
        Ok(stores.map(|stores| Trees::new(stores.open())))
    }
}

/// A path of an item as the platform has it.
fn path_of(path: &Text) -> Option<&Path> {
    use gix::bstr::ByteSlice as _;
    path.as_bytes().to_path().ok()
}
