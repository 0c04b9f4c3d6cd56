//! The state of a repository that a view's policy and attributes are read from: never what is under review, where there is
//! anything else.
//!
//! On disk, or in a [`Snapshot`].

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use gix::bstr::ByteSlice as _;

use super::{
    View,
    attributes::{self, AttributesFile},
    locate::usage,
    objects::Trees,
    open_repository::OpenRepository,
    recorded_files::RecordedFiles,
    repository,
    revision::Revision,
    snapshot::{Snapshot, blob_up_to},
};
use crate::{error::Error, fact::Text, limits};

/// Where a view's policy and attributes are read from. By default, from disk at the view's root.
#[derive(Debug, Clone, Default)]
pub struct PolicyState {
    /// `None` is the disk, unless there are `recorded` files.
    snapshot: Option<Snapshot>,
    /// Files as they were read before: of a view that is judged again without its repository.
    recorded: Option<Arc<RecordedFiles>>,
    /// In words, to stand after a file's name: `at 1a2b3c4 (main)`.
    place: String,
}

impl PolicyState {
    /// A commit's tree; `name` says what the user calls it.
    pub(super) fn commit(commit: gix::ObjectId, tree: gix::ObjectId, name: &str) -> Self {
        let id = commit.to_hex_with_len(7).to_string();
        let kinds = ["refs/remotes/", "refs/heads/", "refs/tags/"];
        let short = kinds.iter().find_map(|kind| name.strip_prefix(kind));
        let name = short.unwrap_or(name);
        let place = if name.is_empty() || id.starts_with(name) || name.starts_with(&id) {
            format!("at {id}")
        } else {
            format!("at {id} ({name})")
        };
        Self {
            snapshot: Some(Snapshot::Tree(tree)),
            recorded: None,
            place,
        }
    }

    /// Files that were read before, at this place.
    pub(super) fn recorded(files: Arc<RecordedFiles>, place: String) -> Self {
        Self {
            snapshot: None,
            recorded: Some(files),
            place,
        }
    }

    pub(super) fn is_recorded(&self) -> bool {
        self.recorded.is_some()
    }

    pub(super) fn index(index: Snapshot) -> Self {
        Self::of(index, "in the index")
    }

    fn of(snapshot: Snapshot, place: &str) -> Self {
        Self {
            snapshot: Some(snapshot),
            recorded: None,
            place: String::from(place),
        }
    }

    /// The tree of `HEAD`: for a repository without a work tree. Nothing, before the first commit.
    ///
    /// # Errors
    /// A `HEAD` that cannot be read.
    pub(super) fn head(repository: &gix::Repository) -> Result<Self, Error> {
        let broken = |error: gix::Error| repository::unreadable(repository.git_dir(), &error);
        let mut head = repository.head().map_err(broken)?;
        if head.is_unborn() {
            return Ok(Self::of(Snapshot::Nothing, "at HEAD"));
        }
        let name = head
            .referent_name()
            .map_or_else(String::new, |name| name.shorten().to_string());
        let commit = head.peel_to_commit().map_err(broken)?;
        let tree = commit.tree_id().map_err(broken)?.detach();
        Ok(Self::commit(commit.id, tree, &name))
    }
}

/// The full name of the ref that `HEAD` of the repository stands for, be it there yet or not; `None` where `HEAD` is a commit.
///
/// # Errors
/// No repository, or one that cannot be read.
pub fn head_name(cwd: &Path) -> Result<Option<Text>, Error> {
    let opened = OpenRepository::containing(cwd, "go to a repository")?;
    let local = &opened.local;
    let name = local
        .head_name()
        .map_err(|error| repository::unreadable(local.git_dir(), &error))?;
    Ok(name.map(|name| Text::new(name.as_bstr())))
}

impl View {
    /// Says where the view's policy and attributes are read from.
    #[must_use]
    pub(super) fn with_policy_state(mut self, state: PolicyState) -> Self {
        self.policy_state = state;
        self
    }

    /// The same view, ruled by what `HEAD` of its repository has: by what was there before what is looked at came.
    ///
    /// # Errors
    /// A `HEAD` that cannot be read.
    pub fn with_policy_of_head(mut self) -> Result<Self, Error> {
        let state = match &self.repository {
            Some(repository) => PolicyState::head(&repository.to_thread_local())?,
            None => return Ok(self),
        };
        self.judged_by_another = true;
        Ok(self.with_policy_state(state))
    }

    /// The same view, ruled by what a commit, a tag or a tree of its repository has.
    ///
    /// # Errors
    /// No repository, a name that stands for nothing in it.
    pub fn with_policy_of_revision(mut self, name: &str) -> Result<Self, Error> {
        let Some(repository) = &self.repository else {
            return Err(usage(
                format!("`{}` is not in a git repository", self.root.display()),
                "`--policy FILE` judges by a file on disk",
            ));
        };
        let state = Revision::find(&repository.to_thread_local(), name)?.policy_state();
        self.judged_by_another = true;
        Ok(self.with_policy_state(state))
    }

    /// The files that the policy and the attributes of the view are read from.
    pub fn policy_files(&self) -> PolicyFiles<'_> {
        self.files_of(&self.policy_state)
    }

    /// The same of any state of its repository.
    pub fn files_of<'v>(&'v self, state: &'v PolicyState) -> PolicyFiles<'v> {
        PolicyFiles { view: self, state }
    }

    /// What the repository has before the view's change and after it; `None` where the view is of no change.
    pub fn policy_states(&self) -> Option<[PolicyState; 2]> {
        let sides = self.policy_change.as_ref().or(self.sides.as_ref())?;
        let before = sides.before.first()?;
        let state = |snapshot: &Snapshot, place| PolicyState::of(snapshot.clone(), place);
        Some([state(before, BEFORE), state(&sides.after, AFTER)])
    }
}

/// The places of what a change starts from and of what it leaves.
pub(super) const BEFORE: &str = "before the change";
pub(super) const AFTER: &str = "after the change";

/// The path of a file that is named together with one of the places of [`View::policy_states`].
pub fn without_place(name: &str) -> &str {
    let path = name.strip_suffix(BEFORE).or(name.strip_suffix(AFTER));
    path.map_or(name, str::trim_end)
}

/// The files that the policy and the attributes of a view are read from.
#[derive(Debug, Clone, Copy)]
pub struct PolicyFiles<'v> {
    view: &'v View,
    state: &'v PolicyState,
}

impl<'v> PolicyFiles<'v> {
    /// Where they are, in words that stand after a file's name
    /// (`at 1a2b3c4 (main)`, `in the index`); `None` if it is the disk, at the view's root.
    pub fn state(self) -> Option<&'v str> {
        let state = self.state;
        let is_recorded = state.snapshot.is_some() || state.recorded.is_some();
        is_recorded.then_some(&*state.place)
    }

    /// One of them, at most as large as a policy may be. `path` is relative to the view's root; on disk it is read
    /// as it is, elsewhere links are followed inside the tree.
    ///
    /// # Errors
    /// `NotFound`, also for a path or a link that leads out of the tree; whatever keeps an object from being read.
    pub fn read(self, path: &Path) -> io::Result<Vec<u8>> {
        self.read_up_to(path, limits::Id::POLICY_BYTES)
    }

    /// The same of a file that may have another size.
    ///
    /// # Errors
    /// As above.
    pub fn read_up_to(self, path: &Path, most: limits::Id) -> io::Result<Vec<u8>> {
        if let Some(recorded) = &self.state.recorded {
            return recorded.read(path, |path| self.view.has_item(path));
        }
        let Some(snapshot) = &self.state.snapshot else {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        };
        let bytes = self.with_trees(|trees| {
            let (_, id) = snapshot.resolve(trees, path)?;
            blob_up_to(trees, id, most)
        })??;
        if let Some(log) = &self.view.policy_log {
            log.note(path, &bytes);
        }
        Ok(bytes)
    }

    /// Whether there is anything at a path there: a file that cannot be read is there too.
    pub fn has(self, path: &Path) -> bool {
        if let Some(recorded) = &self.state.recorded {
            return recorded.has(path);
        }
        let Some(snapshot) = &self.state.snapshot else {
            return false;
        };
        let is_there = self.with_trees(|trees| {
            // What cannot be looked up is not known to be absent; nor is a link that leads nowhere.
            let there = snapshot.entry(trees, &super::relative_bytes(path));
            !matches!(there, Ok(None))
                || !matches!(snapshot.resolve(trees, path), Err(error) if error.kind() == io::ErrorKind::NotFound)
        });
        is_there.unwrap_or(false)
    }

    /// Whether the view is of what a change brings, which knows its other side.
    pub fn are_of_change(self) -> bool {
        // What was recorded of a commit is judged as the commit is.
        self.view.sides.is_some() || self.state.recorded.is_some() && self.view.whole
    }

    /// Whether another state than the view's own was named for them.
    pub fn are_of_another(self) -> bool {
        self.view.judged_by_another
    }

    /// Whether they are read from the index.
    pub fn is_index(self) -> bool {
        matches!(self.state.snapshot, Some(Snapshot::Index(_)))
    }

    /// Where the file at a path really is: links followed, `..` taken out. The path itself if it is not there.
    pub fn resolve(self, path: &Path) -> PathBuf {
        let real = || {
            let snapshot = self.state.snapshot.as_ref()?;
            let resolved = self.with_trees(|trees| snapshot.resolve(trees, path));
            let (path, _) = resolved.ok()?.ok()?;
            path.to_path().ok().map(Path::to_owned)
        };
        real().unwrap_or_else(|| path.to_owned())
    }

    /// Works with the trees of the view's own repository.
    fn with_trees<T>(self, work: impl FnOnce(&mut Trees) -> T) -> io::Result<T> {
        let stores = self.view.stores(None).map_err(io::Error::other)?;
        let stores = stores.ok_or(io::ErrorKind::NotFound)?;
        Ok(work(&mut Trees::new(stores.open())))
    }

    /// The `.gitattributes` of a folder (with a slash at its end, or empty) among them.
    pub(super) fn attributes(self, trees: &mut Trees, folder: &[u8]) -> Option<AttributesFile> {
        if let Some(recorded) = &self.state.recorded {
            return recorded.attributes(folder);
        }
        // What a submodule says of itself is not what its user says of it.
        if self.view.submodules.contain(folder) {
            return None;
        }
        if let Some(snapshot) = &self.state.snapshot {
            return attributes::in_snapshot(snapshot, trees, folder);
        }
        let path = [folder, attributes::FILE].concat();
        let place = self.view.root.join(path.to_path().ok()?);
        let metadata = std::fs::symlink_metadata(&place).ok()?;
        if !metadata.is_file() || metadata.len() > limits::ATTRIBUTE_BYTES {
            return None;
        }
        let window = crate::bytes::Window::new(crate::bytes::FileSource::open(&place).ok()?);
        let bytes = window.bytes_at(0, usize::try_from(window.len()).ok()?);
        Some(AttributesFile::Bytes(bytes.ok()?))
    }
}
