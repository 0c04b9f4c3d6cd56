//! `load-through-helper`: a rule over the run, so that it is seen where files are checked together.

use std::fmt::Write as _;

use crate::support::{
    cli::run,
    pickle::payload,
    repo::{Repo, repo},
};

const IO: &str = "import numpy\nimport torch\nfrom pathlib import Path\n\n\
def load(p, weights_only=False, *, map_location=None):\n    return torch.load(p, weights_only=weights_only, map_location=map_location)\n\
def safe(p, weights_only=True):\n    return torch.load(p, weights_only=weights_only)\n\
def const(p):\n    return torch.load(p, weights_only=False)\n\
def plain(path, allow=True):\n    with open(str(path), 'rb') as f:\n        data = f\n        return numpy.load(data, allow_pickle=allow)\n\
def at(*, path, allow=True):\n    file = Path(path)\n    return numpy.load(file, None, allow)\n\
def changed(p, allow=True):\n    p = find(p)\n    return numpy.load(p, allow_pickle=allow)\n\
def again(p):\n    return plain(p)\n\
def forever(p, allow=True):\n    numpy.load(p, allow_pickle=allow)\n    return forever('x.npy')\n\
def outer(p, allow=True):\n    def inner():\n        return numpy.load(p, allow_pickle=allow)\n    return inner()\n\
class Store:\n    def load(self, p, weights_only=False):\n        return torch.load(p, weights_only=weights_only)\n";

/// What is reported of these files: where, which function and which path.
fn told_in(repo: &Repo, files: &[(&str, &str)]) -> Vec<String> {
    for (path, text) in files {
        repo.write(path, text);
    }
    let all = run(&repo.root, &["check", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&all.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let of_rule = findings
        .iter()
        .filter(|finding| finding["rule"] == "load-through-helper");
    of_rule
        .filter_map(|finding| {
            // Of very many, the rest is counted.
            let (said, _) = finding["message"].as_str()?.split_once(", which")?;
            Some(format!("{}: {said}", finding["path"].as_str()?))
        })
        .collect()
}

#[test]
fn a_call_of_a_function_that_loads_is_told_where_it_stands() {
    let repo = repo!();
    repo.write("pkg/__init__.py", "");
    repo.write(
        "pkg/io.py",
        "import torch\n\ndef load(p, weights_only=False):\n    return torch.load(p, weights_only=weights_only)\n",
    );
    repo.write("run.py", "from pkg.io import load\n\nload(\"a.pt\")\n");
    let all = run(&repo.root, &["check"]);
    let all = all.shown(&repo.root);
    let (_, told) = all.split_once("error[load-through-helper]").unwrap();
    let (told, _) = told.split_once("\n\n").unwrap();
    insta::assert_snapshot!(told, @r#"
    : `load` hands `a.pt` to `torch.load` in pkg/io.py,
      which lets the file run any code that it names
       ╭─ run.py:3:1
     1 │ from pkg.io import load
     2 │
     3 │ load("a.pt")
       │ ━━━━━━━━━━━━
       ├─ pkg/io.py:4:12
       │ loaded here
       │
       │ help: load only data: `weights_only=True`, `allow_pickle=False`, or a file
       │       of safetensors
       ╰──
    "#);
}

#[test]
fn functions_are_found_through_imports() {
    let cases = [
        ("from pkg.io import load\nload('a.pt')", "load"),
        ("from pkg.io import load as get\nget('a.pt')", "get"),
        ("import pkg.io\npkg.io.load('a.pt')", "pkg.io.load"),
        ("import pkg.io as io\nio.load('a.pt')", "io.load"),
        ("from pkg import io\nio.load('a.pt')", "io.load"),
        ("from pkg.io import load\nload(p='a.pt')", "load"),
        ("from pkg.io import load\nload('a.pt', False)", "load"),
        (
            "from pkg.io import load\ndef f():\n    return load('a.pt', weights_only=0)",
            "load",
        ),
        (
            "from pkg.io import load\nload('a.pt', map_location='cpu')",
            "load",
        ),
        ("from pkg.io import plain\nplain('a.npy')", "plain"),
        ("from pkg.io import at\nat(path='a.npy')", "at"),
        ("from pkg.io import forever\nforever('a.npy')", "forever"),
    ];
    let is_told = |repo: &Repo, place: &str, source: &str, function: &str| {
        let said = told_in(repo, &[("pkg/io.py", IO), (place, source)]);
        let own = said.iter().find(|said| said.starts_with(place));
        let own = own.unwrap_or_else(|| panic!("{place}: {source}\n{said:?}"));
        assert!(own.contains(&format!("`{function}` hands `a.")), "{own}");
    };
    for (source, function) in cases {
        is_told(&repo!(), "run.py", source, function);
    }
    // The folder of a script, and each above, may be where Python looks.
    is_told(
        &repo!(),
        "tools/a/run.py",
        "from pkg.io import load\nload('a.pt')",
        "load",
    );
    for (place, source, function) in [
        ("pkg/run.py", "from .io import load\nload('a.pt')", "load"),
        ("pkg/run.py", "from . import io\nio.load('a.pt')", "io.load"),
        (
            "pkg/a/run.py",
            "from ..io import load\nload('a.pt')",
            "load",
        ),
        (
            "pkg/a/b/run.py",
            "from ... import io\nio.load('a.pt')",
            "io.load",
        ),
    ] {
        is_told(&repo!(), place, source, function);
    }
    let said = told_in(
        &repo!(),
        &[
            ("a/pkg/__init__.py", IO),
            ("a/run.py", "import pkg\npkg.load('a.pt')"),
        ],
    );
    assert!(
        said.iter().any(|said| said.starts_with("a/run.py")),
        "{said:?}"
    );
}

#[test]
fn a_function_of_the_same_file_is_found() {
    let source = format!(
        "{IO}load('a.pt')\nload('b.pt', True)\nclass A:\n    def load(self):\n        return plain('c.npy')\n"
    );
    assert_eq!(
        told_in(&repo!(), &[("one.py", &source)]),
        [
            "one.py: `forever` hands `x.npy` to `numpy.load` in one.py",
            "one.py: `load` hands `a.pt` to `torch.load` in one.py",
            "one.py: `plain` hands `c.npy` to `numpy.load` in one.py",
        ]
    );
}

#[test]
fn what_lets_nothing_run_or_is_not_followed_is_not_told() {
    for source in [
        "from pkg.io import load\nload('a.pt', True)",
        "from pkg.io import load\nload('a.pt', weights_only=True)",
        "from pkg.io import load\nload('a.pt', **options)",
        "from pkg.io import load\nload('a.pt', weights_only=decide())",
        "from pkg.io import load\nload(name)",
        "from pkg.io import load\nload(*['a.pt'])",
        "from pkg.io import safe\nsafe('a.pt')",
        "from pkg.io import safe\nsafe(p='a.pt', weights_only=1)",
        "from pkg.io import const\nconst('a.pt')",
        "from pkg.io import changed\nchanged('a.npy')",
        "from pkg.io import again\nagain('a.npy')",
        "from pkg.io import outer\nouter('a.npy')",
        "from pkg.io import Store\nStore().load('a.pt')",
        "from other.io import load\nload('a.pt')",
        "from pkg.other import load\nload('a.pt')",
        "from .io import load\nload('a.pt')",
        "from ...pkg.io import load\nload('a.pt')",
        "def load(p):\n    pass\nload('a.pt')",
        "load('a.pt')",
        "from pkg.io import load\ndef f(load):\n    load('a.pt')",
    ] {
        let said = told_in(&repo!(), &[("pkg/io.py", IO), ("run.py", source)]);
        let own = said.iter().find(|said| said.starts_with("run.py"));
        assert_eq!(own, None, "{source}");
    }
}

/// A dangerous file that is loaded so is told with the call, also where the function alone decides.
#[test]
fn an_artifact_that_is_loaded_through_a_function_is_told() {
    let repo = repo!();
    repo.write(
        "pkg/io.py",
        "import torch\n\ndef const(p):\n    return torch.load(p, weights_only=False)\n",
    );
    repo.write("models/a.pt", payload());
    repo.write(
        "run.py",
        "from pkg.io import const\n\nconst(\"models/a.pt\")\n",
    );
    let all = run(&repo.root, &["check"]);
    assert_eq!(all.code, 1, "{all:?}");
    let all = all.shown(&repo.root);
    let (_, told) = all.split_once("[unsafe-artifact-loaded]").unwrap();
    assert!(told.contains("`torch.load` in run.py loads this"), "{all}");
    assert!(told.contains("run.py:3:1"), "{all}");
    assert!(!all.contains("load-through-helper"), "{all}");
}

/// Each call is joined once with each function of its name.
#[test]
fn many_calls_and_many_functions_are_joined_at_once() {
    let mut io = String::from("import numpy\n");
    let mut source = String::from("import io2\n");
    for at in 0..2000 {
        writeln!(io, "def load{at}(p, allow=True):").unwrap();
        writeln!(io, "    return numpy.load(p, allow_pickle=allow)").unwrap();
        writeln!(source, "io2.load{at}('{at}.npy')").unwrap();
    }
    let said = told_in(&repo!(), &[("io2.py", &io), ("run.py", &source)]);
    assert!(!said.is_empty());
}
