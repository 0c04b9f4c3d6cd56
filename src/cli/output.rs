//! Delivering text: to standard output, or to a file that is there whole or not at all.

use std::{
    fs::{self, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use crate::error::Error;

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
            Err(Error::Output {
                to: to.map_or_else(
                    || String::from("standard output"),
                    |path| path.display().to_string(),
                ),
                source,
            })
        }
        _ => Ok(()),
    }
}

fn to_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    // A device or a pipe cannot be replaced, and a link is to be written through.
    let path = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(metadata) if !metadata.is_file() => {
            let mut out = BufWriter::new(OpenOptions::new().write(true).open(path)?);
            return write(&mut out).and_then(|()| out.flush());
        }
        Ok(_) => fs::canonicalize(path)?,
        Err(_) => path.to_owned(),
    };
    let name = path
        .file_name()
        .ok_or(io::ErrorKind::InvalidInput)?
        .to_string_lossy()
        .into_owned();
    // In the same folder, so that renaming it is one step of the file system.
    let draft = Draft(path.with_file_name(format!(".{name}.{}.tmp", std::process::id())));
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&draft.0)?;
    let mut out = BufWriter::new(file);
    write(&mut out)?;
    out.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()?;
    fs::rename(&draft.0, &path)
}

/// A file that is removed unless it has been renamed.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
