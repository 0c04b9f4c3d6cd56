//! Writing files: each is there whole or not at all, and none is written through a link that somebody else chose.
//!
//! What is checked is not trusted, and it may hold symbolic links. So below a work tree, or a folder that is checked, no
//! component of a path may be a link; elsewhere only the last one may not. The folder is opened one component at a time
//! without following links, and the file is made in the open folder: a link that is put there in between leads nowhere. A
//! file is replaced by a new one, so that other names of the old one keep what they had. Devices and pipes cannot be
//! replaced: they are opened, unless a link leads to them out of what is checked.

use std::{
    ffi::{OsStr, OsString},
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    bytes::links::{Step, follow},
    error::Error,
    fact::Text,
};

mod drawer;
mod folder;
mod scratch;

pub(crate) use drawer::Drawer;
use folder::Folder;
pub(crate) use scratch::Scratch;

/// Drafts that runs which were killed may have left in a folder.
const DRAFTS: u32 = 100;

/// Where something is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    /// Standard output, under one of its names.
    Stdout,
    /// Standard error, under one of its names.
    Stderr,
    /// A device or a pipe behind a link of the system's or the user's, or a file that is open already, such as `/dev/fd/3`.
    Behind(PathBuf),
    /// A device or a pipe: it cannot be replaced.
    Device(PathInFolder),
    /// A file, whether or not it exists yet.
    File(PathInFolder),
}

/// A name in a folder, whether or not there is a file of that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathInFolder {
    /// The part of the folder that is as trusted as the user is; without links.
    base: PathBuf,
    /// The rest of the folder, where no link is followed.
    below: Vec<OsString>,
    name: OsString,
}

/// Why a path is none to write to.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The operating system's answer.
    Io(io::Error),
    /// A symbolic link that is not followed.
    Link {
        /// Where it is.
        link: PathBuf,
        /// Where it leads.
        target: PathBuf,
        /// Whether it is in what is checked.
        untrusted: bool,
    },
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Refused {
    /// That `to` cannot be written; `told` words the operating system's answer.
    pub(crate) fn into_error(self, to: &str, told: impl FnOnce(io::Error) -> Error) -> Error {
        let (link, target, untrusted) = match self {
            Self::Io(source) => return told(source),
            Self::Link {
                link,
                target,
                untrusted,
            } => (link, target, untrusted),
        };
        let here = fs::canonicalize(".").unwrap_or_default();
        let shown = |path: &Path| {
            let path = path.strip_prefix(&here).unwrap_or(path);
            Text::new(path.as_os_str().as_encoded_bytes()).to_string()
        };
        let (link, target) = (shown(&link), shown(&target));
        let (place, help) = if untrusted {
            (
                ", in what is checked",
                "remove the link, or name a file outside of what is checked: whoever made the link would choose which file is \
                 overwritten",
            )
        } else {
            (
                "",
                "name the file that it leads to, or remove the link: nothing is written through one",
            )
        };
        Error::Usage {
            message: format!(
                "cannot write to `{to}`: `{link}` is a symbolic link to `{target}`{place}"
            ),
            help: String::from(help),
        }
    }
}

/// Where `path` leads. `checked` are folders whose content is not trusted; work trees of git are none the less.
///
/// # Errors
/// A link that is not followed, a folder, a path that cannot be looked at. What does not exist is no error.
pub(crate) fn destination(path: &Path, checked: &[PathBuf]) -> Result<Destination, Refused> {
    let of = |name: &str, n: u8| {
        let [a, b, c] = [
            format!("/dev/{name}"),
            format!("/dev/fd/{n}"),
            format!("/proc/self/fd/{n}"),
        ];
        cfg!(unix) && [a, b, c].iter().any(|name| path == Path::new(name))
    };
    if of("stdout", 1) {
        return Ok(Destination::Stdout);
    }
    if of("stderr", 2) {
        return Ok(Destination::Stderr);
    }
    if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
    }
    let zones = Zones::new(checked);
    let (folder, name) = split(path, &zones)?;
    let real = folder.join(name);
    let kind = match fs::symlink_metadata(&real) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Destination::File(zones.spot(&folder, name)));
        }
        Err(error) => return Err(error.into()),
    };
    if kind.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
    }
    if kind.is_symlink() {
        let untrusted = zones.outermost(&folder).is_some();
        let open = ["/dev", "/proc"].iter().any(|it| folder.starts_with(it));
        return match fs::metadata(&real) {
            Ok(there) if there.is_dir() => Err(io::Error::from(io::ErrorKind::IsADirectory).into()),
            Ok(there) if !untrusted && (open || !there.is_file()) => Ok(Destination::Behind(real)),
            _ => Err(Refused::Link {
                target: fs::read_link(&real)?,
                link: path.to_owned(),
                untrusted,
            }),
        };
    }
    let spot = zones.spot(&folder, name);
    Ok(if kind.is_file() {
        Destination::File(spot)
    } else {
        Destination::Device(spot)
    })
}

/// The place of a file that replaces whatever has its name, links included; none is followed.
///
/// # Errors
/// A link in what is checked on the way to its folder; a path that cannot be looked at.
pub(crate) fn spot(path: &Path, checked: &[PathBuf]) -> Result<PathInFolder, Refused> {
    let zones = Zones::new(checked);
    let (folder, name) = split(path, &zones)?;
    Ok(zones.spot(&folder, name))
}

/// The folder that a file is in, without links, and the file's name.
fn split<'p>(path: &'p Path, zones: &Zones) -> Result<(PathBuf, &'p OsStr), Refused> {
    let name = path
        .file_name()
        .ok_or(io::Error::from(io::ErrorKind::IsADirectory))?;
    let folder = resolve(path.parent().unwrap_or(Path::new("")), zones)?;
    Ok((folder, name))
}

/// Makes a folder and those above it, none of them through a link in what is checked.
///
/// # Errors
/// As for a file in it; whatever the operating system answers.
pub(crate) fn make_folder(path: &Path, checked: &[PathBuf]) -> Result<(), Refused> {
    made_folder(path, checked)?;
    Ok(())
}

/// The same folder, open.
fn made_folder(path: &Path, checked: &[PathBuf]) -> Result<Folder, Refused> {
    let zones = Zones::new(checked);
    let folder = resolve(path, &zones)?;
    let Some(base) = zones.outermost(&folder) else {
        fs::create_dir_all(&folder)?;
        return Ok(Folder::open(&folder, &[])?);
    };
    let below = folder.strip_prefix(base).map(parts).unwrap_or_default();
    Ok(Folder::make(base, &below)?)
}

/// The folder that a path leads to, without links; what does not exist is taken as it is spelled.
fn resolve(path: &Path, zones: &Zones) -> Result<PathBuf, Refused> {
    follow(path, |step| match step {
        Step::Link {
            folder,
            link,
            target,
        } if zones.outermost(folder).is_some() => Err(Refused::Link {
            link: link.to_owned(),
            target: target.to_owned(),
            untrusted: true,
        }),
        Step::Link { .. } | Step::Arrived(_) => Ok(()),
    })
}

fn parts(path: &Path) -> Vec<OsString> {
    path.components()
        .map(|part| part.as_os_str().to_owned())
        .collect()
}

/// Folders whose content somebody else may have chosen.
struct Zones(Vec<PathBuf>);

impl Zones {
    fn new(checked: &[PathBuf]) -> Self {
        let real = checked
            .iter()
            .filter_map(|path| fs::canonicalize(path).ok());
        Self(real.collect())
    }

    /// The outermost of them that a folder is in: one that is checked, or a work tree.
    fn outermost<'f>(&self, folder: &'f Path) -> Option<&'f Path> {
        // There is no link left, but where case does not count a name may be spelled otherwise.
        let checked = |above: &Path| {
            !self.0.is_empty() && fs::canonicalize(above).is_ok_and(|real| self.0.contains(&real))
        };
        let above = folder
            .ancestors()
            .filter(|above| fs::symlink_metadata(above.join(".git")).is_ok() || checked(above));
        above.last()
    }

    fn spot(&self, folder: &Path, name: &OsStr) -> PathInFolder {
        let base = self.outermost(folder).unwrap_or(folder).to_owned();
        let below = folder.strip_prefix(&base).map(parts).unwrap_or_default();
        PathInFolder {
            base,
            below,
            name: name.to_owned(),
        }
    }
}

impl PathInFolder {
    /// Opens the device or the pipe that is there; this waits for the reader of a pipe.
    ///
    /// # Errors
    /// Whatever the operating system answers; a link or a file where there was none before.
    pub(crate) fn open(&self) -> io::Result<fs::File> {
        let file = Folder::open(&self.base, &self.below)?.open_for_writing(&self.name)?;
        if file.metadata()?.is_file() {
            return Err(io::Error::other("it is a file now"));
        }
        Ok(file)
    }

    /// An empty file beside it, which takes its name when it is [kept](Draft::keep); until then it is removed again.
    ///
    /// # Errors
    /// Whatever the operating system answers; a link where there was none before.
    pub(crate) fn draft(&self, executable: bool) -> io::Result<(Draft, fs::File)> {
        let folder = Folder::open(&self.base, &self.below)?;
        let mut attempt = 0;
        loop {
            // Not the file's own name and more: that could be too long. In containers every run may have the same id.
            let name = format!(".weighbridge.{}.{attempt}.tmp", std::process::id());
            match folder.create(&name, executable) {
                Ok(file) => {
                    let draft = Draft {
                        folder,
                        name,
                        to: self.name.clone(),
                        kept: false,
                    };
                    return Ok((draft, file));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < DRAFTS => {
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// A file that is removed unless it is kept.
#[derive(Debug)]
pub(crate) struct Draft {
    folder: Folder,
    name: String,
    to: OsString,
    kept: bool,
}

impl Draft {
    /// Gives it the name that it was made for, in one step; what had that name is replaced.
    ///
    /// # Errors
    /// Whatever the operating system answers.
    pub(crate) fn keep(mut self) -> io::Result<()> {
        self.folder.rename(&self.name, &self.to)?;
        // By now another run may have a draft of this name.
        self.kept = true;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            let _ = self.folder.remove(&self.name);
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A folder that becomes a link between the look at it and the writing leads nowhere else.
    #[test]
    fn a_link_that_is_put_there_in_between_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        let (tree, outside) = (root.join("tree"), root.join("outside"));
        for made in [&tree, &outside, &tree.join("out")] {
            fs::create_dir(made).unwrap();
        }
        let checked = [tree.clone()];
        let Ok(Destination::File(spot)) = destination(&tree.join("out/x"), &checked) else {
            panic!("there is no link yet");
        };
        let (draft, _) = spot.draft(false).unwrap();
        fs::rename(tree.join("out"), tree.join("moved")).unwrap();
        symlink("../outside", tree.join("out")).unwrap();
        // What was begun goes where it was begun.
        draft.keep().unwrap();
        assert!(tree.join("moved/x").is_file());
        assert!(spot.draft(false).is_err());
        assert!(destination(&tree.join("out/x"), &checked).is_err());
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);

        let done = std::sync::atomic::AtomicBool::new(false);
        let over = || done.load(std::sync::atomic::Ordering::Relaxed);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let out = tree.join("out");
                while !over() {
                    let _ = fs::remove_file(&out);
                    let _ = fs::create_dir(&out);
                    let _ = fs::rename(&out, tree.join("spare"));
                    let _ = symlink("../outside", &out);
                    let _ = fs::remove_dir_all(tree.join("spare"));
                }
            });
            for _ in 0..3000 {
                let _ = make_folder(&tree.join("out/deep"), &checked);
                let Ok(Destination::File(spot)) = destination(&tree.join("out/x"), &checked) else {
                    continue;
                };
                if let Ok((draft, _)) = spot.draft(false) {
                    let _ = draft.keep();
                }
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    }
}
