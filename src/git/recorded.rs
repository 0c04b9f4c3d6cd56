//! Views without their repository: what an audit recorded of one, to be judged again.
//!
//! A recorded view has the paths, and the bytes of the files that its policy was read from. It opens no item: what each was seen to
//! be is known to whoever judges it.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use gix::bstr::ByteSlice as _;
use serde::{Deserialize, Serialize};

use super::{
    Item, Origin, View,
    attributes::{self, AttributesFile},
    objects::Stores,
    policy_state::PolicyState,
    relative_bytes,
};
use crate::fact::{ContentSource, Entry, EntryKind, Introduction, Text};

/// An entry of a recorded view.
#[derive(Debug, Clone)]
pub struct RecordedItem {
    /// Its path.
    pub path: Text,
    /// What stands there.
    pub kind: EntryKind,
    /// What introduced it, in a view of a history.
    pub introduced_by: Option<Arc<Introduction>>,
    /// Whether it stands for a commit, a tag or a whole tree and not for a file.
    pub is_object: bool,
}

/// The files that a view's policy was read from, by path, with their bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedFiles(BTreeMap<Vec<u8>, Vec<u8>>);

impl RecordedFiles {
    pub(super) fn read(&self, path: &Path, view: &View) -> io::Result<Vec<u8>> {
        let path = relative_bytes(path);
        if let Some(bytes) = self.0.get(&path) {
            return Ok(bytes.clone());
        }
        if view.has_item(&Text::new(&path)) {
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

    /// The bytes of a file.
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.0.get(path.as_bytes()).map(Vec::as_slice)
    }
}

impl View {
    /// A view of what was recorded, called so, with the files of its policy at a place (`at 1a2b3c4 (main)`). `whole` says that it
    /// holds all files of a commit.
    pub fn recorded(
        root: PathBuf,
        label: String,
        items: Vec<RecordedItem>,
        (files, place): (RecordedFiles, String),
        whole: bool,
    ) -> Self {
        let items = items.into_iter().map(|recorded| Item {
            entry: Entry {
                path: recorded.path,
                kind: recorded.kind,
                introduced_by: recorded.introduced_by,
            },
            noted: Vec::new(),
            origin: if recorded.is_object {
                Origin::Object
            } else {
                Origin::Nowhere
            },
            before: None,
            checkout: None,
            submodule: None,
        });
        let view = Self::new(root, label, items.collect());
        let _ = view.stores.set(Stores::none());
        view.content_from(ContentSource::Scattered)
            .with_policy_state(PolicyState::recorded(Arc::new(files), place))
            .whole(whole)
    }

    /// From now on, keeps the policy files that are read of it.
    pub fn record_policy_files(&mut self) {
        self.files_read = Some(Mutex::default());
    }

    /// The policy files that were read since, those of `more` that are there, and the files of attributes.
    pub fn recorded_policy_files(&self, more: &[&str]) -> RecordedFiles {
        let files = self.policy_files();
        let attributes = self.items.iter().map(|item| &item.entry);
        let attributes = attributes
            .filter(|entry| entry.file_name() == attributes::FILE)
            .filter_map(|entry| entry.path.as_bytes().to_path().ok());
        for path in more.iter().map(Path::new).chain(attributes) {
            // What cannot be read is none of the policy's files.
            let _ = files.read(path);
        }
        let read = self.files_read.as_ref();
        let read = read.map(|read| read.lock().unwrap_or_else(PoisonError::into_inner).clone());
        read.unwrap_or_default()
    }

    pub(super) fn note_policy_file(&self, path: &Path, bytes: &[u8]) {
        if let Some(read) = &self.files_read {
            let mut read = read.lock().unwrap_or_else(PoisonError::into_inner);
            read.0.insert(relative_bytes(path), bytes.to_vec());
        }
    }
}
