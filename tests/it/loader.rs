//! The catalogue of loaders: what a row promises is what the reader records and what rules say.

use std::collections::BTreeSet;

use weighbridge::{
    fact::{Fact, PyAct},
    loader::{ALIASES, LOADERS, Loader, VARIABLES},
    python,
    record::Recorder,
    rule,
};

use crate::{python::observe, rule::judge, support::fixture::Observed};

/// Every name of a loader, through aliases of its modules as well.
fn names(loader: &Loader) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = loader.aliases.iter().map(ToString::to_string).collect();
    names.insert(loader.name.to_owned());
    for _ in 0..2 {
        for name in names.clone() {
            for (from, to) in ALIASES {
                let rest = name.strip_prefix(to);
                if let Some(rest) = rest.filter(|rest| rest.is_empty() || rest.starts_with('.')) {
                    names.insert(format!("{from}{rest}"));
                }
            }
        }
    }
    names
}

/// The rules that fire on source.
fn fired(source: &str) -> BTreeSet<&'static str> {
    let findings = judge("loads.py", &observe(source));
    findings.iter().map(|finding| finding.rule.id).collect()
}

/// A call of a loader that gives one of its deciding arguments.
fn call(loader: &Loader, position: Option<usize>, name: &str, value: &str) -> String {
    let module = loader.name.rsplit_once('.').unwrap().0;
    let given = match position {
        None => format!("path, {name}={value}"),
        Some(position) => format!("path, {}{value}", "None, ".repeat(position - 1)),
    };
    format!(
        "import {module}\n\n\ndef f(path):\n    return {}({given})\n",
        loader.name
    )
}

#[test]
fn loaders_are_found_under_each_of_their_names() {
    let mut asked = 0;
    for loader in LOADERS {
        for name in names(loader) {
            let (module, last) = name.rsplit_once('.').unwrap();
            for source in [
                format!("import {module}\n{name}(x)\n"),
                format!("import {module} as m\nm.{last}(x)\n"),
                format!("from {module} import {last}\n{last}(x)\n"),
                format!("from {module} import {last} as other\nother(x)\n"),
                format!("from {module} import *\n{last}(x)\n"),
                format!("import {module} as m\ngetattr(m, '{last}')(x)\n"),
                format!("import importlib\nimportlib.import_module('{module}').{last}(x)\n"),
            ] {
                let seen = observe(&source);
                let found = |o: &weighbridge::fact::Observation| matches!(&o.fact, Fact::PyCall(call) if call.callee == loader.name && call.act == PyAct::Call);
                assert!(seen.iter().any(found), "{source}\n{seen:#?}");
                let mut all = Recorder::default();
                python::read_all(source.as_bytes(), false, &mut all);
                assert_eq!(seen, Observed::from(all), "{source}");
                asked += 1;
            }
        }
    }
    assert!(asked > 7 * LOADERS.len());
}

#[test]
fn loaders_are_judged_by_the_rules_of_their_rows() {
    for loader in LOADERS {
        for id in loader.rules {
            assert!(rule::by_id(id).is_some(), "{}: no rule `{id}`", loader.name);
        }
        let of_row = |source: &str| fired(source).iter().any(|id| loader.rules.contains(id));
        if loader.arguments.is_empty() {
            let module = loader.name.rsplit_once('.').unwrap().0;
            let source = format!("import {module}\n{}(path)\n", loader.name);
            assert!(of_row(&source), "{source}");
        }
        for argument in loader.arguments {
            let mut ways = vec![None];
            ways.extend(argument.position.map(Some));
            for position in ways {
                let unsafe_value = match (argument.lets_run.first(), argument.safe) {
                    (Some(name), _) if name.contains('.') => (*name).to_owned(),
                    (Some(value @ &("True" | "False")), _) => (*value).to_owned(),
                    (Some(text), _) => format!("'{text}'"),
                    (None, "False") => "True".to_owned(),
                    _ => "path.other".to_owned(),
                };
                let source = call(loader, position, argument.name, &unsafe_value);
                assert!(of_row(&source), "{source}");
            }
            // With every argument at its safe value, nothing is said.
            let safe: Vec<String> = loader
                .arguments
                .iter()
                .map(|argument| format!("{}={}", argument.name, argument.safe))
                .collect();
            let source = call(loader, None, "", "")
                .replace("path, =", &format!("path, {}", safe.join(", ")));
            assert!(!of_row(&source), "{source}\n{:?}", fired(&source));
        }
    }
}

#[test]
fn a_loader_that_is_replaced_is_seen() {
    for loader in LOADERS {
        let module = loader.name.rsplit_once('.').unwrap().0;
        let source = format!("import {module}\n{} = mine\n", loader.name);
        assert!(fired(&source).contains("loader-replaced"), "{source}");
    }
}

#[test]
fn variables_are_judged_by_the_rules_of_their_rows() {
    for variable in VARIABLES {
        let source = format!("import os\nos.environ[\"{}\"] = \"1\"\n", variable.name);
        let seen = observe(&source);
        let set = seen
            .iter()
            .any(|o| matches!(&o.fact, Fact::Env { name, .. } if *name == variable.name));
        assert!(set, "{source}");
        for id in variable.rules {
            assert!(fired(&source).contains(id), "{source}");
        }
    }
}
