//! The outputs of DVC in a view: each is an item, beside the file that lists it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use gix::bstr::ByteSlice as _;

use super::{
    Content, Item, Reader, View,
    dvc::{
        Cache, Expansion, Listed, ListedOutput, Listing, Output, joined, parse, small_file,
        working_folders,
    },
    objects::Trees,
    snapshot::blob,
    sort_by_path,
};
use crate::{
    bytes::narrow,
    fact::{Circumstance, EntryKind, NotFollowed, Text},
    limits,
};

/// Whether a file of this name lists outputs of DVC.
fn kind_of(name: &[u8]) -> Option<Listing> {
    match name {
        b"dvc.lock" => Some(Listing::Pipeline),
        name => {
            let stem = name.strip_suffix(b".dvc")?;
            (!stem.is_empty()).then_some(Listing::Outputs)
        }
    }
}

/// Adds to a view what its files of DVC list. Where there are none, nothing is read.
pub fn add_outputs_of_dvc(view: &mut View) {
    let lists = |item: &Item| {
        item.entry.kind == EntryKind::File && kind_of(item.entry.file_name()).is_some()
    };
    let listing: Vec<usize> = (0..)
        .zip(&view.items)
        .filter_map(|(at, item)| lists(item).then_some(at))
        .collect();
    if listing.is_empty() {
        return;
    }
    let mut noted = Vec::new();
    let mut reading = Reading {
        view,
        reader: view.reader(),
        caches: Caches::default(),
        found: Found::default(),
    };
    for at in listing {
        if let Some(item) = view.items.get(at) {
            noted.extend(reading.list(item).into_iter().map(|said| (at, said)));
        }
    }
    let outputs = reading.found.outputs;
    for (at, said) in noted {
        if let Some(item) = view.items.get_mut(at) {
            item.noted.push(Circumstance::NotFollowed(said));
        }
    }
    view.items.extend(outputs.into_values());
    sort_by_path(&mut view.items);
}

/// The files of DVC of a view, as they are read one after the other.
struct Reading<'v> {
    view: &'v View,
    reader: Reader<'v>,
    caches: Caches,
    found: Found,
}

impl Reading<'_> {
    /// Takes the outputs that one file lists. Returns what is not followed.
    fn list(&mut self, item: &Item) -> Vec<NotFollowed> {
        let Some(kind) = kind_of(item.entry.file_name()) else {
            return Vec::new();
        };
        let Content::Bytes(window) = self.reader.open(item).content else {
            // Why it could not be read is said of the file itself.
            return Vec::new();
        };
        let most = narrow(limits::DVC_BYTES);
        let listed = match window.bytes_at(0, most.saturating_add(1)) {
            Ok(bytes) if bytes.len() > most => Err(limits::Id::DVC_BYTES.to_string()),
            Ok(bytes) => parse(kind, &bytes),
            Err(_) => return Vec::new(),
        };
        let listed = match listed {
            Ok(listed) => listed,
            Err(why) => return vec![NotFollowed::UnreadOutputs(Text::from(why))],
        };
        let folder = folder_of(item.entry.path.as_bytes());
        let folders = match kind {
            Listing::Pipeline if !listed.is_empty() => working_folders_of(self.view, folder),
            _ => BTreeMap::default(),
        };
        let before = self.before(item, kind);
        let cache = self.caches.of(self.view, folder);
        let mut expansion = Expansion {
            view: self.view,
            item,
            cache,
            budget: &mut self.found.left,
            outputs: Vec::new(),
            not_followed: Vec::new(),
        };
        for Listed { stage, output } in listed {
            let folder = match folders.get(stage.split('@').next().unwrap_or_default()) {
                Some(below) => joined(folder, below),
                None => Some(folder.to_vec()),
            };
            // What a change leaves as it was is none of its files.
            if !before.contains(&output) {
                expansion.add(folder.as_deref(), &output);
            }
        }
        let Expansion {
            outputs,
            not_followed,
            ..
        } = expansion;
        for output in outputs {
            self.found.take(self.view, item, output);
        }
        not_followed
    }

    /// The outputs that a file listed before the view's change.
    fn before(&mut self, item: &Item, kind: Listing) -> BTreeSet<ListedOutput> {
        let Some(bytes) = self.reader.before(item) else {
            return BTreeSet::new();
        };
        let listed = parse(kind, &bytes).unwrap_or_default();
        listed.into_iter().map(|listed| listed.output).collect()
    }
}

/// The folders in which stages of a pipeline run, where those are not the pipeline's own. Only `dvc.yaml` says it.
fn working_folders_of(view: &View, folder: &[u8]) -> BTreeMap<String, String> {
    let path = match folder {
        b"" => b"dvc.yaml".to_vec(),
        folder => [folder, b"/dvc.yaml"].concat(),
    };
    let bytes = match view.after() {
        Some(snapshot) => view.stores(None).ok().flatten().and_then(|stores| {
            let mut trees = Trees::new(stores.open());
            let (_, id) = snapshot.entry(&mut trees, &path).ok()??;
            blob(&mut trees, id).ok()
        }),
        None if view.is_on_disk() => small_file(&view.root, &path),
        None => None,
    };
    bytes
        .map(|bytes| working_folders(&bytes))
        .unwrap_or_default()
}

/// Whether git has a file at a path, as the view's change leaves it.
fn has_in_git(view: &View, path: &Text) -> bool {
    let (Some(snapshot), Ok(Some(stores))) = (view.after(), view.stores(None)) else {
        return false;
    };
    snapshot.has(&mut Trees::new(stores.open()), path.as_bytes())
}

/// The outputs of a view.
#[derive(Debug)]
struct Found {
    outputs: BTreeMap<(Text, Option<String>, Option<usize>), Item>,
    /// How many more there may be.
    left: usize,
}

impl Default for Found {
    fn default() -> Self {
        Self {
            outputs: BTreeMap::new(),
            left: limits::DVC_FILES,
        }
    }
}

impl Found {
    /// An output, unless git has a file at its path, or it is there already: of a history, as the first commit brought it.
    fn take(&mut self, view: &View, item: &Item, output: Output) {
        if view.has_item(&output.path) || has_in_git(view, &output.path) {
            return;
        }
        let key = (output.path.clone(), output.md5.clone(), item.submodule);
        let new = output.into_item(item);
        let time = |item: &Item| item.entry.introduced_by.as_ref().map(|by| by.commit.time);
        match self.outputs.get_mut(&key) {
            Some(known) if time(&new) < time(known) => *known = new,
            Some(_) => {}
            None => {
                self.outputs.insert(key, new);
            }
        }
    }
}

/// The caches of the repositories of DVC that a view has, by the folder that each begins at.
#[derive(Debug, Default)]
struct Caches(BTreeMap<PathBuf, Option<Arc<Cache>>>);

impl Caches {
    /// That of the nearest folder above that has one of DVC, in the view.
    fn of(&mut self, view: &View, folder: &[u8]) -> Option<Arc<Cache>> {
        let folder = folder.to_path().unwrap_or(Path::new(""));
        let known = self.0.entry(folder.to_owned());
        known
            .or_insert_with(|| Cache::above(&view.root, folder).map(Arc::new))
            .clone()
    }
}

/// The folder that a file is in, without a slash at its end.
fn folder_of(path: &[u8]) -> &[u8] {
    let slash = memchr::memrchr(b'/', path);
    slash
        .and_then(|slash| path.get(..slash))
        .unwrap_or_default()
}
