//! TensorFlow.js: a graph or the layers of a Keras model as JSON, beside files with the weights.

use indexmap::IndexSet;

use super::{
    Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix,
    json::{Document, Node, Value},
    keras,
    operators::Names,
};
use crate::{
    bytes::{ReadError, Window, narrow},
    fact::{Fact, FileReference, FileRole, Hop, Native, Runtime, Tensor, Text},
    limits,
};

/// JSON with the topology of a model and a list of its weights.
pub static FORMAT: Format = Format {
    id: "tfjs",
    title: "TensorFlow.js model",
    doc: DOC,
    suffixes: &[Suffix::plain("json")],
    container: None,
    runs: Runs::WhatPicklesName,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

JSON (`model.json`) with a graph of operators (`graph-model`) or the layers of a Keras model (`layers-model`), and the names of the files with its
weights (`group1-shard1of1.bin`).

## What loading it does

TensorFlow.js runs the operators or makes the layers in a browser or in Node.js; both know operators and classes only that the program has
registered. The converter for Python gives the layers to Keras, which looks up every class (`weighbridge explain keras`). Weights are fetched from the
paths that the file names.

## How it is recognised

By `modelTopology` or `weightsManifest` near its beginning, and anywhere in a file that is called `model.json`.

## What is checked

Operators of the graph and of its functions: `custom-operator` reports those that TensorFlow.js does not bring. The layers are read as the
configuration of a Keras model. Files with weights lie in the folder of the model.

## What to prefer

The model that it was made from, as safetensors or ONNX.
";

/// Keys of which a model has one.
const KEYS: [&str; 2] = ["modelTopology", "weightsManifest"];

fn probe(head: &Head<'_>) -> Certainty {
    let front = head.front.trim_ascii_start();
    let front = front.strip_prefix(b"\xef\xbb\xbf").unwrap_or(front);
    if !front.trim_ascii_start().starts_with(b"{") {
        return Certainty::No;
    }
    let has = |text: &[u8], word: &str| memchr::memmem::find(text, word.as_bytes()).is_some();
    let marks = [
        "\"modelTopology\"",
        "\"weightsManifest\"",
        "\"graph-model\"",
        "\"layers-model\"",
    ];
    if marks.iter().any(|mark| has(front, mark)) {
        return Certainty::Sure;
    }
    // The key may stand behind what a probe sees, or be written in escapes.
    let is_named = head.name.to_ascii_lowercase().ends_with(b"model.json");
    if !is_named || front.len() < 4000 && !has(front, "\\u") {
        return Certainty::No;
    }
    let all = head.window.borrow_at(0, narrow(limits::JSON_BYTES));
    let all = all.unwrap_or_default();
    Certainty::sure_if(KEYS.iter().any(|key| has(&all, key)) || has(&all, "\\u"))
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let document = Document::read(window)?;
    if KEYS.iter().all(|key| document.root.get(key).is_none()) {
        reading.disclaim();
        return Ok(());
    }
    let mut names = Names::default();
    let mut functions = IndexSet::new();
    let mut places = document.places();
    let mut nodes = Vec::new();
    // A graph may bring another one that runs first.
    for (key, value) in document.root.entries() {
        if matches!(key.text.as_str(), "modelTopology" | "modelInitializer") {
            graph(value, &mut nodes, &mut functions);
        }
    }
    for node in nodes {
        let Some(operator) = node.get("op") else {
            continue;
        };
        let native = match &operator.value {
            Value::Text(name) => Native::GraphOperator {
                runtime: Runtime::TensorFlowJs,
                name: Text::from(name.as_str()),
            },
            _ => Native::Unresolved,
        };
        names.add(native, || {
            let (place, excerpt) = places.at(&operator.range);
            let mut site = reading.recorder.site(place);
            if let Some(name) = node.get("name").and_then(Node::text) {
                let name = Text::from(name);
                site.hops.push(Hop::Member { name, copy: 0 });
            }
            (site, Some(excerpt))
        });
    }
    names.retain(
        |native| !matches!(native, Native::GraphOperator { name, .. } if functions.contains(name)),
    );
    names.record(reading);
    let mut tensors = Vec::new();
    weights(&document, &mut tensors, reading)?;
    reading.recorder.list_tensors(|| tensors);
    keras::read_configuration(&document, reading)
}

/// The nodes of a graph and of its functions, whose names are collected.
fn graph<'d>(graph: &'d Node, nodes: &mut Vec<&'d Node>, functions: &mut IndexSet<Text>) {
    // Of keys that are repeated, each counts.
    for (key, value) in graph.entries() {
        match key.text.as_str() {
            "node" => nodes.extend(value.items()),
            "library" => {
                for function in value.entries().iter().flat_map(|(_, of)| of.items()) {
                    let signature = function.get("signature");
                    let name = signature.and_then(|of| of.get("name")).and_then(Node::text);
                    functions.extend(name.map(Text::from));
                    for (key, value) in function.entries() {
                        if matches!(key.text.as_str(), "nodeDef" | "node_def") {
                            nodes.extend(value.items());
                        }
                    }
                }
            }
            _ => {}
        }
    }
}

/// Records the files with weights, and collects what is said of the tensors.
fn weights(
    document: &Document,
    tensors: &mut Vec<Tensor>,
    reading: &mut Reading<'_>,
) -> Result<(), ReadError> {
    let mut places = document.places();
    let mut files = IndexSet::new();
    let groups = document.root.entries().iter();
    let groups = groups.filter(|(key, _)| key.text == "weightsManifest");
    for group in groups.flat_map(|(_, value)| value.items()) {
        for path in group.get("paths").map(Node::items).unwrap_or_default() {
            let Some(text) = path.text().filter(|text| files.insert(*text)) else {
                continue;
            };
            if files.len() > limits::OPERATORS {
                return Err(ReadError::Limit(limits::Id::OPERATORS));
            }
            let (place, excerpt) = places.at(&path.range);
            let (role, path) = (FileRole::Weights, Text::from(text));
            let fact = Fact::FileReference(Box::new(FileReference::new(role, path)));
            reading.record_at(fact, place, Some(excerpt));
        }
        for weight in group.get("weights").map(Node::items).unwrap_or_default() {
            tensors.extend(tensor(document, weight));
        }
    }
    Ok(())
}

/// What is said of a tensor.
fn tensor(document: &Document, weight: &Node) -> Option<Tensor> {
    let shape = weight.get("shape")?.items().iter();
    let shape: Option<Vec<u64>> = shape.map(|of| document.number(of)?.parse().ok()).collect();
    let (shape, dtype) = (shape?, weight.get("dtype")?.text()?);
    let width = match dtype {
        "float32" | "int32" => 4,
        "complex64" => 8,
        "bool" => 1,
        _ => 0,
    };
    let mut sizes = shape.iter();
    let bytes = sizes.try_fold(width, |all: u64, of| all.checked_mul(*of));
    Some(Tensor {
        name: Text::from(weight.get("name")?.text()?),
        dtype: dtype.to_owned(),
        shape,
        bytes: bytes.unwrap_or(0),
    })
}
