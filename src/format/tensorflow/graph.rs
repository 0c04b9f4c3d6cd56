//! What the graphs and functions of TensorFlow name.

use rustc_hash::FxHashSet;

use super::{
    constants::constant,
    paths::{Model, Part, Paths, WithPath},
    schema::{
        ARGUMENT, ENTRY, FUNCTION, GRAPH, LIBRARY, LIST, NAMED, NODE, SIGNATURE, VALUE, argument,
        entry, function, graph, library, list, named, node, signature, value,
    },
};
use crate::{
    bytes::ReadError,
    fact::{Hop, Native, Place, Site, Tensor, Text},
    format::{
        Reading,
        operators::Names,
        protobuf::{Message, Value},
    },
    limits,
};

/// Operators that a loader gives paths of the model's own files.
const LOADERS: &[&[u8]] = &[
    b"InitializeTableFromTextFile",
    b"InitializeTableFromTextFileV2",
    b"MergeV2Checkpoints",
    b"Restore",
    b"RestoreSlice",
    b"RestoreV2",
    b"Save",
    b"SaveSlices",
    b"SaveV2",
];

/// A walk through the graphs of one file.
#[derive(Debug)]
pub(super) struct Walk<'p> {
    site: Site,
    names: Names,
    /// Functions of all graphs, by their names.
    functions: FxHashSet<Text>,
    /// The graph that is being read.
    pub(super) model: Model<'p>,
    /// What a listing says of constants, if one is kept.
    constants: Option<Vec<Tensor>>,
}

impl<'p> Walk<'p> {
    pub(super) fn new(reading: &Reading<'_>) -> Self {
        Self {
            site: reading.recorder.site(Place::Whole),
            names: Names::default(),
            functions: FxHashSet::default(),
            model: Model::default(),
            constants: reading.recorder.keeps_tensors().then(Vec::new),
        }
    }

    /// Records what was found.
    pub(super) fn record(mut self, reading: &mut Reading<'_>) {
        let functions = self.functions;
        self.names.retain(|native| {
            native.reach().is_some()
                || !matches!(native, Native::GraphOperator { name, .. } if functions.contains(name))
        });
        self.names.record(reading);
        if let Some(constants) = self.constants.filter(|of| !of.is_empty()) {
            reading.recorder.list_tensors(|| constants);
        }
    }

    /// Ends a graph: operators that get paths are named by whether a loader gives them.
    pub(super) fn finish_graph(&mut self) -> Result<(), ReadError> {
        let model = std::mem::take(&mut self.model);
        let functions = model.parts.iter().map(|part| part.name.clone());
        self.functions.extend(functions);
        let paths = Paths::read(&model);
        for use_ in &model.with_paths {
            let operator = &use_.operator;
            let whose = if operator.as_bytes().starts_with(b"Initialize") {
                &b"[asset]"[..]
            } else {
                b"[saver]"
            };
            let is_loader = paths.as_ref().is_ok_and(|paths| paths.is_of_loader(use_));
            let operator = if is_loader {
                Text::from([operator.as_bytes(), whose].concat())
            } else {
                operator.clone()
            };
            let native = Native::of_tensorflow(operator);
            let part = model.name_of(use_.part);
            add(&mut self.names, &self.site, native, part, &use_.node);
        }
        paths.map(|_| ())
    }

    pub(super) fn graph(&mut self, message: Message<'p>) -> Result<(), ReadError> {
        let top = self.model.add(Part::graph(message));
        for field in message.fields(&GRAPH) {
            let field = field?;
            let Value::Bytes(inner) = field.value else {
                continue;
            };
            match field.number {
                graph::NODES => self.node(inner, top)?,
                graph::LIBRARY => {
                    for field in inner.fields(&LIBRARY) {
                        let field = field?;
                        if let (library::FUNCTIONS, Value::Bytes(of)) = (field.number, field.value)
                        {
                            self.function(of)?;
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn function(&mut self, message: Message<'p>) -> Result<(), ReadError> {
        let mut part = Part::function(message);
        for field in message.fields(&FUNCTION) {
            let field = field?;
            if let (function::SIGNATURE, Value::Bytes(of)) = (field.number, field.value) {
                read_signature(of, &mut part)?;
                break;
            }
        }
        let part = self.model.add(part);
        for field in message.fields(&FUNCTION) {
            let field = field?;
            if let (function::NODES, Value::Bytes(of)) = (field.number, field.value) {
                self.node(of, part)?;
            }
        }
        Ok(())
    }

    fn node(&mut self, message: Message<'p>, part: usize) -> Result<(), ReadError> {
        let (mut name, mut operator) = (Text::default(), Text::default());
        let (mut called, mut output) = (Vec::new(), None);
        for field in message.fields(&NODE) {
            let field = field?;
            let Value::Bytes(inner) = field.value else {
                continue;
            };
            match field.number {
                node::NAME => name = inner.text()?,
                node::OPERATOR => operator = inner.text()?,
                node::ATTRIBUTES => {
                    if let Some(stream) = attribute(inner, &mut called)? {
                        output = Some(stream);
                    }
                }
                _ => {}
            }
        }
        if operator.as_bytes() == b"Const"
            && let Some(constants) = &mut self.constants
            && constants.len() < limits::TENSORS_LISTED
        {
            // What is wrong with a constant, TensorFlow says when it runs.
            constants.extend(constant(message, &name).unwrap_or_default());
        }
        for function in called {
            self.model.call(function, part, &name);
        }
        if LOADERS.contains(&operator.as_bytes()) {
            self.model.with_paths.push(WithPath {
                part,
                operator,
                node: name,
            });
            return Ok(());
        }
        let operator = opening(operator, output);
        let native = Native::of_tensorflow(operator);
        if let Native::GraphOperator { name: operator, .. } = &native
            && native.is_custom()
        {
            // It may be a function.
            self.model.call(operator.clone(), part, &name);
        }
        let part = self.model.name_of(part);
        add(&mut self.names, &self.site, native, part, &name);
        Ok(())
    }
}

fn add(names: &mut Names, outer: &Site, native: Native, part: &Text, node: &Text) {
    names.add(native, || {
        let mut site = outer.clone();
        let hops = [part, node].into_iter().filter(|of| !of.is_empty());
        site.hops.extend(hops.map(|of| Hop::Member {
            name: of.clone(),
            copy: 0,
        }));
        (site, None)
    });
}

/// Attributes with what an operator opens: where a print goes, and the file of a constant.
const OPENED: &[&[u8]] = &[b"output_stream", b"memory_region_name"];

/// Adds the functions that an attribute names, and returns what the operator opens, if it says that.
pub(super) fn attribute(
    message: Message<'_>,
    called: &mut Vec<Text>,
) -> Result<Option<Text>, ReadError> {
    let (mut key, mut read) = (Text::default(), None);
    for field in message.fields(&ENTRY) {
        let field = field?;
        match (field.number, field.value) {
            (entry::KEY, Value::Bytes(of)) => key = of.text()?,
            (entry::VALUE, Value::Bytes(of)) => read = Some(of),
            _ => {}
        }
    }
    let is_output = OPENED.contains(&key.as_bytes());
    let Some(message) = read else { return Ok(None) };
    let mut output = None;
    for field in message.fields(&VALUE) {
        let field = field?;
        let Value::Bytes(inner) = field.value else {
            continue;
        };
        match field.number {
            value::FUNCTION => named(inner, called)?,
            value::LIST => {
                for field in inner.fields(&LIST) {
                    let field = field?;
                    if let (list::FUNCTIONS, Value::Bytes(of)) = (field.number, field.value) {
                        named(of, called)?;
                    }
                }
            }
            value::TEXT if is_output => output = Some(inner.text()?),
            value::PLACEHOLDER if is_output => output = Some(Text::from("?")),
            _ => {}
        }
    }
    Ok(output)
}

/// Adds a function that an attribute names, and those that its own attributes name.
fn named(message: Message<'_>, called: &mut Vec<Text>) -> Result<(), ReadError> {
    for field in message.fields(&NAMED) {
        let field = field?;
        match (field.number, field.value) {
            (named::NAME, Value::Bytes(of)) => called.push(of.text()?),
            (named::ATTRIBUTES, Value::Bytes(of)) => {
                attribute(of, called)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Reads the name of a function and those of its arguments.
fn read_signature(message: Message<'_>, part: &mut Part<'_>) -> Result<(), ReadError> {
    for field in message.fields(&SIGNATURE) {
        let field = field?;
        match (field.number, field.value) {
            (signature::NAME, Value::Bytes(of)) => part.name = of.text()?,
            (signature::INPUTS, Value::Bytes(of)) => {
                let mut name = Text::default();
                for field in of.fields(&ARGUMENT) {
                    let field = field?;
                    if let (argument::NAME, Value::Bytes(of)) = (field.number, field.value) {
                        name = of.text()?;
                    }
                }
                part.arguments.push(name);
            }
            _ => {}
        }
    }
    Ok(())
}

/// An operator with the file that an attribute has it open.
pub(super) fn opening(operator: Text, opened: Option<Text>) -> Text {
    match (operator.as_bytes(), opened) {
        (b"PrintV2", Some(to)) => printed_to(&to),
        // A part of the file that the graph itself is in.
        (b"ImmutableConst", Some(of)) if !of.as_bytes().starts_with(MAPPED) => {
            Text::from([b"ImmutableConst[", of.as_bytes(), b"]"].concat())
        }
        _ => operator,
    }
}

/// What begins the name of a part of a file whose constants are mapped to memory.
const MAPPED: &[u8] = b"memmapped_package://";

/// A print to anything but the streams of the process is named with what it writes to.
fn printed_to(to: &Text) -> Text {
    match to.as_bytes() {
        b"" | b"stdout" | b"stderr" | b"log(info)" | b"log(warning)" | b"log(error)" => {
            Text::from("PrintV2")
        }
        to => Text::from([b"PrintV2[", to, b"]"].concat()),
    }
}
