//! Places inside of others: what rules ask of a file that may have twenty thousand of both.

use rustc_hash::FxHashSet;

use crate::fact::{Fact, Hop, Observation};

/// The ways into an entry at which something was seen.
#[derive(Debug, Default)]
pub(super) struct Within<'a> {
    ways: FxHashSet<&'a [Hop]>,
}

impl<'a> Within<'a> {
    /// Where facts were seen that are meant.
    pub(super) fn new(
        observations: impl Iterator<Item = &'a Observation>,
        mut meant: impl FnMut(&Fact) -> bool,
    ) -> Self {
        Self {
            ways: observations
                .filter(|observation| meant(&observation.fact))
                .map(|observation| observation.site.hops.as_slice())
                .collect(),
        }
    }

    /// Whether it was seen nowhere.
    pub(super) fn is_empty(&self) -> bool {
        self.ways.is_empty()
    }

    /// Whether a way leads through one of them, or to it.
    pub(super) fn holds(&self, hops: &[Hop]) -> bool {
        !self.is_empty()
            && (0..=hops.len()).any(|n| hops.get(..n).is_some_and(|way| self.ways.contains(way)))
    }
}
