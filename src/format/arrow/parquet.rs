//! Parquet: columns of a table, and a description at the end in Thrift's compact encoding. It may hold the schema that Arrow had.

use super::part;
use crate::{
    bytes::{ReadError, Stream, Window, narrow, wide},
    fact::{Hop, Piece, TableFault, Unsupported},
    format::{Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix},
    limits,
};

/// Files that begin and end with `PAR1`.
pub static FORMAT: Format = Format {
    id: "parquet",
    title: "Parquet table",
    doc: DOC,
    suffixes: &[Suffix::plain("parquet"), Suffix::plain("pq")],
    container: None,
    runs: Runs::WhatPicklesName,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

A table in columns, as pandas, Arrow, Spark and others write it.

## What loading it does

Columns are decoded. Arrow keeps its own schema in the file and rebuilds the types that it names, as [`arrow`](#arrow) says: a type of an application may be a
pickle. What pandas keeps there is JSON.

## How it is recognised

By `PAR1` at its end, where readers look, behind a description that fits into it. A table without pickles is data, and not reported, unless its name
is that of a model.

## What is checked

The description at the end, and the schema of Arrow in it. Columns are not read. A description that is encrypted (`PARE`), and a file that does not
begin with `PAR1`, are refused.

## What to prefer

This, with the types that Arrow has itself.
";

const MAGIC: &[u8; 4] = b"PAR1";
/// The magic of files whose description is encrypted.
const ENCRYPTED: &[u8; 4] = b"PARE";
/// The key under which Arrow keeps its schema.
const SCHEMA: &[u8] = b"ARROW:schema";
/// The field of a file's description that is a list of keys and values.
const PAIRS: i64 = 5;

/// Types of Thrift's compact encoding.
mod kind {
    pub(super) const TRUE: u8 = 1;
    pub(super) const FALSE: u8 = 2;
    pub(super) const BYTE: u8 = 3;
    pub(super) const I16: u8 = 4;
    pub(super) const I32: u8 = 5;
    pub(super) const I64: u8 = 6;
    pub(super) const DOUBLE: u8 = 7;
    pub(super) const BINARY: u8 = 8;
    pub(super) const LIST: u8 = 9;
    pub(super) const SET: u8 = 10;
    pub(super) const MAP: u8 = 11;
    pub(super) const STRUCT: u8 = 12;
    pub(super) const UUID: u8 = 13;
}

fn probe(head: &Head<'_>) -> Certainty {
    let has_front = head.front.starts_with(MAGIC) || head.front.starts_with(ENCRYPTED);
    let fits = |(end, length)| has_front || length > 0 && length <= end;
    let is_end_near = has_front || head.has_end_at_hand();
    Certainty::sure_if(is_end_near && tail(head.window).is_ok_and(fits))
}

/// The length of the description, from the end of the file.
fn tail(window: &Window) -> Result<(u64, u64), ReadError> {
    let end = window.len();
    let wrong = || {
        let name = "footer".into();
        ReadError::malformed(TableFault::Value { name, at: end })
    };
    let at = end.checked_sub(8).ok_or_else(wrong)?;
    let bytes = window.bytes_at(at, 8)?;
    let (length, magic) = bytes.split_at_checked(4).ok_or_else(wrong)?;
    if magic != MAGIC && magic != ENCRYPTED {
        return Err(wrong());
    }
    let length = length.first_chunk().map_or(0, |b| u32::from_le_bytes(*b));
    Ok((at, u64::from(length)))
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let before = reading.recorder.checkpoint();
    let (end, length) = tail(window)?;
    if window.bytes_at(end.saturating_add(4), 4)? == ENCRYPTED {
        return Err(ReadError::unsupported(Unsupported::EncryptedTable));
    }
    let start = end.checked_sub(length).ok_or_else(|| {
        let left = end;
        ReadError::truncated(Piece::Content, length, left)
    })?;
    let footer = part(window, start, length)?;
    let mut thrift = Thrift {
        stream: Stream::new(footer, 0),
        start,
        fields: 0,
    };
    for schema in thrift.schemas()? {
        let message = super::message(&Window::new(schema), 0)?;
        let hop = Hop::From(start);
        reading.recorder.enter(hop);
        let done = super::of_message(&message, reading);
        reading.recorder.leave();
        done?;
    }
    if window.bytes_at(0, 4)? != MAGIC {
        return Err(super::wrong("magic", 0));
    }
    reading.disclaim_data(before);
    Ok(())
}

/// A description in progress.
struct Thrift {
    stream: Stream,
    /// Where it begins in the file.
    start: u64,
    fields: u64,
}

impl Thrift {
    /// The schemas of Arrow that it has: one, unless somebody made it otherwise.
    fn schemas(&mut self) -> Result<Vec<Vec<u8>>, ReadError> {
        let mut schemas = Vec::new();
        let mut last = 0;
        while let Some((number, kind)) = self.field(&mut last)? {
            if number != PAIRS || kind != kind::LIST {
                self.skip(kind, 0)?;
                continue;
            }
            let (count, of) = self.list()?;
            for _ in 0..count {
                if of == kind::STRUCT {
                    schemas.extend(self.pair()?);
                } else {
                    self.skip(of, 0)?;
                }
            }
        }
        Ok(schemas)
    }

    /// A key with its value, if that is a schema.
    fn pair(&mut self) -> Result<Option<Vec<u8>>, ReadError> {
        let (mut is_schema, mut value) = (false, None);
        let mut last = 0;
        while let Some((number, kind)) = self.field(&mut last)? {
            match (number, kind) {
                (1, kind::BINARY) => {
                    let length = self.varint()?;
                    let key = self.bytes(length.min(wide(SCHEMA.len().saturating_add(1))))?;
                    is_schema = key == SCHEMA;
                    self.pass(length.saturating_sub(wide(key.len())))?;
                }
                (2, kind::BINARY) => {
                    let length = self.varint()?;
                    let at = self.stream.offset();
                    value = Some((at, length));
                    self.pass(length)?;
                }
                _ => self.skip(kind, 0)?,
            }
        }
        let Some((at, length)) = value.filter(|_| is_schema) else {
            return Ok(None);
        };
        if length > limits::JSON_BYTES {
            return Err(ReadError::Limit(limits::Id::JSON_BYTES));
        }
        let end = at.saturating_add(length);
        let text = self.stream.window().exact(at..end, Piece::Content)?;
        let schema = data_encoding::BASE64.decode(&text);
        schema.map(Some).map_err(|_| self.wrong("schema"))
    }

    fn wrong(&self, name: &str) -> ReadError {
        let at = self.start.saturating_add(self.stream.offset());
        let name = name.into();
        ReadError::malformed(TableFault::Value { name, at })
    }

    /// The next field: its number and its type; `None` at the end.
    fn field(&mut self, last: &mut i64) -> Result<Option<(i64, u8)>, ReadError> {
        self.fields = self.fields.saturating_add(1);
        if self.fields > limits::THRIFT_FIELDS {
            return Err(ReadError::Limit(limits::Id::THRIFT_FIELDS));
        }
        let head = self.byte()?;
        if head == 0 {
            return Ok(None);
        }
        let number = match head >> 4 {
            0 => unzigzag(self.varint()?),
            delta => last.saturating_add(i64::from(delta)),
        };
        *last = number;
        Ok(Some((number, head & 15)))
    }

    /// How many elements a list has, and of which type.
    fn list(&mut self) -> Result<(u64, u8), ReadError> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.varint()?,
            count => u64::from(count),
        };
        Ok((count, head & 15))
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Result<(), ReadError> {
        self.skip_of(kind, false, depth)
    }

    /// Steps over a value; a truth value in a list is a byte, and none in a field.
    fn skip_of(&mut self, kind: u8, in_list: bool, depth: usize) -> Result<(), ReadError> {
        if depth >= limits::ARROW_DEPTH {
            return Err(ReadError::Limit(limits::Id::ARROW_DEPTH));
        }
        let depth = depth.saturating_add(1);
        match kind {
            kind::TRUE | kind::FALSE => self.pass(u64::from(in_list)),
            kind::BYTE => self.pass(1),
            kind::I16 | kind::I32 | kind::I64 => self.varint().map(|_| ()),
            kind::DOUBLE => self.pass(8),
            kind::UUID => self.pass(16),
            kind::BINARY => {
                let length = self.varint()?;
                self.pass(length)
            }
            kind::LIST | kind::SET => {
                let (count, of) = self.list()?;
                for _ in 0..count {
                    self.skip_of(of, true, depth)?;
                }
                Ok(())
            }
            kind::MAP => {
                let count = self.varint()?;
                if count == 0 {
                    return Ok(());
                }
                let kinds = self.byte()?;
                for _ in 0..count {
                    self.skip_of(kinds >> 4, true, depth)?;
                    self.skip_of(kinds & 15, true, depth)?;
                }
                Ok(())
            }
            kind::STRUCT => {
                let mut last = 0;
                while let Some((_, kind)) = self.field(&mut last)? {
                    self.skip(kind, depth)?;
                }
                Ok(())
            }
            _ => Err(self.wrong("type")),
        }
    }

    fn byte(&mut self) -> Result<u8, ReadError> {
        let byte = self.stream.take(1)?.and_then(|bytes| bytes.first());
        let byte = byte.copied();
        byte.ok_or_else(|| ReadError::truncated(Piece::Content, 1, 0))
    }

    fn bytes(&mut self, count: u64) -> Result<Vec<u8>, ReadError> {
        let left = self.stream.left();
        let bytes = self.stream.take(narrow(count))?.map(<[u8]>::to_vec);
        bytes.ok_or_else(|| ReadError::truncated(Piece::Content, count, left))
    }

    fn pass(&mut self, bytes: u64) -> Result<(), ReadError> {
        if !self.stream.has(bytes)? {
            let left = self.stream.left();
            return Err(ReadError::truncated(Piece::Content, bytes, left));
        }
        self.stream.skip(bytes);
        Ok(())
    }

    fn varint(&mut self) -> Result<u64, ReadError> {
        let mut value: u64 = 0;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            value |= bits.checked_shl(shift).unwrap_or_default();
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.wrong("number"))
    }
}

fn unzigzag(number: u64) -> i64 {
    let half = i64::try_from(number >> 1).unwrap_or(i64::MAX);
    if number & 1 == 0 { half } else { !half }
}
