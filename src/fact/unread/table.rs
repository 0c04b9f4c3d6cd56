//! How files of data that other languages write break their formats.

use serde::{Deserialize, Serialize};

use crate::fact::Short;

/// How such a file breaks its format.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TableFault {
    /// Something that its writers do not write there.
    Value {
        /// What it is called.
        name: Short,
        /// The offset of it.
        at: u64,
    },
    /// A reference to what has not come yet.
    Reference {
        /// The offset of it.
        at: u64,
    },
}
