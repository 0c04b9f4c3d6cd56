//! Policy files on disk, one of them with a text that is not written yet.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::super::load::{Disk, Files};

/// The disk, as it would be if a file had this text.
pub(in crate::policy) struct Edited<'t> {
    pub(in crate::policy) path: &'t Path,
    pub(in crate::policy) text: &'t str,
}

impl Files for Edited<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if path == self.path {
            Ok(self.text.as_bytes().to_vec())
        } else {
            Disk.read(path)
        }
    }

    fn real(&self, path: &Path) -> PathBuf {
        Disk.real(path)
    }

    fn name(&self, path: &Path) -> String {
        Disk.name(path)
    }
}
