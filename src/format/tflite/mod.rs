//! TensorFlow Lite: a graph and its weights as a flatbuffer.
//!
//! Follows `schema.fbs` of `LiteRT`: fields are asked for by their numbers there.

mod flex;

use indexmap::IndexSet;

use super::{
    Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix,
    flatbuffer::{Flatbuffer, Table, identifier},
    operators::Names,
};
use crate::{
    bytes::{ReadError, Window},
    fact::{Fact, FileReference, FileRole, Hop, Native, Piece, Place, Runtime, Text},
    limits,
};

/// Flatbuffers with the identifier `TFL3`.
pub static FORMAT: Format = Format {
    id: "tflite",
    title: "TensorFlow Lite model",
    doc: DOC,
    suffixes: &[Suffix::own("tflite")],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

A graph and its weights as a flatbuffer, for LiteRT (TensorFlow Lite).

## What loading it does

The interpreter maps it and runs its operators. Most are numbers, which the interpreter brings; custom operators have names, and are native
code that the application registers. Those whose names begin with `Flex` are operators of TensorFlow, which may do whatever they
do there.

## How it is recognised

By `TFL3` as its fifth to eighth byte.

## What is checked

Custom operators are named: `custom-operator` reports those that the interpreter does not bring. Operators of TensorFlow are
judged as in a graph of TensorFlow, by the operator that the payload of the node names. Offsets and buffers that lead outside of the file
break it. Files that hold weights beside it are named. Weights are not read.

## What to prefer

This format without custom operators; the weights as safetensors.
";

/// Fields of a model.
mod model {
    pub(super) const OPERATORS: u16 = 1;
    pub(super) const SUBGRAPHS: u16 = 2;
    pub(super) const BUFFERS: u16 = 4;
    pub(super) const FILES: u16 = 8;
}

/// Fields of the code of an operator.
mod code {
    pub(super) const OLD_NUMBER: u16 = 0;
    pub(super) const NAME: u16 = 1;
    pub(super) const NUMBER: u16 = 3;
}

/// Fields of a buffer.
mod buffer {
    pub(super) const DATA: u16 = 0;
    pub(super) const OFFSET: u16 = 1;
    pub(super) const SIZE: u16 = 2;
}

/// Fields of a group of weights that are in another file.
mod file {
    pub(super) const PATH: u16 = 0;
}

/// Fields of a graph.
mod subgraph {
    pub(super) const OPERATORS: u16 = 3;
    pub(super) const NAME: u16 = 4;
}

/// Fields of a node.
mod operator {
    pub(super) const CODE: u16 = 0;
    pub(super) const PAYLOAD: u16 = 5;
    pub(super) const PAYLOAD_OFFSET: u16 = 9;
    pub(super) const PAYLOAD_SIZE: u16 = 10;
}

/// The number of an operator that has a name.
const CUSTOM: i32 = 32;
/// What begins the name of an operator of TensorFlow.
const FLEX: &[u8] = b"Flex";

fn probe(head: &Head<'_>) -> Certainty {
    Certainty::sure_if(identifier(head) == Some(*b"TFL3"))
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let (mut names, mut files) = (Names::default(), IndexSet::new());
    let result = read_model(window, &mut names, &mut files, reading);
    names.record(reading);
    for path in files {
        let role = FileRole::Weights;
        reading.record(Fact::FileReference(Box::new(FileReference::new(
            role, path,
        ))));
    }
    result
}

fn read_model(
    window: &Window,
    names: &mut Names,
    files: &mut IndexSet<Text>,
    reading: &Reading<'_>,
) -> Result<(), ReadError> {
    let flatbuffer = Flatbuffer::new(window);
    let model = flatbuffer.root()?;
    let mut codes = Vec::new();
    for code in model.tables(model::OPERATORS)? {
        let code = code?;
        // The old number has a byte: what does not fit is in the new one. Both have a sign, and the larger counts.
        let old = i8::from_le_bytes([code.u8(code::OLD_NUMBER)?]);
        let new = i32::from_le_bytes(code.u32(code::NUMBER)?.to_le_bytes());
        let number = new.max(i32::from(old));
        let name = if number == CUSTOM {
            Some(code.text(code::NAME)?)
        } else {
            None
        };
        let site = || (reading.recorder.site(Place::Whole), None);
        match &name {
            Some(name) if !name.as_bytes().starts_with(FLEX) => names.add(
                Native::GraphOperator {
                    runtime: Runtime::TensorFlowLite,
                    name: name.clone(),
                },
                site,
            ),
            _ => {}
        }
        codes.push(name);
    }
    for graph in model.tables(model::SUBGRAPHS)? {
        let graph = graph?;
        for node in graph.tables(subgraph::OPERATORS)? {
            let node = node?;
            let number = usize::try_from(node.u32(operator::CODE)?).unwrap_or(usize::MAX);
            let Some(Some(name)) = codes.get(number) else {
                continue;
            };
            if !name.as_bytes().starts_with(FLEX) {
                continue;
            }
            let native = flex::operator(&payload(window, node)?)
                .map_or(Native::Unresolved, Native::of_tensorflow);
            let name = graph.text(subgraph::NAME)?;
            names.add(native, || {
                let mut site = reading.recorder.site(Place::Whole);
                if !name.is_empty() {
                    site.hops.push(Hop::Member { name, copy: 0 });
                }
                (site, None)
            });
        }
    }
    for file in model.tables(model::FILES)? {
        if files.len() >= limits::OPERATORS {
            return Err(ReadError::Limit(limits::Id::OPERATORS));
        }
        files.insert(file?.text(file::PATH)?);
    }
    for buffer in model.tables(model::BUFFERS)? {
        let buffer = buffer?;
        buffer.vector(buffer::DATA, 1)?;
        within(
            window,
            buffer.u64(buffer::OFFSET)?,
            buffer.u64(buffer::SIZE)?,
        )?;
    }
    Ok(())
}

/// What a node hands to its operator: in the flatbuffer, or behind it.
fn payload(window: &Window, node: Table<'_>) -> Result<Window, ReadError> {
    let inside = node.vector(operator::PAYLOAD, 1)?;
    if inside.count > 0 {
        return Ok(window.up_to(inside.start, inside.count));
    }
    let (offset, size) = (
        node.u64(operator::PAYLOAD_OFFSET)?,
        node.u64(operator::PAYLOAD_SIZE)?,
    );
    within(window, offset, size)?;
    Ok(window.up_to(offset, size))
}

/// Checks that bytes are in the file.
fn within(window: &Window, offset: u64, size: u64) -> Result<(), ReadError> {
    if window.reaches(offset.saturating_add(size))? {
        return Ok(());
    }
    let left = window.len().saturating_sub(offset);
    Err(ReadError::truncated(Piece::Segment, size, left))
}
