//! How checkpoints of TensorFlow break their format.

use serde::{Deserialize, Serialize};

use crate::fact::Short;

/// How the table of a checkpoint breaks its format.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckpointFault {
    /// The footer, or the blocks that it leads to, are not where they are in every table.
    Footer,
    /// A block is none, or is not behind the one before.
    Block {
        /// Where it is.
        at: u64,
    },
    /// Keys are not in order.
    Order {
        /// Where their block is.
        at: u64,
    },
    /// The checksum of a block is another one.
    Checksum {
        /// Where it is.
        at: u64,
    },
    /// What stands under the empty key is not what a checkpoint begins with, or there is more of it.
    Header,
    /// Something is wrong with a tensor.
    Tensor {
        /// Its name.
        name: Short,
        /// What.
        fault: CheckpointTensorFault,
    },
}

/// What is wrong with a tensor of a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckpointTensorFault {
    /// A type that no release stores.
    Type {
        /// Its number.
        number: u64,
    },
    /// A dimension that is negative, or more elements than can be counted.
    Shape,
    /// It is in a shard that there is not.
    Shard {
        /// Which one, from 0.
        shard: u64,
        /// How many there are.
        shards: u64,
    },
    /// It ends behind the end of any file.
    Range,
    /// It has another size than its elements need.
    Size {
        /// Bytes that the elements need.
        needed: u64,
        /// Bytes that there are.
        has: u64,
    },
}
