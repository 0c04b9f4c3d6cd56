//! Facts are a function of the bytes and of the end of the name: the same under any path, in any view, whatever the policy and
//! its target say; and they can be stored and judged again.

mod epoch;

use std::{collections::BTreeSet, fs, path::Path};

use weighbridge::{
    bytes::Window,
    fact::{Circumstances, ContentFacts, Excerpts, Text},
    finding::Finding,
    git::{View, revision},
    policy::Policy,
    scan::{self, Listing},
};

use crate::{
    format::evasions::evasions,
    hostile,
    rule::{judge_all, policy, python_examples},
    support::repo::repo,
};

/// A content with the name that it is read under; `key` tells it from the others.
struct Content {
    key: String,
    name: String,
    bytes: Vec<u8>,
}

/// Every fixture: files that real libraries wrote, what the assemblers build, hidden calls, and source.
fn contents() -> Vec<Content> {
    let mut contents = Vec::new();
    let mut add = |group: &str, what: &str, name: &str, bytes: Vec<u8>| {
        contents.push(Content {
            key: format!("{group}: {what}"),
            name: name.to_owned(),
            bytes,
        });
    };
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<_> = fs::read_dir(corpus).unwrap().map(Result::unwrap).collect();
    files.sort_by_key(fs::DirEntry::file_name);
    for file in files {
        let name = file.file_name().into_string().unwrap();
        // The table and the script are no fixtures.
        if !["README.md", "files.tsv", "make.py"].contains(&name.as_str()) {
            add("corpus", &name, &name, fs::read(file.path()).unwrap());
        }
    }
    for (name, bytes) in hostile::fixtures() {
        add("assembled", name, name, bytes);
    }
    for (what, bytes) in evasions() {
        add("evasion", what, "evasion.pkl", bytes);
    }
    for (n, (what, text)) in python_examples().into_iter().enumerate() {
        add("source", &format!("{n} {what}"), "source.py", text.into());
    }
    let cell =
        r#"{"cells": [{"cell_type": "code", "source": ["import torch\n", "torch.load('a.pt')"]}]}"#;
    add("source", "notebook", "source.ipynb", cell.into());
    let keys: BTreeSet<&str> = contents.iter().map(|content| &*content.key).collect();
    assert_eq!(keys.len(), contents.len(), "each has a key of its own");
    contents
}

fn read(content: &Content) -> (ContentFacts, Excerpts) {
    let window = Window::new(content.bytes.clone());
    scan::content_facts(&window, content.name.as_bytes()).unwrap()
}

fn facts(content: &Content) -> ContentFacts {
    read(content).0
}

fn stored(facts: &ContentFacts) -> String {
    serde_json::to_string(facts).unwrap()
}

/// Two policies, each with two releases of torch to load the artifacts.
fn policies() -> Vec<Policy> {
    let mut policies = Vec::new();
    for parent in ["recommended", "strict"] {
        for torch in ["2.4", "2.10"] {
            let text = format!("version: 1\nextends: {parent}\ntarget: {{torch: \"{torch}\"}}\n");
            policies.push(policy(&text));
        }
    }
    policies
}

/// Files whose whole name says what they are.
const KNOWN_BY_NAME: &[&str] = &[
    "checkpoint",
    "Manifest.json",
    "_CHECKPOINT_METADATA",
    "_METADATA",
    "bundle.json",
    "coremldata.bin",
    "manifest.ocdbt",
];

/// Names that hint at the same: another folder, and another beginning.
fn names(n: usize, content: &Content) -> [String; 2] {
    let name = &content.name;
    let renamed = || {
        let end = name.find('.').map_or("", |dot| name.get(dot..).unwrap());
        format!("renamed{end}")
    };
    let other = if KNOWN_BY_NAME.contains(&name.as_str()) {
        name.clone()
    } else {
        renamed()
    };
    [format!("a/{n}/{name}"), format!("b/{n}/{other}")]
}

/// What is seen in every file of a view, under every policy.
fn seen(view: &mut View, policies: &[Policy]) -> Vec<(Text, String)> {
    let mut seen = Vec::new();
    for item in std::mem::take(&mut view.items) {
        let path = item.entry.path.clone();
        view.items = vec![item];
        for policy in policies {
            let name = Path::new(path.as_str().unwrap());
            let inspection = scan::inspect(
                view,
                name,
                policy,
                String::new(),
                Listing::None,
                jiff::civil::Date::MAX,
            );
            seen.push((path.clone(), stored(&inspection.unwrap().facts)));
        }
    }
    seen
}

#[test]
fn the_same_bytes_say_the_same_whatever_is_around_them() {
    let repo = repo!();
    let contents = contents();
    for (n, content) in contents.iter().enumerate() {
        for path in names(n, content) {
            repo.write(&path, &content.bytes);
        }
    }
    // git must not change bytes on the way.
    repo.write(".gitattributes", "* -text\n").commit();
    let policies = policies();
    let mut views = [
        repo.work_tree(&["a", "b"]),
        revision(&repo.root, "HEAD", &["a".into(), "b".into()]).unwrap(),
    ];
    let mut compared = 0;
    for view in &mut views {
        let label = view.label.clone();
        for (path, facts) in seen(view, &policies) {
            let n: usize = path
                .as_str()
                .unwrap()
                .split('/')
                .nth(1)
                .unwrap()
                .parse()
                .unwrap();
            let content = &contents[n];
            assert_eq!(
                facts,
                stored(&self::facts(content)),
                "{} as {path} in {label}",
                content.key
            );
            compared += 1;
        }
    }
    assert_eq!(compared, contents.len() * 2 * 2 * policies.len());
}

#[test]
fn stored_facts_give_the_same_report() {
    let policies = policies();
    let mut shown = 0;
    for content in contents() {
        let (facts, excerpts) = read(&content);
        // Excerpts are not stored: they are made again from the bytes.
        let (_, excerpts_again) = read(&content);
        let text = stored(&facts);
        let again: ContentFacts = serde_json::from_str(&text).unwrap();
        assert_eq!(stored(&again), text, "{}", content.key);
        for policy in &policies {
            let judged = |facts: &ContentFacts, excerpts: Option<&Excerpts>| {
                let known = (facts, &Circumstances::default());
                judge_all(policy, &content.name, known, excerpts)
            };
            let first = judged(&facts, Some(&excerpts));
            let second = judged(&again, Some(&excerpts_again));
            assert_eq!(
                format!("{second:#?}"),
                format!("{first:#?}"),
                "{}",
                content.key
            );
            shown += first
                .iter()
                .filter(|it| it.primary.excerpt.is_some())
                .count();
            // Where the bytes are gone, all is found that is found with them.
            let unshown = judged(&again, None);
            let told = |findings: &[Finding]| -> Vec<String> {
                let told =
                    |it: &Finding| format!("{} {} {}", it.rule.id, it.primary.site, it.message);
                findings.iter().map(told).collect()
            };
            assert_eq!(told(&unshown), told(&first), "{}", content.key);
        }
    }
    assert!(shown > 0);
}
