//! Where a view's policy and attributes are read from: never from what is under review, where there is anything else.
//!
//! On disk, or in a [`Snapshot`] (a tree, an index). In a snapshot links are followed by their names alone and never out of
//! it, so a tree that somebody else made cannot point at files of this machine.

use std::{
    fmt, io,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use gix::{
    bstr::{BStr, ByteSlice as _},
    index::entry::Flags,
    objs::{
        TreeRef, TreeRefIter,
        tree::{EntryKind as TreeKind, EntryMode},
    },
};

use super::{
    View,
    attributes::{self, AttributesFile},
    locate::usage,
    objects::Trees,
    path_bytes, repository,
    revision::Revision,
    tree,
};
use crate::{
    error::Error,
    fact::{Text, Unavailable},
    limits,
};

/// Where a view's policy and attributes are read from. By default, from disk at the view's root.
#[derive(Debug, Clone, Default)]
pub struct PolicyState {
    /// `None` is the disk.
    snapshot: Option<Snapshot>,
    /// In words, to stand after a file's name: `at 1a2b3c4 (main)`.
    place: String,
}

/// Files as git recorded them.
#[derive(Clone)]
pub(super) enum Snapshot {
    /// No file at all: before the first commit.
    Nothing,
    Tree(gix::ObjectId),
    Index(Arc<gix::index::File>),
}

/// Links that are followed on the way to one file. Linux gives up at 40.
const LINKS: usize = 40;

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
            place,
        }
    }

    pub(super) fn index(index: Snapshot) -> Self {
        Self {
            snapshot: Some(index),
            place: String::from("in the index"),
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
            return Ok(Self {
                snapshot: Some(Snapshot::Nothing),
                place: String::from("at HEAD"),
            });
        }
        let name = head
            .referent_name()
            .map_or_else(String::new, |name| name.shorten().to_string());
        let commit = head.peel_to_commit().map_err(broken)?;
        let tree = commit.tree_id().map_err(broken)?.detach();
        Ok(Self::commit(commit.id, tree, &name))
    }
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
    pub fn with_policy_of_head(self) -> Result<Self, Error> {
        let state = match &self.repository {
            Some(repository) => PolicyState::head(&repository.to_thread_local())?,
            None => return Ok(self),
        };
        Ok(self.with_policy_state(state))
    }

    /// The same view, ruled by what a commit, a tag or a tree of its repository has.
    ///
    /// # Errors
    /// No repository, a name that stands for nothing in it.
    pub fn with_policy_of_revision(self, name: &str) -> Result<Self, Error> {
        let Some(repository) = &self.repository else {
            return Err(usage(
                format!("`{}` is not in a git repository", self.root.display()),
                "`--policy FILE` judges by a file on disk",
            ));
        };
        let state = Revision::find(&repository.to_thread_local(), name)?.policy_state();
        Ok(self.with_policy_state(state))
    }

    /// Where the policy and attributes of the view are read from, in words that stand after a file's name
    /// (`at 1a2b3c4 (main)`, `in the index`); `None` if it is the disk, at the view's root.
    pub fn policy_state(&self) -> Option<&str> {
        self.policy_state
            .snapshot
            .as_ref()
            .map(|_| &*self.policy_state.place)
    }

    /// A file from there, at most as large as a policy may be. `path` is relative to the view's root; on disk it is read
    /// as it is, elsewhere links are followed inside the tree.
    ///
    /// # Errors
    /// `NotFound`, also for a path or a link that leads out of the tree; whatever keeps an object from being read.
    pub fn read_policy_file(&self, path: &Path) -> io::Result<Vec<u8>> {
        let Some(snapshot) = &self.policy_state.snapshot else {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        };
        let mut trees = self.trees()?;
        let (_, id) = snapshot.resolve(&mut trees, path)?;
        blob(&mut trees, id)
    }

    /// Whether there is anything at a path there: a file that cannot be read is there too.
    pub fn has_policy_path(&self, path: &Path) -> bool {
        let (Some(snapshot), Ok(mut trees)) = (&self.policy_state.snapshot, self.trees()) else {
            return false;
        };
        // What cannot be looked up is not known to be absent; nor is a link that leads nowhere.
        let there = snapshot.entry(&mut trees, &super::relative_bytes(path));
        !matches!(there, Ok(None))
            || !matches!(snapshot.resolve(&mut trees, path), Err(error) if error.kind() == io::ErrorKind::NotFound)
    }

    /// Whether they are read from the index.
    pub fn is_index(&self) -> bool {
        matches!(self.policy_state.snapshot, Some(Snapshot::Index(_)))
    }

    /// Where the file at a path really is: links followed, `..` taken out. The path itself if it is not there.
    pub fn resolve_policy_path(&self, path: &Path) -> PathBuf {
        let real = || {
            let snapshot = self.policy_state.snapshot.as_ref()?;
            let mut trees = self.trees().ok()?;
            let (path, _) = snapshot.resolve(&mut trees, path).ok()?;
            path.to_path().ok().map(Path::to_owned)
        };
        real().unwrap_or_else(|| path.to_owned())
    }

    /// The trees of the view's own repository.
    fn trees(&self) -> io::Result<Trees> {
        let stores = self.stores(None).map_err(io::Error::other)?;
        stores
            .map(|stores| Trees::new(stores.open()))
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    /// The view's own `.gitmodules`: as it is after the change, as all that is judged.
    pub(super) fn gitmodules(&self, trees: &mut Trees) -> Option<Vec<u8>> {
        let (_, id) = self
            .sides
            .as_ref()?
            .after
            .entry(trees, b".gitmodules")
            .ok()??;
        blob(trees, id).ok()
    }

    /// The `.gitattributes` of a folder (with a slash at its end, or empty) where the view's policy is read from.
    pub(super) fn exempting_file(
        &self,
        trees: &mut Trees,
        folder: &[u8],
    ) -> Option<AttributesFile> {
        // What a submodule says of itself is not what its user says of it.
        if self.is_in_submodule(folder) {
            return None;
        }
        if let Some(snapshot) = &self.policy_state.snapshot {
            return attributes::in_snapshot(snapshot, trees, folder);
        }
        let path = [folder, attributes::FILE].concat();
        let place = self.root.join(path.to_path().ok()?);
        let metadata = std::fs::symlink_metadata(&place).ok()?;
        if !metadata.is_file() || metadata.len() > limits::ATTRIBUTE_BYTES {
            return None;
        }
        let window = crate::bytes::Window::new(crate::bytes::FileSource::open(&place).ok()?);
        let bytes = window.bytes_at(0, usize::try_from(window.len()).ok()?);
        Some(AttributesFile::Bytes(bytes.ok()?))
    }
}

impl Snapshot {
    /// What stands at a path, links as links; `None` if nothing does.
    pub(super) fn entry(
        &self,
        trees: &mut Trees,
        path: &[u8],
    ) -> Result<Option<(EntryMode, gix::ObjectId)>, Unavailable> {
        match self {
            Self::Nothing => Ok(None),
            Self::Tree(tree) => in_tree(trees, *tree, path),
            Self::Index(index) => {
                if let Some(entry) = index.entry_by_path(BStr::new(path)) {
                    let recorded = !entry.flags.contains(Flags::INTENT_TO_ADD);
                    let mode = entry.mode.to_tree_entry_mode().filter(|_| recorded);
                    return Ok(mode.map(|mode| (mode, entry.id)));
                }
                // Of a folder outside a sparse checkout the index may have but the tree.
                for slash in path.iter().enumerate().filter(|(_, b)| **b == b'/') {
                    let (folder, rest) = path.split_at(slash.0.saturating_add(1));
                    if let Some(entry) = index.entry_by_path(BStr::new(folder))
                        && entry.mode.is_sparse()
                    {
                        return in_tree(trees, entry.id, rest);
                    }
                }
                let folder = index.path_is_directory(BStr::new(path));
                Ok(folder.then(|| (TreeKind::Tree.into(), trees.objects().hash().null())))
            }
        }
    }

    /// Files below a folder, up to so many.
    pub(super) fn below(&self, trees: &mut Trees, path: &[u8], most: usize) -> Vec<Text> {
        let mut found = Vec::new();
        let mut folders: Vec<(Vec<u8>, gix::ObjectId)> = Vec::new();
        match self.entry(trees, path) {
            Ok(Some((mode, id))) if mode.is_tree() && !id.is_null() => {
                folders.push((path.to_vec(), id));
            }
            _ => {}
        }
        if let Self::Index(index) = self {
            let prefix = [path, b"/"].concat();
            let entries = index.prefixed_entries(BStr::new(&prefix));
            let entries = entries.unwrap_or_default().iter().take(most);
            found.extend(entries.map(|entry| Text::new(entry.path(index).as_bytes())));
        }
        let hash = trees.objects().hash();
        while let Some((folder, id)) = folders.pop() {
            let Ok(data) = trees.tree(id) else { continue };
            for entry in TreeRefIter::from_bytes(&data, hash).map_while(Result::ok) {
                let path = [&folder, b"/".as_slice(), entry.filename.as_bytes()].concat();
                if found.len().saturating_add(folders.len()) >= most {
                    return found;
                }
                if entry.mode.is_tree() {
                    folders.push((path, entry.oid.to_owned()));
                } else {
                    found.push(Text::new(path));
                }
            }
        }
        found
    }

    /// Whether there is anything at a path.
    pub(super) fn has(&self, trees: &mut Trees, path: &[u8]) -> bool {
        self.entry(trees, path).is_ok_and(|entry| entry.is_some())
    }

    /// The file at a path, links followed: its own path and its blob.
    fn resolve(&self, trees: &mut Trees, path: &Path) -> io::Result<(Vec<u8>, gix::ObjectId)> {
        self.follow(trees, path, |_| {})
    }

    /// All that decides what is at a path: itself, each link on the way, and where they lead in the end.
    pub(super) fn way(&self, trees: &mut Trees, path: &Path) -> Vec<Vec<u8>> {
        let mut way = Vec::new();
        let end = self.follow(trees, path, |link| way.push(link.to_vec()));
        way.extend(end.ok().map(|(path, _)| path));
        way
    }

    /// Follows a path; `link` is told each link, and where there is nothing.
    fn follow(
        &self,
        trees: &mut Trees,
        path: &Path,
        mut link: impl FnMut(&[u8]),
    ) -> io::Result<(Vec<u8>, gix::ObjectId)> {
        let outside = || {
            let why = "it leads out of the repository";
            io::Error::new(io::ErrorKind::NotFound, why)
        };
        let mut left = names(path).ok_or_else(outside)?;
        left.reverse();
        let mut real: Vec<Vec<u8>> = Vec::new();
        let mut links = 0;
        while let Some(name) = left.pop() {
            if name == b".." {
                real.pop().ok_or_else(outside)?;
                continue;
            }
            real.push(name);
            let path = real.join(&b'/');
            let entry = self.entry(trees, &path).map_err(refused)?;
            let Some((mode, id)) = entry else {
                link(&path);
                return Err(io::Error::from(io::ErrorKind::NotFound));
            };
            match mode.kind() {
                TreeKind::Tree if !left.is_empty() => {}
                TreeKind::Link => {
                    link(&path);
                    links += 1;
                    if links > LINKS {
                        return Err(io::Error::other("links lead to links without end"));
                    }
                    real.pop();
                    let target = blob(trees, id)?;
                    let target = target.to_path().map_err(io::Error::other)?;
                    let mut target = names(target).ok_or_else(outside)?;
                    target.reverse();
                    left.extend(target);
                }
                TreeKind::Blob | TreeKind::BlobExecutable if left.is_empty() => {
                    return Ok((path, id));
                }
                _ => return Err(io::Error::other("it is not a file")),
            }
        }
        Err(io::Error::other("it is not a file"))
    }
}

/// Where a symbolic link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkEnd {
    /// Out of the view's root, or into git's own folder.
    Outside,
    /// Into a submodule; its path.
    Submodule(Text),
    /// To this path below the root.
    Inside(Text),
    /// To what is not there, or not known.
    Nowhere,
}

/// Where a link at a path leads, followed in a snapshot; by its names alone where there is none.
pub(super) fn link_end(
    snapshot: Option<(&Snapshot, &mut Trees)>,
    path: &[u8],
    target: &[u8],
) -> LinkEnd {
    let mut snapshot = snapshot;
    let mut real: Vec<Vec<u8>> = path.split(|b| *b == b'/').map(<[u8]>::to_vec).collect();
    real.pop();
    let Some(mut left) = link_names(target) else {
        return LinkEnd::Outside;
    };
    let mut links = 0;
    // Below what is not there, names are all there is to go by.
    let mut known = snapshot.is_some();
    while let Some(name) = left.pop() {
        if name == b".." {
            if real.pop().is_none() {
                return LinkEnd::Outside;
            }
            continue;
        }
        if is_dot_git(&name) {
            return LinkEnd::Outside;
        }
        real.push(name);
        let Some((snapshot, trees)) = snapshot.as_mut().filter(|_| known) else {
            continue;
        };
        let path = real.join(&b'/');
        let Ok(Some((mode, id))) = snapshot.entry(trees, &path) else {
            known = false;
            continue;
        };
        match mode.kind() {
            TreeKind::Commit => return LinkEnd::Submodule(Text::new(path)),
            TreeKind::Link => {
                links += 1;
                let target = blob(trees, id).ok().filter(|_| links <= LINKS);
                let Some(target) = target else {
                    return LinkEnd::Nowhere;
                };
                let Some(names) = link_names(&target) else {
                    return LinkEnd::Outside;
                };
                real.pop();
                left.extend(names);
            }
            TreeKind::Tree | TreeKind::Blob | TreeKind::BlobExecutable => {}
        }
    }
    if known {
        LinkEnd::Inside(Text::new(real.join(&b'/')))
    } else {
        LinkEnd::Nowhere
    }
}

/// The names of a link's target, the last first; `None` if it is absolute on some system. Both slashes part names: which system
/// the link is checked out on is not known.
fn link_names(target: &[u8]) -> Option<Vec<Vec<u8>>> {
    let drive = target.get(1) == Some(&b':') && target.first()?.is_ascii_alphabetic();
    if drive || target.starts_with(b"/") || target.starts_with(b"\\") {
        return None;
    }
    let names = target.rsplit(|b| matches!(b, b'/' | b'\\'));
    let names = names.filter(|name| !matches!(*name, b"" | b"."));
    Some(names.map(<[u8]>::to_vec).collect())
}

/// Whether a name is that of git's own folder on some system, as `git fsck` has it: in any case, with what HFS+ passes over, or as
/// NTFS spells it.
pub(super) fn is_dot_git(name: &[u8]) -> bool {
    use gix::validate::path::{component, component::Options};
    let options = Options {
        protect_windows: false,
        protect_hfs: true,
        protect_ntfs: true,
    };
    let answer = component(BStr::new(name), None, options);
    matches!(answer, Err(component::Error::DotGitDir))
}

/// The names a relative path is made of, `..` among them; `None` for an absolute one.
fn names(path: &Path) -> Option<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => names.push(b"..".to_vec()),
            Component::Normal(name) => names.push(path_bytes(name.as_ref())),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(names)
}

fn in_tree(
    trees: &mut Trees,
    root: gix::ObjectId,
    path: &[u8],
) -> Result<Option<(EntryMode, gix::ObjectId)>, Unavailable> {
    let mut id = root;
    let mut names = path.split(|b| *b == b'/').peekable();
    while let Some(name) = names.next() {
        let data = trees.tree(id)?;
        let entries = TreeRef::from_bytes(&data, trees.objects().hash())
            .map_err(|error| tree::malformed(&error))?;
        let name = BStr::new(name);
        let last = names.peek().is_none();
        let folder = entries.bisect_entry(name, true);
        let found = match folder {
            None if last => entries.bisect_entry(name, false),
            folder => folder,
        };
        match found {
            Some(entry) if last => return Ok(Some((entry.mode, entry.oid.to_owned()))),
            Some(entry) => id = entry.oid.to_owned(),
            None => return Ok(None),
        }
    }
    Ok(None)
}

pub(super) fn blob(trees: &mut Trees, id: gix::ObjectId) -> io::Result<Vec<u8>> {
    let bytes = trees.objects().blob(id, limits::POLICY_BYTES);
    bytes.map_err(refused)
}

fn refused(unread: Unavailable) -> io::Error {
    io::Error::other(match unread {
        Unavailable::NotFetched { detail, command } => format!("{detail}; `{command}` brings it"),
        Unavailable::Limit { limit } => format!("it reaches a limit: {limit}"),
        Unavailable::Malformed { detail }
        | Unavailable::Io { detail }
        | Unavailable::Unsupported { detail } => detail.to_string(),
    })
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("Nothing"),
            Self::Tree(id) => write!(f, "Tree({id})"),
            Self::Index(_) => f.write_str("Index"),
        }
    }
}
