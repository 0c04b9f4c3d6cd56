//! What is known of dicts beyond the children that are kept of them: of a dict no more than its first children are, so this is
//! noted when they are set.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    texts::Attribute,
    value::{Value, ValueKind},
};

/// So many dicts are told apart. Honest files have a few: the settings of a vectorizer with its `dtype`, for each vectorizer.
const DICTS: usize = 1 << 16;

/// The most layers of a recurrent network: torch loops as often when such a network gets its state.
const LAYERS: i32 = 1 << 12;

/// What is known of dicts.
#[derive(Debug, Clone, Default)]
pub(super) struct Planted {
    /// Those that hold a name that can be called: as attributes they could put it in place of a method.
    callables: FxHashSet<u64>,
    /// There are more than are told apart: any may be one.
    overflowed: bool,
    /// Those that say how many layers there are, and whether the number is a small one.
    layers: FxHashMap<u64, bool>,
    /// Those that an instance keeps as its own `__dict__`, and the row of its class.
    kept: FxHashMap<u64, usize>,
}

impl Planted {
    /// Notes a dict with a name that can be called.
    pub(super) fn add(&mut self, dict: Value) {
        if self.callables.len() < DICTS {
            self.callables.insert(dict.number());
        } else {
            self.overflowed = true;
        }
    }

    /// Whether a dict holds a name that can be called.
    pub(super) fn is_in(&self, dict: Value) -> bool {
        self.overflowed || self.callables.contains(&dict.number())
    }

    /// Notes how many layers a dict says there are.
    #[inline]
    pub(super) fn note_layers(&mut self, dict: Value, key: Value, value: Value) {
        if !Attribute::Layers.is(key) {
            return;
        }
        let few = value.kind() == ValueKind::Int && (0..=LAYERS).contains(&value.as_int());
        if self.layers.len() < DICTS || self.layers.contains_key(&dict.number()) {
            *self.layers.entry(dict.number()).or_insert(true) &= few;
        }
    }

    /// Whether a dict says that there are few layers.
    pub(super) fn has_few_layers(&self, dict: Value) -> bool {
        self.layers.get(&dict.number()) == Some(&true)
    }

    /// Notes that an instance keeps a dict as its own; `false` if there are too many.
    pub(super) fn keep(&mut self, dict: Value, class: usize) -> bool {
        let room = self.kept.len() < DICTS;
        if room {
            self.kept.insert(dict.number(), class);
        }
        room
    }

    /// The class whose instance keeps a dict as its own.
    pub(super) fn kept_by(&self, dict: Value) -> Option<usize> {
        if self.kept.is_empty() {
            return None;
        }
        self.kept.get(&dict.number()).copied()
    }
}
