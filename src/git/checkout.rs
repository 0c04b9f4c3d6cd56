//! What git writes to disk for a blob: `.gitattributes` may have it change the bytes on the way.
//!
//! `working-tree-encoding`, `eol=crlf` and `ident` are followed as git's `convert.c` follows them, in its order: what is
//! judged is what lands, or bytes that are harmless in the object store could become a checkpoint on checkout. What depends
//! on the machine (`core.autocrlf`, `core.eol`, the commands behind a `filter`) is not known here and not followed.
#![deny(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

use gix::bstr::ByteSlice as _;

use crate::bytes::wide;

/// The attributes that change bytes, in the order of [`Rewriting::new`].
pub(super) const NAMES: [&str; 5] = ["working-tree-encoding", "text", "crlf", "eol", "ident"];

/// What an attribute is set to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum State {
    #[default]
    Unspecified,
    Set,
    Unset,
    Value(Vec<u8>),
}

/// How the bytes of a path change.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rewriting {
    /// To another character set than UTF-8.
    encoding: Option<Vec<u8>>,
    lines: Lines,
    ident: bool,
}

/// Whether line feeds become CRLF.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Lines {
    #[default]
    Kept,
    /// If it looks like text.
    Auto,
    Always,
}

impl Rewriting {
    /// From the states of [`NAMES`].
    pub(super) fn new([encoding, text, crlf, eol, ident]: &[State; 5]) -> Self {
        let text = Some(text).filter(|text| is_said(text)).unwrap_or(crlf);
        let auto = matches!(text, State::Value(value) if value == b"auto");
        let crlf = matches!(eol, State::Value(value) if value == b"crlf");
        let lines = match (text, crlf) {
            (State::Unset, _) | (_, false) => Lines::Kept,
            _ if auto => Lines::Auto,
            _ => Lines::Always,
        };
        let encoding = match encoding {
            State::Value(name) if !is_utf8(name) => Some(name.clone()),
            _ => None,
        };
        Self {
            encoding,
            lines,
            ident: *ident == State::Set,
        }
    }

    /// Whether the bytes stay as they are.
    pub(super) fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The bytes that land on disk. `id` is the blob's, in hexadecimal.
    ///
    /// # Errors
    /// A character set that is not followed here; its name.
    pub(super) fn apply(&self, id: &str, mut bytes: Vec<u8>) -> Result<Vec<u8>, Vec<u8>> {
        if self.ident {
            bytes = with_ident(id, &bytes);
        }
        if self.lines == Lines::Always || self.lines == Lines::Auto && is_lf_text(&bytes) {
            bytes = with_crlf(&bytes);
        }
        match &self.encoding {
            None => Ok(bytes),
            Some(name) => match encoded(name, &bytes) {
                Encoded::Bytes(bytes) => Ok(bytes),
                // git says so and writes what is stored.
                Encoded::Impossible => Ok(bytes),
                Encoded::Unknown => Err(name.clone()),
            },
        }
    }
}

/// Whether git takes a value of `text` or `crlf` for one; otherwise it goes on as if it were not there.
fn is_said(state: &State) -> bool {
    match state {
        State::Set | State::Unset => true,
        State::Value(value) => value == b"auto" || value == b"input",
        State::Unspecified => false,
    }
}

fn is_utf8(name: &[u8]) -> bool {
    name.is_empty() || name.eq_ignore_ascii_case(b"utf-8") || name.eq_ignore_ascii_case(b"utf8")
}

/// `$Id$` with the blob's id in it.
fn with_ident(id: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.find(b"$Id") {
        let (before, tail) = rest.split_at(at.saturating_add(3));
        out.extend_from_slice(before);
        rest = tail;
        let after = match rest.first() {
            Some(b'$') => rest.get(1..),
            // An id that somebody else put there, with a space inside, is left as it is.
            Some(b':') => rest.find_byte(b'$').and_then(|end| {
                let inside = rest.get(1..end)?;
                let space = inside.get(1..).and_then(|inside| inside.find_byte(b' '));
                let last = inside.len().saturating_sub(2);
                (!inside.contains(&b'\n') && space.is_none_or(|space| space >= last))
                    .then(|| rest.get(end.saturating_add(1)..))?
            }),
            _ => None,
        };
        if let Some(after) = after {
            out.extend_from_slice(b": ");
            out.extend_from_slice(id.as_bytes());
            out.extend_from_slice(b" $");
            rest = after;
        }
    }
    out.extend_from_slice(rest);
    out
}

/// Whether `text=auto` takes it for a text whose line ends may be changed: without a single CR, and hardly anything but text.
fn is_lf_text(bytes: &[u8]) -> bool {
    let (mut plain, mut other) = (0_u64, 0_u64);
    // A text may end as DOS once ended them.
    let bytes = bytes.strip_suffix(b"\x1a").unwrap_or(bytes);
    for byte in bytes {
        match byte {
            b'\r' | 0 => return false,
            b'\n' => {}
            0x7f => other = other.saturating_add(1),
            b' '.. | b'\t' | 0x08 | 0x0c | 0x1b => plain = plain.saturating_add(1),
            _ => other = other.saturating_add(1),
        }
    }
    plain.checked_shr(7).unwrap_or_default() >= other
}

fn with_crlf(bytes: &[u8]) -> Vec<u8> {
    let count = memchr::memchr_iter(b'\n', bytes).count();
    let mut out = Vec::with_capacity(bytes.len().saturating_add(count));
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(line) if !line.ends_with(b"\r") => {
                out.extend_from_slice(line);
                out.extend_from_slice(b"\r\n");
            }
            _ => out.extend_from_slice(line),
        }
    }
    out
}

enum Encoded {
    Bytes(Vec<u8>),
    /// It is not UTF-8, or says what the character set has not.
    Impossible,
    Unknown,
}

fn encoded(name: &[u8], bytes: &[u8]) -> Encoded {
    let name = name.to_ascii_uppercase();
    let (mark, little) = match name.as_slice() {
        b"UTF-16LE" | b"UTF16LE" => (false, true),
        b"UTF-16BE" | b"UTF16BE" => (false, false),
        // Which end comes first is the machine's choice; on most it is this.
        b"UTF-16LE-BOM" | b"UTF16LE-BOM" | b"UTF-16" | b"UTF16" => (true, true),
        b"UTF-16BE-BOM" | b"UTF16BE-BOM" => (true, false),
        b"ISO-8859-1" | b"ISO8859-1" | b"ISO_8859-1" | b"LATIN1" | b"LATIN-1" | b"L1" => {
            return std::str::from_utf8(bytes)
                .ok()
                .and_then(|text| {
                    text.chars()
                        .map(|c| u8::try_from(u32::from(c)).ok())
                        .collect()
                })
                .map_or(Encoded::Impossible, Encoded::Bytes);
        }
        _ => return Encoded::Unknown,
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Encoded::Impossible;
    };
    let mut out = Vec::with_capacity(bytes.len().saturating_mul(2));
    let units = mark
        .then_some(0xfeff)
        .into_iter()
        .chain(text.encode_utf16());
    for unit in units {
        out.extend_from_slice(&if little {
            unit.to_le_bytes()
        } else {
            unit.to_be_bytes()
        });
    }
    Encoded::Bytes(out)
}

/// A line of a `.gitattributes` by which git writes other characters than are stored, if there is one.
pub(super) fn encoding_line(attributes: &[u8]) -> Option<&[u8]> {
    const KEY: &[u8] = b"working-tree-encoding=";
    attributes.lines().map(<[u8]>::trim_ascii).find(|line| {
        let mut words = line.split(u8::is_ascii_whitespace);
        !line.starts_with(b"#")
            && words.any(|word| word.strip_prefix(KEY).is_some_and(|name| !is_utf8(name)))
    })
}

/// Whether bytes are few enough to be held twice.
pub(super) fn is_small_enough(len: u64) -> bool {
    len <= wide(64 << 20)
}
