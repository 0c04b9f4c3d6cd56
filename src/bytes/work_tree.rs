//! Files that somebody else's work tree has: a link in it does not lead out of it.

use std::{
    error, fmt, fs, io,
    path::{Path, PathBuf},
};

use super::{
    FileSource,
    links::{self, Step},
};

/// Git's own folder, which is no part of a work tree.
const GIT: &str = ".git";

/// That a path leads out of a repository, so what is there is not read.
#[derive(Debug)]
pub struct LeadsOut {
    /// The symbolic link that does it, if one does.
    pub link: Option<PathBuf>,
}

impl LeadsOut {
    /// Whether this is why something could not be read.
    pub fn is(error: &io::Error) -> bool {
        let inner = error.get_ref();
        inner
            .and_then(|inner| inner.downcast_ref::<Self>())
            .is_some()
    }
}

impl fmt::Display for LeadsOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.link {
            Some(link) => write!(
                f,
                "the symbolic link `{}` leads out of the repository",
                link.display()
            ),
            None => f.write_str("it leads out of the repository"),
        }
    }
}

impl error::Error for LeadsOut {}

impl From<LeadsOut> for io::Error {
    fn from(leads_out: LeadsOut) -> Self {
        Self::new(io::ErrorKind::NotFound, leads_out)
    }
}

impl FileSource {
    /// Opens a regular file as [`open`](Self::open) does, unless a link in a work tree of git leads out of that work tree to it.
    /// As in the views of what git recorded, that is one to an absolute path, too.
    ///
    /// # Errors
    /// [`LeadsOut`]; whatever opening it answers.
    pub fn open_in_work_tree(path: &Path) -> io::Result<Self> {
        Self::open(&resolve(path)?)
    }
}

/// Where a path leads, links followed.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    // The work trees that links were followed in, and the link.
    let mut fences: Vec<(PathBuf, PathBuf)> = Vec::new();
    links::follow(path, |step| {
        let real = match step {
            Step::Link { folder, link, .. } => {
                fences.extend(work_tree(folder).map(|tree| (tree.to_owned(), link.to_owned())));
                return Ok(());
            }
            Step::Arrived(real) => real,
        };
        let is_outside = |(tree, _): &&(PathBuf, PathBuf)| {
            let below = real.strip_prefix(tree);
            !below.is_ok_and(|below| !below.starts_with(GIT))
        };
        let Some((_, link)) = fences.iter().find(is_outside) else {
            return Ok(());
        };
        let here = fs::canonicalize(".").unwrap_or_default();
        let link = link.strip_prefix(here).unwrap_or(link).to_owned();
        Err(LeadsOut { link: Some(link) }.into())
    })
}

/// The work tree that a folder is in.
fn work_tree(folder: &Path) -> Option<&Path> {
    let mut above = folder.ancestors();
    above.find(|above| fs::symlink_metadata(above.join(GIT)).is_ok())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_in_a_work_tree_does_not_lead_out_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        let tree = root.join("tree");
        for made in ["tree/.git", "tree/sub/deep", "tree/inner/.git", "outside"] {
            fs::create_dir_all(root.join(made)).unwrap();
        }
        for made in [
            "tree/a",
            "tree/sub/b",
            "tree/inner/c",
            "tree/.git/d",
            "outside/e",
        ] {
            fs::write(root.join(made), made).unwrap();
        }
        let link = |target: &str, at: &str| symlink(target, root.join(at)).unwrap();
        link("a", "tree/to-a");
        link("../to-a", "tree/sub/to-to-a");
        link("sub", "tree/folder");
        link("sub/../../tree/a", "tree/out-and-in");
        link("../outside/e", "tree/to-e");
        link("../outside", "tree/to-outside");
        link("to-outside/../tree/a", "tree/round");
        link(".git/d", "tree/to-git");
        link("../a", "tree/inner/to-a");
        link("inner/c", "tree/to-c");
        link("loop", "tree/loop");
        link("nowhere", "tree/to-nowhere");
        symlink(tree.join("a"), tree.join("absolute")).unwrap();
        link("tree/a", "to-tree");
        link("tree", "tree-link");
        let read = |path: &str| {
            let opened = FileSource::open_in_work_tree(&root.join(path));
            opened
                .map(|_| ())
                .map_err(|error| (LeadsOut::is(&error), error.to_string()))
        };
        for inside in [
            "tree/a",
            "tree/to-a",
            "tree/sub/to-to-a",
            "tree/folder/b",
            "tree/folder/../to-c",
            // What the user types, and links outside of a work tree, are theirs.
            "tree/../outside/e",
            "to-tree",
            "tree-link/to-a",
        ] {
            assert_eq!(read(inside), Ok(()), "{inside}");
        }
        for outside in [
            "tree/to-e",
            "tree/to-outside/e",
            "tree/out-and-in",
            "tree/round",
            "tree/to-git",
            "tree/inner/to-a",
            "tree/absolute",
            "tree-link/to-e",
        ] {
            let (leads_out, told) = read(outside).unwrap_err();
            assert!(leads_out, "{outside}: {told}");
        }
        let (_, told) = read("tree/to-e").unwrap_err();
        let link = tree.join("to-e");
        assert_eq!(
            told,
            format!(
                "the symbolic link `{}` leads out of the repository",
                link.display()
            )
        );
        for other in ["tree/loop", "tree/to-nowhere", "tree/none", "tree/sub"] {
            assert!(!read(other).unwrap_err().0, "{other}");
        }
    }
}
