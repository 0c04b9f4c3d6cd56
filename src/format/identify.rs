//! What the first and last bytes, and the name, say about a run of bytes.

use std::io;

use super::{FORMATS, Format};
use crate::{
    bytes::Window,
    fact::{Content, Foreign, Promised},
};

/// How many bytes from the front a probe may look at.
const FRONT: usize = 4096;

/// Names under which `torch.load` is what opens a file.
pub(super) const TORCH_EXTENSIONS: &[&str] = &["pt", "pth", "bin", "ckpt"];

/// How sure a probe is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// It is something else.
    No,
    /// It could be, as text without magic could be a protocol 0 pickle: facts count only if the whole reads convincingly.
    Maybe,
    /// The magic is there.
    Sure,
}

/// What a probe may look at.
#[derive(Debug)]
pub struct Head<'a> {
    /// The first bytes, up to 4096.
    pub front: Vec<u8>,
    /// All of them, for probes that must look at the end.
    pub window: &'a Window,
    /// The last part of the name, as stored; empty where there is none.
    pub name: &'a [u8],
}

impl<'a> Head<'a> {
    /// Reads the front of a window.
    pub fn read(window: &'a Window, name: &'a [u8]) -> io::Result<Self> {
        Ok(Self {
            front: window.bytes_at(0, FRONT)?,
            window,
            name,
        })
    }

    /// Whether the name ends in one of these suffixes, whatever the case.
    pub fn named(&self, extensions: &[&str]) -> bool {
        has_extension(self.name, extensions)
    }
}

/// Suffixes of model files whose formats are not read yet: files so named are never passed in silence.
const UNREAD_EXTENSIONS: &[&str] = &[
    "cbm", "dill", "ggml", "gguf", "h5", "hdf5", "joblib", "keras", "lz4", "mar", "mlmodel",
    "model", "nemo", "onnx", "pb", "pdmodel", "pdparams", "pt2", "pte", "skops", "t7", "tflite",
    "ubj",
];

/// Whether a file of this name is plainly no model, whatever its bytes.
pub fn is_plain_name(name: &[u8]) -> bool {
    let name = name.rsplit(|b| *b == b'/').next().unwrap_or_default();
    has_extension(name, PLAIN) || has_extension(name, MEDIA)
}

/// Suffixes of pictures, sounds, fonts and the like, as repositories keep them in git-lfs.
const MEDIA: &[&str] = &[
    "avi", "bmp", "eps", "flac", "gltf", "ico", "m4a", "mkv", "mov", "mp3", "mp4", "ogg", "otf",
    "psd", "tif", "tiff", "ttf", "webm", "webp", "woff", "woff2",
];

/// Suffixes of files that are plainly no models.
const PLAIN: &[&str] = &[
    "cfg", "csv", "gif", "html", "ini", "jpeg", "jpg", "json", "log", "md", "pdf", "png", "rst",
    "svg", "toml", "txt", "wav", "xml", "yaml", "yml",
];

/// Suffixes under which more than one format is at home: what `torch.load` opens may also be a bare pickle, an archive is a zip
/// whatever its layout, and what unpickles a file rarely cares for its suffix.
const SHARED: &[&str] = &["pt", "pth", "bin", "ckpt", "model", "zip"];

/// Whether a suffix is one that models share with anything else.
pub(super) fn is_shared_name(name: &[u8]) -> bool {
    has_extension(name, SHARED)
}

/// Whether a name promises nothing else than this format.
pub(super) fn may_be_called(format: &Format, name: &[u8]) -> bool {
    has_extension(name, format.extensions) || has_extension(name, SHARED)
}

/// What the suffix of a name belongs to; `None` if to nothing.
pub(super) fn promised_by(name: &[u8]) -> Option<Promised> {
    let format = FORMATS
        .iter()
        .find(|format| has_extension(name, format.extensions));
    let plain = PLAIN.iter().find(|suffix| has_extension(name, &[suffix]));
    match (format, plain) {
        (Some(format), _) => Some(Promised::Format(format.id.into())),
        (None, Some(suffix)) => Some(Promised::Suffix((*suffix).to_owned())),
        (None, None) => None,
    }
}

/// Suffixes of compressed files and of archives of one file: loaders open `model.pkl.gz` as they open `model.pkl`, and many
/// checkpoints are called `model.pth.tar` that are none.
const WRAPPED: &[&str] = &["gz", "bz2", "xz", "lzma", "zst", "z", "lz4", "tar", "tgz"];

/// Whether a file of this name is expected to be a model artifact, whatever its bytes.
pub fn is_artifact_name(name: &[u8]) -> bool {
    let mut name = name.rsplit(|b| *b == b'/').next().unwrap_or_default();
    loop {
        if is_read(name) || has_extension(name, UNREAD_EXTENSIONS) {
            return true;
        }
        // `model.pkl.tar.gz` is a `model.pkl` in its wrappings.
        match unwrapped(name) {
            Some(stem) => name = stem,
            None => return false,
        }
    }
}

/// Whether a format that is read has the suffix of a name.
fn is_read(name: &[u8]) -> bool {
    FORMATS
        .iter()
        .any(|format| has_extension(name, format.extensions))
}

/// A name without the suffix of its wrapping, if it has one.
pub(super) fn unwrapped(name: &[u8]) -> Option<&[u8]> {
    without(name, WRAPPED)
}

/// A name without the one of these suffixes that it ends in.
pub(super) fn without<'n>(name: &'n [u8], suffixes: &[&str]) -> Option<&'n [u8]> {
    has_extension(name, suffixes)
        .then(|| name.rsplitn(2, |b| *b == b'.').nth(1).unwrap_or_default())
}

/// The suffix of a model format that is not read yet and whose files are containers of other ones: knowing the container
/// is then not knowing the file.
pub(super) fn unread_form(name: &[u8], container: &Format) -> Option<&'static str> {
    if !["zip", "npz", "torch-zip", "torch-script", "torch-tar"].contains(&container.id) {
        return None;
    }
    if is_read(name) {
        return None;
    }
    UNREAD_EXTENSIONS
        .iter()
        .find(|suffix| has_extension(name, &[suffix]) && !SHARED.contains(suffix))
        .copied()
}

pub(super) fn has_extension(name: &[u8], extensions: &[&str]) -> bool {
    extensions.iter().any(|extension| {
        let extension = extension.as_bytes();
        name.len()
            .checked_sub(extension.len())
            .and_then(|at| name.split_at_checked(at))
            .is_some_and(|(stem, suffix)| {
                stem.ends_with(b".") && suffix.eq_ignore_ascii_case(extension)
            })
    })
}

/// What begins so: formats that are not read yet, and what is no model at all.
const MAGIC: &[(&[u8], Foreign)] = &[
    (b"GGUF", Foreign::Gguf),
    (b"\x89HDF\r\n\x1a\n", Foreign::Hdf5),
    (b"\xba\x16\x4f\x2f", Foreign::FastText),
    (b"\x1f\x8b", Foreign::Gzip),
    (b"\x78\x01", Foreign::Zlib),
    (b"\x78\x5e", Foreign::Zlib),
    (b"\x78\x9c", Foreign::Zlib),
    (b"\x78\xda", Foreign::Zlib),
    (b"BZh", Foreign::Bzip2),
    (b"\xfd7zXZ\0", Foreign::Xz),
    (b"\x28\xb5\x2f\xfd", Foreign::Zstd),
    (b"\x04\x22\x4d\x18", Foreign::Lz4),
    (b"]\0\0", Foreign::Lzma),
    (b"ZF0x", Foreign::OldJoblib),
    (b"7z\xbc\xaf\x27\x1c", Foreign::SevenZip),
    (b"Rar!", Foreign::Rar),
    (b"\x7fELF", Foreign::Elf),
    (b"MZ", Foreign::WindowsProgram),
    (b"\x89PNG\r\n\x1a\n", Foreign::Png),
    (b"\xff\xd8\xff", Foreign::Jpeg),
    (b"GIF87a", Foreign::Gif),
    (b"GIF89a", Foreign::Gif),
    (b"II*\0", Foreign::Tiff),
    (b"MM\0*", Foreign::Tiff),
    (b"%PDF-", Foreign::Pdf),
    (b"SQLite format 3\0", Foreign::Sqlite),
];

/// What the magic of the first bytes says, where it is none of the formats that are read.
pub(super) fn magic(head: &Head<'_>) -> Option<Foreign> {
    if head.front.starts_with(b"RIFF") && head.front.get(8..12) == Some(b"WEBP") {
        return Some(Foreign::WebP);
    }
    MAGIC
        .iter()
        .find(|(magic, _)| head.front.starts_with(magic))
        .map(|(_, what)| *what)
}

/// Whether the file is text that nobody opens as a model, whatever its suffix: suffixes of checkpoints are those of Python's
/// path files (`.pth`), of page templates (`.pt`) and of anything (`.bin`), too. A loader that is given one stops at once,
/// unless it reads as a pickle, which is asked before.
pub(super) fn is_ordinary_text(head: &Head<'_>) -> bool {
    let mut name = head.name;
    while let Some(stem) = unwrapped(name) {
        name = stem;
    }
    has_extension(name, SHARED) && is_text(&head.front) && !is_page(head)
}

/// Whether bytes are text: not empty, no control characters but white space, and mostly ASCII where it is not UTF-8.
fn is_text(front: &[u8]) -> bool {
    let control = |b: &u8| matches!(b, 0..=8 | 14..=26 | 28..=31 | 127);
    if front.is_empty() || front.iter().any(control) {
        return false;
    }
    match std::str::from_utf8(front) {
        Ok(_) => true,
        // The front may end inside a character.
        Err(error) if error.error_len().is_none() => true,
        Err(_) => {
            let foreign = front.iter().filter(|b| !b.is_ascii()).count();
            foreign.saturating_mul(5) < front.len()
        }
    }
}

/// A web page where a model should be: what a server answered instead. Templates of pages are none.
fn is_page(head: &Head<'_>) -> bool {
    const BEGINNINGS: &[&[u8]] = &[b"<!doctype html", b"<html", b"<head"];
    /// What marks a template of Zope or Chameleon.
    const TEMPLATE: &[&[u8]] = &[b"tal:", b"metal:", b"i18n:", b"=\"${", b">${"];
    let front = head.front.trim_ascii_start();
    let front = front.strip_prefix(b"\xef\xbb\xbf").unwrap_or(front);
    let begins = |with: &&[u8]| {
        front
            .get(..with.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    let template = || {
        head.named(&["pt"])
            && TEMPLATE
                .iter()
                .any(|mark| memchr::memmem::find(&head.front, mark).is_some())
    };
    BEGINNINGS.iter().any(begins) && !template()
}

/// What unknown bytes look like, in a few words.
pub(super) fn describe(head: &Head<'_>) -> Content {
    if head.front.is_empty() {
        return Content::Empty;
    }
    if let Some(foreign) = magic(head) {
        return Content::Foreign(foreign);
    }
    if is_page(head) {
        return Content::HtmlPage;
    }
    if is_text(&head.front) {
        return Content::Text;
    }
    let length = head.front.len().min(8);
    Content::Bytes(head.front.get(..length).unwrap_or_default().to_vec())
}
