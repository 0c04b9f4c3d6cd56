//! ONNX: a graph and its weights as a protobuf message.

use crate::format::{Format, Read, Recognise, Runs, Suffix};

/// Files that are called so: a protobuf message has no magic.
pub static FORMAT: Format = Format {
    id: "onnx",
    title: "ONNX model",
    doc: DOC,
    suffixes: &[Suffix::own("onnx")],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Name,
    read: Read::Not {
        instead: "keep the weights as safetensors, and export the graph where it is deployed",
    },
};

const DOC: &str = "\
## What it is

A graph of operators and its weights: a protobuf message.

## What loading it does

A runtime reads it in native code. Operators of other domains need libraries that the application registers. Weights
may stand in other files, whose paths the model gives.

## How it is recognised

By its name.

## What to prefer

The weights as safetensors.
";
