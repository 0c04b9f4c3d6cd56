//! A path in a view, with its bytes not yet read.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Text;

/// A path in a view. The bytes behind it are opened when a worker gets to it, not before.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Relative to the view's root, `/`-separated on every platform.
    pub path: Text,
    /// What stands at the path.
    pub kind: EntryKind,
    /// What introduced it, in a view of a history: part of the entry, because it tells versions of one path apart.
    pub introduced_by: Option<Arc<Introduction>>,
}

/// What introduced an entry into a history: the first commit that has these bytes at this path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Introduction {
    /// The commit.
    pub commit: Commit,
    /// Whether the newest commits that were looked at no longer have these bytes there: gone from sight, not from clones.
    pub gone: bool,
}

/// A commit, as far as people want to know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its object id, lower-case hex: 40 digits, or 64 in a SHA-256 repository.
    pub id: String,
    /// When it was committed, in seconds since 1970 (UTC), as the commit says.
    pub time: i64,
    /// Who wrote it, as the commit says: name and mail.
    pub author: Text,
    /// The first line of its message.
    pub summary: Text,
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EntryKind {
    /// A regular file or blob.
    File,
    /// A symbolic link: never followed out of the view.
    Link,
    /// A commit of another repository.
    Submodule,
}

/// Where the bytes of a view's files are, for those who want to look at one of them again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ContentSource {
    /// At their paths.
    #[default]
    OnDisk,
    /// In git, which calls a file this, a colon and its path: the id of a commit or a tree, or `:0` for the index.
    InGit(String),
    /// Not to be had by one command: in several commits, or in several repositories.
    Scattered,
}

impl Entry {
    /// The part after the last `/`.
    pub fn file_name(&self) -> &[u8] {
        self.path
            .as_bytes()
            .rsplit(|b| *b == b'/')
            .next()
            .unwrap_or_default()
    }
}
