//! What a clone keeps for itself between runs: files in its git directory, which no commit has and no clone gets.

use std::{io, path::PathBuf};

use super::View;
use crate::bytes::{ByteSource as _, FileSource, Window, narrow};

/// A folder in the git directory of a work tree, for files that can be made again. It need not be there.
#[derive(Debug)]
pub struct OwnFolder(PathBuf);

impl OwnFolder {
    /// That of the work tree that a view is in; `None` outside of a repository.
    pub fn of(view: &View) -> Option<Self> {
        let repository = view.repository.as_ref()?.to_thread_local();
        Some(Self(repository.git_dir().join("weighbridge")))
    }

    /// Its path.
    pub fn path(&self) -> &std::path::Path {
        &self.0
    }

    /// A file in it, of at most so many bytes.
    ///
    /// # Errors
    /// Whatever opening it answers; a file that somebody else owns, or that a link leads to: it says what somebody else wants.
    pub fn read(&self, name: &str, most: u64) -> io::Result<Vec<u8>> {
        let path = self.0.join(name);
        for part in [&self.0, &path] {
            if std::fs::symlink_metadata(part)?.is_symlink() {
                return Err(io::Error::other("it is a symbolic link"));
            }
            if !gix::sec::identity::is_path_owned_by_current_user(part)? {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
        }
        let source = FileSource::open(&path)?;
        let length = source.len();
        if length > most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Window::new(source).bytes_at(0, narrow(length))
    }
}
