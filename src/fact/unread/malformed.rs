//! How bytes break their own format.

use serde::{Deserialize, Serialize};

use super::{
    ArraysFault, CheckpointFault, GgufFault, Hdf5Fault, PickleFault, SkopsFault, TableFault,
    TreesFault,
};
use crate::fact::Short;

/// How bytes break their own format.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Malformed {
    /// A file of plain arrays.
    Arrays(ArraysFault),
    /// Bytes end before a piece of them does.
    Truncated {
        /// The piece.
        piece: Piece,
        /// How many bytes it needs.
        needed: u64,
        /// How many are left.
        left: u64,
    },
    /// A checkpoint of TensorFlow.
    Checkpoint(CheckpointFault),
    /// Compressed data that does not decompress.
    Compressed {
        /// It ends too early; otherwise it is corrupt.
        cut_off: bool,
    },
    /// The YAML of a configuration.
    Configuration(SyntaxFault),
    /// An HDF5 file.
    Hdf5(Hdf5Fault),
    /// An LZMA member whose properties are not 5 bytes long.
    LzmaProperties,
    /// A GGUF file.
    Gguf(GgufFault),
    /// A legacy torch file that ends before one of its pickles.
    LegacyEnd(LegacyPart),
    /// A legacy torch file that ends before its storages do.
    LegacyStorages {
        /// How many bytes are missing.
        missing: u64,
    },
    /// A notebook that is not the JSON of one.
    Notebook(SyntaxFault),
    /// A notebook that is no JSON object at all.
    NotebookNotObject,
    /// An npy file.
    Npy(NpyFault),
    /// A pickle.
    Pickle(PickleFault),
    /// The JSON of an exported program.
    Program(SyntaxFault),
    /// A protobuf message.
    Protobuf(ProtobufFault),
    /// A safetensors file.
    Safetensors(SafetensorsFault),
    /// A tensor of a graph.
    GraphTensor {
        /// Its name.
        name: Short,
        /// What is wrong with it.
        fault: GraphTensorFault,
    },
    /// A chat template.
    Template(SyntaxFault),
    /// A chat template that is not UTF-8.
    TemplateNotUtf8 {
        /// The first byte that is not.
        at: u64,
    },
    /// The schema of a skops file.
    Skops(SkopsFault),
    /// A file of data that another language writes.
    Table(TableFault),
    /// A file of gradient-boosted trees.
    Trees(TreesFault),
    /// A zip archive.
    Zip(ZipFault),
}

/// A piece of a format that is longer than what is left of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Piece {
    /// A member of an `ar` archive.
    ArMember,
    /// What a format keeps behind its header, whatever that is.
    Content,
    /// Something that an offset of a flatbuffer leads to.
    Flatbuffer,
    /// The data of the tensors of a GGUF file.
    GgufData,
    /// The header of a GGUF file.
    GgufHeader,
    /// A text in the header of a GGUF file.
    GgufText,
    /// A structure of an HDF5 file.
    Hdf5,
    /// The head of an LZMA member of a zip archive.
    LzmaHead,
    /// The data of an array.
    NpyData,
    /// The magic, the version and the length that begin an npy file.
    NpyHead,
    /// The header of an npy file.
    NpyHeader,
    /// A field of a protobuf message.
    Protobuf,
    /// An operand of a pickle.
    PickleOperand,
    /// A string of a pickle.
    PickleString,
    /// The data of all tensors of a safetensors file.
    SafetensorsData,
    /// The header of a safetensors file.
    SafetensorsHeader,
    /// The length that begins a safetensors file.
    SafetensorsLength,
    /// A segment of data behind a flatbuffer.
    Segment,
    /// The list of such segments.
    Segments,
    /// A block of a table.
    Table,
    /// A member of a tar archive.
    TarMember,
    /// The indices of a sparse tensor.
    TensorIndices,
    /// A value of a file of gradient-boosted trees.
    Trees,
    /// The central directory of a zip archive.
    ZipDirectory,
    /// The end record of a zip archive.
    ZipEnd,
    /// A local header of a zip archive.
    ZipLocalHeader,
    /// A member of a zip archive.
    ZipMember,
    /// The zip64 record or its locator.
    Zip64,
}

/// How a protobuf message breaks its format, or the schema of what it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProtobufFault {
    /// A number of more than ten bytes.
    Varint,
    /// More numbers than a field has.
    Numbers,
    /// A field that the message does not have, or not with a value of this type.
    Unknown {
        /// The message.
        of: Short,
        /// The number of the field.
        number: u32,
    },
    /// A field that it has in every file is not there.
    Missing {
        /// The message.
        of: Short,
        /// The number of the field.
        number: u32,
    },
    /// A field that may stand once stands twice.
    Repeated {
        /// The message.
        of: Short,
        /// The number of the field.
        number: u32,
    },
}

/// What is wrong with a tensor of a graph.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GraphTensorFault {
    /// A dimension that is negative, or more elements than can be counted.
    Shape,
    /// Its data has another size than its elements need.
    Size {
        /// Bytes that the elements need.
        needed: u64,
        /// Bytes that there are.
        has: u64,
    },
    /// It says that its data is in another file, and not in which.
    NoLocation,
    /// An offset or a length in another file that is no number.
    Extent,
    /// Its data is in a field that its type does not have, or in two places.
    Fields,
    /// It has no type.
    Untyped,
    /// It has no elements, and data all the same.
    Empty,
    /// Its data is at an address in memory, which only a runtime may say of its own tensors.
    Address,
}

/// What JSON or YAML a reader refuses, in the words of the parser.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SyntaxFault {
    /// The parser's message.
    pub message: Short,
    /// The line, from 1; 0 where it is about no line.
    pub line: u64,
    /// The column, from 1.
    pub column: u64,
}

/// The pickles of a legacy torch file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LegacyPart {
    /// The magic number.
    MagicNumber,
    /// The version of the protocol.
    ProtocolVersion,
    /// What is known of the system that wrote it.
    SystemInfo,
    /// The object.
    Object,
    /// The keys of the storages.
    StorageKeys,
}

/// How an npy file breaks its format.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NpyFault {
    /// The header is not UTF-8.
    NotUtf8 {
        /// The first byte that is not, from the start of the header.
        at: u64,
    },
    /// The header is not a dict.
    NotDict,
    /// A key that no header has.
    UnknownKey(NpyValue),
    /// A key is missing.
    MissingKey,
    /// `fortran_order` is not a bool.
    FortranOrder(NpyValue),
    /// The shape is not a tuple.
    Shape(NpyValue),
    /// The shape has a size that cannot be.
    Size,
    /// A subarray for a dtype.
    Subarray,
    /// Something that describes no dtype.
    Dtype(NpyValue),
    /// An element larger than any memory.
    ElementTooLarge,
    /// More bytes than can be counted.
    TooLarge {
        /// How many elements.
        elements: u64,
        /// Bytes of each.
        bytes: u64,
    },
    /// Something else than the header's grammar has there.
    Unexpected {
        /// What is there; empty at the end.
        found: Short,
        /// What the grammar has there.
        wanted: NpyToken,
    },
    /// An escape that is none.
    Escape(Short),
}

/// A literal of an npy header.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names are those of Python's types")]
pub enum NpyValue {
    Str(Short),
    Int(i128),
    Bool(bool),
    None,
    Tuple,
    List,
    Dict,
}

/// What the grammar of an npy header has at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NpyToken {
    /// The end of the header.
    End,
    /// A value.
    Value,
    /// An integer.
    Integer,
    /// The end of an integer.
    IntegerEnd,
    /// The end of a string.
    StringEnd,
    /// An escape that an npy header may have.
    SimpleEscape,
    /// A string of one line.
    OneLine,
    /// A comma.
    Comma,
    /// A colon.
    Colon,
}

/// How a safetensors file breaks its format.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SafetensorsFault {
    /// A header longer than the reference parser takes.
    HeaderTooLong {
        /// Its length.
        bytes: u64,
    },
    /// The header is not UTF-8.
    NotUtf8 {
        /// The first byte that is not, from the start of the header.
        at: u64,
    },
    /// A header without tensors, as an old writer wrote it, which is no JSON.
    NoTensors,
    /// The header is not the JSON of one.
    Json(SyntaxFault),
    /// A tensor breaks a rule.
    Tensor {
        /// Its name.
        name: Short,
        /// How.
        fault: TensorFault,
    },
    /// The tensors end past the end of any file.
    TooLarge,
    /// The file goes on after the tensors.
    DataLeft {
        /// The offset at which they end.
        end: u64,
        /// How many bytes follow.
        bytes: u64,
    },
}

/// How a tensor of a safetensors file breaks a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TensorFault {
    /// Its range ends before it begins.
    Backwards {
        /// Where it begins.
        start: u64,
        /// Where it ends.
        end: u64,
    },
    /// Bytes before it belong to no tensor.
    Hole {
        /// Where they begin.
        start: u64,
        /// Where they end.
        end: u64,
    },
    /// It begins inside the one before.
    Overlap {
        /// Where it begins.
        start: u64,
        /// Where the one before ends.
        before: u64,
    },
    /// The product of its shape overflows.
    ShapeOverflow,
    /// Its bits are no whole number of bytes.
    OddBits {
        /// How many there are.
        bits: u64,
    },
    /// Its range has another size than its dtype and shape.
    Size {
        /// Bytes by its dtype and shape.
        needed: u64,
        /// Bytes of its range.
        range: u64,
    },
}

/// How a zip archive breaks its format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ZipFault {
    /// There is no end record.
    NoEndRecord,
    /// The directory is not where the end record says.
    NoDirectory,
    /// There is no member.
    NoMember,
    /// The last entry of the directory is cut off.
    EntryCutOff,
    /// No local header is where the directory says.
    NoLocalHeader,
}

impl From<PickleFault> for Malformed {
    fn from(fault: PickleFault) -> Self {
        Self::Pickle(fault)
    }
}

impl From<GgufFault> for Malformed {
    fn from(fault: GgufFault) -> Self {
        Self::Gguf(fault)
    }
}

impl From<NpyFault> for Malformed {
    fn from(fault: NpyFault) -> Self {
        Self::Npy(fault)
    }
}

impl From<SafetensorsFault> for Malformed {
    fn from(fault: SafetensorsFault) -> Self {
        Self::Safetensors(fault)
    }
}

impl From<Hdf5Fault> for Malformed {
    fn from(fault: Hdf5Fault) -> Self {
        Self::Hdf5(fault)
    }
}

impl From<SkopsFault> for Malformed {
    fn from(fault: SkopsFault) -> Self {
        Self::Skops(fault)
    }
}

impl From<TableFault> for Malformed {
    fn from(fault: TableFault) -> Self {
        Self::Table(fault)
    }
}

impl From<ArraysFault> for Malformed {
    fn from(fault: ArraysFault) -> Self {
        Self::Arrays(fault)
    }
}

impl From<TreesFault> for Malformed {
    fn from(fault: TreesFault) -> Self {
        Self::Trees(fault)
    }
}

impl From<ZipFault> for Malformed {
    fn from(fault: ZipFault) -> Self {
        Self::Zip(fault)
    }
}

impl From<&serde_json::Error> for SyntaxFault {
    fn from(error: &serde_json::Error) -> Self {
        let message = error.to_string();
        // The parser ends its message with the place.
        let message = message
            .rsplit_once(" at line ")
            .map_or(message.as_str(), |(message, _)| message);
        let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        Self {
            message: Short::from(message),
            line: number(error.line()),
            column: number(error.column()),
        }
    }
}
