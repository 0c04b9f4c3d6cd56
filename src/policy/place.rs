//! Where a policy is: what it is called, and what has to be known of the place that it is looked for in.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::fact::Text;

/// What a policy is called.
pub const NAME: &str = "weighbridge.yaml";

/// Where a repository keeps its policy, relative to its root; the first that is there counts.
pub const PLACES: &[&str] = &[NAME, ".weighbridge.yaml", ".github/weighbridge.yaml"];

/// What is looked at, as far as its policy is concerned.
pub trait Place {
    /// The folder that paths are relative to.
    fn root(&self) -> &Path;

    /// Whether it is of a git repository.
    fn is_repository(&self) -> bool;

    /// Where policies are read from, in words that stand after a file's name: `at 1a2b3c4 (main)`; `None` if it is the disk.
    fn state(&self) -> Option<&str>;

    /// Whether that is the index.
    fn is_index(&self) -> bool;

    /// A file from there, relative to the root.
    ///
    /// # Errors
    /// Whatever keeps it from being read.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Whether there is anything at a path there.
    fn has(&self, path: &Path) -> bool;

    /// Where the file at a path there really is: links followed.
    fn real(&self, path: &Path) -> PathBuf;

    /// The paths of all that is looked at.
    fn paths(&self) -> Box<dyn Iterator<Item = &Text> + '_>;
}
