//! Policy files as they were read, so that a repository can be judged again without it.

use std::{
    collections::BTreeMap,
    io,
    path::Path,
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};

use super::{
    attributes::{self, AttributesFile},
    relative_bytes,
};
use crate::fact::Text;

/// The files that a view's policy was read from, by path, with their bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedFiles(BTreeMap<Vec<u8>, Vec<u8>>);

impl RecordedFiles {
    /// The bytes of a file. `is_item` says whether the view has a path: what it has and nobody read is not known.
    pub(super) fn read(
        &self,
        path: &Path,
        is_item: impl FnOnce(&Text) -> bool,
    ) -> io::Result<Vec<u8>> {
        let path = relative_bytes(path);
        if let Some(bytes) = self.0.get(&path) {
            return Ok(bytes.clone());
        }
        if is_item(&Text::new(&path)) {
            let why = "it was not read when the repository was audited; audit it once more";
            return Err(io::Error::other(why));
        }
        Err(io::Error::from(io::ErrorKind::NotFound))
    }

    pub(super) fn has(&self, path: &Path) -> bool {
        self.0.contains_key(&relative_bytes(path))
    }

    pub(super) fn attributes(&self, folder: &[u8]) -> Option<AttributesFile> {
        let bytes = self.0.get([folder, attributes::FILE].concat().as_slice())?;
        Some(AttributesFile::Bytes(bytes.clone()))
    }

    /// The bytes of a file, if it was read.
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.0.get(path.as_bytes()).map(Vec::as_slice)
    }
}

/// Takes note of policy files while they are read.
#[derive(Debug, Default)]
pub(super) struct PolicyLog(Mutex<RecordedFiles>);

impl PolicyLog {
    pub(super) fn note(&self, path: &Path, bytes: &[u8]) {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.0.insert(relative_bytes(path), bytes.to_vec());
    }

    pub(super) fn files(&self) -> RecordedFiles {
        let files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.clone()
    }
}
