//! What the first and last bytes, and the name, say about a run of bytes.

use std::io;

use super::{FORMATS, Format};
use crate::{bytes::Window, fact::Text};

/// How many bytes from the front a probe may look at.
const FRONT: usize = 4096;

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

/// Suffixes under which more than one format is at home: what `torch.load` opens may also be a bare pickle, an archive is a
/// zip whatever its layout, and what
/// unpickles a file rarely cares for its suffix.
const SHARED: &[&str] = &["pt", "pth", "bin", "ckpt", "model", "zip"];

/// Whether a name promises nothing else than this format.
pub(super) fn may_be_called(format: &Format, name: &[u8]) -> bool {
    has_extension(name, format.extensions) || has_extension(name, SHARED)
}

/// What a name promises, in a few words: a format by its suffix, or text or a picture; `None` if it promises nothing.
pub(super) fn expected_of(name: &[u8]) -> Option<String> {
    let format = FORMATS
        .iter()
        .find(|format| has_extension(name, format.extensions));
    let plain = PLAIN.iter().find(|suffix| has_extension(name, &[suffix]));
    match (format, plain) {
        (Some(format), _) => Some(format.title.to_owned()),
        (None, Some(suffix)) => Some(format!("`.{suffix}`")),
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
        let read = FORMATS
            .iter()
            .any(|format| has_extension(name, format.extensions));
        if read || has_extension(name, UNREAD_EXTENSIONS) {
            return true;
        }
        if !has_extension(name, WRAPPED) {
            return false;
        }
        // `model.pkl.tar.gz` is a `model.pkl` in its wrappings.
        name = name.rsplitn(2, |b| *b == b'.').nth(1).unwrap_or_default();
    }
}

/// The suffix of a model format that is not read yet and whose files are containers of other ones: knowing the container
/// is then not knowing the file.
pub(super) fn unread_form(name: &[u8], container: &Format) -> Option<&'static str> {
    if !["zip", "npz", "torch-zip", "torch-script", "torch-tar"].contains(&container.id) {
        return None;
    }
    UNREAD_EXTENSIONS
        .iter()
        .find(|suffix| has_extension(name, &[suffix]) && !SHARED.contains(suffix))
        .copied()
}

fn has_extension(name: &[u8], extensions: &[&str]) -> bool {
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
const MAGIC: &[(&[u8], &str)] = &[
    (b"GGUF", "a GGUF file"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"\x1f\x8b", "gzip data"),
    (b"\x78\x01", "zlib data"),
    (b"\x78\x5e", "zlib data"),
    (b"\x78\x9c", "zlib data"),
    (b"\x78\xda", "zlib data"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ\0", "xz data"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"\x04\x22\x4d\x18", "lz4 data"),
    (b"]\0\0", "lzma data"),
    (b"ZF0x", "an old joblib archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "a native library or program"),
    (b"MZ", "a Windows library or program"),
];

/// What the magic of the first bytes says, where it is none of the formats that are read.
pub(super) fn magic(head: &Head<'_>) -> Option<&'static str> {
    MAGIC
        .iter()
        .find(|(magic, _)| head.front.starts_with(magic))
        .map(|(_, what)| *what)
}

/// What unknown bytes look like, in a few words.
pub(super) fn describe(head: &Head<'_>) -> Text {
    if head.front.is_empty() {
        return Text::from("an empty file");
    }
    if let Some(what) = magic(head) {
        return Text::from(what);
    }
    let front = head
        .front
        .get(..head.front.len().min(8))
        .unwrap_or_default();
    let hex: Vec<String> = front.iter().map(|b| format!("{b:02x}")).collect();
    Text::from(format!("bytes that begin {}", hex.join(" ")))
}
