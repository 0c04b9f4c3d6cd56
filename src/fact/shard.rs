//! What the index of a distributed checkpoint names.

use serde::{Deserialize, Serialize};

use super::Text;

/// Which bytes of which files the index of a distributed checkpoint names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ShardIndex {
    /// The files, by name, each once.
    pub files: Vec<ShardFile>,
    /// What it says of a part is no constant, or more than the writer says: nobody knows which bytes that is.
    pub unclear: bool,
}

/// A file that an index names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ShardFile {
    /// Its path, relative to the folder of the index, as stored.
    pub name: Text,
    /// The parts that are loaded, sorted, each once.
    pub parts: Vec<ShardPart>,
}

/// Some bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ShardPart {
    /// The first of them.
    pub offset: u64,
    /// How many there are.
    pub length: u64,
}
