//! ONNX: a graph of operators and its weights, as a protobuf message.
//!
//! Follows `onnx.proto`. Operators are named wherever nodes stand: in the graph, in graphs that attributes hold, in functions of the model and in
//! what trains it. Weights are passed over.

mod graph;
mod schema;
mod tensor;

pub(super) use graph::native;

use self::{
    graph::Walk,
    schema::{GRAPH, MODEL, model},
};
use super::{
    Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix,
    protobuf::{Fields, Protobuf},
};
use crate::bytes::{ReadError, Window};

/// Messages with the fields of a `ModelProto`.
pub static FORMAT: Format = Format {
    id: "onnx",
    title: "ONNX model",
    doc: DOC,
    suffixes: &[Suffix::own("onnx")],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

A graph of operators and its weights: a protobuf message. Weights may be in other files beside it.

## What loading it does

A runtime reads it in native code and runs its operators. Those of other domains than `ai.onnx` and `com.microsoft` are native code of
libraries that the application registers, or functions of Python (`ai.onnx.contrib`). Weights in other files are read from the
paths that the model gives.

## How it is recognised

By its fields, under any name: a version, a graph, and nothing that a model does not have.

## What is checked

Every operator is named, in graphs inside of others, in functions of the model and in what trains it: `unsafe-operator` refuses those
that call Python, read files or talk to other processes, and `custom-operator` reports those that ONNX Runtime does not bring. A
function of the model is no custom operator: its own operators count. Parts that were compiled for an accelerator (`EPContext`) are
reported as well. Files with weights are named. A message that ends too early, fields that a model does not have or has
twice, a tensor whose data has another size than its shape, and one whose data is at an address in memory break the file.
Tensors are not read. A message has up to 2 GiB.

## What to prefer

This format, with operators of `ai.onnx` only; weights without a graph as safetensors.
";

/// The first bytes of the fields of a model, to tell most other files at once.
fn may_begin(first: u8) -> bool {
    MODEL.fields.iter().any(|rule| {
        let wire = first & 7;
        // Fields from 16 on take two bytes: the first has the four lowest bits of the number.
        let number = u32::from(first >> 3);
        let is_number = number == rule.0 || rule.0 >= 16 && number == (rule.0 & 15) | 16;
        is_number && matches!(wire, 0 | 2)
    })
}

fn probe(head: &Head<'_>) -> Certainty {
    if !head.front.first().copied().is_some_and(may_begin) {
        return Certainty::No;
    }
    if is_model(head.window) {
        return Certainty::Sure;
    }
    Certainty::maybe_if(FORMAT.suffix_of(head.name).is_some())
}

/// Whether bytes are the fields of a model, with a version and a graph.
fn is_model(window: &Window) -> bool {
    let protobuf = Protobuf::new(window);
    let (mut versioned, mut graph) = (false, false);
    for field in protobuf.front().fields(&MODEL) {
        let Ok(field) = field else { return false };
        match field.number {
            model::IR_VERSION => versioned = true,
            model::GRAPH => {
                let first = field.value.bytes().map(|graph| graph.fields(&GRAPH));
                let first = first.and_then(|mut fields: Fields<'_>| fields.next());
                graph = first.is_none_or(|field| field.is_ok());
                if !graph {
                    return false;
                }
            }
            _ => {}
        }
        // Content of unknown length is not read to its end for this.
        if versioned && graph && window.known_len().is_none() {
            break;
        }
    }
    versioned && graph
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let protobuf = Protobuf::new(window);
    let mut walk = Walk::new(reading);
    let result = protobuf.root().and_then(|root| walk.model(root));
    walk.record(reading, result)
}
