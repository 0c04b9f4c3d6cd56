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

/// Each finding as `line: level rule message`.
fn told(text: &str) -> Vec<String> {
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    let findings = value["findings"].as_array().unwrap();
    let told = findings.iter().map(|finding| {
        let text = |key: &str| finding[key].as_str().unwrap();
        let line = &finding["site"]["at"]["line"];
        format!(
            "{line}: {} {} {}",
            text("level"),
            text("rule"),
            text("message")
        )
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
    5: deny policy-unneeded no file of the repository needs `myapp.models.Net`
    6: deny policy-unneeded `myapp.models.Net` is listed already, by weighbridge.yaml:5
    7: deny policy-unneeded `torch.Size` is in the pack `torch-weights`, which is named
    8: warn policy-risky `posix.system` is allowed although `os.system` runs a program or changes the system
    9: deny policy-unneeded `myapp.legacy.Old` has no effect: weighbridge.yaml:10 refuses it
    12: deny policy-unneeded this override holds for no file of the repository
    13: deny policy-unneeded the level of `pickle-load` has no effect: weighbridge.yaml:15 sets it for the same paths
    14: deny policy-unneeded this override holds for no file of the repository
    16: deny policy-unneeded `third_party/` excludes no file of the repository
    ");
    // For other repositories, only what the policy itself shows.
    let shared = run(&["--shared", "--format", "json"]);
    assert_eq!(shared.code, 1, "{shared:?}");
    insta::assert_snapshot!(told(&shared.stdout).join("\n"), @"
    6: deny policy-unneeded `myapp.models.Net` is listed already, by weighbridge.yaml:5
    7: deny policy-unneeded `torch.Size` is in the pack `torch-weights`, which is named
    8: warn policy-risky `posix.system` is allowed although `os.system` runs a program or changes the system
    9: deny policy-unneeded `myapp.legacy.Old` has no effect: weighbridge.yaml:10 refuses it
    13: deny policy-unneeded the level of `pickle-load` has no effect: weighbridge.yaml:15 sets it for the same paths
    ");
    // A dangerous entry is shown, and refuses nothing.
    repo.write(
        "clean.yaml",
        "version: 1\nextends: recommended\nglobals:\n  allow:\n    - {global: posix.system, dangerous: true, reason: old}\n",
    );
    let clean = run(&["clean.yaml"]);
    assert_eq!(clean.code, 0, "{clean:?}");
    insta::assert_snapshot!(clean.stdout, @"
    ── clean.yaml ───────────────────────────────────────────────────── 1 warning ──

    warning[policy-risky]: `posix.system` is allowed although `os.system` runs a
      program or changes the system
       ╭─ clean.yaml:5:16
     4 │   allow:
     5 │     - {global: posix.system, dangerous: true, reason: old}
       │                ━━━━━━━━━━━━
       │
       │ help: the reason given: old
       ╰──

    passed:  with 1 warning in 1 file
    checked: 1 policy file
    policy:  clean.yaml
    next:    weighbridge explain policy-risky  why, and what to use instead
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
    4: deny policy-unneeded `pickle-load` is `deny` already, by org.yaml:3
    7: deny policy-unneeded the waiver of `pickle-load` is for no file of the repository
    8: deny policy-unneeded the waiver of `pickle-load` ended after 2024-01-01
    9: deny policy-unneeded the waiver of `pickle-load` covers nothing, by the terms of the policy: it ends later than 90 days from now
    10: deny policy-unneeded the waiver of `pickle-load` covers nothing, by the terms of the policy: it has no `owner`
    ");
    insta::assert_snapshot!(check(&["--shared"]), @"
    4: deny policy-unneeded `pickle-load` is `deny` already, by org.yaml:3
    8: deny policy-unneeded the waiver of `pickle-load` ended after 2024-01-01
    9: deny policy-unneeded the waiver of `pickle-load` covers nothing, by the terms of the policy: it ends later than 90 days from now
    10: deny policy-unneeded the waiver of `pickle-load` covers nothing, by the terms of the policy: it has no `owner`
    ");
    // What is locked here is said on purpose.
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: org.yaml\nrules: {pickle-load: deny}\nlocked: [rules.pickle-load]\n",
    );
    assert_eq!(check(&[]), "");
}

/// A pipeline shows what is wrong with a shared policy as it shows anything else, also of one that cannot be used.
#[test]
fn every_report_can_be_of_a_policy() {
    let repo = repo!();
    repo.write("org/base.yaml", "version: 1\nextends: recommended\n")
        .write(
            "weighbridge.yaml",
            "version: 1\nextends: org/base.yaml\nglobals:\n  allow: [app.Net, app.**]\n",
        )
        .write(
            "broken.yaml",
            "version: 1\nfrmats: {}\nrules:\n  pickle-lod: deny\n",
        );
    std::fs::create_dir(repo.root.join("deep")).unwrap();
    let deep = repo.root.join("deep");
    let report = |arguments: &[&str]| run(&deep, &[&["policy", "check"], arguments].concat());
    let github = report(&["--format", "github"]);
    assert_eq!(github.code, 1);
    insta::assert_snapshot!(github.stdout, @"
    ::error file=weighbridge.yaml,line=4,endLine=4,col=11,endColumn=18,title=weighbridge%3A policy-unneeded::no file of the repository needs `app.Net`%0Ahelp: remove it
    ::error file=weighbridge.yaml,line=4,endLine=4,col=20,endColumn=26,title=weighbridge%3A policy-unneeded::no file of the repository needs `app.**`%0Ahelp: remove it
    ::warning file=weighbridge.yaml,line=4,endLine=4,col=20,endColumn=26,title=weighbridge%3A policy-risky::`app.**` allows every name of every module in `app`%0Ahelp: list the modules, or better the names, that checkpoints store
    refused: 2 errors in 1 file, 1 warning
    checked: 2 policy files
    policy: weighbridge.yaml
    ");
    let broken = report(&["../broken.yaml", "--format", "github"]);
    assert_eq!(broken.code, 2);
    insta::assert_snapshot!(broken.stdout, @"
    ::error file=broken.yaml,line=2,endLine=2,col=1,endColumn=7,title=weighbridge%3A policy-invalid::`frmats` is not a key of the policy%0Ahelp: did you mean `formats`?
    ::error file=broken.yaml,line=4,endLine=4,col=3,endColumn=13,title=weighbridge%3A policy-invalid::there is no rule `pickle-lod`%0Ahelp: did you mean `pickle-load`?
    refused: 2 errors in 1 file
    checked: 1 policy file
    policy: ../broken.yaml
    ");
    insta::assert_snapshot!(report(&["../broken.yaml"]).stdout, @"
    ── ../broken.yaml ────────────────────────────────────────────────── 2 errors ──

    error[policy-invalid]: `frmats` is not a key of the policy
       ╭─ ../broken.yaml:2:1
     1 │ version: 1
     2 │ frmats: {}
       │ ━━━━━━
     3 │ rules:
       │
       │ help: did you mean `formats`?
       ╰──

    error[policy-invalid]: there is no rule `pickle-lod`
       ╭─ ../broken.yaml:4:3
     3 │ rules:
     4 │   pickle-lod: deny
       │   ━━━━━━━━━━
       │
       │ help: did you mean `pickle-load`?
       ╰──

    refused: 2 errors in 1 file
    checked: 1 policy file
    policy:  ../broken.yaml
    next:    weighbridge explain policy-invalid  why, and what to use instead
    ");
    for file in [&[][..], &["../broken.yaml"]] {
        for reporter in weighbridge::report::REPORTERS {
            let name = reporter.name();
            let run = report(&[file, &["--format", name]].concat());
            if name == "cyclonedx" {
                assert_eq!((run.code, run.stdout.as_str()), (2, ""));
                continue;
            }
            assert_eq!(
                run.code,
                if file.is_empty() { 1 } else { 2 },
                "{name}: {run:?}"
            );
            let rule = if file.is_empty() {
                "policy-unneeded"
            } else {
                "policy-invalid"
            };
            assert!(run.stdout.contains(rule), "{name}: {run:?}");
        }
    }
    let sarif: serde_json::Value =
        serde_json::from_str(&report(&["../broken.yaml", "--format", "sarif"]).stdout).unwrap();
    let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "broken.yaml");
    assert_eq!(place["region"]["startLine"], 2);
    // Several at once, and a pipeline that decides by the report.
    let both = report(&["--output", "sarif=../out.sarif", "--exit-zero"]);
    assert_eq!(both.code, 0, "{both:?}");
    assert!(both.stdout.contains("refused:"), "{both:?}");
    assert!(repo.root.join("out.sarif").exists());
    assert_eq!(report(&["--format", "none"]).code, 2);
}

#[test]
fn a_policy_without_a_line_to_be_known_passes_in_two_lines() {
    let repo = repo!();
    repo.write("weighbridge.yaml", "version: 1\nextends: recommended\n");
    let passed = run(&repo.root, &["policy", "check"]);
    assert_eq!(passed.code, 0);
    insta::assert_snapshot!(passed.stdout, @"
    passed: 1 policy file
    policy: weighbridge.yaml
    ");
}
