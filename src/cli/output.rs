//! Delivering text: to standard output, or to a file that is there whole or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use crate::error::Error;

/// Drafts that runs which were killed may have left in a folder.
const DRAFTS: u32 = 100;

/// Whether a file can be made there, as far as that can be known without making it.
///
/// # Errors
/// What writing it would answer.
pub(super) fn probe(path: &Path) -> Result<(), Error> {
    let result = place(path).and_then(|place| match place {
        // Opening a pipe would wait for its reader.
        Place::Device => Ok(()),
        Place::File(path) => draft(&path).map(|_| ()),
    });
    result.map_err(|source| unwritten(Some(path), source))
}

/// Writes to `to`, or to standard output. A reader who goes away early is not an error: the outcome stands.
pub(super) fn deliver(
    to: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Error> {
    let result = if let Some(path) = to {
        to_file(path, write)
    } else {
        let mut out = BufWriter::new(io::stdout().lock());
        write(&mut out).and_then(|()| out.flush())
    };
    match result {
        Err(source) if to.is_some() || source.kind() != io::ErrorKind::BrokenPipe => {
            Err(unwritten(to, source))
        }
        _ => Ok(()),
    }
}

fn unwritten(to: Option<&Path>, source: io::Error) -> Error {
    Error::Output {
        to: to.map_or_else(
            || String::from("standard output"),
            |path| path.display().to_string(),
        ),
        source,
    }
}

/// What a report is written to.
enum Place {
    /// A device or a pipe, which cannot be replaced.
    Device,
    /// A file, or the place of one: where links lead, because a link is to be written through.
    File(PathBuf),
}

fn place(path: &Path) -> io::Result<Place> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(metadata) if !metadata.is_file() => Ok(Place::Device),
        Ok(_) => fs::canonicalize(path).map(Place::File),
        Err(_) if path.as_os_str().as_encoded_bytes().ends_with(b"/") => {
            Err(io::ErrorKind::IsADirectory.into())
        }
        Err(_) => Ok(Place::File(path.to_owned())),
    }
}

fn to_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let path = match place(path)? {
        Place::Device => {
            let mut out = BufWriter::new(OpenOptions::new().write(true).open(path)?);
            return write(&mut out).and_then(|()| out.flush());
        }
        Place::File(path) => path,
    };
    let (draft, file) = draft(&path)?;
    let mut out = BufWriter::new(file);
    write(&mut out)?;
    out.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()?;
    fs::rename(&draft.0, &path)
}

/// A file in the same folder, so that renaming it is one step of the file system.
fn draft(path: &Path) -> io::Result<(Draft, File)> {
    let mut attempt = 0;
    loop {
        // Not the file's own name and more: that could be too long. In containers every run may have the same id.
        let name = format!(".weighbridge.{}.{attempt}.tmp", std::process::id());
        let draft = path.with_file_name(name);
        let file = OpenOptions::new().write(true).create_new(true).open(&draft);
        match file {
            Ok(file) => return Ok((Draft(draft), file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < DRAFTS => {
                attempt += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// A file that is removed unless it has been renamed.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
