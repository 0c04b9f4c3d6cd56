//! Arguments and constants.

use weighbridge::fact::Excerpt;

use super::{observe, told, underlined};
use crate::support::fixture::Observed;

/// The call in `source`, with `import torch` before it.
fn call(source: &str) -> String {
    let text = told(format!("import torch\n{source}"));
    let line = text.lines().last().unwrap_or_default();
    line.split_once("call torch.load")
        .map_or(line, |(_, rest)| rest)
        .to_owned()
}

#[test]
fn constants_are_proven_or_unknown() {
    for (source, arguments) in [
        (
            "torch.load(p, weights_only=False)",
            "(?, weights_only=False)",
        ),
        (
            "torch.load(p, weights_only=not True)",
            "(?, weights_only=False)",
        ),
        ("torch.load(p, weights_only=0)", "(?, weights_only=0)"),
        (
            "W = False\ntorch.load(p, weights_only=W)",
            "(?, weights_only=False)",
        ),
        (
            "W = V = False\ntorch.load(p, weights_only=V)",
            "(?, weights_only=False)",
        ),
        (
            "def f():\n  w = False\n  torch.load(p, weights_only=w)",
            "(?, weights_only=False)",
        ),
        (
            "W = False\nW = True\ntorch.load(p, weights_only=W)",
            "(?, weights_only=?)",
        ),
        (
            "torch.load(p, weights_only=True if x else True)",
            "(?, weights_only=True)",
        ),
        (
            "torch.load(p, weights_only=cfg.safe)",
            "(?, weights_only=?)",
        ),
        (
            "from cfg import safe\ntorch.load(p, weights_only=safe)",
            "(?, weights_only=cfg.safe)",
        ),
        (
            "def f(w): torch.load(p, weights_only=w)",
            "(?, weights_only=<parameter>)",
        ),
        (
            "def f(w=False): torch.load(p, weights_only=w)",
            "(?, weights_only=<parameter=False>)",
        ),
        (
            "def f(w=None):\n  w = g()\n  torch.load(p, weights_only=w)",
            "(?, weights_only=?)",
        ),
        ("torch.load('a' 'b', 'cpu', None)", "('ab', 'cpu', None)"),
        (
            "import pickle\ntorch.load(p, pickle_module=pickle)",
            "(?, pickle_module=pickle)",
        ),
    ] {
        assert_eq!(call(source), arguments, "{source}");
    }
}

#[test]
fn splats_are_looked_into() {
    for (source, arguments) in [
        (
            "torch.load(p, **{'weights_only': False})",
            "(?, weights_only=False)",
        ),
        (
            "torch.load(p, **dict(weights_only=False))",
            "(?, weights_only=False)",
        ),
        (
            "k = {'weights_only': False}\ntorch.load(p, **k)",
            "(?, weights_only=False)",
        ),
        (
            "k = dict(weights_only=False)\ntorch.load(p, **k)",
            "(?, weights_only=False)",
        ),
        (
            "k = {}\nk['weights_only'] = False\ntorch.load(p, **k)",
            "(?, weights_only=False)",
        ),
        (
            "k = {}\nk.update(weights_only=False)\ntorch.load(p, **k)",
            "(?, weights_only=False)",
        ),
        (
            "def f(p, **k):\n  k.setdefault('weights_only', False)\n  torch.load(p, **k)",
            "(<parameter>, weights_only=False, **)",
        ),
        (
            "a = {'weights_only': False}\nk = {**a, 'mmap': True}\ntorch.load(p, **k)",
            "(?, weights_only=False, mmap=True)",
        ),
        (
            "k = {'weights_only': True}\nk['weights_only'] = False\ntorch.load(p, **k)",
            "(?, weights_only=?)",
        ),
        ("def f(p, **k): torch.load(p, **k)", "(<parameter>, **)"),
        ("torch.load(p, **cfg)", "(?, **)"),
        ("torch.load(p, **{key: False})", "(?, **)"),
        (
            "torch.load(*a, weights_only=True)",
            "(weights_only=True, *)",
        ),
        ("torch.load(*(p, 'cpu', pickle))", "(?, 'cpu', ?)"),
        (
            "k = {}\ndef f(k): k['weights_only'] = False\ntorch.load(p, **k)",
            "(?)",
        ),
    ] {
        assert_eq!(call(source), arguments, "{source}");
    }
}

#[test]
fn partials_are_told_where_they_are_bound_and_called() {
    insta::assert_snapshot!(told("
from functools import partial
import torch
load = partial(torch.load, weights_only=False)
load(path, map_location='cpu')
"), @r"
    4:8 partial torch.load(weights_only=False)
    5:1 call torch.load(weights_only=False, ?, map_location='cpu')
    ");
}

/// The excerpt of the first observation.
fn shown(observed: &Observed) -> &Excerpt {
    let id = observed[0].excerpt.unwrap();
    observed.excerpts.get(id).unwrap()
}

#[test]
fn the_excerpt_shows_the_call_and_marks_its_arguments() {
    let source = "import torch\n\n\ndef f(path):\n\treturn torch.load(\n\t\tpath,\n\t\tweights_only=False,\n\t)\n";
    let observations = observe(source);
    let excerpt = shown(&observations);
    insta::assert_snapshot!(excerpt.text, @r"

    def f(path):
        return torch.load(
            path,
            weights_only=False,
        )
    ");
    assert_eq!(excerpt.first_line, Some(3));
    assert_eq!(underlined(excerpt, &excerpt.marks[0].range), "torch.load(");
    let mark = excerpt.arguments[1].clone().unwrap();
    assert_eq!(underlined(excerpt, &mark), "weights_only=False");
}

#[test]
fn hostile_lines_cannot_forge_an_excerpt() {
    let observations = observe("import torch\nx = '\u{202e}\u{1b}[2J'; torch.load(p)\n");
    let excerpt = shown(&observations);
    assert!(
        excerpt.text.contains("'\\u{202e}\\u{1b}[2J'"),
        "{}",
        excerpt.text
    );
    assert_eq!(
        underlined(excerpt, &excerpt.marks[0].range),
        "torch.load(p)"
    );
}
