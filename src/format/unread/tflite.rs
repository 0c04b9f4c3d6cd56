//! TensorFlow Lite: a graph as a flatbuffer.

use crate::format::{Certainty, Format, Head, Read, Recognise, Runs, Suffix};

/// Flatbuffers with the identifier `TFL3`.
pub static FORMAT: Format = Format {
    id: "tflite",
    title: "TensorFlow Lite model",
    doc: DOC,
    suffixes: &[Suffix::own("tflite")],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Not {
        instead: "keep the weights as safetensors, and convert them where they are deployed",
    },
};

const DOC: &str = "\
## What it is

A graph and its weights as a flatbuffer, for LiteRT (TensorFlow Lite).

## What loading it does

The interpreter maps it and runs its operators. Custom operators are functions that the application registers.

## How it is recognised

By `TFL3` as its fifth to eighth byte.

## What to prefer

The weights as safetensors.
";

fn probe(head: &Head<'_>) -> Certainty {
    Certainty::sure_if(head.front.get(4..8) == Some(b"TFL3"))
}
