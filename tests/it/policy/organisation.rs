//! An organisation's policy above a repository's own: it judges as if it stood first under `extends`.

use std::path::Path;

use serde_json::{Map, Value, json};
use weighbridge::{
    fact::{Text, Usage},
    finding::Level,
    policy::{Attempts, LockAttempt, Policy, PolicyAt, PolicyErrors},
    rule::by_id,
};

use super::{
    CATALOG, Memory, allows,
    generated::{self, PATHS, document, family, judged, judged_at, random, yaml},
    render, told,
};

const ORG: &str = "\
version: 1
extends: recommended
formats:
  refuse: {joblib: use skops}
globals:
  allow: [org.models.Net]
rules:
  pickle-load: deny
locked: [formats, globals, rules.pickle-load, exclude, waivers]
";

/// Where the organisation's policy is: nowhere in a repository.
const ORG_AT: &str = "/etc/org.yaml";

/// `weighbridge.yaml` of some files below [`ORG_AT`] of others; without the former, that alone.
fn below(org: &Memory, files: &Memory, attempts: Attempts) -> Result<Policy, PolicyErrors> {
    let own = Path::new("weighbridge.yaml");
    let has_own = files.0.contains_key("weighbridge.yaml");
    PolicyAt::File(org, Path::new(ORG_AT)).load_above(
        has_own.then_some(PolicyAt::File(files, own)),
        attempts,
        &CATALOG,
    )
}

fn org(text: &str) -> Memory {
    Memory::new(&[(ORG_AT, text)])
}

fn attempts(policy: &Policy) -> &[LockAttempt] {
    &policy.organisation().unwrap().attempts
}

fn own(text: &str) -> Memory {
    Memory::new(&[("weighbridge.yaml", text)])
}

#[test]
fn it_judges_as_if_the_repositorys_policy_extended_it_first() {
    let mut random = random(21);
    let (mut held, mut broken) = (0, 0);
    for _ in 0..300 {
        let mut files = family(&mut random);
        let mut above = document(&mut random, &[]);
        if random.one_in(2) {
            above.insert("extends".into(), json!("recommended"));
        }
        if random.one_in(3) {
            above.insert(
                "locked".into(),
                json!([random.of(&["formats", "globals", "rules"])]),
            );
        }
        let above = yaml(&above);
        let found = below(&org(&above), &files, Attempts::AreErrors);

        // The repository's own files may be called like those of the organisation.
        files.0.insert("central.yaml", above);
        let own = files.0.remove("weighbridge.yaml").unwrap();
        let mut own: Map<String, Value> = serde_json::from_str(&own).unwrap();
        let mut extends = vec![json!("central.yaml")];
        if let Some(Value::Array(others)) = own.get("extends") {
            extends.extend(others.iter().cloned());
        }
        own.insert("extends".into(), Value::Array(extends));
        files.0.insert("weighbridge.yaml", yaml(&own));
        match (found, files.load()) {
            (Ok(found), Ok(wanted)) => {
                assert_eq!(judged(&found), judged(&wanted), "{files:?}");
                held += 1;
            }
            (Err(_), Err(_)) => broken += 1,
            (found, wanted) => panic!("{found:?}\n{wanted:?}\n{files:?}"),
        }
    }
    assert!(held > 50 && broken > 10, "{held} {broken}");
}

#[test]
fn without_a_policy_of_the_repository_it_judges_alone() {
    let policy = below(&org(ORG), &Memory::new(&[]), Attempts::AreErrors).unwrap();
    assert_eq!(policy.name(), ORG_AT);
    assert!(policy.organisation().unwrap().judges_alone);
    let scope = policy.scope(&Text::from("a.pt"));
    assert!(allows(&scope, "org.models:Net", Usage::Construct));
    assert!(!scope.format("joblib").is_allowed());

    let strict = PolicyAt::Bundled("strict");
    let policy = strict
        .load_above(None, Attempts::AreErrors, &CATALOG)
        .unwrap();
    assert_eq!(judged(&policy), judged(&Policy::bundled("strict").unwrap()));
}

#[test]
fn the_same_file_counts_once() {
    let files = Memory::new(&[("org.yaml", ORG), ("weighbridge.yaml", ORG)]);
    let at = |name| PolicyAt::File(&files, Path::new(name));
    let twice = at("weighbridge.yaml")
        .load_above(Some(at("weighbridge.yaml")), Attempts::AreErrors, &CATALOG)
        .unwrap();
    assert!(twice.organisation().unwrap().judges_alone);
    assert_eq!(judged(&twice), judged(&files.load().unwrap()));

    // One that the organisation's extends stands above it, whoever's it is.
    let circle = Memory::new(&[
        (
            "org.yaml",
            "version: 1\nextends: weighbridge.yaml\nrules: {pickle-load: deny}\n",
        ),
        (
            "weighbridge.yaml",
            "version: 1\nrules: {pickle-load: allow}\n",
        ),
    ]);
    let at = |name| PolicyAt::File(&circle, Path::new(name));
    let own = Some(at("weighbridge.yaml"));
    let policy = at("org.yaml")
        .load_above(own, Attempts::AreErrors, &CATALOG)
        .unwrap();
    let scope = policy.scope(&Text::from("a.py"));
    assert_eq!(scope.level(by_id("pickle-load").unwrap().meta), Level::Deny);
}

#[test]
fn an_attempt_is_an_error_that_names_both_lines() {
    let own = own("version: 1\nextends: recommended\nrules: {pickle-load: allow}\n");
    let errors = below(&org(ORG), &own, Attempts::AreErrors).unwrap_err();
    insta::assert_snapshot!(render(&errors), @"
    error: this lowers `pickle-load` from `deny` to `allow`, and /etc/org.yaml:9
      locks `rules.pickle-load`
       ╭─ weighbridge.yaml:3:22
     2 │ extends: recommended
     3 │ rules: {pickle-load: allow}
       │                      ━━━━━
       │
       │ help: remove it, or ask the owners of /etc/org.yaml to change it there
       ╰──
    ");
    // What a repository's policy extends by its own wish is read like what it says.
    let own = Memory::new(&[
        (
            "weighbridge.yaml",
            "version: 1\nextends: [team.yaml, audit]\n",
        ),
        ("team.yaml", "version: 1\nglobals: {allow: [a.B]}\n"),
    ]);
    let errors = below(&org(ORG), &own, Attempts::AreErrors).unwrap_err();
    let told = told(&errors);
    assert!(
        told.iter().any(|told| told
            .starts_with("team.yaml:2:19 this allows `a.B`, and /etc/org.yaml:9 locks `globals`")),
        "{told:#?}"
    );
    assert!(
        told.iter().any(|told| told
            .starts_with("weighbridge.yaml:2:22 `audit.yaml (built in)` lowers `pickle-load`")
            || told.starts_with("weighbridge.yaml:2:22 `audit.yaml (built in)` allows")),
        "{told:#?}"
    );
}

#[test]
fn attempts_can_be_set_aside_and_are_told() {
    let text = "\
version: 1
formats: {allow: [joblib, torch-package], refuse: [npz]}
globals:
  allow:
    - {global: a.B, reason: it is ours}
    - org.models.Net
rules: {pickle-load: allow, torch-load-implicit: allow}
overrides:
  - paths: [old/]
    rules: {pickle-load: allow}
    formats: {allow: [joblib]}
exclude: [models/, {paths: [data/], reason: large}]
waivers:
  - {rule: pickle-load, paths: [a.py], subject: pickle.load, reason: old, owner: x, expires: 2027-01-01}
";
    let policy = below(&org(ORG), &own(text), Attempts::AreSetAside).unwrap();
    let told: Vec<String> = attempts(&policy)
        .iter()
        .map(
            |LockAttempt {
                 key,
                 message,
                 line,
                 lock,
             }| {
                let text = &line.text[line.range.clone()];
                format!(
                    "{}:{} {text} | {key} | {message} | {}",
                    line.file, line.line, lock.line
                )
            },
        )
        .collect();
    insta::assert_snapshot!(told.join("\n"), @"
    weighbridge.yaml:2 torch-package | formats | this allows the format `torch-package`, and /etc/org.yaml:9 locks `formats` | 9
    weighbridge.yaml:11 joblib | formats | this allows the format `joblib`, which is refused there, and /etc/org.yaml:9 locks `formats` | 9
    weighbridge.yaml:5 a.B | globals | this allows `a.B`, and /etc/org.yaml:9 locks `globals` | 9
    weighbridge.yaml:7 allow | rules.pickle-load | this lowers `pickle-load` from `deny` to `allow`, and /etc/org.yaml:9 locks `rules.pickle-load` | 9
    weighbridge.yaml:10 allow | rules.pickle-load | this lowers `pickle-load` from `deny` to `allow`, and /etc/org.yaml:9 locks `rules.pickle-load` | 9
    weighbridge.yaml:14 pickle-load | rules.pickle-load | this waives `pickle-load`, and /etc/org.yaml:9 locks `rules.pickle-load` | 9
    weighbridge.yaml:12 models/ | exclude | this excludes `models/`, and /etc/org.yaml:9 locks `exclude` | 9
    weighbridge.yaml:12 data/ | exclude | this excludes `data/`, and /etc/org.yaml:9 locks `exclude` | 9
    weighbridge.yaml:14 pickle-load | waivers | this waives `pickle-load`, and /etc/org.yaml:9 locks `waivers` | 9
    ");
    // What is left is what the repository may say.
    let left = "\
version: 1
extends: org.yaml
formats: {refuse: [npz]}
globals: {allow: [org.models.Net]}
rules: {torch-load-implicit: allow}
overrides:
  - paths: [old/]
";
    let files = Memory::new(&[("org.yaml", ORG), ("weighbridge.yaml", left)]);
    assert_eq!(judged(&policy), judged(&files.load().unwrap()));
    assert_eq!(policy.accepts().waivers().all().len(), 0);
    // What is not read is not shown.
    let shown = weighbridge::policy::show(&policy.effective(None));
    for gone in [
        "a.B",
        "models/",
        "pickle-load: allow",
        "2027-01-01",
        "torch-package",
    ] {
        assert!(!shown.contains(gone), "{gone}: {shown}");
    }
    assert!(shown.contains("torch-load-implicit: allow"), "{shown}");

    // A policy that is broken otherwise is broken.
    let own = own("version: 1\nrules: {pickle-lod: allow}\n");
    assert!(below(&org(ORG), &own, Attempts::AreSetAside).is_err());
    // So is one that is against its own locks, or the organisation's against one of its.
    let files = Memory::new(&[
        (
            "weighbridge.yaml",
            "version: 1\nextends: team.yaml\nformats: {allow: [npy]}\n",
        ),
        ("team.yaml", "version: 1\nlocked: [formats]\n"),
    ]);
    let errors = below(&org("version: 1\n"), &files, Attempts::AreSetAside).unwrap_err();
    assert!(told_of(&errors).contains("team.yaml:2 locks `formats`"));
}

fn told_of(errors: &PolicyErrors) -> String {
    told(errors).join("\n")
}

#[test]
fn with_attempts_set_aside_what_is_locked_is_never_looser() {
    let mut random = random(22);
    let (mut with, mut without) = (0, 0);
    for _ in 0..400 {
        let files = family(&mut random);
        let mut above = document(&mut random, &[]);
        let alone = yaml(&above);
        let (key, about) = random.of(generated::LOCKED);
        above.insert("locked".into(), json!(generated::locks(key)));
        let above = org(&yaml(&above));
        let policy = below(&above, &files, Attempts::AreSetAside).unwrap();
        let found = generated::looser(&super::policy(&alone), &policy, about);
        assert!(found.is_empty(), "{key}: {found:?} {above:?} {files:?}");
        // The same, where there is nothing to set aside.
        if let Ok(other) = below(&above, &files, Attempts::AreErrors) {
            without += 1;
            assert_eq!(attempts(&policy), []);
            for path in PATHS {
                let path = Text::from(*path);
                assert_eq!(judged_at(&policy, &path), judged_at(&other, &path));
            }
        } else {
            with += 1;
            assert_ne!(attempts(&policy), []);
        }
    }
    assert!(with > 50 && without > 50, "{with} {without}");
}

#[test]
fn what_would_be_written_for_a_repository_without_a_policy_works_below_it() {
    use weighbridge::finding::Additions;
    let mut additions = Additions::default();
    additions.packs.insert("timm");
    let written = |org: &Memory| {
        let policy = below(org, &Memory::new(&[]), Attempts::AreErrors).unwrap();
        policy.own().adding(&additions)
    };
    insta::assert_snapshot!(written(&org("version: 1\n")).join("\n"), @"
    write this to weighbridge.yaml:
    version: 1
    globals:
      packs:
        - timm
    ");
    insta::assert_snapshot!(written(&org("version: 1\nextends: strict\n")).join("\n"), @"
    write this to weighbridge.yaml:
    version: 1
    extends: strict
    globals:
      packs:
        - timm
    ");
    insta::assert_snapshot!(written(&org(ORG)).join("\n"), @"ask the owners of /etc/org.yaml, which locks `globals` in line 9");
}
