//! Files as git recorded them, in a tree or in the index, looked up by path.
//!
//! Links are followed by their names alone and never out of the snapshot, so a tree that somebody else made cannot point at
//! files of this machine.

use std::{
    fmt, io,
    path::{Component, Path},
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

use super::{objects::Trees, path_bytes, repository};
use crate::{
    bytes::LeadsOut,
    fact::{Text, Unavailable},
    limits,
};

/// Files as git recorded them.
#[derive(Clone)]
pub(super) enum Snapshot {
    /// No file at all: before the first commit.
    Nothing,
    Tree(gix::ObjectId),
    Index(Arc<gix::index::File>),
}

/// Links that are followed on the way to one file. Linux gives up at 40.
pub(super) const LINKS: usize = 40;

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
    pub(super) fn resolve(
        &self,
        trees: &mut Trees,
        path: &Path,
    ) -> io::Result<(Vec<u8>, gix::ObjectId)> {
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
        let outside = || io::Error::from(LeadsOut { link: None });
        let mut left = names(path).ok_or_else(outside)?;
        left.reverse();
        let mut real: Vec<Vec<u8>> = Vec::new();
        let mut links = 0_usize;
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
                    links = links.saturating_add(1);
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
            .map_err(|error| malformed(&error))?;
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
    blob_up_to(trees, id, limits::Id::POLICY_BYTES)
}

pub(super) fn blob_up_to(
    trees: &mut Trees,
    id: gix::ObjectId,
    most: limits::Id,
) -> io::Result<Vec<u8>> {
    trees.objects().blob(id, most).map_err(refused)
}

fn refused(unread: Unavailable) -> io::Error {
    io::Error::other(match unread {
        Unavailable::NotFetched { what, command } => format!("{what}; `{command}` brings it"),
        Unavailable::Limit(limit) => format!("it reaches a limit: {limit}"),
        Unavailable::MalformedTree { answer } => answer.to_string(),
        Unavailable::Io(unreadable) => unreadable.to_string(),
        Unavailable::Unsupported(entry) => entry.to_string(),
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

/// That a tree is malformed.
pub(super) fn malformed(error: &gix::Error) -> Unavailable {
    Unavailable::MalformedTree {
        answer: Text::from(repository::describe(error)),
    }
}
