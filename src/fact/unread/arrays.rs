//! How files of plain arrays break their formats.

use serde::{Deserialize, Serialize};

use crate::fact::Short;

/// How a file of arrays breaks its format.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArraysFault {
    /// Something that the encoding does not have there.
    Encoding {
        /// The offset of it.
        at: u64,
    },
    /// A type of extension that its library does not write.
    Extension {
        /// The type.
        code: i8,
        /// The offset of it.
        at: u64,
    },
    /// A value that its library does not write.
    Value {
        /// The name of the value.
        name: Short,
    },
    /// An array whose size is not that of its data, or of what refers to it.
    Size {
        /// The name of the array.
        name: Short,
        /// The size that it should have.
        expected: u64,
        /// The size that it has.
        found: u64,
    },
    /// Bytes behind the end.
    Trailing {
        /// How many.
        bytes: u64,
    },
}
