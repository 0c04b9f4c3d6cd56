//! Fixes, carried out: the finding is gone, and the file is still Python.

use std::collections::BTreeSet;

use weighbridge::{
    fact::Fact,
    finding::{Edit, Finding},
    python,
    record::Recorder,
};

use super::judge;
use crate::support::{fixture::Observed, oracle, random::Random};

fn findings(source: &str) -> Vec<Finding> {
    let mut recorder = Recorder::default();
    python::read(source.as_bytes(), false, &mut recorder);
    let seen = Observed::from(recorder);
    let broken = seen.iter().any(|o| matches!(o.fact, Fact::Partial(_)));
    assert!(!broken, "it does not parse:\n{source}");
    judge("a.py", &seen)
}

/// The offset of a line and column, as [`Edit`] counts them.
fn offset(text: &str, (line, column): (u32, u32)) -> usize {
    let mut starts = vec![0];
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        if *byte == b'\n' || *byte == b'\r' && bytes.get(at + 1) != Some(&b'\n') {
            starts.push(at + 1);
        }
    }
    let start = starts[line as usize - 1];
    let (_, rest) = text.split_at(start);
    let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    start + ends.into_iter().nth(column as usize - 1).unwrap()
}

fn apply(source: &str, edits: &[Edit]) -> String {
    let mut text = source.to_owned();
    for edit in edits.iter().rev() {
        text.replace_range(
            offset(source, edit.start)..offset(source, edit.end),
            &edit.text,
        );
    }
    text
}

/// Carries out the fixes of one finding after the other, until none is left; every finding that has one goes away by it.
fn mended(source: &str) -> String {
    let mut text = source.to_owned();
    for _ in 0..50 {
        let before = findings(&text);
        let Some(finding) = before.iter().find(|finding| finding.fix.is_some()) else {
            return text;
        };
        let edits = finding.fix.as_ref().map(|fix| fix.edits.as_slice());
        let after = apply(&text, edits.unwrap_or_default());
        let left = findings(&after)
            .iter()
            .filter(|f| f.rule.id == finding.rule.id)
            .count();
        let had = before
            .iter()
            .filter(|f| f.rule.id == finding.rule.id)
            .count();
        assert!(
            left < had,
            "{} is still there:\n{text}\n->\n{after}",
            finding.rule.id
        );
        text = after;
    }
    panic!("the fixes never end:\n{source}");
}

#[test]
fn the_edits_are_those_the_help_advises() {
    for (source, expected) in [
        ("torch.load(p)", "torch.load(p, weights_only=True)"),
        ("torch.load(p,)", "torch.load(p, weights_only=True)"),
        ("torch.load((p))", "torch.load((p), weights_only=True)"),
        (
            "torch.load(\n    p,  # a, b)\n)",
            "torch.load(\n    p, weights_only=True  # a, b)\n)",
        ),
        ("torch.load(*a)", "torch.load(*a, weights_only=True)"),
        (
            "torch.load(p, weights_only=None)",
            "torch.load(p, weights_only=True)",
        ),
        (
            "torch.load(p, weights_only=False)",
            "torch.load(p, weights_only=True)",
        ),
        (
            "torch.load(p, weights_only=(False), mmap=True)",
            "torch.load(p, weights_only=True, mmap=True)",
        ),
        (
            "torch.load(p, pickle_module=dill)",
            "torch.load(p, weights_only=True)",
        ),
        (
            "é = torch.load('ü', weights_only=False)",
            "é = torch.load('ü', weights_only=True)",
        ),
        (
            "np.load(p, allow_pickle=True)",
            "np.load(p, allow_pickle=False)",
        ),
        ("np.load(p, None, True)", "np.load(p, None, False)"),
        (
            "f = partial(torch.load, weights_only=False)\nf(p)",
            "f = partial(torch.load, weights_only=True)\nf(p)",
        ),
        // What is not written out there, or not sure, is not edited.
        (
            "torch.load(p, **{'weights_only': False})",
            "torch.load(p, **{'weights_only': False})",
        ),
        (
            "torch.load(p, weights_only=FLAG)",
            "torch.load(p, weights_only=FLAG)",
        ),
        (
            "torch.load(p, weights_only=False, pickle_module=dill)",
            "torch.load(p, weights_only=False, pickle_module=dill)",
        ),
        ("x = map(torch.load, ps)", "x = map(torch.load, ps)"),
    ] {
        let head =
            "import torch, dill\nimport numpy as np\nfrom functools import partial\nFLAG = False\n";
        let all = mended(&format!("{head}{source}\n"));
        assert_eq!(all, format!("{head}{expected}\n"));
    }
}

/// Calls of every shape, mended: what is left parses, in CPython too.
#[test]
fn random_calls_are_mended() {
    let mut random = Random::new(20_26);
    let mut all = BTreeSet::new();
    for _ in 0..300 {
        let mut text = String::from("import torch\nimport numpy as np\n");
        for _ in 0..3 {
            text.push_str(&call(&mut random));
            let end: &&str = random.pick(&["\n", "\n\n", "  # torch.load(x)\n", "\r\n"]);
            text.push_str(end);
        }
        all.insert(mended(&text));
    }
    let all: Vec<String> = all.into_iter().collect();
    let script =
        "import ast, json, sys\nfor text in json.load(sys.stdin): ast.parse(text)\nprint('ok')";
    if let Some(said) = oracle::piped(
        "ast",
        script,
        serde_json::to_string(&all).unwrap().as_bytes(),
    ) {
        assert_eq!(said.trim(), "ok");
    }
}

fn call(random: &mut Random) -> String {
    let gap = |random: &mut Random| *random.pick(&["", " ", "\n    ", "  # ), (,\n  ", " \\\n "]);
    let mut arguments = vec![
        (*random.pick(&[
            "p",
            "(p)",
            "'é.pt'",
            "f(p, (1,))",
            "*ps",
            "open(\n'x', 'rb')",
        ]))
        .to_owned(),
    ];
    let torch = *random.pick(&[true, false]);
    let (callee, keywords): (_, &[&str]) = if torch {
        (
            "torch.load",
            &[
                "weights_only=False",
                "weights_only=None",
                "weights_only = False",
                "map_location='cpu'",
                "mmap=True",
                "pickle_module=None",
                "map_location={'a': (1,)}",
                "weights_only=(False)",
            ],
        )
    } else {
        (
            "np.load",
            &[
                "allow_pickle=True",
                "mmap_mode=None",
                "allow_pickle = True",
                "fix_imports=False",
            ],
        )
    };
    let mut names = BTreeSet::new();
    for _ in 0..random.below(3) {
        let keyword = *random.pick(keywords);
        if names.insert(keyword.split(['=', ' ']).next().unwrap()) {
            arguments.push(keyword.to_owned());
        }
    }
    let mut text = format!("x = {callee}(");
    let last = arguments.len() - 1;
    for (i, argument) in arguments.iter().enumerate() {
        text.push_str(gap(random));
        text.push_str(argument);
        text.push_str(gap(random));
        if i < last || *random.pick(&[true, false]) {
            text.push(',');
        }
    }
    text.push_str(gap(random));
    text.push(')');
    text
}
