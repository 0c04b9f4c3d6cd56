//! The key of whoever runs audits, with which a store is written: from the environment, or a file of the user's own.
//!
//! The file is not in the store's folder: who may write a store must not be able to sign what is in it.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::{
    bytes::{FileSource, Window},
    error::Error,
    files::{self, Destination},
    store::StoreKey,
};

/// The variable of the environment that holds the secret of the key.
const VARIABLE: &str = "WEIGHBRIDGE_STORE_KEY";

/// Bytes of the secret that a file is made of.
const SECRET: usize = 32;

/// Bytes of a file that is read.
const LONGEST: usize = 4096;

/// The key to write a store with. Where there is none yet, one is made and kept.
///
/// # Errors
/// A file that cannot be read or written, or that others may use; nowhere to keep one.
pub(super) fn of_writer() -> Result<StoreKey, Error> {
    known(make)
}

/// The key to read a store with.
///
/// # Errors
/// None; a file that cannot be read, or that others may use.
pub(super) fn of_reader() -> Result<StoreKey, Error> {
    known(|place| {
        Err(Error::Usage {
            message: format!("there is no key of a store: `{}`", place.display()),
            help: format!(
                "`weighbridge audit` makes one, and `{VARIABLE}` gives that of somebody else"
            ),
        })
    })
}

/// The key of the environment or of the file; where there is no file, what `otherwise` gives.
fn known(otherwise: impl FnOnce(&Path) -> Result<StoreKey, Error>) -> Result<StoreKey, Error> {
    if let Some(secret) = std::env::var_os(VARIABLE).filter(|secret| !secret.is_empty()) {
        return Ok(StoreKey::new(secret.as_encoded_bytes()));
    }
    let Some(place) = place() else {
        return Err(Error::Usage {
            message: String::from("there is no home folder to keep the key of the store in"),
            help: format!("set `{VARIABLE}` to a secret of your own"),
        });
    };
    let unreadable = |source| Error::Io {
        path: place.clone(),
        source,
    };
    match read(&place) {
        Ok(secret) => Ok(StoreKey::new(&secret)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => otherwise(&place),
        Err(error) => Err(unreadable(error)),
    }
}

/// Where the file is, in the folder for what programs keep of a user.
fn place() -> Option<PathBuf> {
    let folder = |name: &str| {
        let folder = PathBuf::from(std::env::var_os(name)?);
        folder.is_absolute().then_some(folder)
    };
    let state = if cfg!(windows) {
        folder("LOCALAPPDATA")?
    } else {
        folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local/state")))?
    };
    Some(state.join("weighbridge").join("store.key"))
}

fn read(place: &Path) -> io::Result<Vec<u8>> {
    let window = Window::new(FileSource::open(place)?);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(place)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(io::Error::other(
                "others than its owner may use it: run `chmod 600` on it, or remove it for a new one",
            ));
        }
    }
    let secret = window.bytes_at(0, LONGEST)?;
    if secret.len() < SECRET {
        return Err(io::Error::other(
            "it is too short for a key: remove it, and a new one is made",
        ));
    }
    Ok(secret)
}

/// Makes the file, with a secret that nobody knows.
fn make(place: &Path) -> Result<StoreKey, Error> {
    let unwritable = |source| Error::Write {
        path: place.to_owned(),
        source,
    };
    let refused = |refused: files::Refused| {
        let to = place.display().to_string();
        refused.into_error(&to, unwritable)
    };
    if let Some(folder) = place.parent() {
        files::make_folder(folder, &[]).map_err(refused)?;
    }
    let Destination::File(spot) = files::destination(place, &[]).map_err(refused)? else {
        let message = "something that is no file has the name of the key";
        return Err(unwritable(io::Error::other(message)));
    };
    let mut secret = [0; SECRET];
    getrandom::fill(&mut secret).map_err(|error| unwritable(io::Error::other(error)))?;
    let write = || {
        let (draft, mut file) = spot.draft(false)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        }
        file.write_all(&secret)?;
        drop(file);
        draft.keep()?;
        // Of two runs that make one at once, both use the one that stays.
        read(place)
    };
    Ok(StoreKey::new(&write().map_err(unwritable)?))
}
