//! ONNX in a syntax of its own.

use crate::format::{Certainty, Format, Head, Read, Recognise, Runs, Suffix};

/// Texts that begin as a model does.
pub static FORMAT: Format = Format {
    id: "onnx-syntax",
    title: "ONNX model in ONNX's own syntax",
    doc: DOC,
    suffixes: &[Suffix::own("onnxtxt"), Suffix::own("onnxtext")],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Not {
        instead: "save the model with `onnx.save` under a name that ends in `.onnx`",
    },
};

const DOC: &str = "\
## What it is

A model of ONNX that is written in the syntax that ONNX has for tests: `agraph (float[N] x) => (float[N] y) { y = Relu(x) }`.

## What loading it does

`onnx.load` chooses the parser by the suffix. The model can do whatever a model in the binary form can.

## How it is recognised

By how it begins, or by its name.

## What to prefer

The binary form (`onnx`), which is read.
";

fn probe(head: &Head<'_>) -> Certainty {
    let text = head.front.trim_ascii_start();
    let near = text.get(..text.len().min(512)).unwrap_or_default();
    let holds = |what: &str| memchr::memmem::find(near, what.as_bytes()).is_some();
    Certainty::sure_if(text.starts_with(b"<") && holds("ir_version:") && holds("opset_import:"))
}
