//! A `.gitattributes`, read as git reads it from the index.
//!
//! git stops at the first NUL, passes over lines of 2,048 bytes and more and over whole lines with a name that is none, and
//! takes a byte order mark for part of the first pattern. Macros are those of the file at the root, and `binary`. Only what
//! bears on the attributes that count here is kept.

use gix::bstr::ByteSlice as _;
use rustc_hash::FxHashMap;

use super::{super::checkout::State, NAMES, pattern::Pattern};
use crate::bytes::wide;

/// Lines of so many bytes, or more, count for nothing.
const LONG_LINE: usize = 2048;

const MACRO: &[u8] = b"[attr]";

/// What git defines without being told.
const BUILT_IN: &[u8] = b"[attr]binary -diff -merge -text\n";

/// A name that counts: a place in [`NAMES`], or after those the number of a macro.
pub(super) type Name = u32;

/// What a line sets, in its order.
pub(super) type Settings = Box<[(Name, State)]>;

/// The names that count, and what macros stand for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Vocabulary {
    names: FxHashMap<Box<[u8]>, Name>,
    macros: FxHashMap<Name, Settings>,
    /// The root defines macros of its own.
    pub(super) is_own: bool,
}

/// The lines of a file that bear on the names that count.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) lines: Vec<(Pattern, Settings)>,
    /// Some pattern holds an upper-case letter.
    pub(super) has_upper: bool,
    /// Bytes of all of it.
    pub(super) size: u64,
}

impl Vocabulary {
    /// That of a tree with this file at its root.
    pub(super) fn of(root: &[u8]) -> Self {
        let mut vocabulary = Self::default();
        for name in NAMES {
            vocabulary.name(name.as_bytes());
        }
        for (file, own) in [(BUILT_IN, false), (root, true)] {
            for line in lines(file).filter_map(Line::parse) {
                if let What::Macro(name) = line.what {
                    vocabulary.name(&name);
                    vocabulary.is_own |= own;
                }
            }
        }
        for line in [BUILT_IN, root]
            .into_iter()
            .flat_map(lines)
            .filter_map(Line::parse)
        {
            // The last one that defines a macro counts.
            if let What::Macro(name) = &line.what
                && let Some(name) = vocabulary.names.get(name.as_slice())
            {
                let settings = vocabulary.settings(&line);
                vocabulary.macros.insert(*name, settings);
            }
        }
        vocabulary
    }

    fn name(&mut self, name: &[u8]) {
        let next = Name::try_from(self.names.len()).unwrap_or(Name::MAX);
        self.names.entry(name.into()).or_insert(next);
    }

    /// What of a line counts.
    pub(super) fn settings(&self, line: &Line<'_>) -> Settings {
        let known = line.settings().filter_map(|(name, state)| {
            let name = self.names.get(name)?;
            Some((*name, state))
        });
        known.collect()
    }

    /// What a macro stands for, if a name is one.
    pub(super) fn expand(&self, name: Name) -> &[(Name, State)] {
        self.macros.get(&name).map_or(&[], |settings| settings)
    }
}

impl PartialEq for File {
    fn eq(&self, other: &Self) -> bool {
        self.lines == other.lines
    }
}

impl File {
    /// Reads a file.
    pub(super) fn parse(bytes: &[u8], vocabulary: &Vocabulary) -> Self {
        let mut file = Self {
            size: wide(bytes.len()),
            ..Self::default()
        };
        for line in lines(bytes).filter_map(Line::parse) {
            let What::Pattern(pattern) = &line.what else {
                continue;
            };
            let settings = vocabulary.settings(&line);
            if settings.is_empty() {
                continue;
            }
            if let Some(pattern) = Pattern::new(pattern) {
                file.has_upper |= pattern.has_upper();
                file.lines.push((pattern, settings));
            }
        }
        file.lines.shrink_to_fit();
        file
    }
}

/// The lines of a file, as far as git reads it.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let text = bytes.split(|b| *b == 0).next().unwrap_or_default();
    text.split(|b| *b == b'\n')
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn trim(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|b| !is_blank(*b));
    start
        .and_then(|start| bytes.get(start..))
        .unwrap_or_default()
}

/// The bytes up to the first blank, and the rest.
fn word(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes
        .iter()
        .position(|b| is_blank(*b))
        .unwrap_or(bytes.len());
    bytes.split_at_checked(end).unwrap_or((bytes, &[]))
}

pub(super) enum What {
    Macro(Vec<u8>),
    Pattern(Vec<u8>),
}

/// A line that git does not pass over.
pub(super) struct Line<'f> {
    pub(super) what: What,
    rest: &'f [u8],
}

impl<'f> Line<'f> {
    pub(super) fn parse(line: &'f [u8]) -> Option<Self> {
        let start = trim(line);
        if start.is_empty() || start.starts_with(b"#") || line.len() >= LONG_LINE {
            return None;
        }
        let unquoted = start.strip_prefix(b"\"").and_then(unquote);
        let (name, rest) = unquoted.unwrap_or_else(|| {
            let (name, rest) = word(start);
            (name.to_vec(), rest)
        });
        let what = match name.strip_prefix(MACRO) {
            Some(rest) if !rest.is_empty() => {
                let (name, _) = word(trim(rest));
                if !is_name(name) {
                    return None;
                }
                What::Macro(name.to_vec())
            }
            _ => What::Pattern(name),
        };
        let line = Self { what, rest };
        // One that is wrong takes the others with it.
        let mut rest = line.words();
        rest.all(|word| is_name(bare(word))).then_some(line)
    }

    fn words(&self) -> impl Iterator<Item = &'f [u8]> + use<'f> {
        let mut rest = self.rest;
        std::iter::from_fn(move || {
            let (next, after) = word(trim(rest));
            rest = after;
            (!next.is_empty()).then_some(next)
        })
    }

    /// The names it sets, and to what.
    fn settings(&self) -> impl Iterator<Item = (&'f [u8], State)> + use<'f> {
        self.words().map(|word| {
            let state = match word.first() {
                Some(b'-') => State::Unset,
                Some(b'!') => State::Unspecified,
                _ => match word.find_byte(b'=') {
                    Some(equals) => {
                        let value = word.get(equals.saturating_add(1)..);
                        State::Value(value.unwrap_or_default().to_vec())
                    }
                    None => State::Set,
                },
            };
            (bare(word), state)
        })
    }
}

/// The name in a word such as `-text` or `eol=crlf`.
fn bare(word: &[u8]) -> &[u8] {
    let name = word.find_byte(b'=').and_then(|end| word.get(..end));
    let name = name.unwrap_or(word);
    match name.first() {
        Some(b'-' | b'!') => name.get(1..).unwrap_or_default(),
        _ => name,
    }
}

fn is_name(name: &[u8]) -> bool {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    !name.is_empty()
        && !name.starts_with(b"-")
        && name.iter().all(plain)
        && !name.starts_with(b"builtin_")
}

/// What stands in quotes as in C, without the first, and what comes after them. `None` if it is not so.
fn unquote(bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut out = Vec::new();
    let mut rest = bytes;
    loop {
        let (byte, after) = rest.split_first()?;
        rest = after;
        match byte {
            b'"' => return Some((out, rest)),
            b'\\' => {
                let (byte, after) = rest.split_first()?;
                rest = after;
                out.push(match byte {
                    b'a' => 7,
                    b'b' => 8,
                    b'f' => 12,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'v' => 11,
                    b'\\' | b'"' => *byte,
                    b'0'..=b'3' => {
                        let (digits, after) = rest.split_at_checked(2)?;
                        rest = after;
                        let mut code = byte & 7;
                        for digit in digits {
                            let digit = matches!(digit, b'0'..=b'7').then_some(digit & 7)?;
                            code = code.checked_shl(3)? | digit;
                        }
                        code
                    }
                    _ => return None,
                });
            }
            byte => out.push(*byte),
        }
    }
}
