//! The uses of a global that an entry allows: a set of [`Usage`].

use crate::fact::Usage;

/// A set of uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Uses(u8);

impl Uses {
    /// Resolved only.
    pub(super) const IMPORT: Self = Self(1);
    /// What a function is for.
    pub(super) const FUNCTION: Self = Self(1 | 2);
    /// What a function is for that makes an object to be given its state, as numpy's `_reconstruct` has it.
    pub(super) const RECONSTRUCTOR: Self = Self(1 | 2 | 8);
    /// What a class is for whose instances are made without a call.
    pub(super) const INSTANCE: Self = Self(1 | 4 | 8);
    /// What a class is for. `REDUCE` of a class is a call in the bytes, so calling is among them.
    pub(super) const ALL: Self = Self(1 | 2 | 4 | 8);

    fn bit(usage: Usage) -> u8 {
        match usage {
            Usage::Import => 1,
            Usage::Call => 2,
            Usage::Construct => 4,
            Usage::Build => 8,
        }
    }

    pub(super) fn add(&mut self, usage: Usage) {
        self.0 |= Self::bit(usage);
    }

    pub(super) fn contains(self, usage: Usage) -> bool {
        self.0 & Self::bit(usage) != 0
    }

    pub(super) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in this set and not in the other.
    pub(super) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn list(self) -> Vec<Usage> {
        [Usage::Import, Usage::Call, Usage::Construct, Usage::Build]
            .into_iter()
            .filter(|usage| self.contains(*usage))
            .collect()
    }
}
