//! An open folder: whatever becomes of its path, what is made in it is made there.

#[cfg(not(unix))]
use std::path::PathBuf;
use std::{
    ffi::{OsStr, OsString},
    fs, io,
    path::Path,
};

/// An open folder.
#[cfg(unix)]
#[derive(Debug)]
pub(super) struct Folder(std::os::fd::OwnedFd);

#[cfg(unix)]
impl Folder {
    pub(super) fn open(base: &Path, below: &[OsString]) -> io::Result<Self> {
        Self::walk(base, below, false)
    }

    /// The same, of a folder whose lower part may not be there yet.
    pub(super) fn make(base: &Path, below: &[OsString]) -> io::Result<Self> {
        Self::walk(base, below, true)
    }

    fn walk(base: &Path, below: &[OsString], make: bool) -> io::Result<Self> {
        use rustix::{
            fs::{Mode, OFlags, mkdirat, open, openat},
            io::Errno,
        };
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
        // A folder that may be passed and not be listed is one to write in.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let flags = flags | OFlags::PATH;
        let mut folder = open(base, flags, Mode::empty())?;
        for name in below {
            if make {
                match mkdirat(&folder, name, Mode::from_raw_mode(0o777)) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            folder = openat(&folder, name, flags | OFlags::NOFOLLOW, Mode::empty())?;
        }
        Ok(Self(folder))
    }

    pub(super) fn open_for_writing(&self, name: &OsStr) -> io::Result<fs::File> {
        use rustix::fs::{Mode, OFlags, openat};
        let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::CLOEXEC;
        Ok(openat(&self.0, name, flags, Mode::empty())?.into())
    }

    pub(super) fn create(&self, name: &str, executable: bool) -> io::Result<fs::File> {
        use rustix::fs::{Mode, OFlags, openat};
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(if executable { 0o777 } else { 0o666 });
        Ok(openat(&self.0, name, flags, mode)?.into())
    }

    pub(super) fn rename(&self, from: &str, to: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.0, from, &self.0, to)?)
    }

    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(
            &self.0,
            name,
            rustix::fs::AtFlags::empty(),
        )?)
    }

    /// A folder in it, which no link leads to; made if it is not there and `make` says so.
    pub(super) fn subfolder(&self, name: &str, make: bool) -> io::Result<Self> {
        use rustix::{
            fs::{Mode, OFlags, mkdirat, openat},
            io::Errno,
        };
        if make {
            match mkdirat(&self.0, name, Mode::from_raw_mode(0o777)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let flags = flags | OFlags::PATH;
        Ok(Self(openat(&self.0, name, flags, Mode::empty())?))
    }

    /// The names in it, those left out that are not UTF-8.
    pub(super) fn names(&self) -> io::Result<Vec<String>> {
        use rustix::fs::{Dir, Mode, OFlags, openat};
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let listed = openat(&self.0, ".", flags, Mode::empty())?;
        let mut names = Vec::new();
        for child in Dir::new(listed)? {
            names.extend(child?.file_name().to_str().ok().map(str::to_owned));
        }
        names.retain(|name| name != "." && name != "..");
        Ok(names)
    }

    /// Gives a file of this folder a name in another.
    pub(super) fn move_to(&self, from: &str, folder: &Self, to: &str) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.0, from, &folder.0, to)?)
    }

    /// Removes an empty folder in it.
    pub(super) fn remove_folder(&self, name: &str) -> io::Result<()> {
        let flags = rustix::fs::AtFlags::REMOVEDIR;
        Ok(rustix::fs::unlinkat(&self.0, name, flags)?)
    }
}

/// Where folders are not opened, their path is looked at once more.
#[cfg(not(unix))]
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

#[cfg(not(unix))]
impl Folder {
    pub(super) fn open(base: &Path, below: &[OsString]) -> io::Result<Self> {
        let mut folder = base.to_owned();
        for name in below {
            folder.push(name);
            if fs::symlink_metadata(&folder)?.is_symlink() {
                return Err(io::Error::other("a symbolic link is on the way"));
            }
        }
        Ok(Self(folder))
    }

    pub(super) fn make(base: &Path, below: &[OsString]) -> io::Result<Self> {
        let mut folder = base.to_owned();
        folder.extend(below);
        fs::create_dir_all(folder)?;
        Self::open(base, below)
    }

    pub(super) fn open_for_writing(&self, name: &OsStr) -> io::Result<fs::File> {
        fs::OpenOptions::new().write(true).open(self.0.join(name))
    }

    pub(super) fn create(&self, name: &str, _: bool) -> io::Result<fs::File> {
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true).open(self.0.join(name))
    }

    pub(super) fn rename(&self, from: &str, to: &OsStr) -> io::Result<()> {
        fs::rename(self.0.join(from), self.0.join(to))
    }

    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.0.join(name))
    }

    pub(super) fn subfolder(&self, name: &str, make: bool) -> io::Result<Self> {
        if make {
            Self::make(&self.0, &[name.into()])
        } else {
            Self::open(&self.0, &[name.into()])
        }
    }

    pub(super) fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for child in fs::read_dir(&self.0)? {
            names.extend(child?.file_name().into_string().ok());
        }
        Ok(names)
    }

    pub(super) fn move_to(&self, from: &str, folder: &Self, to: &str) -> io::Result<()> {
        fs::rename(self.0.join(from), folder.0.join(to))
    }

    pub(super) fn remove_folder(&self, name: &str) -> io::Result<()> {
        fs::remove_dir(self.0.join(name))
    }
}
