//! How the schema of a skops file breaks its format.

use serde::{Deserialize, Serialize};

use crate::fact::Short;

/// What a schema says that no release of skops writes or loads.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SkopsFault {
    /// A node without one of its keys, or with a value of another kind under it.
    Key {
        /// The key.
        key: Short,
    },
    /// A key of a node that is there twice.
    Twice {
        /// The key.
        key: Short,
    },
    /// A loader that no release has.
    Loader {
        /// Its name.
        name: Short,
    },
    /// A protocol that no release has.
    Protocol,
    /// A file that is not in the archive.
    File {
        /// Its name.
        name: Short,
    },
    /// A node that should be of another loader.
    Node {
        /// The loader that writes such a node.
        expected: Short,
    },
}
