//! What comparing a view with its lock file came to: what rules over the run see.

use super::{LockEdit, Pin};
use crate::fact::{Entry, Text};

/// What comparing a view with its lock file came to.
#[derive(Debug, Default)]
pub struct PinReport<'a> {
    /// What reports call the lock file: `weighbridge.lock`, `weighbridge.lock at 1a2b3c4 (main)`.
    pub name: String,
    /// Its path from the root.
    pub path: Text,
    /// Whether there is one.
    pub exists: bool,
    /// Pinned files that are not what was pinned, in the order of the view.
    pub changed: Vec<Changed<'a>>,
    /// Artifacts that the policy wants pinned and that are not, in the order of the view.
    pub unpinned: Vec<Unpinned<'a>>,
    /// Pins whose file is not there, by path.
    pub gone: Vec<Gone<'a>>,
    /// What the view's change does to the lock file.
    pub edits: Option<ChangedLock<'a>>,
}

/// A pinned file that is not what was pinned.
#[derive(Debug)]
pub struct Changed<'a> {
    /// The file.
    pub entry: &'a Entry,
    /// What was pinned.
    pub pin: &'a Pin,
    /// What is there; `None` if it could not be read.
    pub now: Option<&'a Pin>,
}

/// An artifact that the policy wants pinned and that is not.
#[derive(Debug)]
pub struct Unpinned<'a> {
    /// The artifact.
    pub entry: &'a Entry,
    /// Whether it can run code, or resolve what is no data.
    pub executable: bool,
}

/// A pin whose file is not there.
#[derive(Debug)]
pub struct Gone<'a> {
    /// The pin.
    pub pin: &'a Pin,
    /// A file without a pin that has the same bytes.
    pub renamed_to: Option<&'a Text>,
    /// A file that says where the bytes are kept, such as `models/a.pt.dvc`.
    pub kept_by: Option<Text>,
}

/// What a change does to the lock file.
#[derive(Debug)]
pub struct ChangedLock<'a> {
    /// The pins that it adds, changes and removes, by path.
    pub edits: Vec<LockEdit<'a>>,
    /// Whether the change is judged as it leaves the lock file, because its author is the one who looks: only what loosens is
    /// worth a word then.
    pub by_author: bool,
}
