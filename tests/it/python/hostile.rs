//! Hostile source: no panic, no overflow of a two-megabyte stack, no quadratic time.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use super::{observe, told};

const MEGABYTE: usize = 1 << 20;

/// `import torch`, then `prefix` repeated to a megabyte, then `suffix`.
fn filled(prefix: &str, middle: &str, suffix: &str) -> String {
    let n = MEGABYTE / (prefix.len() + suffix.len()).max(1);
    format!(
        "import torch\ntorch.load(p)\n{}{middle}{}\n",
        prefix.repeat(n),
        suffix.repeat(n)
    )
}

#[test]
fn a_megabyte_of_nesting_is_refused_quickly() {
    let shapes = [
        ("(", "", ""),
        ("(", "x", ")"),
        ("[", "", "]"),
        ("{", "", "}"),
        ("{1:", "1", "}"),
        ("f(", "", ")"),
        ("a[", "0", "]"),
        ("a.", "b", ""),
        ("a().", "b", ""),
        ("a", "", "[0]"),
        ("not ", "x", ""),
        ("-", "1", ""),
        ("~", "1", ""),
        ("lambda: ", "0", ""),
        ("lambda a, b: ", "0", ""),
        ("await ", "x", ""),
        ("yield ", "x", ""),
        ("*", "x", ""),
        ("**", "x", ""),
        ("1 + ", "1", ""),
        ("1 ** ", "1", ""),
        ("x if x else ", "x", ""),
        ("x and ", "x", ""),
        ("x or y and ", "x", ""),
        ("x < ", "x", ""),
        ("x := ", "x", ""),
        ("x = ", "x", ""),
        ("async ", "x", ""),
        ("@a\n", "", ""),
        ("@", "a", ""),
        ("x: ", "x", ""),
        ("if x: ", "pass", ""),
        ("class A: ", "pass", ""),
        ("match ", "x", ""),
        ("match x:\n case ", "1", ": pass"),
        ("case (", "", ")"),
        ("with (", "", ")"),
        ("with a, ", "b", ": pass"),
        ("for x in ", "y", ""),
        ("[x for x in ", "y", "]"),
        ("(yield ", "", ")"),
        ("( ] ", "", ""),
        ("[ ) { ] ", "", ""),
        ("f'{", "x", "}'"),
        ("f'{x:{", "x", "}}'"),
        ("f\"{f'{", "x", "}'}\""),
        ("'a' ", "", ""),
        ("'", "", ""),
        ("\"\"\"", "", ""),
        ("f'", "", ""),
        ("\\\n", "", ""),
        ("\u{c}", "", ""),
        ("\0", "", ""),
        (";", "", ""),
        (",", "", ""),
        (":", "", ""),
        ("0", "", ""),
        ("é", "", ""),
        ("elif x: pass\n", "", ""),
        ("else:\n", "", ""),
        ("try: pass\nexcept: ", "pass", ""),
        ("import a; ", "", ""),
        ("import a.", "b", ""),
        ("from ", "", ""),
        ("from .", "", ""),
        ("global a, ", "b", ""),
        ("type X[", "", "]"),
        ("def f(a=", "1", "): pass"),
        ("def f[T](): ", "pass", ""),
        ("? ", "", ""),
        ("!", "", ""),
    ];
    for (prefix, middle, suffix) in shapes {
        let source = filled(prefix, middle, suffix);
        let start = Instant::now();
        let observations = observe(&source);
        let took = start.elapsed();
        assert!(!observations.is_empty(), "{prefix:?} was passed in silence");
        assert!(took < Duration::from_secs(20), "{prefix:?} took {took:?}");
    }
}

#[test]
fn nested_blocks_are_refused() {
    for header in [
        "if x:",
        "def f():",
        "class A:",
        "while x:",
        "try:",
        "with x:",
        "for x in y:",
        "match x:\n case y:",
    ] {
        let mut source = String::from("from torch import load\n");
        for depth in 0..1000 {
            source.push_str(&" ".repeat(depth));
            source.push_str(header);
            source.push('\n');
        }
        let text = told(&source);
        assert!(
            text.contains("partial") || text.contains("unread"),
            "{header}: {text}"
        );
    }
}

/// Memory grows with tokens: a list of small numbers is the densest. What is not related to a loader is not counted.
#[test]
fn more_tokens_than_fit_into_memory_are_not_parsed() {
    let numbers = "1,".repeat(600_000);
    let related = format!("import torch\nx = [torch.load(p), {numbers}]\n");
    assert!(
        told(&related).contains("1,000,000 tokens"),
        "{}",
        told(&related)
    );
    let unrelated = format!("import torch\ny = [{numbers}]\ntorch.load(p)\n");
    assert!(
        told(&unrelated).contains("torch.load"),
        "{}",
        told(&unrelated)
    );
    assert!(!told(&unrelated).contains("tokens"));
}

/// An unclosed bracket hides line ends from the lexer but not from error recovery, which goes on with the blocks.
#[test]
fn blocks_behind_an_unclosed_bracket_do_not_overflow() {
    for opener in ["x = (\n", "f(\n", "x = [\n", "x = {\n", "f'{\n"] {
        let mut source = format!("import torch\ntorch.load(p)\n{opener}");
        for depth in 0..1400 {
            source.push_str(&" ".repeat(depth));
            source.push_str("if x:\n");
        }
        source.push_str(&" ".repeat(1400));
        source.push_str("torch.load(q)\n");
        assert!(!observe(&source).is_empty());
    }
}

#[test]
fn what_is_deep_but_legal_is_read() {
    let sum = format!("import torch\nx = {}torch.load(p)\n", "1 + ".repeat(2000));
    assert!(told(&sum).ends_with("call torch.load(?)"), "{}", told(&sum));
    let chain = format!("import torch\nx = torch.load(p){}\n", ".a".repeat(2000));
    assert!(told(&chain).ends_with("call torch.load(?)"));
    let parentheses = format!(
        "import torch\nx = {}torch.load(p){}\n",
        "(".repeat(150),
        ")".repeat(150)
    );
    assert!(told(&parentheses).ends_with("call torch.load(?)"));
    let table = format!(
        "import torch\nx = [{}torch.load(p)]\n",
        "1, ".repeat(200_000)
    );
    assert!(told(&table).ends_with("call torch.load(?)"));
}

#[test]
fn names_that_lead_in_circles_end() {
    let mut source = String::from("import torch\nload = torch.load\n");
    for i in 0..2000 {
        let _ = write!(
            source,
            "load = a{}\na{i} = load\na{i} = a{}\n",
            i / 2,
            (i * 7) % 2000
        );
    }
    source.push_str("load(p)\na7.x.y(p)\nx = getattr(x, x)\nimport x\nx(x)\nk = dict(**k)\nk |= k\ntorch.load(p, **k)\n");
    let start = Instant::now();
    let text = told(&source);
    assert!(text.contains("call torch.load"), "{text}");
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
}

/// A name that is bound over and over is not compared with all that it was bound to before, and a module that many names are
/// imported from is not repeated for each.
#[test]
fn a_name_bound_many_times_costs_little() {
    let many = |line: fn(usize) -> String| (0..20_000).map(line).collect::<String>();
    let long = format!(
        "from {} import {}c\n",
        "a".repeat(200_000),
        many(|n| format!("b{n}, "))
    );
    for source in [
        many(|n| format!("import a{n}.b as d\n")),
        many(|n| format!("from x import y{n} as d\n")),
        many(|n| format!("from x{n} import *\n")),
        many(|n| format!("d = f{n}()\nd.a = 1\n")),
        long,
    ] {
        let start = Instant::now();
        let text = told(format!("import torch\n{source}x = torch.load\n"));
        // A name with so many meanings is past a limit, once something is asked of it.
        let limited = text.contains("steps to find what all names");
        assert!(limited || text.contains("torch.load"), "{text}");
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{} took {:?}",
            source.get(..40).unwrap_or_default(),
            start.elapsed()
        );
    }
}

/// Nothing looks for the end of a run of blanks from each place in it.
#[test]
fn a_megabyte_of_blanks_in_a_statement_costs_little() {
    for blank in [
        " ",
        "\t",
        "\x0c",
        "\n",
        " \t",
        " # a\n",
        "\r\n",
        "'' ",
        "a.write ,",
    ] {
        let blanks = blank.repeat(MEGABYTE / blank.len());
        let start = Instant::now();
        let text = told(format!("import torch\nx = (1,{blanks})\ntorch.load(p)\n"));
        // More tokens than a source may have are a limit.
        let limited = text.contains("too complex") || text.contains("tokens");
        assert!(limited || text.contains("torch.load"), "{blank:?}: {text}");
        let took = start.elapsed();
        assert!(took < Duration::from_secs(20), "{blank:?} took {took:?}");
    }
}

#[test]
fn a_name_bound_to_many_constants_hides_nothing() {
    let source = format!(
        "import torch\n{}load = torch.load\nload(p)\n",
        "load = 1\n".repeat(10_000)
    );
    assert!(told(&source).contains("call torch.load"));
}

const CORPUS: &[&str] = &[
    "import torch\nstate = torch.load(p, map_location='cpu', weights_only=False)\n",
    "from pickle import *\nwith open(p, 'rb') as f:\n\tx = load(f)\r\nclass A(Unpickler): pass\n",
    "import os, functools as ft, numpy as np\nos.environ['TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'] = '1'\nf = ft.partial(np.load, allow_pickle=not False)\nf(*a, **{'x': 1, **y})\n",
    "match x:\n    case {'a': [1, *rest], **other} | A(b=c) as d: d = lambda q, *r, s=1, **t: (yield)\n",
    "x = f'{a!r:>{w}} {f\"{b}\"}' rb'x' [i async for i in j if (k := i)] {**a, 1: 2} @ b[1:2, ...]\n",
    "try:\n  import cPickle as p\nexcept* (A, B) as e:\n  del e\nelse: global z; nonlocal_ = 1\nfinally: raise X from y\n",
    "@a.b\nasync def f(x: int = 1, /, *, y: 'T') -> None:\n    await g(); return (yield from h)\n",
];

/// Each truncation and each of many changes of a corpus.
#[test]
fn mutated_source_never_panics() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % u64::try_from(below).unwrap()).unwrap()
    };
    let pieces: &[&[u8]] = &[
        b"(",
        b")",
        b"[",
        b"]",
        b"{",
        b"}",
        b"'",
        b"\"\"\"",
        b"f'",
        b"\\\n",
        b"\n",
        b"\r",
        b"\t",
        b"    ",
        b"\0",
        b"\xff",
        b"\xc3\xa9",
        b"\xe2\x80\xae",
        b"lambda ",
        b" if ",
        b":",
        b"=",
        b"**",
        b"%",
        b"!",
        b"?",
        b"\x0c",
        b"\xef\xbb\xbf",
    ];
    for source in CORPUS {
        let source = source.as_bytes();
        for end in 0..source.len() {
            let _ = observe(&source[..end]);
            let _ = observe([b"import torch;", &source[end..]].concat());
        }
        for _ in 0..400 {
            let mut mutated = source.to_vec();
            for _ in 0..=random(4) {
                let at = random(mutated.len());
                match random(3) {
                    0 => mutated[at] ^= 1 << random(8),
                    1 => drop(mutated.splice(at..at, pieces[random(pieces.len())].iter().copied())),
                    _ => drop(mutated.remove(at)),
                }
            }
            let mut recorder = weighbridge::record::Recorder::default();
            weighbridge::python::read(&mutated, false, &mut recorder);
            let cell = serde_json::json!({"cells": [{"cell_type": "code", "source": String::from_utf8_lossy(&mutated)}]});
            weighbridge::python::read(cell.to_string().as_bytes(), true, &mut recorder);
        }
    }
}

#[test]
fn bytes_that_are_not_text_are_said_to_be_so() {
    assert_eq!(
        told(b"import torch # \xff\ntorch.load(p)\n"),
        "partial: it is not UTF-8\n2:1 call torch.load(?)"
    );
    assert_eq!(
        told(b"\xef\xbb\xbfimport torch\r\ntorch.load(1)\r\n"),
        "2:1 call torch.load(1)"
    );
    assert_eq!(
        told(b"# coding: latin-1\n'\xe9'; import torch\n\x0ctorch.load(1)\n"),
        "3:2 call torch.load(1)"
    );
    assert!(
        told(b"# coding: rot13\nvzcbeg gbepu; gbepu.ybnq(c)\n")
            .contains("encoding `rot13` is not decoded"),
        "what it says cannot be known without decoding it"
    );
    assert!(told(b"import torch\n\0\ntorch.load(1)\n").contains("partial"));
    assert_eq!(told(b""), "");
}

#[test]
fn source_without_a_trigger_is_not_parsed() {
    assert_eq!(
        told("import json; json.load(f"),
        "",
        "broken, but of no interest"
    );
    assert!(told("import torch; json.load(f").contains("partial"));
    // Identifiers are normalised: these are `torch` and `load`.
    assert!(told("import ｔｏｒｃｈ\nｔorch.ｌoad(p)\n").contains("call torch.load"));
    assert!(told("__import__('t\\x6frch').load(p)\n").contains("call torch.load"));
}
