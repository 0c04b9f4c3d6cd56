//! Which name a name is.

use super::told;

/// Whether the last line of `source` is a call of `name`.
fn calls(source: &str, name: &str) -> bool {
    told(source)
        .lines()
        .any(|line| line.contains(&format!(" {name}(")) && line.contains("call"))
}

#[test]
fn imports_and_aliases_lead_to_the_public_name() {
    for source in [
        "import torch\ntorch.load(p)",
        "import torch as t\nt.load(p)",
        "import torch.nn\ntorch.load(p)",
        "import torch.serialization as s\ns.load(p)",
        "from torch import load\nload(p)",
        "from torch import load as l\nl(p)",
        "from torch import *\nload(p)",
        "from torch import serialization\nserialization.load(p)",
        "if x:\n  import torch\nelse:\n  torch = None\ntorch.load(p)",
        "try:\n  from torch import load\nexcept ImportError:\n  load = None\nload(p)",
        "def f():\n  import torch\n  return torch.load(p)",
        "import torch\ndef f():\n  def g():\n    return torch.load(p)",
        "import torch\nclass A:\n  def f(self): return torch.load(p)",
        "__import__('torch').load(p)",
        "__import__('torch.serialization').load(p)",
        "import importlib\nimportlib.import_module('torch').load(p)",
        "from importlib import import_module as i\nname = 'tor' + 'ch'\ni(name).load(p)",
        "import sys, torch\nsys.modules['torch'].load(p)",
        "import torch\ngetattr(torch, 'load')(p)",
        "import torch\nvars(torch)['load'](p)",
        "import torch\ntorch.__dict__['load'](p)",
        "import torch\nload = torch.load\nload(p)",
        "import torch\nt = torch\nu = t\nu.load(p)",
        "import torch\n(l := torch.load)\nl(p)",
        "import torch\nl = torch.load if x else None\nl(p)",
        "import torch\nl = x or torch.load\nl(p)",
        "import torch, json\na, b = torch.load, json.load\na(p)",
        "import torch, json\nfor l in (torch.load, json.load):\n  l(p)",
        "import torch\n[l(p) for l in [torch.load]]",
        "import torch\ndef f(l=torch.load):\n  l(p)",
        "import torch\nclass A:\n  def __init__(self): self.l = torch.load\n  def f(self): self.l(p)",
        "import torch\nclass A:\n  l = torch.load\nA.l(p)",
        "import torch\nclass A:\n  l = torch.load\nA().l(p)",
        "import torch\ndef f():\n  global l\n  l = torch.load\ndef g(): l(p)",
        "import torch\ntorch.load.__call__(p)",
        "global torch\nimport torch\ntorch.load(p)",
        "nonlocal torch\nimport torch\ntorch.load(p)",
        "import torch\nclass A:\n  global torch\n  torch.load(p)",
        "import torch\nx = torch\nfor _ in y:\n  x = x.parent\n  x = x.child or x\nx.load(p)",
        "import torch\nwith x:\n  match y:\n    case 1 if torch.load(p): pass",
        "import torch\nf'{torch.load(p)}'",
        "import torch\nlambda: torch.load(p)",
        "import torch\nasync def f(): await g(torch.load(p))",
        "import functools, torch\nf = functools.partial(torch.load, map_location='cpu')\nf(p)",
        "from functools import partial\nimport torch\npartial(partial(torch.load, 1), 2)()",
    ] {
        assert!(calls(source, "torch.load"), "{source}\n-> {}", told(source));
    }
}

#[test]
fn other_modules_names() {
    for (source, name) in [
        ("import cPickle\ncPickle.loads(b)", "pickle.loads"),
        ("import _pickle as p\np.load(b)", "pickle.load"),
        (
            "from six.moves import cPickle as p\np.load(b)",
            "pickle.load",
        ),
        ("import pickle\npickle._Unpickler(b)", "pickle.Unpickler"),
        (
            "from torch.serialization import pickle\npickle.load(b)",
            "pickle.load",
        ),
        (
            "from sklearn.externals import joblib\njoblib.load(b)",
            "joblib.load",
        ),
        (
            "import pandas as pd\npd.io.pickle.read_pickle(b)",
            "pandas.read_pickle",
        ),
        ("import numpy as np\nnp.lib.npyio.load(b)", "numpy.load"),
        (
            "from numpy.lib import format\nformat.read_array(b)",
            "numpy.lib.format.read_array",
        ),
        (
            "import ray.cloudpickle as c\nc.loads(b)",
            "cloudpickle.loads",
        ),
    ] {
        assert!(calls(source, name), "{source}\n-> {}", told(source));
    }
}

#[test]
fn what_hides_a_name_hides_it() {
    for source in [
        "def load(p): pass\nload('torch')",
        "import torch\ndef f(torch): torch.load(p)",
        "import torch\ndef f():\n  torch = g()\n  torch.load(p)",
        "import torch\nlambda torch: torch.load(p)",
        "import torch\n[torch.load(p) for torch in xs]",
        "from torch import load\ndef f():\n  from json import load\n  load(p)",
        "from torch import load\ndef f():\n  def load(p): pass\n  load(p)",
        "from .torch import load\nload(p)",
        "from . import torch\ntorch.load(p)",
        "import torch\nmodel.load(p)",
        "import torch\ntorch.nn.load(p)",
        "import torch.nn as torch\ntorch.load(p)",
        "import torch\nclass A:\n  torch = None\n  torch.load(p)",
        "import mytorch as torch_\ntorch_.load(p)",
        "import json as pickle\npickle.load(p)",
    ] {
        assert_eq!(told(source), "", "{source}");
    }
    // A class's names are not those of its methods.
    assert!(calls(
        "import torch\nclass A:\n  torch = None\n  def f(self): torch.load(p)",
        "torch.load"
    ));
}

#[test]
fn names_passed_on_are_references() {
    for source in [
        "import torch\nx = list(map(torch.load, paths))",
        "import torch\nexecutor.submit(torch.load, p)",
        "import torch\nLOADERS = {'pt': torch.load}",
        "import torch\ndef f(): return torch.load",
        "import torch\nload = torch.load",
        "import torch\n@torch.load\ndef f(): pass",
    ] {
        let text = told(source);
        assert!(
            text.contains("reference torch.load()"),
            "{source}\n-> {text}"
        );
    }
    for source in [
        "import torch\nisinstance(x, torch.load)",
        "import inspect, torch\ninspect.signature(torch.load)",
        "import torch\nif f is torch.load: pass",
        "import pickle\ndef f(x: pickle.Unpickler) -> pickle.Unpickler: pass",
        "import torch\nprint(torch.load.__doc__)",
        "import pickle\nclass A(pickle.Unpickler):\n  def find_class(self, m, n): raise ValueError\nA(f).load()",
    ] {
        assert_eq!(told(source), "", "{source}");
    }
    // An alias that is called is told at the call, once.
    assert_eq!(
        told("import torch\nload = torch.load\nload(1)"),
        "3:1 call torch.load(1)"
    );
    assert_eq!(
        told("import pickle\nclass A(pickle.Unpickler): pass\nA(f).load()"),
        "2:9 reference pickle.Unpickler()"
    );
}

#[test]
fn replacements_are_told() {
    assert_eq!(
        told("import torch\ntorch.load = f"),
        "2:1 assign torch.load()"
    );
    assert_eq!(
        told("import torch as t\nsetattr(t, 'load', f)"),
        "2:1 assign torch.load()"
    );
    assert_eq!(
        told("import numpy as np\nnp.load.__defaults__ = (None, True)"),
        "2:1 assign numpy.load()"
    );
    insta::assert_snapshot!(
        told("import torch, functools\ntorch.load = functools.partial(torch.load, weights_only=False)"),
        @r"
    2:1 assign torch.load()
    2:14 reference torch.load(weights_only=False)
    "
    );
}
