//! A folder for what is needed only as long as a command runs.

use std::path::Path;

use tempfile::TempDir;

use crate::error::Error;

/// A new folder where the system keeps such folders, for nobody else. It is removed with this value.
#[derive(Debug)]
pub(crate) struct Scratch(TempDir);

impl Scratch {
    /// Makes one.
    ///
    /// # Errors
    /// Whatever the operating system answers.
    pub(crate) fn new() -> Result<Self, Error> {
        let made = tempfile::Builder::new().prefix("weighbridge-").tempdir();
        made.map(Self).map_err(|source| Error::Write {
            path: std::env::temp_dir(),
            source,
        })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}
