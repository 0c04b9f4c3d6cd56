//! The pins that hold for a view.

use rustc_hash::FxHashSet;

use super::{Lock, Pin};
use crate::fact::Text;

/// The pins that hold for a view.
#[derive(Debug, Clone, Default)]
pub struct PinBook {
    /// What reports call the lock file that judges: `weighbridge.lock`, `weighbridge.lock at 1a2b3c4 (main)`.
    pub name: String,
    /// The path of the lock file from the root.
    pub path: Text,
    /// Whether the policy may ask for pins here: there is a place for a lock file.
    pub asked: bool,
    lock: Option<Lock>,
    change: Option<LockChange>,
    /// The sizes of the pinned files: one without a pin that has none of them cannot be a pinned one under another name.
    sizes: FxHashSet<u64>,
}

/// The lock file on both sides of a change.
#[derive(Debug, Clone)]
pub struct LockChange {
    /// Where the change begins.
    pub before: Lock,
    /// As the change leaves it.
    pub after: Lock,
    /// Whether the change is judged by the lock file as it leaves it: its author is the one who looks.
    pub by_author: bool,
}

impl PinBook {
    /// Of the lock file that judges, and of what the change that is looked at makes of it.
    pub fn new(name: String, path: Text, lock: Option<Lock>, change: Option<LockChange>) -> Self {
        let after = change.as_ref().map(|change| &change.after);
        let pins = lock.iter().chain(after).flat_map(Lock::pins);
        let sizes = pins.map(|pin| pin.size).collect();
        Self {
            name,
            path,
            asked: false,
            lock,
            change,
            sizes,
        }
    }

    /// Whether there is a lock file, where it judges or in the change.
    pub fn exists(&self) -> bool {
        self.lock.is_some() || self.change.as_ref().is_some_and(|it| !it.after.is_empty())
    }

    /// The lock file that judges.
    pub fn lock(&self) -> Option<&Lock> {
        self.lock.as_ref()
    }

    /// What the change makes of it.
    pub fn change(&self) -> Option<&LockChange> {
        self.change.as_ref()
    }

    /// The pin that a file must match. What a change says of the files that it brings is part of it and reported by itself, so its own
    /// pin counts; where it has none, the one that judges does, so that nothing is let pass by removing a pin.
    pub fn pin(&self, path: &Text) -> Option<&Pin> {
        let after = self.change.as_ref().and_then(|it| it.after.get(path));
        after.or_else(|| self.lock.as_ref()?.get(path))
    }

    /// Whether a file of this size may be a pinned one under another name.
    pub fn may_be_renamed(&self, size: u64) -> bool {
        self.sizes.contains(&size)
    }
}
