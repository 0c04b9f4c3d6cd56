//! Nodes of containers: what their loaders make of items and keys.

use super::nodes::{Names, Schema};
use crate::{
    fact::{Op, Short, SkopsFault},
    format::json::{Node, Value},
};

pub(super) fn dict<'d>(schema: &mut Schema<'d>, node: &'d Node, names: &Names<'d>) {
    if names.is("builtins", "dict") {
        schema.program.ops(&[Op::EMPTY_DICT]);
    } else {
        schema.resolve(names);
        // In a pickle, no call makes a dict that answers its items as attributes.
        let makes = if names.class == "Bunch" {
            Op::NEWOBJ
        } else {
            Op::REDUCE
        };
        schema.program.ops(&[Op::EMPTY_TUPLE, makes]);
    }
    let types = node.get("key_types");
    let text = |key| types.and_then(|types| types.get(key)).and_then(Node::text);
    let is_list = text("__loader__") == Some("ListNode")
        && text("__module__") == Some("builtins")
        && text("__class__") == Some("list");
    if !is_list && let Some(types) = types {
        schema.node(types);
        schema.program.ops(&[Op::POP]);
    }
    let types = types
        .and_then(|types| types.get("content"))
        .map_or(&[][..], Node::items);
    let entries = match node.get("content") {
        Some(content) if content.is_object() => content.entries(),
        other => {
            schema.no_key("content", &other.unwrap_or(node).range);
            return;
        }
    };
    if types.len() != entries.len() {
        schema.no_key("key_types", &node.range);
    }
    if entries.is_empty() {
        return;
    }
    schema.program.mark();
    for (number, (name, value)) in entries.iter().enumerate() {
        schema.program.at(&name.range);
        key(schema, &name.text, types.get(number));
        schema.node(value);
    }
    schema.program.at(&names.at);
    schema.program.ops(&[Op::SETITEMS]);
}

/// A key of a dict, which its type is called with.
pub(super) fn key<'d>(schema: &mut Schema<'d>, key: &str, of: Option<&'d Node>) {
    let names = of.and_then(|of| schema.names(of));
    let Some((names, loader)) = names else {
        schema.program.text(key);
        return;
    };
    if loader != "TypeNode" {
        let expected = Short::from("TypeNode");
        schema.fault(SkopsFault::Node { expected }, &names.at);
    }
    let number = || key.parse::<i64>().ok();
    if names.is("builtins", "int")
        && let Some(number) = number()
    {
        schema.program.int(number);
    } else if names.is("builtins", "bool") {
        schema.program.bool(!key.is_empty());
    } else if names.is("builtins", "float")
        && let Ok(number) = key.parse::<f64>()
    {
        schema.program.float(number);
    } else if names.is_data_type() || names.is("builtins", "NoneType") {
        schema.program.text(key);
    } else {
        schema.resolve(&names);
        schema.program.text(key);
        schema.program.ops(&[Op::TUPLE1, Op::REDUCE]);
    }
}

pub(super) fn default_dict<'d>(schema: &mut Schema<'d>, node: &'d Node, names: &Names<'d>) {
    schema.stored(names, &[("collections", "defaultdict")]);
    let content = schema.content(node);
    schema.program.at(&names.at);
    schema.program.global("collections", "defaultdict");
    match content.get("default_factory") {
        Some(factory) if factory.get("__loader__").and_then(Node::text) == Some("TypeNode") => {
            if let Some((names, _)) = schema.names(factory) {
                schema.resolve(&names);
            } else {
                schema.program.none();
            }
        }
        _ => schema.child(content, "default_factory"),
    }
    schema.program.ops(&[Op::TUPLE1, Op::REDUCE]);
    schema.child(content, "main");
    schema.program.ops(&[Op::POP]);
}

pub(super) fn list<'d>(schema: &mut Schema<'d>, node: &'d Node, names: &Names<'d>, loader: &str) {
    let is_list = loader == "ListNode";
    let class = if is_list { "list" } else { "set" };
    let own = !names.is("builtins", class);
    if own {
        schema.resolve(names);
    }
    if is_list || own {
        schema.program.ops(&[Op::EMPTY_LIST, Op::MARK]);
        schema.children(node);
        schema.program.ops(&[Op::APPENDS]);
    } else {
        schema.program.ops(&[Op::EMPTY_SET, Op::MARK]);
        schema.children(node);
        schema.program.ops(&[Op::ADDITEMS]);
    }
    if own {
        schema.program.at(&names.at);
        schema.program.ops(&[Op::TUPLE1, Op::REDUCE]);
    }
}

/// A tuple, or one with names, which is made of its items.
pub(super) fn tuple<'d>(schema: &mut Schema<'d>, node: &'d Node, names: &Names<'d>) {
    let own = !names.is("builtins", "tuple");
    if own {
        schema.resolve(names);
    }
    schema.program.mark();
    schema.children(node);
    schema.program.ops(&[Op::TUPLE]);
    if own {
        schema.program.at(&names.at);
        schema.program.ops(&[Op::NEWOBJ]);
    }
}

pub(super) fn slice<'d>(schema: &mut Schema<'d>, node: &'d Node) {
    let content = schema.content(node);
    schema.program.global("builtins", "slice");
    for key in ["start", "stop", "step"] {
        let value = content.get(key);
        let number = value.and_then(|value| schema.document.number(value)?.parse().ok());
        match (number, value.map(|value| &value.value)) {
            (Some(number), _) => schema.program.int(number),
            (None, Some(Value::Null)) => schema.program.none(),
            _ => {
                schema.no_key(key, &value.unwrap_or(content).range);
                schema.program.none();
            }
        }
    }
    schema.program.ops(&[Op::TUPLE3, Op::REDUCE]);
}
