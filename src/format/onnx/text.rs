//! Models of ONNX that are written as text: the message as protobuf writes it in text, or as JSON.

use super::{graph::Walk, named::MODEL_PROTO};
use crate::{
    bytes::{ReadError, Window},
    format::{
        Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix, protobuf::Protobuf,
        protobuf_json, protobuf_text, suffix::ends_in_one,
    },
};

/// Texts that begin as a model does.
pub static FORMAT: Format = Format {
    id: "onnx-text",
    title: "ONNX model as text",
    doc: DOC,
    suffixes: &[Suffix::own("onnxjson"), Suffix::plain("json")],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

A model of ONNX as JSON (`.onnxjson`, `.json`), or as a protobuf message in text (`.textproto`, `.pbtxt`, `.prototxt`, `.txtpb`).

## What loading it does

`onnx.load` chooses the parser by the suffix. The model can do whatever a model in the binary form can.

## How it is recognised

By its version, with which it begins. A text under one of these suffixes is also one if all of it is such a message and has an operator, and JSON
if it has the names of a graph's nodes near its front.

## What is checked

The text is rewritten as the bytes that it stands for, and these are read as the binary form is (`onnx`). A field that a message does not have
breaks the text.

## What to prefer

The binary form (`onnx`): runtimes read nothing else.
";

/// Suffixes under which `onnx.load` takes a text for a model.
const SUFFIXES: &[&str] = &["pbtxt", "prototxt", "textproto", "txtpb"];

fn is_json(front: &[u8]) -> bool {
    front.trim_ascii_start().starts_with(b"{")
}

fn probe(head: &Head<'_>) -> Certainty {
    let text = head.front.trim_ascii_start();
    let near = text.get(..text.len().min(512)).unwrap_or_default();
    // A key, with its colon.
    let holds = |key: &str| {
        let at = memchr::memmem::find(near, key.as_bytes());
        let rest = at.and_then(|at| near.get(at.saturating_add(key.len())..));
        rest.is_some_and(|rest| rest.trim_ascii_start().starts_with(b":"))
    };
    let has = |key: &str| memchr::memmem::find(text, key.as_bytes()).is_some();
    Certainty::sure_if(if is_json(text) {
        holds("\"irVersion\"")
            || holds("\"ir_version\"")
            || has("\"graph\"") && has("\"node\"") && (has("\"opType\"") || has("\"op_type\""))
    } else {
        MODEL_PROTO.begins(text, "ir_version") && text.starts_with(b"ir_version")
            || ends_in_one(head.name, SUFFIXES)
                && protobuf_text::is_message_with(b"op_type", head.window, &MODEL_PROTO)
    })
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let text = protobuf_text::text_of(window)?;
    let bytes = if is_json(&text) {
        protobuf_json::rewritten(text, &MODEL_PROTO)?
    } else {
        protobuf_text::rewritten(&text, &MODEL_PROTO).map_err(|stop| stop.error(&text))?
    };
    let protobuf = Protobuf::new(&Window::new(bytes));
    let mut walk = Walk::of_text(reading);
    let result = protobuf.root().and_then(|root| walk.model(root));
    walk.record(reading, result)
}
