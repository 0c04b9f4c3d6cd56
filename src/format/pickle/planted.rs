//! Dicts in which a name that can be called stands as a value: as attributes they could put it in place of a method.
//!
//! Of a dict no more than its first children are kept, so this is noted when they are set.

use rustc_hash::FxHashSet;

use super::value::Value;

/// So many dicts are told apart. Honest files have a few: the settings of a vectorizer with its `dtype`, for each vectorizer.
const DICTS: usize = 1 << 16;

/// The dicts that hold such a name.
#[derive(Debug, Clone, Default)]
pub(super) struct Planted {
    dicts: FxHashSet<u64>,
    /// There are more than are told apart: any may be one.
    overflowed: bool,
}

impl Planted {
    /// Notes a dict.
    pub(super) fn add(&mut self, dict: Value) {
        if self.dicts.len() < DICTS {
            self.dicts.insert(dict.number());
        } else {
            self.overflowed = true;
        }
    }

    /// Whether a dict holds a name that can be called.
    pub(super) fn is_in(&self, dict: Value) -> bool {
        self.overflowed || self.dicts.contains(&dict.number())
    }
}
