//! How checkpoints of TensorFlow break their format.

use std::fmt;

use crate::fact::{CheckpointFault, CheckpointTensorFault};

impl fmt::Display for CheckpointFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Footer => f.write_str("the footer does not lead to the index in front of it"),
            Self::Block { at } => write!(
                f,
                "what stands at byte {at} is no block of the table, or not the next one"
            ),
            Self::Order { at } => write!(f, "the keys of the block at byte {at} are not in order"),
            Self::Checksum { at } => write!(f, "the block at byte {at} has another checksum"),
            Self::Header => f.write_str("the table does not begin as a checkpoint does"),
            Self::Tensor { name, fault } => write!(f, "the tensor `{name}` {fault}"),
        }
    }
}

impl fmt::Display for CheckpointTensorFault {
    /// What it has, after its name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type { number } => write!(f, "has the type {number}, which is none"),
            Self::Shape => f.write_str("has a shape that no data can have"),
            Self::Shard { shard, shards } => write!(f, "is in shard {shard} of {shards}"),
            Self::Range => f.write_str("ends behind the end of any file"),
            Self::Size { needed, has } => {
                write!(f, "needs {needed} bytes of data and has {has}")
            }
        }
    }
}
