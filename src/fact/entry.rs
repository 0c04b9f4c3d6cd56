//! A path in a view, with its bytes not yet read.

use std::fmt;

use super::Text;

/// A path in a view. The bytes behind it are opened when a worker gets to it, not before.
#[derive(Clone)]
pub struct Entry {
    /// Relative to the view's root, `/`-separated on every platform.
    pub path: Text,
    /// What stands at the path.
    pub kind: EntryKind,
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A regular file or blob.
    File,
    /// A symbolic link: never followed out of the view.
    Link,
    /// A commit of another repository.
    Submodule,
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

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("path", &self.path)
            .field("kind", &self.kind)
            .finish()
    }
}
