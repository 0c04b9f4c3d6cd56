//! Facts: what a reader saw in an entry's bytes, where, and nothing about whether it is good.
//!
//! Pure data, a pure function of the bytes: facts can be stored, shared by every view of a repository and judged
//! again when a policy changes. Everything a file can say is [`Text`], which escapes itself when shown.

mod anomaly;
mod circumstance;
mod code;
mod command;
mod content;
mod entry;
mod excerpt;
mod expression;
mod file_reference;
mod format_id;
mod global;
mod install;
mod io_fault;
mod kind;
mod listing;
mod named_code;
mod native;
mod op;
mod policy_edit;
mod python;
mod shard;
mod shell_word;
mod site;
mod template;
mod tensor;
mod text;
mod torch;
mod torch_reason;
mod unread;
mod usual;

pub use anomaly::{
    Anomaly, DirectoryFields, EndRecordAnomaly, EntryForm, Gap, NameFault, Payload, PickleAnomaly,
    Promised, SafetensorsAnomaly, ZipAnomaly, ZipPart,
};
pub use circumstance::{
    Absent, Answer, Changed, Circumstance, Circumstances, ConflictSide, Interruption, LinkAway,
    NotFollowed, ObjectKind, PathFault, Unavailable, Unreadable, UnreadablePart, UnsupportedEntry,
};
pub use code::{Code, CodeByValue, ForeignCode};
pub use command::Command;
pub use content::{ContentFacts, READER_EPOCH};
pub use entry::{Commit, ContentSource, Entry, EntryKind, Introduction};
pub use excerpt::{Excerpt, ExcerptId, Excerpts, Mark};
pub use expression::{CallArguments, ContainerKind, Expression, Literal, ShownCall};
pub use file_reference::{FileReference, FileRole, Leaves, PathBase};
pub use format_id::FormatId;
pub use global::{Global, GlobalName, Unresolved, Usage};
pub use install::{Install, InstallFrom};
pub use io_fault::{IoFault, IoKind};
pub use kind::FactKind;
pub use listing::ListingLine;
pub use named_code::{CodeHome, NamedCode};
pub use native::{Native, Reach, Runtime};
pub use op::Op;
pub use policy_edit::{
    BrokenPolicy, Direction, PolicyChange, PolicyEffect, PolicyItem, PolicyLine,
};
pub use python::{
    Argument, ArgumentSlot, Constant, PyAct, PyArgument, PyCall, PyHelper, PyNames, PyParameter,
    Requirement, SlotPrefix, SourceFault, Suppression,
};
pub use shard::{ShardFile, ShardIndex, ShardPart, ShardTensors};
pub use shell_word::{argument, pathspec, shell_word};
pub use site::{Hop, Place, Site, Span, op_name};
pub use template::{TemplateName, TemplateUse};
pub use tensor::{Tensor, Tensors};
pub use text::{Short, Text, deceives};
pub use torch::{Condition, Obstacle, TorchBehaviour, TorchForm, TorchLoad};
pub use torch_reason::{
    ArchiveReason, CallReason, LegacyReason, PickleReason, QuantizedReason, Sizes, SparseReason,
    StateReason, StorageReason, TensorReason, TorchReason, TorchType,
};
pub use unread::{
    ArraysFault, CheckpointFault, CheckpointTensorFault, Content, Foreign, GgufCounted, GgufFault,
    GgufTensorFault, GraphTensorFault, Hdf5Fault, Hdf5Form, Hdf5Part, JoblibFault, LegacyPart,
    Malformed, NpyFault, NpyToken, NpyValue, PickleFault, Piece, ProtobufFault, SafetensorsFault,
    SkopsFault, SyntaxFault, TableFault, TensorFault, TreesFault, Unread, Unsupported, ZipFault,
};
pub use usual::{ContentsFault, DtypeFault, Misfit, Part, SeenUse, UnusualUse};

use serde::{Deserialize, Serialize};

/// What a member of an archive is that is no file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpecialMember {
    /// A link, symbolic or hard.
    Link {
        /// Where it leads, as stored.
        target: Text,
    },
    /// A device or a pipe.
    Device,
}

/// One thing a reader saw, with the place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// What was seen.
    pub fact: Fact,
    /// Where it was first seen.
    pub site: Site,
    /// How often the same was seen in the same stream (at least 1).
    pub count: u64,
    /// Which of the [`Excerpts`], kept beside the facts, shows the lines around it: source, or a disassembly.
    pub excerpt: Option<ExcerptId>,
}

/// What was seen. No variant says whether it is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fact {
    /// These bytes are this format.
    Is(FormatId),
    /// Loading resolves (imports) this global and uses it so.
    Global {
        /// The global, exactly as stored.
        global: Global,
        /// How it is used.
        usage: Usage,
    },
    /// A global is looked up in a class by `getattr`, as the old protocols do: loading resolves the class's module and then this
    /// name in it, which is a fact of its own.
    Attribute {
        /// The class, or whatever it is.
        class: GlobalName,
        /// The name in it.
        attribute: Text,
    },
    /// A global is used in a shape in which no writer uses it.
    UnusualUse(Box<UnusualUse>),
    /// Loading calls something, with these arguments.
    Call {
        /// What is called.
        callee: Global,
        /// [`Usage::Call`], [`Usage::Construct`] or [`Usage::Configure`].
        usage: Usage,
        /// What it is given, as far as it is worth showing.
        given: Box<CallArguments>,
        /// The positional arguments, in order; one that is unknown at the end stands for all that may follow.
        arguments: Vec<Argument>,
    },
    /// What runs, all of it together: another digest if something else runs, however long that is and wherever it stands.
    Payload {
        /// Whose.
        of: PayloadOf,
        /// A SHA-256.
        sha256: [u8; 32],
    },
    /// Loading makes code that the file carries.
    CodeByValue(Box<CodeByValue>),
    /// A global becomes part of something else (a tuple of arguments, a container, a state) instead of being called: what
    /// receives it may call it, with arguments that are not in sight.
    HandedOn {
        /// The global.
        global: Global,
    },
    /// State is set (`BUILD`) on something that is not an instance: a class, a function, a module, or a value
    /// nothing is known about.
    StateOnNonInstance {
        /// What the state is set on.
        target: Expression,
    },
    /// Items are set or appended on something that is not a container and not an instance of a named class.
    ItemsOnNonContainer {
        /// What they are set on.
        target: Expression,
        /// The opcode.
        op: Op,
    },
    /// Items are set or appended on an instance or on a call's result: its own `__setitem__`, `append`, `extend` or `add` runs.
    ItemsOnInstance {
        /// The class of the instance, or the function whose result it is.
        class: Global,
        /// The opcode.
        op: Op,
    },
    /// The extension registry is consulted (`EXT1`, `EXT2`, `EXT4`): what it resolves is not in the file.
    Extension {
        /// The registry code.
        code: i64,
    },
    /// A persistent id: what it resolves is the loader's to decide.
    PersistentId {
        /// The id.
        id: Expression,
        /// It has torch's shape `('storage', <storage type>, key, location, size[, view])`.
        torch_storage: bool,
    },
    /// A global that only an unpickler object resolves which is used for all pickles of the file: it goes on counting its memo.
    OfReusedMemo {
        /// The global.
        global: GlobalName,
    },
    /// A global that only `pickle.load` resolves, which takes for opcodes what `joblib.load` reads as an array.
    OfArrayAsOpcodes {
        /// The global.
        global: GlobalName,
    },
    /// It is the index of a distributed checkpoint.
    ShardIndex(Box<ShardIndex>),
    /// Which tensors it has as a shard, or puts in one as an index.
    ShardTensors(Box<ShardTensors>),
    /// It names another file, which its loader opens.
    FileReference(Box<FileReference>),
    /// A buffer that is not in the file (`NEXT_BUFFER`).
    OutOfBandBuffer,
    /// A constant of the pickle is itself a pickle (its facts follow, one hop deeper).
    EmbeddedPickle {
        /// Bytes of the constant.
        length: u64,
    },
    /// An archive's member.
    Member {
        /// Its name as stored.
        name: Text,
        /// Its size when unpacked, in bytes.
        size: u64,
    },
    /// A member of an archive that is no file, and is not followed.
    Special {
        /// Its name as stored.
        name: Text,
        /// What it is.
        what: SpecialMember,
    },
    /// The bytes say two things, or one that no writer says: readers may disagree about them.
    Anomaly(Box<Anomaly>),
    /// Something was not read to its end.
    Unread(Unread),
    /// A member in a form that is not read, of an archive that nothing says holds a model.
    Unopened(Unsupported),
    /// How `torch.load` would take this artifact.
    TorchLoad(Box<TorchLoad>),
    /// A program that is not Python (TorchScript, a mobile or an exported program, a graph) names native code.
    Native(Native),
    /// A configuration has this called, if a library that does so reads it.
    ConfiguredCall(GlobalName),
    /// The same, of what other files or the surroundings decide.
    ComputedCall,
    /// A file beside a model names code for a library to import.
    NamedCode(Box<NamedCode>),
    /// A chat template does more than put its data into text.
    Template(TemplateUse),
    /// Python source: a name of interest was called, referenced or assigned.
    PyCall(Box<PyCall>),
    /// Python source: a function that may be one of the repository's is called, and handed what may be the path of a model.
    PyHanded(Box<PyCall>),
    /// Python source: names that others may import from it.
    PyNames(Box<PyNames>),
    /// A library wrote it, as it says itself.
    Library {
        /// The library's name where it is published: `scikit-learn`.
        name: String,
        /// Its version, if it says that too.
        version: Option<Text>,
    },
    /// Source was judged only in part: it breaks the grammar or its encoding, here first.
    Partial(SourceFault),
    /// An environment switch is set to a constant (`None`: to something computed).
    Env {
        /// The variable.
        name: Text,
        /// Its constant value.
        value: Option<Text>,
    },
    /// A comment in source asks for findings not to count.
    Suppression(Box<Suppression>),
    /// A list of requirements or a lock file asks for releases of a library.
    Requirement(Box<Requirement>),
    /// A list of requirements includes another one: its path from the folder of the list.
    RequirementsFile(Text),
    /// A list of requirements has something installed from elsewhere than an index that everybody uses.
    Install(Box<Install>),
}

/// What a payload is made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PayloadOf {
    /// What the calls of a global are given.
    Calls(Global),
    /// State and items that are set on what a global made.
    Contents(Global),
    /// State and items that are set on what is neither an instance nor a container.
    Others,
    /// Persistent ids that are not torch's.
    PersistentIds,
}

impl From<Anomaly> for Fact {
    fn from(anomaly: Anomaly) -> Self {
        Self::Anomaly(Box::new(anomaly))
    }
}

#[cfg(test)]
mod tests {
    use super::{Fact, Observation};

    /// A hostile file makes [`crate::limits::OBSERVATIONS`] of them.
    #[test]
    fn an_observation_is_small() {
        assert!(size_of::<Fact>() <= 88, "{}", size_of::<Fact>());
        assert!(
            size_of::<Observation>() <= 152,
            "{}",
            size_of::<Observation>()
        );
    }
}
