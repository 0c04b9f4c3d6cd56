//! Where views of what git recorded begin: a repository, its objects, and where in it the user stands.

use std::path::{Path, PathBuf};

use super::{
    Item, View,
    locate::usage,
    objects::{Stores, Trees},
    paths::{Filter, resolved},
    repository,
};
use crate::error::Error;

/// A repository, opened for a look at its objects.
pub(super) struct OpenRepository {
    shared: gix::ThreadSafeRepository,
    pub(super) local: gix::Repository,
    pub(super) stores: Stores,
    /// Where paths that the user named begin.
    start: PathBuf,
    /// Of the work tree; where there is none, where the user stands.
    root: PathBuf,
    /// There is no work tree.
    pub(super) bare: bool,
}

impl OpenRepository {
    /// The repository that `cwd` is in. `help` is for who is in none.
    ///
    /// # Errors
    /// No repository, one that cannot be read or belongs to someone else.
    pub(super) fn containing(cwd: &Path, help: &str) -> Result<Self, Error> {
        let start = std::fs::canonicalize(cwd).map_err(|source| Error::Io {
            path: cwd.to_owned(),
            source,
        })?;
        let Some(shared) = repository::discover(&start)? else {
            return Err(usage(
                format!("`{}` is not in a git repository", cwd.display()),
                help,
            ));
        };
        // In a bare repository, or from elsewhere with `GIT_DIR`, paths are those of the tree.
        let work_tree = repository::work_tree_of(&shared);
        let bare = work_tree.is_none();
        let root = work_tree.unwrap_or_else(|| start.clone());
        let start = if start.starts_with(&root) {
            start
        } else {
            root.clone()
        };
        let mut local = shared.to_thread_local();
        // Commits are met again and again.
        local.object_cache_size_if_unset(4 << 20);
        Ok(Self {
            stores: Stores::of(&shared)?,
            shared,
            local,
            start,
            root,
            bare,
        })
    }

    /// The repository that `cwd` is in, or the one that holds the first path, if that is another.
    ///
    /// # Errors
    /// No repository, one that cannot be read or belongs to someone else.
    pub(super) fn of_paths(cwd: &Path, paths: &[PathBuf], help: &str) -> Result<Self, Error> {
        let here = Self::containing(cwd, help);
        let Some(place) = paths.first().and_then(|path| resolved(&cwd.join(path))) else {
            return here;
        };
        if here
            .as_ref()
            .is_ok_and(|here| place.starts_with(&here.root))
        {
            return here;
        }
        let folder = if place.is_dir() {
            Some(place.as_path())
        } else {
            place.parent()
        };
        let there = folder.and_then(|folder| Self::containing(folder, help).ok());
        match there.filter(|there| place.starts_with(&there.root)) {
            Some(mut there) => {
                there.start = resolved(cwd).unwrap_or_else(|| cwd.to_owned());
                Ok(there)
            }
            None => here,
        }
    }

    /// The folder that the user stands in.
    pub(super) fn start(&self) -> &Path {
        &self.start
    }

    /// Its trees, for one thread.
    pub(super) fn trees(&self) -> Trees {
        Trees::new(self.stores.open())
    }

    /// What the user named; `known` says whether a path is in what is looked at.
    ///
    /// # Errors
    /// A path outside the repository, or one that is nowhere.
    pub(super) fn filter(
        &self,
        paths: &[PathBuf],
        known: impl FnMut(&[u8]) -> bool,
    ) -> Result<Filter, Error> {
        Filter::new(&self.start, &self.root, paths, !self.bare, known)
    }

    /// A view of it.
    pub(super) fn view(self, label: String, items: Vec<Item>) -> View {
        View::new(self.root, label, items).with_stores(self.shared, self.stores)
    }
}
