//! What the graphs and functions of a model name.

use indexmap::IndexMap;
use rustc_hash::FxHashSet;

use super::{
    schema::{
        ATTRIBUTE, FUNCTION, GRAPH, MODEL, NODE, SPARSE_TENSOR, TRAINING, attribute, function,
        graph, model, node, sparse_tensor, training,
    },
    tensor::Tensor,
};
use crate::{
    bytes::ReadError,
    fact::{
        Fact, FileReference, FileRole, Hop, Malformed, Native, Place, Runtime, Site,
        Tensor as Listed, Text,
    },
    format::{
        Reading,
        operators::Names,
        protobuf::{Message, Value, missing, unknown},
    },
    limits,
};

/// The domain of operators that name none.
const STANDARD: &[u8] = b"ai.onnx";
/// Operators that hand a payload in a form of its own to an accelerator.
const COMPILED: &[(&[u8], &[u8])] = &[
    (b"com.microsoft", b"EPContext"),
    (b"com.microsoft", b"Snpe"),
];

/// A walk through a model.
#[derive(Debug)]
pub(super) struct Walk {
    /// Where the model is.
    site: Site,
    names: Names,
    /// Functions that the model brings, as their nodes name them.
    functions: FxHashSet<Text>,
    /// Other files that it names, where first, and how far they are read.
    files: IndexMap<Text, (Place, u64)>,
    /// What a listing says of tensors, if one is kept.
    tensors: Option<Vec<Listed>>,
    /// What is wrong with the first tensor with which something is.
    fault: Option<(Malformed, Place)>,
    /// Whether messages stand in the file as they are read.
    is_binary: bool,
}

impl Walk {
    pub(super) fn new(reading: &Reading<'_>) -> Self {
        Self {
            site: reading.recorder.site(Place::Whole),
            names: Names::default(),
            functions: FxHashSet::default(),
            files: IndexMap::new(),
            tensors: reading.recorder.keeps_tensors().then(Vec::new),
            fault: None,
            is_binary: true,
        }
    }

    /// For messages that were rewritten: they have no place in the file.
    pub(super) fn of_text(reading: &Reading<'_>) -> Self {
        let is_binary = false;
        Self {
            is_binary,
            ..Self::new(reading)
        }
    }

    /// Records what was found.
    pub(super) fn record(
        mut self,
        reading: &mut Reading<'_>,
        result: Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let functions = self.functions;
        // Whether a function or what is registered runs is the runtime's to decide, so what reaches further is named all the same.
        self.names.retain(|native| {
            native.reach().is_some()
                || !matches!(native, Native::GraphOperator { name, .. } if functions.contains(name))
        });
        self.names.record(reading);
        if let Some(tensors) = self.tensors {
            reading.recorder.list_tensors(|| tensors);
        }
        for (path, (place, end)) in self.files {
            let reference = FileReference {
                end,
                ..FileReference::new(FileRole::Weights, path)
            };
            reading.record_at(Fact::FileReference(Box::new(reference)), place, None);
        }
        if let Some((fault, place)) = self.fault {
            reading.record_at(Fact::Unread(fault.into()), place, None);
        }
        result
    }

    pub(super) fn model(&mut self, message: Message<'_>) -> Result<(), ReadError> {
        let mut has_graph = false;
        for field in message.fields(&MODEL) {
            let field = field?;
            has_graph |= field.number == model::GRAPH;
            let Value::Bytes(inner) = field.value else {
                continue;
            };
            match field.number {
                // A saved model of TensorFlow has its graphs where a model says who made it.
                model::PRODUCER | model::PRODUCER_VERSION | model::DOMAIN
                    if !is_printable(&inner.text()?) =>
                {
                    return Err(unknown(&MODEL, field.number));
                }
                model::GRAPH => self.graph(inner)?,
                model::FUNCTIONS => self.function(inner)?,
                model::TRAINING => {
                    for field in inner.fields(&TRAINING) {
                        let field = field?;
                        if let (
                            training::INITIALIZATION | training::ALGORITHM,
                            Value::Bytes(graph),
                        ) = (field.number, field.value)
                        {
                            self.graph(graph)?;
                        }
                    }
                }
                _ => {}
            }
        }
        if has_graph {
            return Ok(());
        }
        Err(missing(&MODEL, model::GRAPH))
    }

    fn function(&mut self, message: Message<'_>) -> Result<(), ReadError> {
        let (mut domain, mut name, mut overload) =
            (Text::default(), Text::default(), Text::default());
        for field in message.fields(&FUNCTION) {
            let field = field?;
            let Value::Bytes(inner) = field.value else {
                continue;
            };
            match field.number {
                function::NAME => name = inner.text()?,
                function::DOMAIN => domain = inner.text()?,
                function::OVERLOAD => overload = inner.text()?,
                function::NODES => self.node(inner)?,
                function::ATTRIBUTES => self.attribute(inner)?,
                _ => {}
            }
        }
        let name = overloaded(name, &overload);
        self.functions.insert(qualified(&domain, &name));
        Ok(())
    }

    fn graph(&mut self, message: Message<'_>) -> Result<(), ReadError> {
        for field in message.fields(&GRAPH) {
            let field = field?;
            let Value::Bytes(inner) = field.value else {
                continue;
            };
            match field.number {
                graph::NODES => self.node(inner)?,
                graph::INITIALIZERS => self.tensor(inner)?,
                graph::SPARSE_INITIALIZERS => self.sparse_tensor(inner)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn node(&mut self, message: Message<'_>) -> Result<(), ReadError> {
        let (mut domain, mut operator, mut name) =
            (Text::default(), Text::default(), Text::default());
        let mut overload = Text::default();
        for field in message.fields(&NODE) {
            let field = field?;
            let Value::Bytes(inner) = field.value else {
                continue;
            };
            match field.number {
                node::NAME => name = inner.text()?,
                node::OP_TYPE => operator = inner.text()?,
                node::DOMAIN => domain = inner.text()?,
                node::OVERLOAD => overload = inner.text()?,
                node::ATTRIBUTES => self.attribute(inner)?,
                _ => {}
            }
        }
        let mut native = native(&domain, operator.clone());
        // Only functions of a model have overloads: what the runtime has does not depend on them.
        if native.is_custom() && native.reach().is_none() && !overload.is_empty() {
            native = self::native(&domain, overloaded(operator, &overload));
        }
        let is_compiled = matches!(native, Native::Delegate(_));
        let outer = &self.site;
        let place = self.place(message);
        self.names.add(native, || {
            let mut site = outer.clone();
            if name.is_empty() {
                site.at = place;
            } else {
                site.hops.push(Hop::Member { name, copy: 0 });
            }
            (site, None)
        });
        if is_compiled {
            self.compiled(message)?;
        }
        Ok(())
    }

    /// A part that was compiled for an accelerator may be in a file of its own.
    fn compiled(&mut self, message: Message<'_>) -> Result<(), ReadError> {
        let (mut is_inside, mut path) = (true, None);
        for field in message.fields(&NODE) {
            let field = field?;
            let (node::ATTRIBUTES, Value::Bytes(inner)) = (field.number, field.value) else {
                continue;
            };
            let (mut name, mut number, mut text) = (Text::default(), 0, None);
            for field in inner.fields(&ATTRIBUTE) {
                let field = field?;
                match (field.number, field.value) {
                    (attribute::NAME, Value::Bytes(of)) => name = of.text()?,
                    (attribute::NUMBER, Value::Number(of)) => number = of,
                    (attribute::TEXT, Value::Bytes(of)) => text = Some(of),
                    _ => {}
                }
            }
            match name.as_bytes() {
                b"embed_mode" => is_inside = number != 0,
                b"ep_cache_context" => path = text,
                _ => {}
            }
        }
        if let Some(path) = path.filter(|_| !is_inside) {
            self.file(path.text()?, 0, message);
        }
        Ok(())
    }

    fn attribute(&mut self, message: Message<'_>) -> Result<(), ReadError> {
        for field in message.fields(&ATTRIBUTE) {
            let field = field?;
            let Value::Bytes(inner) = field.value else {
                continue;
            };
            match field.number {
                attribute::TENSOR | attribute::TENSORS => self.tensor(inner)?,
                attribute::GRAPH | attribute::GRAPHS => self.graph(inner)?,
                attribute::SPARSE_TENSOR | attribute::SPARSE_TENSORS => {
                    self.sparse_tensor(inner)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn sparse_tensor(&mut self, message: Message<'_>) -> Result<(), ReadError> {
        for field in message.fields(&SPARSE_TENSOR) {
            let field = field?;
            if let (sparse_tensor::VALUES | sparse_tensor::INDICES, Value::Bytes(inner)) =
                (field.number, field.value)
            {
                self.tensor(inner)?;
            }
        }
        Ok(())
    }

    pub(super) fn tensor(&mut self, message: Message<'_>) -> Result<(), ReadError> {
        let tensor = Tensor::read(message)?;
        if self.fault.is_none()
            && let Some(fault) = tensor.fault()
        {
            self.fault = Some((fault, self.place(message)));
        }
        if let Some(tensors) = &mut self.tensors
            && tensors.len() < limits::TENSORS_LISTED
        {
            tensors.extend(tensor.listed());
        }
        let end = tensor.end();
        // Parsers take the last of several.
        let last = tensor.locations.len();
        for (path, at) in tensor.locations.into_iter().zip(1..) {
            self.file(path, if at == last { end } else { 0 }, message);
        }
        Ok(())
    }

    fn file(&mut self, path: Text, end: u64, message: Message<'_>) {
        let place = self.place(message);
        let (_, last) = self.files.entry(path).or_insert((place, 0));
        *last = end.max(*last);
    }

    fn place(&self, message: Message<'_>) -> Place {
        let (start, end) = message.range();
        if self.is_binary {
            Place::Bytes { start, end }
        } else {
            Place::Whole
        }
    }
}

/// Whether a text is one that somebody reads.
fn is_printable(text: &Text) -> bool {
    let is_code = |c: char| c.is_control() && !c.is_whitespace();
    text.as_str().is_some_and(|text| !text.contains(is_code))
}

/// An operator of a domain.
pub(in crate::format) fn native(domain: &Text, operator: Text) -> Native {
    if COMPILED.contains(&(domain.as_bytes(), operator.as_bytes())) {
        return Native::Delegate(operator);
    }
    Native::GraphOperator {
        runtime: Runtime::Onnx,
        name: qualified(domain, &operator),
    }
}

/// The name of one of several functions of a name.
fn overloaded(name: Text, overload: &Text) -> Text {
    if overload.is_empty() {
        return name;
    }
    Text::from([name.as_bytes(), b":", overload.as_bytes()].concat())
}

/// A domain and a name in it.
fn qualified(domain: &Text, name: &Text) -> Text {
    let domain = if domain.is_empty() {
        STANDARD
    } else {
        domain.as_bytes()
    };
    Text::from([domain, b"::", name.as_bytes()].concat())
}
