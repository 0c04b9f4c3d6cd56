//! Walks down a policy's values: types, keys, duplicates, and the way to each value for whoever has to be told.

use std::{ops::Range, sync::Arc};

use rustc_hash::{FxBuildHasher, FxHashSet};

use super::{
    error::{Errors, PolicyError, near},
    locate::{File, Origin, Step},
    node::Node,
};

/// A key of a mapping in a policy. Decoding, the suggestions for misspelt keys and the table in `policies/README.md` come from it.
#[derive(Debug)]
pub(super) struct Key<T> {
    pub(super) name: &'static str,
    /// What is written after it, in Markdown.
    pub(super) value: &'static str,
    /// What it is for, in one phrase of Markdown.
    pub(super) summary: &'static str,
    /// Decodes the value into what its mapping becomes.
    pub(super) decode: fn(&mut Decoder<'_>, &Node, &mut T),
}

/// The key by which some readers of YAML merge mappings.
const MERGE: &str = "<<";

/// Walks down a policy, remembering the way and the errors.
pub(super) struct Decoder<'a> {
    pub(super) file: &'a Arc<File>,
    pub(super) way: Vec<Step>,
    pub(super) errors: &'a mut Errors,
}

impl Decoder<'_> {
    pub(super) fn origin(&self, key: bool) -> Origin {
        Origin::new(Arc::clone(self.file), self.way.clone().into(), key)
    }

    /// An error at the value where the walk is.
    pub(super) fn error(&mut self, message: impl Into<String>, help: impl Into<String>) {
        let origin = self.origin(false);
        self.errors.of(&origin, message, help);
    }

    pub(super) fn wrong_type(&mut self, what: &str, wanted: &str, node: &Node, help: &str) {
        self.error(
            format!("{what} must be {wanted}, not {}", node.kind()),
            help,
        );
    }

    pub(super) fn inside<T>(&mut self, step: Step, work: impl FnOnce(&mut Self) -> T) -> T {
        self.way.push(step);
        let result = work(self);
        self.way.pop();
        result
    }

    /// Decodes a mapping whose keys are those of a table.
    pub(super) fn keys<T>(&mut self, what: &str, node: &Node, keys: &[Key<T>], into: &mut T) {
        let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
        self.mapping(what, node, Some(&names), |this, name, value| {
            if let Some(key) = keys.iter().find(|key| key.name == name) {
                (key.decode)(this, value, into);
            }
        });
    }

    /// Each pair of a mapping once, with its value's way; duplicates and unknown keys are errors.
    pub(super) fn mapping(
        &mut self,
        what: &str,
        node: &Node,
        known: Option<&[&str]>,
        mut each: impl FnMut(&mut Self, &str, &Node),
    ) {
        let Node::Map(pairs) = node else {
            if *node != Node::Null {
                self.wrong_type(
                    what,
                    "a mapping",
                    node,
                    "write `key: value` lines, indented, under it",
                );
            }
            return;
        };
        let mut seen = FxHashSet::with_capacity_and_hasher(pairs.len(), FxBuildHasher);
        for (key, value) in pairs {
            if !seen.insert(key.as_ref()) {
                let help = "keep one of them: readers of YAML disagree on which one counts";
                let (file, way) = (self.file, &self.way);
                self.errors.push(|| {
                    PolicyError::at(
                        file,
                        second(file, way, key),
                        format!("`{key}` occurs twice in {what}"),
                        help,
                    )
                });
                continue;
            }
            if **key == *MERGE {
                self.inside(Step::Key((**key).into()), Self::merge);
                continue;
            }
            self.inside(Step::Key((**key).into()), |this| match known {
                Some(known) if !known.contains(&key.as_ref()) => this.unknown(what, key, known),
                _ => each(this, key, value),
            });
        }
    }

    /// Readers of YAML disagree on what wins, and on whether there are merge keys at all.
    fn merge(&mut self) {
        let origin = self.origin(true);
        self.errors.of(
            &origin,
            "merge keys (`<<`) are not read",
            "write the keys out; an alias (`*name`) can stand for a whole value, and `extends` merges policies",
        );
    }

    fn unknown(&mut self, what: &str, key: &str, known: &[&str]) {
        if self.errors.is_full() {
            return;
        }
        let help = near(key, known.iter().copied()).map_or_else(
            || format!("{what} may hold {}", list(known)),
            |near| format!("did you mean `{near}`?"),
        );
        let message = format!("`{key}` is not a key of {what}");
        let origin = self.origin(true);
        self.errors.of(&origin, message, help);
    }

    /// Each item of a list; `None` stands for an empty list (`allow:` with nothing after it).
    pub(super) fn sequence<T>(
        &mut self,
        what: &str,
        node: &Node,
        help: &str,
        mut each: impl FnMut(&mut Self, &Node) -> Option<T>,
    ) -> Vec<T> {
        let Node::Seq(items) = node else {
            if *node != Node::Null {
                self.wrong_type(what, "a list", node, help);
            }
            return Vec::new();
        };
        let one = |(at, item)| self.inside(Step::Index(at), |this| each(this, item));
        items.iter().enumerate().filter_map(one).collect()
    }

    pub(super) fn text(&mut self, what: &str, node: &Node) -> Option<String> {
        match node {
            Node::Str(text) if !text.trim().is_empty() => return Some(text.to_string()),
            Node::Str(_) | Node::Null => self.error(
                format!("{what} is empty"),
                "write it out, or remove the line",
            ),
            Node::Int(_) | Node::Float(_) | Node::Bool(_) => {
                let help = "put it in quotes, so that YAML keeps it as it is written";
                self.wrong_type(what, "a text", node, help);
            }
            Node::Seq(_) | Node::Map(_) => {
                self.wrong_type(what, "a text", node, "write one word or sentence");
            }
        }
        None
    }

    pub(super) fn texts(&mut self, what: &str, item: &str, node: &Node) -> Vec<(String, Origin)> {
        let help = format!("write it as a list: `[{item}]`");
        self.sequence(what, node, &help, |this, node| {
            let origin = this.origin(false);
            this.text(&format!("each of {what}"), node)
                .map(|text| (text, origin))
        })
    }
}

/// The place of the second occurrence of a key in the mapping where the walk is.
fn second(file: &File, way: &[Step], key: &str) -> Range<usize> {
    let whole = if way.is_empty() {
        0..file.text.len()
    } else {
        file.extent(way)
    };
    let text = file.text.get(whole.clone()).unwrap_or_default();
    let is_key = |at: usize| {
        let before = text.get(..at).unwrap_or_default();
        let after = text.get(at.saturating_add(key.len())..).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        let opens = line
            .trim_start_matches([' ', '-', '{', '"', '\''])
            .is_empty()
            || line.trim_end().ends_with([',', '{']);
        let closes = after
            .trim_start_matches(['"', '\''])
            .trim_start()
            .starts_with(':');
        (opens && closes).then_some((line.len(), at))
    };
    let found: Vec<(usize, usize)> = text
        .match_indices(key)
        .filter_map(|(at, _)| is_key(at))
        .collect();
    // Keys of one block mapping stand in one column; those of a flow mapping on one line need not.
    let first = found.first().copied();
    let column = first.map(|(column, _)| column);
    let same = found
        .iter()
        .skip(1)
        .find(|(at, _)| Some(*at) == column)
        .or_else(|| found.get(1))
        .copied();
    let at = same
        .or(first)
        .map_or(0, |(_, at)| at)
        .saturating_add(whole.start);
    at..at.saturating_add(key.len())
}

/// `a`, `b` and `c`, in backquotes.
pub(super) fn list(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => format!("`{one}`"),
        [rest @ .., last] => {
            let rest: Vec<String> = rest.iter().map(|word| format!("`{word}`")).collect();
            format!("{} and `{last}`", rest.join(", "))
        }
    }
}
