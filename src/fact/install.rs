//! What a list of requirements has installed from elsewhere than an index that everybody uses.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Text;

/// One such line.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Install {
    /// The address, or the line that has it.
    pub what: Text,
    /// What is there.
    pub from: InstallFrom,
}

/// What something is installed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstallFrom {
    /// A file, or another list, at an address, that no digest fixes.
    Address,
    /// A repository, at whatever revision it has by then.
    Repository,
    /// An index of packages, or a channel of conda.
    Index,
}

impl fmt::Display for InstallFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Address => "an address without a digest",
            Self::Repository => "a repository without a commit",
            Self::Index => "an index of packages of its own",
        })
    }
}
