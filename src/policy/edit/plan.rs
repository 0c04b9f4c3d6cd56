//! Where each part of a fragment goes in a text, in the style of what is there.

use std::ops::Range;

use tree_sitter::Node;

use super::{
    CannotEdit, apply,
    fragment::{self, Fragment, Item, Style, Value},
    is_exact,
    lines::Lines,
    tree::{self, Held, Kind},
};

/// A text that takes the place of a range, which is mostly empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::policy) struct Insertion {
    pub(in crate::policy) range: Range<usize>,
    pub(in crate::policy) text: String,
    /// Where that is, for somebody who does it by hand.
    pub(in crate::policy) place: Place,
    /// What they would paste there: lines with their indentation, or what goes between brackets. Empty if it is part of another.
    pub(in crate::policy) snippet: String,
}

/// Where something is inserted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::policy) enum Place {
    /// At the end of the file.
    End,
    /// Under a key.
    Under(Key),
    /// At the end of a list.
    List(Key),
    /// Inside the brackets of a list, after a comma.
    Brackets(Key),
    /// Inside the braces of a mapping, after a comma.
    Braces(Key),
    /// Instead of an empty value.
    Instead(Key),
}

/// A key with those above it, and the line where it stands, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::policy) struct Key {
    pub(in crate::policy) name: String,
    pub(in crate::policy) line: usize,
}

/// What adds a fragment to a text without a byte order mark, in the order of the places; checked.
///
/// # Errors
/// A text in which the fragment has no place.
pub(in crate::policy) fn insertions(
    text: &str,
    fragment: &Fragment,
) -> Result<Vec<Insertion>, CannotEdit> {
    if fragment.is_empty() {
        return Ok(Vec::new());
    }
    // Blank lines at the end of a text that keeps them (`|+`) belong to it.
    let mut failed = None;
    for past_blank in [false, true] {
        let found = Planner::new(text, past_blank).and_then(|planner| planner.plan(fragment));
        match found {
            Ok(found) if is_exact(text, &apply(text, &found), fragment) => return Ok(found),
            Ok(_) => {}
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    Err(failed.unwrap_or(CannotEdit {
        line: 1,
        why: String::from("its YAML leaves no place where that would add exactly this"),
    }))
}

struct Planner<'t> {
    text: &'t str,
    at: Lines<'t>,
    tree: tree_sitter::Tree,
    line_end: &'static str,
    style: Style,
    /// Whether blank lines part the keys of the outermost mapping.
    is_spaced: bool,
    found: Vec<Insertion>,
}

impl<'t> Planner<'t> {
    fn new(text: &'t str, past_blank: bool) -> Result<Self, CannotEdit> {
        let Some(tree) = tree::parse(text) else {
            return Err(CannotEdit {
                line: 1,
                why: String::from("it is written in a way that cannot be edited safely"),
            });
        };
        let first_end = text.find('\n').and_then(|at| text.get(..at));
        let is_crlf = first_end.is_some_and(|line| line.ends_with('\r'));
        let blank = |pair: &[&str]| matches!(pair, [blank, next] if blank.trim().is_empty() && next.starts_with(char::is_alphabetic));
        let lines: Vec<&str> = text.lines().collect();
        Ok(Self {
            text,
            at: Lines { text, past_blank },
            style: style(&tree),
            tree,
            line_end: if is_crlf { "\r\n" } else { "\n" },
            is_spaced: lines.windows(2).any(blank),
            found: Vec::new(),
        })
    }

    fn plan(mut self, fragment: &Fragment) -> Result<Vec<Insertion>, CannotEdit> {
        let tree = self.tree.clone();
        match tree::root(&tree) {
            Some(Held::Map(kind, map)) => self.map(kind, map, &[], fragment)?,
            _ => {
                return Err(CannotEdit {
                    line: 1,
                    why: String::from("it is not one mapping"),
                });
            }
        }
        // What is deeper comes before what is less deep at the same place, as it was found.
        self.found.sort_by_key(|insertion| insertion.range.start);
        Ok(self.found)
    }

    fn map(
        &mut self,
        kind: Kind,
        map: Node<'_>,
        keys: &[Key],
        wanted: &Fragment,
    ) -> Result<(), CannotEdit> {
        let mut missing = Fragment::default();
        for (key, value) in &wanted.0 {
            let Some(pair) = tree::pair(map, key, self.text) else {
                missing.0.push((key.clone(), value.clone()));
                continue;
            };
            let mut name: Vec<&str> = keys
                .last()
                .map(|key| key.name.as_str())
                .into_iter()
                .collect();
            name.push(key);
            let key = Key {
                name: name.join("."),
                line: self.at.line(pair.start_byte()),
            };
            let keys: Vec<Key> = keys.iter().cloned().chain([key]).collect();
            self.value(kind, pair, &keys, value)?;
        }
        if missing.is_empty() {
            return Ok(());
        }
        match (kind, keys.last()) {
            (Kind::Flow, key) => {
                let key = key.cloned().unwrap_or(Key {
                    name: String::from("the policy"),
                    line: self.at.line(map.start_byte()),
                });
                self.put_in_brackets(map, &missing.flow(), &Place::Braces(key));
            }
            (Kind::Block, key) => {
                let indent = map.start_position().column;
                let lines = missing.block(indent, self.style);
                if let Some(key) = key {
                    let at = self.at.after(end(map), indent);
                    self.lines(at..at, &lines, Place::Under(key.clone()));
                } else {
                    let at = self.at.last_line(end(map));
                    self.lines(at..at, &lines, Place::End);
                }
            }
        }
        Ok(())
    }

    fn value(
        &mut self,
        outer: Kind,
        pair: Node<'_>,
        keys: &[Key],
        wanted: &Value,
    ) -> Result<(), CannotEdit> {
        let Some(key) = keys.last().cloned() else {
            return Ok(());
        };
        let value = pair.child_by_field_name("value");
        match (tree::held(value), wanted) {
            (Held::Map(Kind::Flow, it) | Held::List(Kind::Flow, it), _)
                if outer == Kind::Block && it.named_child_count() == 0 =>
            {
                self.instead(pair, it, key, wanted);
            }
            (Held::Map(kind, map), Value::Map(wanted)) => self.map(kind, map, keys, wanted)?,
            (Held::List(kind, list), Value::List(items)) => self.list(kind, list, key, items),
            (Held::Null(null), wanted) if outer == Kind::Block => {
                self.instead(pair, null, key, wanted);
            }
            (Held::Null(null), wanted) => {
                let text = wanted.flow();
                self.found.push(Insertion {
                    range: null.byte_range(),
                    text: text.clone(),
                    place: Place::Instead(key),
                    snippet: text,
                });
            }
            (Held::Nothing, wanted) if outer == Kind::Block => {
                let column = pair.start_position().column;
                let lines = wanted.block(column, self.style);
                let at = self.at.line_end_of(pair.end_byte());
                self.lines(at..at, &lines, Place::Under(key));
            }
            (Held::Nothing, wanted) => {
                let text = wanted.flow();
                let at = pair.end_byte();
                self.found.push(Insertion {
                    range: at..at,
                    text: format!(" {text}"),
                    place: Place::Instead(key),
                    snippet: text,
                });
            }
            (Held::Alias, _) => {
                return Err(CannotEdit {
                    line: key.line,
                    why: format!(
                        "`{}` is an alias, and what it stands for is used elsewhere",
                        key.name
                    ),
                });
            }
            (Held::Map(..) | Held::List(..) | Held::Scalar, _) => {
                return Err(CannotEdit {
                    line: key.line,
                    why: format!("`{}` has a value already", key.name),
                });
            }
        }
        Ok(())
    }

    /// Lines below a key, and nothing where its empty value stood.
    fn instead(&mut self, pair: Node<'_>, empty: Node<'_>, key: Key, wanted: &Value) {
        let before = self.text.get(..empty.start_byte()).unwrap_or_default();
        let from = before.trim_end_matches(' ').len();
        let column = pair.start_position().column;
        let lines = wanted.block(column, self.style);
        let line_end = self.at.line_end_of(empty.end_byte());
        self.found.push(Insertion {
            range: from..empty.end_byte(),
            text: String::new(),
            place: Place::Instead(key.clone()),
            snippet: String::new(),
        });
        self.lines(line_end..line_end, &lines, Place::Instead(key));
    }

    fn list(&mut self, kind: Kind, list: Node<'_>, key: Key, items: &[Item]) {
        match kind {
            Kind::Flow => {
                let items: Vec<String> = items.iter().map(|item| item.yaml.clone()).collect();
                self.put_in_brackets(list, &items, &Place::Brackets(key));
            }
            Kind::Block => {
                let indent = list.start_position().column;
                let at = self.at.after(end(list), indent);
                let lines = fragment::list(items, indent);
                self.lines(at..at, &lines, Place::List(key));
            }
        }
    }

    /// Adds parts to what stands between brackets or braces.
    fn put_in_brackets(&mut self, node: Node<'_>, parts: &[String], place: &Place) {
        let snippet = parts.join(", ");
        let mut insert = |at: usize, text: String, snippet: String| {
            self.found.push(Insertion {
                range: at..at,
                text,
                place: place.clone(),
                snippet,
            });
        };
        let close = node.end_byte().saturating_sub(1);
        let held = tree::children(node);
        let Some(last) = held.iter().rfind(|it| it.kind() != "comment") else {
            insert(close, snippet.clone(), snippet);
            return;
        };
        let mut cursor = node.walk();
        let comma = node
            .children(&mut cursor)
            .find(|it| it.kind() == "," && it.start_byte() >= last.end_byte());
        let start = last.start_byte();
        let before = self.text.get(..start).unwrap_or_default();
        let column = before.rsplit('\n').next().unwrap_or_default();
        let end = comma.map_or(last.end_byte(), |comma| comma.end_byte());
        let rest = self.text.get(end..close).unwrap_or_default();
        let own_line = column.trim().is_empty() && !column.is_empty();
        if !own_line {
            let text = match comma {
                Some(_) => format!(" {snippet},"),
                None => format!(", {snippet}"),
            };
            insert(end, text, snippet);
            return;
        }
        let lines: Vec<String> = parts.iter().map(|part| format!("{column}{part}")).collect();
        let joined = lines.join(&format!(",{}", self.line_end));
        let line = rest.find('\n').map(|at| rest.get(..at).unwrap_or_default());
        let at = line.map_or(end, |line| {
            end.saturating_add(line.trim_end_matches('\r').len())
        });
        let shown = lines.join(",\n");
        if comma.is_some() {
            insert(at, format!("{}{joined},", self.line_end), shown);
        } else {
            insert(end, String::from(","), String::new());
            insert(at, format!("{}{joined}", self.line_end), shown);
        }
    }

    fn lines(&mut self, range: Range<usize>, lines: &[String], place: Place) {
        let mut text = String::new();
        if place == Place::End
            && self.is_spaced
            && !self
                .text
                .get(..range.start)
                .is_some_and(|it| it.ends_with("\n\n"))
        {
            text.push_str(self.line_end);
        }
        for line in lines {
            text.push_str(self.line_end);
            text.push_str(line);
        }
        self.found.push(Insertion {
            range,
            text,
            place,
            snippet: lines.join("\n"),
        });
    }
}

/// Where the last thing in a node ends.
fn end(node: Node<'_>) -> usize {
    let children = tree::children(node);
    let last = children
        .into_iter()
        .rfind(|child| child.kind() != "comment");
    last.map_or(node.end_byte(), |child| match child.kind() {
        "block_mapping_pair"
        | "block_sequence_item"
        | "block_node"
        | "block_mapping"
        | "block_sequence" => end(child).min(child.end_byte()),
        _ => child.end_byte(),
    })
}

/// How a text indents its blocks: as the first mapping and the first list below a key are.
fn style(tree: &tree_sitter::Tree) -> Style {
    let mut style = Style::default();
    let Some(Held::Map(Kind::Block, root)) = tree::root(tree) else {
        return style;
    };
    let (mut step, mut dash) = (None, None);
    let mut left = vec![root];
    while let Some(map) = left.pop() {
        let column = map.start_position().column;
        for pair in tree::children(map) {
            let inside = |node: Node<'_>| node.start_position().column.saturating_sub(column);
            match tree::held(pair.child_by_field_name("value")) {
                Held::Map(Kind::Block, inner) => {
                    step = step.or(Some(inside(inner)));
                    left.push(inner);
                }
                Held::List(Kind::Block, list) => dash = dash.or(Some(inside(list))),
                _ => {}
            }
        }
    }
    style.step = step.filter(|step| *step > 0).unwrap_or(style.step);
    style.dash = dash.unwrap_or(style.step);
    style
}
