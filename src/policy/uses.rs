//! The uses of a global that an entry allows: a set of [`Usage`].

use crate::fact::Usage;

/// A set of uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Uses(u8);

impl Uses {
    /// Every use.
    pub(super) const EACH: [Usage; 5] = [
        Usage::Import,
        Usage::Call,
        Usage::Construct,
        Usage::Build,
        Usage::Configure,
    ];
    /// Resolved only.
    pub(super) const IMPORT: Self = Self(1);
    /// What a function is for in a pickle.
    pub(super) const CALLED: Self = Self(1 | 2);
    /// What a function is for that makes an object to be given its state, as numpy's `_reconstruct` has it.
    pub(super) const RECONSTRUCTOR: Self = Self(1 | 2 | 8);
    /// What a class is for whose instances are made without a call.
    pub(super) const INSTANCE: Self = Self(1 | 4 | 8);
    /// What a class is for in a pickle. `REDUCE` of a class is a call in the bytes, so calling is among them.
    pub(super) const CLASS: Self = Self(1 | 2 | 4 | 8);
    /// What a configuration may have made.
    pub(super) const CONFIGURED: Self = Self(16);
    /// What an entry of a policy allows of a function.
    pub(super) const FUNCTION: Self = Self(1 | 2 | 16);
    /// What one allows of a class.
    pub(super) const ALL: Self = Self(1 | 2 | 4 | 8 | 16);

    fn bit(usage: Usage) -> u8 {
        match usage {
            Usage::Import => 1,
            Usage::Call => 2,
            Usage::Construct => 4,
            Usage::Build => 8,
            Usage::Configure => 16,
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

    /// Without what follows from another use: what may be called may be called by a configuration.
    pub(super) fn said(self) -> Self {
        if self.contains(Usage::Call) {
            self.without(Self::CONFIGURED)
        } else {
            self
        }
    }

    pub(super) fn list(self) -> Vec<Usage> {
        Self::EACH
            .into_iter()
            .filter(|usage| self.contains(*usage))
            .collect()
    }
}
