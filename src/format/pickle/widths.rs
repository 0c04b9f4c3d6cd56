//! How many columns of an input trees need, and the lists, arrays and estimators that hold them.
//!
//! A tree reads its input at the features of its nodes. What holds trees compares the input with a number of its own, so it has to be
//! the same.

use rustc_hash::FxHashMap;

use super::value::{Value, ValueKind};

/// So many lists, and so many trees and estimators, are told apart.
const KEPT: usize = 1 << 18;

/// The fewest and the most columns that parts of something need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Width {
    pub least: u64,
    pub most: u64,
}

impl Width {
    /// Of what has no such parts.
    pub(super) const NONE: Self = Self {
        least: u64::MAX,
        most: 0,
    };
    /// Nobody knows.
    pub(super) const UNKNOWN: Self = Self {
        least: 0,
        most: u64::MAX,
    };

    pub(super) const fn exactly(columns: u64) -> Self {
        Self {
            least: columns,
            most: columns,
        }
    }

    /// Of something with the parts of both.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            least: self.least.min(other.least),
            most: self.most.max(other.most),
        }
    }
}

impl Default for Width {
    fn default() -> Self {
        Self::UNKNOWN
    }
}

/// What is known of a tree, or of an estimator that holds some.
#[derive(Debug, Clone, Copy)]
struct Made {
    /// How many features it was made for, if it says so when it is made.
    features: Option<u64>,
    width: Width,
}

/// What is known of all of a stream.
#[derive(Debug, Clone, Default)]
pub(super) struct Widths {
    lists: FxHashMap<u64, Width>,
    made: Vec<Made>,
    overflowed: bool,
}

impl Widths {
    /// Notes something that is made, and returns what a value keeps of it; 0 is nothing.
    pub(super) fn made(&mut self, features: Option<u64>) -> u32 {
        if self.made.len() >= KEPT {
            return 0;
        }
        self.made.push(Made {
            features,
            width: Width::UNKNOWN,
        });
        u32::try_from(self.made.len()).unwrap_or(0)
    }

    fn of_made(&self, made: Value) -> Option<&Made> {
        let at = crate::bytes::narrow(u64::from(made.detail())).checked_sub(1)?;
        self.made.get(at)
    }

    /// For how many features a tree was made.
    pub(super) fn features(&self, tree: Value) -> Option<u64> {
        self.of_made(tree)?.features
    }

    /// Notes what a tree or an estimator needs, once its state is set.
    pub(super) fn settle(&mut self, made: Value, width: Width) {
        let at = crate::bytes::narrow(u64::from(made.detail())).checked_sub(1);
        if let Some(known) = at.and_then(|at| self.made.get_mut(at)) {
            known.width = width;
        }
    }

    /// What a tree or an estimator needs.
    pub(super) fn of(&self, made: Value) -> Width {
        self.of_made(made).map_or(Width::UNKNOWN, |made| made.width)
    }

    /// What a list or a tuple holds.
    pub(super) fn of_list(&self, list: Value) -> Width {
        if self.overflowed || !matches!(list.kind(), ValueKind::List | ValueKind::Tuple) {
            return Width::UNKNOWN;
        }
        self.lists
            .get(&list.number())
            .copied()
            .unwrap_or(Width::NONE)
    }

    /// Notes what is put into a list or a tuple.
    pub(super) fn put(&mut self, list: Value, width: Width) {
        if width == Width::NONE {
            return;
        }
        if self.lists.len() >= KEPT && !self.lists.contains_key(&list.number()) {
            self.overflowed = true;
            return;
        }
        let known = self.lists.entry(list.number()).or_insert(Width::NONE);
        *known = known.and(width);
    }
}
