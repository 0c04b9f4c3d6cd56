//! Entries: what is in a work tree, an index, a commit, a change, a folder, or under a name. The only user of `gix`.
//!
//! A [`View`] is a sorted list of [`Item`]s whose bytes have not been read; a [`Reader`] (one for each worker) opens
//! them, from disk or from the object store, and follows git-lfs pointers into the local store. Nothing is judged
//! here and no program is run. What cannot be listed or opened becomes a fact of its item, never a gap in the view.
#![deny(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]
#![cfg_attr(
    test,
    allow(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::unwrap_used,
        reason = "tests may fail loudly"
    )
)]

mod annex;
mod attribute_edits;
mod attributes;
mod change;
mod checkout;
mod dvc;
mod dvc_outputs;
mod history;
mod hooks;
mod index;
mod lfs;
mod line_ends;
mod lines;
mod links;
mod locate;
mod lock_file;
mod loose;
mod neighbours;
mod objects;
mod only;
mod open_repository;
mod own_folder;
mod paths;
mod policy_edits;
mod policy_state;
mod read;
mod reading_order;
mod recent;
mod recorded;
mod recorded_files;
mod repository;
mod revision;
mod rewritten;
mod snapshot;
mod submodule;
mod submodule_walk;
mod tree;
mod walk;

pub use annex::{ANNEX_POINTER, annexed};
pub use attribute_edits::{
    AttributeLines, attribute_edits, attribute_lines, compare_attribute_lines, is_attributes,
};
pub use change::{change, first_revision, revision, ruled_by};
pub use checkout::Checkout;
pub use dvc_outputs::add_outputs_of_dvc;
pub use history::{Incoming, Known, all_refs, history, incoming, line_origins, policy_of};
pub use hooks::{Hooks, hooks};
pub use index::{index, staged};
pub use links::LinkEnd;
pub use locate::{file, standard_input, text, work_tree};
pub use lock_file::pushed;
pub use lock_file::{BothSides, LockFiles};
pub use neighbours::Neighbours;
pub use only::Only;
pub use own_folder::OwnFolder;
pub use policy_edits::{mark_policy_edits, mark_policy_effect};
pub use policy_state::{PolicyFiles, PolicyState, head_name, without_place};
pub use read::{Content, Opened, OtherForms, Reader};
pub use recorded::{
    Keeper, RecordedItem, commit_of, missing_blobs, places_of_content, recorded_policy_files,
    recorded_view, recording,
};
pub use recorded_files::RecordedFiles;

use std::{
    collections::BTreeSet,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock},
};

use gix::bstr::ByteSlice as _;
use reading_order::ReadingOrder;

use crate::{
    bytes::Window,
    error::Error,
    fact::{Circumstance, ContentSource, Entry, EntryKind, Text},
};

/// What the user asked to look at: a root, and the items below it in path order.
pub struct View {
    /// The folder that paths are relative to, and where a policy is looked for.
    pub root: PathBuf,
    /// In words: `the work tree`, `the index`, `the change main...HEAD (1a2b3c4..5d6e7f8)`, a path.
    pub label: String,
    /// Sorted by path; in an index, the sides of a conflict share one.
    pub items: Vec<Item>,
    /// What is to be known of the view as a whole, a sentence each: that history ends where a shallow clone does.
    pub notices: Vec<String>,
    /// Commits that introduced what is no longer there, and that no remote is known to have: ids in full, hexadecimal.
    pub unpushed: BTreeSet<String>,
    /// Where the bytes of its files are.
    pub content_source: ContentSource,
    repository: Option<gix::ThreadSafeRepository>,
    stores: OnceLock<objects::Stores>,
    /// Made when the first content is asked for: until then items may be added.
    reading_order: OnceLock<ReadingOrder>,
    lfs: OnceLock<lfs::Store>,
    /// The attributes that exempt, and those of what is checked out.
    exempting: Mutex<attributes::Folders>,
    attributes: Mutex<attributes::Folders>,
    /// The submodules that items are in.
    submodules: submodule::Submodules,
    policy_state: PolicyState,
    /// Whether another state than the view's own was named for its policy.
    judged_by_another: bool,
    sides: Option<change::Sides>,
    /// What is compared to see whether the policy changes, where that is not `sides`.
    policy_change: Option<change::Sides>,
    /// What a push makes of what its policy is from: the lock file is compared on both sides, and what is pinned.
    pushed: Option<change::Sides>,
    /// Whether no file is left out of it.
    whole: bool,
    /// The policy files that were read, if they are to be recorded.
    policy_log: Option<recorded_files::PolicyLog>,
}

/// An entry, how to open it, and what listing already showed about it.
#[derive(Debug, Clone)]
pub struct Item {
    /// The entry.
    pub entry: Entry,
    /// What listing it showed: a conflict, a folder that cannot be listed.
    pub noted: Vec<Circumstance>,
    origin: Origin,
    /// What a change found at its path: a blob for a file, a commit for a submodule.
    before: Option<gix::ObjectId>,
    /// How git writes it to disk, where that is not to be told from the view.
    checkout: Option<Checkout>,
    /// The submodule it is in, by its place in the view's list.
    submodule: Option<usize>,
}

/// Where an item's bytes are.
#[derive(Debug, Clone)]
enum Origin {
    /// At its path below the root.
    Disk,
    /// Under a path the user named: links are followed, because the user asked for what is behind them.
    Named(PathBuf),
    /// Given by the user, under no path of this machine.
    Given(Window),
    /// In the object store.
    Blob(gix::ObjectId),
    /// Where DVC keeps it.
    Dvc(Arc<dvc::Output>),
    /// Nowhere that could be read; what was noted of the item says why.
    Nowhere,
    /// A commit, a tag or a whole tree that could not be read; the path is where git keeps it, or what it is called.
    Object,
}

impl Item {
    fn new(path: &[u8], kind: EntryKind, origin: Origin) -> Self {
        Self {
            entry: Entry {
                path: Text::new(path),
                kind,
                introduced_by: None,
            },
            noted: Vec::new(),
            origin,
            before: None,
            checkout: None,
            submodule: None,
        }
    }

    fn with(mut self, noted: Circumstance) -> Self {
        self.noted.push(noted);
        self
    }

    /// The id of what a change found at its path, if that is compared with what it brings.
    pub fn before(&self) -> Option<&[u8]> {
        self.before.as_ref().map(|id| id.as_bytes())
    }

    /// The object id of its blob, if git has one for it in the view's own repository.
    pub fn blob(&self) -> Option<&[u8]> {
        match &self.origin {
            Origin::Blob(id) if self.submodule.is_none() => Some(id.as_bytes()),
            _ => None,
        }
    }

    /// Whether it stands for a commit, a tag or a whole tree and not for a file: then its path is none of the work's.
    pub fn is_object(&self) -> bool {
        matches!(self.origin, Origin::Object)
    }
}

impl View {
    fn new(root: PathBuf, label: String, mut items: Vec<Item>) -> Self {
        sort_by_path(&mut items);
        Self {
            root,
            label,
            items,
            notices: Vec::new(),
            unpushed: BTreeSet::new(),
            content_source: ContentSource::default(),
            repository: None,
            stores: OnceLock::new(),
            reading_order: OnceLock::new(),
            lfs: OnceLock::new(),
            exempting: Mutex::default(),
            attributes: Mutex::default(),
            submodules: submodule::Submodules::default(),
            policy_state: PolicyState::default(),
            judged_by_another: false,
            sides: None,
            policy_change: None,
            pushed: None,
            whole: false,
            policy_log: None,
        }
    }

    fn content_from(self, content_source: ContentSource) -> Self {
        Self {
            content_source,
            ..self
        }
    }

    fn in_repository(mut self, repository: gix::ThreadSafeRepository) -> Self {
        self.repository = Some(repository);
        self
    }

    /// In a repository whose object stores are open.
    fn with_stores(self, repository: gix::ThreadSafeRepository, stores: objects::Stores) -> Self {
        let _ = self.stores.set(stores);
        self.in_repository(repository)
    }

    /// How many contents there are to be read. What git stores at several paths is one; on disk, every item is its own.
    pub fn contents(&self) -> usize {
        self.reading_order().contents().unwrap_or(self.items.len())
    }

    /// The places in [`View::items`] of those that have the `n`th content, in the order in which contents are read fastest.
    pub fn items_with_content(&self, n: usize) -> impl Iterator<Item = usize> + '_ {
        let order = self.reading_order();
        let own = order.contents().is_none() && n < self.items.len();
        let shared = order.items_with_content(n).iter();
        let shared = shared.filter_map(|at| usize::try_from(*at).ok());
        own.then_some(n).into_iter().chain(shared)
    }

    fn reading_order(&self) -> &ReadingOrder {
        self.reading_order.get_or_init(|| ReadingOrder::of(self))
    }

    /// Whether the view is of a git repository.
    pub fn is_repository(&self) -> bool {
        self.repository.is_some() || self.policy_state.is_recorded()
    }

    /// Opens items, for one worker.
    pub fn reader(&self) -> Reader<'_> {
        Reader::new(self)
    }

    /// The object stores of a submodule, or of the view's own repository, if there is one.
    fn stores(&self, submodule: Option<usize>) -> Result<Option<&objects::Stores>, Error> {
        let (stores, repository) = match (submodule, self.submodules.get(submodule)) {
            (_, Some(submodule)) => (&submodule.stores, &submodule.repository),
            (Some(_), None) => return Ok(None),
            (None, None) => match &self.repository {
                Some(repository) => (&self.stores, repository),
                None => return Ok(self.stores.get()),
            },
        };
        if stores.get().is_none() {
            let opened = objects::Stores::of(repository)?;
            return Ok(Some(stores.get_or_init(|| opened)));
        }
        Ok(stores.get())
    }

    /// The local git-lfs store of a submodule, or the view's own, looked up when the first pointer is met.
    fn lfs(&self, submodule: Option<usize>) -> &lfs::Store {
        let (lfs, repository) = match self.submodules.get(submodule) {
            Some(submodule) => (&submodule.lfs, Some(&submodule.repository)),
            None => (&self.lfs, self.repository.as_ref()),
        };
        lfs.get_or_init(|| match repository {
            Some(repository) => lfs::Store::of(&repository.to_thread_local()),
            None => lfs::Store::default(),
        })
    }
}

/// Sorts items by path; the sides of a conflict stay in the order of their stages.
fn sort_by_path(items: &mut Vec<Item>) {
    if items.is_sorted_by(|a, b| a.entry.path <= b.entry.path) {
        return;
    }
    // An item is large, and sorting moves what it sorts many times: their places are sorted.
    let mut paths: Vec<(&Text, usize)> = items.iter().map(|it| &it.entry.path).zip(0..).collect();
    paths.sort_unstable();
    let order: Vec<usize> = paths.into_iter().map(|(_, at)| at).collect();
    let mut unsorted: Vec<Option<Item>> = items.drain(..).map(Some).collect();
    let sorted = order.into_iter();
    items.extend(sorted.filter_map(|at| unsorted.get_mut(at)?.take()));
}

/// The bytes of a path: exact where the platform has bytes.
fn path_bytes(path: &Path) -> Vec<u8> {
    <[u8]>::from_path(path).map_or_else(
        || path.to_string_lossy().into_owned().into_bytes(),
        <[u8]>::to_vec,
    )
}

/// A path below a root as entries spell it: `/`-separated.
fn relative_bytes(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for component in path.components() {
        if !bytes.is_empty() {
            bytes.push(b'/');
        }
        bytes.extend_from_slice(&path_bytes(component.as_os_str().as_ref()));
    }
    bytes
}

#[allow(
    clippy::missing_fields_in_debug,
    reason = "what is open is not what the view is"
)]
impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View")
            .field("root", &self.root)
            .field("label", &self.label)
            .field("items", &self.items)
            .finish_non_exhaustive()
    }
}
