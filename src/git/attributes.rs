//! `.gitattributes`: the one attribute that is ours, `weighbridge=off` or `-weighbridge`, and those by which git changes bytes.
//!
//! Ours are read from where the policy is, those of a checkout from what is checked out.
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

use super::{
    View,
    checkout::{NAMES, Rewriting, State},
    objects::Trees,
};
use crate::fact::Unread;

/// The attribute.
const NAME: &str = "weighbridge";

/// Folders above a path whose attributes are looked at. Below that nothing is exempt: each costs as much as all above it.
const DEPTH: usize = 128;

/// Bytes of a path that git can check out: systems take no longer ones.
const LONGEST: usize = 4096;

/// What git defines without being told.
const BUILT_IN: &[u8] = b"[attr]binary -diff -merge -text\n";

/// Where attribute files are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Where the policy is.
    Ground,
    /// What the view looks at.
    After,
}

/// The attribute files that have been met, by folder.
pub(super) struct Attributes {
    side: Side,
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
    pub(super) fn new(side: Side) -> Self {
        Self {
            side,
            folders: FxHashMap::default(),
        }
    }

    /// How git changes the bytes of a path on checkout.
    ///
    /// # Errors
    /// A path that is too deep to know.
    pub(super) fn rewriting(
        &mut self,
        view: &View,
        trees: &mut Trees,
        path: &[u8],
    ) -> Result<Rewriting, Unread> {
        if path.len() > LONGEST {
            return Ok(Rewriting::default());
        }
        if memchr::memchr_iter(b'/', path).count() > DEPTH {
            let limit = format!("{DEPTH} folders whose .gitattributes are looked at");
            return Err(Unread::Limit { limit });
        }
        let folder = self.folder_of(view, trees, path);
        if folder.files.is_empty() {
            return Ok(Rewriting::default());
        }
        let mut states: [State; NAMES.len()] = Default::default();
        for (name, state) in folder.states(path, &NAMES) {
            if let Some(place) = NAMES.iter().position(|known| *known == name)
                && let Some(place) = states.get_mut(place)
            {
                *place = state;
            }
        }
        Ok(Rewriting::new(&states))
    }

    fn folder_of(&mut self, view: &View, trees: &mut Trees, path: &[u8]) -> Arc<Folder> {
        let end = path
            .iter()
            .rposition(|b| *b == b'/')
            .map_or(0, |at| at.saturating_add(1));
        self.folder(view, trees, path.get(..end).unwrap_or_default())
    }

    /// Whether a path is not to be looked at.
    pub(super) fn is_off(&mut self, view: &View, trees: &mut Trees, path: &[u8]) -> bool {
        if memchr::memchr_iter(b'/', path).count() > DEPTH {
            return false;
        }
        let folder = self.folder_of(view, trees, path);
        if folder.files.is_empty() {
            return false;
        }
        let states = folder.states(path, &[NAME]);
        states.into_iter().any(|(_, state)| match state {
            State::Unset => true,
            State::Value(value) => value == b"off",
            State::Set | State::Unspecified => false,
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
            if let Some(bytes) = view.attributes_file(trees, here, self.side) {
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
    /// What is said of a path, for some attributes.
    fn states(&self, path: &[u8], names: &[&str]) -> Vec<(String, State)> {
        let mut outcome = Outcome::default();
        outcome.initialize_with_selection(&self.names, names.iter().copied());
        self.search.pattern_matching_relative_path(
            BStr::new(path),
            Case::Sensitive,
            Some(false),
            &mut outcome,
        );
        let said = outcome.iter_selected().map(|found| {
            let state = match found.assignment.state {
                StateRef::Set => State::Set,
                StateRef::Unset => State::Unset,
                StateRef::Value(value) => State::Value(value.as_bstr().to_vec()),
                StateRef::Unspecified => State::Unspecified,
            };
            (found.assignment.name.as_str().to_owned(), state)
        });
        said.collect()
    }

    fn of(files: Vec<(Vec<u8>, Arc<[u8]>)>) -> Self {
        let mut folder = Self::default();
        let _ = folder.search.add_patterns_buffer(
            BUILT_IN,
            "[builtin]".into(),
            None,
            &mut folder.names,
            true,
        );
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
