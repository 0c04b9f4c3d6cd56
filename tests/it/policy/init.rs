//! The starting policy that `policy init` writes.

use weighbridge::{
    fact::{GlobalName, Usage},
    policy::{Found, InitSummary, SeenGlobal, init},
};

use super::{allows, policy};

fn seen(module: &str, name: &str, path: &str, artifacts: usize) -> SeenGlobal {
    SeenGlobal {
        calls: Vec::new(),
        name: GlobalName::new(module, name),
        usages: vec![Usage::Import, Usage::Call, Usage::Construct, Usage::Build],
        may_be_allowed: true,
        path: path.into(),
        artifacts,
    }
}

fn summary() -> InitSummary {
    InitSummary {
        formats: vec![("safetensors".to_owned(), 2), ("torch-zip".to_owned(), 5)],
        refused_formats: Vec::new(),
        unread: vec!["models/old.joblib".into(), "x[1].bin".into()],
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
    let text = init(&summary(), Found::Propose);
    insta::assert_snapshot!(text, @r#"
    # What loading a model file in this repository may do. Everything that is not allowed here is refused.
    # `weighbridge check` applies it.
    version: 1

    # The built-in policy: model files that only hold data. What follows adds to it.
    extends: recommended

    # Which release of torch loads the files: `auto` is the newest one known; ">=2.6" would be a range.
    target:
      torch: auto

    # Found here: 5 torch-zip, 2 safetensors.
    # To accept no format that can run code, refuse those that can:
    # formats:
    #   refuse:
    #     pickle: convert it to safetensors

    # Names that loading may resolve, besides those that only rebuild tensors and arrays. Allow a class only if its module is
    # yours or one that you trust: its constructor and its `__setstate__` run when a file is loaded.
    # The files found here need these; remove the `#` of `globals:`, `allow:` and of those that you mean to allow.
    # globals:
    #   allow:
    #     - argparse.Namespace  # models/\u{202e}tp.\nrules: {}, and 1 more
    #     - myapp.models.Net  # models/net.pt, and 2 more
    #     - myapp:Outer.Inner  # models/nested.pkl
    # 3 names are not proposed: using them could run code, or no policy can spell them. `weighbridge check` says where they are.

    # The level of a rule: `allow`, `warn` or `deny`. Rules that are not listed keep their default.
    # rules:
    #   torch-load-implicit: deny

    # Settings for some paths; later entries win.
    # overrides:
    #   - paths: ["tests/fixtures/**"]
    #     rules:
    #       misleading-suffix: warn

    # Excluded paths: weighbridge does not check them.
    # These are named like models, but their formats are not supported yet; remove the `#` to exclude them.
    # exclude:
    #   - reason: in no format that is read yet
    #     paths:
    #       - "/x[[]1[]].bin"
    #       - "models/old.joblib"
    "#);
    let scope = policy(&text).scope(&"models/net.pt".into());
    assert!(!allows(&scope, "myapp.models:Net", Usage::Import));
    assert!(allows(&scope, "torch:Size", Usage::Call));
}

#[test]
fn removing_the_marks_allows_what_was_proposed_and_nothing_dangerous() {
    let text: String = init(&summary(), Found::Propose)
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest)
                if ["globals:", "  allow:", "    - "]
                    .iter()
                    .any(|start| rest.starts_with(start))
                    && !rest.contains("third_party")
                    && !rest.contains("fixtures") =>
            {
                format!("{rest}\n")
            }
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
    policy(&init(&InitSummary::default(), Found::Propose));
    let refused = InitSummary {
        refused_formats: vec!["joblib".to_owned()],
        ..InitSummary::default()
    };
    assert!(init(&refused, Found::Propose).contains("#     - joblib\n"));
    policy(&init(&refused, Found::Propose));
}
