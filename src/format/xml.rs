//! XML: what stands before the first element, and elements one after another. Entities are not resolved: no model declares one.

use std::{borrow::Cow, ops::Range};

use super::{Reading, lines::Lines};
use crate::{
    bytes::{ReadError, wide},
    fact::{Fact, FileReference, FileRole, Malformed, SyntaxFault, Text},
    limits,
};

/// What stands before the first element.
#[derive(Debug, Default)]
pub(super) struct Prolog {
    /// Where the first element begins.
    pub(super) root: usize,
    /// Where document types begin and end.
    types: Vec<(usize, usize)>,
}

impl Prolog {
    /// Reads a prolog; `None` if it does not end.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        let mut prolog = Self::default();
        let mut at: usize = 0;
        loop {
            let rest = text.get(at..)?;
            let start = memchr::memchr(b'<', rest)?;
            let here = at.saturating_add(start);
            let tag = text.get(here..)?;
            let length = if tag.starts_with(b"<?") || tag.starts_with(b"<!--") {
                length_of_aside(tag)?
            } else if tag.starts_with(b"<!") {
                let length = end_of_type(tag)?;
                prolog.types.push((here, here.saturating_add(length)));
                length
            } else {
                prolog.root = here;
                return Some(prolog);
            };
            at = here.saturating_add(length);
        }
    }

    /// Whether the first element has this name, in a namespace or not.
    pub(super) fn is_root(&self, text: &[u8], wanted: &str) -> bool {
        self.root_name(text) == Some(wanted.as_bytes())
    }

    /// The name of the first element, without its namespace.
    pub(super) fn root_name<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        let tag = text.get(self.root.saturating_add(1)..).unwrap_or_default();
        let end = tag
            .iter()
            .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/'));
        let name = tag.get(..end?)?;
        name.rsplit(|byte| *byte == b':').next()
    }

    /// Records the files that document types name, and refuses to go on if there is one: `whose` writers write none.
    pub(super) fn check(
        self,
        text: &[u8],
        whose: &str,
        reading: &mut Reading<'_>,
    ) -> Result<(), ReadError> {
        if is_encoded(text) {
            return Err(malformed("an encoding that is not read", 1));
        }
        let mut lines = Lines::default();
        let mut first = None;
        for (start, end) in self.types {
            first.get_or_insert(line_of(text, start));
            for range in identifiers(text, start, end) {
                let path = Text::new(text.get(range.clone()).unwrap_or_default());
                let role = FileRole::Entity;
                let place = lines.place(text, &range);
                let excerpt = Some(lines.excerpt(text, &range));
                let fact = Fact::FileReference(Box::new(FileReference::new(role, path)));
                reading.record_at(fact, place, excerpt);
            }
        }
        let message = format!("a document type, which no writer of {whose} writes");
        first.map_or(Ok(()), |line| Err(malformed(&message, line)))
    }
}

/// The front of a text in UTF-16 or UTF-32, as far as its characters are ASCII, without the mark that begins it.
pub(super) fn narrowed(front: &[u8]) -> Option<Vec<u8>> {
    let (first, width, rest) = match front {
        [0xff, 0xfe, 0, 0, rest @ ..] => (0, 4, rest),
        [0, 0, 0xfe, 0xff, rest @ ..] => (3, 4, rest),
        [0xff, 0xfe, rest @ ..] => (0, 2, rest),
        [0xfe, 0xff, rest @ ..] => (1, 2, rest),
        [b'<', 0, 0, 0, ..] => (0, 4, front),
        [0, 0, 0, b'<', ..] => (3, 4, front),
        [b'<', 0, ..] => (0, 2, front),
        [0, b'<', ..] => (1, 2, front),
        _ => return None,
    };
    Some(rest.iter().skip(first).step_by(width).copied().collect())
}

/// Bytes of an instruction or a comment.
fn length_of_aside(tag: &[u8]) -> Option<usize> {
    match tag.strip_prefix(b"<!--") {
        Some(body) => memchr::memmem::find(body, b"-->")?.checked_add(7),
        None => memchr::memmem::find(tag, b"?>")?.checked_add(2),
    }
}

/// Bytes of a document type: texts in it may hold any bracket.
fn end_of_type(tag: &[u8]) -> Option<usize> {
    let mut depth: usize = 0;
    let mut at: usize = 0;
    loop {
        let rest = tag.get(at..)?;
        at = at.saturating_add(match rest {
            [b'<', b'!', b'-', b'-', ..] => length_of_aside(rest)?,
            [quote @ (b'"' | b'\''), body @ ..] => memchr::memchr(*quote, body)?.saturating_add(2),
            [b'<' | b'[', ..] => {
                depth = depth.saturating_add(1);
                1
            }
            [b'>' | b']', ..] => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at.saturating_add(1));
                }
                1
            }
            [_, ..] => 1,
            [] => return None,
        });
    }
}

/// Encodings in which the marks of XML are what they are in ASCII.
const ENCODINGS: [&str; 5] = ["utf-8", "us-ascii", "ascii", "iso-8859-1", "windows-1252"];

/// Whether the declaration names an encoding in which it could say something else.
fn is_encoded(text: &[u8]) -> bool {
    let end = memchr::memmem::find(text, b"?>").unwrap_or(0);
    let declaration = text.get(..end).unwrap_or_default();
    let Some(at) = memchr::memmem::find(declaration, b"encoding") else {
        return false;
    };
    let value = declaration.get(at..).unwrap_or_default();
    let mut parts = value.split(|byte| matches!(byte, b'"' | b'\''));
    let name = parts.nth(1).map(String::from_utf8_lossy);
    let name = name.unwrap_or_default().to_ascii_lowercase();
    !ENCODINGS.contains(&name.as_str())
}

/// The system identifiers of a document type: the last text after `SYSTEM` or `PUBLIC`.
fn identifiers(text: &[u8], start: usize, end: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = start;
    let mut wanted: usize = 0;
    while at < end {
        let rest = text.get(at..end).unwrap_or_default();
        match rest {
            [quote @ (b'"' | b'\''), body @ ..] => {
                let length = memchr::memchr(*quote, body).unwrap_or(body.len());
                let from = at.saturating_add(1);
                let to = from.saturating_add(length);
                if wanted == 1 {
                    found.push(from..to);
                }
                wanted = wanted.saturating_sub(1);
                at = to.saturating_add(1);
            }
            _ if rest.starts_with(b"SYSTEM") => {
                wanted = 1;
                at = at.saturating_add(6);
            }
            _ if rest.starts_with(b"PUBLIC") => {
                wanted = 2;
                at = at.saturating_add(6);
            }
            _ => at = at.saturating_add(1),
        }
    }
    found
}

/// The line of a place, from 1.
pub(super) fn line_of(text: &[u8], at: usize) -> u64 {
    let lines = memchr::memchr_iter(b'\n', text.get(..at).unwrap_or_default()).count();
    wide(lines).saturating_add(1)
}

/// What breaks a text, and in which line.
pub(super) fn malformed(message: &str, line: u64) -> ReadError {
    ReadError::malformed(Malformed::Configuration(SyntaxFault {
        message: message.into(),
        line,
        column: 1,
    }))
}

/// A tag.
#[derive(Debug)]
pub(super) enum Tag {
    /// An element begins.
    Open(Element),
    /// An element ends; so does one without content, right after it began.
    Close,
}

/// Where the parts of an element's first tag are.
#[derive(Debug)]
pub(super) struct Element {
    /// Its name.
    pub(super) name: Range<usize>,
    /// Names and values of its attributes, each name once.
    attributes: Vec<(Range<usize>, Range<usize>)>,
}

impl Element {
    /// The value of an attribute, with its place.
    pub(super) fn attribute<'t>(
        &self,
        text: &'t [u8],
        wanted: &str,
    ) -> Option<(Cow<'t, [u8]>, Range<usize>)> {
        let is = |name: &Range<usize>| text.get(name.clone()) == Some(wanted.as_bytes());
        let (_, value) = self.attributes.iter().find(|(name, _)| is(name))?;
        Some((resolved(text.get(value.clone())?), value.clone()))
    }
}

/// The tags of a text, one after another. Elements end in the order in which they began.
#[derive(Debug)]
pub(super) struct Tags<'t> {
    text: &'t [u8],
    at: usize,
    open: Vec<Range<usize>>,
    /// The element before has no content.
    is_closed: bool,
    done: bool,
}

impl<'t> Tags<'t> {
    /// Those from the first element on.
    pub(super) fn new(text: &'t [u8], prolog: &Prolog) -> Self {
        Self {
            text,
            at: prolog.root,
            open: Vec::new(),
            is_closed: false,
            done: false,
        }
    }

    fn broken(&self, message: &str) -> ReadError {
        malformed(message, line_of(self.text, self.at))
    }

    fn rest(&self) -> &'t [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_space(&mut self) -> bool {
        let rest = self.rest();
        let count = rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
        self.at = self.at.saturating_add(count);
        count > 0
    }

    fn name(&mut self) -> Result<Range<usize>, ReadError> {
        let is_part = |b: &&u8| b.is_ascii_alphanumeric() || !b.is_ascii() || b"_:.-".contains(*b);
        let count = self.rest().iter().take_while(is_part).count();
        if count == 0 {
            return Err(self.broken("a tag without a name"));
        }
        let start = self.at;
        self.at = start.saturating_add(count);
        Ok(start..self.at)
    }

    fn step(&mut self) -> Result<Option<Tag>, ReadError> {
        if std::mem::take(&mut self.is_closed) {
            self.open.pop();
            return Ok(Some(Tag::Close));
        }
        loop {
            let Some(start) = memchr::memchr(b'<', self.rest()) else {
                return if self.open.is_empty() {
                    Ok(None)
                } else {
                    Err(self.broken("the text ends inside of an element"))
                };
            };
            self.at = self.at.saturating_add(start);
            let tag = self.rest();
            if let Some(body) = tag.strip_prefix(b"<![CDATA[") {
                let end = memchr::memmem::find(body, b"]]>");
                let end = end.ok_or_else(|| self.broken("a text that does not end"))?;
                self.at = self.at.saturating_add(end).saturating_add(12);
            } else if tag.starts_with(b"<!--") || tag.starts_with(b"<?") {
                let length = length_of_aside(tag);
                let length = length.ok_or_else(|| self.broken("a comment that does not end"))?;
                self.at = self.at.saturating_add(length);
            } else if tag.starts_with(b"<!") {
                return Err(self.broken("a declaration between elements"));
            } else {
                self.at = self.at.saturating_add(1);
                return self.tag().map(Some);
            }
        }
    }

    fn tag(&mut self) -> Result<Tag, ReadError> {
        if self.rest().first() == Some(&b'/') {
            self.at = self.at.saturating_add(1);
            let name = self.name()?;
            let opened = self.open.pop().and_then(|open| self.text.get(open));
            if opened != self.text.get(name) {
                return Err(self.broken("an element ends that did not begin"));
            }
            self.skip_space();
            return self.expect(b">").map(|()| Tag::Close);
        }
        if self.open.len() >= limits::XML_DEPTH {
            return Err(ReadError::Limit(limits::Id::XML_DEPTH));
        }
        let name = self.name()?;
        self.open.push(name.clone());
        let mut attributes: Vec<(Range<usize>, Range<usize>)> = Vec::new();
        loop {
            let spaced = self.skip_space();
            match self.rest() {
                [b'>', ..] => {
                    self.at = self.at.saturating_add(1);
                    break;
                }
                [b'/', b'>', ..] => {
                    self.at = self.at.saturating_add(2);
                    self.is_closed = true;
                    break;
                }
                _ if !spaced => return Err(self.broken("an attribute without a space in front")),
                _ => {}
            }
            if attributes.len() >= limits::XML_ATTRIBUTES {
                return Err(ReadError::Limit(limits::Id::XML_ATTRIBUTES));
            }
            let name = self.name()?;
            self.skip_space();
            self.expect(b"=")?;
            self.skip_space();
            let value = self.value()?;
            let same = |(other, _): &(Range<usize>, Range<usize>)| {
                self.text.get(other.clone()) == self.text.get(name.clone())
            };
            if attributes.iter().any(same) {
                return Err(self.broken("an attribute that is there twice"));
            }
            attributes.push((name, value));
        }
        Ok(Tag::Open(Element { name, attributes }))
    }

    fn expect(&mut self, what: &[u8]) -> Result<(), ReadError> {
        if !self.rest().starts_with(what) {
            return Err(self.broken("a tag that is none"));
        }
        self.at = self.at.saturating_add(what.len());
        Ok(())
    }

    fn value(&mut self) -> Result<Range<usize>, ReadError> {
        let [quote @ (b'"' | b'\''), body @ ..] = self.rest() else {
            return Err(self.broken("an attribute without a value"));
        };
        let Some(length) = memchr::memchr2(*quote, b'<', body) else {
            return Err(self.broken("a value that does not end"));
        };
        if body.get(length) == Some(&b'<') {
            return Err(self.broken("a value that does not end"));
        }
        let start = self.at.saturating_add(1);
        let end = start.saturating_add(length);
        self.at = end.saturating_add(1);
        Ok(start..end)
    }
}

impl Iterator for Tags<'_> {
    type Item = Result<Tag, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let step = self.step();
        self.done = !matches!(step, Ok(Some(_)));
        step.transpose()
    }
}

/// A text with the five entities that XML has itself, and with characters by their numbers.
fn resolved(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'&', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let end = after.iter().take(10).position(|byte| *byte == b';');
        let entity = end.filter(|_| *first == b'&');
        let name = entity.and_then(|end| std::str::from_utf8(after.get(..end)?).ok());
        let character = name.and_then(|name| match name {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => {
                let digits = name.strip_prefix('#')?;
                let number = match digits.strip_prefix('x') {
                    Some(digits) => u32::from_str_radix(digits, 16),
                    None => digits.parse(),
                };
                char::from_u32(number.ok()?)
            }
        });
        if let (Some(character), Some(end)) = (character, entity) {
            out.extend(character.to_string().bytes());
            rest = after.get(end.saturating_add(1)..).unwrap_or_default();
        } else {
            out.push(*first);
            rest = after;
        }
    }
    Cow::Owned(out)
}
