//! ONNX: a graph of operators and its weights, as a protobuf message.
//!
//! Follows `onnx.proto`. Operators are named wherever nodes stand: in the graph, in graphs that attributes hold, in functions of the model and in
//! what trains it. Weights are passed over.

mod graph;
mod named;
mod schema;
mod tensor;
pub mod text;

pub(super) use graph::native;
pub(super) use schema::{TENSOR, tensor::DATA_TYPE, tensor::DIMENSIONS};

use self::{
    graph::Walk,
    schema::{GRAPH, MODEL, OPERATOR_SET, model},
};
use super::{
    Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix,
    protobuf::{Message, Protobuf, Value},
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

By its fields, under any name: a version, a graph and the sets of operators.

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

/// Whether a field of a model may begin with this byte.
fn may_begin(first: u8) -> bool {
    let number = u32::from(first >> 3);
    // Fields from 16 on take two bytes: the first has the four lowest bits of the number.
    let mut fields = MODEL.fields.iter().map(|rule| rule.0);
    matches!(first & 7, 0 | 2)
        && fields.any(|of| number == of || of >= 16 && number == (of & 15) | 16)
}

/// The newest version of the format is below twenty.
const MOST_VERSION: i64 = 1_000;

fn probe(head: &Head<'_>) -> Certainty {
    if is_model(head.window) {
        return Certainty::Sure;
    }
    let may_be = head.front.first().copied().is_some_and(may_begin);
    Certainty::maybe_if(may_be && FORMAT.suffix_of(head.name).is_some())
}

/// Whether bytes are a model as parsers take it: with a version, a graph and sets of operators. Fields that no model has are skipped here, and
/// break it when it is read.
fn is_model(window: &Window) -> bool {
    let protobuf = Protobuf::new(window);
    let (mut versioned, mut graph, mut operators) = (false, false, false);
    for field in protobuf.front().any_fields() {
        let Ok(field) = field else { return false };
        match (field.number, field.value) {
            // It has a sign, and readers compare it with the newest that they know.
            (model::IR_VERSION, Value::Number(version)) => {
                versioned = version.cast_signed() <= MOST_VERSION;
            }
            (model::GRAPH, Value::Bytes(of)) => {
                graph = of.fields(&GRAPH).next().is_none_or(|field| field.is_ok());
            }
            (model::OPERATOR_SETS, Value::Bytes(of)) => {
                operators |= of.fields(&OPERATOR_SET).all(|field| field.is_ok());
            }
            _ => {}
        }
        // Content of unknown length is not read to its end for this.
        if versioned && graph && operators && window.known_len().is_none() {
            break;
        }
    }
    versioned && graph && operators
}

/// Records what a tensor that is a file of its own says, as the tests of ONNX keep them.
pub(super) fn read_tensor(root: Message<'_>, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let mut walk = Walk::new(reading);
    let result = walk.tensor(root);
    walk.record(reading, result)
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let protobuf = Protobuf::new(window);
    let mut walk = Walk::new(reading);
    let result = protobuf.root().and_then(|root| walk.model(root));
    walk.record(reading, result)
}
