//! A folder in which many files are written, by several processes at once; each is there whole or not at all.
//!
//! A file is written in the folder `drafts` and then moved to its place. Every process has a name for its drafts, and as long as it lives
//! it holds a lock on the file `NAME.lock`. So the drafts of a process that was killed are known by a lock that nobody holds: the next one
//! that writes removes them.

use std::{
    fs,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use super::{Folder, Refused, made_folder};

/// Where drafts are, in the folder itself: moving a file never leaves its file system.
const DRAFTS: &str = "drafts";

/// What the name of a lock ends with.
const LOCK: &str = ".lock";

/// How often a process that ends may take the folder of drafts away before this one has a file in it.
const TRIES: u32 = 20;

/// A folder, open for writing.
#[derive(Debug)]
pub(crate) struct Drawer {
    path: PathBuf,
    root: Folder,
    drafts: Folder,
    /// What the names of this process's drafts begin with.
    owner: String,
    /// Open, and so locked, as long as this lives.
    _lock: fs::File,
    next: AtomicU64,
}

impl Drawer {
    /// Opens a folder, which is made if it is not there, and removes the drafts of processes that were killed.
    ///
    /// # Errors
    /// A link in a work tree on the way to it; whatever the operating system answers.
    pub(crate) fn open(path: &Path) -> Result<Self, Refused> {
        let root = made_folder(path, &[])?;
        let mut tries = 0;
        loop {
            match Self::enter(&root) {
                Ok((drafts, owner, lock)) => {
                    let drawer = Self {
                        path: path.to_owned(),
                        root,
                        drafts,
                        owner,
                        _lock: lock,
                        next: AtomicU64::new(0),
                    };
                    drawer.clean();
                    return Ok(drawer);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound && tries < TRIES => {
                    tries += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The folder of drafts, a name for this process and its lock. `NotFound` if another process that ended has removed them meanwhile.
    fn enter(root: &Folder) -> io::Result<(Folder, String, fs::File)> {
        let drafts = root.subfolder(DRAFTS, true)?;
        // In containers every process may have the same id.
        let chance = RandomState::new().build_hasher().finish();
        let owner = format!("{}-{chance:016x}", std::process::id());
        let lock = format!("{owner}{LOCK}");
        let file = drafts.create(&lock, false)?;
        match file.try_lock() {
            // Before it was locked, it looked like that of a process that was killed.
            Ok(()) => drop(drafts.open_for_writing(lock.as_ref())?),
            Err(fs::TryLockError::WouldBlock) => return Err(io::ErrorKind::NotFound.into()),
            // On a file system without locks, drafts that are left stay.
            Err(fs::TryLockError::Error(_)) => {}
        }
        Ok((drafts, owner, file))
    }

    /// Writes a file, whole or not at all, and the folders that it is in. Its name has slashes; what has the name is replaced.
    ///
    /// # Errors
    /// Whatever the operating system answers; a link where a folder should be.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let draft = format!("{}.{number}", self.owner);
        let mut file = self.drafts.create(&draft, false)?;
        let written = file.write_all(bytes).and_then(|()| {
            drop(file);
            self.place(&draft, name)
        });
        if written.is_err() {
            let _ = self.drafts.remove(&draft);
        }
        written
    }

    /// A path for something that another program makes, to be moved to its place when it is whole. Nothing is there.
    pub(crate) fn draft(&self) -> PathBuf {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.path
            .join(DRAFTS)
            .join(format!("{}.{number}", self.owner))
    }

    fn place(&self, draft: &str, name: &str) -> io::Result<()> {
        let Some((folders, name)) = name.rsplit_once('/') else {
            return self.drafts.move_to(draft, &self.root, name);
        };
        let folder = match self.folder(folders, false) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.folder(folders, true)?,
            other => other?,
        };
        self.drafts.move_to(draft, &folder, name)
    }

    fn folder(&self, names: &str, make: bool) -> io::Result<Folder> {
        let mut names = names.split('/');
        let first = self
            .root
            .subfolder(names.next().unwrap_or_default(), make)?;
        names.try_fold(first, |folder, name| folder.subfolder(name, make))
    }

    /// Removes what processes that were killed have left. What cannot be removed stays: it is in nobody's way.
    fn clean(&self) {
        let names = self.drafts.names().unwrap_or_default();
        let mut dead: Vec<(&str, Option<fs::File>)> = Vec::new();
        for name in &names {
            let owner = owner_of(name);
            if owner == self.owner || dead.iter().any(|(known, _)| *known == owner) {
                continue;
            }
            match self
                .drafts
                .open_for_writing(format!("{owner}{LOCK}").as_ref())
            {
                // Held until its drafts are removed, and the lock after them.
                Ok(lock) if lock.try_lock().is_ok() => dead.push((owner, Some(lock))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => dead.push((owner, None)),
                // It lives, or nobody knows.
                _ => {}
            }
        }
        let is_lock = |name: &&String| name.ends_with(LOCK);
        let drafts = names.iter().filter(|name| !is_lock(name));
        for name in drafts.chain(names.iter().filter(is_lock)) {
            let is_dead = dead.iter().any(|(owner, _)| *owner == owner_of(name));
            if is_dead && self.drafts.remove(name).is_err() {
                // What another program made may be a folder.
                let _ = fs::remove_dir_all(self.path.join(DRAFTS).join(name));
            }
        }
    }
}

/// The process that a draft or a lock is of.
fn owner_of(name: &str) -> &str {
    name.split_once('.').map_or(name, |(owner, _)| owner)
}

impl Drop for Drawer {
    fn drop(&mut self) {
        let _ = self.drafts.remove(&format!("{}{LOCK}", self.owner));
        // Others may still have drafts in it: then it stays.
        let _ = self.root.remove_folder(DRAFTS);
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests look at what was written")]
mod tests {
    use std::fs;

    use super::Drawer;

    #[test]
    fn drafts_of_the_dead_are_removed_and_those_of_the_living_stay() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("run");
        let living = Drawer::open(&root).unwrap();
        let half = format!("drafts/{}.7", living.owner);
        fs::write(root.join(&half), b"half").unwrap();
        // One that was killed: its lock is held by nobody.
        fs::write(root.join("drafts/1-abc.lock"), b"").unwrap();
        fs::write(root.join("drafts/1-abc.0"), b"half").unwrap();
        fs::create_dir_all(root.join("drafts/1-abc.1/objects")).unwrap();
        // One whose lock is gone.
        fs::write(root.join("drafts/2-abc.0"), b"half").unwrap();
        let other = Drawer::open(&root).unwrap();
        other.put("results/ab/x.json", b"whole").unwrap();
        other.put("run.json", b"whole").unwrap();
        let mut names = other.drafts.names().unwrap();
        names.retain(|name| !name.contains(&other.owner));
        names.sort();
        assert_eq!(
            names,
            [
                format!("{}.7", living.owner),
                format!("{}.lock", living.owner)
            ]
        );
        drop(other);
        assert_eq!(fs::read(root.join("results/ab/x.json")).unwrap(), b"whole");
        fs::remove_file(root.join(half)).unwrap();
        drop(living);
        let mut left: Vec<_> = fs::read_dir(&root)
            .unwrap()
            .map(|it| it.unwrap().file_name())
            .collect();
        left.sort();
        assert_eq!(left, ["results", "run.json"]);
    }

    #[test]
    fn many_open_and_close_at_once_and_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("run");
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let root = &root;
                scope.spawn(move || {
                    for n in 0..50 {
                        let drawer = Drawer::open(root).unwrap();
                        drawer.put(&format!("a/{thread}/{n}"), b"x").unwrap();
                    }
                });
            }
        });
        let count = |thread: usize| {
            fs::read_dir(root.join(format!("a/{thread}")))
                .unwrap()
                .count()
        };
        assert_eq!((0..8).map(count).sum::<usize>(), 400);
        assert!(!root.join("drafts").exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_leads_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let (root, outside) = (folder.path().join("run"), folder.path().join("outside"));
        for made in [&root, &outside] {
            fs::create_dir(made).unwrap();
        }
        fs::write(outside.join("1-abc.0"), b"theirs").unwrap();
        std::os::unix::fs::symlink("../outside", root.join("drafts")).unwrap();
        assert!(Drawer::open(&root).is_err());
        assert!(outside.join("1-abc.0").is_file());
        fs::remove_file(root.join("drafts")).unwrap();
        std::os::unix::fs::symlink("../outside", root.join("results")).unwrap();
        assert!(Drawer::open(&root).unwrap().put("results/x", b"").is_err());
        assert!(!outside.join("x").exists());
    }
}
