//! ONNX as text: the textual syntax, and the message as JSON or as text.

use crate::format::{Certainty, Format, Head, Read, Recognise, Runs, Suffix};

/// Texts that begin as a model does.
pub static FORMAT: Format = Format {
    id: "onnx-text",
    title: "ONNX model as text",
    doc: DOC,
    suffixes: &[
        Suffix::own("onnxtxt"),
        Suffix::own("onnxtext"),
        Suffix::own("onnxjson"),
    ],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Not {
        instead: "save the model with `onnx.save` under a name that ends in `.onnx`",
    },
};

const DOC: &str = "\
## What it is

A model of ONNX that is written as text: in ONNX's own syntax, as JSON, or as a protobuf message in text.

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
    let own = text.starts_with(b"<") && holds("ir_version:") && holds("opset_import:");
    let json = text.starts_with(b"{") && holds("\"irVersion\"");
    let message = text.starts_with(b"ir_version:");
    Certainty::sure_if(own || json || message)
}
