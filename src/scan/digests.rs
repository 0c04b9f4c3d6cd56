//! Digests that are kept between runs, so that a large file which has not changed since is not hashed again.
//!
//! They are for one question: whether a file is still the one that is pinned. Only a yes is taken from what was kept; where it says
//! anything else, the file is hashed. What is kept is bound to the path, the size, the inode and both times of the file, of which no
//! program can set the second. A file that was written shortly before it was hashed is not kept: it could be written once more
//! within the same tick of the clock. Who can write in the git directory can as well write what git runs, so what is kept there is
//! trusted as far as that; in a pipeline it is not.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, OnceLock, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use rustc_hash::FxHashMap;

use crate::{
    bytes::{FileStamp, Window},
    fact::Text,
    files,
    git::{OwnFolder, View},
    inventory, limits,
};

/// What the file is called, in the folder that git keeps for a work tree.
const NAME: &str = "digests";

/// The first line.
const HEAD: &str = "weighbridge digests 1";

/// Seconds for which a file must have been left alone before it is hashed: the coarsest clock of a file system in use counts
/// two.
const SETTLED: i64 = 2;

/// A digest, and the file that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    stamp: FileStamp,
    sha256: String,
}

/// Digests of files in a work tree, by path.
#[derive(Debug)]
pub(super) struct Digests<'v> {
    /// `None`: nothing is kept, and nothing that was kept is believed.
    view: Option<&'v View>,
    kept: OnceLock<FxHashMap<Text, Kept>>,
    found: Mutex<Vec<(Text, Kept)>>,
}

impl<'v> Digests<'v> {
    /// Those of a view, if they are to be kept at all.
    pub(super) fn of(view: &'v View, is_wanted: bool) -> Self {
        Self {
            view: Some(view).filter(|view| is_wanted && view.is_on_disk() && view.is_repository()),
            kept: OnceLock::new(),
            found: Mutex::default(),
        }
    }

    fn kept(&self) -> &FxHashMap<Text, Kept> {
        self.kept.get_or_init(|| {
            let folder = self.view.and_then(OwnFolder::of);
            // Whatever is wrong with it, the files are hashed.
            let read = folder.and_then(|it| it.read(NAME, limits::CACHED_DIGEST_BYTES).ok());
            read.and_then(|bytes| parse(&bytes)).unwrap_or_default()
        })
    }

    /// Whether an earlier run found that the file at a path has this sha256, and the file is still the same.
    pub(super) fn holds(&self, path: &Text, content: &Window, sha256: &str) -> bool {
        let Some(stamp) = self.view.and_then(|_| content.stamp()) else {
            return false;
        };
        let kept = self.kept().get(path);
        kept.is_some_and(|kept| kept.stamp == stamp && kept.sha256 == sha256)
    }

    /// The sha256 of the file at a path; `None` if it cannot be read. It is kept if the file is left alone meanwhile.
    pub(super) fn sha256(&self, path: &Text, content: &Window) -> Option<String> {
        let before = self.view.and_then(|_| content.stamp());
        let began = SystemTime::now();
        let sha256 = inventory::sha256(content)?;
        if let Some(stamp) = before
            && is_settled(stamp, began)
            && content.stamp() == before
        {
            let kept = Kept {
                stamp,
                sha256: sha256.clone(),
            };
            let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
            found.push((path.clone(), kept));
        }
        Some(sha256)
    }

    /// Keeps what was found, and of what was kept what is about files that are still pinned. If it cannot be kept, files are hashed
    /// again. Of two runs at once, what one of them found is kept.
    pub(super) fn keep(mut self, is_pinned: impl Fn(&Text) -> bool) {
        let found = std::mem::take(&mut self.found);
        let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        let Some(view) = self.view.filter(|_| !found.is_empty()) else {
            return;
        };
        self.kept();
        let mut all = self.kept.take().unwrap_or_default();
        all.retain(|path, _| is_pinned(path));
        all.extend(found);
        let mut all: Vec<(Text, Kept)> = all.into_iter().collect();
        all.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        all.truncate(limits::CACHED_DIGESTS);
        if let Some(folder) = OwnFolder::of(view) {
            let _ = write(folder.path(), &view.root, &text(&all));
        }
    }
}

/// Whether a file was left alone for long enough before a moment.
fn is_settled(stamp: FileStamp, moment: SystemTime) -> bool {
    let since = moment.duration_since(UNIX_EPOCH).ok();
    let now = since.and_then(|since| i64::try_from(since.as_secs()).ok());
    let last = stamp.modified.0.max(stamp.changed.0);
    now.is_some_and(|now| last.saturating_add(SETTLED) < now)
}

fn write(folder: &Path, root: &Path, text: &str) -> io::Result<()> {
    let roots: [PathBuf; 1] = [root.to_owned()];
    let refused = |_| io::Error::from(io::ErrorKind::PermissionDenied);
    files::make_folder(folder, &roots).map_err(refused)?;
    let spot = files::spot(&folder.join(NAME), &roots).map_err(refused)?;
    let (draft, mut file) = spot.draft(false)?;
    file.write_all(text.as_bytes())?;
    draft.keep()
}

/// One line for each digest: `SHA256 SIZE MODIFIED CHANGED DEVICE INODE PATH`.
fn text(all: &[(Text, Kept)]) -> String {
    let mut out = format!("{HEAD}\n");
    for (path, kept) in all {
        let stamp = kept.stamp;
        let ((m, m_nanos), (c, c_nanos)) = (stamp.modified, stamp.changed);
        _ = writeln!(
            out,
            "{} {} {m}.{m_nanos:09} {c}.{c_nanos:09} {} {} {path}",
            kept.sha256, stamp.size, stamp.device, stamp.inode
        );
    }
    out
}

/// What [`text`] wrote; `None` if anything in it is something else.
fn parse(bytes: &[u8]) -> Option<FxHashMap<Text, Kept>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut lines = text.strip_suffix('\n')?.split('\n');
    if lines.next()? != HEAD {
        return None;
    }
    lines.map(line).collect()
}

fn line(line: &str) -> Option<(Text, Kept)> {
    let mut parts = line.splitn(7, ' ');
    let mut next = || parts.next();
    let time = |text: &str| {
        let (seconds, nanos) = text.split_once('.')?;
        Some((seconds.parse().ok()?, nanos.parse().ok()?))
    };
    let sha256 = next()?.to_owned();
    let size = next()?.parse().ok()?;
    let (modified, changed) = (time(next()?)?, time(next()?)?);
    let (device, inode) = (next()?.parse().ok()?, next()?.parse().ok()?);
    let stamp = FileStamp {
        device,
        inode,
        size,
        modified,
        changed,
    };
    Some((Text::from_shown(next()?)?, Kept { stamp, sha256 }))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn kept(path: &[u8], second: i64) -> (Text, Kept) {
        let stamp = FileStamp {
            device: 1,
            inode: 2,
            size: 3,
            modified: (second, 5),
            changed: (-second, 999_999_999),
        };
        let sha256 = "ab".repeat(32);
        (Text::new(path), Kept { stamp, sha256 })
    }

    #[test]
    fn what_is_written_is_read() {
        let all = [
            kept(b"a b", 7),
            kept(b"caf\xe9\n", 0),
            kept("é".as_bytes(), 9),
        ];
        let read = parse(text(&all).as_bytes()).unwrap();
        assert_eq!(read.len(), all.len());
        for (path, kept) in &all {
            assert_eq!(read.get(path), Some(kept));
        }
    }

    #[test]
    fn what_is_damaged_is_not_read() {
        let whole = text(&[kept(b"a", 7), kept(b"b", 8)]);
        for end in 0..whole.len() {
            // A whole line less is what an earlier run could have written.
            let is_line = whole.as_bytes()[..end].ends_with(b"\n") && end > HEAD.len();
            assert_eq!(parse(&whole.as_bytes()[..end]).is_some(), is_line, "{end}");
        }
        for wrong in [
            whole.replace(" 3 ", " x "),
            whole.replace('7', "-"),
            whole.replace(HEAD, "2"),
        ] {
            assert!(parse(wrong.as_bytes()).is_none(), "{wrong}");
        }
    }

    #[test]
    fn what_was_just_written_is_not_kept() {
        let (_, kept) = kept(b"a", 1000);
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        assert!(is_settled(kept.stamp, at(1003)));
        for moment in [0, 999, 1000, 1002] {
            assert!(!is_settled(kept.stamp, at(moment)), "{moment}");
        }
    }
}
