//! Why something was not read to its end.

mod arrays;
mod checkpoint;
mod gguf;
mod hdf5;
mod malformed;
mod pickle;
mod skops;
mod table;
mod trees;

pub use arrays::ArraysFault;
pub use checkpoint::{CheckpointFault, CheckpointTensorFault};
pub use gguf::{GgufCounted, GgufFault, GgufTensorFault};
pub use hdf5::{Hdf5Fault, Hdf5Form, Hdf5Part};
pub use malformed::{
    GraphTensorFault, LegacyPart, Malformed, NpyFault, NpyToken, NpyValue, Piece, ProtobufFault,
    SafetensorsFault, SyntaxFault, TensorFault, ZipFault,
};
pub use pickle::PickleFault;
pub use skops::SkopsFault;
pub use table::TableFault;
pub use trees::TreesFault;

use serde::{Deserialize, Serialize};

use super::{FormatId, Short, Text};
use crate::limits;

/// Why something was not read to its end. All of these are refused by default: what was not read is not known to be safe.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unread {
    /// The bytes break their own format.
    Malformed(Box<Malformed>),
    /// A limit was reached.
    Limit(limits::Id),
    /// The content is of no format that is read, though its name says that it is an artifact.
    Unknown(Content),
    /// A form of a known format that is not read.
    Unsupported(Unsupported),
    /// Reading panicked: a bug of ours, and not a reason to pass the file.
    Crashed {
        /// The panic's message.
        detail: Text,
    },
}

/// A form of a known format that is not read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unsupported {
    /// A member of a zip archive, packed by this method.
    CompressionMethod(u16),
    /// Native code that an archive brings.
    CompiledCode,
    /// A dtype that NumPy does not write.
    Dtype(Short),
    /// An encrypted member of a zip archive.
    EncryptedMember,
    /// A table whose description is encrypted.
    EncryptedTable,
    /// A file of R in the first version of its format.
    FirstRVersion,
    /// An array of joblib in a form that joblib does not write, so that nobody knows where it ends.
    JoblibArray(JoblibFault),
    /// A version of the npy format.
    NpyVersion {
        /// The number before the dot.
        major: u8,
        /// The number after it.
        minor: u8,
    },
    /// A form of HDF5.
    Hdf5(Hdf5Form),
    /// A part of a model of trees.
    ModelPart(Short),
    /// A column of a table whose values are pickles: its name.
    PickledColumn(Short),
    /// A member of an exported module that is neither program nor weights nor inputs.
    ExportMember,
    /// A block of text in a chat template that is taken as it is.
    RawTemplate,
    /// An escape in a chat template that renderers read in different ways.
    TemplateEscape,
    /// A version of GGUF.
    GgufVersion(u32),
    /// A layout of GGML that no known program writes, or a damaged one.
    GgmlLayout,
    /// A tensor of ggml, stored in a way that is not known.
    TensorType(u32),
    /// A link in place of a member that the loader opens.
    LinkedMember,
    /// A version of `OpenVINO`'s graphs.
    OpenVinoVersion(Short),
    /// A member of patched data.
    PatchedMember,
    /// A form of 7z archives.
    SevenZip,
    /// A 7z archive that needs more memory to decode.
    SevenZipMemory,
    /// A member of a 7z archive, packed by this method.
    SevenZipMethod(Short),
    /// A sparse member of a tar archive.
    SparseMember(Short),
    /// A storage whose type or size is not known, so that nobody knows where the storages end.
    StorageSize,
    /// A 7z archive that does not decode.
    BrokenSevenZip,
}

/// What joblib does not write of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JoblibFault {
    /// The state of what stands in the array's place has other attributes, or they are no constants.
    State,
    /// State is set on what stands in its place in another way than right after that is made.
    NotFresh,
    /// The dtype is none that NumPy writes, or has items of no size.
    Dtype,
    /// The shape is no tuple of sizes.
    Shape,
    /// The array begins inside a frame of the pickle, of which joblib reads on behind the array.
    InsideFrame,
    /// Its own file is not named like one that joblib writes beside the pickle.
    FileName,
}

/// What content looks like that is of no format that is read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// Nothing.
    Empty,
    /// Something that its first bytes name.
    Foreign(Foreign),
    /// A page that a server sent instead of the file.
    HtmlPage,
    /// Text.
    Text,
    /// Zeros, as far as was looked.
    Zeros,
    /// Bytes that say nothing: the first of them.
    Bytes(Vec<u8>),
    /// A format that is recognised and has no reader yet.
    Recognised(FormatId),
    /// An archive that is read, under a name whose loader wants another layout.
    OtherLayout {
        /// What it is.
        container: FormatId,
        /// What the name promises.
        expected: FormatId,
    },
}

/// What the first bytes name, apart from the formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names are those of the formats")]
pub enum Foreign {
    Avi,
    Bmp,
    Bzip2,
    Elf,
    Flac,
    Gif,
    Gzip,
    JavaClass,
    Jpeg,
    Lz4,
    Lzma,
    Matroska,
    Mp3,
    Mp4,
    Ogg,
    OldJoblib,
    Pdf,
    Png,
    Psd,
    Sqlite,
    Tiff,
    Wav,
    WebAssembly,
    WebP,
    WindowsProgram,
    XetPointer,
    Xz,
    Zlib,
    Zstd,
}

impl From<Malformed> for Unread {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(Box::new(malformed))
    }
}
