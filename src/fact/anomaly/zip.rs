//! Anomalies of zip archives.

use serde::{Deserialize, Serialize};

use crate::fact::Short;

/// Something in a zip archive that loaders read differently, or that no writer writes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ZipAnomaly {
    /// Two names that are one to loaders that ignore case, separators or Unicode composition.
    AmbiguousMemberName {
        /// The member that comes first.
        first: Short,
        /// The other.
        second: Short,
    },
    /// The archive has a comment.
    ArchiveComment {
        /// Its length.
        bytes: u64,
    },
    /// A data descriptor that says something else than the directory.
    DescriptorMismatch {
        /// The member before it.
        member: Short,
    },
    /// A name that more than one member has.
    DuplicateMember {
        /// The name.
        member: Short,
    },
    /// A member is flagged as encrypted, which some loaders ignore.
    EncryptedMember {
        /// The member.
        member: Short,
        /// Its flags.
        flags: u16,
    },
    /// The records at the end contradict each other or the directory.
    EndRecordMismatch(EndRecordAnomaly),
    /// Bytes that belong to nothing in the directory.
    Gap {
        /// Where they are.
        gap: Gap,
        /// The first.
        start: u64,
        /// The byte after the last.
        end: u64,
    },
    /// The local header has another CRC than the directory.
    LocalCrcMismatch {
        /// The member.
        member: Short,
        /// The CRC in the directory.
        directory: u32,
        /// The CRC in the local header.
        local: u32,
    },
    /// The local header has other flags than the directory.
    LocalFlagsMismatch {
        /// The member.
        member: Short,
        /// The flags in the directory.
        directory: u16,
        /// The flags in the local header.
        local: u16,
    },
    /// No local header stands where the directory says.
    LocalHeaderMissing {
        /// The member.
        member: Short,
        /// The offset.
        at: u64,
    },
    /// The local header has another compression method than the directory.
    LocalMethodMismatch {
        /// The member.
        member: Short,
        /// The method in the directory.
        directory: u16,
        /// The method in the local header.
        local: u16,
    },
    /// The local header has another name than the directory.
    LocalNameMismatch {
        /// The name in the directory.
        member: Short,
        /// The name in the local header.
        local: Short,
    },
    /// The local header has other sizes than the directory.
    LocalSizeMismatch {
        /// The member.
        member: Short,
        /// Packed and unpacked size in the directory.
        directory: (u64, u64),
        /// Packed and unpacked size in the local header.
        local: (u64, u64),
    },
    /// A member is on another disk than the first.
    MemberOnDisk {
        /// The member.
        member: Short,
        /// The disk.
        disk: u32,
    },
    /// More anomalies of the kind of this one, which are counted and not kept.
    More {
        /// The first of them.
        first: Box<ZipAnomaly>,
        /// How many there are.
        members: u64,
    },
    /// A local header that is in no directory.
    OrphanMember {
        /// The name in it.
        member: Short,
        /// Its offset.
        at: u64,
    },
    /// A part that begins inside another.
    OverlappingMembers {
        /// The part.
        part: ZipPart,
        /// The one it begins in.
        inside: Option<ZipPart>,
    },
    /// A member is flagged as patched data, which some loaders ignore.
    PatchedMember {
        /// The member.
        member: Short,
        /// Its flags.
        flags: u16,
    },
    /// Another end record than the last.
    SecondEndRecord {
        /// Its offset.
        at: u64,
    },
    /// The end record counts several disks.
    SeveralDisks,
    /// A member's sizes are to be in a zip64 field, which does not hold them.
    SizeMissing {
        /// The member.
        member: Short,
    },
    /// A member that is stored has different sizes packed and unpacked.
    SizeOfStored {
        /// The member.
        member: Short,
        /// The packed size.
        packed: u64,
        /// The unpacked size.
        unpacked: u64,
    },
    /// A member that reaches past the end of the archive.
    SizePastEnd {
        /// The member.
        member: Short,
        /// The packed size.
        packed: u64,
        /// The offset of its data.
        at: u64,
        /// The size of the archive.
        archive: u64,
    },
    /// A member is a symbolic link.
    SymlinkMember {
        /// The member.
        member: Short,
    },
    /// A member has another name in its Unicode Path field.
    UnicodePathMismatch {
        /// The name in the directory.
        member: Short,
        /// The name in the field.
        path: Short,
    },
    /// A compression method that archives of models do not use.
    UnknownMethod {
        /// The member.
        member: Short,
        /// The number of the method.
        method: u16,
    },
    /// A name that is unsafe to extract.
    UnsafeMemberName {
        /// The name.
        member: Short,
        /// What is wrong with it.
        faults: Vec<NameFault>,
    },
}

/// A contradiction in the records at the end of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndRecordAnomaly {
    /// The directory holds something else than the end record says.
    Directory {
        /// Entries in the directory.
        entries: u64,
        /// Bytes of them.
        bytes: u64,
        /// Entries by the end record.
        said_entries: u64,
        /// Bytes by the end record.
        said_bytes: u64,
    },
    /// Loaders may find directories in several places.
    Directories {
        /// Their offsets.
        starts: Vec<u64>,
    },
    /// A zip64 locator points to where no zip64 record is.
    Locator {
        /// The offset it points to.
        target: u64,
    },
    /// Two zip64 records differ.
    TwoZip64Records {
        /// The offset of the first, and what it says.
        first: (u64, DirectoryFields),
        /// The offset of the second, and what it says.
        second: (u64, DirectoryFields),
    },
    /// The zip64 record says something else than the end record.
    Zip64Record {
        /// What the end record says.
        end: DirectoryFields,
        /// What the zip64 record says.
        zip64: DirectoryFields,
    },
}

/// What a record at the end says about the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DirectoryFields {
    /// How many entries it has.
    pub entries: u64,
    /// How many bytes they take.
    pub bytes: u64,
    /// Its offset.
    pub at: u64,
}

/// Where bytes stand that belong to nothing in the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gap {
    /// Before the first part.
    BeforeArchive,
    /// Before a member.
    BetweenMembers,
    /// Before the directory.
    BeforeDirectory,
    /// Between the directory and the end record.
    AfterDirectory,
    /// After the last part.
    AfterArchive,
    /// Everywhere: there is no directory.
    NoDirectory,
}

/// A part of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ZipPart {
    /// A member.
    Member(Short),
    /// The directory.
    Directory,
    /// The end record.
    EndRecord,
}

/// Why a member's name is unsafe to extract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NameFault {
    /// It is empty.
    Empty,
    /// It leads out of the archive (`..`).
    LeadsOut,
    /// It is absolute.
    Absolute,
    /// It begins with a drive letter.
    Drive,
    /// It has a backslash.
    Backslash,
    /// It has a NUL, at which some readers end it.
    Nul,
    /// It has control characters.
    Control,
}

impl ZipAnomaly {
    /// The stable kebab-case id of its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::AmbiguousMemberName { .. } => "ambiguous-member-name",
            Self::ArchiveComment { .. } => "archive-comment",
            Self::DescriptorMismatch { .. } => "descriptor-mismatch",
            Self::DuplicateMember { .. } => "duplicate-member",
            Self::EncryptedMember { .. } => "encrypted-member",
            Self::EndRecordMismatch(_) => "end-record-mismatch",
            Self::Gap { gap, .. } => match gap {
                Gap::BeforeArchive => "bytes-before-archive",
                Gap::BetweenMembers => "gap-between-members",
                Gap::BeforeDirectory => "bytes-before-directory",
                Gap::AfterDirectory => "bytes-after-directory",
                Gap::AfterArchive => "bytes-after-archive",
                Gap::NoDirectory => "no-directory",
            },
            Self::LocalCrcMismatch { .. } => "local-crc-mismatch",
            Self::LocalFlagsMismatch { .. } => "local-flags-mismatch",
            Self::LocalHeaderMissing { .. } => "local-header-missing",
            Self::LocalMethodMismatch { .. } => "local-method-mismatch",
            Self::LocalNameMismatch { .. } | Self::UnicodePathMismatch { .. } => {
                "local-name-mismatch"
            }
            Self::LocalSizeMismatch { .. } => "local-size-mismatch",
            Self::More { first, .. } => first.kind(),
            Self::OrphanMember { .. } => "orphan-member",
            Self::OverlappingMembers { .. } => "overlapping-members",
            Self::PatchedMember { .. } => "patched-member",
            Self::SecondEndRecord { .. } => "second-end-record",
            Self::MemberOnDisk { .. } | Self::SeveralDisks => "several-disks",
            Self::SizeMissing { .. } | Self::SizeOfStored { .. } | Self::SizePastEnd { .. } => {
                "size-impossible"
            }
            Self::SymlinkMember { .. } => "symlink-member",
            Self::UnknownMethod { .. } => "unknown-method",
            Self::UnsafeMemberName { .. } => "unsafe-member-name",
        }
    }
}
