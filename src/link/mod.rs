//! Links: what the facts of several entries come to together.
//!
//! Each entry hands over what others may refer to ([`Links`]): that it is an artifact, which files its source loads, what it is of a
//! distributed checkpoint. The [`Index`] of a view joins them. It is made in every run; of an entry with nothing to link, nothing is kept.

mod handed;
mod helper;
mod install;
mod load;
mod modules;
mod needed;
mod release;
mod shard;
mod tensors;

pub use handed::{Handed, LoadThrough};
pub use helper::Helper;
pub use install::Installed;
pub use load::{Executes, Load, Match};
pub use modules::names_of;
pub use needed::{Lack, Needed, There, Unmet};
pub use release::{OtherRelease, Release};
pub use shard::{IndexMismatch, MismatchKind, Sharded, ShardedKind};
pub use tensors::{OfShard, TensorsElsewhere};

use std::collections::BTreeMap;

use crate::fact::{PyNames, Text};
use load::Paths;
use modules::Modules;

/// What one entry hands over to be joined.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// Whether it is an artifact, which others may load.
    pub is_artifact: bool,
    /// The files that it loads by constant paths.
    pub loads: Vec<Load>,
    /// The functions in it that hand what they are given to a loader, or to another function.
    pub helpers: Vec<Helper>,
    /// The names that others may import from it.
    pub names: Option<Box<PyNames>>,
    /// The calls in it that hand a path to some function.
    pub handed: Vec<Handed>,
    /// What it is, or holds, of distributed checkpoints.
    pub sharded: Vec<Sharded>,
    /// What it says of releases of libraries.
    pub releases: Vec<Release>,
    /// What it has installed.
    pub installed: Vec<Installed>,
    /// The files that its loader opens beside it.
    pub needed: Vec<Needed>,
    /// The tensors that it has as a shard, or puts in shards.
    pub tensors: Vec<OfShard>,
}

impl Links {
    /// Whether there is nothing to be joined.
    pub fn is_empty(&self) -> bool {
        !self.is_artifact
            && self.loads.is_empty()
            && self.helpers.is_empty()
            && self.names.is_none()
            && self.handed.is_empty()
            && self.sharded.is_empty()
            && self.releases.is_empty()
            && self.installed.is_empty()
            && self.needed.is_empty()
            && self.tensors.is_empty()
    }
}

/// The joins over all entries of a view.
#[derive(Debug, Default)]
pub struct Index<'a> {
    /// Paths of artifacts, sorted, each once: in a history, several versions share one.
    artifacts: Vec<&'a Text>,
    /// The calls that load an artifact, by its path; each in the order of its source and place.
    loads: BTreeMap<&'a Text, Vec<Load>>,
    /// The calls that load a file which is not checked, in the same way.
    loads_of_excluded: BTreeMap<&'a Text, Vec<Load>>,
    /// The calls that load a file through a function of the repository.
    through_helpers: Vec<LoadThrough<'a>>,
    /// Indexes of distributed checkpoints that do not fit their shards.
    mismatches: Vec<IndexMismatch<'a>>,
    /// Shards without an index.
    lone_shards: Vec<&'a Text>,
    /// Artifacts of other releases than are asked for.
    other_releases: Vec<OtherRelease<'a>>,
    /// What models have installed, each with the path of the list.
    installed: Vec<(&'a Text, Installed)>,
    /// Files that loaders open and that are not as they need them.
    unmet: Vec<Unmet<'a>>,
    /// Shards without tensors that an index puts in them.
    elsewhere: Vec<TensorsElsewhere<'a>>,
}

impl<'a> Index<'a> {
    /// Of all entries that have something to join, each with its path; and the paths of those that are not checked. `has` tells whether
    /// the view has a path, and `there` what stands at one, in the view or beside it.
    pub fn new(
        entries: impl IntoIterator<Item = (&'a Text, Links)>,
        excluded: impl IntoIterator<Item = &'a Text>,
        has: &dyn Fn(&[u8]) -> bool,
        there: &mut dyn FnMut(&[u8]) -> There,
    ) -> Self {
        let mut index = Self::default();
        let (mut loads, mut sharded, mut releases) = (Vec::new(), Vec::new(), Vec::new());
        let (mut modules, mut handed) = (Modules::default(), Vec::new());
        let mut tensors = Vec::new();
        for (path, links) in entries {
            if links.is_artifact {
                index.artifacts.push(path);
            }
            loads.extend(links.loads);
            modules.add(path, links.helpers, links.names);
            handed.extend(links.handed);
            sharded.extend(links.sharded.into_iter().map(|it| (path, it)));
            releases.extend(links.releases.into_iter().map(|it| (path, it)));
            tensors.extend(links.tensors.into_iter().map(|it| (path, it)));
            index.unmet.extend(needed::unmet(path, links.needed, there));
            if !links.installed.is_empty() && install::is_of_model(path, has) {
                let installed = links.installed.into_iter();
                index.installed.extend(installed.map(|it| (path, it)));
            }
        }
        if !modules.is_empty() {
            index.through_helpers = handed::find(&modules, &handed);
        }
        let of_paths = index.through_helpers.iter().filter(|it| it.is_path);
        loads.extend(of_paths.map(|it| it.load.clone()));
        index.other_releases = release::compare(releases);
        (index.mismatches, index.lone_shards) = shard::compare(sharded);
        index.elsewhere = tensors::compare(tensors);
        index.artifacts.sort_unstable();
        index.artifacts.dedup();
        if loads.is_empty() {
            return index;
        }
        let mut excluded: Vec<&Text> = excluded.into_iter().collect();
        excluded.sort_unstable();
        excluded.dedup();
        let artifacts = Paths::new(&index.artifacts);
        let excluded = Paths::new(&excluded);
        for mut load in loads {
            let (found, loads) = match load.find(&artifacts) {
                Some(found) => (Some(found), &mut index.loads),
                None => (load.find(&excluded), &mut index.loads_of_excluded),
            };
            if let Some((path, matched)) = found {
                load.matched = matched;
                loads.entry(path).or_default().push(load);
            }
        }
        let all = index.loads.values_mut();
        for loads in all.chain(index.loads_of_excluded.values_mut()) {
            loads.sort();
            loads.dedup();
        }
        index
    }

    /// Whether no call loads anything.
    pub fn is_empty(&self) -> bool {
        self.loads.is_empty() && self.loads_of_excluded.is_empty()
    }

    /// The files that are not checked and that calls load, each with these calls.
    pub fn loads_of_excluded(&self) -> impl Iterator<Item = (&'a Text, &[Load])> {
        let all = self.loads_of_excluded.iter();
        all.map(|(path, loads)| (*path, loads.as_slice()))
    }

    /// The calls that load a file through a function of the repository.
    pub fn through_helpers(&self) -> &[LoadThrough<'a>] {
        &self.through_helpers
    }

    /// The indexes of distributed checkpoints that do not fit their shards.
    pub fn index_mismatches(&self) -> &[IndexMismatch<'a>] {
        &self.mismatches
    }

    /// The shards of distributed checkpoints that have no index beside them.
    pub fn lone_shards(&self) -> &[&'a Text] {
        &self.lone_shards
    }

    /// The artifacts that other releases of their libraries wrote than the repository asks for.
    pub fn other_releases(&self) -> &[OtherRelease<'a>] {
        &self.other_releases
    }

    /// What the lists beside models have installed, each with the path of its list.
    pub fn installed_by_models(&self) -> &[(&'a Text, Installed)] {
        &self.installed
    }

    /// What is missing of the files that loaders open beside those that they are given.
    pub fn unmet(&self) -> &[Unmet<'a>] {
        &self.unmet
    }

    /// The shards that do not have all tensors that an index puts in them.
    pub fn tensors_elsewhere(&self) -> &[TensorsElsewhere<'a>] {
        &self.elsewhere
    }

    /// The calls in the view's sources that load the artifact at a path.
    pub fn loads_of(&self, path: &Text) -> &[Load] {
        self.loads.get(path).map_or(&[], Vec::as_slice)
    }
}
