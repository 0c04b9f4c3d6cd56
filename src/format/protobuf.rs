//! Protobuf messages, read field by field without trusting a length: bytes between the fields that are asked for are never read.
//!
//! A [`Schema`] says which fields a message may have. Parsers skip what they do not know and take the last of what stands twice; no
//! writer writes either, so both break the format here, as groups do.

use std::{cell::Cell, ops::Range};

use crate::{
    bytes::{Pages, ReadError, Window, narrow, wide},
    fact::{Malformed, Piece, ProtobufFault, Short, Text},
    limits,
};

/// How the value of a field is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire {
    /// A number of variable length.
    Varint,
    /// Eight bytes.
    Fixed64,
    /// A length and so many bytes: a text, a message, or numbers that are packed.
    Bytes,
    /// Four bytes.
    Fixed32,
}

/// How often a field may stand in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    One,
    Many,
}

/// A field that a message may have: its number, how it is stored, how often.
pub(super) type FieldRule = (u32, Wire, Times);

/// Which fields a message may have.
#[derive(Debug)]
pub(super) struct Schema {
    /// The name of the message.
    pub(super) name: &'static str,
    /// By their numbers.
    pub(super) fields: &'static [FieldRule],
}

/// Declares a message, with names for the fields that are read.
macro_rules! message {
    ($schema:ident = $name:literal, $module:ident { $($field:ident = $number:literal),* $(,)? }, $rules:expr) => {
        /// Numbers of the fields that are read.
        pub(in crate::format) mod $module {
            $(pub(in crate::format) const $field: u32 = $number;)*
        }

        pub(in crate::format) static $schema: $crate::format::protobuf::Schema = $crate::format::protobuf::Schema { name: $name, fields: &$rules };
    };
}
pub(super) use message;

/// Bytes that hold messages.
#[derive(Debug)]
pub(super) struct Protobuf {
    pages: Pages,
    /// Fields that were passed.
    passed: Cell<u64>,
    /// Bytes of names and texts that were handed out: readers keep some of them.
    texts: Cell<u64>,
}

/// The bytes of a field: a message, a text, or packed numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message<'p> {
    of: &'p Protobuf,
    start: u64,
    end: u64,
    depth: usize,
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'p> {
    /// A number of any width.
    Number(u64),
    /// Bytes.
    Bytes(Message<'p>),
}

/// A field of a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'p> {
    pub(super) number: u32,
    pub(super) value: Value<'p>,
}

impl Protobuf {
    pub(super) fn new(window: &Window) -> Self {
        Self {
            pages: Pages::new(window, Piece::Protobuf),
            passed: Cell::new(0),
            texts: Cell::new(0),
        }
    }

    /// All of it as one message.
    pub(super) fn root(&self) -> Result<Message<'_>, ReadError> {
        let end = self.pages.window().len();
        if end > limits::PROTOBUF_BYTES {
            return Err(ReadError::Limit(limits::Id::PROTOBUF_BYTES));
        }
        Ok(Message {
            of: self,
            start: 0,
            end,
            depth: 0,
        })
    }

    /// All of it as one message, without finding out where content of unknown length ends: what is not there is cut off.
    pub(super) fn front(&self) -> Message<'_> {
        Message {
            of: self,
            start: 0,
            end: self.pages.window().known_len().unwrap_or(u64::MAX),
            depth: 0,
        }
    }

    /// A part of it as one message.
    pub(super) fn part(&self, range: Range<u64>) -> Message<'_> {
        Message {
            of: self,
            start: range.start,
            end: range.end,
            depth: 0,
        }
    }

    fn text(&self, start: u64, count: usize) -> Result<Text, ReadError> {
        let texts = self.texts.get().saturating_add(wide(count));
        self.texts.set(texts);
        if texts > limits::PROTOBUF_TEXTS {
            return Err(ReadError::Limit(limits::Id::PROTOBUF_TEXTS));
        }
        Ok(Text::from(self.pages.bytes(start, count)?))
    }

    fn pass(&self) -> Result<(), ReadError> {
        let passed = self.passed.get().saturating_add(1);
        self.passed.set(passed);
        if passed > limits::PROTOBUF_FIELDS {
            return Err(ReadError::Limit(limits::Id::PROTOBUF_FIELDS));
        }
        Ok(())
    }
}

impl<'p> Message<'p> {
    /// Where it begins and ends.
    pub(super) fn range(self) -> (u64, u64) {
        (self.start, self.end)
    }

    /// Bytes of it.
    pub(super) fn len(self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// Its fields, which must be those of a schema.
    pub(super) fn fields(self, schema: &'static Schema) -> Fields<'p> {
        Fields {
            schema: Some(schema),
            ..self.any_fields()
        }
    }

    /// Its fields, whatever they are: as parsers take them, which skip what they do not know.
    pub(super) fn any_fields(self) -> Fields<'p> {
        Fields {
            message: self,
            schema: None,
            at: self.start,
            seen: Vec::new(),
            done: false,
        }
    }

    /// The bytes as a text, which must be a name or a path.
    pub(super) fn text(self) -> Result<Text, ReadError> {
        if self.len() > limits::PROTOBUF_TEXT {
            return Err(ReadError::Limit(limits::Id::PROTOBUF_TEXT));
        }
        self.of.text(self.start, narrow(self.len()))
    }

    /// The first bytes as a text, at most so many.
    pub(super) fn front(self, most: usize) -> Result<Text, ReadError> {
        let count = narrow(self.len()).min(most);
        self.of.text(self.start, count)
    }

    /// The numbers of variable length that are packed in it, at most so many.
    pub(super) fn numbers(self, most: usize) -> Result<Vec<u64>, ReadError> {
        let mut numbers = Vec::new();
        let mut at = self.start;
        while at < self.end {
            if numbers.len() >= most {
                return Err(ReadError::malformed(Malformed::Protobuf(
                    ProtobufFault::Numbers,
                )));
            }
            let (number, next) = self.varint(at)?;
            numbers.push(number);
            at = next;
        }
        Ok(numbers)
    }

    /// A number of variable length, and what follows it.
    fn varint(self, start: u64) -> Result<(u64, u64), ReadError> {
        let mut number: u64 = 0;
        let mut at = start;
        for shift in (0..70).step_by(7) {
            if at >= self.end {
                return Err(ReadError::truncated(Piece::Protobuf, 1, 0));
            }
            let [byte] = self.of.pages.array(at)?;
            at = at.saturating_add(1);
            let bits = u64::from(byte & 0x7f);
            number |= bits.checked_shl(shift).unwrap_or_default();
            if byte & 0x80 == 0 {
                return Ok((number, at));
            }
        }
        Err(fault(ProtobufFault::Varint))
    }

    /// What follows a group of fields, whose first begins here: parsers pass over groups that they do not know.
    fn after_group(self, start: u64) -> Result<u64, ReadError> {
        let (mut at, mut open) = (start, 1_usize);
        while open > 0 {
            self.of.pass()?;
            let (tag, next) = self.varint(at)?;
            at = match tag & 7 {
                0 => self.varint(next)?.1,
                1 => self.after(next, 8)?,
                2 => {
                    let (length, start) = self.varint(next)?;
                    self.after(start, length)?
                }
                GROUP => {
                    open = open.saturating_add(1);
                    next
                }
                4 => {
                    open = open.saturating_sub(1);
                    next
                }
                5 => self.after(next, 4)?,
                _ => {
                    let number = u32::try_from(tag >> 3).unwrap_or(u32::MAX);
                    let of = Short::from("message");
                    return Err(fault(ProtobufFault::Unknown { of, number }));
                }
            };
        }
        Ok(at)
    }

    /// The end of so many bytes.
    fn after(self, at: u64, count: u64) -> Result<u64, ReadError> {
        let left = self.end.saturating_sub(at);
        if count > left {
            return Err(ReadError::truncated(Piece::Protobuf, count, left));
        }
        Ok(at.saturating_add(count))
    }
}

/// How the start of a group is stored, in the lowest bits of a tag.
const GROUP: u64 = 3;

/// The fields of a message, one after another.
#[derive(Debug)]
pub(super) struct Fields<'p> {
    message: Message<'p>,
    schema: Option<&'static Schema>,
    at: u64,
    /// Fields that may stand once and did.
    seen: Vec<u32>,
    done: bool,
}

impl<'p> Fields<'p> {
    /// How a field is stored, if the schema has it so.
    fn stored(&mut self, number: u32, wire: u64) -> Result<Wire, ReadError> {
        let unknown = |of: &str| {
            let of = Short::from(of);
            Err(fault(ProtobufFault::Unknown { of, number }))
        };
        let stored = match wire {
            0 => Some(Wire::Varint),
            1 => Some(Wire::Fixed64),
            2 => Some(Wire::Bytes),
            5 => Some(Wire::Fixed32),
            _ => None,
        };
        let Some(schema) = self.schema else {
            // No field has the number 0: that is what zeros look like.
            let stored = stored.filter(|_| number > 0);
            return stored.map_or_else(|| unknown("message"), Ok);
        };
        let rule = schema.fields.iter().find(|rule| rule.0 == number);
        let (Some(stored), Some((_, wire, times))) = (stored, rule) else {
            return unknown(schema.name);
        };
        // Numbers of which there may be many are packed, or stand alone.
        let is_packed = stored == Wire::Bytes && *times == Times::Many;
        if stored != *wire && !is_packed {
            return unknown(schema.name);
        }
        if *times == Times::One {
            if self.seen.contains(&number) {
                let of = Short::from(schema.name);
                return Err(fault(ProtobufFault::Repeated { of, number }));
            }
            self.seen.push(number);
        }
        Ok(stored)
    }

    fn step(&mut self) -> Result<Field<'p>, ReadError> {
        let message = self.message;
        message.of.pass()?;
        let (tag, at) = message.varint(self.at)?;
        let number = u32::try_from(tag >> 3).unwrap_or(u32::MAX);
        if self.schema.is_none() && tag & 7 == GROUP {
            self.at = message.after_group(at)?;
            let value = Value::Number(0);
            return Ok(Field { number, value });
        }
        let stored = self.stored(number, tag & 7)?;
        let (value, end) = match stored {
            Wire::Varint => {
                let (number, end) = message.varint(at)?;
                (Value::Number(number), end)
            }
            Wire::Fixed64 => {
                let end = message.after(at, 8)?;
                let bytes = message.of.pages.array(at)?;
                (Value::Number(u64::from_le_bytes(bytes)), end)
            }
            Wire::Fixed32 => {
                let end = message.after(at, 4)?;
                let bytes = message.of.pages.array(at)?;
                (Value::Number(u64::from(u32::from_le_bytes(bytes))), end)
            }
            Wire::Bytes => {
                let (length, start) = message.varint(at)?;
                let end = message.after(start, length)?;
                let depth = message.depth.saturating_add(1);
                if depth > limits::PROTOBUF_DEPTH {
                    return Err(ReadError::Limit(limits::Id::PROTOBUF_DEPTH));
                }
                let of = message.of;
                let inner = Message {
                    of,
                    start,
                    end,
                    depth,
                };
                (Value::Bytes(inner), end)
            }
        };
        self.at = end;
        Ok(Field { number, value })
    }
}

impl<'p> Iterator for Fields<'p> {
    type Item = Result<Field<'p>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done || self.at >= self.message.end {
            return None;
        }
        let step = self.step();
        self.done = step.is_err();
        Some(step)
    }
}

impl<'p> Value<'p> {
    /// The bytes, if it is some.
    pub(super) fn bytes(self) -> Option<Message<'p>> {
        match self {
            Self::Number(_) => None,
            Self::Bytes(message) => Some(message),
        }
    }
}

/// A message has a field with a value that it cannot have.
pub(super) fn unknown(schema: &Schema, number: u32) -> ReadError {
    let of = Short::from(schema.name);
    fault(ProtobufFault::Unknown { of, number })
}

/// A message lacks a field that every writer gives it.
pub(super) fn missing(schema: &Schema, number: u32) -> ReadError {
    let of = Short::from(schema.name);
    fault(ProtobufFault::Missing { of, number })
}

fn fault(how: ProtobufFault) -> ReadError {
    ReadError::malformed(Malformed::Protobuf(how))
}
