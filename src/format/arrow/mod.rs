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

By `ARROW1` at the beginning, or at the end behind a description that has a schema, since readers of files look there; or by a message that begins
a stream and has a schema, also as releases before 0.15 wrote it. A table without pickles is data, and not reported, unless its name is that of a model.

## What is checked

The schema, also the one at the end of a file, with the types in types: a pickle in it is read as one, and so are the shapes that Ray 2.49 and later keep
as pickles in its types of tensors. Columns whose values Ray unpickles are refused, because they are not read. A file with another beginning than
writers give it is refused.

## What to prefer

This, with the types that Arrow has itself.
";

/// The type whose metadata is a pickle.
const PICKLED_TYPE: &str = "arrow.py_extension_type";
/// Types of Ray for tensors, whose shapes are JSON or pickles.
const SHAPED_TYPES: [&str; 3] = [
    "ray.data.arrow_tensor",
    "ray.data.arrow_tensor_v2",
    "ray.data.arrow_variable_shaped_tensor",
];
/// Types whose values are pickles.
const PICKLED_VALUES: [&str; 1] = ["ray.data.arrow_pickled_object"];
/// The magic of files.
const MAGIC: &[u8; 6] = b"ARROW1";
/// How writers begin a file.
const START: &[u8; 8] = b"ARROW1\0\0";
/// The newest version of messages.
const NEWEST: u8 = 4;
/// A message that is a schema.
const SCHEMA: u8 = 1;

/// Numbers of fields.
mod field {
    /// Of a message: the version, the type of its header, and that.
    pub(super) const VERSION: u16 = 0;
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
    let is_file =
        head.front.starts_with(START) || head.has_end_at_hand() && has_footer(head.window);
    if is_file {
        return Certainty::Sure;
    }
    // Without the mark, a length comes first: the longest schema is no text, whose fourth byte is one.
    let is_marked = head.front.starts_with(&[0xff; 4]);
    if !is_marked && head.front.get(3) != Some(&0) {
        return Certainty::No;
    }
    let begins = |message: &Window| {
        let version = |root: Table<'_>| root.u8(field::VERSION);
        is_schema(message)
            && (is_marked
                || Flatbuffer::new(message)
                    .root()
                    .and_then(version)
                    .is_ok_and(|of| of <= NEWEST))
    };
    Certainty::sure_if(message(head.window, 0).is_ok_and(|message| begins(&message)))
}

/// Whether a file ends as its readers want it, which do not look at its beginning.
fn has_footer(window: &Window) -> bool {
    let has_schema = |footer: Window| {
        let buffer = Flatbuffer::new(&footer);
        let schema = buffer.root().and_then(|root| root.table(field::SCHEMA));
        schema.is_ok_and(|schema| schema.is_some())
    };
    footer(window).is_ok_and(has_schema)
}

/// Whether a message is a schema, as far as its first fields say.
fn is_schema(message: &Window) -> bool {
    let buffer = Flatbuffer::new(message);
    let Ok(root) = buffer.root() else {
        return false;
    };
    let has_fields = |header: Option<Table<'_>>| {
        header.is_some_and(|schema| schema.vector(field::FIELDS, 4).is_ok())
    };
    root.u8(field::KIND).is_ok_and(|kind| kind == SCHEMA)
        && root.table(field::HEADER).is_ok_and(has_fields)
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let before = reading.recorder.checkpoint();
    let begins = window.bytes_at(0, 8)? == START;
    let is_file = begins || Head::read(window, b"")?.has_end_at_hand() && has_footer(window);
    if is_file {
        let footer = footer(window)?;
        let buffer = Flatbuffer::new(&footer);
        match buffer.root()?.table(field::SCHEMA)? {
            Some(schema) => of_schema(schema, &footer, reading)?,
            None => return Err(wrong("footer", window.len())),
        }
        if !begins {
            return Err(wrong("magic", 0));
        }
    }
    let first = message(window, if begins { 8 } else { 0 })?;
    if is_schema(&first) {
        of_message(&first, reading)?;
    }
    reading.disclaim_data(before);
    Ok(())
}

fn wrong(name: &str, at: u64) -> ReadError {
    let name = name.into();
    ReadError::malformed(TableFault::Value { name, at })
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

/// What describes a file at its end.
fn footer(window: &Window) -> Result<Window, ReadError> {
    let end = window.len();
    let wrong = || wrong("footer", end);
    let tail = end.checked_sub(10).ok_or_else(wrong)?;
    if window.bytes_at(tail.saturating_add(4), 6)? != MAGIC {
        return Err(wrong());
    }
    let length = u64::from(number(window, tail)?);
    let start = tail.checked_sub(length).ok_or_else(wrong)?;
    part(window, start, length)
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
    let (mut is_pickled, mut is_shaped, mut has_pickles) = (false, false, false);
    let mut metadata: Vec<Vector> = Vec::new();
    // Which of two entries with one key a reader takes is its own choice: each counts.
    for entry in of.tables(field::METADATA)? {
        let entry = entry?;
        match entry.text(0)?.as_bytes() {
            b"ARROW:extension:name" => {
                let kind = entry.text(1)?;
                is_pickled |= kind == *PICKLED_TYPE;
                is_shaped |= SHAPED_TYPES.iter().any(|shaped| kind == **shaped);
                has_pickles |= PICKLED_VALUES.iter().any(|pickled| kind == **pickled);
            }
            b"ARROW:extension:metadata" => metadata.push(entry.vector(1, 1)?),
            _ => {}
        }
    }
    if is_pickled || is_shaped || has_pickles {
        let name = of.text(field::NAME)?;
        for Vector { start, count } in metadata {
            let pickle = part(window, start, count)?;
            if count > 0 && (is_pickled || is_shaped && !is_json(&pickle)?) {
                let expect = Expect::Format(&pickle::FORMAT);
                reading.descend(Hop::Key(name.clone()), name.as_bytes(), &pickle, expect);
            }
        }
        if has_pickles {
            let form = Unsupported::PickledColumn(Short::new(name.as_bytes()));
            reading.unread(ReadError::unsupported(form), Place::Whole);
        }
    }
    for child in of.tables(field::CHILDREN)? {
        of_field(child?, window, depth.saturating_add(1), reading)?;
    }
    Ok(())
}

/// Whether a shape is JSON: a list of sizes or a number, no beginning of which is an opcode that a pickle could begin with.
fn is_json(shape: &Window) -> Result<bool, ReadError> {
    let front = shape.bytes_at(0, 1)?;
    Ok(matches!(front.as_slice(), [b'[' | b'0'..=b'9']))
}
