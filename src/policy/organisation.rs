//! An organisation's policy above a repository's own.

use std::path::PathBuf;

use super::{LockAttempt, load::Ancestry, locate::Origin};

/// What a policy has of the organisation's above it.
#[derive(Debug)]
pub struct Organisation {
    /// The files that the organisation's policy was read from: each as it was named, and where links led.
    pub files: Vec<PathBuf>,
    /// Whether it judges alone: there is no policy of the repository's, or it is the same file.
    pub judges_alone: bool,
    /// How many of the policies that were read are it and what it extends: the first ones.
    pub(super) documents: usize,
    /// What the repository's policy says against its locks, which was taken away.
    pub attempts: Vec<LockAttempt>,
    /// Where that stands.
    pub(super) set_aside: Vec<Origin>,
}

impl Organisation {
    /// The organisation's among policies that were read, if it is there.
    pub(super) fn of(ancestry: Ancestry, files: Vec<PathBuf>) -> Option<Self> {
        let Ancestry { above, own, .. } = ancestry;
        (above > 0).then(|| Self {
            files,
            judges_alone: own.is_none_or(|own| own < above),
            documents: above,
            attempts: Vec::new(),
            set_aside: Vec::new(),
        })
    }
}
