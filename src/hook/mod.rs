//! Git's hooks: the scripts that call this program, put into a repository and taken out again.
//!
//! A script is a file of `hooks/`, with what was chosen at installation written into it and a checksum at its end, by
//! which it is known again. A hook that was there before is kept beside it, runs first, and comes back exactly as it
//! was. Every change is one rename: whatever interrupts, git finds one whole hook. No program is run here.

mod folder;
mod install;
mod others;
mod pipeline;
mod push;
mod script;
mod status;

pub use crate::git::Hooks;
pub use install::{Change, Step, install, uninstall};
pub use pipeline::{Judge, is_pipeline, judge};
pub use push::{Update, pushed, received};
pub use script::{Options, script};
pub use status::{Installed, State, Status, status};

use std::fmt;

/// When git runs a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Before a commit is recorded.
    PreCommit,
    /// Before a merge without conflicts is recorded: git does not run `pre-commit` then.
    PreMergeCommit,
    /// Before commits go to a remote.
    PrePush,
    /// On a server, before what was pushed is taken.
    PreReceive,
}

impl Stage {
    /// All, in the order in which commits meet them.
    pub const ALL: [Self; 4] = [
        Self::PreCommit,
        Self::PreMergeCommit,
        Self::PrePush,
        Self::PreReceive,
    ];

    /// Git's name of it, which is the file's.
    pub fn name(self) -> &'static str {
        match self {
            Self::PreCommit => "pre-commit",
            Self::PreMergeCommit => "pre-merge-commit",
            Self::PrePush => "pre-push",
            Self::PreReceive => "pre-receive",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
