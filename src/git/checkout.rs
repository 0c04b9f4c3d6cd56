//! What git writes to disk for a blob: `.gitattributes` may have it change the bytes on the way.
//!
//! `working-tree-encoding`, `eol=crlf` and `ident` are followed as git's `convert.c` follows them, in its order: what is
//! judged is what lands, or bytes that are harmless in the object store could become a checkpoint on checkout. What
//! `core.autocrlf` and `core.ignoreCase` change is judged as a possibility; the commands behind a `filter` are not known here and
//! not followed.

use std::{io, sync::Arc};

use gix::bstr::ByteSlice as _;

use super::line_ends::LineEnds;
use crate::{
    bytes::{Window, wide},
    fact::{Answer, Text, Unavailable, Unreadable, UnreadablePart, UnsupportedEntry},
    limits,
};

/// What an attribute is set to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum State {
    #[default]
    Unspecified,
    Set,
    Unset,
    Value(Vec<u8>),
}

/// The states of `working-tree-encoding`, `text`, `crlf`, `eol` and `ident`.
pub(super) type States = [State; 5];

/// How the bytes of a path change.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Rewriting {
    /// To another character set than UTF-8.
    encoding: Option<Vec<u8>>,
    lines: Lines,
    ident: bool,
}

/// Whether line feeds become CRLF.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Lines {
    #[default]
    Kept,
    /// If it looks like text.
    Auto,
    Always,
}

/// How git writes a file to disk: as it does by default, then as it may where `core.autocrlf` or `core.ignoreCase` is true,
/// which they are by default on other systems.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Checkout(Forms);

#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Forms {
    /// Of a file of which no attribute says anything.
    #[default]
    Default,
    /// As it is on disk already.
    OnDisk,
    Attributes(Arc<[Rewriting]>),
}

impl Checkout {
    /// Of what is on disk already.
    pub(super) fn on_disk() -> Self {
        Self(Forms::OnDisk)
    }

    /// From what the attributes say, and what they say where letters are compared without their case, if that differs.
    pub(super) fn of(exact: &States, folded: Option<&States>) -> Self {
        let mut ways = vec![Rewriting::new(exact, false)];
        let others = [
            Some(Rewriting::new(exact, true)),
            folded.map(|states| Rewriting::new(states, false)),
            folded.map(|states| Rewriting::new(states, true)),
        ];
        for other in others.into_iter().flatten() {
            if !ways.contains(&other) {
                ways.push(other);
            }
        }
        if ways == default_forms() {
            return Self::default();
        }
        Self(Forms::Attributes(ways.into()))
    }

    /// As git does by default.
    pub(super) fn usual_form(&self) -> Rewriting {
        match &self.0 {
            Forms::Attributes(ways) => ways.first().cloned().unwrap_or_default(),
            Forms::Default | Forms::OnDisk => Rewriting::default(),
        }
    }

    /// As it may elsewhere.
    pub(super) fn other_forms(&self) -> Vec<Rewriting> {
        match &self.0 {
            Forms::Attributes(ways) => ways.get(1..).unwrap_or_default().to_vec(),
            Forms::Default => default_forms().into_iter().skip(1).collect(),
            Forms::OnDisk => Vec::new(),
        }
    }

    /// Whether it says nothing but what holds for every file.
    pub fn is_default(&self) -> bool {
        self.0 == Forms::Default
    }

    /// Whether git may write something that it did not write before.
    pub(super) fn writes_more_than(&self, before: &Self) -> bool {
        if self == before {
            return false;
        }
        let known = before.other_forms();
        let mut others = self.other_forms().into_iter();
        self.usual_form() != before.usual_form()
            || others.any(|way| way != before.usual_form() && !known.contains(&way))
    }
}

/// The ways of a file of which no attribute says anything.
fn default_forms() -> Vec<Rewriting> {
    let states = States::default();
    vec![
        Rewriting::new(&states, false),
        Rewriting::new(&states, true),
    ]
}

impl Rewriting {
    /// From what the attributes say. `crlf` is `core.autocrlf`.
    fn new([encoding, text, crlf, eol, ident]: &States, autocrlf: bool) -> Self {
        let text = Some(text).filter(|text| is_said(text)).unwrap_or(crlf);
        let auto = matches!(text, State::Value(value) if value == b"auto");
        let said = |wanted: &[u8]| matches!(eol, State::Value(value) if value == wanted);
        let input = matches!(text, State::Value(value) if value == b"input");
        let crlf = said(b"crlf") || autocrlf && !said(b"lf") && !input;
        let lines = match (text, crlf) {
            (State::Unset, _) | (_, false) => Lines::Kept,
            _ if auto => Lines::Auto,
            // Nothing says whether it is a text; `eol` alone says that it is.
            (text, _) if !is_said(text) && !said(b"crlf") => Lines::Auto,
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

    /// What lands on disk, if that is anything else than the blob itself. `id` is the blob's, in hexadecimal.
    ///
    /// # Errors
    /// A character set that is not followed here, or a file that is too large to be changed in memory.
    pub(super) fn apply(&self, id: &str, blob: &Window) -> Result<Option<Window>, Unavailable> {
        let broken = |error: io::Error| {
            Unavailable::Io(Unreadable {
                part: UnreadablePart::Content,
                answer: Answer::Said(Text::from(error.to_string())),
            })
        };
        let mut landed: Option<Window> = None;
        if self.ident && holds_ident(blob).map_err(broken)? {
            let bytes = in_memory(blob).map_err(broken)??;
            landed = Some(Window::new(with_ident(id, &bytes)));
        }
        if self.lines != Lines::Kept {
            let text = landed.as_ref().unwrap_or(blob);
            let auto = self.lines == Lines::Auto;
            if let Some(ends) = LineEnds::of(text, auto).map_err(broken)? {
                landed = Some(Window::new(ends));
            }
        }
        let Some(name) = &self.encoding else {
            return Ok(landed);
        };
        let bytes = in_memory(landed.as_ref().unwrap_or(blob)).map_err(broken)??;
        match encoded(name, &bytes) {
            Encoded::Bytes(bytes) => Ok(Some(Window::new(bytes))),
            // git says so and writes what is stored.
            Encoded::Impossible => Ok(landed),
            Encoded::Unknown => {
                let encoding = UnsupportedEntry::Encoding(Text::new(name));
                Err(Unavailable::Unsupported(encoding))
            }
        }
    }
}

/// Whether `$Id` is anywhere in it.
fn holds_ident(blob: &Window) -> io::Result<bool> {
    const CHUNK: usize = 64 << 10;
    const MARK: &[u8] = b"$Id";
    let mut at = 0;
    while at < blob.len() {
        let chunk = blob.borrow_at(at, CHUNK)?;
        if chunk.find(MARK).is_some() {
            return Ok(true);
        }
        let next = at.saturating_add(wide(chunk.len()));
        if chunk.is_empty() || next >= blob.len() {
            break;
        }
        // One that is cut is seen whole in the next.
        at = next.saturating_sub(wide(MARK.len()));
    }
    Ok(false)
}

/// All of it, if it is small enough to be held twice.
fn in_memory(blob: &Window) -> io::Result<Result<Vec<u8>, Unavailable>> {
    if blob.len() > limits::CHECKOUT_BYTES {
        return Ok(Err(Unavailable::Limit(limits::Id::CHECKOUT_BYTES)));
    }
    let all = usize::try_from(blob.len()).unwrap_or(usize::MAX);
    Ok(Ok(blob.bytes_at(0, all)?))
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
