//! Changes to a folder of hooks, each by one rename or link: there is always one whole hook, whatever interrupts.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
    slice,
};

use super::script::{self, ScriptKind};
use crate::{
    bytes::{FileSource, Window},
    files::{self, PathInFolder, Refused},
    git::Hooks,
};

/// Bytes of a hook that are looked at: one that is longer is no script of ours.
const SCRIPT: usize = 1 << 20;

/// What stands at a hook's place.
#[derive(Debug)]
pub(super) enum Standing {
    Nothing,
    /// A script of ours, as it was written.
    Ours {
        bytes: Vec<u8>,
        /// Whether git would run it.
        runs: bool,
    },
    /// A script of ours that somebody changed.
    Changed,
    /// Another hook, or a link to one; the beginning of its text.
    Other {
        bytes: Vec<u8>,
        /// Whether git would run it.
        runs: bool,
    },
}

/// Looks at a hook's place.
pub(super) fn look(path: &Path) -> io::Result<Standing> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(Standing::Nothing);
        }
        Err(error) => return Err(error),
    };
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if metadata.is_symlink() && fs::metadata(path).is_err() {
        // A link to nothing is a hook that is switched off.
        return Ok(Standing::Other {
            bytes: Vec::new(),
            runs: false,
        });
    }
    let window = Window::new(FileSource::open(path)?);
    let bytes = window.bytes_at(0, SCRIPT)?;
    let runs = fs::metadata(path).is_ok_and(|metadata| executable(&metadata));
    if metadata.is_symlink() {
        return Ok(Standing::Other { bytes, runs });
    }
    Ok(match script::kind(&bytes) {
        ScriptKind::Ours => Standing::Ours { bytes, runs },
        ScriptKind::Changed => Standing::Changed,
        ScriptKind::Other => Standing::Other { bytes, runs },
    })
}

/// The beginning of a file, if it can be read.
pub(super) fn text(path: &Path) -> Option<Vec<u8>> {
    let window = Window::new(FileSource::open(path).ok()?);
    window.bytes_at(0, SCRIPT).ok()
}

/// Whether something stands at a path, a link to nothing included.
pub(super) fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Whether both names are one hook: how an installation that was interrupted leaves them.
pub(super) fn same(a: &Path, b: &Path) -> bool {
    let (Ok(left), Ok(right)) = (fs::symlink_metadata(a), fs::symlink_metadata(b)) else {
        return false;
    };
    if left.is_symlink() || right.is_symlink() {
        return matches!((fs::read_link(a), fs::read_link(b)), (Ok(a), Ok(b)) if a == b);
    }
    let all = |path: &Path| {
        let window = Window::new(FileSource::open(path)?);
        window.bytes_at(0, usize::try_from(window.len()).unwrap_or(usize::MAX))
    };
    left.len() == right.len()
        && left.permissions() == right.permissions()
        && matches!((all(a), all(b)), (Ok(a), Ok(b)) if a == b)
}

/// Gives a hook a second name, by which it is kept: byte for byte, with its mode, as a link if it is one.
pub(super) fn keep(path: &Path, before: &Path) -> io::Result<()> {
    match fs::hard_link(path, before) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        Ok(()) => Ok(()),
        // A file system without links. Until the script is in its place there is no hook, as a next run would find.
        Err(_) => fs::rename(path, before),
    }
}

/// Takes [`keep`] back.
pub(super) fn unkeep(path: &Path, before: &Path) -> io::Result<()> {
    // Renaming one name of a file over the other does nothing.
    if is_there(path) && same(path, before) {
        fs::remove_file(before)
    } else {
        fs::rename(before, path)
    }
}

/// The place of a script that replaces whatever is there. Where the folder is versioned, no link leads out of it: whoever wrote
/// the link would choose what is overwritten.
pub(super) fn spot(hooks: &Hooks, path: &Path) -> Result<PathInFolder, Refused> {
    if let Some(root) = &hooks.within {
        return files::spot(path, slice::from_ref(root));
    }
    let name = path
        .file_name()
        .ok_or(io::Error::from(io::ErrorKind::InvalidInput))?;
    files::spot(&hooks.real.join(name), &[])
}

/// Puts a script in its place, whole or not at all, as an executable file.
pub(super) fn put(hooks: &Hooks, path: &Path, bytes: &[u8]) -> Result<(), Refused> {
    match &hooks.within {
        Some(root) => files::make_folder(&hooks.folder, slice::from_ref(root))?,
        None => fs::create_dir_all(&hooks.folder)?,
    }
    let (draft, mut file) = spot(hooks, path)?.draft(true)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    Ok(draft.keep()?)
}

#[cfg(unix)]
pub(super) fn executable(metadata: &fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0
}

#[cfg(not(unix))]
pub(super) fn executable(_: &fs::Metadata) -> bool {
    true
}
