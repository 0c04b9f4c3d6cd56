//! What a repository's refs lead to, from git's own files: whether anything has changed since the last audit is known without opening it.

use std::{
    io,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use super::look::{Look, Taking};
use crate::{
    bytes::{ByteSource as _, FileSource, Window, narrow},
    limits,
};

/// The state of a repository's refs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RefState {
    /// The same as long as no ref, no shallow border and no configuration changes.
    pub(super) digest: [u8; 32],
    /// How many refs there are.
    pub(super) refs: usize,
    /// Whether the history of the clone is cut off.
    pub(super) is_shallow: bool,
    /// What tells the next run without reading anything that it is the same.
    pub(super) look: Option<Look>,
}

/// Files of a repository that say what its refs lead to, and where its objects are.
const FILES: &[&str] = &[
    "HEAD",
    "packed-refs",
    "shallow",
    "config",
    "objects/info/alternates",
];

impl RefState {
    /// The state of the repository in a folder; `None` if its files cannot be read, or are too many: then it is audited.
    pub(super) fn of(folder: &Path) -> Option<Self> {
        let (own, common) = git_folders(folder)?;
        let mut state = Hashing {
            digest: Sha256::new(),
            refs: 0,
            files: 0,
            look: Taking::begin(&common),
        };
        // Whether it is a work tree, and one of several.
        for place in [folder.join(".git"), own.join("commondir")] {
            state.look.add(&place);
        }
        let mut is_shallow = false;
        for name in FILES {
            if let Some(bytes) = state.file(&common.join(name), name)? {
                match *name {
                    "shallow" => is_shallow = !bytes.is_empty(),
                    "packed-refs" => state.count_packed(&bytes),
                    _ => {}
                }
            }
        }
        if own != common {
            state.file(&own.join("HEAD"), "own HEAD")?;
        }
        state.folder(&common.join("refs"), "refs")?;
        state.folder(&common.join("reftable"), "reftable")?;
        let trees = common.join("worktrees");
        for tree in children(&trees)? {
            state.file(&trees.join(&tree).join("HEAD"), &tree)?;
        }
        state.look.add(&trees);
        Some(Self {
            digest: state.digest.finalize().into(),
            refs: state.refs,
            is_shallow,
            look: state.look.end(),
        })
    }
}

/// A digest of files, each with its name and its length.
struct Hashing {
    digest: Sha256,
    refs: usize,
    files: usize,
    look: Taking,
}

impl Hashing {
    /// Adds a file, and that there is none. `None` if there is something that cannot be read.
    #[allow(
        clippy::option_option,
        reason = "a file that is not there and one that cannot be read are not the same"
    )]
    fn file(&mut self, path: &Path, name: &str) -> Option<Option<Vec<u8>>> {
        self.files = self.files.saturating_add(1);
        if self.files > limits::REF_FILES {
            return None;
        }
        self.look.add(path);
        let bytes = match read(path) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(_) => return None,
        };
        self.field(name.as_bytes());
        match &bytes {
            Some(bytes) => self.field(bytes),
            None => self.digest.update(u64::MAX.to_be_bytes()),
        }
        Some(bytes)
    }

    fn field(&mut self, bytes: &[u8]) {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.digest.update(length.to_be_bytes());
        self.digest.update(bytes);
    }

    /// Adds all files below a folder, in the order of their names.
    fn folder(&mut self, folder: &Path, name: &str) -> Option<()> {
        let mut folders = vec![(folder.to_owned(), name.to_owned())];
        while let Some((folder, name)) = folders.pop() {
            self.look.add(&folder);
            for child in children(&folder)? {
                let (path, name) = (folder.join(&child), format!("{name}/{child}"));
                if std::fs::symlink_metadata(&path).is_ok_and(|it| it.is_dir()) {
                    folders.push((path, name));
                } else {
                    self.file(&path, &name)?;
                    self.refs = self.refs.saturating_add(1);
                }
            }
        }
        Some(())
    }

    /// Counts the refs of `packed-refs`: lines that are no comment and no peeled tag. One that is loose as well counts twice.
    fn count_packed(&mut self, bytes: &[u8]) {
        let lines = bytes.split(|b| *b == b'\n');
        let refs = lines.filter(|line| line.first().is_some_and(|b| !b"#^".contains(b)));
        self.refs = self.refs.saturating_add(refs.count());
    }
}

/// The names in a folder, sorted; none if there is no such folder.
fn children(folder: &Path) -> Option<Vec<String>> {
    let children = match std::fs::read_dir(folder) {
        Ok(children) => children,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Some(Vec::new()),
        Err(_) => return None,
    };
    let mut names = Vec::new();
    for child in children {
        names.push(child.ok()?.file_name().into_string().ok()?);
    }
    names.sort_unstable();
    Some(names)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let source = FileSource::open(path)?;
    if source.len() > limits::PUSH_LINES {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge));
    }
    let length = narrow(source.len());
    Window::new(source).bytes_at(0, length)
}

/// The folder that git keeps of a work tree, and the one that all work trees of its repository share.
pub(super) fn git_folders(folder: &Path) -> Option<(PathBuf, PathBuf)> {
    let dot_git = folder.join(".git");
    let own = match std::fs::symlink_metadata(&dot_git) {
        Ok(metadata) if metadata.is_dir() => dot_git,
        Ok(metadata) if metadata.is_file() => {
            let text = String::from_utf8(read(&dot_git).ok()?).ok()?;
            folder.join(text.strip_prefix("gitdir:")?.trim())
        }
        Ok(_) => return None,
        Err(_) => folder.to_owned(),
    };
    let common = match read(&own.join("commondir")) {
        Ok(bytes) => own.join(String::from_utf8(bytes).ok()?.trim()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => own.clone(),
        Err(_) => return None,
    };
    Some((own, common))
}
