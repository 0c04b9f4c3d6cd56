//! Lists that something has already while they are filled: what was compared with their items may be so no longer.

use rustc_hash::FxHashSet;

use crate::format::pickle::value::{Value, ValueKind};

/// So many are told apart.
const KEPT: usize = 1 << 18;

/// Lists that something got by another name than the place where they are filled, once something asks what lists hold.
#[derive(Debug, Default, Clone)]
pub(in crate::format::pickle) struct NamedLists {
    /// The row of the global that asks.
    asked_by: Option<usize>,
    named: FxHashSet<u64>,
    overflowed: bool,
}

impl NamedLists {
    /// A global asks what lists hold.
    pub(super) fn ask(&mut self, row: usize) {
        self.asked_by.get_or_insert(row);
    }

    /// Values are put into something, or given to a call.
    #[inline]
    pub(super) fn hand_on(&mut self, values: &[Value]) {
        if self.asked_by.is_none() {
            return;
        }
        for value in values {
            if value.kind() == ValueKind::List && !value.is_fresh() {
                self.overflowed |= self.named.len() >= KEPT;
                if !self.overflowed {
                    self.named.insert(value.number());
                }
            }
        }
    }

    /// The row of the global that asks, if something has a list already that is filled.
    #[inline]
    pub(super) fn asker(&self, list: Value) -> Option<usize> {
        let row = self.asked_by?;
        let had = !list.is_fresh() || self.overflowed || self.named.contains(&list.number());
        had.then_some(row)
    }
}
