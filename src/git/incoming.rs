//! What others want to give to a repository.

use std::path::{Path, PathBuf};

use super::View;
use crate::error::Error;

/// What others want to give to a repository, or it to others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Incoming {
    /// What is to be reached then: ids of commits, tags, trees or blobs in full, hexadecimal. One of zeros only stands for
    /// nothing, as in git's hooks.
    pub tips: Vec<String>,
    /// What the receiver has already; with everything that it reaches, it is left out.
    pub known: Vec<Known>,
}

/// What a receiver has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// What the references of this repository reach: before a push is accepted, all that came earlier.
    AllRefs,
    /// What the references that were fetched from this remote reach (`refs/remotes/<name>/`).
    Remote(String),
    /// What these commits reach: ids in full, hexadecimal. Those that are not here are passed over.
    Commits(Vec<String>),
}

/// Not there yet: refuses.
///
/// # Errors
/// Always.
pub fn incoming(cwd: &Path, _: &Incoming) -> Result<View, Error> {
    Err(super::locate::usage(
        format!("`{}`: incoming commits are not read yet", cwd.display()),
        "nothing is let through unread",
    ))
}

/// Not there yet: refuses.
///
/// # Errors
/// Always.
pub fn history(cwd: &Path, _: &str, _: &[PathBuf]) -> Result<View, Error> {
    incoming(cwd, &Incoming::default())
}
