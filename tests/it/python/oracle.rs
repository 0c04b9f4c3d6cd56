//! Names against the interpreter: generated modules bind and call loaders in many ways; Python runs them over a fake
//! package tree that records each call by its real name, and every recorded call must have been told.

use std::{collections::BTreeSet, fmt::Write as _};

use super::observe;
use crate::support::oracle;
use weighbridge::fact::{Fact, PyAct};

/// Modules of the fake tree and the loaders in them.
const TREE: &[(&str, &str)] = &[
    ("torch", "load"),
    ("pickle5", "loads"),
    ("joblib", "load"),
    ("pandas", "read_pickle"),
];

struct Generator {
    seed: u64,
    fresh: usize,
}

impl Generator {
    fn below(&mut self, n: usize) -> usize {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        usize::try_from(self.seed % u64::try_from(n).unwrap()).unwrap()
    }

    fn fresh(&mut self) -> String {
        self.fresh += 1;
        format!("n{}", self.fresh)
    }

    /// Statements that make a loader available, and an expression for it.
    fn loader(&mut self, out: &mut String, indent: &str) -> String {
        let (module, function) = TREE[self.below(TREE.len())];
        let name = self.fresh();
        let direct = match self.below(9) {
            0 => {
                let _ = writeln!(out, "{indent}import {module}");
                format!("{module}.{function}")
            }
            1 => {
                let _ = writeln!(out, "{indent}import {module} as {name}");
                format!("{name}.{function}")
            }
            2 => {
                let _ = writeln!(out, "{indent}from {module} import {function} as {name}");
                name
            }
            3 => {
                let _ = writeln!(
                    out,
                    "{indent}try:\n{indent}  from {module} import nothing as {name}\n{indent}except ImportError:\n{indent}  from {module} import {function} as {name}"
                );
                name
            }
            4 => format!("__import__('{module}').{function}"),
            5 => {
                let _ = writeln!(out, "{indent}import importlib");
                format!("importlib.import_module('{module}').{function}")
            }
            6 => {
                let _ = writeln!(out, "{indent}import {module} as {name}");
                format!("getattr({name}, '{function}')")
            }
            7 => {
                let _ = writeln!(out, "{indent}import {module}, sys");
                format!("sys.modules['{module}'].{function}")
            }
            _ => {
                let _ = writeln!(out, "{indent}import {module}");
                format!("vars({module})['{function}']")
            }
        };
        self.wrapped(out, indent, direct)
    }

    /// The loader passed through some more bindings.
    fn wrapped(&mut self, out: &mut String, indent: &str, mut loader: String) -> String {
        for _ in 0..self.below(3) {
            let name = self.fresh();
            match self.below(8) {
                0 => {
                    let _ = writeln!(out, "{indent}{name} = {loader}");
                    loader = name;
                }
                1 => {
                    let _ = writeln!(out, "{indent}{name}, _ = {loader}, None");
                    loader = name;
                }
                2 => {
                    let _ = writeln!(
                        out,
                        "{indent}class {name}:\n{indent}  f = staticmethod\n{indent}  g = {loader}"
                    );
                    loader = format!("{name}.g");
                }
                3 => {
                    let _ = writeln!(
                        out,
                        "{indent}import functools\n{indent}{name} = functools.partial({loader}, key=1)"
                    );
                    loader = name;
                }
                4 => {
                    let _ = writeln!(out, "{indent}{name} = {loader} if len('x') else None");
                    loader = name;
                }
                5 => {
                    let _ = writeln!(
                        out,
                        "{indent}for {name} in (print, {loader}):\n{indent}  pass"
                    );
                    loader = name;
                }
                6 => {
                    let _ = writeln!(out, "{indent}({name} := {loader})");
                    loader = name;
                }
                _ => {
                    let _ = writeln!(
                        out,
                        "{indent}{name} = None\n{indent}if True:\n{indent}  {name} = {loader}"
                    );
                    loader = name;
                }
            }
        }
        loader
    }

    fn module(&mut self) -> String {
        let mut out = String::new();
        for _ in 0..4 {
            match self.below(4) {
                0 => {
                    let loader = self.loader(&mut out, "");
                    let _ = writeln!(out, "{loader}(1)");
                }
                1 => {
                    let name = self.fresh();
                    let _ = writeln!(out, "def {name}(load=None, torch=None):");
                    let loader = self.loader(&mut out, "  ");
                    // Not a binding of the function: `torch` is its parameter, unless it is imported over it.
                    let _ = writeln!(out, "  {loader}(1)\n{name}()");
                }
                2 => {
                    let loader = self.loader(&mut out, "");
                    let name = self.fresh();
                    let _ = writeln!(
                        out,
                        "def {name}(f={loader}):\n  return (lambda: f(1))()\n{name}()"
                    );
                }
                _ => {
                    let name = self.fresh();
                    let _ = writeln!(out, "class {name}:\n  def set(self):");
                    let loader = self.loader(&mut out, "    ");
                    let _ = writeln!(
                        out,
                        "    self.f = {loader}\n    return self\n  def run(self):\n    self.f(1)\n{name}().set().run()"
                    );
                }
            }
        }
        out
    }
}

const HARNESS: &str = r#"
import sys, types
def fake(module, function):
    m = types.ModuleType(module)
    class Loader:
        def __call__(self, *a, **k): told.add(module + "." + function)
    setattr(m, function, Loader())
    sys.modules[module] = m
source = sys.stdin.read().split("\0")
for text in source:
    told = set()
    for pair in sys.argv[1:]: fake(*pair.rsplit(".", 1))
    exec(compile(text, "generated", "exec"), {"__name__": "generated"})
    print(" ".join(sorted(told)))
"#;

#[test]
fn every_call_that_python_makes_is_told() {
    let mut generator = Generator {
        seed: 0x2545_f491_4f6c_dd1d,
        fresh: 0,
    };
    let modules: Vec<String> = (0..400).map(|_| generator.module()).collect();
    let Some(output) = python(&modules.join("\0")) else {
        return;
    };
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(lines.len(), modules.len());
    let mut calls = 0;
    for (source, line) in modules.iter().zip(lines) {
        let told: BTreeSet<String> = observe(source)
            .into_iter()
            .filter_map(|o| match o.fact {
                Fact::PyCall(call) if call.act == PyAct::Call => Some(call.callee.to_string()),
                _ => None,
            })
            .collect();
        super::prefilter::compare(source.as_bytes())
            .unwrap_or_else(|difference| panic!("{source}\n{difference}"));
        for name in line.split_whitespace() {
            let name = name.replace("pickle5", "pickle");
            assert!(told.contains(&name), "{name} was missed in\n{source}");
            calls += 1;
        }
    }
    assert!(calls > 400, "the generator calls too little: {calls}");
}

fn python(input: &str) -> Option<String> {
    let tree = TREE
        .iter()
        .map(|(module, function)| format!("{module}.{function}"));
    oracle::piped_with(
        "importlib, sys",
        HARNESS,
        &tree.collect::<Vec<_>>(),
        input.as_bytes(),
    )
}
