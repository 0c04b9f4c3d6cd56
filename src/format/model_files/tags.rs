//! Tags of Python in YAML, of which loaders that are not safe make objects.

use std::{collections::BTreeMap, ops::Range};

use tree_sitter::{Node, Parser, TreeCursor};

use crate::{
    fact::{Fact, GlobalName, Text},
    format::{Reading, lines::Lines},
};

/// What begins every tag of Python.
const PYTHON: &[u8] = b"tag:yaml.org,2002:python/";

/// What a tag makes of a name.
const KINDS: &[&[u8]] = &[b"object/apply:", b"object/new:", b"object:", b"name:"];

/// Records what the tags name.
pub(super) fn read(yaml: &[u8], reading: &mut Reading<'_>) {
    let mut parser = Parser::new();
    if parser
        .set_language(&tree_sitter_yaml::LANGUAGE.into())
        .is_err()
    {
        return;
    }
    let Some(tree) = parser.parse(yaml, None) else {
        return;
    };
    let mut handles = BTreeMap::from([(b"!!".to_vec(), b"tag:yaml.org,2002:".to_vec())]);
    let mut lines = Lines::default();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        let range = node.byte_range();
        match node.kind() {
            "tag_directive" => declare(node, yaml, &mut handles),
            "tag" => {
                let tag = yaml.get(range.clone()).unwrap_or_default();
                if let Some(name) = named(tag, &handles) {
                    record(name, &range, yaml, &mut lines, reading);
                }
            }
            _ => {}
        }
        if !step(&mut cursor) {
            return;
        }
    }
}

/// Goes to the next node, parents first.
fn step(cursor: &mut TreeCursor<'_>) -> bool {
    if cursor.goto_first_child() {
        return true;
    }
    while !cursor.goto_next_sibling() {
        if !cursor.goto_parent() {
            return false;
        }
    }
    true
}

/// `%TAG !p! tag:yaml.org,2002:python/`.
fn declare(directive: Node<'_>, yaml: &[u8], handles: &mut BTreeMap<Vec<u8>, Vec<u8>>) {
    let text = yaml.get(directive.byte_range()).unwrap_or_default();
    let mut words = text
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .skip(1);
    if let (Some(handle), Some(prefix)) = (words.next(), words.next()) {
        handles.insert(handle.to_vec(), decoded(prefix));
    }
}

/// The path that a tag gives, if it is one of Python.
fn named(tag: &[u8], handles: &BTreeMap<Vec<u8>, Vec<u8>>) -> Option<GlobalName> {
    let full = if let Some(verbatim) = tag.strip_prefix(b"!<") {
        decoded(verbatim.strip_suffix(b">").unwrap_or(verbatim))
    } else {
        let end = memchr::memrchr(b'!', tag)?.saturating_add(1);
        let (handle, suffix) = tag.split_at_checked(end)?;
        let mut full = handles.get(handle)?.clone();
        full.extend(decoded(suffix));
        full
    };
    let rest = full.strip_prefix(PYTHON)?;
    let path = KINDS.iter().find_map(|kind| rest.strip_prefix(*kind))?;
    Some(match memchr::memrchr(b'.', path) {
        Some(dot) => {
            let (module, name) = path.split_at_checked(dot)?;
            GlobalName::new(Text::new(module), Text::new(name.get(1..)?))
        }
        None => GlobalName::new("builtins", Text::new(path)),
    })
}

fn record(
    name: GlobalName,
    range: &Range<usize>,
    yaml: &[u8],
    lines: &mut Lines,
    reading: &mut Reading<'_>,
) {
    let place = lines.place(yaml, range);
    let excerpt = lines.excerpt(yaml, range);
    reading.record_at(Fact::ConfiguredCall(name), place, Some(excerpt));
}

/// A part of a tag without its escapes (`%2E`).
fn decoded(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let hex = (*first == b'%').then(|| after.get(..2)).flatten();
        let byte = hex
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        rest = match byte {
            Some(_) => after.get(2..).unwrap_or_default(),
            None => after,
        };
        decoded.push(byte.unwrap_or(*first));
    }
    decoded
}
