//! Whether an operator that opens files gets its path from the loader.
//!
//! Every model has a part that saves and restores its variables: TensorFlow's loader finds it by the saver's names, and gives it the path of
//! the model. A table of words is filled from a file among the model's assets. Whatever else opens files gets its path from the graph.

use std::{cell::Cell, sync::LazyLock};

use rustc_hash::{FxHashMap, FxHashSet};

use super::schema::{
    ENTRY, FUNCTION, GRAPH, NODE, TENSOR, VALUE, entry, function, graph, node, tensor, value,
};
use crate::{
    bytes::ReadError,
    fact::Text,
    format::protobuf::{Message, Value},
    limits,
};

/// How far a path is followed backwards.
const STEPS: usize = 32;
/// The path of a saver to which none is given.
const DEFAULT: &[u8] = b"model";
/// Bytes of a constant that may follow the path of a model.
const SUFFIX: usize = 100;

/// A graph, or a function in its library.
#[derive(Debug)]
pub(super) struct Part<'p> {
    /// Empty for the graph itself.
    pub(super) name: Text,
    pub(super) arguments: Vec<Text>,
    body: Message<'p>,
    is_function: bool,
}

/// A node with an operator that opens files.
#[derive(Debug)]
pub(super) struct WithPath {
    pub(super) part: usize,
    pub(super) operator: Text,
    pub(super) node: Text,
}

/// What the saver of a graph names.
#[derive(Debug, Default)]
pub(super) struct Saver {
    /// The node that gets the path.
    pub(super) filename: Text,
    pub(super) save: Text,
    pub(super) restore: Text,
}

/// One graph with all that says who calls what.
#[derive(Debug, Default)]
pub(super) struct Model<'p> {
    pub(super) parts: Vec<Part<'p>>,
    pub(super) with_paths: Vec<WithPath>,
    pub(super) saver: Saver,
    /// Nodes whose results signatures serve.
    pub(super) outputs: Vec<Text>,
    /// Nodes that get the paths of assets.
    pub(super) assets: FxHashSet<Text>,
    /// Functions that a program can call, with whether all that is bound to them are assets and variables.
    pub(super) exposed: FxHashMap<Text, bool>,
    /// Who calls a function: a part, and a node there.
    calls: FxHashMap<Text, Vec<(usize, Text)>>,
}

impl<'p> Part<'p> {
    pub(super) fn graph(body: Message<'p>) -> Self {
        let is_function = false;
        Self {
            body,
            is_function,
            name: Text::default(),
            arguments: Vec::new(),
        }
    }

    pub(super) fn function(body: Message<'p>) -> Self {
        let is_function = true;
        Self {
            is_function,
            ..Self::graph(body)
        }
    }
}

impl<'p> Model<'p> {
    /// Adds a part; returns its number.
    pub(super) fn add(&mut self, part: Part<'p>) -> usize {
        self.parts.push(part);
        self.parts.len().saturating_sub(1)
    }

    pub(super) fn name_of(&self, part: usize) -> &Text {
        static GRAPH: LazyLock<Text> = LazyLock::new(Text::default);
        self.parts.get(part).map_or(&GRAPH, |part| &part.name)
    }

    /// Adds that a node calls a function.
    pub(super) fn call(&mut self, function: Text, part: usize, node: &Text) {
        let calls = self.calls.entry(function).or_default();
        calls.push((part, node.clone()));
    }
}

/// The nodes of a part, by their names.
type Nodes = FxHashMap<Text, Node>;

#[derive(Debug, Default)]
struct Node {
    operator: Text,
    /// Tensors, without those that only say what comes first.
    inputs: Vec<Text>,
    /// Nodes that only have to run before.
    before: Vec<Text>,
    /// The texts of a constant.
    texts: Vec<Text>,
}

/// Where a path comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    /// An argument of the function.
    Argument(usize),
    /// A node of the graph.
    Node(Text),
}

/// The nodes of the parts in which paths are used.
#[derive(Debug)]
pub(super) struct Paths<'m, 'p> {
    model: &'m Model<'p>,
    /// Of the graph, and of each part with a path.
    nodes: FxHashMap<usize, Nodes>,
    /// Nodes of the graph that run when a signature is called.
    served: FxHashSet<Text>,
    /// Steps that following paths has taken.
    spent: Cell<usize>,
}

impl<'m, 'p> Paths<'m, 'p> {
    pub(super) fn read(model: &'m Model<'p>) -> Result<Self, ReadError> {
        let mut nodes = FxHashMap::default();
        if !model.with_paths.is_empty() {
            let used: FxHashSet<usize> = model.with_paths.iter().map(|of| of.part).collect();
            for (number, part) in model.parts.iter().enumerate() {
                if !part.is_function || used.contains(&number) {
                    nodes.insert(number, read_nodes(part)?);
                }
            }
        }
        let served = served(model, &nodes);
        let spent = Cell::new(0);
        Ok(Self {
            model,
            nodes,
            served,
            spent,
        })
    }

    /// Whether the path of a node comes from the loader.
    pub(super) fn is_of_loader(&self, use_: &WithPath) -> bool {
        let Some(node) = self.node(use_.part, &use_.node) else {
            return false;
        };
        let input = |n: usize| node.inputs.get(n);
        match use_.operator.as_bytes() {
            // A signature that saves or restores would leave the path to whoever calls it.
            operator if !operator.starts_with(b"Initialize") && self.is_served(use_) => false,
            b"MergeV2Checkpoints" => {
                self.is_of_saver(use_.part, input(0)) && self.is_of_saver(use_.part, input(1))
            }
            // Of both versions of checkpoints, and of the first releases.
            b"Restore" | b"RestoreSlice" | b"RestoreV2" | b"Save" | b"SaveSlices" | b"SaveV2" => {
                self.is_of_saver(use_.part, input(0))
            }
            _ => self.is_asset(use_.part, input(1)),
        }
    }

    /// Whether a node of the graph runs when a signature is called.
    fn is_served(&self, use_: &WithPath) -> bool {
        let part = self.model.parts.get(use_.part);
        part.is_some_and(|part| !part.is_function) && self.served.contains(&use_.node)
    }

    /// Whether a tensor is the path that a loader gives the saver.
    fn is_of_saver(&self, part: usize, tensor: Option<&Text>) -> bool {
        let saver = &self.model.saver;
        let is_path = |part: usize, source: Option<Source>| {
            let Some(Source::Node(name)) = source else {
                return false;
            };
            // A graph may have savers of before, which nobody calls: TensorFlow gives each the same default.
            let is_default = |text: &Text| text.as_bytes() == DEFAULT;
            name == saver.filename && self.has_default(part, &name, true, is_name, STEPS)
                || self.has_default(part, &name, false, is_default, STEPS)
        };
        match tensor.and_then(|tensor| self.source(part, tensor, STEPS)) {
            Some(Source::Argument(n)) => {
                let name = self.model.name_of(part);
                let mut calls = self.model.calls.get(name).into_iter().flatten();
                !self.model.exposed.contains_key(name)
                    && calls.all(|(caller, node)| {
                        let is_named = (*node == saver.save || *node == saver.restore)
                            && !self.served.contains(node);
                        is_named && is_path(*caller, self.argument(*caller, node, n))
                    })
            }
            source => is_path(part, source),
        }
    }

    /// Whether a tensor is the path of an asset.
    fn is_asset(&self, part: usize, tensor: Option<&Text>) -> bool {
        let is_path = |source: Option<Source>| matches!(source, Some(Source::Node(name)) if self.model.assets.contains(&name));
        match tensor.and_then(|tensor| self.source(part, tensor, STEPS)) {
            Some(Source::Argument(n)) => {
                let name = self.model.name_of(part);
                let mut calls = self.model.calls.get(name).into_iter().flatten();
                self.model.exposed.get(name).is_none_or(|bound| *bound)
                    && calls.all(|(caller, node)| is_path(self.argument(*caller, node, n)))
            }
            source => is_path(source),
        }
    }

    fn node(&self, part: usize, name: &Text) -> Option<&Node> {
        self.spend(1)?;
        self.nodes.get(&part)?.get(name)
    }

    /// Takes so many steps, if as many are left.
    fn spend(&self, steps: usize) -> Option<()> {
        let spent = self.spent.get().saturating_add(steps);
        self.spent.set(spent);
        (spent <= limits::PATH_STEPS).then_some(())
    }

    /// Where the nth argument of a call in the graph comes from.
    fn argument(&self, caller: usize, node: &Text, n: usize) -> Option<Source> {
        let is_graph = self
            .model
            .parts
            .get(caller)
            .is_some_and(|part| !part.is_function);
        let tensor = self.node(caller, node)?.inputs.get(n)?;
        self.source(caller, tensor, STEPS).filter(|_| is_graph)
    }

    /// Where a tensor comes from, if nothing is done to it but what makes other paths beside it.
    fn source(&self, part: usize, tensor: &Text, steps: usize) -> Option<Source> {
        let steps = steps.checked_sub(1)?;
        let name = base(tensor);
        let of = self.model.parts.get(part)?;
        self.spend(of.arguments.len())?;
        if let Some(n) = of.arguments.iter().position(|argument| *argument == name) {
            return Some(Source::Argument(n));
        }
        let node = self.node(part, &name)?;
        let first = || self.source(part, node.inputs.first()?, steps);
        match node.operator.as_bytes() {
            b"Const" | b"Placeholder" | b"PlaceholderWithDefault" => Some(Source::Node(name)),
            b"ExpandDims" | b"Identity" | b"Reshape" | b"ShardedFilename" => first(),
            b"StringJoin" => {
                let mut suffixes = node.inputs.iter().skip(1);
                let are_plain = suffixes.all(|suffix| self.is_suffix(part, suffix, steps));
                first().filter(|_| are_plain)
            }
            b"Pack" => {
                let first = first()?;
                let mut inputs = node.inputs.iter();
                let same = |input| self.source(part, input, steps).as_ref() == Some(&first);
                inputs.all(same).then_some(first)
            }
            b"ReadVariableOp" => {
                let variable = base(node.inputs.first()?);
                let nodes = self.nodes.get(&part)?;
                self.spend(nodes.len())?;
                let assigned = nodes.values().filter(|node| {
                    node.operator.as_bytes() == b"AssignVariableOp"
                        && node.inputs.first().is_some_and(|of| base(of) == variable)
                });
                let mut sources =
                    assigned.map(|node| self.source(part, node.inputs.get(1)?, steps));
                let first = sources.next()??;
                sources
                    .all(|source| source.as_ref() == Some(&first))
                    .then_some(first)
            }
            _ => None,
        }
    }

    /// Whether a tensor is a constant that leads nowhere else when it follows a path.
    fn is_suffix(&self, part: usize, tensor: &Text, steps: usize) -> bool {
        let Some(steps) = steps.checked_sub(1) else {
            return false;
        };
        let Some(node) = self.node(part, &base(tensor)) else {
            return false;
        };
        let mut inputs = node.inputs.iter();
        match node.operator.as_bytes() {
            b"Const" => node.texts.iter().all(is_plain),
            b"Identity" => inputs.all(|input| self.is_suffix(part, input, steps)),
            b"Select" | b"SelectV2" => inputs
                .skip(1)
                .all(|input| self.is_suffix(part, input, steps)),
            _ => false,
        }
    }

    /// Whether the path that a node has when no loader gives one is as it must be; `or_none` if it may have none.
    fn has_default(
        &self,
        part: usize,
        name: &Text,
        or_none: bool,
        is: fn(&Text) -> bool,
        steps: usize,
    ) -> bool {
        let (Some(steps), Some(node)) = (steps.checked_sub(1), self.node(part, name)) else {
            return false;
        };
        let mut inputs = node.inputs.iter();
        match node.operator.as_bytes() {
            b"Placeholder" => or_none,
            b"Const" => !node.texts.is_empty() && node.texts.iter().all(is),
            b"PlaceholderWithDefault" => {
                !node.inputs.is_empty()
                    && inputs.all(|input| self.has_default(part, &base(input), or_none, is, steps))
            }
            _ => false,
        }
    }
}

/// Whether a text is a name in the folder of the process.
fn is_name(text: &Text) -> bool {
    let elsewhere = |byte: &u8| matches!(byte, b'/' | b'\\' | b':' | b'~');
    is_plain(text) && !text.as_bytes().iter().any(elsewhere)
}

/// Nodes of the graph that run when a signature is called: those that it serves, and all that these need.
fn served(model: &Model<'_>, nodes: &FxHashMap<usize, Nodes>) -> FxHashSet<Text> {
    let graph = model.parts.iter().position(|part| !part.is_function);
    let graph = graph.and_then(|part| nodes.get(&part));
    let mut served = FxHashSet::default();
    let mut left = model.outputs.clone();
    while let Some(name) = left.pop() {
        if let Some(node) = graph.and_then(|nodes| nodes.get(&name))
            && served.insert(name)
        {
            left.extend(node.inputs.iter().chain(&node.before).map(base));
        }
    }
    served
}

/// Whether a text says nothing but a name, or a folder and a name.
fn is_plain(text: &Text) -> bool {
    let text = text.as_bytes();
    text.len() <= SUFFIX && !text.contains(&0) && memchr::memmem::find(text, b"..").is_none()
}

/// The node that a tensor is of: `a` in `a:0` and `a:output:0`.
pub(super) fn base(tensor: &Text) -> Text {
    Text::new(
        tensor
            .as_bytes()
            .split(|byte| *byte == b':')
            .next()
            .unwrap_or_default(),
    )
}

fn read_nodes(part: &Part<'_>) -> Result<Nodes, ReadError> {
    let (schema, number) = if part.is_function {
        (&FUNCTION, function::NODES)
    } else {
        (&GRAPH, graph::NODES)
    };
    let mut nodes = Nodes::default();
    for field in part.body.fields(schema) {
        let field = field?;
        if field.number == number
            && let Value::Bytes(message) = field.value
        {
            let (name, node) = read_node(message)?;
            nodes.insert(name, node);
        }
    }
    Ok(nodes)
}

fn read_node(message: Message<'_>) -> Result<(Text, Node), ReadError> {
    let mut name = Text::default();
    let mut read = Node::default();
    for field in message.fields(&NODE) {
        let field = field?;
        let Value::Bytes(inner) = field.value else {
            continue;
        };
        match field.number {
            node::NAME => name = inner.text()?,
            node::OPERATOR => read.operator = inner.text()?,
            node::INPUTS => {
                let input = inner.text()?;
                match input.as_bytes().strip_prefix(b"^") {
                    Some(name) => read.before.push(Text::new(name)),
                    None => read.inputs.push(input),
                }
            }
            node::ATTRIBUTES => read_texts(inner, &mut read.texts)?,
            _ => {}
        }
    }
    Ok((name, read))
}

/// Reads the texts of a constant, which may be long: those that are no suffix are cut.
fn read_texts(attribute: Message<'_>, texts: &mut Vec<Text>) -> Result<(), ReadError> {
    for field in attribute.fields(&ENTRY) {
        let field = field?;
        let (entry::VALUE, Value::Bytes(of)) = (field.number, field.value) else {
            continue;
        };
        for field in of.fields(&VALUE) {
            let field = field?;
            let (value::TENSOR, Value::Bytes(of)) = (field.number, field.value) else {
                continue;
            };
            for field in of.fields(&TENSOR) {
                let field = field?;
                if let (tensor::TEXTS, Value::Bytes(text)) = (field.number, field.value) {
                    texts.push(text.front(SUFFIX.saturating_add(1))?);
                }
            }
        }
    }
    Ok(())
}
