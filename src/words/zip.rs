//! Anomalies of zip archives, and the methods by name.

use std::fmt;

use crate::fact::{DirectoryFields, EndRecordAnomaly, NameFault, ZipAnomaly, ZipPart};

impl fmt::Display for ZipAnomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AmbiguousMemberName { first, second } => write!(
                f,
                "`{first}` and `{second}` are one name to loaders that ignore case or separators"
            ),
            Self::ArchiveComment { bytes } => {
                write!(f, "the archive has a comment of {bytes} bytes")
            }
            Self::DescriptorMismatch { member } => write!(
                f,
                "the data descriptor after `{member}` does not say what the directory does"
            ),
            Self::DuplicateMember { member } => write!(
                f,
                "`{member}` is there more than once; loaders differ in which they read"
            ),
            Self::EncryptedMember { member, flags } => write!(
                f,
                "`{member}` is flagged as encrypted (flags {flags:#06x}); some loaders ignore that"
            ),
            Self::EndRecordMismatch(anomaly) => anomaly.fmt(f),
            Self::Gap { start, end, .. } => {
                let bytes = end.saturating_sub(*start);
                write!(
                    f,
                    "{bytes} bytes from {start} to {end} belong to nothing in the directory"
                )
            }
            Self::LocalCrcMismatch {
                member,
                directory,
                local,
            } => write!(
                f,
                "`{member}` has CRC {directory:08x} in the directory, {local:08x} in its local header"
            ),
            Self::LocalFlagsMismatch {
                member,
                directory,
                local,
            } => write!(
                f,
                "`{member}` has flags {directory:#06x} in the directory, {local:#06x} in its local header"
            ),
            Self::LocalHeaderMissing { member, at } => {
                write!(f, "no local header of `{member}` at {at}")
            }
            Self::LocalMethodMismatch {
                member,
                directory,
                local,
            } => write!(
                f,
                "`{member}` has method {directory} in the directory, {local} in its local header"
            ),
            Self::LocalNameMismatch { member, local } => {
                write!(f, "`{member}` is called `{local}` in its local header")
            }
            Self::LocalSizeMismatch {
                member,
                directory: (packed, unpacked),
                local: (local_packed, local_unpacked),
            } => write!(
                f,
                "`{member}` has {packed} bytes packed and {unpacked} unpacked in the directory, \
                 {local_packed} and {local_unpacked} in its local header"
            ),
            Self::MemberOnDisk { member, disk } => write!(f, "`{member}` is on disk {disk}"),
            Self::More { members, .. } => write!(f, "{members} more members"),
            Self::OrphanMember { member, at } => write!(
                f,
                "`{member}` at {at} is in no directory; loaders that read from the front find it"
            ),
            Self::OverlappingMembers { part, inside } => match inside {
                Some(inside) => write!(f, "{part} begins inside {inside}"),
                None => write!(f, "{part} begins inside another part"),
            },
            Self::PatchedMember { member, flags } => write!(
                f,
                "`{member}` is flagged as patched data (flags {flags:#06x}); some loaders ignore that"
            ),
            Self::SecondEndRecord { at } => write!(
                f,
                "another end record at {at}: loaders differ in which they take"
            ),
            Self::SeveralDisks => f.write_str("the end record counts several disks"),
            Self::SizeMissing { member } => write!(
                f,
                "`{member}` promises sizes in a zip64 field that does not hold them"
            ),
            Self::SizeOfStored {
                member,
                packed,
                unpacked,
            } => write!(
                f,
                "`{member}` is stored, yet {packed} bytes are {unpacked} when unpacked"
            ),
            Self::SizePastEnd {
                member,
                packed,
                at,
                archive,
            } => write!(
                f,
                "`{member}` needs {packed} bytes at {at}, the archive has {archive}"
            ),
            Self::SymlinkMember { member } => write!(f, "`{member}` is a symbolic link"),
            Self::UnicodePathMismatch { member, path } => write!(
                f,
                "`{member}` has another name, `{path}`, in its Unicode Path field"
            ),
            Self::UnknownMethod { member, method } => {
                let name = method_name(*method).unwrap_or("unknown");
                write!(f, "`{member}` has compression method {method} ({name})")
            }
            Self::UnsafeMemberName { member, faults } => {
                write!(f, "the name `{member}`")?;
                for (n, fault) in faults.iter().enumerate() {
                    let comma = if n == 0 { "" } else { "," };
                    write!(f, "{comma} {fault}")?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for EndRecordAnomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory {
                entries,
                bytes,
                said_entries,
                said_bytes,
            } => write!(
                f,
                "the directory holds {entries} entries in {bytes} bytes, the end record says {said_entries} in {said_bytes}"
            ),
            Self::Directories { starts } => {
                f.write_str("loaders could find directories at ")?;
                for (n, start) in starts.iter().enumerate() {
                    let and = if n == 0 { "" } else { " and " };
                    write!(f, "{and}{start}")?;
                }
                Ok(())
            }
            Self::Locator { target } => write!(
                f,
                "a zip64 locator points to {target}, where no zip64 record is"
            ),
            Self::TwoZip64Records {
                first: (at, first),
                second: (other, second),
            } => write!(
                f,
                "two zip64 records: one at {at} says {first}, one at {other} says {second}"
            ),
            Self::Zip64Record { end, zip64 } => {
                write!(f, "the end record says {end}, the zip64 record {zip64}")
            }
        }
    }
}

impl fmt::Display for DirectoryFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entries, bytes, at } = self;
        write!(f, "{entries} entries in {bytes} bytes at {at}")
    }
}

impl fmt::Display for ZipPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member(name) => write!(f, "`{name}`"),
            Self::Directory => f.write_str("the directory"),
            Self::EndRecord => f.write_str("the end record"),
        }
    }
}

impl fmt::Display for NameFault {
    /// As a predicate of the name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "is empty",
            Self::LeadsOut => "leads out of the archive",
            Self::Absolute => "is an absolute path",
            Self::Drive => "names a drive",
            Self::Backslash => "has a backslash",
            Self::Nul => "has a NUL, where some readers end it",
            Self::Control => "has control characters",
        })
    }
}

/// The compression methods that the specification has and that are not read.
pub(super) fn method_name(method: u16) -> Option<&'static str> {
    Some(match method {
        1 => "shrunk",
        2..=5 => "reduced",
        6 => "imploded",
        9 => "deflate64",
        10 => "DCL imploded",
        18 => "TERSE",
        93 | 20 => "zstd",
        94 => "MP3",
        96 => "JPEG",
        97 => "WavPack",
        98 => "PPMd",
        99 => "AES encrypted",
        _ => return None,
    })
}
