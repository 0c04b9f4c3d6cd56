//! Edits of a policy that keep every byte of it: comments, order, quoting, indentation and line ends.
//!
//! A [`Fragment`] says what is to be added. The plan finds in the syntax tree where each part of it goes, in the style of what
//! is there, and only inserts: it removes nothing but an empty value (`null`, `[]`) that something takes the place of. Every edit
//! is checked: the new text, read as a policy is read, must be the old policy with exactly the fragment. An edit that is not so
//! is not made, and whoever asked for it says what to add by hand.

mod edited;
mod fragment;
mod lines;
mod plan;
mod tree;

pub use fragment::{Fragment, Item};

pub(super) use edited::Edited;
pub(super) use plan::{Insertion, Place, insertions};

use super::{load, node::Node};

/// Why a text cannot be edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CannotEdit {
    /// The line, from 1.
    pub line: usize,
    /// Why, as a phrase: "`globals` is an alias".
    pub why: String,
}

/// A policy with a fragment added.
///
/// # Errors
/// A text in which the fragment has no place: the edit would change what is there.
pub fn edit(text: &str, fragment: &Fragment) -> Result<String, CannotEdit> {
    let (mark, body) = match text.strip_prefix('\u{feff}') {
        Some(body) => ("\u{feff}", body),
        None => ("", text),
    };
    let found = insertions(body, fragment)?;
    Ok([mark, &apply(body, &found)].concat())
}

/// A new policy that extends a bundled one, or none, with a fragment.
pub fn create(extends: Option<&str>, fragment: &Fragment) -> String {
    let mut lines = vec![String::from("version: 1")];
    lines.extend(extends.map(|name| format!("extends: {name}")));
    lines.extend(fragment.block(0, fragment::Style::default()));
    lines.join("\n") + "\n"
}

/// A fragment on its own, a line each.
pub fn alone(fragment: &Fragment) -> Vec<String> {
    fragment.block(0, fragment::Style::default())
}

/// A text with insertions, which stand in the order of their places.
fn apply(text: &str, insertions: &[Insertion]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for insertion in insertions {
        out.push_str(text.get(done..insertion.range.start).unwrap_or_default());
        out.push_str(&insertion.text);
        done = insertion.range.end.max(done);
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// Whether a new text is the old one with exactly the fragment.
fn is_exact(old: &str, new: &str, fragment: &Fragment) -> bool {
    let added = fragment.block(0, fragment::Style::default()).join("\n");
    let read = |text: &str| load::node(text).ok();
    let (Some(mut old), Some(new), Some(added)) = (read(old), read(new), read(&added)) else {
        return false;
    };
    merge(&mut old, added) && old == new
}

/// Adds a node to another as the plan does; `false` where it has no place.
fn merge(old: &mut Node, added: Node) -> bool {
    match (old, added) {
        (old @ Node::Null, added) => {
            *old = added;
            true
        }
        (Node::Seq(items), Node::Seq(more)) => {
            items.extend(more);
            true
        }
        (Node::Map(pairs), Node::Map(more)) => more.into_iter().all(|(key, value)| {
            if let Some((_, there)) = pairs.iter_mut().find(|(name, _)| *name == key) {
                return merge(there, value);
            }
            pairs.push((key, value));
            true
        }),
        _ => false,
    }
}
