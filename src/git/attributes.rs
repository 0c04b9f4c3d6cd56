//! `.gitattributes`, for the one attribute that is ours: `weighbridge=off`, or `-weighbridge`.
//!
//! Only files of the view's own tree count. What a user keeps for himself (`core.attributesFile`, `$GIT_DIR/info/attributes`)
//! holds for nobody else, and what generators and languages say about a file (`linguist-vendored`, `linguist-generated`)
//! makes loading it no safer.

use std::{path::Path, sync::Arc};

use gix::{
    attrs::{
        Search, StateRef,
        search::{MetadataCollection, Outcome},
    },
    bstr::{BStr, ByteSlice as _},
    glob::pattern::Case,
};
use rustc_hash::FxHashMap;

use super::{View, objects::Trees};

/// The attribute.
const NAME: &str = "weighbridge";

/// Folders above a path whose attributes are looked at. Below that nothing is exempt: each costs as much as all above it.
const DEPTH: usize = 128;

/// The attribute files that have been met, by folder.
#[derive(Default)]
pub(super) struct Attributes {
    folders: FxHashMap<Vec<u8>, Arc<Folder>>,
}

/// All that holds in a folder: its own file after those of the folders above it.
#[derive(Default)]
struct Folder {
    search: Search,
    names: MetadataCollection,
    /// The files in it, for the folders below.
    files: Vec<(Vec<u8>, Arc<[u8]>)>,
}

impl Attributes {
    /// Whether a path is not to be looked at.
    pub(super) fn is_off(&mut self, view: &View, trees: &mut Trees, path: &[u8]) -> bool {
        if memchr::memchr_iter(b'/', path).count() > DEPTH {
            return false;
        }
        let end = path
            .iter()
            .rposition(|b| *b == b'/')
            .map_or(0, |at| at.saturating_add(1));
        let folder = self.folder(view, trees, path.get(..end).unwrap_or_default());
        if folder.files.is_empty() {
            return false;
        }
        let mut outcome = Outcome::default();
        outcome.initialize_with_selection(&folder.names, [NAME]);
        folder.search.pattern_matching_relative_path(
            BStr::new(path),
            Case::Sensitive,
            Some(false),
            &mut outcome,
        );
        outcome
            .iter_selected()
            .any(|found| match found.assignment.state {
                StateRef::Unset => true,
                StateRef::Value(value) => value.as_bstr() == "off",
                StateRef::Set | StateRef::Unspecified => false,
            })
    }

    fn folder(&mut self, view: &View, trees: &mut Trees, path: &[u8]) -> Arc<Folder> {
        if let Some(known) = self.folders.get(path) {
            return Arc::clone(known);
        }
        // From the root down, so that a path of any depth needs no recursion.
        let mut above = Arc::new(Folder::default());
        let slashes = path.iter().enumerate().filter(|(_, b)| **b == b'/');
        let ends = std::iter::once(0).chain(slashes.map(|(at, _)| at.saturating_add(1)));
        for end in ends {
            let here = path.get(..end).unwrap_or(path);
            if let Some(known) = self.folders.get(here) {
                above = Arc::clone(known);
                continue;
            }
            if let Some(bytes) = view.attributes_file(trees, here) {
                let mut files = above.files.clone();
                files.push((here.to_vec(), bytes.into()));
                above = Arc::new(Folder::of(files));
            }
            self.folders.insert(here.to_vec(), Arc::clone(&above));
        }
        above
    }
}

impl Folder {
    fn of(files: Vec<(Vec<u8>, Arc<[u8]>)>) -> Self {
        let mut folder = Self::default();
        for (path, bytes) in &files {
            let Ok(place) = path.to_path() else { continue };
            // Macros are those of the root alone. What git cannot read, it passes over.
            let _ = folder.search.add_patterns_buffer(
                bytes,
                place.join(".gitattributes"),
                Some(Path::new("")),
                &mut folder.names,
                path.is_empty(),
            );
        }
        folder.files = files;
        folder
    }
}
