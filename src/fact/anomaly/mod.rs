//! Bytes that say two things, or something that no writer says: readers may disagree about them.
//!
//! Each kind has a stable kebab-case id, which findings and the pages about formats use.

mod pickle;
mod safetensors;
mod zip;

pub use pickle::PickleAnomaly;
pub use safetensors::{EntryForm, SafetensorsAnomaly};
pub use zip::{DirectoryFields, EndRecordAnomaly, Gap, NameFault, ZipAnomaly, ZipPart};

use serde::{Deserialize, Serialize};

use super::{FormatId, Short};

/// An anomaly, with what is particular to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Anomaly {
    /// The suffix of the name belongs to something else than the content.
    MisleadingSuffix {
        /// What the suffix belongs to.
        promised: Promised,
        /// What the content is.
        content: FormatId,
    },
    /// In a pickle.
    Pickle(PickleAnomaly),
    /// In a zip archive.
    Zip(ZipAnomaly),
    /// In the header of a safetensors file.
    Safetensors(SafetensorsAnomaly),
    /// Bytes after what the header describes.
    TrailingData {
        /// How many.
        bytes: u64,
        /// What they follow.
        after: Payload,
    },
    /// An npy header longer than NumPy takes unless it is told to trust the file.
    OversizedHeader {
        /// Its length.
        bytes: u64,
        /// What NumPy takes.
        accepted: u64,
    },
    /// Bytes after the storages of a legacy torch file.
    BytesAfterStorages {
        /// How many.
        bytes: u64,
    },
    /// A file of TorchScript code without the pickle of places in source that torch writes beside each.
    CodeWithoutPlaces {
        /// The first such file.
        member: Short,
    },
}

/// What the suffix of a name belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Promised {
    /// A format that is read.
    Format(FormatId),
    /// Something that is plainly no model: the suffix, without its dot.
    Suffix(String),
}

/// What a header describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Payload {
    /// The tensors of a safetensors file.
    Tensors,
    /// The data of an npy file.
    Array,
    /// The model of a file of gradient-boosted trees.
    Trees,
    /// The object of a file of another language.
    Object,
}

impl Anomaly {
    /// The stable kebab-case id of its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::MisleadingSuffix { .. } => "misleading-suffix",
            Self::Pickle(anomaly) => anomaly.kind(),
            Self::Zip(anomaly) => anomaly.kind(),
            Self::Safetensors(anomaly) => anomaly.kind(),
            Self::TrailingData { .. } => "trailing-data",
            Self::OversizedHeader { .. } => "oversized-header",
            Self::BytesAfterStorages { .. } => "bytes-after-storages",
            Self::CodeWithoutPlaces { .. } => "code-without-places",
        }
    }
}

impl From<PickleAnomaly> for Anomaly {
    fn from(anomaly: PickleAnomaly) -> Self {
        Self::Pickle(anomaly)
    }
}

impl From<ZipAnomaly> for Anomaly {
    fn from(anomaly: ZipAnomaly) -> Self {
        Self::Zip(anomaly)
    }
}

impl From<SafetensorsAnomaly> for Anomaly {
    fn from(anomaly: SafetensorsAnomaly) -> Self {
        Self::Safetensors(anomaly)
    }
}
