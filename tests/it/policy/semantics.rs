//! What a policy's lines mean: names, uses, arguments, inheritance, paths, targets.

use weighbridge::{
    fact::{Argument, Global, Text, TorchBehaviour, Usage},
    finding::{Level, Precision, RuleMeta, Severity},
    policy::{ArgumentVerdict, FormatVerdict, GlobalVerdict, Policy, Refusal},
};

use super::{CATALOG, allows, name, policy};

static RULE: RuleMeta = RuleMeta {
    id: "pickle-load",
    summary: "",
    doc: "",
    level: Level::Warn,
    severity: Severity::Medium,
    precision: Precision::High,
    cwe: &[502],
    tags: &["source"],
};

fn at(path: &str) -> Text {
    Text::from(path)
}

#[test]
fn nothing_is_allowed_that_is_not_listed() {
    let policy = policy("version: 1\n");
    let scope = policy.scope(&at("a.pt"));
    assert_eq!(
        scope.format("safetensors"),
        FormatVerdict::Refused {
            decided_by: None,
            advice: None
        }
    );
    assert!(!allows(&scope, "collections:OrderedDict", Usage::Import));
    assert_eq!(scope.level(&RULE), Level::Warn);
}

#[test]
fn the_default_uses_are_those_of_a_class_or_of_a_function() {
    let policy = policy(
        "version: 1\nglobals:\n  allow:\n    - app.Net\n    - app.make\n    - app._Hidden\n    - {global: app.Strict, as: [construct]}\n    - lib.*\n",
    );
    let scope = policy.scope(&at("a.pt"));
    let table = [
        ("app:Net", [true, true, true, true]),
        ("app:make", [true, true, false, false]),
        ("app:_Hidden", [true, true, true, true]),
        ("app:Strict", [true, false, true, false]),
        ("lib:Thing", [true, true, true, true]),
        ("lib:thing", [true, true, false, false]),
        ("lib:os.system", [false; 4]),
        ("lib:__loader__", [false; 4]),
        ("lib.sub:Thing", [false; 4]),
        ("app:Net.forward", [false; 4]),
    ];
    for (global, wanted) in table {
        let got = [Usage::Import, Usage::Call, Usage::Construct, Usage::Build]
            .map(|usage| allows(&scope, global, usage));
        assert_eq!(got, wanted, "{global}");
    }
    let GlobalVerdict::Refused {
        why, decided_by, ..
    } = scope.globals().global(&name("app:make"), Usage::Build)
    else {
        panic!()
    };
    assert_eq!(
        why,
        Refusal::Use {
            allowed: vec![Usage::Import, Usage::Call]
        }
    );
    let related = decided_by.unwrap();
    assert_eq!(
        (related.line, &related.text[related.range.clone()]),
        (5, "app.make")
    );
    assert_eq!(related.label, "listed here, but not for build");
}

#[test]
fn aliases_are_one_name() {
    let policy = policy(
        "version: 1\nglobals:\n  allow:\n    - builtins.set\n    - numpy._core.multiarray.scalar\n    - __builtin__.frozenset\n    - {global: os.getcwd, dangerous: true, reason: harmless}\n",
    );
    let scope = policy.scope(&at("a.pkl"));
    for global in [
        "builtins:set",
        "__builtin__:set",
        "builtins:frozenset",
        "numpy.core.multiarray:scalar",
        "posix:getcwd",
        "nt:getcwd",
    ] {
        assert!(allows(&scope, global, Usage::Call), "{global}");
    }
    assert!(!allows(&scope, "builtin:set", Usage::Call));
}

#[test]
fn dotted_names_need_the_whole_way() {
    let policy =
        policy("version: 1\nglobals:\n  allow:\n    - app.Outer.Inner\n    - app:Other.Inner\n");
    let scope = policy.scope(&at("a.pkl"));
    assert!(allows(&scope, "app.Outer:Inner", Usage::Import));
    assert!(!allows(&scope, "app:Outer.Inner", Usage::Import));
    assert!(allows(&scope, "app:Other.Inner", Usage::Build));
    let GlobalVerdict::Refused { why, .. } = scope
        .globals()
        .global(&name("app:Outer.Inner"), Usage::Import)
    else {
        panic!()
    };
    assert_eq!(
        why,
        Refusal::Unlisted {
            near: Some("app.Outer.Inner".to_owned())
        }
    );
}

#[test]
fn refusal_beats_permission_and_cannot_be_walked_around() {
    let policy = policy(
        "version: 1\nextends: recommended\nglobals:\n  allow: [app.hub.Net, \"app:hub2.x\"]\n  refuse:\n    - app.hub.*\n    - {global: torch.Tensor, reason: not here}\n",
    );
    let scope = policy.scope(&at("a.pt"));
    for global in [
        "app.hub:Net",
        "app.hub:Net.load",
        "torch:Tensor",
        "torch:Tensor.data",
    ] {
        let GlobalVerdict::Refused { why, .. } =
            scope.globals().global(&name(global), Usage::Import)
        else {
            panic!("{global}")
        };
        assert_eq!(why, Refusal::Refused, "{global}");
    }
    let GlobalVerdict::Refused { decided_by, .. } =
        scope.globals().global(&name("torch:Tensor"), Usage::Import)
    else {
        panic!()
    };
    assert_eq!(decided_by.unwrap().label, "not here");
}

#[test]
fn a_refusal_says_what_was_near_and_what_is_dangerous() {
    let policy = policy(
        "version: 1\nextends: recommended\nglobals:\n  allow:\n    - myapp.models.MyModel\n",
    );
    let scope = policy.scope(&at("a.pt"));
    let refused = |global: &str| match scope.globals().global(&name(global), Usage::Call) {
        GlobalVerdict::Refused {
            why: Refusal::Unlisted { near },
            danger,
            decided_by,
        } => {
            let related = decided_by.unwrap();
            assert_eq!(
                (related.file.as_str(), related.line, related.label.as_str()),
                ("weighbridge.yaml", 4, "no entry here lists it")
            );
            (near, danger)
        }
        other => panic!("{global}: {other:?}"),
    };
    assert_eq!(
        refused("__main__:MyModel"),
        (Some("myapp.models.MyModel".to_owned()), None)
    );
    assert_eq!(
        refused("myapp.model:MyModel").0.as_deref(),
        Some("myapp.models.MyModel")
    );
    assert_eq!(
        refused("torch._utils:_rebuild_tensor_v4").0.as_deref(),
        Some("torch._utils._rebuild_tensor_v2")
    );
    assert_eq!(
        refused("posix:system"),
        (None, Some("runs a program or changes the system"))
    );
    assert_eq!(
        refused("__builtin__:eval"),
        (None, Some("runs text as code"))
    );
    assert_eq!(
        refused("pathlib:os.system").1,
        Some("runs a program or changes the system")
    );
    assert_eq!(
        refused("collections.abc:os.system").1,
        Some("runs a program or changes the system")
    );
}

#[test]
fn arguments_are_constrained() {
    let policy = policy(
        "version: 1\nglobals:\n  allow:\n    - app.Color\n    - global: builtins.getattr\n      args: [{allowed-global: class}, {identifier: true}]\n    - global: app.pick\n      args: [{one-of: [a, b]}, {data: true}]\n",
    );
    let scope = policy.scope(&at("a.pkl"));
    let getattr = name("__builtin__:getattr");
    assert!(allows(&scope, "__builtin__:getattr", Usage::Call));
    assert!(!allows(&scope, "builtins:getattr", Usage::Build));
    assert!(scope.globals().constrains(&getattr));
    assert!(!scope.globals().constrains(&name("app:Color")));
    let global = |text: &str| Argument::Global(Global::Named(name(text)));
    let text = |text: &str| Argument::Str(Text::from(text));
    let reason = |callee: &str, arguments: &[Argument]| match scope
        .globals()
        .arguments(&name(callee), arguments)
    {
        ArgumentVerdict::Allowed => String::new(),
        ArgumentVerdict::Refused { reason, decided_by } => {
            assert_eq!(
                decided_by.unwrap().label,
                "the arguments are constrained here"
            );
            reason
        }
    };
    assert_eq!(
        reason("builtins:getattr", &[global("app:Color"), text("RED")]),
        ""
    );
    assert_eq!(
        reason("builtins:getattr", &[global("os:system"), text("RED")]),
        "argument 1: the policy does not allow `os.system`"
    );
    assert_eq!(
        reason(
            "builtins:getattr",
            &[global("app:Color"), text("__subclasses__")]
        ),
        "argument 2: `__subclasses__` is not a plain public identifier"
    );
    assert_eq!(
        reason("builtins:getattr", &[Argument::Unknown, text("x")]),
        "argument 1: its value is unknown, and it must be an allowed class"
    );
    assert_eq!(
        reason("builtins:getattr", &[global("app:Color")]),
        "it is called with 1 argument, and the entry lists 2 arguments"
    );
    assert_eq!(reason("app:pick", &[text("b"), Argument::Other]), "");
    assert_eq!(
        reason("app:pick", &[text("c"), Argument::Other]),
        "argument 1: `c` is not one of the texts that the entry lists"
    );
    assert_eq!(reason("app:Color", &[Argument::Unknown]), "");
}

#[test]
fn the_nearest_level_wins_and_lists_are_united() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "org.yaml",
        "version: 1\nformats: {allow: [npy], refuse: {pickle: ask us}}\nglobals: {allow: [org.A]}\nrules: {pickle-load: allow, persistent-id: allow}\n",
    );
    write(
        "team.yml",
        "version: 1\nextends: [org.yaml]\nrules: {pickle-load: deny}\nexclude: [vendor/]\n",
    );
    write(
        "weighbridge.yaml",
        "version: 1\nextends: [recommended, ./team.yml]\nformats: {allow: [pickle]}\nglobals: {allow: [mine.B]}\nrules: {persistent-id: warn}\noverrides:\n  - paths: [fixtures/]\n    formats: {allow: [pickle]}\n    rules: {pickle-load: allow}\n  - paths: [fixtures/bad/]\n    formats: {refuse: [npy]}\n",
    );
    let policy = Policy::load(&folder.path().join("weighbridge.yaml"), &CATALOG).unwrap();
    let scope = policy.scope(&at("models/a.pt"));
    assert_eq!(scope.level(&RULE), Level::Deny);
    let related = scope.level_decided_by(&RULE).unwrap();
    assert!(related.file.ends_with("team.yml"), "{}", related.file);
    assert_eq!(
        (
            related.line,
            related.text.as_str(),
            &related.text[related.range.clone()]
        ),
        (3, "rules: {pickle-load: deny}", "deny")
    );
    assert!(
        allows(&scope, "org:A", Usage::Call)
            && allows(&scope, "mine:B", Usage::Call)
            && allows(&scope, "torch:Size", Usage::Call)
    );
    assert!(scope.format("npy").is_allowed());
    let FormatVerdict::Refused { decided_by, advice } = scope.format("pickle") else {
        panic!("an ancestor refuses it")
    };
    assert_eq!(advice.as_deref(), Some("ask us"));
    assert_eq!(decided_by.unwrap().line, 2);

    let fixtures = policy.scope(&at("fixtures/x.pkl"));
    assert!(fixtures.format("pickle").is_allowed());
    assert_eq!(fixtures.level(&RULE), Level::Allow);
    let bad = policy.scope(&at("fixtures/bad/x.npy"));
    assert!(bad.format("pickle").is_allowed());
    assert!(matches!(bad.format("npy"), FormatVerdict::Refused { .. }));
    assert!(policy.excludes(&at("x/vendor/y.pkl")) && !policy.excludes(&at("vendors/y.pkl")));
}

#[test]
fn an_entry_may_be_for_some_paths() {
    let policy = policy(
        "version: 1\nglobals:\n  allow:\n    - {global: app.Net, paths: [\"models/baseline/**\"]}\noverrides:\n  - paths: [\"models/**\"]\n    globals: {allow: [app.Extra], packs: [numpy-arrays]}\n",
    );
    let (baseline, models, other) = (
        policy.scope(&at("models/baseline/a.pt")),
        policy.scope(&at("models/a.pt")),
        policy.scope(&at("a.pt")),
    );
    assert!(
        allows(&baseline, "app:Net", Usage::Call) && allows(&baseline, "app:Extra", Usage::Call)
    );
    assert!(!allows(&models, "app:Net", Usage::Call) && allows(&models, "app:Extra", Usage::Call));
    assert!(!allows(&other, "app:Net", Usage::Call) && !allows(&other, "app:Extra", Usage::Call));
    assert!(
        allows(&models, "numpy:dtype", Usage::Call) && !allows(&other, "numpy:dtype", Usage::Call)
    );
}

fn assert_shared<T: Send + Sync>(_: &T) {}

#[test]
fn paths_share_scopes() {
    let policy =
        policy("version: 1\noverrides:\n  - paths: [\"a/**\"]\n    rules: {pickle-load: deny}\n");
    assert!(std::sync::Arc::ptr_eq(
        &policy.scope(&at("x")),
        &policy.scope(&at("y/z"))
    ));
    assert!(std::sync::Arc::ptr_eq(
        &policy.scope(&at("a/x")),
        &policy.scope(&at("a/y/z"))
    ));
    assert!(!std::sync::Arc::ptr_eq(
        &policy.scope(&at("a/x")),
        &policy.scope(&at("x"))
    ));
    let began = std::time::Instant::now();
    for n in 0..100_000 {
        std::hint::black_box(policy.scope(&Text::from(format!("a/{n}.pt"))));
    }
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    assert_shared(&policy);
}

#[test]
fn the_target_decides_what_torch_lists() {
    let scope = |target: &str| {
        policy(&format!(
            "version: 1\nextends: recommended\ntarget: {{torch: {target}}}\n"
        ))
        .scope(&at("a.pt"))
    };
    let table = [
        ("auto", "2.15", [true, false, true]),
        ("\"2.14\"", "2.14", [true, true, true]),
        ("\"2.4.1\"", "2.4", [false, true, false]),
        ("\">=2.4,<2.9\"", "2.4", [false, true, false]),
        ("\">=2.5\"", "2.5", [true, false, false]),
    ];
    for (target, release, wanted) in table {
        let scope = scope(target);
        assert_eq!(scope.torch().release(), release);
        let globals = [
            "_codecs:encode",
            "torch._utils:_rebuild_nested_tensor",
            "__builtin__:set",
        ];
        assert_eq!(
            globals.map(|global| scope.torch().lists(&name(global))),
            wanted,
            "{target}"
        );
        // No alias but Python 2's.
        assert!(!scope.torch().lists(&name("_collections:OrderedDict")));
        assert!(scope.torch().lists(&name("collections:OrderedDict")));
        assert!(!scope.torch().lists(&name("numpy.core.multiarray:scalar")));
        // The pack says the same of the plain names.
        assert_eq!(
            allows(&scope, "torch._utils:_rebuild_nested_tensor", Usage::Call),
            wanted[1],
            "{target}"
        );
    }
    assert!(
        scope("\"2.9\"")
            .torch()
            .behaviour()
            .all(|release| release.behaves(TorchBehaviour::SetitemOnAnything))
    );
    assert!(
        scope("\">=2.10\"")
            .torch()
            .behaviour()
            .all(|release| !release.behaves(TorchBehaviour::SetitemOnAnything))
    );
}

#[test]
fn what_is_allowed_on_purpose_is_noted() {
    let policy = policy(
        "version: 1\nglobals:\n  allow:\n    - app.**\n    - {global: functools.partial, dangerous: true, reason: schedulers}\n",
    );
    let notes: Vec<String> = policy
        .notes()
        .iter()
        .map(|note| format!("{}:{} {note}", note.line(), note.column()))
        .collect();
    assert_eq!(
        notes,
        [
            "4:7 `app.**` allows every name of every module in `app`",
            "5:16 `functools.partial` is allowed although `functools.partial` calls whatever it is given",
        ]
    );
}
