//! Delivering text: to standard output, or to a file that is there whole or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use crate::{
    error::Error,
    files::{self, Destination, Refused},
};

/// Whether a file can be made there, as far as that can be known without making it. `checked` are folders whose content is
/// not trusted.
///
/// # Errors
/// What writing it would answer.
pub(super) fn probe(path: &Path, checked: &[PathBuf]) -> Result<(), Error> {
    let result = files::destination(path, checked).and_then(|destination| match destination {
        // Opening a pipe would wait for its reader.
        Destination::Stdout
        | Destination::Stderr
        | Destination::Behind(_)
        | Destination::Device(_) => Ok(()),
        Destination::File(spot) => Ok(spot.draft(false).map(|_| ())?),
    });
    result.map_err(|refused| unwritten(Some(path), refused))
}

/// Writes to `to`, or to standard output. A reader who goes away early is not an error: the outcome stands.
///
/// # Errors
/// Whatever writing answers; a link in `checked` or a work tree.
pub(super) fn deliver(
    to: Option<&Path>,
    checked: &[PathBuf],
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Error> {
    let result = match to {
        Some(path) => to_file(path, checked, write),
        None => through(io::stdout().lock(), write).map_err(Refused::Io),
    };
    match result {
        Err(Refused::Io(source)) if to.is_none() && source.kind() == io::ErrorKind::BrokenPipe => {
            Ok(())
        }
        result => result.map_err(|refused| unwritten(to, refused)),
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the file is the user's own, and is compared with what was read of it"
)]
/// Replaces a file, or makes it where `old` is `None`, unless it is no longer what it was. Its permissions stay.
///
/// # Errors
/// A file that changed meanwhile; whatever writing answers; a link in `checked` or a work tree.
pub(super) fn replace(
    path: &Path,
    checked: &[PathBuf],
    old: Option<&[u8]>,
    new: &[u8],
) -> Result<(), Error> {
    let spot = match files::destination(path, checked) {
        Ok(Destination::File(spot)) => spot,
        Ok(_) => {
            return Err(Error::Usage {
                message: format!("`{}` is no file that can be replaced", path.display()),
                help: String::from("name a file"),
            });
        }
        Err(refused) => return Err(unwritten(Some(path), refused)),
    };
    let write = || {
        // Others of our kind wait for each other, so that none replaces what another has just written.
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = File::open(folder.unwrap_or(Path::new(".")));
        let _locked = folder.and_then(|folder| folder.lock().map(|()| folder));
        if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(io::Error::other("it is no file"));
        }
        let there = match fs::read(path) {
            Ok(there) => Some(there),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if there.as_deref() != old {
            return Ok(false);
        }
        let (draft, mut file) = spot.draft(false)?;
        if there.is_some() {
            file.set_permissions(fs::metadata(path)?.permissions())?;
        }
        file.write_all(new)?;
        file.sync_all()?;
        draft.keep()?;
        Ok(true)
    };
    if write().map_err(|error| unwritten(Some(path), error.into()))? {
        return Ok(());
    }
    Err(Error::Usage {
        message: format!(
            "`{}` was changed by somebody else meanwhile",
            path.display()
        ),
        help: String::from("run the command again; nothing was written"),
    })
}

/// Makes a folder to write into.
///
/// # Errors
/// Whatever making it answers; a link in a work tree.
pub(super) fn make_folder(folder: &Path) -> Result<(), Error> {
    files::make_folder(folder, &[]).map_err(|refused| unwritten(Some(folder), refused))
}

fn unwritten(to: Option<&Path>, refused: Refused) -> Error {
    let to = to.map_or_else(
        || String::from("standard output"),
        |path| path.display().to_string(),
    );
    refused.into_error(&to.clone(), |source| Error::Output {
        what: "the report",
        to,
        source,
    })
}

fn to_file(
    path: &Path,
    checked: &[PathBuf],
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Refused> {
    match files::destination(path, checked)? {
        Destination::Stdout => through(io::stdout().lock(), write)?,
        Destination::Stderr => through(io::stderr().lock(), write)?,
        // What is a file here was opened by the shell, which may have written to it.
        Destination::Behind(path) => through(OpenOptions::new().append(true).open(path)?, write)?,
        Destination::Device(spot) => through(spot.open()?, write)?,
        Destination::File(spot) => {
            let (draft, file) = spot.draft(false)?;
            let mut out = BufWriter::new(file);
            write(&mut out)?;
            out.into_inner()
                .map_err(io::IntoInnerError::into_error)?
                .sync_all()?;
            draft.keep()?;
        }
    }
    Ok(())
}

fn through(
    out: impl Write,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    write(&mut out).and_then(|()| out.flush())
}
