//! The format of ONNX Runtime's own: a graph of ONNX as a flatbuffer.
//!
//! Follows `ort.fbs`: fields are asked for by their numbers there.

use super::{
    Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix,
    flatbuffer::{Flatbuffer, Table, identifier},
    onnx::native,
    operators::Names,
};
use crate::{
    bytes::{ReadError, Window},
    fact::{Hop, Place},
    limits,
};

/// Flatbuffers with the identifier `ORTM`.
pub static FORMAT: Format = Format {
    id: "ort",
    title: "ONNX Runtime model",
    doc: DOC,
    suffixes: &[Suffix::own("ort")],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

A model of ONNX that ONNX Runtime has optimised, as a flatbuffer.

## What loading it does

What loading the model of ONNX does: the runtime runs its operators.

## How it is recognised

By `ORTM` as its fifth to eighth byte.

## What is checked

Operators are named and judged as those of an ONNX model, in graphs inside of others as well. Offsets that lead outside of the
file break it. Weights are not read.

## What to prefer

ONNX, from which the runtime makes this when it starts.
";

/// Fields of a node.
mod node {
    pub(super) const NAME: u16 = 0;
    pub(super) const DOMAIN: u16 = 2;
    pub(super) const OPERATOR: u16 = 5;
    pub(super) const ATTRIBUTES: u16 = 10;
}

/// The model of a session.
const MODEL: u16 = 1;
/// The graph of a model.
const GRAPH: u16 = 7;
/// The nodes of a graph.
const NODES: u16 = 2;
/// The graphs of an attribute.
const ONE_GRAPH: u16 = 7;
const GRAPHS: u16 = 12;

fn probe(head: &Head<'_>) -> Certainty {
    Certainty::sure_if(identifier(head) == Some(*b"ORTM"))
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let mut names = Names::default();
    let result = read_session(window, &mut names, reading);
    names.record(reading);
    result
}

fn read_session(
    window: &Window,
    names: &mut Names,
    reading: &Reading<'_>,
) -> Result<(), ReadError> {
    let buffer = Flatbuffer::new(window);
    let Some(model) = buffer.root()?.table(MODEL)? else {
        return Ok(());
    };
    match model.table(GRAPH)? {
        Some(graph) => read_graph(graph, 0, names, reading),
        None => Ok(()),
    }
}

fn read_graph(
    graph: Table<'_>,
    depth: usize,
    names: &mut Names,
    reading: &Reading<'_>,
) -> Result<(), ReadError> {
    if depth >= limits::GRAPH_DEPTH {
        return Err(ReadError::Limit(limits::Id::GRAPH_DEPTH));
    }
    let depth = depth.saturating_add(1);
    for node in graph.tables(NODES)? {
        let node = node?;
        let native = native(&node.text(node::DOMAIN)?, node.text(node::OPERATOR)?);
        let name = node.text(node::NAME)?;
        names.add(native, || {
            let mut site = reading.recorder.site(Place::Whole);
            if !name.is_empty() {
                site.hops.push(Hop::Member { name, copy: 0 });
            }
            (site, None)
        });
        for attribute in node.tables(node::ATTRIBUTES)? {
            let attribute = attribute?;
            if let Some(graph) = attribute.table(ONE_GRAPH)? {
                read_graph(graph, depth, names, reading)?;
            }
            for graph in attribute.tables(GRAPHS)? {
                read_graph(graph?, depth, names, reading)?;
            }
        }
    }
    Ok(())
}
