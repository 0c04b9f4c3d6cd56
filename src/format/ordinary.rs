//! Files that are no models: what they are called, and what they begin with.

use super::suffix::{ends_in, ends_in_one};
use crate::fact::{Content, Foreign};

/// Whether a file of this name is plainly no model, whatever its bytes.
pub fn is_plain_name(name: &[u8]) -> bool {
    let name = name.rsplit(|b| *b == b'/').next().unwrap_or_default();
    ends_in_one(name, PLAIN) || ends_in_one(name, MEDIA)
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

/// The suffix of a name that is plainly no model's.
pub(super) fn plain_suffix(name: &[u8]) -> Option<&'static str> {
    PLAIN.iter().copied().find(|suffix| ends_in(name, suffix))
}

/// The first line of what Xet keeps in a repository instead of a file, before its version.
const XET_POINTER: &[u8] = b"# xet version ";

/// Whether bytes are a pointer of Xet to the content.
pub(super) fn is_pointer(front: &[u8]) -> bool {
    front.starts_with(XET_POINTER)
}

/// What begins so and is no model, or is compressed and holds none.
const MAGIC: &[(&[u8], Foreign)] = &[
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
    (XET_POINTER, Foreign::XetPointer),
];

/// What the first bytes say, where they are none of a format.
pub(super) fn magic(front: &[u8]) -> Option<Foreign> {
    if front.starts_with(b"RIFF") && front.get(8..12) == Some(b"WEBP") {
        return Some(Foreign::WebP);
    }
    MAGIC
        .iter()
        .find(|(magic, _)| front.starts_with(magic))
        .map(|(_, what)| *what)
}

/// Sounds, films and programs that begin so.
const MEDIA_MAGIC: &[(&[u8], Foreign)] = &[
    (b"OggS", Foreign::Ogg),
    (b"fLaC", Foreign::Flac),
    (b"ID3", Foreign::Mp3),
    (b"\x1a\x45\xdf\xa3", Foreign::Matroska),
    (b"8BPS", Foreign::Psd),
    (b"\0asm", Foreign::WebAssembly),
    (b"\xca\xfe\xba\xbe", Foreign::JavaClass),
];

/// What the first bytes of unknown content name, where nothing else is made of it.
fn media(front: &[u8]) -> Option<Foreign> {
    let from = |at: usize, word: &[u8]| front.get(at..).is_some_and(|rest| rest.starts_with(word));
    match front {
        [b'R', b'I', b'F', b'F', ..] if from(8, b"WAVE") => Some(Foreign::Wav),
        [b'R', b'I', b'F', b'F', ..] if from(8, b"AVI ") => Some(Foreign::Avi),
        // The length of the first box is less than 256.
        [0, 0, 0, ..] if from(4, b"ftyp") => Some(Foreign::Mp4),
        // Reserved bytes are zero, and the second header begins with its own length.
        [b'B', b'M', ..] if from(6, &[0; 4]) && from(15, &[0; 3]) => Some(Foreign::Bmp),
        _ => MEDIA_MAGIC
            .iter()
            .find(|(magic, _)| front.starts_with(magic))
            .map(|(_, what)| *what),
    }
}

/// Whether bytes are text: not empty, no control characters but white space, and mostly ASCII where it is not UTF-8.
pub(super) fn is_text(front: &[u8]) -> bool {
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
pub(super) fn is_page(front: &[u8], name: &[u8]) -> bool {
    const BEGINNINGS: &[&[u8]] = &[b"<!doctype html", b"<html", b"<head"];
    /// What marks a template of Zope or Chameleon.
    const TEMPLATE: &[&[u8]] = &[b"tal:", b"metal:", b"i18n:", b"=\"${", b">${"];
    let start = front.trim_ascii_start();
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let begins = |with: &&[u8]| {
        start
            .get(..with.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    let template = || {
        ends_in(name, "pt")
            && TEMPLATE
                .iter()
                .any(|mark| memchr::memmem::find(front, mark).is_some())
    };
    BEGINNINGS.iter().any(begins) && !template()
}

/// What unknown bytes look like, in a few words.
pub(super) fn describe(front: &[u8], name: &[u8]) -> Content {
    if front.is_empty() {
        return Content::Empty;
    }
    if let Some(foreign) = magic(front).or_else(|| media(front)) {
        return Content::Foreign(foreign);
    }
    if is_page(front, name) {
        return Content::HtmlPage;
    }
    if is_text(front) {
        return Content::Text;
    }
    if front.iter().all(|b| *b == 0) {
        return Content::Zeros;
    }
    let length = front.len().min(8);
    Content::Bytes(front.get(..length).unwrap_or_default().to_vec())
}
