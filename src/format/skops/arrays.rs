//! Nodes of arrays, and of values in JSON of their own.

use super::nodes::{Names, Schema};
use crate::{
    bytes::{ReadError, Window},
    fact::{Op, Piece, Short, SkopsFault},
    format::{
        json::{Document, Node, Value},
        npy::{Described, Literal, described},
        program::{Program, is_plain},
    },
};

/// A value in JSON of its own.
pub(super) fn json<'d>(schema: &mut Schema<'d>, node: &'d Node) {
    let content = node.get("content");
    let Some(text) = content.and_then(Node::text) else {
        schema.no_key("content", &content.unwrap_or(node).range);
        schema.program.none();
        return;
    };
    match Document::parse(text.as_bytes().to_vec()) {
        Ok(inner) => value(&mut schema.program, &inner, &inner.root),
        Err(error) => {
            schema.error(error, &content.unwrap_or(node).range);
            schema.program.none();
        }
    }
}

/// The content of the file that a node names.
pub(super) fn file<'d>(schema: &mut Schema<'d>, node: &'d Node) -> Option<Window> {
    let file = node.get("file");
    let at = file.unwrap_or(node).range.clone();
    let Some(name) = file.and_then(Node::text) else {
        schema.no_key("file", &at);
        return None;
    };
    match schema.files.open(name) {
        Some(Ok(window)) => return Some(window),
        Some(Err(error)) => schema.error(error, &at),
        None => {
            let name = Short::from(name);
            schema.fault(SkopsFault::File { name }, &at);
        }
    }
    None
}

pub(super) fn array<'d>(schema: &mut Schema<'d>, node: &'d Node, names: &Names<'d>) {
    let scalar = names.is_scalar();
    let own = !scalar && !names.is("numpy", "ndarray");
    match node.get("type").and_then(Node::text) {
        Some("numpy") => {
            if own {
                schema.resolve(names);
            }
            let array = file(schema, node).map(|file| read_array(&file));
            match array {
                Some(Ok((array, data))) if is_plain(&array.descr) => {
                    schema.program.array(&array, &data, scalar);
                }
                Some(Err(error)) => {
                    schema.error(error, &node.range);
                    schema.program.none();
                }
                _ => schema.program.none(),
            }
            if own {
                schema.program.at(&names.at);
                schema.program.ops(&[Op::TUPLE1, Op::REDUCE]);
            }
        }
        Some("json") => {
            schema.stored(names, &[("numpy", "ndarray")]);
            objects(schema, node);
        }
        _ => {
            let at = node.get("type").unwrap_or(node).range.clone();
            schema.no_key("type", &at);
            schema.program.none();
        }
    }
}

/// An array of objects: its items stand in lists, one in another for each dimension.
pub(super) fn objects<'d>(schema: &mut Schema<'d>, node: &'d Node) {
    let sizes = node.get("shape").and_then(|shape| shape.get("content"));
    let sizes = sizes.map_or(&[][..], Node::items);
    let size = |size: &Node| size.get("content").and_then(Node::text)?.parse().ok();
    let shape: Option<Vec<u64>> = sizes.iter().map(size).collect();
    let Some(shape) = shape else {
        schema.no_key("shape", &node.range);
        schema.program.none();
        return;
    };
    schema.program.empty_array();
    schema.program.mark();
    schema.program.int(1);
    schema.program.shape(&shape);
    schema.program.dtype(&Literal::Str("|O8".to_owned()));
    schema.program.bool(false);
    schema.program.ops(&[Op::EMPTY_LIST, Op::MARK]);
    if matches!(
        node.get("content").map(|content| &content.value),
        Some(Value::Array(_))
    ) {
        items(schema, node, shape.len());
    } else {
        schema.no_key("content", &node.range);
    }
    schema.program.ops(&[Op::APPENDS, Op::TUPLE, Op::BUILD]);
}

/// The items of lists inside one another.
pub(super) fn items<'d>(schema: &mut Schema<'d>, node: &'d Node, levels: usize) {
    for item in node.get("content").map_or(&[][..], Node::items) {
        let is_list = item.get("__loader__").and_then(Node::text) == Some("ListNode");
        if levels > 1 && is_list {
            items(schema, item, levels.saturating_sub(1));
        } else {
            schema.node(item);
        }
    }
}

/// An array, and its data.
fn read_array(file: &Window) -> Result<(Described, Window), ReadError> {
    let array = described(file)?;
    let end = array.start.saturating_add(array.length);
    let data = file.up_to(array.start, array.length);
    if !file.reaches(end)? {
        let left = file.len().saturating_sub(array.start);
        return Err(ReadError::truncated(Piece::NpyData, array.length, left));
    }
    Ok((array, data))
}

/// A value of JSON as constants.
fn value(program: &mut Program, document: &Document, node: &Node) {
    match &node.value {
        Value::Null => program.none(),
        Value::Bool(value) => program.bool(*value),
        Value::Number => {
            let digits = document.number(node).unwrap_or_default();
            match (digits.parse::<i64>(), digits.parse::<f64>()) {
                (Ok(number), _) => program.int(number),
                (_, Ok(number)) => program.float(number),
                _ => program.float(f64::NAN),
            }
        }
        Value::Text(text) => program.text(text),
        Value::Array(items) => {
            program.ops(&[Op::EMPTY_LIST, Op::MARK]);
            for item in items {
                value(program, document, item);
            }
            program.ops(&[Op::APPENDS]);
        }
        Value::Object(entries) => {
            program.ops(&[Op::EMPTY_DICT, Op::MARK]);
            for (key, item) in entries {
                program.text(&key.text);
                value(program, document, item);
            }
            program.ops(&[Op::SETITEMS]);
        }
    }
}
