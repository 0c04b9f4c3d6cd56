//! Why `torch.load(weights_only=True)` does not load an artifact, or reaches memory outside a storage.

mod tensor;

pub use tensor::{QuantizedReason, Sizes, SparseReason, TensorReason};

use serde::{Deserialize, Serialize};

use super::{GlobalName, Op, Short, Text, Unread};

/// Why `torch.load(weights_only=True)` does not load an artifact, or reaches memory outside a storage.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TorchReason {
    /// It is a TorchScript archive.
    Script,
    /// It is a file of before 0.1.10.
    Tar,
    /// What the archive is, or what it holds beside its pickle.
    Archive(ArchiveReason),
    /// The layout of before 1.6.
    Legacy(LegacyReason),
    /// The opcodes of a pickle.
    Pickle(PickleReason),
    /// A call.
    Call {
        /// What is called.
        callee: GlobalName,
        /// Why it fails.
        reason: CallReason,
    },
    /// State that is set on a value.
    State(StateReason),
    /// A storage that a pickle asks for.
    Storage(StorageReason),
    /// A tensor.
    Tensor(TensorReason),
    /// A quantized tensor.
    Quantized(QuantizedReason),
    /// A sparse tensor.
    Sparse(SparseReason),
}

macro_rules! reasons {
    ($($group:ident($reason:ident)),* $(,)?) => {
        $(impl From<$reason> for TorchReason {
            fn from(reason: $reason) -> Self {
                Self::$group(reason)
            }
        })*
    };
}

reasons! {
    Archive(ArchiveReason),
    Legacy(LegacyReason),
    Pickle(PickleReason),
    State(StateReason),
    Storage(StorageReason),
    Tensor(TensorReason),
    Quantized(QuantizedReason),
    Sparse(SparseReason),
}

/// What a value is to torch's unpickler.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names are those of the types")]
pub enum TorchType {
    None,
    Number,
    Complex,
    Str,
    Bytes,
    Tuple,
    Size,
    Device,
    Layout,
    NumpyDtype,
    List,
    Dict,
    OrderedDict,
    Counter,
    Set,
    ByteArray,
    Tensor,
    Storage,
    /// A global itself.
    Global(GlobalName),
    /// What a global that torch does not know made.
    MadeBy(GlobalName),
}

/// Why torch does not load an archive, whatever its pickle does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArchiveReason {
    /// Its first bytes are not a zip's.
    NotZip,
    /// Bytes stand before it.
    BytesBefore,
    /// A member is outside the folder of the first.
    OutsideRoot {
        /// Its name.
        member: Text,
    },
    /// There is no `data.pkl` in that folder.
    NoPickle,
    /// `data.pkl` cannot be read; `None` where its bytes could not be had.
    PickleUnread(Option<Unread>),
    /// There is no `version`.
    NoVersion,
    /// A version that torch does not read.
    Version {
        /// It.
        found: Short,
        /// The first that torch reads.
        oldest: u8,
        /// The last.
        newest: u8,
    },
    /// A `byteorder` that torch does not know.
    ByteOrder(Short),
    /// A `.storage_alignment` that is no number.
    StorageAlignment,
    /// A serialization id that is not UTF-8.
    SerializationId,
}

/// Why torch does not load the layout of before 1.6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LegacyReason {
    /// The first pickle is not the magic number.
    NoMagicNumber,
    /// The second is not the version of the protocol.
    ProtocolVersion {
        /// The version that torch reads.
        wanted: u16,
    },
    /// The fifth is no list of keys.
    NoStorageKeys,
    /// A storage that the object does not ask for.
    UnknownStorage,
    /// The storages are cut off.
    StoragesCutOff,
    /// A storage with another number of elements than the object says.
    StorageCount {
        /// The bytes that the object asks for.
        bytes: u64,
        /// The elements that follow.
        elements: u64,
        /// The bytes of an element.
        itemsize: u64,
    },
}

/// Why torch's unpickler stops at an opcode.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PickleReason {
    /// It does not know the opcode.
    Opcode {
        /// It.
        op: Op,
        /// The protocol that it is of, if it is an opcode.
        protocol: Option<u8>,
    },
    /// The pickle does not read on; `None` where its bytes could not be had.
    Unread(Option<Unread>),
    /// More values than are followed.
    TooManyValues,
    /// More globals than are read.
    TooManyGlobals,
    /// A string that is not UTF-8.
    NotUtf8,
    /// What is called, or instantiated, is no global.
    CalleeNotGlobal(Op),
    /// A key without a value.
    KeyWithoutValue(Op),
    /// A key that cannot be hashed.
    UnhashableKey(Op),
    /// Items on something that takes none.
    Items {
        /// The opcode that adds them.
        op: Op,
        /// What they are added to.
        target: TorchType,
    },
}

/// Why a call fails.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallReason {
    /// Its arguments are no tuple.
    NotATuple(TorchType),
    /// It takes another number of arguments.
    Arguments {
        /// How many are given.
        given: u64,
    },
    /// It takes another number of arguments, and it is said how many.
    ArgumentsBetween {
        /// How many are given.
        given: u64,
        /// How many it takes at least.
        least: u8,
        /// How many it takes at most.
        most: u8,
    },
    /// It does not take an argument.
    Argument(TorchType),
    /// A text has characters that the encoding has not.
    Unencodable,
    /// It makes a tensor on another device, or of another layout.
    OtherDevice,
    /// It is no function.
    NotAFunction,
    /// It is no class that NEWOBJ makes.
    NotMadeByNewobj,
    /// It is no class.
    NotAClass,
    /// It calls itself too often.
    CallsItself,
    /// It makes something an instance of a class that it cannot be.
    Makes {
        /// What it is.
        made: TorchType,
        /// The class.
        class: GlobalName,
    },
}

/// Why state cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StateReason {
    /// Something that takes no state.
    Target(TorchType),
    /// A numpy dtype whose class is not known.
    NumpyDtype,
    /// Attributes are updated with something that is no dict.
    Updates {
        /// Whose.
        target: TorchType,
        /// With what.
        state: TorchType,
    },
    /// A state of which it is not known whether there is one.
    Unknown(TorchType),
    /// The same, of a function that sets attributes.
    UnknownOf {
        /// Whose.
        target: TorchType,
        /// The state.
        state: TorchType,
    },
    /// A state that is neither a dict nor a pair.
    NotDictOrPair,
    /// A state that is no dict.
    NotDict {
        /// Whose.
        target: TorchType,
        /// The state.
        state: TorchType,
    },
    /// More attributes than are followed.
    TooManyAttributes,
    /// The name of an attribute is no text.
    AttributeName,
    /// An attribute that cannot be set so.
    Attribute {
        /// Its name.
        name: Short,
        /// Whose.
        target: TorchType,
        /// What it is set to.
        value: TorchType,
    },
    /// The data of a tensor are something else.
    Data(TorchType),
    /// The data of a tensor are of another kind.
    DataKind,
    /// The data of a tensor that requires gradients have none.
    DataGradient,
    /// The state of a tensor is no sequence.
    Tensor(TorchType),
    /// The state of a tensor has another number of parts.
    TensorParts(u64),
    /// A tensor that cannot be changed.
    Unchangeable,
    /// A tensor is put on something that is no memory of its type.
    Source {
        /// The type of the tensor.
        dtype: Text,
        /// What it is put on.
        source: TorchType,
    },
    /// A parameter that was computed.
    ComputedParameter,
    /// The state of a parameter is something else.
    Parameter(TorchType),
}

/// Why a storage is not loaded.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StorageReason {
    /// A persistent id that is no tuple.
    IdNotATuple(TorchType),
    /// A persistent id that names no storage.
    IdNotStorage,
    /// A persistent id where torch takes none.
    IdUnexpected,
    /// A persistent id of another number of parts.
    IdParts {
        /// How many it has.
        parts: u64,
        /// How many torch takes.
        wanted: u8,
    },
    /// Its type is something else.
    Type(TorchType),
    /// Its length is something else.
    Length(TorchType),
    /// Its length is no count.
    LengthNotACount,
    /// Its key is something else.
    Key(TorchType),
    /// Its location is something else.
    Location(TorchType),
    /// No device is known for its location.
    UnknownLocation(Short),
    /// It has no record.
    NoRecord {
        /// The name of the record.
        name: Short,
    },
    /// Its record has another size.
    RecordSize {
        /// The name of the record.
        name: Short,
        /// The bytes of the record.
        record: u64,
        /// The bytes of the storage.
        storage: u64,
    },
    /// A view that is not a key, an offset and a length.
    View,
    /// The key of a view is no key.
    ViewKey,
    /// A view of something else.
    ViewOfNoStorage,
    /// A view with a negative offset or length.
    NegativeView,
}
