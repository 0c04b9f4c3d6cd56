//! Why something was not read to its end.

use std::{fmt, io};

use super::{title::Article, zip::method_name};
use crate::{
    fact::{
        ArraysFault, Content, Foreign, GraphTensorFault, IoFault, IoKind, JoblibFault, LegacyPart,
        Malformed, NpyFault, NpyToken, NpyValue, PickleFault, Piece, ProtobufFault,
        SafetensorsFault, SkopsFault, SyntaxFault, TableFault, TensorFault, TreesFault, Unread,
        Unsupported, ZipFault,
    },
    limits,
};

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(how) => write!(f, "malformed: {how}"),
            Self::Limit(limit) => write!(f, "past the limit of {limit}"),
            Self::Unknown(content) => write!(f, "of no known format: {content}"),
            Self::Unsupported(form) => write!(f, "not supported: {form}"),
            Self::Crashed { detail } => write!(f, "reading it crashed, a bug here: {detail}"),
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated {
                piece,
                needed,
                left,
            } => write!(f, "{piece} needs {needed} bytes, {left} are left"),
            Self::Checkpoint(fault) => fault.fmt(f),
            Self::Compressed { cut_off: true } => {
                f.write_str("compressed data ends before its content does")
            }
            Self::Compressed { cut_off: false } => f.write_str("compressed data is corrupt"),
            Self::Configuration(fault) => fault.fmt(f),
            Self::Hdf5(fault) => fault.fmt(f),
            Self::LzmaProperties => {
                f.write_str("an LZMA member whose properties are not 5 bytes long")
            }
            Self::LegacyEnd(part) => write!(f, "the file ends before its {part}"),
            Self::LegacyStorages { missing } => {
                write!(f, "{missing} bytes of its storages are missing")
            }
            Self::Notebook(fault) => write!(f, "not a notebook: {fault}"),
            Self::NotebookNotObject => f.write_str("not a notebook: it is not a JSON object"),
            Self::Gguf(fault) => fault.fmt(f),
            Self::Npy(fault) => fault.fmt(f),
            Self::Pickle(fault) => fault.fmt(f),
            Self::Program(fault) => write!(f, "not a program: {fault}"),
            Self::Protobuf(fault) => fault.fmt(f),
            Self::GraphTensor { name, fault } => write!(f, "the tensor `{name}` {fault}"),
            Self::Safetensors(fault) => fault.fmt(f),
            Self::TemplateNotUtf8 { at } => write!(f, "the template is not UTF-8 at byte {at}"),
            Self::Template(fault) => write!(f, "not a chat template: {fault}"),
            Self::Skops(fault) => fault.fmt(f),
            Self::Table(fault) => fault.fmt(f),
            Self::Arrays(fault) => fault.fmt(f),
            Self::Trees(fault) => fault.fmt(f),
            Self::Zip(fault) => fault.fmt(f),
        }
    }
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flatbuffer => "what an offset leads to",
            Self::Segment => "a segment",
            Self::Segments => "the list of segments",
            Self::Hdf5 => "a structure of the HDF5 file",
            Self::LzmaHead => "the head of an LZMA member",
            Self::NpyData => "the array",
            Self::NpyHead => "the head of an npy file",
            Self::NpyHeader | Self::SafetensorsHeader | Self::GgufHeader => "the header",
            Self::PickleOperand => "an operand",
            Self::Protobuf => "a field",
            Self::PickleString | Self::GgufText => "a string",
            Self::SafetensorsData | Self::GgufData => "the data of all tensors",
            Self::SafetensorsLength => "the length of the header",
            Self::Content => "its content",
            Self::Table => "a block of the table",
            Self::TarMember | Self::ArMember => "the last member",
            Self::Trees => "a value of the model",
            Self::TensorIndices => "the indices of a sparse tensor",
            Self::ZipDirectory => "an entry of the directory",
            Self::ZipEnd => "the end record",
            Self::ZipLocalHeader => "a local header",
            Self::ZipMember => "the member",
            Self::Zip64 => "the zip64 record",
        })
    }
}

impl fmt::Display for ProtobufFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Varint => f.write_str("a number of more than ten bytes"),
            Self::Numbers => f.write_str("a list with more numbers than it may have"),
            Self::Unknown { of, number } => {
                write!(f, "field {number}, which `{of}` does not have in this form")
            }
            Self::Missing { of, number } => write!(f, "`{of}` lacks field {number}"),
            Self::Repeated { of, number } => {
                write!(f, "field {number} twice, which `{of}` has once")
            }
        }
    }
}

impl fmt::Display for GraphTensorFault {
    /// After the tensor.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape => f.write_str("has a shape that no data can have"),
            Self::Size { needed, has } => {
                write!(f, "needs {needed} bytes of data and has {has}")
            }
            Self::Fields => f.write_str("has its data in a field that its type does not have, or in two places"),
            Self::Empty => f.write_str("has no elements, and data all the same"),
            Self::Untyped => f.write_str("has no type"),
            Self::NoLocation => f.write_str("has its data in another file, and does not say in which"),
            Self::Extent => f.write_str("has its data at an offset in another file that is no number"),
            Self::Address => {
                f.write_str("has its data at an address in memory, which only a runtime may say of its own tensors")
            }
        }
    }
}

impl fmt::Display for SyntaxFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            message,
            line,
            column,
        } = self;
        match line {
            0 => message.fmt(f),
            _ => write!(f, "{message} at line {line} column {column}"),
        }
    }
}

impl fmt::Display for LegacyPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MagicNumber => "magic number",
            Self::ProtocolVersion => "protocol version",
            Self::SystemInfo => "system information",
            Self::Object => "object",
            Self::StorageKeys => "storage keys",
        })
    }
}

impl fmt::Display for NpyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 { at } => write!(f, "the header is not UTF-8 at byte {at}"),
            Self::NotDict => f.write_str("the header is not a dict"),
            Self::UnknownKey(key) => write!(f, "the header has a key {key}"),
            Self::MissingKey => {
                f.write_str("the header lacks one of descr, fortran_order and shape")
            }
            Self::FortranOrder(value) => write!(f, "fortran_order is {value}"),
            Self::Shape(value) => write!(f, "the shape is {value}"),
            Self::Size => f.write_str("the shape has an impossible size"),
            Self::Subarray => f.write_str("a subarray for a dtype, whose shape no reader can set"),
            Self::Dtype(descr) => write!(f, "{descr} describes no dtype"),
            Self::ElementTooLarge => f.write_str("an element larger than any memory"),
            Self::TooLarge { elements, bytes } => {
                write!(f, "{elements} elements of {bytes} bytes overflow")
            }
            Self::Unexpected { found, wanted } if found.is_empty() => {
                write!(f, "the header ends where {wanted} should be")
            }
            Self::Unexpected { found, wanted } => {
                write!(f, "`{found}` in the header where {wanted} should be")
            }
            Self::Escape(digits) => write!(f, "an escape of `{digits}` in the header"),
        }
    }
}

impl fmt::Display for NpyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Str(text) => write!(f, "'{text}'"),
            Self::Int(number) => number.fmt(f),
            Self::Bool(true) => f.write_str("True"),
            Self::Bool(false) => f.write_str("False"),
            Self::None => f.write_str("None"),
            Self::Tuple => f.write_str("a tuple"),
            Self::List => f.write_str("a list"),
            Self::Dict => f.write_str("a dict"),
        }
    }
}

impl fmt::Display for NpyToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::End => "the end of the header",
            Self::Value => "a value",
            Self::Integer => "an integer",
            Self::IntegerEnd => "the end of an integer",
            Self::StringEnd => "a string that ends",
            Self::SimpleEscape => "a string with simple escapes",
            Self::OneLine => "a string of one line",
            Self::Comma => "a comma",
            Self::Colon => "a colon",
        })
    }
}

impl fmt::Display for PickleFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crlf => f.write_str(
                "its line endings were converted (CRLF): mark it as binary in .gitattributes, and fetch it anew",
            ),
            Self::KeyWithoutValue { op } => write!(f, "{op} with a key that has no value"),
            Self::LineFeedMissing { op: Some(op) } => write!(f, "{op} without two line feeds"),
            Self::LineFeedMissing { op: None } => {
                f.write_str("a line operand without its line feed")
            }
            Self::MarkMissing => f.write_str("there is no mark"),
            Self::MemoUnset { index } => write!(f, "memo entry {index} is not set"),
            Self::NameNotAscii => f.write_str("INST with a name that is not ASCII"),
            Self::NameNotUtf8 => f.write_str("GLOBAL with a name that is not UTF-8"),
            Self::NegativeLength { op } => write!(f, "{op} with a negative length"),
            Self::NoClass => f.write_str("OBJ without a class"),
            Self::NoStop => f.write_str("the pickle ends without STOP"),
            Self::NotCallable => {
                f.write_str("a constant or a container is called, which cannot be")
            }
            Self::NotAnIndex { op } => write!(f, "{op} with an operand that is not a memo index"),
            Self::NotANumber { op } => write!(f, "{op} with an operand that is not a number"),
            Self::NotAnOpcode { byte } => write!(f, "{byte:#04x} is no opcode"),
            Self::NotNames => {
                f.write_str("STACK_GLOBAL takes two strings, and one of these is something else")
            }
            Self::NotPositiveCode => f.write_str("an extension code that is not positive"),
            Self::StackUnderflow { marked: false } => {
                f.write_str("the opcode takes more from the stack than is there")
            }
            Self::StackUnderflow { marked: true } => {
                f.write_str("the opcode takes more from the stack than there is above the mark")
            }
            Self::EscapeCutOff { op } => write!(f, "the {op} operand has a cut-off escape"),
            Self::EscapeNotHex { op } => {
                write!(f, "the {op} operand has an escape that is not hexadecimal")
            }
            Self::EscapeTooLarge => {
                f.write_str("the UNICODE operand has an escape beyond U+10FFFF")
            }
            Self::StringNotQuoted => f.write_str("the STRING operand is not quoted"),
            Self::StringNotUtf8 => f.write_str("a string that is not UTF-8"),
        }
    }
}

impl fmt::Display for SafetensorsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeaderTooLong { bytes } => write!(
                f,
                "a header of {bytes} bytes; {} is the most",
                limits::SAFETENSORS_HEADER
            ),
            Self::NotUtf8 { at } => write!(f, "the header is not UTF-8 at byte {at}"),
            Self::NoTensors => f.write_str(
                "a header without tensors, as an old writer wrote it: `{},\"__metadata__\"` is no JSON",
            ),
            Self::Json(fault) => write!(f, "the header's JSON: {fault}"),
            Self::Tensor { name, fault } => write!(f, "tensor `{name}`: {fault}"),
            Self::TooLarge => f.write_str("byte ranges past the end of any file"),
            Self::DataLeft { end, bytes } => {
                write!(f, "the tensors end at {end}, the file {bytes} bytes later")
            }
        }
    }
}

impl fmt::Display for TensorFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Backwards { start, end } => {
                write!(f, "its byte range {start}..{end} ends before it begins")
            }
            Self::Hole { start, end } => write!(f, "a hole before it, from {start} to {end}"),
            Self::Overlap { start, before } => write!(
                f,
                "its bytes from {start} overlap those before, which end at {before}"
            ),
            Self::ShapeOverflow => f.write_str("the product of its shape overflows"),
            Self::OddBits { bits } => write!(f, "{bits} bits are no whole number of bytes"),
            Self::Size { needed, range } => write!(
                f,
                "dtype and shape need {needed} bytes, its range has {range}"
            ),
        }
    }
}

impl fmt::Display for SkopsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { key } => write!(
                f,
                "a node whose `{key}` is missing, or not what skops writes"
            ),
            Self::Twice { key } => write!(f, "a node that has `{key}` twice"),
            Self::Loader { name } => write!(f, "no release of skops has the loader `{name}`"),
            Self::Protocol => f.write_str("a protocol that no release of skops has"),
            Self::File { name } => write!(f, "the file `{name}` is not in the archive"),
            Self::Node { expected } => write!(f, "a node that should be a `{expected}`"),
        }
    }
}

impl fmt::Display for TableFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value { name, at } => {
                write!(
                    f,
                    "byte {at}: no writer of the format writes such a `{name}`"
                )
            }
            Self::Reference { at } => {
                write!(f, "byte {at}: a reference to what has not come before")
            }
        }
    }
}

impl fmt::Display for ArraysFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encoding { at } => write!(f, "byte {at} is nothing that the encoding has there"),
            Self::Extension { code, at } => {
                write!(
                    f,
                    "extension type {code} at byte {at} is none that its library writes"
                )
            }
            Self::Value { name } => {
                write!(f, "`{name}` has a value that its library does not write")
            }
            Self::Size {
                name,
                expected,
                found,
            } => write!(
                f,
                "the size of `{name}` is {found} where {expected} should be"
            ),
            Self::Trailing { bytes } => write!(f, "{bytes} bytes stand behind its end"),
        }
    }
}

impl fmt::Display for TreesFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encoding { at } => write!(f, "byte {at} is nothing that the encoding has there"),
            Self::Value { name } => {
                write!(f, "`{name}` has a value that its library does not write")
            }
            Self::Missing { name } => write!(f, "there is no `{name}`"),
            Self::Twice { name } => write!(f, "`{name}` is there twice"),
            Self::Count {
                name,
                expected,
                found,
            } => write!(
                f,
                "`{name}` has {found} items where the model says {expected}"
            ),
            Self::NotATree { tree, node } => {
                write!(
                    f,
                    "tree {tree} is no tree: node {node} leads to none, or is reached twice"
                )
            }
            Self::Feature { feature, features } => {
                write!(f, "a node compares feature {feature} of {features}")
            }
            Self::Reference { name } => write!(f, "`{name}` refers to what is not there"),
        }
    }
}

impl fmt::Display for ZipFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoEndRecord => "no end record: the archive is cut off, or it is no archive",
            Self::NoDirectory => "the directory is not where the end record says",
            Self::NoMember => "the archive has no member",
            Self::EntryCutOff => "the last entry of the directory is cut off",
            Self::NoLocalHeader => "no local header where the directory says",
        })
    }
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CompressionMethod(method) => {
                write!(f, "compression method {method}")?;
                match method_name(*method) {
                    Some(name) => write!(f, " ({name})"),
                    None => Ok(()),
                }
            }
            Self::Dtype(dtype) => write!(f, "the dtype '{dtype}'"),
            Self::EncryptedMember => f.write_str("an encrypted member"),
            Self::EncryptedTable => f.write_str("a table whose description is encrypted"),
            Self::FirstRVersion => {
                f.write_str("version 1 of R's files, which R wrote before 1.4.0")
            }
            Self::JoblibArray(fault) => write!(f, "an array as joblib does not write it: {fault}"),
            Self::NpyVersion { major, minor } => write!(f, "npy version {major}.{minor}"),
            Self::CompiledCode => f.write_str("it is compiled code, which loading the file runs"),
            Self::Hdf5(form) => form.fmt(f),
            Self::ExportMember => {
                f.write_str("it is no program, weights or inputs of an exported module")
            }
            Self::PickledColumn(name) => {
                write!(f, "the column `{name}`, whose values are pickles")
            }
            Self::ModelPart(name) => write!(f, "the part `{name}` of a model"),
            Self::LinkedMember => f.write_str("a link in place of a member that the loader opens"),
            Self::OpenVinoVersion(version) => write!(f, "version `{version}` of OpenVINO's graphs"),
            Self::GgmlLayout => f.write_str("a layout of GGML that no known program writes"),
            Self::GgufVersion(version) => write!(f, "GGUF version {version}"),
            Self::TensorType(number) => {
                write!(f, "a tensor of type {number}, whose size is not known here")
            }
            Self::RawTemplate => f.write_str("a `raw` block of a chat template"),
            Self::TemplateEscape => f.write_str(
                "an escape in a chat template that renderers read in different ways (`\\N`, `\\U`, the end of a line)",
            ),
            Self::PatchedMember => f.write_str("a member of patched data"),
            Self::BrokenSevenZip => f.write_str("a 7z archive that is broken or cut off"),
            Self::SevenZip => f.write_str("a form of 7z archives"),
            Self::SevenZipMemory => {
                f.write_str("a dictionary or a header of a 7z archive that takes too much memory")
            }
            Self::SevenZipMethod(method) => write!(f, "compression method {method} of 7z"),
            Self::SparseMember(name) => write!(f, "a sparse member, {name}"),
            Self::StorageSize => f.write_str(
                "a storage of unknown type or size, so that the end of the storages is unknown",
            ),
        }
    }
}

impl fmt::Display for JoblibFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::State => "its attributes are others, or not constant",
            Self::NotFresh => "its state is set more than once",
            Self::Dtype => "its dtype is none that NumPy writes, or has items of no size",
            Self::Shape => "its shape is not a tuple of sizes",
            Self::InsideFrame => "it begins inside a frame of the pickle",
            Self::FileName => "its file is not named like one beside the pickle",
        })
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("nothing: the file is empty"),
            Self::Foreign(foreign) => foreign.fmt(f),
            Self::HtmlPage => f.write_str("an HTML page: a download that failed"),
            Self::Text => f.write_str("text, which is not read as a model"),
            Self::Zeros => f.write_str("zeros where a model begins: a download that was cut off"),
            Self::Bytes(front) => {
                f.write_str("bytes that begin")?;
                for byte in front {
                    write!(f, " {byte:02x}")?;
                }
                f.write_str(", which is not read")
            }
            Self::Recognised(format) => write!(f, "{}, which is not read yet", Article(format)),
            Self::OtherLayout {
                container,
                expected,
            } => write!(
                f,
                "{} that is not laid out as {}",
                Article(container),
                Article(expected)
            ),
        }
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, image) = match self {
            Self::Avi => ("an AVI film", true),
            Self::Bmp => ("a BMP image", true),
            Self::Bzip2 => ("bzip2 data", false),
            Self::Elf => ("a native library or program", false),
            Self::Flac => ("FLAC sound", true),
            Self::Gif => ("a GIF image", true),
            Self::Gzip => ("gzip data", false),
            Self::JavaClass => ("a Java class", false),
            Self::Jpeg => ("a JPEG image", true),
            Self::Lz4 => ("lz4 data", false),
            Self::Lzma => ("lzma data", false),
            Self::Matroska => ("a Matroska or WebM film", true),
            Self::Mp3 => ("MP3 sound", true),
            Self::Mp4 => ("an MP4 film", true),
            Self::Ogg => ("Ogg sound", true),
            Self::OldJoblib => ("an old joblib archive", false),
            Self::Pdf => ("a PDF document", true),
            Self::Png => ("a PNG image", true),
            Self::Psd => ("a Photoshop image", true),
            Self::Sqlite => ("an SQLite database", false),
            Self::Tiff => ("a TIFF image", true),
            Self::Wav => ("WAV sound", true),
            Self::WebAssembly => ("a WebAssembly module", false),
            Self::WebP => ("a WebP image", true),
            Self::WindowsProgram => ("a Windows library or program", false),
            Self::XetPointer => ("a pointer of Xet to its content", false),
            Self::Xz => ("xz data", false),
            Self::Zlib => ("zlib data", false),
            Self::Zstd => ("zstd data", false),
        };
        f.write_str(what)?;
        f.write_str(if image {
            " and no model"
        } else {
            ", which is not read"
        })
    }
}

impl fmt::Display for IoFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => io::Error::from_raw_os_error(*code).fmt(f),
            Self::Kind(kind) => kind.fmt(f),
            Self::Shrank => f.write_str("it shrank while it was read"),
        }
    }
}

impl fmt::Display for IoKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::NotFound => io::ErrorKind::NotFound,
            Self::PermissionDenied => io::ErrorKind::PermissionDenied,
            Self::InvalidData => io::ErrorKind::InvalidData,
            Self::UnexpectedEof => io::ErrorKind::UnexpectedEof,
            Self::OutOfMemory => io::ErrorKind::OutOfMemory,
            Self::Interrupted => io::ErrorKind::Interrupted,
            Self::Other => io::ErrorKind::Other,
        };
        kind.fmt(f)
    }
}
