//! Whether files and folders are as they were when they were last read, from what the system says of them without opening any.
//!
//! As git does with its index, what changed so shortly before it was looked at that another change could have the same time is not relied
//! on: it is read again.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::limits;

/// Paths, and a digest of what the system says of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Look {
    /// The folder that paths are relative to which are not absolute.
    folder: String,
    paths: BTreeSet<String>,
    digest: String,
}

/// A look that is being taken.
#[derive(Debug)]
pub(super) struct Taking {
    #[cfg(unix)]
    begun: std::time::SystemTime,
    folder: PathBuf,
    paths: BTreeSet<String>,
    /// Whether there is something that no look tells of.
    is_blind: bool,
}

impl Taking {
    /// Begins, before anything is read that the look is to stand for. Most of it is in `folder`.
    pub(super) fn begin(folder: &Path) -> Self {
        Self {
            #[cfg(unix)]
            begun: std::time::SystemTime::now(),
            folder: folder.to_owned(),
            paths: BTreeSet::new(),
            is_blind: false,
        }
    }

    /// Adds a file or a folder that is read. Of one that is not there, the folder that it would appear in.
    pub(super) fn add(&mut self, path: &Path) {
        let there = path
            .ancestors()
            .find_map(|it| Some((it, it.symlink_metadata().ok()?)));
        let name = there.as_ref().and_then(|(path, metadata)| {
            let name = path.strip_prefix(&self.folder).unwrap_or(path).to_str()?;
            // What a link leads to changes while the link stays.
            (!metadata.is_symlink()).then(|| name.to_owned())
        });
        match name {
            Some(name) if self.paths.len() < limits::LOOKED_AT => drop(self.paths.insert(name)),
            _ => self.is_blind = true,
        }
    }

    /// Adds a folder and those below it to a depth.
    pub(super) fn add_folders(&mut self, folder: &Path, depth: usize) {
        let mut folders = vec![(folder.to_owned(), depth)];
        while let Some((folder, depth)) = folders.pop() {
            self.add(&folder);
            if self.is_blind {
                return;
            }
            let Some(below) = depth.checked_sub(1) else {
                continue;
            };
            let children = std::fs::read_dir(&folder).into_iter().flatten().flatten();
            let children = children.filter(|it| it.file_type().is_ok_and(|it| it.is_dir()));
            folders.extend(children.map(|it| (it.path(), below)));
        }
    }
}

#[cfg(unix)]
mod system {
    use std::{
        collections::BTreeSet,
        fs::Metadata,
        os::unix::fs::MetadataExt as _,
        path::Path,
        time::{Duration, SystemTime},
    };

    use data_encoding::HEXLOWER;
    use sha2::{Digest as _, Sha256};

    use super::{Look, Taking};

    /// Times of files are as coarse as two seconds on some file systems.
    const RECENT: Duration = Duration::from_secs(3);

    impl Taking {
        /// The look, if what was read is sure to be what it stands for.
        pub(in super::super) fn end(self) -> Option<Look> {
            let settled = self.begun.checked_sub(RECENT)?;
            let settled = settled.duration_since(SystemTime::UNIX_EPOCH).ok()?;
            let settled = i64::try_from(settled.as_secs()).ok()?;
            let (digest, newest) = stand(&self.folder, &self.paths)?;
            // What is from the future, because a clock was wrong, is never sure.
            let is_sure = newest < settled && !self.is_blind;
            let folder = self.folder.to_str()?.to_owned();
            is_sure.then_some(Look {
                folder,
                paths: self.paths,
                digest,
            })
        }
    }

    impl Look {
        /// Whether nothing has changed since.
        pub(in super::super) fn holds(&self) -> bool {
            let stands = stand(Path::new(&self.folder), &self.paths);
            stands.is_some_and(|(digest, _)| digest == self.digest)
        }
    }

    /// A digest of what the system says of paths, and the time of the last change among them.
    fn stand(folder: &Path, paths: &BTreeSet<String>) -> Option<(String, i64)> {
        let mut digest = Sha256::new();
        let mut newest = i64::MIN;
        for path in paths {
            let metadata = folder.join(path).symlink_metadata().ok()?;
            newest = newest.max(metadata.mtime()).max(metadata.ctime());
            for value in values(&metadata) {
                digest.update(value.to_le_bytes());
            }
        }
        Some((HEXLOWER.encode(&digest.finalize()), newest))
    }

    fn values(metadata: &Metadata) -> [i128; 7] {
        [
            metadata.ino().into(),
            metadata.mode().into(),
            metadata.len().into(),
            metadata.mtime().into(),
            metadata.mtime_nsec().into(),
            metadata.ctime().into(),
            metadata.ctime_nsec().into(),
        ]
    }
}

/// Elsewhere the time of a folder does not always say that a file in it was replaced: everything is read.
#[cfg(not(unix))]
mod system {
    use super::{Look, Taking};

    impl Taking {
        pub(in super::super) fn end(self) -> Option<Look> {
            None
        }
    }

    impl Look {
        pub(in super::super) fn holds(&self) -> bool {
            false
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{
        fs,
        path::Path,
        time::{Duration, SystemTime},
    };

    use super::Taking;

    fn look(begun: SystemTime, folder: &Path) -> Option<super::Look> {
        let mut taking = Taking::begin(folder);
        taking.begun = begun;
        taking.add(&folder.join("HEAD"));
        taking.add(&folder.join("not/there"));
        taking.add_folders(&folder.join("refs"), 2);
        taking.end()
    }

    #[test]
    fn every_change_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        fs::create_dir_all(folder.join("refs/heads")).unwrap();
        fs::write(folder.join("HEAD"), "ref: main").unwrap();
        let later = SystemTime::now() + Duration::from_secs(100);
        let taken = look(later, folder).unwrap();
        assert!(taken.holds());
        let change = |change: &dyn Fn()| {
            let taken = look(later, folder).unwrap();
            assert!(taken.holds());
            std::thread::sleep(Duration::from_millis(20));
            change();
            assert!(!taken.holds());
        };
        // In place, with the same length and the time that it had.
        change(&|| {
            let time = fs::metadata(folder.join("HEAD"))
                .unwrap()
                .modified()
                .unwrap();
            fs::write(folder.join("HEAD"), "ref: mine").unwrap();
            let file = fs::File::options()
                .write(true)
                .open(folder.join("HEAD"))
                .unwrap();
            file.set_modified(time).unwrap();
        });
        change(&|| fs::write(folder.join("refs/heads/new"), "1").unwrap());
        change(&|| fs::remove_file(folder.join("refs/heads/new")).unwrap());
        change(&|| fs::create_dir(folder.join("not")).unwrap());
        change(&|| fs::remove_dir_all(folder.join("refs")).unwrap());
    }

    #[test]
    fn what_has_just_changed_or_is_from_the_future_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        fs::create_dir_all(folder.join("refs")).unwrap();
        fs::write(folder.join("HEAD"), "ref: main").unwrap();
        let now = SystemTime::now();
        assert_eq!(look(now, folder), None);
        assert_eq!(look(now - Duration::from_hours(24), folder), None);
        assert!(look(now + Duration::from_secs(10), folder).is_some());
        let file = fs::File::options()
            .write(true)
            .open(folder.join("HEAD"))
            .unwrap();
        file.set_modified(now + Duration::from_hours(24)).unwrap();
        assert_eq!(look(now + Duration::from_secs(10), folder), None);
    }

    #[test]
    fn a_link_is_not_relied_on() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        fs::create_dir_all(folder.join("elsewhere")).unwrap();
        std::os::unix::fs::symlink("elsewhere", folder.join("refs")).unwrap();
        fs::write(folder.join("HEAD"), "ref: main").unwrap();
        assert_eq!(
            look(SystemTime::now() + Duration::from_secs(10), folder),
            None
        );
    }
}
