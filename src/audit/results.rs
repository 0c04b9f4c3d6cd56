//! Where the files of a run are kept: in a folder, or wherever something else keeps files by name.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use crate::{
    bytes::{ByteSource as _, FileSource, Window, narrow},
    error::Error,
    files::{Drawer, Refused, Scratch},
    limits,
};

/// Keeps files by name: `results/ab/abcd.json`, with slashes, always of ASCII letters, digits, dots, dashes and slashes. Several processes may
/// write at once, and each may be killed at any moment.
pub trait ResultStore: fmt::Debug + Send + Sync {
    /// Keeps a file: whole or not at all, and instead of what had the name.
    ///
    /// # Errors
    /// Whatever keeps it from being written: that ends the run.
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Error>;

    /// Keeps a file unless there is one of that name; whether it did.
    ///
    /// # Errors
    /// Whatever keeps it from being written.
    fn put_new(&self, name: &str, bytes: &[u8]) -> Result<bool, Error>;

    /// The file of a name, at most [`limits::AUDIT_RESULT`] bytes; `None` if there is none.
    ///
    /// # Errors
    /// Whatever keeps it from being read.
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, Error>;

    /// How many bytes the file of a name has; `None` if there is none.
    ///
    /// # Errors
    /// Whatever keeps it from being looked at.
    fn size(&self, name: &str) -> Result<Option<u64>, Error>;

    /// The names of all files below a folder, sorted.
    ///
    /// # Errors
    /// Whatever keeps it from being listed.
    fn list(&self, folder: &str) -> Result<Vec<String>, Error>;

    /// Takes the file of a name away, if there is one.
    ///
    /// # Errors
    /// Whatever keeps it from being removed.
    fn remove(&self, name: &str) -> Result<(), Error>;

    /// The path or the URL that people know it by.
    fn place(&self) -> &Path;

    /// What stays the same as long as a file is not replaced or changed, or no file of a folder is added, replaced or removed; `None` if
    /// only reading can tell.
    fn mark(&self, _name: &str) -> Option<String> {
        None
    }
}

/// A folder of this machine, or one that several machines share.
#[derive(Debug)]
pub(super) struct LocalResults {
    folder: PathBuf,
    /// What people know it by.
    place: PathBuf,
    /// Open since something was first written: who only reads may not be allowed to write.
    drawer: Mutex<Option<std::sync::Arc<Drawer>>>,
    /// Removes the folder when it is not needed any more.
    scratch: Option<Scratch>,
}

impl LocalResults {
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            place: folder.to_owned(),
            drawer: Mutex::default(),
            scratch: None,
        }
    }

    /// A folder for what is fetched from `place`, which is what people know it by.
    pub(super) fn fetched(scratch: Scratch, place: &Path) -> Self {
        let mut results = Self::new(scratch.path());
        place.clone_into(&mut results.place);
        results.scratch = Some(scratch);
        results
    }

    fn drawer(&self) -> Result<std::sync::Arc<Drawer>, Error> {
        let mut drawer = self.drawer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = &*drawer {
            return Ok(std::sync::Arc::clone(open));
        }
        let opened = Drawer::open(&self.folder);
        let opened = opened.map_err(|refused| unwritten(&self.folder, refused))?;
        Ok(std::sync::Arc::clone(drawer.insert(opened.into())))
    }

    fn unreadable(&self, name: &str, source: io::Error) -> Error {
        Error::Io {
            path: self.folder.join(name),
            source,
        }
    }
}

impl ResultStore for LocalResults {
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let written = self.drawer()?.put(name, bytes);
        written.map_err(|source| unwritten(&self.folder.join(name), source.into()))
    }

    fn put_new(&self, name: &str, bytes: &[u8]) -> Result<bool, Error> {
        // Two that write it at once write the same: such names have the digest of the content.
        if self.size(name)?.is_some() {
            return Ok(false);
        }
        self.put(name, bytes)?;
        Ok(true)
    }

    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        match read(&self.folder.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.unreadable(name, source)),
        }
    }

    fn size(&self, name: &str) -> Result<Option<u64>, Error> {
        match fs::symlink_metadata(self.folder.join(name)) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.unreadable(name, source)),
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, Error> {
        let mut found = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let children = match fs::read_dir(self.folder.join(&folder)) {
                Ok(children) => children,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => return Err(self.unreadable(&folder, source)),
            };
            for child in children.flatten() {
                let Ok(name) = child.file_name().into_string() else {
                    continue;
                };
                let name = format!("{folder}/{name}");
                if child.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(name);
                } else {
                    found.push(name);
                }
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        let path = self.folder.join(name);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(Error::Write { path, source })
            }
            _ => Ok(()),
        }
    }

    fn place(&self) -> &Path {
        &self.place
    }

    #[cfg(unix)]
    fn mark(&self, name: &str) -> Option<String> {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = fs::symlink_metadata(self.folder.join(name)).ok()?;
        let (inode, seconds, nanos) = (metadata.ino(), metadata.ctime(), metadata.ctime_nsec());
        // What a link leads to changes while the link stays.
        (!metadata.is_symlink()).then(|| format!("{inode}-{seconds}-{nanos}"))
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let source = FileSource::open(path)?;
    if source.len() > limits::AUDIT_RESULT {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge));
    }
    let length = narrow(source.len());
    Window::new(source).bytes_at(0, length)
}

fn unwritten(path: &Path, refused: Refused) -> Error {
    let to = path.display().to_string();
    refused.into_error(&to.clone(), |source| Error::Output {
        what: "the results",
        to,
        source,
    })
}
