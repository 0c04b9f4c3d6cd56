//! TensorFlow: saved models and graphs, as protobuf messages.
//!
//! Follows `saved_model.proto`, `meta_graph.proto` and `graph.proto`. Operators are named in graphs and in the functions of their libraries.

pub mod checkpoint;
mod constants;
mod graph;
mod layers;
mod named;
mod paths;
mod schema;
pub mod text;

use self::{
    graph::Walk,
    paths::{Saver, base},
    schema::{
        ANY, ANY_LIST, ASSET, COLLECTION, CONCRETE_FUNCTION, ENTRY, FINGERPRINT, GRAPH, META_GRAPH,
        NODE, OBJECT, OBJECTS, SAVED_MODEL, SAVER, SIGNATURE_DEF, TENSOR_INFO, any, any_list,
        asset, collection, concrete_function, entry, function, graph as graph_def, meta_graph,
        node, object, objects, saved_model, saver, signature_def, tensor_info,
    },
};
use super::{
    Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix, onnx,
    protobuf::{Field, Message, Protobuf, Schema, Value, missing},
};
use crate::{
    bytes::{ReadError, Window, narrow},
    fact::{Fact, FileReference, FileRole, Native, Text},
    limits,
};

/// Messages with the fields of a saved model, of a graph, or of a graph with what is said about it.
pub static FORMAT: Format = Format {
    id: "tensorflow",
    title: "TensorFlow graph",
    doc: DOC,
    suffixes: &[Suffix::own("pb")],
    container: None,
    runs: Runs::WhatPicklesName,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

A `SavedModel` (`saved_model.pb`), a graph (`.pb`) or a graph with what is said about it (`.meta`): protobuf messages. Weights are in
files beside it, or constants of the graph.

## What loading it does

TensorFlow runs operators of the graph as soon as it is loaded, to make its tables and variables, and the others when the model is
used. Some read and write files, some talk to other processes, and some call Python (`PyFunc`).

## How it is recognised

By its fields, or an operator of TensorFlow where a graph names one, under any name. A tensor of ONNX in a file of its own has the same suffix, and is data.

## What is checked

Every operator is named, in the graph and in the functions of its library: `unsafe-operator` refuses those that reach files,
other processes or Python, that end the process, or that run a graph which they get as data; `custom-operator` reports those
that TensorFlow does not bring, and code for a compiler (`XlaCallModule`), which is not read. Operators that save and restore
variables pass where TensorFlow's own saver has them and their path comes from the loader (`SaveV2[saver]`, `SaveSlices[saver]`); a table that is filled from a
file passes if that is one of the model's assets. The names of assets stay in the model's folder. Fields that a message does not
have or has twice break the file. What Keras says of its layers (in `keras_metadata.pb`, before TensorFlow 2.5 in the model) is read as the
configuration of a Keras model. Constants are not read; `inspect` lists those of more than one value.

## What to prefer

The weights as safetensors, or ONNX for a graph.
";

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    SavedModel,
    MetaGraph,
    Graph,
}

fn probe(head: &Head<'_>) -> Certainty {
    let protobuf = Protobuf::new(head.window);
    // Each begins with its field 1 or 2, a tensor without dimensions with its type.
    let may_begin = matches!(head.front.first(), Some(0x08 | 0x0a | 0x10 | 0x12));
    if may_begin && kind(protobuf.front(), head.window.known_len().is_some()).is_some() {
        return Certainty::Sure;
    }
    if names_operator(protobuf.front(), 0) {
        return Certainty::Sure;
    }
    Certainty::maybe_if(may_begin && FORMAT.suffix_of(head.name).is_some())
}

/// How deep graphs are in messages: a saved model has graphs with what is said about them, these have a graph, and that a library.
const DEPTH: usize = 3;

/// Whether a node of an operator that TensorFlow brings stands where graphs have nodes, whatever else is there: parsers skip what they do not
/// know. It breaks the graph when that is read.
fn names_operator(message: Message<'_>, depth: usize) -> bool {
    for field in message.any_fields() {
        let Ok(Field { number, value }) = field else {
            return false;
        };
        let Value::Bytes(inner) = value else { continue };
        let found = match number {
            graph_def::NODES => is_known_node(inner) || depth > 0 && is_function(inner),
            // Graphs of a saved model, the graph of one of these, and the library of that.
            meta_graph::GRAPH => depth < DEPTH && names_operator(inner, depth.saturating_add(1)),
            _ => false,
        };
        if found {
            return true;
        }
    }
    false
}

/// Whether a function has such a node.
fn is_function(message: Message<'_>) -> bool {
    let mut fields = message.any_fields();
    fields.any(|field| match field {
        Ok(Field { number, value }) => {
            number == function::NODES && value.bytes().is_some_and(is_known_node)
        }
        Err(_) => false,
    })
}

fn is_known_node(message: Message<'_>) -> bool {
    let mut is_known = false;
    for field in message.any_fields() {
        match field {
            Ok(Field { number, value }) if number == node::OPERATOR => {
                let operator = value.bytes().and_then(|of| of.text().ok());
                let is = |name: Text| !name.is_empty() && !Native::of_tensorflow(name).is_custom();
                is_known |= operator.is_some_and(is);
            }
            Ok(_) => {}
            Err(_) => return false,
        }
    }
    is_known
}

/// What the node of an operator names: with the file that it opens, if an attribute says one.
pub(super) fn operator(node: Message<'_>) -> Result<Text, ReadError> {
    let (mut operator, mut opened) = (Text::default(), None);
    for field in node.fields(&NODE) {
        let field = field?;
        match (field.number, field.value) {
            (node::OPERATOR, Value::Bytes(name)) => operator = name.text()?,
            (node::ATTRIBUTES, Value::Bytes(of)) => {
                opened = graph::attribute(of, &mut Vec::new())?.or(opened);
            }
            _ => {}
        }
    }
    Ok(graph::opening(operator, opened))
}

/// A file that stands beside a saved model, under a name of its own.
enum Beside {
    /// Digests of the model.
    Fingerprint,
    /// What Keras says of its layers.
    Layers,
}

fn beside(name: &[u8]) -> Option<Beside> {
    if name.ends_with(b"fingerprint.pb") {
        Some(Beside::Fingerprint)
    } else if name.ends_with(b"keras_metadata.pb") {
        Some(Beside::Layers)
    } else {
        None
    }
}

/// What a message is, by its fields and those of the first graph in it.
fn kind(root: Message<'_>, to_end: bool) -> Option<Kind> {
    let is_graph = |message: Message<'_>| has(message, &GRAPH, graph_def::NODES, true, is_node);
    let is_meta =
        |message: Message<'_>| has(message, &META_GRAPH, meta_graph::GRAPH, true, is_graph);
    if has(
        root,
        &SAVED_MODEL,
        saved_model::META_GRAPHS,
        to_end,
        is_meta,
    ) {
        Some(Kind::SavedModel)
    } else if has(root, &META_GRAPH, meta_graph::GRAPH, to_end, is_graph) {
        Some(Kind::MetaGraph)
    } else if has(root, &GRAPH, graph_def::NODES, to_end, is_node) {
        Some(Kind::Graph)
    } else {
        None
    }
}

/// Whether a message has the fields of a schema, and the first of some fields among them is what it has to be.
fn has(
    message: Message<'_>,
    schema: &'static Schema,
    number: u32,
    to_end: bool,
    is: impl Fn(Message<'_>) -> bool,
) -> bool {
    let mut found = false;
    for field in message.fields(schema) {
        match field {
            Ok(field) if field.number == number && !found => match field.value {
                Value::Bytes(inner) if is(inner) => found = true,
                _ => return false,
            },
            Ok(_) => {}
            Err(_) => return false,
        }
        // Content of unknown length is not read to its end for this.
        if found && !to_end {
            break;
        }
    }
    found
}

/// Whether a message is a tensor of ONNX with a type, whatever else. Its dimensions are not packed: where they would be, a graph has nodes.
fn is_tensor(message: Message<'_>) -> bool {
    let mut typed = false;
    for field in message.fields(&onnx::TENSOR) {
        match field {
            Ok(field) if field.number == onnx::DIMENSIONS && field.value.bytes().is_some() => {
                return false;
            }
            Ok(field) => typed |= field.number == onnx::DATA_TYPE,
            Err(_) => return false,
        }
    }
    typed
}

/// Whether a message is a node: it has a name and an operator, and the operator is a name.
fn is_node(message: Message<'_>) -> bool {
    let (mut named, mut operator) = (false, false);
    for field in message.fields(&NODE) {
        match field {
            Ok(field) => match (field.number, field.value) {
                (node::NAME, Value::Bytes(name)) => named = name.len() > 0,
                (node::OPERATOR, Value::Bytes(name)) => {
                    let name = name.text().unwrap_or_default();
                    let is_part = |b: &u8| b.is_ascii_alphanumeric() || b"_>.-".contains(b);
                    operator = !name.is_empty() && name.as_bytes().iter().all(is_part);
                }
                _ => {}
            },
            Err(_) => return false,
        }
    }
    named && operator
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let protobuf = Protobuf::new(window);
    let root = protobuf.root()?;
    match beside(reading.name.as_bytes()) {
        Some(Beside::Fingerprint) => {
            return root
                .fields(&FINGERPRINT)
                .try_for_each(|field| field.map(|_| ()));
        }
        Some(Beside::Layers) => return layers::read(root, reading),
        None => {}
    }
    read_as(kind(root, true), root, reading)
}

/// Reads a message of a kind.
fn read_as(
    kind: Option<Kind>,
    root: Message<'_>,
    reading: &mut Reading<'_>,
) -> Result<(), ReadError> {
    let mut walk = Walk::new(reading);
    let mut files = Vec::new();
    // What is none of them has the name of one: a graph says best how it breaks.
    let result = match kind {
        Some(Kind::SavedModel) => read_saved(root, &mut walk, &mut files, reading),
        Some(Kind::MetaGraph) => {
            let result = read_parts(root, &mut walk, &mut files, reading);
            // Who imports it on its own gives no paths of assets.
            walk.model.assets.clear();
            result.and(walk.finish_graph())
        }
        Some(Kind::Graph) => walk.graph(root).and(walk.finish_graph()),
        // A tensor on its own runs nothing: those of ONNX's tests have this name.
        None if is_tensor(root) => onnx::read_tensor(root, reading),
        None => {
            let result = walk.graph(root).and(walk.finish_graph());
            result.and(Err(missing(&GRAPH, graph_def::NODES)))
        }
    };
    walk.record(reading);
    for path in files {
        let role = FileRole::Asset;
        reading.record(Fact::FileReference(Box::new(FileReference::new(
            role, path,
        ))));
    }
    result
}

fn read_saved<'p>(
    root: Message<'p>,
    walk: &mut Walk<'p>,
    files: &mut Vec<Text>,
    reading: &mut Reading<'_>,
) -> Result<(), ReadError> {
    for field in root.fields(&SAVED_MODEL) {
        let field = field?;
        if let (saved_model::META_GRAPHS, Value::Bytes(of)) = (field.number, field.value) {
            read_meta(of, walk, files, reading)?;
        }
    }
    Ok(())
}

fn read_meta<'p>(
    message: Message<'p>,
    walk: &mut Walk<'p>,
    files: &mut Vec<Text>,
    reading: &mut Reading<'_>,
) -> Result<(), ReadError> {
    let result = read_parts(message, walk, files, reading);
    // What was found before it breaks counts.
    result.and(walk.finish_graph())
}

fn read_parts<'p>(
    message: Message<'p>,
    walk: &mut Walk<'p>,
    files: &mut Vec<Text>,
    reading: &mut Reading<'_>,
) -> Result<(), ReadError> {
    let (mut has_assets, mut old_assets) = (false, Vec::new());
    for field in message.fields(&META_GRAPH) {
        let field = field?;
        let Value::Bytes(inner) = field.value else {
            continue;
        };
        has_assets |= field.number == meta_graph::ASSETS;
        match field.number {
            meta_graph::GRAPH => walk.graph(inner)?,
            meta_graph::SAVER => walk.model.saver = read_saver(inner)?,
            meta_graph::SIGNATURES => read_signature(inner, &mut walk.model.outputs)?,
            meta_graph::ASSETS => read_asset(inner, walk, files)?,
            meta_graph::COLLECTIONS => read_collection(inner, &mut old_assets)?,
            meta_graph::OBJECTS => read_objects(inner, walk, reading)?,
            _ => {}
        }
    }
    if !has_assets {
        for asset in old_assets {
            read_asset(asset, walk, files)?;
        }
    }
    Ok(())
}

/// Reads the assets that TensorFlow 1 keeps in a collection: loaders take them if the graph says no others.
fn read_collection<'p>(
    message: Message<'p>,
    assets: &mut Vec<Message<'p>>,
) -> Result<(), ReadError> {
    let mut key = Text::default();
    for field in message.fields(&ENTRY) {
        let field = field?;
        if let (entry::KEY, Value::Bytes(of)) = (field.number, field.value) {
            key = of.text()?;
        }
    }
    let Some(collection) = value_of(message)?.filter(|_| key.as_bytes() == ASSETS) else {
        return Ok(());
    };
    // Of what stands twice, parsers take the last.
    assets.clear();
    for field in collection.fields(&COLLECTION) {
        let field = field?;
        assets.clear();
        let (collection::ANY, Value::Bytes(list)) = (field.number, field.value) else {
            continue;
        };
        for field in list.fields(&ANY_LIST) {
            let field = field?;
            let (any_list::VALUES, Value::Bytes(of)) = (field.number, field.value) else {
                continue;
            };
            let (mut is_asset, mut value) = (false, None);
            for field in of.fields(&ANY) {
                let field = field?;
                match (field.number, field.value) {
                    (any::TYPE, Value::Bytes(of)) => {
                        is_asset = of.text()?.as_bytes().ends_with(ASSET_TYPE);
                    }
                    (any::VALUE, Value::Bytes(of)) => value = Some(of),
                    _ => {}
                }
            }
            if assets.len() < limits::OPERATORS {
                assets.extend(value.filter(|_| is_asset));
            }
        }
    }
    Ok(())
}

/// The collection of TensorFlow 1 with the assets of a model, and the type of what is in it.
const ASSETS: &[u8] = b"saved_model_assets";
const ASSET_TYPE: &[u8] = b"/tensorflow.AssetFileDef";

fn read_saver(message: Message<'_>) -> Result<Saver, ReadError> {
    let mut read = Saver::default();
    for field in message.fields(&SAVER) {
        let field = field?;
        let Value::Bytes(inner) = field.value else {
            continue;
        };
        match field.number {
            saver::FILENAME => read.filename = base(&inner.text()?),
            saver::SAVE => read.save = base(&inner.text()?),
            saver::RESTORE => read.restore = base(&inner.text()?),
            _ => {}
        }
    }
    Ok(read)
}

/// Reads which nodes a signature serves.
fn read_signature(message: Message<'_>, outputs: &mut Vec<Text>) -> Result<(), ReadError> {
    let Some(signature) = value_of(message)? else {
        return Ok(());
    };
    for field in signature.fields(&SIGNATURE_DEF) {
        let field = field?;
        if let (signature_def::OUTPUTS, Value::Bytes(entry)) = (field.number, field.value)
            && let Some(info) = value_of(entry)?
        {
            for field in info.any_fields() {
                let field = field?;
                if let (tensor_info::NAME, Value::Bytes(name)) = (field.number, field.value) {
                    outputs.push(base(&name.text()?));
                }
            }
        }
    }
    Ok(())
}

/// The value of an entry of a mapping.
fn value_of(message: Message<'_>) -> Result<Option<Message<'_>>, ReadError> {
    let mut value = None;
    for field in message.fields(&ENTRY) {
        let field = field?;
        if field.number == entry::VALUE {
            value = field.value.bytes();
        }
    }
    Ok(value)
}

fn read_asset<'p>(
    message: Message<'p>,
    walk: &mut Walk<'p>,
    files: &mut Vec<Text>,
) -> Result<(), ReadError> {
    for field in message.fields(&ASSET) {
        let field = field?;
        match (field.number, field.value) {
            (asset::FILENAME, Value::Bytes(of)) => {
                let path = of.text()?;
                if !files.contains(&path) && files.len() < limits::OPERATORS {
                    files.push(path);
                }
            }
            (asset::TENSOR, Value::Bytes(of)) => {
                for field in of.fields(&TENSOR_INFO) {
                    let field = field?;
                    if let (tensor_info::NAME, Value::Bytes(name)) = (field.number, field.value) {
                        walk.model.assets.insert(base(&name.text()?));
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Reads which functions a program can call, and what is bound to them.
fn read_objects(
    message: Message<'_>,
    walk: &mut Walk<'_>,
    reading: &mut Reading<'_>,
) -> Result<(), ReadError> {
    // Whether an object is an asset, a variable or a resource.
    let mut kinds = Vec::new();
    let mut bound: Vec<(Text, Vec<u64>)> = Vec::new();
    let mut left = limits::BOUND_INPUTS;
    for field in message.fields(&OBJECTS) {
        let field = field?;
        match (field.number, field.value) {
            (objects::NODES, Value::Bytes(of)) => {
                let mut is_own = false;
                for field in of.fields(&OBJECT) {
                    let field = field?;
                    is_own |= matches!(
                        field.number,
                        object::ASSET | object::VARIABLE | object::RESOURCE
                    );
                    if let (object::USER, Value::Bytes(of)) = (field.number, field.value) {
                        layers::read_object(of, reading)?;
                    }
                }
                kinds.push(is_own);
            }
            (objects::FUNCTIONS, Value::Bytes(of)) => {
                let read = read_bound(of, left)?;
                left = left.saturating_sub(read.1.len());
                bound.push(read);
            }
            _ => {}
        }
    }
    for (name, objects) in bound {
        let is_own = |number: u64| kinds.get(narrow(number)).copied().unwrap_or(false);
        let all = objects.into_iter().all(is_own);
        walk.model.exposed.insert(name, all);
    }
    Ok(())
}

/// Reads the name of a function and the objects that are bound to it.
fn read_bound(message: Message<'_>, most: usize) -> Result<(Text, Vec<u64>), ReadError> {
    let (mut name, mut objects) = (Text::default(), Vec::new());
    for field in message.fields(&ENTRY) {
        let field = field?;
        match (field.number, field.value) {
            (entry::KEY, Value::Bytes(of)) => name = of.text()?,
            (entry::VALUE, Value::Bytes(of)) => {
                for field in of.fields(&CONCRETE_FUNCTION) {
                    let field = field?;
                    match (field.number, field.value) {
                        (concrete_function::BOUND, Value::Number(number)) => objects.push(number),
                        (concrete_function::BOUND, Value::Bytes(packed)) => {
                            objects.extend(packed.numbers(most)?);
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Ok((name, objects))
}
