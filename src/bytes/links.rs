//! Where a path leads, one component and one symbolic link after another.

use std::{
    ffi::OsString,
    fs, io,
    path::{Component, Path, PathBuf},
};

/// Links that are followed on the way to one file. Linux gives up at 40.
const LINKS: usize = 40;

/// A step of the way.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step<'a> {
    /// A link is about to be followed.
    Link {
        /// The folder that it is in, without links.
        folder: &'a Path,
        /// Its own path.
        link: &'a Path,
        /// What it says.
        target: &'a Path,
    },
    /// A component was no link: this is where the way has come to, without links.
    Arrived(&'a Path),
}

/// Where a path leads, links followed; what does not exist is taken as it is spelled. `step` may refuse each step.
///
/// # Errors
/// What `step` answers; links without end; whatever looking at the path answers.
pub(crate) fn follow<E: From<io::Error>>(
    path: &Path,
    mut step: impl FnMut(Step<'_>) -> Result<(), E>,
) -> Result<PathBuf, E> {
    let mut real = PathBuf::new();
    // Where the user stands is theirs.
    if path.is_relative() {
        real = fs::canonicalize(".")?;
    }
    let mut left = reversed(path);
    let mut links: usize = 0;
    while let Some(part) = left.pop() {
        match Path::new(&part).components().next() {
            None | Some(Component::CurDir) => {}
            Some(Component::ParentDir) => {
                real.pop();
            }
            // What is absolute begins anew.
            Some(Component::RootDir | Component::Prefix(_)) => real.push(&part),
            Some(Component::Normal(_)) => {
                let next = real.join(&part);
                if is_link(&next)? {
                    let target = fs::read_link(&next)?;
                    step(Step::Link {
                        folder: &real,
                        link: &next,
                        target: &target,
                    })?;
                    links = links.saturating_add(1);
                    if links > LINKS {
                        return Err(io::Error::other("links lead to links without end").into());
                    }
                    left.extend(reversed(&target));
                    continue;
                }
                real = next;
            }
        }
        step(Step::Arrived(&real))?;
    }
    Ok(real)
}

fn is_link(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(metadata.is_symlink()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// The parts of a path, the first last.
fn reversed(path: &Path) -> Vec<OsString> {
    let parts = path.components().map(|part| part.as_os_str().to_owned());
    let mut parts: Vec<OsString> = parts.collect();
    parts.reverse();
    parts
}
