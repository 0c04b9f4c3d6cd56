//! Links: what the facts of several entries come to together.
//!
//! Each entry hands over what others may refer to ([`Links`]): that it is an artifact, and which files its source loads. The
//! [`Index`] of a view joins them. It is made in every run; of an entry with nothing to link, nothing is kept.

mod load;

pub use load::{Load, Match};

use std::collections::BTreeMap;

use crate::fact::Text;

/// What one entry hands over to be joined.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// Whether it is an artifact, which others may load.
    pub is_artifact: bool,
    /// The files that it loads by constant paths.
    pub loads: Vec<Load>,
}

impl Links {
    /// Whether there is nothing to be joined.
    pub fn is_empty(&self) -> bool {
        !self.is_artifact && self.loads.is_empty()
    }
}

/// The joins over all entries of a view.
#[derive(Debug, Default)]
pub struct Index<'a> {
    /// Paths of artifacts, sorted, each once: in a history, several versions share one.
    artifacts: Vec<&'a Text>,
    /// The calls that load an artifact, by its path; each in the order of its source and place.
    loads: BTreeMap<&'a Text, Vec<Load>>,
}

impl<'a> Index<'a> {
    /// Of all entries that have something to join, each with its path.
    pub fn new(entries: impl IntoIterator<Item = (&'a Text, Links)>) -> Self {
        let mut index = Self::default();
        let mut loads = Vec::new();
        for (path, links) in entries {
            if links.is_artifact {
                index.artifacts.push(path);
            }
            loads.extend(links.loads);
        }
        index.artifacts.sort_unstable();
        index.artifacts.dedup();
        let by_ends = if loads.is_empty() {
            Vec::new()
        } else {
            load::by_ends(&index.artifacts)
        };
        for mut load in loads {
            if let Some((path, matched)) = load.find(&index.artifacts, &by_ends) {
                load.matched = matched;
                index.loads.entry(path).or_default().push(load);
            }
        }
        for loads in index.loads.values_mut() {
            loads.sort();
            loads.dedup();
        }
        index
    }

    /// The calls in the view's sources that load the artifact at a path.
    pub fn loads_of(&self, path: &Text) -> &[Load] {
        self.loads.get(path).map_or(&[], Vec::as_slice)
    }
}
