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
        ("from pkg.io import load\nload(*['a.pt'])", "load"),
        ("from pkg.io import again\nagain('a.npy')", "again"),
        ("from pkg.io import outer\nouter('a.npy')", "outer"),
        (
            "from pkg.io import Store\nStore().load('a.pt')",
            "Store().load",
        ),
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
        "from pkg.io import safe\nsafe('a.pt')",
        "from pkg.io import safe\nsafe(p='a.pt', weights_only=1)",
        "from pkg.io import const\nconst('a.pt')",
        "from pkg.io import changed\nchanged('a.npy')",
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

/// What is reported in `run.py`, with a module `pkg/io.py` and a package that may export it.
fn told_of_run(repo: &Repo, io: &str, init: &str, source: &str) -> Vec<String> {
    let files = [
        ("pkg/__init__.py", init),
        ("pkg/io.py", io),
        ("run.py", source),
    ];
    let mut said = told_in(repo, &files);
    said.retain(|said| said.starts_with("run.py"));
    said
}

const WRAPPED: &str = "import functools\nimport torch\n\n\
def _read(p, weights_only=False, **more):\n    return torch.load(p, weights_only=weights_only, **more)\n\
def load(p):\n    return _read(p)\n\
def get(path, **options):\n    return _read(str(path), **options)\n\
def any(*args, **kwargs):\n    return torch.load(*args, **kwargs)\n\
async def wait(p, weights_only=False):\n    return torch.load(p, weights_only=weights_only)\n\
quick = lambda p, weights_only=False: torch.load(p, weights_only=weights_only)\n\
fast = functools.partial(_read, weights_only=False)\n\
careful = functools.partial(_read, weights_only=True)\n\
def left(p, weights_only=False):\n    return right(p, weights_only)\n\
def right(p, weights_only=False):\n    if p: left(p, weights_only)\n    return _read(p, weights_only)\n\
def opened(p, weights_only=False):\n    with open(p, 'rb') as f:\n        return _read(f, weights_only=weights_only)\n\
def checked(p):\n    return _read(p, weights_only=True)\n\
class Store:\n    def __init__(self, root):\n        self.root = root\n\
\x20   def load(self, p, weights_only=False):\n        return self._load(p, weights_only)\n\
\x20   def _load(self, p, weights_only):\n        return torch.load(p, weights_only=weights_only)\n\
\x20   @staticmethod\n    def static(p, weights_only=False):\n        return torch.load(p, weights_only=weights_only)\n\
\x20   @classmethod\n    def of_class(cls, p, weights_only=False):\n        return torch.load(p, weights_only=weights_only)\n\
\x20   def safe(self, p, weights_only=True):\n        return self._load(p, weights_only)\n\
class Other(Store):\n    def safe(self, p):\n        return self.load(p, True)\n";

/// However a function is defined, called or exported.
#[test]
fn functions_are_followed_through_others_classes_and_names() {
    let export = "from .io import *\n";
    let named = "from .io import Store, load\nfrom .io import get as fetch\nfrom . import io\n";
    for (init, source) in [
        ("", "from pkg.io import load\nload('a.pt')"),
        ("", "from pkg.io import get\nget('a.pt')"),
        (
            "",
            "from pkg.io import get\nfrom pathlib import Path\nget(Path('models') / 'a.pt')",
        ),
        (
            "",
            "from pkg.io import get\nget('a.pt', weights_only=False)",
        ),
        (
            "",
            "from pkg.io import any\nany('a.pt', weights_only=False)",
        ),
        (
            "",
            "from pkg.io import any\nany(f='a.pt', weights_only=False)",
        ),
        (
            "",
            "from pkg.io import wait\nasync def main():\n    return await wait('a.pt')",
        ),
        ("", "from pkg.io import quick\nquick('a.pt')"),
        ("", "from pkg.io import fast\nfast('a.pt')"),
        ("", "from pkg.io import left\nleft('a.pt')"),
        ("", "from pkg.io import opened\nopened('a.pt')"),
        ("", "from pkg.io import Store\nStore('x').load('a.pt')"),
        (
            "",
            "from pkg.io import Store\nstore = Store('x')\nstore.load('a.pt')",
        ),
        ("", "from pkg.io import Store\nStore.load(None, 'a.pt')"),
        ("", "from pkg.io import Store\nStore.static('a.pt')"),
        ("", "from pkg.io import Store\nStore('x').static('a.pt')"),
        ("", "from pkg.io import Store\nStore.of_class('a.pt')"),
        (
            "",
            "from pkg.io import Store\nStore('x').of_class(p='a.pt')",
        ),
        (
            "",
            "from pkg.io import Store\nclass Mine(Store):\n    def go(self):\n        return self.load('a.pt')",
        ),
        (
            "",
            "from pkg.io import Store\nclass A:\n    def __init__(self):\n        self.s = Store('x')\n    def go(self):\n        return self.s.load('a.pt')",
        ),
        ("", "import pkg.io\npkg.io.Store('x').load('a.pt')"),
        ("", "from pkg.io import *\nload('a.pt')"),
        (
            "",
            "try:\n    from pkg.io import load\nexcept ImportError:\n    from io2 import load\nload('a.pt')",
        ),
        (
            "",
            "import functools\nfrom pkg.io import _read\nread = functools.partial(_read, weights_only=False)\nread('a.pt')",
        ),
        ("", "from pkg.io import load\nPATH = 'a.pt'\nload(PATH)"),
        ("", "from pkg.io import load\nimport sys\nload(sys.argv[1])"),
        (
            "",
            "from pkg.io import load\ndef main(args):\n    return load(args.path)",
        ),
        (
            "",
            "from pkg.io import get\ndef main(path):\n    return get(path, weights_only=False)",
        ),
        ("", "from pkg.io import load\nread = load\nread('a.pt')"),
        (
            "",
            "from pkg.io import load\ndef main(path):\n    return load(path)\nmain('a.pt')",
        ),
        (export, "from pkg import load\nload('a.pt')"),
        (export, "from pkg import Store\nStore('x').load('a.pt')"),
        (named, "from pkg import load\nload('a.pt')"),
        (named, "import pkg\npkg.fetch('a.pt')"),
        (named, "import pkg\npkg.io.load('a.pt')"),
        (named, "from pkg import Store as S\nS('x').load('a.pt')"),
    ] {
        let said = told_of_run(&repo!(), WRAPPED, init, source);
        assert_eq!(said.len(), 1, "{source}\n{said:?}");
    }
}

#[test]
fn functions_that_are_safe_through_others_are_not_told() {
    let named = "from .io import load, Store\n";
    for (init, source) in [
        ("", "from pkg.io import checked\nchecked('a.pt')"),
        ("", "from pkg.io import careful\ncareful('a.pt')"),
        ("", "from pkg.io import get\nget('a.pt', weights_only=True)"),
        ("", "from pkg.io import any\nany('a.pt', weights_only=True)"),
        ("", "from pkg.io import any\nany('a.pt')"),
        ("", "from pkg.io import left\nleft('a.pt', True)"),
        ("", "from pkg.io import Store\nStore('x').safe('a.pt')"),
        (
            "",
            "from pkg.io import Store\nStore('x').load('a.pt', True)",
        ),
        (
            "",
            "from pkg.io import Store\nStore.load(None, 'a.pt', True)",
        ),
        (
            "",
            "from pkg.io import Store\nStore.static('a.pt', weights_only=True)",
        ),
        ("", "from pkg.io import Other\nOther('x').safe('a.pt')"),
        (
            "",
            "from pkg.io import Store\nclass Mine(Store):\n    def load(self, p):\n        return p\nMine('x').load('a.pt')",
        ),
        (
            "",
            "import functools\nfrom pkg.io import _read\nfunctools.partial(_read, weights_only=True)('a.pt')",
        ),
        ("", "from pkg.io import quick\nquick('a.pt', True)"),
        (
            "",
            "from pkg.io import load\ndef main(path):\n    return load(path)",
        ),
        (
            "",
            "from pkg.io import load\ndef test_it(tmp_path):\n    save(tmp_path / 'a.pt')\n    load(tmp_path / 'a.pt')",
        ),
        (
            "",
            "import os\nimport tempfile\nfrom pkg.io import load\nwith tempfile.TemporaryDirectory() as d:\n    load(os.path.join(d, 'a.pt'))",
        ),
        (
            "",
            "from pkg.io import load\ndef main(path):\n    buffer = path\n    return load(buffer)",
        ),
        ("", "from pkg import load\nload('a.pt')"),
        (
            "def load(p):\n    return p\n",
            "from pkg import load\nload('a.pt')",
        ),
        (named, "from pkg import save\nsave('a.pt')"),
    ] {
        let said = told_of_run(&repo!(), WRAPPED, init, source);
        assert_eq!(said, [""; 0], "{source}");
    }
}

/// Names that lead to one another, and functions that call one another, end.
#[test]
fn circles_of_names_and_functions_end() {
    let mut io = String::from("from .io import load\nfrom . import *\nimport torch\n");
    for at in 0..40 {
        writeln!(io, "def load{at}(p, weights_only=False):").unwrap();
        for other in 0..20 {
            writeln!(io, "    load{}(p, weights_only)", (at * 7 + other) % 40).unwrap();
        }
    }
    writeln!(
        io,
        "def load39(p, weights_only=False):\n    return torch.load(p, weights_only=weights_only)"
    )
    .unwrap();
    let source =
        "from pkg.io import load0, load39, load\nload0('a.pt')\nload39('a.pt')\nload('a.pt')\n";
    let said = told_of_run(&repo!(), &io, "from .io import *\n", source);
    assert!(said.iter().any(|said| said.contains("load39")), "{said:?}");
}
