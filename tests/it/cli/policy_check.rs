//! `policy check`: what is wrong with a policy, and what it says without need.

use crate::support::{
    cli::{program, run},
    pickle::payload,
    repo::repo,
};

const POLICY: &str = "\
version: 1
extends: recommended
globals:
  allow:
    - myapp.models.Net
    - myapp.models.Net
    - torch.Size
    - {global: posix.system, dangerous: true, reason: the release of 2021}
    - myapp.legacy.Old
  refuse: [myapp.legacy.*]
overrides:
  - paths: [models/]
    rules: {pickle-load: warn}
  - paths: [models/]
    rules: {pickle-load: deny}
exclude: [third_party/]
";

/// Each message as `line: level message`.
fn told(text: &str) -> Vec<String> {
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    let messages = value["messages"].as_array().unwrap();
    let told = messages.iter().map(|message| {
        let text = |key: &str| message[key].as_str().unwrap();
        format!("{}: {} {}", message["line"], text("level"), text("message"))
    });
    told.collect()
}

#[test]
fn what_is_not_needed_and_what_has_no_effect_is_told() {
    let repo = repo!();
    repo.write("weighbridge.yaml", POLICY)
        .write("legacy.pkl", payload());
    let run = |arguments: &[&str]| {
        let all = [&["policy", "check"], arguments].concat();
        run(&repo.root, &all)
    };
    let all = run(&["--format", "json"]);
    assert_eq!(all.code, 1, "{all:?}");
    insta::assert_snapshot!(told(&all.stdout).join("\n"), @"
    6: warning `myapp.models.Net` is listed already, by weighbridge.yaml:5
    9: warning `myapp.legacy.Old` has no effect: weighbridge.yaml:10 refuses it
    7: warning `torch.Size` is in the pack `torch-weights`, which is named
    13: warning the level of `pickle-load` has no effect: weighbridge.yaml:15 sets it for the same paths
    12: warning this override holds for no file of the repository
    14: warning this override holds for no file of the repository
    16: warning `third_party/` excludes no file of the repository
    5: warning no file of the repository needs `myapp.models.Net`
    8: note `posix.system` is allowed although `os.system` runs a program or changes the system
    ");
    // For other repositories, only what the policy itself shows.
    let shared = run(&["--shared", "--format", "json"]);
    assert_eq!(shared.code, 1, "{shared:?}");
    insta::assert_snapshot!(told(&shared.stdout).join("\n"), @"
    6: warning `myapp.models.Net` is listed already, by weighbridge.yaml:5
    9: warning `myapp.legacy.Old` has no effect: weighbridge.yaml:10 refuses it
    7: warning `torch.Size` is in the pack `torch-weights`, which is named
    13: warning the level of `pickle-load` has no effect: weighbridge.yaml:15 sets it for the same paths
    8: note `posix.system` is allowed although `os.system` runs a program or changes the system
    ");
    // A dangerous entry is shown, and is no warning.
    repo.write(
        "clean.yaml",
        "version: 1\nextends: recommended\nglobals:\n  allow:\n    - {global: posix.system, dangerous: true, reason: old}\n",
    );
    let clean = run(&["clean.yaml"]);
    assert_eq!(clean.code, 0, "{clean:?}");
    insta::assert_snapshot!(clean.stdout, @"
    note: `posix.system` is allowed although `os.system` runs a program or changes
      the system
       ╭─ clean.yaml:5:16
     4 │   allow:
     5 │     - {global: posix.system, dangerous: true, reason: old}
       │                ━━━━━━━━━━━━
       │
       │ help: the reason given: old
       ╰──
    clean.yaml is valid: no warnings, 1 note
    ");
    repo.write("broken.yaml", "version: 1\nrulez: {}\n");
    assert_eq!(run(&["broken.yaml"]).code, 2);
    assert_eq!(run(&["none.yaml"]).code, 2);
    for bundled in ["audit", "recommended", "strict"] {
        let run = run(&["--shared", bundled]);
        assert_eq!(run.code, 0, "{run:?}");
    }
}

#[test]
fn waivers_and_levels_without_effect_are_told() {
    let repo = repo!();
    repo.write(
        "org.yaml",
        "version: 1\nextends: recommended\nrules: {pickle-load: deny, joblib-load: deny}\nwaiver-terms: {max-days: 90, require: [owner]}\n",
    );
    repo.write(
        "weighbridge.yaml",
        "\
version: 1
extends: org.yaml
rules:
  pickle-load: deny
  joblib-load: warn
waivers:
  - {rule: pickle-load, paths: [gone.py], owner: a, expires: 2024-02-01}
  - {rule: pickle-load, paths: [load.py], owner: a, expires: 2024-01-01}
  - {rule: pickle-load, paths: [load.py], owner: a, expires: 2025-01-01}
  - {rule: pickle-load, paths: [load.py], expires: 2024-02-01}
  - {rule: pickle-load, paths: [load.py], owner: a, expires: 2024-02-01}
",
    )
    .write("load.py", "x = 1\n");
    // The second of January 2024.
    let check = |arguments: &[&str]| {
        let mut program = program(&repo.root);
        program.env("SOURCE_DATE_EPOCH", "1704164645");
        let run = program
            .args(["policy", "check", "--format", "json"])
            .args(arguments)
            .output()
            .unwrap();
        told(&String::from_utf8(run.stdout).unwrap()).join("\n")
    };
    insta::assert_snapshot!(check(&[]), @"
    4: warning `pickle-load` is `deny` already, by org.yaml:3
    7: warning the waiver of `pickle-load` is for no file of the repository
    8: warning the waiver of `pickle-load` ended after 2024-01-01
    9: warning the waiver of `pickle-load` covers nothing, by the terms of the policy: it ends later than 90 days from now
    10: warning the waiver of `pickle-load` covers nothing, by the terms of the policy: it has no `owner`
    ");
    insta::assert_snapshot!(check(&["--shared"]), @"
    4: warning `pickle-load` is `deny` already, by org.yaml:3
    8: warning the waiver of `pickle-load` ended after 2024-01-01
    9: warning the waiver of `pickle-load` covers nothing, by the terms of the policy: it ends later than 90 days from now
    10: warning the waiver of `pickle-load` covers nothing, by the terms of the policy: it has no `owner`
    ");
    // What is locked here is said on purpose.
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: org.yaml\nrules: {pickle-load: deny}\nlocked: [rules.pickle-load]\n",
    );
    assert_eq!(check(&[]), "");
}
