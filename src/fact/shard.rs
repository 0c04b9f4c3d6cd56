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

/// Which tensors a shard has, or an index says that it has: digests of their names, because nobody shows them and a model has ten thousand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ShardTensors {
    /// The shard, as an index names it; `None` where the file is the shard itself.
    pub file: Option<Text>,
    /// The digests, in the order of the file.
    pub names: Vec<u32>,
    /// The line of each in an index; empty in a shard.
    pub lines: Vec<u32>,
}

impl ShardTensors {
    /// The digest of a name (FNV-1a). Two names may share one: a tensor that is not there is then not missed, and none that is there is.
    pub fn digest(name: &str) -> u32 {
        let step = |digest: u32, byte: u8| (digest ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        name.bytes().fold(0x811c_9dc5, step)
    }
}
