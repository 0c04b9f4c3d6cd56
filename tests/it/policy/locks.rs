//! What a policy locks, the policies that extend it cannot loosen.

use weighbridge::{fact::Text, finding::Level, rule::by_id};

use super::{Memory, render, told};

const ORG: &str = "\
version: 1
extends: recommended
formats:
  refuse: {joblib: use skops}
globals:
  allow: [org.models.Net, org.layers.*]
  refuse: [torch.hub.*]
rules:
  pickle-load: warn
overrides:
  - paths: [release/]
    rules: {pickle-load: deny}
exclude: [third_party/]
";

/// What is told of a policy that extends one which locks some keys.
fn attempts(locked: &str, own: &str) -> Vec<String> {
    let org = format!("{ORG}locked: [{locked}]\n");
    let own = format!("version: 1\nextends: org.yaml\n{own}");
    let files = Memory::new(&[("org.yaml", &org), ("weighbridge.yaml", &own)]);
    match files.load() {
        Ok(_) => Vec::new(),
        Err(errors) => told(&errors),
    }
}

#[test]
fn an_attempt_names_the_ancestor_and_the_line() {
    let org = format!("{ORG}locked:\n  - formats.allow\n  - rules.pickle-load\n");
    let own = "version: 1\nextends: org.yaml\nformats: {allow: [torch-package]}\nrules:\n  pickle-load: allow\n";
    let files = Memory::new(&[("org.yaml", &org), ("weighbridge.yaml", own)]);
    insta::assert_snapshot!(render(&files.load().unwrap_err()), @"
    error: this allows the format `torch-package`, and org.yaml:15 locks
      `formats.allow`
       ╭─ weighbridge.yaml:3:19
     2 │ extends: org.yaml
     3 │ formats: {allow: [torch-package]}
       │                   ━━━━━━━━━━━━━
     4 │ rules:
       │
       │ help: remove it, or ask the owners of org.yaml to change it there
       ╰──
    error: this lowers `pickle-load` from `warn` to `allow`, and org.yaml:16 locks
      `rules.pickle-load`
       ╭─ weighbridge.yaml:5:16
     4 │ rules:
     5 │   pickle-load: allow
       │                ━━━━━
       │
       │ help: remove it, or ask the owners of org.yaml to change it there
       ╰──
    ");
}

#[test]
fn each_key_says_what_loosens_it() {
    // key, what a policy below says, the beginning of each error; none if it may say so
    let table: &[(&str, &str, &[&str])] = &[
        ("formats.allow", "formats: {allow: [npy]}", &[]),
        (
            "formats.allow",
            "formats: {allow: [torch-package, npy]}",
            &["3:19 this allows the format `torch-package`, and org.yaml:14 locks `formats.allow`"],
        ),
        (
            "formats.allow",
            "overrides: [{paths: [a], formats: {allow: [torch-package]}}]",
            &["3:44 this allows the format `torch-package`"],
        ),
        ("formats.refuse", "formats: {allow: [joblib]}", &[]),
        (
            "formats.refuse",
            "overrides: [{paths: [a], formats: {allow: [npy]}}]",
            &[],
        ),
        (
            "formats.refuse",
            "overrides: [{paths: [a], formats: {allow: [joblib]}}]",
            &["3:44 this allows the format `joblib`, which is refused there"],
        ),
        ("globals.packs", "globals: {packs: [numpy-arrays]}", &[]),
        (
            "globals.packs",
            "globals: {packs: [timm]}",
            &["3:19 this allows the pack `timm`"],
        ),
        (
            "globals.allow",
            "globals: {allow: [org.models.Net, org.layers.Block, org.layers.*]}",
            &[],
        ),
        (
            "globals.allow",
            "globals: {allow: [{global: org.models.Net, as: [import], paths: [a]}]}",
            &[],
        ),
        (
            "globals.allow",
            "globals: {allow: [org.models.Other, org.*, {global: org.layers.f, as: [build]}]}",
            &[
                "3:19 this allows `org.models.Other`",
                "3:37 this allows `org.*`",
                "3:53 this allows `org.layers.f`",
            ],
        ),
        (
            "globals.refuse",
            "globals: {allow: [torch.hub.load_state_dict_from_url]}",
            &["3:19 `torch.hub"],
        ),
        (
            "globals.refuse",
            "globals: {allow: [{global: torch.hub.a, dangerous: true, reason: x}]}",
            &[],
        ),
        (
            "globals.refuse",
            "overrides: [{paths: [a], globals: {allow: [{global: torch.hub.a, dangerous: true, reason: x}]}}]",
            &["3:53 this allows `torch.hub.a`, and `torch.hub.*` is refused there"],
        ),
        (
            "rules",
            "rules: {pickle-load: deny, persistent-id: deny}",
            &[],
        ),
        (
            "rules",
            "rules: {pickle-load: allow, torch-load-implicit: allow}",
            &[
                "3:22 this lowers `pickle-load` from `warn` to `allow`",
                "3:50 this lowers `torch-load-implicit` from `warn` to `allow`",
            ],
        ),
        (
            "rules.pickle-load",
            "rules: {pickle-load: allow, torch-load-implicit: allow}",
            &["3:22 this lowers `pickle-load` from `warn` to `allow`"],
        ),
        // Below, the level is `warn`; under release/ it is `deny`.
        (
            "rules.pickle-load",
            "overrides: [{paths: [release/a], rules: {pickle-load: warn}}]",
            &["3:55 this lowers `pickle-load` from `deny` to `warn`"],
        ),
        (
            "overrides",
            "overrides: [{paths: [a], formats: {refuse: [npy]}}]",
            &[],
        ),
        (
            "overrides",
            "globals: {allow: [a.B]}\noverrides: [{paths: [a], globals: {allow: [a.C]}}]",
            &["4:44 this allows `a.C`"],
        ),
        ("exclude", "exclude: [third_party/]", &[]),
        (
            "exclude",
            "exclude: [{paths: [models/], reason: old}]",
            &["3:20 this excludes `models/`"],
        ),
        ("attributes", "attributes: ignore", &[]),
        (
            "attributes",
            "attributes: honour",
            &["3:13 this lets `.gitattributes` exclude files"],
        ),
        ("target", "target: {torch: auto}", &[]),
        (
            "target",
            "target: {torch: \"2.6\"}",
            &["3:17 this changes `target.torch` from `auto` to `2.6`"],
        ),
        (
            "globals",
            "globals: {allow: [a.B], packs: [timm]}",
            &["3:19 this", "3:33 this"],
        ),
        (
            "rules.pickle-lod",
            "",
            &[
                "14:10 `rules.pickle-lod` is not a key that can be locked; did you mean `rules.pickle-load`?",
            ],
        ),
        (
            "global.refuse",
            "",
            &[
                "14:10 `global.refuse` is not a key that can be locked; did you mean `globals.refuse`?",
            ],
        ),
        (
            "anything",
            "",
            &[
                "14:10 `anything` is not a key that can be locked; the keys are `target`, `target.torch`",
            ],
        ),
    ];
    for (key, own, wanted) in table {
        let found = attempts(key, own);
        let fits = found.len() == wanted.len()
            && found.iter().zip(*wanted).all(|(found, wanted)| {
                let (_, found) = found.split_once(':').unwrap();
                found.starts_with(wanted)
            });
        assert!(fits, "{key}: {own}\n{found:#?}");
    }
}

#[test]
fn locks_hold_through_every_descendant_and_beside() {
    let org = format!("{ORG}locked: [formats]\n");
    let deep = [
        ("org.yaml", org.as_str()),
        ("division.yaml", "version: 1\nextends: org.yaml\n"),
        (
            "team.yaml",
            "version: 1\nextends: [division.yaml, org.yaml]\n",
        ),
        (
            "weighbridge.yaml",
            "version: 1\nextends: [team.yaml, org.yaml]\nformats: {allow: [torch-package]}\n",
        ),
    ];
    let errors = Memory::new(&deep).load().unwrap_err();
    assert_eq!(told(&errors).len(), 1, "{:#?}", told(&errors));
    assert!(told(&errors)[0].starts_with("weighbridge.yaml:3:19 this allows"));

    // One that is extended beside it does not know the lock: the line that brings both together is to blame.
    let beside = [
        ("org.yaml", org.as_str()),
        (
            "other.yaml",
            "version: 1\nformats: {allow: [torch-package]}\n",
        ),
        (
            "weighbridge.yaml",
            "version: 1\nextends: [other.yaml, org.yaml]\n",
        ),
    ];
    for order in ["[other.yaml, org.yaml]", "[org.yaml, other.yaml]"] {
        let mut files = Memory::new(&beside);
        files.0.insert(
            "weighbridge.yaml",
            format!("version: 1\nextends: {order}\n"),
        );
        let told = told(&files.load().unwrap_err());
        assert_eq!(told.len(), 1, "{told:#?}");
        assert!(
            told[0].contains(
                "`other.yaml` allows the format `torch-package`, and org.yaml:14 locks `formats`"
            ),
            "{told:#?}"
        );
    }
    // What a policy that locks extends itself is what it says.
    let above = [
        (
            "org.yaml",
            "version: 1\nextends: base.yaml\nlocked: [formats]\n",
        ),
        (
            "base.yaml",
            "version: 1\nformats: {allow: [torch-package]}\n",
        ),
        (
            "weighbridge.yaml",
            "version: 1\nextends: [base.yaml, org.yaml]\n",
        ),
    ];
    Memory::new(&above).load().unwrap();
}

#[test]
fn a_policy_counts_once_and_nearer_ones_win() {
    let files = Memory::new(&[
        ("org.yaml", "version: 1\nrules: {pickle-load: warn}\n"),
        (
            "a.yaml",
            "version: 1\nextends: org.yaml\nrules: {pickle-load: deny}\n",
        ),
        ("b.yaml", "version: 1\nextends: org.yaml\n"),
        (
            "weighbridge.yaml",
            "version: 1\nextends: [a.yaml, b.yaml, org.yaml]\n",
        ),
    ]);
    let scope = files.load().unwrap().scope(&Text::from("a.py"));
    assert_eq!(scope.level(by_id("pickle-load").unwrap().meta), Level::Deny);
}
