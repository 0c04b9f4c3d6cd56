//! Core ML: a model for Apple's frameworks, as a protobuf message.
//!
//! Follows the messages of coremltools. Layers of a network are numbers, operators of a program have names; both may name a class of the
//! application. Weights are passed over; those of a program are in a file of the package, which is data.

mod schema;

use indexmap::IndexSet;

use self::schema::{
    ARGUMENT, BINDING, BLOCK, BRANCH, CUSTOM, ENTRY, FILE, FUNCTION, IMMEDIATE, KINDS, LAYER,
    LINKED, LINKED_FILE, LOOP, MODEL, NAMED_TYPE, NETWORK, OPERATION, PARAMETER, PIPELINE,
    PIPELINE_OF, PROGRAM, SERIALIZED, TENSOR, VALUE, VALUES, argument, binding, block, branch,
    custom, entry, file, function, immediate, layer, linked, linked_file, loop_, model, named_type,
    network, operation, parameter, pipeline, pipeline_of, program, serialized, tensor, value,
    values,
};
use super::{
    Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix,
    operators::Names,
    protobuf::{Message, Protobuf, Schema, Value, missing},
};
use crate::{
    bytes::{ReadError, Window},
    fact::{Fact, FileReference, FileRole, Hop, Native, Place, Runtime, Site, Text},
    limits,
};

/// Messages with the fields of a model of Core ML.
pub static FORMAT: Format = Format {
    id: "coreml",
    title: "Core ML model",
    doc: DOC,
    suffixes: &[Suffix::own("mlmodel")],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

A model for Apple's frameworks, as coremltools writes it: a protobuf message (`.mlmodel`), alone or in a package (`.mlpackage`), a folder with a
`Manifest.json`, the message and a file with the weights.

## What loading it does

Core ML compiles it and runs its layers or the operators of its program. A custom layer, operator or model names a class of the application, which
then runs with what the model gives it. A linked model is another file, which is loaded as well.

## How it is recognised

By its fields, under any name: a version, a description and one kind of model.

## What is checked

Pipelines, networks and programs, to any depth: `custom-operator` reports the classes that custom layers, operators and models name, operators of
a program that no release of coremltools knows, and models in a form of Apple's own (`serializedModel`), which is not read. Files with weights, linked models
and what a `Manifest.json` lists lie in the folder of the model. Fields that a message does not have or has twice break it. Weights are not
read.

## What to prefer

The weights as safetensors, converted where they are deployed.
";

/// The newest version of the format is below twenty.
const MOST_VERSION: u64 = 1_000;
/// What stands for the folder of a model in the path of its weights.
const FOLDER: &[u8] = b"@model_path/";

fn probe(head: &Head<'_>) -> Certainty {
    let protobuf = Protobuf::new(head.window);
    let is_model = is_model(protobuf.front(), head.window.known_len().is_some());
    if is_model {
        Certainty::Sure
    } else {
        let is_named = FORMAT.suffix_of(head.name).is_some();
        Certainty::maybe_if(is_named && !head.front.is_empty())
    }
}

/// Whether a message has a version, a description and a kind. Fields that no model has are skipped here, as parsers do, and break it when it is read.
fn is_model(message: Message<'_>, to_end: bool) -> bool {
    let (mut versioned, mut described, mut kind) = (false, false, false);
    for field in message.any_fields() {
        match field {
            Ok(field) => match (field.number, field.value) {
                (1, Value::Number(version)) => versioned = version <= MOST_VERSION,
                (model::DESCRIPTION, Value::Bytes(_)) => described = true,
                (number, Value::Bytes(_)) => {
                    kind |= number >= KINDS && MODEL.fields.iter().any(|rule| rule.0 == number);
                }
                _ => {}
            },
            Err(_) => return false,
        }
        // Content of unknown length is not read to its end for this.
        if versioned && described && kind && !to_end {
            break;
        }
    }
    versioned && described && kind
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let protobuf = Protobuf::new(window);
    let mut walk = Walk {
        site: reading.recorder.site(Place::Whole),
        names: Names::default(),
        files: IndexSet::new(),
    };
    let result = protobuf.root().and_then(|root| walk.model(root));
    walk.names.record(reading);
    for (role, path) in walk.files {
        reading.record(Fact::FileReference(Box::new(FileReference::new(
            role, path,
        ))));
    }
    result
}

/// A walk through a model.
struct Walk {
    site: Site,
    names: Names,
    files: IndexSet<(FileRole, Text)>,
}

impl Walk {
    fn add(&mut self, native: Native, name: &Text) {
        let outer = &self.site;
        self.names.add(native, || {
            let mut site = outer.clone();
            if !name.is_empty() {
                let name = name.clone();
                site.hops.push(Hop::Member { name, copy: 0 });
            }
            (site, None)
        });
    }

    /// A class of the application, by what it stands for.
    fn class(&mut self, what: &str, class: &Text, name: &Text) {
        let whole = [what.as_bytes(), b"[", class.as_bytes(), b"]"].concat();
        self.add(operator(Text::from(whole)), name);
    }

    fn file(&mut self, role: FileRole, path: Text) -> Result<(), ReadError> {
        if self.files.len() >= limits::OPERATORS {
            return Err(ReadError::Limit(limits::Id::OPERATORS));
        }
        self.files.insert((role, path));
        Ok(())
    }

    fn model(&mut self, message: Message<'_>) -> Result<(), ReadError> {
        let mut has_kind = false;
        for field in message.fields(&MODEL) {
            let field = field?;
            has_kind |= field.number >= KINDS;
            let Value::Bytes(inner) = field.value else {
                continue;
            };
            match field.number {
                model::PIPELINE => self.pipeline(inner)?,
                model::PIPELINE_CLASSIFIER | model::PIPELINE_REGRESSOR => {
                    let each = |of: &mut Self, inner| of.pipeline(inner);
                    self.each(inner, &PIPELINE_OF, pipeline_of::PIPELINE, each)?;
                }
                model::NETWORK | model::NETWORK_CLASSIFIER | model::NETWORK_REGRESSOR => {
                    self.network(inner)?;
                }
                model::PROGRAM => self.program(inner)?,
                model::CUSTOM => {
                    let class = text_of(inner, &CUSTOM, custom::CLASS)?;
                    self.class("customModel", &class, &Text::default());
                }
                model::LINKED => {
                    let each = |of: &mut Self, inner| of.linked(inner);
                    self.each(inner, &LINKED, linked::FILE, each)?;
                }
                model::SERIALIZED => {
                    let form = text_of(inner, &SERIALIZED, serialized::IDENTIFIER)?;
                    let name = [b"serializedModel[", form.as_bytes(), b"]"].concat();
                    self.add(Native::Delegate(Text::from(name)), &Text::default());
                }
                _ => {}
            }
        }
        if has_kind {
            return Ok(());
        }
        Err(missing(&MODEL, model::NETWORK))
    }

    /// Calls a function with each message in a field.
    fn each<'p>(
        &mut self,
        message: Message<'p>,
        schema: &'static Schema,
        number: u32,
        mut call: impl FnMut(&mut Self, Message<'p>) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        for field in message.fields(schema) {
            let field = field?;
            if let Value::Bytes(inner) = field.value
                && field.number == number
            {
                call(self, inner)?;
            }
        }
        Ok(())
    }

    fn pipeline(&mut self, message: Message<'_>) -> Result<(), ReadError> {
        self.each(message, &PIPELINE, pipeline::MODELS, Self::model)
    }

    fn linked(&mut self, message: Message<'_>) -> Result<(), ReadError> {
        for field in message.fields(&LINKED_FILE) {
            let field = field?;
            let (linked_file::NAME | linked_file::PATHS, Value::Bytes(inner)) =
                (field.number, field.value)
            else {
                continue;
            };
            let path = text_of(inner, &PARAMETER, parameter::DEFAULT)?;
            if !path.is_empty() {
                self.file(FileRole::Model, path)?;
            }
        }
        Ok(())
    }

    fn network(&mut self, message: Message<'_>) -> Result<(), ReadError> {
        self.each(message, &NETWORK, network::LAYERS, Self::layer)
    }

    fn layer(&mut self, message: Message<'_>) -> Result<(), ReadError> {
        let mut name = Text::default();
        for field in message.fields(&LAYER) {
            let field = field?;
            let Value::Bytes(inner) = field.value else {
                continue;
            };
            match field.number {
                layer::NAME => name = inner.text()?,
                layer::CUSTOM => {
                    let class = text_of(inner, &CUSTOM, custom::CLASS)?;
                    self.class("customLayer", &class, &name);
                }
                layer::BRANCH => {
                    self.each(inner, &BRANCH, branch::THEN, Self::network)?;
                    self.each(inner, &BRANCH, branch::OTHERWISE, Self::network)?;
                }
                layer::LOOP => {
                    self.each(inner, &LOOP, loop_::CONDITION, Self::network)?;
                    self.each(inner, &LOOP, loop_::BODY, Self::network)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn program(&mut self, message: Message<'_>) -> Result<(), ReadError> {
        for field in message.fields(&PROGRAM) {
            let field = field?;
            match (field.number, field.value) {
                (program::FUNCTIONS, Value::Bytes(of)) => {
                    self.each(of, &ENTRY, entry::VALUE, Self::function)?;
                }
                (program::ATTRIBUTES, Value::Bytes(of)) => self.attribute(of)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn function(&mut self, message: Message<'_>) -> Result<(), ReadError> {
        for field in message.fields(&FUNCTION) {
            let field = field?;
            match (field.number, field.value) {
                (function::BLOCKS, Value::Bytes(of)) => {
                    self.each(of, &ENTRY, entry::VALUE, Self::block)?;
                }
                (function::ATTRIBUTES, Value::Bytes(of)) => self.attribute(of)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn block(&mut self, message: Message<'_>) -> Result<(), ReadError> {
        for field in message.fields(&BLOCK) {
            let field = field?;
            match (field.number, field.value) {
                (block::OPERATIONS, Value::Bytes(of)) => self.operation(of)?,
                (block::ATTRIBUTES, Value::Bytes(of)) => self.attribute(of)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn operation(&mut self, message: Message<'_>) -> Result<(), ReadError> {
        let (mut kind, mut name, mut class) = (Text::default(), Text::default(), Text::default());
        for field in message.fields(&OPERATION) {
            let field = field?;
            let Value::Bytes(inner) = field.value else {
                continue;
            };
            match field.number {
                operation::TYPE => kind = inner.text()?,
                operation::INPUTS => {
                    let each = |of: &mut Self, argument| {
                        let each = |of: &mut Self, inner| {
                            of.each(inner, &BINDING, binding::VALUE, Self::value)
                        };
                        of.each(argument, &ARGUMENT, argument::BINDINGS, each)
                    };
                    self.each(inner, &ENTRY, entry::VALUE, each)?;
                }
                operation::OUTPUTS if name.is_empty() => {
                    name = text_of(inner, &NAMED_TYPE, named_type::NAME)?;
                }
                operation::BLOCKS => self.block(inner)?,
                operation::ATTRIBUTES => {
                    self.attribute(inner)?;
                    if text_of(inner, &ENTRY, entry::KEY)?.as_bytes() == b"class_name" {
                        class = class_of(inner)?;
                    }
                }
                _ => {}
            }
        }
        if kind.as_bytes() == b"custom_layer" {
            self.class("custom_layer", &class, &name);
        } else {
            self.add(operator(kind), &name);
        }
        Ok(())
    }

    fn attribute(&mut self, message: Message<'_>) -> Result<(), ReadError> {
        self.each(message, &ENTRY, entry::VALUE, Self::value)
    }

    fn value(&mut self, message: Message<'_>) -> Result<(), ReadError> {
        for field in message.fields(&VALUE) {
            let field = field?;
            match (field.number, field.value) {
                (value::FILE, Value::Bytes(of)) => {
                    let path = text_of(of, &FILE, file::NAME)?;
                    let bytes = path.as_bytes();
                    let path = Text::new(bytes.strip_prefix(FOLDER).unwrap_or(bytes));
                    self.file(FileRole::Weights, path)?;
                }
                (value::IMMEDIATE, Value::Bytes(of)) => self.immediate(of)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Values may be in lists, tuples and dictionaries of values.
    fn immediate(&mut self, message: Message<'_>) -> Result<(), ReadError> {
        for field in message.fields(&IMMEDIATE) {
            let field = field?;
            match (field.number, field.value) {
                (immediate::TUPLE | immediate::LIST, Value::Bytes(of)) => {
                    self.each(of, &VALUES, values::VALUES, Self::value)?;
                }
                (immediate::DICTIONARY, Value::Bytes(of)) => {
                    let each = |of: &mut Self, pair: Message<'_>| {
                        of.each(pair, &ENTRY, entry::KEY, Self::value)?;
                        of.each(pair, &ENTRY, entry::VALUE, Self::value)
                    };
                    self.each(of, &VALUES, values::VALUES, each)?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn operator(name: Text) -> Native {
    let runtime = Runtime::CoreMl;
    Native::GraphOperator { runtime, name }
}

/// The text in a field of a message; empty if it has none.
fn text_of(message: Message<'_>, schema: &'static Schema, number: u32) -> Result<Text, ReadError> {
    let mut text = Text::default();
    for field in message.fields(schema) {
        let field = field?;
        if let Value::Bytes(of) = field.value
            && field.number == number
        {
            text = of.text()?;
        }
    }
    Ok(text)
}

/// The text that is the value of an attribute: a tensor of one.
fn class_of(attribute: Message<'_>) -> Result<Text, ReadError> {
    let mut at = attribute;
    let path: [(&'static Schema, u32); 4] = [
        (&ENTRY, entry::VALUE),
        (&VALUE, value::IMMEDIATE),
        (&IMMEDIATE, immediate::TENSOR),
        (&TENSOR, tensor::TEXTS),
    ];
    for (schema, number) in path {
        let mut inner = None;
        for field in at.fields(schema) {
            let field = field?;
            if field.number == number {
                inner = field.value.bytes();
            }
        }
        match inner {
            Some(message) => at = message,
            None => return Ok(Text::from("?")),
        }
    }
    text_of(at, &VALUES, values::VALUES)
}
