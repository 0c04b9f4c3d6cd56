//! What holds for every rule: identity, documentation, and examples that do what they say.

use std::{collections::BTreeSet, path::Path};

use weighbridge::{
    finding::{Level, Severity},
    rule::{RULES, by_id},
};

use super::judge;
use crate::python::observe;

const HEADINGS: &[&str] = &["What it does", "Why it matters", "Example", "Use instead"];

/// The fenced blocks under a heading: their tag and their text.
pub(super) fn blocks(doc: &str, heading: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut here = false;
    let mut open: Option<(String, String)> = None;
    for line in doc.lines() {
        // Lines of a doc comment begin with the space after `///`.
        let line = line.strip_prefix(' ').unwrap_or(line);
        if let Some((tag, mut text)) = open.take() {
            if line.starts_with("```") {
                blocks.push((tag, text));
            } else {
                text.push_str(line);
                text.push('\n');
                open = Some((tag, text));
            }
        } else if let Some(title) = line.strip_prefix("## ") {
            here = title == heading;
        } else if let Some(tag) = line.strip_prefix("```").filter(|_| here) {
            open = Some((tag.to_owned(), String::new()));
        }
    }
    assert!(open.is_none(), "an unclosed block under {heading}");
    blocks
}

#[test]
fn rules_are_who_they_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rule");
    let ids: Vec<_> = RULES.iter().map(|rule| rule.meta.id).collect();
    assert!(
        ids.is_sorted(),
        "rules are listed in alphabetical order: {ids:?}"
    );
    assert_eq!(
        ids.iter().collect::<BTreeSet<_>>().len(),
        ids.len(),
        "ids are unique"
    );
    for id in ids {
        let kebab = id
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        assert!(
            kebab && !id.starts_with('-') && !id.ends_with('-') && !id.contains("--"),
            "{id}"
        );
        let file = root.join(format!("{}.rs", id.replace('-', "_")));
        assert!(file.is_file(), "{id} lives in {}", file.display());
        assert!(by_id(id).is_some_and(|rule| rule.meta.id == id));
    }
}

#[test]
fn what_services_filter_by_is_declared_in_order() {
    for rule in RULES {
        let meta = rule.meta;
        let id = meta.id;
        assert!(meta.cwe.is_sorted_by(|a, b| a < b), "{id}: {:?}", meta.cwe);
        assert!(!meta.cwe.is_empty(), "{id} finds no known weakness");
        let subjects = ["artifact", "source", "policy", "coverage"];
        assert!(
            meta.tags.first().is_some_and(|tag| subjects.contains(tag)),
            "{id} does not begin with what it looks at: {:?}",
            meta.tags
        );
        // A rule that may run code is no rule to be quiet about.
        assert!(
            meta.severity < Severity::High || meta.level >= Level::Warn,
            "{id}"
        );
    }
}

#[test]
fn rules_are_documented() {
    for rule in RULES {
        let id = rule.meta.id;
        assert!(
            !rule.meta.summary.is_empty() && !rule.meta.summary.ends_with('.'),
            "{id}: the summary is one phrase"
        );
        let headings: Vec<_> = rule
            .meta
            .doc
            .lines()
            .filter_map(|line| line.trim().strip_prefix("## "))
            .collect();
        assert_eq!(headings, HEADINGS, "{id}");
        for heading in ["Example", "Use instead"] {
            let blocks = blocks(rule.meta.doc, heading);
            if heading == "Example" {
                assert!(!blocks.is_empty(), "{id} has no example");
            }
            for (tag, _) in blocks {
                assert!(
                    ["python", "text", "yaml", "sh", "toml", "json"].contains(&tag.as_str()),
                    "{id}: a block tagged {tag:?}"
                );
            }
        }
    }
}

/// Python blocks are run; a rule about artifacts shows them as `text` (a disassembly, a listing) and must have a test
/// file of its own instead.
#[test]
fn examples_fire_and_their_replacements_do_not() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/rule");
    for rule in RULES {
        let id = rule.meta.id;
        let examples = blocks(rule.meta.doc, "Example");
        let python: Vec<_> = examples.iter().filter(|(tag, _)| tag == "python").collect();
        if python.is_empty() {
            let file = tests.join(format!("{}.rs", id.replace('-', "_")));
            assert!(
                file.is_file(),
                "{id} has no example that runs: test it in {}",
                file.display()
            );
        }
        for (_, source) in python {
            let fired: Vec<_> = judge("example.py", &observe(source))
                .iter()
                .map(|f| f.rule.id)
                .collect();
            assert!(
                fired.contains(&id),
                "{id} does not fire (only {fired:?}) on\n{source}"
            );
        }
        for (tag, source) in blocks(rule.meta.doc, "Use instead") {
            if tag == "python" {
                let fired: Vec<_> = judge("example.py", &observe(&source))
                    .iter()
                    .map(|f| f.rule.id)
                    .collect();
                assert!(fired.is_empty(), "{id}: {fired:?} on\n{source}");
            }
        }
    }
}
