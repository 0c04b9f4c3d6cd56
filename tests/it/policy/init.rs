//! The starting policy that `policy init` writes, and what answers a need.

use weighbridge::{
    fact::{Argument, Global, GlobalName, Usage},
    policy::{InitSummary, Need, NeededGlobal, Trust, answer, edit, init},
};

use super::{allows, policy};

const ALL: &[Usage] = &[Usage::Import, Usage::Call, Usage::Construct, Usage::Build];

fn needed(module: &str, name: &str, usages: &[Usage]) -> NeededGlobal {
    NeededGlobal {
        name: GlobalName::new(module, name),
        usages: usages.to_vec(),
        calls: Vec::new(),
        may_be_allowed: true,
    }
}

fn need(path: &str, globals: Vec<NeededGlobal>) -> Need {
    Need {
        path: path.into(),
        formats: Vec::new(),
        globals,
    }
}

fn written(needs: &[Need], trust: Trust) -> String {
    edit::create(Some("recommended"), &answer(needs, trust))
}

#[test]
fn what_the_same_files_need_stands_together() {
    let net = || needed("myapp.models", "Net", ALL);
    let needs = [
        need(
            "models/a.pt",
            vec![net(), needed("argparse", "Namespace", ALL)],
        ),
        need(
            "models/b.pt",
            vec![net(), needed("myapp", "Outer.Inner", &[Usage::Import])],
        ),
        need("models/c.pt", vec![net()]),
        Need {
            formats: vec!["joblib".to_owned()],
            ..need("models/\u{202e}tp.\nrules: {}", Vec::new())
        },
    ];
    insta::assert_snapshot!(written(&needs, Trust::Classes), @r#"
    version: 1
    extends: recommended
    formats:
      allow:
        # models/\u{202e}tp.\nrules: {}
        - joblib
    globals:
      allow:
        # models/a.pt
        - argparse.Namespace
        # models/a.pt, models/b.pt, and 1 more
        - myapp.models.Net
        # models/b.pt
        - {global: "myapp:Outer.Inner", as: [import]}
    "#);
    let scope = policy(&written(&needs, Trust::Classes)).scope(&"models/a.pt".into());
    assert!(allows(&scope, "myapp.models:Net", Usage::Build));
    assert!(!allows(&scope, "myapp:Outer.Inner", Usage::Call));
}

#[test]
fn a_pack_comes_before_many_names() {
    let logistic = needed(
        "sklearn.linear_model._logistic",
        "LogisticRegression",
        &[Usage::Import, Usage::Construct, Usage::Build],
    );
    let own = needed("app.models", "Net", ALL);
    let pipeline = need("m/pipeline.pkl", vec![logistic.clone()]);
    insta::assert_snapshot!(written(&[pipeline], Trust::Classes), @"
    version: 1
    extends: recommended
    globals:
      packs:
        # m/pipeline.pkl
        - sklearn-estimators
    ");
    // One name of a pack among others is as short by itself.
    let mixed = need("m/mixed.pkl", vec![logistic, own]);
    insta::assert_snapshot!(written(&[mixed], Trust::Classes), @r#"
    version: 1
    extends: recommended
    globals:
      allow:
        # m/mixed.pkl
        - app.models.Net
        - {global: "sklearn.linear_model._logistic.LogisticRegression", as: [import, construct, build]}
    "#);
}

#[test]
fn of_a_file_that_needs_what_no_entry_may_allow_nothing_is_allowed() {
    for (module, name) in [
        ("posix", "system"),
        ("pathlib", "os.system"),
        ("evil\n    - os.system #", "x"),
    ] {
        let all = vec![needed("app", "Net", ALL), needed(module, name, ALL)];
        assert!(answer(&[need("evil.pt", all)], Trust::Functions).is_empty());
    }
    let mut refused = needed("app", "Net", ALL);
    refused.may_be_allowed = false;
    assert!(answer(&[need("a.pt", vec![refused])], Trust::Functions).is_empty());
}

#[test]
fn a_function_is_allowed_for_a_file_that_somebody_names() {
    let make = needed("app", "make", &[Usage::Import, Usage::Call]);
    let all = [need("a.pkl", vec![make])];
    assert!(answer(&all, Trust::Classes).is_empty());
    let functions: Vec<String> = all[0].functions().map(ToString::to_string).collect();
    assert_eq!(functions, ["app.make"]);
    insta::assert_snapshot!(written(&all, Trust::Functions), @"
    version: 1
    extends: recommended
    globals:
      allow:
        # a.pkl
        - app.make
    ");
    // One that is only named runs nothing.
    let named = [need("a.pkl", vec![needed("app", "make", &[Usage::Import])])];
    assert!(!answer(&named, Trust::Classes).is_empty());
    // What makes nothing but what is listed is no function of anybody's.
    let mut getattr = needed("builtins", "getattr", &[Usage::Import, Usage::Call]);
    let class = Global::Named(GlobalName::new("app", "Kind"));
    getattr.calls = vec![vec![Argument::Global(class), Argument::Str("Inner".into())]];
    assert!(!answer(&[need("a.pkl", vec![getattr])], Trust::Classes).is_empty());
}

#[test]
fn a_starting_policy_says_what_is_there_and_what_it_leaves_out() {
    let summary = InitSummary {
        extends: Some("recommended"),
        formats: vec![("safetensors".to_owned(), 2), ("torch-zip".to_owned(), 5)],
        needs: answer(
            &[need("models/a.pt", vec![needed("app.models", "Net", ALL)])],
            Trust::Classes,
        ),
        left_out: vec![(
            "models/evil\u{202e}.pt".into(),
            "loading runs\n`posix.system`".to_owned(),
        )],
        unread: vec!["models/old.joblib".into(), "x[1].bin".into()],
    };
    insta::assert_snapshot!(init(&summary), @r#"
    # What loading a model file in this repository may do. What is not allowed is refused; `weighbridge check` says so.
    # `weighbridge policy schema` prints the schema that an editor completes and checks it by.
    # Found here: 5 torch-zip, 2 safetensors.
    # Allow a class only if its module is yours or one that you trust: its constructor and its `__setstate__` run when a
    # file is loaded. The comments name the files that need what follows.
    version: 1
    extends: recommended
    globals:
      allow:
        # models/a.pt
        - app.models.Net

    # Still refused when this was written (`weighbridge check` says what to do):
    #   models/evil\u{202e}.pt: loading runs\n`posix.system`

    # Named like models, and in no format that is read yet: what loading them does is unknown. To answer for them, remove the `#`:
    # exclude:
    #   - reason: in no format that is read yet
    #     paths:
    #       - "/x[[]1[]].bin"
    #       - "models/old.joblib"
    "#);
    let scope = policy(&init(&summary)).scope(&"models/a.pt".into());
    assert!(allows(&scope, "app.models:Net", Usage::Build));
    let nothing = InitSummary {
        extends: Some("recommended"),
        ..InitSummary::default()
    };
    insta::assert_snapshot!(init(&nothing), @"
    # What loading a model file in this repository may do. What is not allowed is refused; `weighbridge check` says so.
    # `weighbridge policy schema` prints the schema that an editor completes and checks it by.
    # No model files were found here.
    version: 1
    extends: recommended
    ");
    policy(&init(&nothing));
}
