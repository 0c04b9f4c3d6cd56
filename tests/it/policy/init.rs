//! The starting policy that `policy init` writes.

use weighbridge::{
    fact::{GlobalName, Usage},
    policy::{InitSummary, SeenGlobal, init},
};

use super::{allows, policy};

fn seen(module: &str, name: &str, path: &str, artifacts: usize) -> SeenGlobal {
    SeenGlobal { name: GlobalName::new(module, name), path: path.into(), artifacts }
}

fn summary() -> InitSummary {
    InitSummary {
        formats: vec![("safetensors".to_owned(), 2), ("torch-zip".to_owned(), 5)],
        refused_formats: Vec::new(),
        globals: vec![
            seen("myapp.models", "Net", "models/net.pt", 3),
            seen("myapp", "Outer.Inner", "models/nested.pkl", 1),
            seen("posix", "system", "models/evil.pt", 1),
            seen("pathlib", "os.system", "models/evil.pt", 1),
            seen("evil\n    - os.system #", "x", "models/evil.pt", 1),
            seen("argparse", "Namespace", "models/\u{202e}tp.\nrules: {}", 2),
        ],
    }
}

#[test]
fn it_says_what_is_there_and_allows_nothing_new() {
    let text = init(&summary());
    insta::assert_snapshot!(text, @"");
    let scope = policy(&text).scope(&"models/net.pt".into());
    assert!(!allows(&scope, "myapp.models:Net", Usage::Import));
    assert!(allows(&scope, "torch:Tensor", Usage::Call));
}

#[test]
fn removing_the_marks_allows_what_was_proposed_and_nothing_dangerous() {
    let text: String = init(&summary())
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if ["globals:", "  allow:", "    - "].iter().any(|start| rest.starts_with(start)) && !rest.contains("third_party") && !rest.contains("fixtures") => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let scope = policy(&text).scope(&"models/net.pt".into());
    assert!(allows(&scope, "myapp.models:Net", Usage::Build));
    assert!(allows(&scope, "myapp:Outer.Inner", Usage::Build));
    assert!(allows(&scope, "argparse:Namespace", Usage::Build));
    assert!(!allows(&scope, "posix:system", Usage::Import));
    assert!(!allows(&scope, "pathlib:os.system", Usage::Import));
}

#[test]
fn an_empty_repository_gets_a_policy_too() {
    policy(&init(&InitSummary::default()));
    let refused = InitSummary { refused_formats: vec!["joblib".to_owned()], ..InitSummary::default() };
    assert!(init(&refused).contains("#     - joblib\n"));
    policy(&init(&refused));
}
