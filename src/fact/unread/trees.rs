//! How files of gradient-boosted trees break their formats.

use serde::{Deserialize, Serialize};

use crate::fact::Short;

/// How a file of trees breaks its format.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TreesFault {
    /// Something that the encoding does not have there.
    Encoding {
        /// The offset of it.
        at: u64,
    },
    /// A value of another kind than its writer writes.
    Value {
        /// The name of the value.
        name: Short,
    },
    /// Something that the loader needs is not there.
    Missing {
        /// Its name.
        name: Short,
    },
    /// Something that is there once is there twice.
    Twice {
        /// Its name.
        name: Short,
    },
    /// A list of another length than others say.
    Count {
        /// The name of the list.
        name: Short,
        /// How many there should be.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// The nodes of a tree are no tree.
    NotATree {
        /// Which tree, from 0.
        tree: u64,
        /// The node that leads to none, or to one that has been reached.
        node: u64,
    },
    /// A node compares a feature that the model has not.
    Feature {
        /// The feature.
        feature: u64,
        /// How many there are.
        features: u64,
    },
    /// A list refers to what is not there.
    Reference {
        /// The name of the list.
        name: Short,
    },
}
