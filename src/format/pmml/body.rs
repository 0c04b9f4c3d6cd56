//! The elements of a model: most are data, and are passed from one tag to the next. An inclusion has a parser open a file, and the name of a class has
//! a scoring engine of Java make an instance of it.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;
use sha2::{Digest as _, Sha256};

use crate::{
    bytes::{ReadError, Stream, Window, wide},
    fact::{Fact, FileReference, FileRole, Global, GlobalName, Place, Text},
    format::{Reading, called, xml::malformed},
    limits,
};

/// What the prefix of inclusions stands for.
const INCLUSION: [&[u8]; 2] = [
    b"http://www.w3.org/2001/XInclude",
    b"http://www.w3.org/2003/XInclude",
];

/// Reads the elements from an offset on.
pub(super) fn read(
    window: &Window,
    start: u64,
    line: u32,
    reading: &mut Reading<'_>,
) -> Result<(), ReadError> {
    let mut body = Body {
        stream: Stream::new(window.clone(), start),
        line,
        column: 1,
        defined: FxHashSet::default(),
        called: BTreeMap::new(),
        inclusion: None,
    };
    let done = body.run(reading);
    let Body {
        defined,
        called,
        inclusion,
        ..
    } = body;
    for (function, (place, sha256)) in called {
        // A function of the model may be called like a class.
        if defined.contains(&function) {
            continue;
        }
        let name = String::from_utf8_lossy(&function).into_owned();
        let (module, name) = name.rsplit_once('.').unwrap_or((name.as_str(), ""));
        let global = Global::Named(GlobalName::new(module, name));
        called::record(global, 1, (place, None), sha256, reading);
    }
    done?;
    match inclusion {
        Some(line) => Err(malformed(
            "an inclusion of other files, which no writer of PMML writes",
            u64::from(line),
        )),
        None => Ok(()),
    }
}

struct Body {
    stream: Stream,
    line: u32,
    column: u32,
    /// Functions that the model defines.
    defined: FxHashSet<Vec<u8>>,
    /// Functions that are called by names of classes: the place of the first call, and a digest of its tag.
    called: BTreeMap<Vec<u8>, (Place, [u8; 32])>,
    /// The line where the first inclusion was declared.
    inclusion: Option<u32>,
}

impl Body {
    fn run(&mut self, reading: &mut Reading<'_>) -> Result<(), ReadError> {
        while self.to(b"<")? {
            let rest = self.stream.peek(9)?;
            if rest.starts_with(b"<!--") {
                self.behind(b"-->", 4)?;
            } else if rest.starts_with(b"<![CDATA[") {
                self.behind(b"]]>", 9)?;
            } else if rest.starts_with(b"<?") {
                self.behind(b"?>", 2)?;
            } else if rest.starts_with(b"</") {
                self.behind(b">", 2)?;
            } else if rest.starts_with(b"<!") {
                return Err(malformed(
                    "a declaration among the elements",
                    u64::from(self.line),
                ));
            } else {
                let tag = self.tag()?;
                self.element(&tag, reading);
                self.pass(tag.len());
            }
        }
        Ok(())
    }

    /// Passes so many bytes that are buffered.
    fn pass(&mut self, count: usize) {
        let buffered = self.stream.buffered();
        let passed = buffered.get(..count).unwrap_or(buffered);
        let lines = memchr::memchr_iter(b'\n', passed);
        let last = lines.clone().next_back();
        let lines = u32::try_from(lines.count()).unwrap_or(u32::MAX);
        let characters = |bytes: &[u8]| {
            // Bytes that go on with a character do not count.
            let count = bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
            u32::try_from(count).unwrap_or(u32::MAX)
        };
        match last {
            Some(at) => {
                self.line = self.line.saturating_add(lines);
                let rest = passed.get(at.saturating_add(1)..).unwrap_or_default();
                self.column = characters(rest).saturating_add(1);
            }
            None => self.column = self.column.saturating_add(characters(passed)),
        }
        self.stream.advance(count);
    }

    /// Passes all bytes up to a mark; whether there is one.
    fn to(&mut self, mark: &[u8]) -> Result<bool, ReadError> {
        loop {
            let buffered = self.stream.peek(mark.len())?;
            if buffered.len() < mark.len() {
                return Ok(false);
            }
            if let Some(at) = memchr::memmem::find(buffered, mark) {
                self.pass(at);
                return Ok(true);
            }
            // The mark may begin in what is buffered.
            let kept = mark.len().saturating_sub(1);
            let count = buffered.len().saturating_sub(kept);
            self.pass(count);
        }
    }

    /// Passes a mark, which comes after so many bytes at the earliest.
    fn behind(&mut self, mark: &[u8], first: usize) -> Result<(), ReadError> {
        let line = u64::from(self.line);
        self.pass(first);
        if !self.to(mark)? {
            return Err(malformed("the text ends inside a tag", line));
        }
        self.pass(mark.len());
        Ok(())
    }

    /// The tag that begins here, with its brackets; it stays.
    fn tag(&mut self) -> Result<Vec<u8>, ReadError> {
        let mut wanted: usize = 256;
        loop {
            let buffered = self.stream.peek(wanted)?;
            if let Some(length) = end_of_tag(buffered) {
                return Ok(buffered.get(..length).unwrap_or_default().to_vec());
            }
            if buffered.len() < wanted {
                let line = u64::from(self.line);
                return Err(malformed("the text ends inside a tag", line));
            }
            if wide(wanted) >= limits::PMML_TAG {
                return Err(ReadError::Limit(limits::Id::PMML_TAG));
            }
            wanted = wanted.saturating_mul(4);
        }
    }

    fn element(&mut self, tag: &[u8], reading: &mut Reading<'_>) {
        let inner = tag.get(1..).unwrap_or_default();
        let end = inner
            .iter()
            .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/'));
        let (name, rest) = inner.split_at_checked(end.unwrap_or(0)).unwrap_or_default();
        let local = name.rsplit(|byte| *byte == b':').next().unwrap_or(name);
        let end_column = self
            .column
            .saturating_add(u32::try_from(name.len()).unwrap_or(u32::MAX))
            .saturating_add(1);
        let place = Place::Span {
            line: self.line,
            column: self.column,
            end_line: self.line,
            end_column,
        };
        for (key, value) in attributes(rest) {
            let value = decoded(value);
            let is_namespace = key == b"xmlns" || key.starts_with(b"xmlns:");
            if is_namespace && INCLUSION.contains(&value.as_slice()) {
                self.inclusion.get_or_insert(self.line);
            }
            match (local, key) {
                (b"include", b"href") => {
                    let role = FileRole::Entity;
                    let path = Text::new(value);
                    let fact = Fact::FileReference(Box::new(FileReference::new(role, path)));
                    reading.record_at(fact, place.clone(), None);
                }
                (b"DefineFunction", b"name") if self.defined.len() < limits::OPERATORS => {
                    self.defined.insert(value);
                }
                (b"Apply", b"function")
                    if is_class(&value) && self.called.len() < limits::OPERATORS =>
                {
                    let sha256: [u8; 32] = Sha256::digest(tag).into();
                    self.called
                        .entry(value)
                        .or_insert_with(|| (place.clone(), sha256));
                }
                _ => {}
            }
        }
    }
}

/// Whether a function is called as classes are: no function of PMML itself has a dot in its name.
fn is_class(name: &[u8]) -> bool {
    let is_part = |part: &[u8]| {
        let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
        !part.is_empty() && part.iter().all(|byte| is_letter(byte) || !byte.is_ascii())
    };
    name.contains(&b'.') && name.split(|byte| *byte == b'.').all(is_part)
}

/// How long a tag is: texts in it may hold a bracket.
fn end_of_tag(bytes: &[u8]) -> Option<usize> {
    let mut at: usize = 1;
    loop {
        let rest = bytes.get(at..)?;
        let next = memchr::memchr3(b'"', b'\'', b'>', rest)?;
        at = at.saturating_add(next).saturating_add(1);
        match rest.get(next) {
            Some(b'>') => return Some(at),
            Some(quote) => {
                let rest = bytes.get(at..)?;
                let end = memchr::memchr(*quote, rest)?;
                at = at.saturating_add(end).saturating_add(1);
            }
            None => return None,
        }
    }
}

/// Keys and values of a tag.
fn attributes(tag: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut found = Vec::new();
    let mut rest = tag;
    while let Some(equals) = memchr::memchr(b'=', rest) {
        let (key, value) = rest.split_at_checked(equals).unwrap_or_default();
        let value = value.get(1..).unwrap_or_default().trim_ascii_start();
        let Some((quote, text)) = value.split_first() else {
            break;
        };
        let Some(end) = memchr::memchr(*quote, text) else {
            break;
        };
        let (text, after) = text.split_at_checked(end).unwrap_or_default();
        found.push((key.trim_ascii(), text));
        rest = after.get(1..).unwrap_or_default();
    }
    found
}

/// A value without its references to characters.
fn decoded(value: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut rest = value;
    while let Some(at) = memchr::memchr(b'&', rest) {
        let (plain, reference) = rest.split_at_checked(at).unwrap_or_default();
        text.extend(plain);
        let end = memchr::memchr(b';', reference).unwrap_or_default();
        let name = reference.get(1..end).unwrap_or_default();
        let character = match name {
            b"amp" => Some('&'),
            b"lt" => Some('<'),
            b"gt" => Some('>'),
            b"quot" => Some('"'),
            b"apos" => Some('\''),
            [b'#', b'x', digits @ ..] => number(digits, 16),
            [b'#', digits @ ..] => number(digits, 10),
            _ => None,
        };
        if let Some(character) = character {
            let mut bytes = [0; 4];
            text.extend(character.encode_utf8(&mut bytes).as_bytes());
            rest = reference.get(end.saturating_add(1)..).unwrap_or_default();
        } else {
            text.push(b'&');
            rest = reference.get(1..).unwrap_or_default();
        }
    }
    text.extend(rest);
    text
}

fn number(digits: &[u8], radix: u32) -> Option<char> {
    let digits = std::str::from_utf8(digits).ok()?;
    u32::from_str_radix(digits, radix)
        .ok()
        .and_then(char::from_u32)
}
