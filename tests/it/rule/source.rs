//! The rules about source: what a user is told.

use super::judge;
use crate::python::{observe, underlined};

/// Findings, one a line, with what is underlined and the first help.
fn told(source: &str) -> String {
    let findings = judge("x.py", &observe(source));
    let lines: Vec<String> = findings
        .iter()
        .map(|finding| {
            let excerpt = finding.primary.excerpt.as_ref().unwrap();
            let mark = underlined(excerpt, &excerpt.marks[0].range);
            let help = finding
                .help
                .first()
                .map(ToString::to_string)
                .unwrap_or_default();
            format!(
                "{} [{}] at {}: {} <{mark}> help: {help}",
                finding.rule.id, finding.level, finding.primary.site, finding.message
            )
        })
        .collect();
    lines.join("\n")
}

/// The rules that fire, in the registry's order.
fn rules(source: &str) -> Vec<&'static str> {
    judge("x.py", &observe(source))
        .iter()
        .map(|f| f.rule.id)
        .collect()
}

#[test]
fn torch_load_is_told_with_the_users_own_call() {
    insta::assert_snapshot!(told("import torch\nx = torch.load(path, map_location='cpu', weights_only=False)\n"), @"torch-load-unsafe [deny] at 2:5: `weights_only=False` lets the loaded file run any code it names <weights_only=False> help: write `torch.load(path, map_location='cpu', weights_only=True)`");
    insta::assert_snapshot!(told("from torch import load\nload(path)\n"), @"torch-load-implicit [warn] at 2:1: `weights_only` is not given: before torch 2.6, or with the environment's switch, the file may run any code <load(path)> help: write `load(path, weights_only=True)`");
    insta::assert_snapshot!(told("import torch, dill\ntorch.load(path, None, dill)\n"), @"torch-load-pickle-module [deny] at 2:1: `pickle_module=dill` silently makes `weights_only` false: the loaded file may run any code it names <dill> help: write `torch.load(path, None, weights_only=True)`");
    insta::assert_snapshot!(told("import torch\ndef f(p, w=False): return torch.load(p, weights_only=w)\n"), @"torch-load-computed [warn] at 2:27: `weights_only` is false unless the caller says otherwise: the file may run any code <weights_only=w> help: write `torch.load(p, weights_only=True)`");
    insta::assert_snapshot!(told("import torch\ndef f(p, **kw): return torch.load(p, **kw)\n"), @"torch-load-kwargs [warn] at 2:24: the keywords of this `torch.load` are decided elsewhere: they may let the file run any code <torch.load(p, **kw)> help: write `torch.load(p, weights_only=True, **...)`, so that nothing can turn it off");
    insta::assert_snapshot!(told("import torch\nxs = map(torch.load, paths)\n"), @"torch-load-implicit [warn] at 2:10: `torch.load` is passed on without `weights_only`: before torch 2.6, or with the environment's switch, the file may run any code <torch.load> help: write `functools.partial(torch.load, weights_only=True)`");
}

#[test]
fn one_call_is_judged_once() {
    let load = |arguments: &str| rules(&format!("import torch, pickle, functools\n{arguments}"));
    assert_eq!(load("torch.load(p, weights_only=True)"), [""; 0]);
    assert_eq!(load("torch.load(p, weights_only=1)"), [""; 0]);
    assert_eq!(
        load("torch.load(p, weights_only=None)"),
        ["torch-load-implicit"]
    );
    assert_eq!(
        load("torch.load(p, weights_only=False, **k)"),
        ["torch-load-unsafe"]
    );
    assert_eq!(load("torch.load(p, weights_only=True, **k)"), [""; 0]);
    assert_eq!(
        load("torch.load(p, pickle_module=pickle)"),
        ["torch-load-pickle-module"]
    );
    assert_eq!(
        load("torch.load(p, pickle_module=None)"),
        ["torch-load-implicit"]
    );
    // torch itself refuses both together.
    assert_eq!(
        load("torch.load(p, pickle_module=pickle, weights_only=True)"),
        [""; 0]
    );
    assert_eq!(
        load("torch.load(p, pickle_module=pickle, weights_only=False)"),
        ["torch-load-pickle-module", "torch-load-unsafe"]
    );
    assert_eq!(
        load("f = functools.partial(torch.load, weights_only=False)\nf(p)\nf(q)"),
        ["torch-load-unsafe"]
    );
    assert_eq!(
        load("f = functools.partial(torch.load, map_location='cpu')\nf(p, weights_only=True)"),
        [""; 0]
    );
    assert_eq!(
        load("f = functools.partial(torch.load, map_location='cpu')\nf(p)"),
        ["torch-load-implicit"]
    );
    assert_eq!(
        load("f = functools.partial(torch.load, map_location='cpu')\ng(f)"),
        ["torch-load-implicit"]
    );
    assert_eq!(
        load("f = functools.partial(torch.load, weights_only=True)\ng(f)"),
        [""; 0]
    );
    assert_eq!(
        load("with torch.serialization.safe_globals([A]):\n  torch.load(p, weights_only=True)"),
        [""; 0]
    );
}

#[test]
fn a_fallback_to_unsafe_is_refused() {
    let source = "
import pickle, torch
try:
    state = torch.load(path, weights_only=True)
except pickle.UnpicklingError:
    state = torch.load(path, weights_only=False)
";
    assert_eq!(rules(source), ["torch-load-unsafe"]);
}

#[test]
fn numpy_is_judged_by_allow_pickle() {
    let load = |call: &str| rules(&format!("import numpy as np\n{call}"));
    assert_eq!(load("np.load(p)"), [""; 0]);
    assert_eq!(load("np.load(p, allow_pickle=False)"), [""; 0]);
    assert_eq!(
        load("np.load(p, allow_pickle=True)"),
        ["numpy-allow-pickle"]
    );
    assert_eq!(load("np.load(p, 'r', True)"), ["numpy-allow-pickle"]);
    assert_eq!(load("np.load(p, allow_pickle=x)"), ["numpy-allow-pickle"]);
    assert_eq!(
        load("np.lib.format.read_array(f, True)"),
        ["numpy-allow-pickle"]
    );
    assert_eq!(
        load("def f(p, ap=False): np.load(p, allow_pickle=ap)"),
        [""; 0]
    );
    assert_eq!(
        load("def f(p, ap=True): np.load(p, allow_pickle=ap)"),
        ["numpy-allow-pickle"]
    );
    assert_eq!(load("list(map(np.load, ps))"), [""; 0]);
    insta::assert_snapshot!(told("import numpy as np\nx = np.load(path, None, True)\n"), @"numpy-allow-pickle [deny] at 2:5: `allow_pickle=True` lets `numpy.load` run any code that an array of objects names <True> help: write `np.load(path, None, allow_pickle=False)`");
}

#[test]
fn unpickling_is_told_by_its_public_name() {
    assert_eq!(rules("import _pickle\n_pickle.loads(b)"), ["pickle-load"]);
    assert_eq!(rules("import dill\ndill.load_session(b)"), ["pickle-load"]);
    assert_eq!(
        rules("import pickle\npickle.Unpickler(f).load()"),
        ["pickle-load"]
    );
    assert_eq!(rules("import pickle\npickle.dumps(x)"), [""; 0]);
    assert_eq!(
        rules("import joblib, pandas as pd\njoblib.load(p)\npd.read_pickle(p)"),
        ["joblib-load", "pandas-read-pickle"]
    );
}

#[test]
fn the_switch_is_true_as_torch_has_it() {
    for (value, fires) in [
        ("'1'", true),
        ("'true'", true),
        ("'TRUE'", true),
        ("'yes'", true),
        ("'y'", true),
        ("'0'", false),
        ("'on'", false),
        ("''", false),
        ("str(x)", true),
    ] {
        let source =
            format!("import os\nos.environ['TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'] = {value}\n");
        assert_eq!(
            rules(&source).contains(&"no-weights-only-env"),
            fires,
            "{value}"
        );
    }
    assert_eq!(
        rules("import os\nos.environ['TORCH_FORCE_WEIGHTS_ONLY_LOAD'] = '1'\n"),
        [""; 0]
    );
}

#[test]
fn source_that_breaks_is_judged_as_far_as_it_parses() {
    let found = rules("import torch\ndef f(:\n  pass\ntorch.load(p, weights_only=False)\n");
    assert_eq!(found, ["partial-analysis", "torch-load-unsafe"]);
}

#[test]
fn a_keyword_in_the_wrong_brackets_is_said() {
    insta::assert_snapshot!(told("import torch\nm.load_state_dict(torch.load('p'), weights_only=True)\n"), @"torch-load-implicit [warn] at 2:19: `weights_only` is given to `m.load_state_dict`, not to `torch.load`: before torch 2.6, or with the environment's switch, the file may run any code <torch.load('p')> help: move `weights_only` into the brackets of `torch.load`, out of those of `m.load_state_dict`: `torch.load('p', weights_only=True)`");
    for source in [
        "dict(torch.load(p)['state'], weights_only=True)",
        "torch.load(p).to('cpu', weights_only=True)",
        "f(g(torch.load(p)), weights_only=True)",
    ] {
        let text = told(&format!("import torch\n{source}\n"));
        assert!(text.contains("out of those of"), "{source}\n{text}");
    }
    assert_eq!(
        rules("import torch\nf(torch.load(p, weights_only=True), weights_only=True)"),
        [""; 0]
    );
}

#[test]
fn putting_a_loader_back_is_no_second_replacement() {
    for (source, lines) in [
        (
            "old = np.load\nnp.load = mine\nnp.load(p)\nnp.load = old",
            1,
        ),
        (
            "old = np.load\ntry:\n  np.load = mine\nfinally:\n  setattr(np, 'load', old)",
            1,
        ),
        (
            "from numpy import load as old\nnp.load = mine\nnp.load = old",
            1,
        ),
        (
            "class A:\n  def __enter__(self):\n    self.old = np.load\n    np.load = mine\n  def __exit__(self, *_):\n    np.load = self.old",
            1,
        ),
        ("old = np.load\nold = mine\nnp.load = old", 1),
        ("np.load = np.load", 0),
        ("old = np.loadtxt\nnp.load = old", 1),
    ] {
        let found = rules(&format!("import numpy as np\n{source}\n"));
        let replaced = found.iter().filter(|rule| **rule == "loader-replaced");
        assert_eq!(replaced.count(), lines, "{source}");
    }
    assert_eq!(
        rules("import torch\nold = torch.load\ntorch.load = mine\ntorch.load = old\n"),
        ["loader-replaced"]
    );
}

#[test]
fn a_round_trip_is_told_by_no_rule() {
    for body in [
        "pickle.loads(pickle.dumps(x))",
        "f = io.BytesIO()\n  torch.save(x, f)\n  torch.load(f, weights_only=False)",
        "f = io.BytesIO()\n  np.save(f, x)\n  np.load(f, allow_pickle=True)",
        "joblib.dump(x, tmp_path / 'm')\n  joblib.load(tmp_path / 'm')",
    ] {
        let source = format!(
            "import io, joblib, pickle, torch\nimport numpy as np\ndef test(x, tmp_path):\n  {body}\n"
        );
        assert_eq!(rules(&source), [""; 0], "{source}");
    }
}
