//! Anomalies of safetensors headers.

use serde::{Deserialize, Serialize};

use crate::fact::Short;

/// Something in a safetensors header that parsers take differently, or that the reference writer does not write.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SafetensorsAnomaly {
    /// Two entries of one name.
    DuplicateTensor {
        /// The name.
        name: Short,
    },
    /// A key given twice in one object.
    DuplicateKey {
        /// The key.
        key: Short,
        /// The entry; `None` in `__metadata__`.
        entry: Option<Short>,
    },
    /// A key that no writer writes in an entry.
    UnknownKey {
        /// The key.
        key: Short,
        /// The entry.
        entry: Short,
    },
    /// An entry in a form that only lenient parsers take.
    UnusualEntry {
        /// The entry.
        entry: Short,
        /// The form.
        form: EntryForm,
    },
    /// White space around the header other than spaces at its end.
    UnusualPadding,
}

/// An unusual form of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryForm {
    /// Its dtype is an object instead of a string.
    DtypeObject,
    /// It is an array of its fields instead of an object.
    Array,
}

impl SafetensorsAnomaly {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::DuplicateTensor { .. } => "duplicate-tensor",
            Self::DuplicateKey { .. } => "duplicate-key",
            Self::UnknownKey { .. } => "unknown-key",
            Self::UnusualEntry { .. } => "unusual-entry",
            Self::UnusualPadding => "unusual-padding",
        }
    }
}
