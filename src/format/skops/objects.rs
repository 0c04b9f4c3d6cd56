//! Nodes of functions and instances: what is called to make them, and the state that they get.

use std::ops::Range;

use super::nodes::{Names, Schema};
use crate::{
    fact::Op,
    format::json::{Node, Value},
};

const BIT_GENERATORS: &[&str] = &["MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"];
/// Compiled modules whose classes are made by a function of theirs in a pickle.
const MADE_BY_FUNCTION: &[&str] = &[
    "sklearn.metrics._dist_metrics",
    "sklearn.neighbors._ball_tree",
    "sklearn.neighbors._dist_metrics",
    "sklearn.neighbors._kd_tree",
    "sklearn.neighbors.ball_tree",
    "sklearn.neighbors.dist_metrics",
    "sklearn.neighbors.kd_tree",
];

/// The class of methods.
const METHOD: &str = "method";
/// The module of losses, compiled classes that are made by a call in a pickle. In files of releases up to 0.10 they are objects without a state.
const LOSSES: &str = "sklearn._loss._loss";

/// Calls what a node names without arguments, unless it is what its loader always makes.
pub(super) fn called_unless(schema: &mut Schema<'_>, names: &Names<'_>, known: &[(&str, &str)]) {
    if !names.is_one_of(known) {
        schema.resolve(names);
        schema.program.ops(&[Op::EMPTY_TUPLE, Op::REDUCE, Op::POP]);
    }
}

pub(super) fn function<'d>(schema: &mut Schema<'d>, node: &'d Node, names: &Names<'d>) {
    // The first protocol names it in its content.
    let content = node.get("content").filter(|_| schema.protocol == 0);
    let text = |key| content.and_then(|content| content.get(key));
    if let (Some(module), Some(name)) = (text("module_path"), text("function"))
        && let (Some(module), Some(class)) = (module.text(), name.text())
    {
        let at = name.range.clone();
        schema.resolve(&Names { module, class, at });
        return;
    }
    schema.resolve(names);
}

/// A method of an object: whatever is under that name, found and kept.
pub(super) fn method<'d>(schema: &mut Schema<'d>, node: &'d Node, names: &Names<'d>) {
    let content = schema.content(node);
    let object = content.get("obj");
    let text = |key| {
        object
            .and_then(|object| object.get(key))
            .and_then(Node::text)
    };
    let of = [text("__module__"), text("__class__")];
    // In files of old releases the class is that of methods.
    let class = match of {
        [_, Some(class)] if names.class == METHOD => class,
        _ => names.class,
    };
    match content.get("func").map(|func| (func.text(), func)) {
        Some((Some(name), func)) => {
            schema.name(names.module, &format!("{class}.{name}"), &func.range);
        }
        other => schema.no_key("func", &other.map_or(node, |(_, node)| node).range),
    }
    if of != [Some(names.module), Some(class)] {
        schema.no_key("obj", &object.unwrap_or(node).range);
    }
    schema.child(content, "obj");
}

/// A function with some of its arguments, as it is pickled.
pub(super) fn partial<'d>(schema: &mut Schema<'d>, node: &'d Node, names: &Names<'d>) {
    schema.stored(names, &[("functools", "partial")]);
    let content = schema.content(node);
    schema.program.at(&names.at);
    schema.program.global("functools", "partial");
    schema.child(content, "func");
    schema.program.ops(&[Op::TUPLE1, Op::REDUCE, Op::MARK]);
    for key in ["func", "args", "kwds", "namespace"] {
        schema.child(content, key);
    }
    schema.program.at(&names.at);
    schema.program.ops(&[Op::TUPLE, Op::BUILD]);
}

/// An instance that is made without a call, and its state.
pub(super) fn object<'d>(schema: &mut Schema<'d>, node: &'d Node, names: &Names<'d>) {
    if MADE_BY_FUNCTION.contains(&names.module) {
        schema.program.at(&names.at);
        schema.program.global(names.module, "newObj");
        schema.resolve(names);
        schema.program.ops(&[Op::TUPLE1, Op::REDUCE]);
    } else {
        schema.resolve(names);
        let makes = if names.module == LOSSES {
            Op::REDUCE
        } else {
            Op::NEWOBJ
        };
        schema.program.ops(&[Op::EMPTY_TUPLE, makes]);
    }
    let content = node.get("content");
    match content {
        None
        | Some(Node {
            value: Value::Null, ..
        }) => {}
        Some(state) if is_null(state) => {}
        Some(_) => {
            schema.child(node, "content");
            schema.program.at(&names.at);
            schema.program.ops(&[Op::BUILD]);
        }
    }
}

/// What a constructor makes of arguments, and its state.
pub(super) fn reduced<'d>(
    schema: &mut Schema<'d>,
    node: &'d Node,
    (module, class): (&str, &str),
    at: &Range<usize>,
) {
    schema.program.at(at);
    schema.program.global(module, class);
    if let Some(reduce) = node.get("__reduce__") {
        schema.child(reduce, "args");
    } else {
        schema.no_key("__reduce__", at);
        schema.program.ops(&[Op::EMPTY_TUPLE]);
    }
    schema.program.at(at);
    schema.program.ops(&[Op::REDUCE]);
    let state = node.get("content");
    let items = state.and_then(|state| state.get("content"));
    let is_empty =
        items.is_some_and(|items| items.entries().is_empty() && items.items().is_empty());
    if state.is_some_and(is_null) || is_empty {
        return;
    }
    schema.child(node, "content");
    schema.program.at(at);
    schema.program.ops(&[Op::BUILD]);
}

pub(super) fn generator<'d>(schema: &mut Schema<'d>, node: &'d Node, names: &Names<'d>) {
    let known = [
        ("numpy.random._generator", "Generator"),
        ("numpy.random", "Generator"),
    ];
    called_unless(schema, names, &known);
    let content = schema.content(node);
    if schema.protocol == 0 {
        // Releases that wrote it stored a dict as it is, and none loads it.
        schema.no_key("bit_generator", &content.range);
        schema.program.none();
        return;
    }
    let name = content
        .get("bit_generator")
        .and_then(|state| state.get("content"))
        .and_then(|state| state.get("bit_generator"));
    let text = name
        .and_then(|name| name.get("content"))
        .and_then(Node::text);
    match text.and_then(|text| serde_json::from_str::<String>(text).ok()) {
        Some(text) if BIT_GENERATORS.contains(&text.as_str()) => {}
        Some(text) => {
            schema.program.at(&name.unwrap_or(node).range);
            schema.program.global("numpy.random", &text);
            schema.program.ops(&[Op::EMPTY_TUPLE, Op::REDUCE, Op::POP]);
        }
        None => schema.no_key("bit_generator", &name.unwrap_or(content).range),
    }
    schema.child(content, "bit_generator");
    if schema.protocol >= 2 {
        schema.child(content, "seed_seq");
        schema.program.ops(&[Op::TUPLE2]);
    }
}

/// Whether a node is that of `None`.
fn is_null(node: &Node) -> bool {
    let text = |key| node.get(key).and_then(Node::text);
    text("__loader__") == Some("JsonNode") && text("content") == Some("null")
}
