//! What the file system says of a file, by which it is known again.

use std::fs::File;

/// What the file system says of a file: as long as all of it is the same, so are the bytes, unless somebody with the powers of its
/// owner went to some length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStamp {
    /// The file system.
    pub device: u64,
    /// The file in it.
    pub inode: u64,
    /// Bytes.
    pub size: u64,
    /// When it was written, in seconds and nanoseconds since 1970.
    pub modified: (i64, i64),
    /// When it, or what is known of it, was changed: no program can set it.
    pub changed: (i64, i64),
}

impl FileStamp {
    /// That of an open file, now; `None` where the platform does not say it.
    #[cfg(unix)]
    pub(super) fn of(file: &File) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;

        let metadata = file.metadata().ok()?;
        Some(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    #[cfg(not(unix))]
    pub(super) fn of(_: &File) -> Option<Self> {
        None
    }
}
