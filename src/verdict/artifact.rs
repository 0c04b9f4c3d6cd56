//! The artifacts of a run, for outputs that list what there is and not only what is wrong.

use std::sync::Arc;

use crate::fact::{Brought, Global, ListingLine, Text};

/// What a report is to hold beside findings and coverage. Each costs something, so none is there unasked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wants {
    /// The artifacts, refused or not.
    pub artifacts: bool,
    /// Their sha256, which means reading them whole.
    pub digests: bool,
    /// The disassembly of those with findings.
    pub listings: bool,
}

impl Wants {
    /// What either wants.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            artifacts: self.artifacts || other.artifacts,
            digests: self.digests || other.digests,
            listings: self.listings || other.listings,
        }
    }
}

/// One artifact.
#[derive(Debug, Clone, Default)]
pub struct Artifact {
    /// Its path in the view.
    pub path: Text,
    /// Bytes of its content, here or elsewhere.
    pub size: u64,
    /// What brought it, in a view of a history.
    pub brought: Option<Arc<Brought>>,
    /// The formats it claims, by id, outermost first, each once.
    pub formats: Vec<String>,
    /// The globals that loading it resolves, each once, in the order in which loading meets them.
    pub globals: Vec<Global>,
    /// The sha256 of its content, 64 lower-case hex digits; absent where it was not asked for or could not be read.
    pub sha256: Option<String>,
    /// Every opcode, if listings were asked for and something in it is not allowed.
    pub listing: Option<Vec<ListingLine>>,
}
