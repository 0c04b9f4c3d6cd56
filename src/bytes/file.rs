//! Files on disk: the one room that opens them.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _},
    path::Path,
};

use super::{ByteSource, FileStamp, Window};

/// A regular file, read at positions.
#[derive(Debug)]
pub struct FileSource {
    file: File,
    len: u64,
}

impl FileSource {
    /// Opens a regular file. Anything else (a pipe, a device, a folder) is refused: reading it could block or never end.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = match open(path) {
            // A lease on the file has to be waited for; what has one is a regular file.
            #[allow(
                clippy::disallowed_methods,
                reason = "this is the room that opens files"
            )]
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => File::open(path)?,
            other => other?,
        };
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(irregular());
        }
        Ok(Self {
            file,
            len: metadata.len(),
        })
    }
}

/// Opens whatever stands there without waiting: a pipe would otherwise block until somebody writes to it. One look at
/// the path instead of two is a tenth of the time that a large work tree takes.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;

    File::options()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)
}

#[cfg(not(unix))]
#[allow(
    clippy::disallowed_methods,
    reason = "this is the room that opens files"
)]
fn open(path: &Path) -> io::Result<File> {
    if std::fs::metadata(path)?.is_file() {
        File::open(path)
    } else {
        Err(irregular())
    }
}

fn irregular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")
}

/// All that standard input gives. A file that is redirected there is read at positions, like any other; of anything else, at most
/// `most` bytes are kept in memory.
///
/// # Errors
/// What reading answers; `FileTooLarge` for more than `most` bytes.
pub fn standard_input(most: u64) -> io::Result<Window> {
    if let Some(file) = redirected()? {
        return Ok(Window::new(file));
    }
    let mut bytes = Vec::new();
    let read = io::stdin()
        .lock()
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if super::wide(read) > most {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(Window::new(bytes))
}

/// The file that standard input is, if it is one and is read from its beginning.
#[cfg(unix)]
fn redirected() -> io::Result<Option<FileSource>> {
    use std::os::fd::AsFd as _;

    let mut file = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let metadata = file.metadata()?;
    // Somebody may have read a part of it before: then the rest is what was given.
    if !metadata.is_file() || file.stream_position()? > 0 {
        return Ok(None);
    }
    Ok(Some(FileSource {
        file,
        len: metadata.len(),
    }))
}

#[cfg(not(unix))]
fn redirected() -> io::Result<Option<FileSource>> {
    Ok(None)
}

impl ByteSource for FileSource {
    fn len(&self) -> u64 {
        self.len
    }

    fn stamp(&self) -> Option<FileStamp> {
        FileStamp::of(&self.file)
    }

    #[cfg(unix)]
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.file, buf, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(&self.file, buf, offset)
    }
}
