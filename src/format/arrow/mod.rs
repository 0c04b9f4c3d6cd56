//! Arrow: tables in columns, as files and as streams of messages. What matters is the schema: the types of an application are named in it, and one
//! kind of them is a pickle.

pub mod parquet;

use super::{
    Certainty, Expect, Format, Head, Read, Reading, Recognise, Runs, Suffix,
    flatbuffer::{Flatbuffer, Table, Vector},
    pickle,
};
use crate::{
    bytes::{ReadError, Window},
    fact::{Hop, Piece, Place, Short, TableFault, Unsupported},
    limits,
};

/// Files that begin with `ARROW1`, and streams that begin with a schema.
pub static FORMAT: Format = Format {
    id: "arrow",
    title: "Arrow table (IPC, Feather)",
    doc: DOC,
    suffixes: &[
        Suffix::plain("arrow"),
        Suffix::plain("arrows"),
        Suffix::plain("feather"),
        Suffix::plain("ipc"),
    ],
    container: None,
    runs: Runs::WhatPicklesName,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

Tables in columns as Arrow writes them: files (also Feather of version 2) and streams, such as data sets of Hugging Face keep on disk.

## What loading it does

Columns are mapped or copied. The schema may name types of an application: pyarrow before 14.0.1 unpickled the metadata of a type called
`arrow.py_extension_type` as soon as it read the schema, and later releases do so where a program asks for it.

## How it is recognised

By `ARROW1` at the beginning, or by a message that begins a stream and has a schema. A table without pickles is data, and not reported, unless
its name is that of a model.

## What is checked

The schema, also the one at the end of a file, with the types in types: a pickle in it is read as one. Columns whose values Ray unpickles are
refused, because they are not read.

## What to prefer

This, with the types that Arrow has itself.
";

/// The type whose metadata is a pickle.
const PICKLED_TYPE: &str = "arrow.py_extension_type";
/// Types whose values are pickles.
const PICKLED_VALUES: [&str; 1] = ["ray.data.arrow_pickled_object"];
/// The magic of files.
const MAGIC: &[u8; 6] = b"ARROW1";
/// A message that is a schema.
const SCHEMA: u8 = 1;

/// Numbers of fields.
mod field {
    /// Of a message: the type of its header, and that.
    pub(super) const KIND: u16 = 1;
    pub(super) const HEADER: u16 = 2;
    /// Of a footer.
    pub(super) const SCHEMA: u16 = 1;
    /// Of a schema.
    pub(super) const FIELDS: u16 = 1;
    /// Of a field.
    pub(super) const NAME: u16 = 0;
    pub(super) const CHILDREN: u16 = 5;
    pub(super) const METADATA: u16 = 6;
}

fn probe(head: &Head<'_>) -> Certainty {
    if head.front.starts_with(MAGIC) && head.front.get(6..8) == Some(&[0, 0]) {
        return Certainty::Sure;
    }
    let is_stream = head.front.starts_with(&[0xff; 4])
        && message(head.window, 0).is_ok_and(|message| is_schema(&message));
    Certainty::sure_if(is_stream)
}

/// Whether a message is a schema, as far as its first fields say.
fn is_schema(message: &Window) -> bool {
    let buffer = Flatbuffer::new(message);
    let Ok(root) = buffer.root() else {
        return false;
    };
    root.u8(field::KIND).is_ok_and(|kind| kind == SCHEMA)
        && root
            .table(field::HEADER)
            .is_ok_and(|header| header.is_some())
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let before = reading.recorder.checkpoint();
    let is_file = window.bytes_at(0, 6)? == MAGIC;
    let start = if is_file { 8 } else { 0 };
    if is_file {
        footer(window, reading)?;
    }
    let first = message(window, start)?;
    if is_schema(&first) {
        of_message(&first, reading)?;
    }
    reading.disclaim_data(before);
    Ok(())
}

fn number(window: &Window, at: u64) -> Result<u32, ReadError> {
    let bytes = window.exact(at..at.saturating_add(4), Piece::Content)?;
    Ok(bytes.first_chunk().map_or(0, |b| u32::from_le_bytes(*b)))
}

/// The message at an offset: its length, which a mark may precede, and a flatbuffer.
fn message(window: &Window, at: u64) -> Result<Window, ReadError> {
    let mut at = at;
    let mut length = number(window, at)?;
    at = at.saturating_add(4);
    // Releases before 0.15 have no mark.
    if length == u32::MAX {
        length = number(window, at)?;
        at = at.saturating_add(4);
    }
    let length = u64::from(length);
    part(window, at, length)
}

fn part(window: &Window, at: u64, length: u64) -> Result<Window, ReadError> {
    window.sub(at..at.saturating_add(length)).ok_or_else(|| {
        let left = window.len().saturating_sub(at);
        ReadError::truncated(Piece::Content, length, left)
    })
}

/// The schema at the end of a file, which its readers take.
fn footer(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let end = window.len();
    let wrong = || {
        let name = "footer".into();
        ReadError::malformed(TableFault::Value { name, at: end })
    };
    let tail = end.checked_sub(10).ok_or_else(wrong)?;
    if window.bytes_at(tail.saturating_add(4), 6)? != MAGIC {
        return Err(wrong());
    }
    let length = u64::from(number(window, tail)?);
    let start = tail.checked_sub(length).ok_or_else(wrong)?;
    let footer = part(window, start, length)?;
    let buffer = Flatbuffer::new(&footer);
    match buffer.root()?.table(field::SCHEMA)? {
        Some(schema) => of_schema(schema, &footer, reading),
        None => Err(wrong()),
    }
}

/// Reads the schema that a message is.
fn of_message(message: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let buffer = Flatbuffer::new(message);
    match buffer.root()?.table(field::HEADER)? {
        Some(schema) => of_schema(schema, message, reading),
        None => Ok(()),
    }
}

fn of_schema(
    schema: Table<'_>,
    window: &Window,
    reading: &mut Reading<'_>,
) -> Result<(), ReadError> {
    for field in schema.tables(field::FIELDS)? {
        of_field(field?, window, 0, reading)?;
    }
    Ok(())
}

/// A column, or a type in a type.
fn of_field(
    of: Table<'_>,
    window: &Window,
    depth: usize,
    reading: &mut Reading<'_>,
) -> Result<(), ReadError> {
    if depth >= limits::ARROW_DEPTH {
        return Err(ReadError::Limit(limits::Id::ARROW_DEPTH));
    }
    let mut kind = None;
    let mut metadata = Vector::default();
    for entry in of.tables(field::METADATA)? {
        let entry = entry?;
        match entry.text(0)?.as_bytes() {
            b"ARROW:extension:name" => kind = Some(entry.text(1)?),
            b"ARROW:extension:metadata" => metadata = entry.vector(1, 1)?,
            _ => {}
        }
    }
    if let Some(kind) = kind {
        let name = of.text(field::NAME)?;
        if kind == *PICKLED_TYPE && metadata.count > 0 {
            let pickle = part(window, metadata.start, metadata.count)?;
            let expect = Expect::Format(&pickle::FORMAT);
            reading.descend(Hop::Key(name.clone()), name.as_bytes(), &pickle, expect);
        } else if PICKLED_VALUES.iter().any(|pickled| kind == **pickled) {
            let form = Unsupported::PickledColumn(Short::new(name.as_bytes()));
            reading.unread(ReadError::unsupported(form), Place::Whole);
        }
    }
    for child in of.tables(field::CHILDREN)? {
        of_field(child?, window, depth.saturating_add(1), reading)?;
    }
    Ok(())
}
