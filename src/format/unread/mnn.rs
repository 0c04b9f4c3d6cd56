//! MNN: a flatbuffer without an identifier.

use crate::format::{Format, Read, Recognise, Runs, Suffix};

/// Files that are called so: the flatbuffer has no identifier.
pub static FORMAT: Format = Format {
    id: "mnn",
    title: "MNN model",
    doc: DOC,
    suffixes: &[Suffix::own("mnn")],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Name,
    read: Read::Not {
        instead: "keep the model it was converted from (ONNX, safetensors), and convert it where it is deployed",
    },
};

const DOC: &str = "\
## What it is

A graph and its weights for MNN, as a flatbuffer.

## What loading it does

MNN runs its operators. A custom operator (`Extra`) is looked up among those that the application has registered, and a module may carry code for a
device.

## How it is recognised

By its name.

## What to prefer

ONNX, or the weights as safetensors.
";
