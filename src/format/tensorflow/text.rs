//! Graphs and saved models of TensorFlow that are written as text.

use super::{
    Kind,
    named::{GRAPH_DEF, META_GRAPH_DEF, SAVED_MODEL},
    read_as,
};
use crate::{
    bytes::{ReadError, Window},
    format::{
        Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix,
        protobuf::Protobuf,
        protobuf_text::{self, Table},
    },
};

/// Texts that begin as a saved model or a graph does.
pub static FORMAT: Format = Format {
    id: "tensorflow-text",
    title: "TensorFlow graph as text",
    doc: DOC,
    suffixes: &[Suffix::shared_with_text(
        "pbtxt",
        "label maps and configurations",
    )],
    container: None,
    runs: Runs::WhatPicklesName,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

A graph that is written as text: `graph.pbtxt`, which TensorFlow 1 leaves in every folder of a training, a graph with what is said about it, or a
`SavedModel` (`saved_model.pbtxt`).

## What loading it does

TensorFlow loads `saved_model.pbtxt` where there is no `saved_model.pb`. The graph can do whatever one in the binary form can.

## How it is recognised

By the fields with which it begins, under any name. A text that ends in `.pbtxt` is also one if all of it is such a message and has an operator,
however it begins.

## What is checked

The text is rewritten as the bytes that it stands for, and these are read as the binary form is (`tensorflow`). A field that a message does not have
breaks the text, with its line and column.

## What to prefer

The binary form: it is smaller, and is loaded faster.
";

/// What a text may be, and the field with which only that begins.
const ROOTS: &[(&Table, &str, Kind)] = &[
    (&SAVED_MODEL, "saved_model_schema_version", Kind::SavedModel),
    (&META_GRAPH_DEF, "", Kind::MetaGraph),
    (&GRAPH_DEF, "", Kind::Graph),
];

fn root(front: &[u8]) -> Option<(&'static Table, Kind)> {
    let found = ROOTS
        .iter()
        .find(|(table, own, _)| table.begins(front, own));
    found.map(|(table, _, kind)| (*table, *kind))
}

/// What a whole text is, wherever it begins and however its fields are written.
fn whole(window: &Window) -> Option<(&'static Table, Kind)> {
    let found = ROOTS
        .iter()
        .find(|(table, ..)| protobuf_text::is_message_with(b"op", window, table));
    found.map(|(table, _, kind)| (*table, *kind))
}

fn probe(head: &Head<'_>) -> Certainty {
    // Graphs of other programs have nodes with names as well: one of TensorFlow has an operator.
    let has_operator = || {
        memchr::memmem::find_iter(&head.front, b"op:").any(|at| {
            let before = at.checked_sub(1).and_then(|at| head.front.get(at));
            before.is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b'{')
        })
    };
    let known = root(&head.front);
    let begins = known.is_some_and(|(_, kind)| kind != Kind::Graph || has_operator());
    Certainty::sure_if(
        begins || FORMAT.suffix_of(head.name).is_some() && whole(head.window).is_some(),
    )
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let text = protobuf_text::text_of(window)?;
    let (table, kind) = root(&text)
        .or_else(|| whole(window))
        .unwrap_or((&GRAPH_DEF, Kind::Graph));
    let bytes = protobuf_text::rewritten(&text, table).map_err(|stop| stop.error(&text))?;
    drop(text);
    let protobuf = Protobuf::new(&Window::new(bytes));
    read_as(Some(kind), protobuf.root()?, reading)
}
