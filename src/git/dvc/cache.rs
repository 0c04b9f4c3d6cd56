//! The cache of DVC on this machine: contents by their md5, below a folder in the repository.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

use data_encoding::HEXLOWER;
use gix::bstr::ByteSlice as _;
use md5::{Digest as _, Md5};

use super::files::cache_folder;
use crate::{
    bytes::{ByteSource as _, FileSource, Window, narrow, wide},
    limits,
};

/// DVC's own folder in a repository.
const OWN: &str = ".dvc";
/// Bytes that are hashed at once.
const CHUNK: usize = 1 << 20;

/// The folders that hold contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::git) struct Cache {
    /// Without links, in the repository.
    folder: PathBuf,
}

impl Cache {
    /// That of the nearest folder at or above one of a repository that has one of DVC. None that lies outside of the repository.
    pub(in crate::git) fn above(root: &Path, folder: &Path) -> Option<Self> {
        let root = fs::canonicalize(root).ok()?;
        let mut above = folder.ancestors().map(|above| root.join(above).join(OWN));
        let own = above.find(|own| own.is_dir())?;
        let said = ["config.local", "config"].iter().find_map(|name| {
            let text = read_small(&own.join(name)).ok()?;
            let text = String::from_utf8(text).ok()?;
            cache_folder(&text).map(PathBuf::from)
        });
        let folder = own.join(said.unwrap_or_else(|| PathBuf::from("cache")));
        let folder = fs::canonicalize(folder).ok()?;
        folder.starts_with(&root).then_some(Self { folder })
    }

    /// The content with an md5 (and `.dir` if it is the list of a folder), if it is here. Whether it has that md5 is not looked at.
    pub(in crate::git) fn open(&self, md5: &str) -> Option<Window> {
        self.places(md5)
            .iter()
            .find_map(|place| open_without_links(place))
    }

    /// Whether a link of the work tree leads to a content of the cache.
    pub(in crate::git) fn open_behind(&self, link: &Path) -> Option<Window> {
        let real = fs::canonicalize(link).ok()?;
        real.starts_with(&self.folder)
            .then(|| open_without_links(&real))?
    }

    /// Where DVC 3 keeps a content, and where the versions before it do.
    fn places(&self, md5: &str) -> Vec<PathBuf> {
        let digits = md5.strip_suffix(".dir").unwrap_or(md5);
        let is_md5 = digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        let (Some(first), Some(rest), true) = (md5.get(..2), md5.get(2..), is_md5) else {
            return Vec::new();
        };
        let new = self.folder.join("files").join("md5");
        [new, self.folder.clone()]
            .map(|it| it.join(first).join(rest))
            .into()
    }
}

/// A regular file that no link leads to.
fn open_without_links(path: &Path) -> Option<Window> {
    if fs::canonicalize(path).ok()? != path {
        return None;
    }
    Some(Window::new(FileSource::open(path).ok()?))
}

/// Whether a content has an md5. Before DVC 3, line ends of a text did not count. `None` if it cannot be read to its end.
pub(in crate::git) fn has_md5(content: &Window, md5: &str, is_old: bool) -> Option<bool> {
    let is = |digest: Md5| {
        HEXLOWER
            .encode(&digest.finalize())
            .eq_ignore_ascii_case(md5)
    };
    if is(digest(content, false)?) {
        return Some(true);
    }
    Some(is_old && is(digest(content, true)?))
}

/// The md5 of a content, with `\r\n` as `\n` if that is asked for.
fn digest(content: &Window, plain_ends: bool) -> Option<Md5> {
    let mut digest = Md5::new();
    let mut chunk = vec![0; CHUNK.min(narrow(content.len()).max(1))];
    let mut plain = Vec::new();
    let (mut at, mut pending) = (0, false);
    while at < content.len() {
        let n = content.fill_at(at, &mut chunk).ok().filter(|n| *n > 0)?;
        let bytes = chunk.get(..n)?;
        at = at.saturating_add(wide(n));
        if !plain_ends {
            digest.update(bytes);
            continue;
        }
        plain.clear();
        for &byte in bytes {
            // It may be the last of a chunk.
            if pending && byte != b'\n' {
                plain.push(b'\r');
            }
            pending = byte == b'\r';
            if !pending {
                plain.push(byte);
            }
        }
        digest.update(&plain);
    }
    if pending {
        digest.update(b"\r");
    }
    Some(digest)
}

/// A small file below a root, if no link leads to it.
pub(in crate::git) fn small_file(root: &Path, path: &[u8]) -> Option<Vec<u8>> {
    let path = path.to_path().ok()?;
    let is_plain = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    let path = fs::canonicalize(root).ok()?.join(path);
    let is_itself = is_plain && fs::canonicalize(&path).ok()? == path;
    is_itself.then(|| read_small(&path).ok())?
}

fn read_small(path: &Path) -> io::Result<Vec<u8>> {
    let source = FileSource::open_in_work_tree(path)?;
    if source.len() > limits::DVC_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let length = narrow(source.len());
    Window::new(source).bytes_at(0, length)
}
