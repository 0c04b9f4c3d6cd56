//! Views without their repository: what an audit recorded of one, to be judged again.
//!
//! A recorded view has the paths, and the bytes of the files that its policy was read from. It opens no item: what each was seen to
//! be is known to whoever judges it.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use gix::bstr::ByteSlice as _;

use super::{
    Item, Origin, View, attributes, lfs,
    objects::Stores,
    policy_state::PolicyState,
    recorded_files::{PolicyLog, RecordedFiles},
    revision::Revision,
};
use crate::{
    error::Error,
    fact::{ContentSource, Entry, EntryKind, Introduction, Text},
};

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

/// A view of what was recorded, called so, with the files of its policy and the place where they were (`at 1a2b3c4 (main)`). `whole`
/// says that it holds all files of a commit.
pub fn recorded_view(
    root: PathBuf,
    label: String,
    items: Vec<RecordedItem>,
    (files, place): (RecordedFiles, String),
    whole: bool,
) -> View {
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
    let view = View::new(root, label, items.collect());
    let _ = view.stores.set(Stores::none());
    view.content_from(ContentSource::Scattered)
        .with_policy_state(PolicyState::recorded(Arc::new(files), place))
        .whole(whole)
}

/// The same view, which keeps the policy files that are read of it from now on. Its policy is that of `HEAD`, whatever lies in a work tree.
///
/// # Errors
/// A `HEAD` that cannot be read.
pub fn recording(mut view: View) -> Result<View, Error> {
    view.policy_log = Some(PolicyLog::default());
    if view.policy_files().state().is_some() {
        return Ok(view);
    }
    let state = match &view.repository {
        Some(repository) => PolicyState::head(&repository.to_thread_local())?,
        None => return Ok(view),
    };
    Ok(view.with_policy_state(state))
}

/// The commit that a name stands for in a view's repository, or its `HEAD`; `None` if there is none.
pub fn commit_of(view: &View, name: Option<&str>) -> Option<String> {
    let repository = view.repository.as_ref()?.to_thread_local();
    let revision = Revision::find(&repository, name.unwrap_or("HEAD")).ok()?;
    revision.commit.map(|id| id.to_string())
}

/// The object ids of the blobs of a view that its repository lacks, each once.
pub fn missing_blobs(view: &View) -> Vec<String> {
    let Ok(Some(stores)) = view.stores(None) else {
        return Vec::new();
    };
    let mut objects = stores.open();
    let mut ids: Vec<gix::ObjectId> = view
        .items
        .iter()
        .filter_map(|item| match item.origin {
            Origin::Blob(id) => Some(id),
            _ => None,
        })
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids.retain(|id| objects.header(*id).is_err());
    ids.iter().map(ToString::to_string).collect()
}

/// Something that bytes of a repository are kept by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keeper {
    /// git: objects and packs.
    Objects,
    /// git-lfs.
    Lfs,
    /// git-annex.
    Annex,
}

/// The folders in which bytes would appear that a repository lacks now, by what would bring them, and how deep below them folders may
/// change.
///
/// Objects are in folders of a store itself, what git-lfs keeps in two more, and git-annex has a folder for each content.
pub fn places_of_content(view: &View, keepers: &BTreeSet<Keeper>) -> Vec<(PathBuf, usize)> {
    let Some(repository) = &view.repository else {
        return Vec::new();
    };
    let repository = repository.to_thread_local();
    let mut places = Vec::new();
    for keeper in keepers {
        let (folders, depth) = match keeper {
            Keeper::Objects => {
                let store = repository.objects.store_ref();
                let mut folders = store.alternate_db_paths().unwrap_or_default();
                folders.push(store.path().to_owned());
                (folders, 1)
            }
            Keeper::Lfs => (lfs::Store::of(&repository).into_folders(), 2),
            Keeper::Annex => (vec![repository.common_dir().join("annex/objects")], 3),
        };
        places.extend(folders.into_iter().map(|folder| (folder, depth)));
    }
    places
}

/// The policy files that were read of a view that [records](recording) them, those of `more` that are there, and the files of
/// attributes.
pub fn recorded_policy_files(view: &View, more: &[&str]) -> RecordedFiles {
    let files = view.policy_files();
    let entries = view.items.iter().map(|item| &item.entry);
    let attributes = entries
        .filter(|entry| entry.file_name() == attributes::FILE)
        .filter_map(|entry| entry.path.as_bytes().to_path().ok());
    for path in more.iter().map(Path::new).chain(attributes) {
        // What cannot be read is none of the policy's files.
        let _ = files.read(path);
    }
    let log = view.policy_log.as_ref();
    log.map(PolicyLog::files).unwrap_or_default()
}
