//! What a view knows of an entry beside its content: nothing here is a function of the bytes.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{Command, ContentFacts, IoFault, Observation, PolicyEffect, Site, Text};
use crate::limits;

/// What the view knows of an entry, and the bytes of its content do not say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Circumstances {
    /// What listing and opening the entry showed.
    pub noted: Vec<Circumstance>,
    /// What of the content the view's change brings.
    pub changed: Changed,
    /// Where reading the content stopped because bytes of it could not be had: elsewhere, they may be.
    pub interrupted: Vec<Interruption>,
    /// The deadline passed before all of the content was read and judged.
    pub late: bool,
    /// What loading the file does where git checks it out with other bytes (other line ends), beside what it does here.
    pub elsewhere: Vec<Observation>,
}

/// A place at which reading a content stopped, because its bytes could not be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interruption {
    /// Where.
    pub site: Site,
    /// What was answered instead.
    pub fault: IoFault,
}

/// One thing that listing or opening an entry showed. No variant says whether it is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Circumstance {
    /// Something stands here that is not followed.
    NotFollowed(NotFollowed),
    /// A pointer of git-lfs or git-annex stands here instead of the content.
    Pointer {
        /// The sha256 of the content, lower-case hex.
        oid: String,
        /// Its size in bytes.
        size: u64,
    },
    /// An output of DVC: git does not have it, and a file in the repository lists it.
    OutputOfDvc {
        /// The file that lists it.
        listed_in: Text,
        /// The md5 of its content, as listed.
        md5: Option<String>,
    },
    /// The cache of DVC has another content under the listed md5.
    DigestMismatch,
    /// The git-lfs object has another size than its pointer says.
    SizeMismatch {
        /// Bytes, as the pointer says.
        pointer: u64,
        /// Bytes that the object has.
        object: u64,
    },
    /// A path that git records and no checkout can have.
    ImpossiblePath(PathFault),
    /// Where git checks the file out with other bytes, loading it does more: see [`Circumstances::elsewhere`].
    OtherOnCheckout,
    /// The content, or a part of it, could not be had.
    Unavailable(Unavailable),
    /// A change edits, adds or deletes this file, which is (or would be) the policy or a part of it. Not stored, and so at the end: a
    /// binary format counts variants.
    #[serde(skip)]
    PolicyEdited {
        /// The policy that judges the change, readable.
        judge: Text,
        /// Whether that is the policy as the change leaves it.
        judges: bool,
        /// Whether the file is deleted.
        deleted: bool,
    },
    /// What the change of this file, which is the policy or a part of it, makes of the policy.
    #[serde(skip)]
    PolicyCompared(PolicyEffect),
}

/// What stands in a view and is not followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NotFollowed {
    /// A commit of another repository.
    Submodule {
        /// The first digits of the commit that it moves from; `None` if it is new.
        old: Option<String>,
        /// Those of the commit that it moves to.
        new: String,
        /// The command that looks into it; `None` if an option of this one does.
        command: Option<Command>,
    },
    /// A pointer file of git-annex whose content is not here, under a name that says nothing.
    AnnexPointer {
        /// The command that fetches it.
        command: Command,
    },
    /// A git-lfs pointer whose content is not here, under a name that says nothing.
    Pointer {
        /// The command that fetches it.
        command: Command,
    },
    /// A symbolic link that leads out of what is looked at.
    Link(LinkAway),
    /// An output of DVC whose content is not here, under a name that says nothing.
    DvcOutput {
        /// What is not here.
        what: Absent,
        /// The command that fetches it.
        command: Command,
    },
    /// A file of DVC that cannot be read, or only in part: why.
    UnreadOutputs(Text),
    /// An output of DVC that is outside of the repository: its path.
    OutputOutside(Text),
}

/// Where a symbolic link leads that leads out of what is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkAway {
    /// Its target, as it is written.
    pub target: Text,
    /// The path of the submodule that it leads into, if it does.
    pub submodule: Option<Text>,
}

/// Why no checkout can have a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PathFault {
    /// A name is empty.
    NoName,
    /// A name is `.` or `..`.
    Dots,
    /// A name is git's own folder, in the spelling of some system.
    DotGit,
    /// A name holds a slash.
    Slash,
}

/// Why a view could not give an entry's content. All of these are refused by default: what was not read is not known to be safe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unavailable {
    /// The content is elsewhere.
    NotFetched {
        /// What is.
        what: Absent,
        /// The command that brings it.
        command: Command,
    },
    /// The operating system or the object store would not give it.
    Io(Unreadable),
    /// The folder's tree in git is malformed.
    MalformedTree {
        /// What the library that reads it says.
        answer: Text,
    },
    /// A limit of ours was reached on the way to it.
    Limit(limits::Id),
    /// Something that is no file whose content could be read.
    Unsupported(UnsupportedEntry),
}

/// What is elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Absent {
    /// What a git-lfs pointer stands for.
    LfsContent,
    /// What git-annex keeps elsewhere.
    AnnexContent,
    /// What DVC keeps elsewhere.
    DvcContent,
    /// A folder that DVC keeps elsewhere, and how many files it has, if that is known.
    DvcFolder(Option<u64>),
    /// An object that a partial clone lacks, by its id.
    Object(String),
    /// A submodule that is not initialised.
    Submodule,
    /// A commit that the clone of a submodule lacks, by its first digits.
    SubmoduleCommit(String),
}

/// What could not be read, and what was answered instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    /// What.
    pub part: UnreadablePart,
    /// The answer.
    pub answer: Answer,
}

/// What could not be read on the way to a content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum UnreadablePart {
    /// The content itself.
    Content,
    /// The list of what is in a folder.
    Folder,
    /// An object of git, by its first digits.
    Object(String),
    /// The objects of the repository.
    Objects,
    /// The objects of a submodule.
    SubmoduleObjects,
    /// The repository of a submodule.
    SubmoduleRepository,
    /// The index of a submodule.
    SubmoduleIndex,
}

/// What is answered instead of bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// What the operating system, or the library that reads git's data, says.
    Said(Text),
    /// It is not there.
    Missing,
    /// It does not read as what it is.
    Damaged,
    /// It is not the kind of object that it should be: `commit`.
    IsNot(ObjectKind),
    /// There is no work tree.
    NoWorkTree,
}

/// A kind of git's objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are git's")]
pub enum ObjectKind {
    Blob,
    Commit,
    Tag,
    Tree,
}

impl ObjectKind {
    /// How git calls it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Blob => "blob",
            Self::Commit => "commit",
            Self::Tag => "tag",
            Self::Tree => "tree",
        }
    }
}

/// What is no file whose content could be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum UnsupportedEntry {
    /// One side of a merge conflict that is not resolved.
    Conflict(ConflictSide),
    /// A pipe, a socket or a device.
    Special,
    /// A git-lfs pointer with more after it.
    PaddedPointer,
    /// A git-lfs pointer with extensions, which transform the stored bytes.
    LfsExtensions,
    /// A symbolic link whose target is no name.
    LinkToNoName,
    /// A symbolic link that leads out of what is looked at, under the name of a model.
    LinkAway(LinkAway),
    /// A symbolic link to what the policy excludes.
    LinkToExcluded(Text),
    /// A character set in `.gitattributes` that is not followed.
    Encoding(Text),
}

/// A side of a merge conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConflictSide {
    /// The common ancestor's.
    Base,
    /// The one that is merged into.
    Ours,
    /// The one that is merged.
    Theirs,
}

/// What of an entry's content a change brings.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Changed {
    /// All of it: it is new, or nothing says otherwise.
    #[default]
    All,
    /// These lines, counted from 1, the end exclusive; in order.
    Lines(Vec<Range<u32>>),
}

impl Changed {
    /// Whether something from line `first` to `last` (both included) is part of the change.
    pub fn touches(&self, first: u32, last: u32) -> bool {
        match self {
            Self::All => true,
            Self::Lines(lines) => lines
                .iter()
                .any(|lines| lines.start <= last && first < lines.end),
        }
    }
}

impl Circumstances {
    /// The content is as it was listed, and nothing else is known.
    pub fn of(noted: Vec<Circumstance>) -> Self {
        Self {
            noted,
            ..Self::default()
        }
    }

    /// Nothing is known but that the deadline passed.
    pub fn late() -> Self {
        Self {
            late: true,
            ..Self::default()
        }
    }

    /// Whether all bytes could be had that readers asked for, in time: facts of a content that were cut short are no function of
    /// it, and not to be stored.
    pub fn is_whole(&self) -> bool {
        self.interrupted.is_empty() && !self.late
    }

    /// All that was seen in a content: here, then as git checks it out elsewhere.
    pub fn observations<'a>(
        &'a self,
        facts: &'a ContentFacts,
    ) -> impl Iterator<Item = &'a Observation> + Clone {
        facts.observations.iter().chain(&self.elsewhere)
    }

    /// Bytes of a content: here, or where a git-lfs pointer says.
    pub fn size(&self, facts: &ContentFacts) -> u64 {
        self.pointer().map_or(facts.bytes, |(_, size)| size)
    }

    /// What kept the content, or a part of it, from being had.
    pub fn unavailable(&self) -> impl Iterator<Item = &Unavailable> {
        self.noted.iter().filter_map(|noted| match noted {
            Circumstance::Unavailable(why) => Some(why),
            _ => None,
        })
    }

    /// The file of DVC that lists it, and its md5 there.
    pub fn output_of_dvc(&self) -> Option<(&Text, Option<&str>)> {
        self.noted.iter().find_map(|noted| match noted {
            Circumstance::OutputOfDvc { listed_in, md5 } => Some((listed_in, md5.as_deref())),
            _ => None,
        })
    }

    /// The git-lfs pointer that stands in place of the content: the sha256 and the size of what it points to.
    pub fn pointer(&self) -> Option<(&str, u64)> {
        self.noted.iter().find_map(|noted| match noted {
            Circumstance::Pointer { oid, size } => Some((oid.as_str(), *size)),
            _ => None,
        })
    }
}
