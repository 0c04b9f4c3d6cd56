//! Protobuf messages that are written as text: rewritten as the bytes that they stand for, so that one reader reads both.
//!
//! A [`Table`] says how the fields of a message are called. As the parser of protobuf does, it takes no other field. Messages in which no reader looks
//! are passed over, and are empty in the bytes; so are the digits of numbers with a fraction.

use std::ops::Range;

use super::{lines::Lines, protobuf_scanner::Scanner};
use crate::{
    bytes::{ReadError, narrow, wide},
    fact::{Malformed, Place, Short, SyntaxFault},
    limits,
};

/// How the fields of a message are called.
#[derive(Debug)]
pub(super) struct Table {
    /// The name of the message.
    pub(super) name: &'static str,
    /// The name of a field, its number and what it holds.
    pub(super) fields: &'static [(&'static str, u32, Kind)],
    /// What a message of any type may be: how its URL ends, and its table.
    pub(super) any: &'static [(&'static str, &'static Self)],
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// A whole number, a truth value, or the word for a number that no reader asks for.
    Number,
    /// The same, with words that a reader asks for and their numbers.
    Words(&'static [(&'static str, u64)]),
    /// Four bytes.
    Float,
    /// Eight bytes.
    Double,
    Text,
    /// Bytes, which JSON has in base64.
    Bytes,
    Message(&'static Table),
    /// A message in which no reader looks.
    Passed,
}

impl Table {
    /// The number of a field and what it holds.
    pub(super) fn field(&self, name: &[u8]) -> Option<(u32, Kind)> {
        let field = self.fields.iter().find(|(of, ..)| of.as_bytes() == name);
        field.map(|(_, number, kind)| (*number, *kind))
    }

    /// The same for a name without underscores, as JSON has it: the letters that follow them are capitals.
    pub(super) fn field_in_camel_case(&self, name: &str) -> Option<(u32, Kind)> {
        let is_same = |declared: &str| {
            let mut parts = declared.split('_');
            let mut left = name.strip_prefix(parts.next().unwrap_or_default());
            for part in parts {
                let mut letters = part.chars();
                let first = letters.next().map(|letter| letter.to_ascii_uppercase());
                left = left.zip(first).and_then(|(left, first)| {
                    left.strip_prefix(first)?.strip_prefix(letters.as_str())
                });
            }
            left == Some("")
        };
        let field = self.fields.iter().find(|(of, ..)| is_same(of));
        field.map(|(_, number, kind)| (*number, *kind))
    }

    /// Whether a text begins as this message does: with one of its fields that is a message, and one of the fields of that; or with a field that is
    /// called as nothing else is.
    pub(super) fn begins(&self, front: &[u8], own: &str) -> bool {
        let mut scanner = Scanner { text: front, at: 0 };
        let name = scanner.word();
        let Some((_, kind)) = self.field(name) else {
            return false;
        };
        let colon = scanner.take(b':');
        let Kind::Message(table) = kind else {
            return colon && name == own.as_bytes();
        };
        (scanner.take(b'{') || scanner.take(b'<'))
            && table.field(scanner.word()).is_some()
            && matches!(scanner.next(), Some(b':' | b'{' | b'<'))
    }
}

/// Declares a table, with the fields as the descriptors of the message have them.
macro_rules! table {
    ($table:ident = $name:literal, [$($field:expr),* $(,)?] $(, any: $any:expr)?) => {
        pub(super) static $table: $crate::format::protobuf_text::Table = $crate::format::protobuf_text::Table {
            name: $name,
            fields: &[$($field),*],
            any: &[$($any)?],
        };
    };
}
pub(super) use table;

/// Why a text is not rewritten: an error, and where it is.
#[derive(Debug)]
pub(super) struct Stop {
    why: Why,
    at: Range<usize>,
}

#[derive(Debug)]
enum Why {
    Limit(limits::Id),
    Fault(String),
}

impl Stop {
    /// The error with the line and column of its place in the text.
    pub(super) fn error(self, text: &[u8]) -> ReadError {
        match self.why {
            Why::Limit(limit) => ReadError::Limit(limit),
            Why::Fault(message) => fault_at(text, &self.at, &message),
        }
    }
}

/// What breaks a text, with its line and column.
pub(super) fn fault_at(text: &[u8], at: &Range<usize>, message: &str) -> ReadError {
    let (line, column) = match Lines::default().place(text, at) {
        Place::Span { line, column, .. } => (u64::from(line), u64::from(column)),
        _ => (0, 0),
    };
    ReadError::malformed(Malformed::Configuration(SyntaxFault {
        message: Short::from(message),
        line,
        column,
    }))
}

const NO_COLON: &str = "no colon stands between the name of a field and its value";

/// The bytes of the message that a text is.
pub(super) fn rewritten(text: &[u8], root: &'static Table) -> Result<Vec<u8>, Stop> {
    let mut writer = Rewriter {
        scanner: Scanner { text, at: 0 },
        output: Output::default(),
        levels: vec![Level {
            table: Some(root),
            close: None,
            length: None,
            list: None,
        }],
        messages: 0,
    };
    while writer.step()? {}
    Ok(writer.output.bytes)
}

/// Bytes of the length of a message, which is known at its end: always as many.
const LENGTH: usize = 5;

/// A message that is being read.
#[derive(Debug)]
struct Level {
    /// `None` if no reader looks at it.
    table: Option<&'static Table>,
    /// What ends it; `None` for the text itself.
    close: Option<u8>,
    /// Where its length stands in the bytes.
    length: Option<usize>,
    /// The field whose list it is in.
    list: Option<(Option<u32>, Kind)>,
}

#[derive(Debug)]
struct Rewriter<'t> {
    scanner: Scanner<'t>,
    output: Output,
    levels: Vec<Level>,
    messages: usize,
}

impl Rewriter<'_> {
    /// Rewrites a field, or ends a message. Returns whether there is more.
    fn step(&mut self) -> Result<bool, Stop> {
        let (table, close) = match self.levels.last() {
            Some(level) => (level.table, level.close),
            None => return Ok(false),
        };
        let Some(next) = self.scanner.next() else {
            return match close {
                None => Ok(false),
                Some(_) => self.fault("it ends inside of a message"),
            };
        };
        if Some(next) == close {
            self.scanner.step();
            return self.end_message().map(|()| true);
        }
        let (number, kind) = self.name(table)?;
        let colon = self.scanner.take(b':');
        match self.scanner.next() {
            Some(b'{' | b'<') => self.begin_message(number, kind, false)?,
            Some(b'[') => {
                self.scanner.step();
                match self.scanner.next() {
                    Some(b']') => self.scanner.step(),
                    // Messages need no colon, in a list as well.
                    Some(b'{' | b'<') => {
                        self.begin_message(number, kind, true)?;
                        return Ok(true);
                    }
                    _ if !colon => return self.fault(NO_COLON),
                    _ => self.scalars(number, kind)?,
                }
                self.scanner.separator();
            }
            _ if !colon => return self.fault(NO_COLON),
            _ => {
                self.scalar(number, kind)?;
                self.scanner.separator();
            }
        }
        Ok(true)
    }

    /// The field that is named next: its number, if a reader looks at the message, and what it holds.
    fn name(&mut self, table: Option<&'static Table>) -> Result<(Option<u32>, Kind), Stop> {
        if self.scanner.take(b'[') {
            let start = self.scanner.at;
            let url = self
                .scanner
                .take_while(|b| b.is_ascii_alphanumeric() || b"_.-/%".contains(&b));
            let url = self.scanner.text.get(url).unwrap_or_default().to_vec();
            if url.is_empty() || !self.scanner.take(b']') {
                return self.fault("no name of a type");
            }
            let Some(table) = table else {
                return Ok((None, Kind::Passed));
            };
            if table.any.is_empty() {
                let what = format!("a field that `{}` does not have", table.name);
                return self.fault_from(start, what);
            }
            self.output.text(Some(1), &url);
            let of = table
                .any
                .iter()
                .find(|(end, _)| url.ends_with(end.as_bytes()));
            let kind = of.map_or(Kind::Passed, |(_, table)| Kind::Message(table));
            return Ok((Some(2), kind));
        }
        let start = self.scanner.at;
        let name = self.scanner.word();
        if name.is_empty() {
            return self.fault("no name of a field");
        }
        let Some(table) = table else {
            return Ok((None, Kind::Passed));
        };
        let Some((number, kind)) = table.field(name) else {
            let what = format!("a field that `{}` does not have", table.name);
            return self.fault_from(start, what);
        };
        Ok((Some(number), kind))
    }

    fn begin_message(&mut self, number: Option<u32>, kind: Kind, listed: bool) -> Result<(), Stop> {
        let at = self.scanner.at;
        let close = if self.scanner.take(b'{') { b'}' } else { b'>' };
        if close == b'>' && !self.scanner.take(b'<') {
            return self.fault("no message, where a list has others");
        }
        let table = match kind {
            Kind::Message(table) => Some(table),
            Kind::Passed => None,
            _ => return self.fault_from(at, "a message where a value has to be".to_owned()),
        };
        if self.levels.len() > limits::PROTOBUF_DEPTH {
            return self.limit(limits::Id::PROTOBUF_DEPTH);
        }
        self.messages = self.messages.saturating_add(1);
        if self.messages > limits::PROTOBUF_MESSAGES {
            return self.limit(limits::Id::PROTOBUF_MESSAGES);
        }
        let length = self.output.begin(number);
        self.levels.push(Level {
            // What stands in a message that is passed over is not written.
            table: table.filter(|_| length.is_some()),
            close: Some(close),
            length,
            list: listed.then_some((number, kind)),
        });
        Ok(())
    }

    /// Ends the innermost message, and goes on in the list in which it is.
    fn end_message(&mut self) -> Result<(), Stop> {
        let Some(level) = self.levels.pop() else {
            return Ok(());
        };
        if let Some(at) = level.length {
            self.output.end(at);
        }
        if let Some((number, kind)) = level.list {
            if self.scanner.take(b',') {
                return self.begin_message(number, kind, true);
            }
            if !self.scanner.take(b']') {
                return self.fault("no comma and no end of a list");
            }
        }
        self.scanner.separator();
        Ok(())
    }

    /// The values of a list, up to its end.
    fn scalars(&mut self, number: Option<u32>, kind: Kind) -> Result<(), Stop> {
        loop {
            self.scalar(number, kind)?;
            if self.scanner.take(b']') {
                return Ok(());
            }
            if !self.scanner.take(b',') {
                return self.fault("no comma and no end of a list");
            }
        }
    }

    fn scalar(&mut self, number: Option<u32>, kind: Kind) -> Result<(), Stop> {
        let is_quoted = matches!(self.scanner.next(), Some(b'"' | b'\''));
        match kind {
            Kind::Text | Kind::Bytes if is_quoted => {
                let text = self.quoted()?;
                self.output.text(number, &text);
            }
            Kind::Passed if number.is_none() && is_quoted => {
                self.quoted()?;
            }
            Kind::Passed if number.is_none() => {
                self.literal()?;
            }
            Kind::Number => {
                let value = self.number(&[])?;
                self.output.number(number, value);
            }
            Kind::Words(known) => {
                let value = self.number(known)?;
                self.output.number(number, value);
            }
            Kind::Float | Kind::Double => {
                self.literal()?;
                self.output.fraction(number, matches!(kind, Kind::Double));
            }
            Kind::Text | Kind::Bytes => return self.fault("no text, where one has to be"),
            Kind::Message(_) | Kind::Passed => {
                return self.fault("no message, where one has to be");
            }
        }
        Ok(())
    }

    /// A number or a word, as it is written.
    fn literal(&mut self) -> Result<Range<usize>, Stop> {
        let start = self.scanner.at;
        self.scanner.take(b'-');
        self.scanner.skip();
        let is = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.');
        let mut range = self.scanner.take_while(is);
        // The sign of an exponent.
        let ends_in_e = |range: &Range<usize>, text: &[u8]| {
            matches!(
                text.get(range.clone()),
                Some([b'0'..=b'9' | b'.', .., b'e' | b'E'])
            )
        };
        if ends_in_e(&range, self.scanner.text) && matches!(self.scanner.peek(), Some(b'+' | b'-'))
        {
            self.scanner.step();
            range.end = self.scanner.take_while(is).end;
        }
        if range.is_empty() {
            return self.fault("no value");
        }
        Ok(start..range.end)
    }

    /// A whole number, a truth value, or a word.
    fn number(&mut self, known: &[(&str, u64)]) -> Result<u64, Stop> {
        let range = self.literal()?;
        let written = self.scanner.text.get(range.clone()).unwrap_or_default();
        let (negative, digits) = match written.strip_prefix(b"-") {
            Some(rest) => (true, rest.trim_ascii_start()),
            None => (false, written),
        };
        let digits = std::str::from_utf8(digits).unwrap_or_default();
        if digits.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return match digits {
                _ if negative => self.fault_from(range.start, "no number".to_owned()),
                "true" | "True" | "t" => Ok(1),
                "false" | "False" | "f" => Ok(0),
                word => Ok(number_of(word, known)),
            };
        }
        let lower = digits.to_ascii_lowercase();
        let value = match lower.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16),
            None if digits.len() > 1 && digits.starts_with('0') => u64::from_str_radix(digits, 8),
            None => digits.parse(),
        };
        match value {
            Ok(value) if negative => Ok(value.wrapping_neg()),
            Ok(value) => Ok(value),
            Err(_) => self.fault_from(range.start, "no whole number".to_owned()),
        }
    }

    /// A text: those that follow one another are one.
    fn quoted(&mut self) -> Result<Vec<u8>, Stop> {
        let mut text = Vec::new();
        while let Some(quote @ (b'"' | b'\'')) = self.scanner.next() {
            let start = self.scanner.at;
            self.scanner.step();
            if self.scanner.quoted(quote, &mut text).is_none() {
                return self.fault_from(
                    start,
                    "a text that does not end, or has an escape that there is not".to_owned(),
                );
            }
        }
        Ok(text)
    }

    fn limit<T>(&self, limit: limits::Id) -> Result<T, Stop> {
        let at = self.scanner.at;
        Err(Stop {
            why: Why::Limit(limit),
            at: at..at,
        })
    }

    fn fault<T>(&self, what: &str) -> Result<T, Stop> {
        self.fault_from(self.scanner.at, what.to_owned())
    }

    fn fault_from<T>(&self, start: usize, what: String) -> Result<T, Stop> {
        let end = self.scanner.at.max(start);
        Err(Stop {
            why: Why::Fault(what),
            at: start..end,
        })
    }
}

/// Fields as bytes. One without a number is in a message that is passed over, and is left out.
#[derive(Debug, Default)]
pub(super) struct Output {
    pub(super) bytes: Vec<u8>,
}

impl Output {
    fn tag(&mut self, number: u32, wire: u64) {
        self.varint(u64::from(number).wrapping_shl(3) | wire);
    }

    pub(super) fn number(&mut self, number: Option<u32>, value: u64) {
        if let Some(number) = number {
            self.tag(number, 0);
            self.varint(value);
        }
    }

    pub(super) fn text(&mut self, number: Option<u32>, text: &[u8]) {
        if let Some(number) = number {
            self.tag(number, 2);
            self.varint(wide(text.len()));
            self.bytes.extend_from_slice(text);
        }
    }

    fn varint(&mut self, mut value: u64) {
        while let (low, high @ 1..) = (value & 0x7f, value >> 7) {
            self.bytes
                .push(u8::try_from(low | 0x80).unwrap_or_default());
            value = high;
        }
        self.bytes.push(u8::try_from(value).unwrap_or_default());
    }

    /// A number with a fraction, whose digits nobody reads.
    pub(super) fn fraction(&mut self, number: Option<u32>, is_double: bool) {
        if let Some(number) = number {
            let (wire, width) = if is_double { (1, 8) } else { (5, 4) };
            self.tag(number, wire);
            self.bytes.resize(self.bytes.len().saturating_add(width), 0);
        }
    }

    /// Begins a message; returns where its length stands.
    pub(super) fn begin(&mut self, number: Option<u32>) -> Option<usize> {
        let number = number?;
        self.tag(number, 2);
        let at = self.bytes.len();
        self.bytes.extend([0; LENGTH]);
        Some(at)
    }

    /// Ends the message whose length stands at a place.
    pub(super) fn end(&mut self, at: usize) {
        let start = at.saturating_add(LENGTH);
        let length = self.bytes.len().saturating_sub(start);
        if let Some(place) = self.bytes.get_mut(at..start) {
            place.copy_from_slice(&padded(length));
        }
    }
}

/// The number for which a word stands; 0 if no reader asks for it.
pub(super) fn number_of(word: &str, known: &[(&str, u64)]) -> u64 {
    let found = known.iter().find(|(of, _)| *of == word);
    found.map_or(0, |(_, number)| *number)
}

/// A length as a number of variable length that always takes as many bytes.
fn padded(length: usize) -> [u8; LENGTH] {
    let mut left = wide(length);
    let mut written = [0_u8; LENGTH];
    for (n, byte) in written.iter_mut().enumerate() {
        let more = if n.saturating_add(1) < LENGTH {
            0x80
        } else {
            0
        };
        *byte = u8::try_from(left & 0x7f | more).unwrap_or_default();
        left >>= 7;
    }
    written
}

/// Whether all of a file is a message of this table in which a name stands, wherever it begins. What reaches a limit, the parser
/// of protobuf may read to its end.
pub(super) fn is_message_with(
    name: &[u8],
    window: &crate::bytes::Window,
    root: &'static Table,
) -> bool {
    let most = narrow(limits::PROTOBUF_AS_TEXT);
    let Ok(text) = window.bytes_at(0, most.saturating_add(1)) else {
        return false;
    };
    let is_letter = |at: Option<usize>| {
        at.and_then(|at| text.get(at))
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    let has_name = memchr::memmem::find_iter(&text, name)
        .any(|at| !is_letter(at.checked_sub(1)) && !is_letter(at.checked_add(name.len())));
    let is_message = || match rewritten(&text, root) {
        Ok(_) => true,
        Err(stop) => matches!(stop.why, Why::Limit(_)),
    };
    has_name && (text.len() > most || is_message())
}

/// How much of a text may be read: all of it, or a limit.
pub(super) fn text_of(window: &crate::bytes::Window) -> Result<Vec<u8>, ReadError> {
    let most = narrow(limits::PROTOBUF_AS_TEXT);
    let text = window.bytes_at(0, most.saturating_add(1))?;
    if text.len() > most {
        return Err(ReadError::Limit(limits::Id::PROTOBUF_AS_TEXT));
    }
    Ok(text)
}
