//! A team adopts the gate: what is known does not count, what is new does.

use std::fs;

use crate::support::{
    cli::{Run, run},
    comparison::{Needs, skip},
    pickle::payload,
    repo::{Repo, repo},
};

const HEAD: &str = "version: 1\nextends: recommended\n";
const NET: &[u8] = b"\x80\x02capp.models\nNet\n)\x81}b.";
const OTHER: &[u8] = b"\x80\x02capp.models\nOther\n)\x81}b.";
const FILE: &str = "weighbridge-baseline.json";

fn check(repo: &Repo) -> Run {
    run(&repo.root, &["check", "--baseline", FILE])
}

fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn known_findings_pass_and_new_ones_fail() {
    let repo = repo!();
    repo.write("a.pkl", NET).write(
        "b/train.py",
        "import torch\ntorch.load(p, weights_only=False)\n",
    );
    assert_eq!(run(&repo.root, &["check"]).code, 1);
    let made = run(&repo.root, &["baseline", "create"]).shown(&repo.root);
    insta::assert_snapshot!(made, @"
    weighbridge: wrote weighbridge-baseline.json: 2 findings; commit it, and run `weighbridge check --baseline weighbridge-baseline.json`
    exit 0
    ");
    insta::assert_snapshot!(fs::read_to_string(repo.root.join(FILE)).unwrap(), @r#"
    {
      "version": 1,
      "findings": [
        {"path":"a.pkl","rule":"global-not-allowed","subject":"app.models.Net","key":"2422b4756c824062ca2aab39af3d83919e100584715427529448dd25162e735a","count":1},
        {"path":"b/train.py","rule":"torch-load-unsafe","subject":"torch.load","key":"ceca4a20f8de46b356f14e81c2bf326e691017cd5bd3e0f577b96a5a1334f268","count":1}
      ]
    }
    "#);
    insta::assert_snapshot!(check(&repo).shown(&repo.root), @"
    passed: 1 artifact and 1 source file in the work tree
    policy: recommended (built in)
    known:  2 findings in weighbridge-baseline.json
    exit 0
    ");
    // Lines move, bytes come before, files beside it are renamed and come: all of it is known.
    repo.write(
        "b/train.py",
        "import os\nimport torch\n\n\ntorch.load(p, weights_only=False)\n",
    )
    .write("a.pkl", [b"\x80\x02K\x010", &NET[2..]].concat())
    .write("c.py", "x = 1\n");
    assert_eq!(check(&repo).code, 0);
    // What is new counts: another name in the file, the same in another file, the same call once more.
    repo.write("a.pkl", OTHER);
    let new = check(&repo);
    assert!(
        new.code == 1 && new.stdout.contains("app.models.Other"),
        "{new:?}"
    );
    repo.write("a.pkl", NET).write("d.pkl", NET);
    let new = check(&repo);
    assert!(
        new.code == 1 && new.stdout.contains("d.pkl") && !new.stdout.contains("a.pkl @"),
        "{new:?}"
    );
    fs::remove_file(repo.root.join("d.pkl")).unwrap();
    repo.write(
        "b/train.py",
        "import torch\ntorch.load(p, weights_only=False)\ntorch.load(p, weights_only=False)\n",
    );
    let new = check(&repo);
    assert!(
        new.code == 1 && new.stdout.contains("train.py:3"),
        "{new:?}"
    );
    // What is mended is said, where all files are checked.
    repo.write("b/train.py", "x = 1\n");
    repo.commit();
    let said = plain(&check(&repo).stdout);
    assert!(
        said.contains("1 finding of weighbridge-baseline.json is no longer found"),
        "{said}"
    );
    let part = run(&repo.root, &["check", "--baseline", FILE, "a.pkl"]).stdout;
    assert!(!part.contains("no longer found"), "{part}");
}

#[test]
fn a_danger_is_known_only_if_that_is_asked_for() {
    let repo = repo!();
    repo.write("evil.pkl", payload()).write("a.pkl", NET);
    let made = run(&repo.root, &["baseline", "create"]);
    assert!(made.stderr.contains("1 finding left out"), "{made:?}");
    let refused = check(&repo);
    assert!(
        refused.code == 1 && refused.stdout.contains("posix.system"),
        "{refused:?}"
    );
    let made = run(&repo.root, &["baseline", "create", "--include-dangerous"]);
    assert!(!made.stderr.contains("left out"), "{made:?}");
    let passed = check(&repo);
    assert_eq!(passed.code, 0);
    let said = plain(&passed.stdout);
    assert!(
        said.contains("posix.system") && said.contains("weighbridge-baseline.json has it"),
        "{said}"
    );
    // The file says which are: without that they count.
    let text = fs::read_to_string(repo.root.join(FILE)).unwrap();
    repo.write(FILE, text.replace(",\"dangerous\":true", ""));
    assert_eq!(check(&repo).code, 1);
}

#[test]
fn behind_a_known_format_new_names_count() {
    let repo = repo!();
    repo.write("a.pkl", NET);
    repo.write(
        "weighbridge.yaml",
        format!("{HEAD}formats: {{refuse: [pickle]}}\n"),
    );
    assert_eq!(run(&repo.root, &["baseline", "create"]).code, 0);
    assert_eq!(check(&repo).code, 0);
    repo.write("a.pkl", OTHER);
    assert_eq!(check(&repo).code, 1);
    // Waived, the format hides nothing either.
    repo.write(
        "weighbridge.yaml",
        format!("{HEAD}formats: {{refuse: [pickle]}}\nwaivers:\n  - {{rule: format-not-allowed, paths: [a.pkl]}}\n"),
    );
    let run = run(&repo.root, &["check"]);
    assert!(
        run.code == 1 && run.stdout.contains("app.models.Other"),
        "{run:?}"
    );
}

#[test]
fn the_policy_names_the_baseline() {
    let repo = repo!();
    repo.write("a.pkl", NET);
    repo.write("weighbridge.yaml", format!("{HEAD}baseline: known.json\n"));
    let missing = run(&repo.root, &["check"]);
    assert_eq!(missing.code, 2);
    assert!(
        missing
            .stderr
            .contains("baseline create --output known.json"),
        "{missing:?}"
    );
    assert_eq!(run(&repo.root, &["baseline", "create"]).code, 0);
    assert_eq!(run(&repo.root, &["check"]).code, 0);
    // A commit is judged by what is staged of it, a change by its base.
    repo.git(&["add", "-A"]);
    assert_eq!(run(&repo.root, &["check", "--staged"]).code, 0);
    repo.commit();
    repo.write("b.pkl", OTHER);
    assert_eq!(run(&repo.root, &["baseline", "create"]).code, 0);
    repo.commit();
    assert_eq!(run(&repo.root, &["check"]).code, 0);
    let change = run(&repo.root, &["check", "--diff", "HEAD~1"]);
    assert!(
        change.code == 1 && change.stdout.contains("policy-loosened"),
        "{change:?}"
    );
    // A rule that is locked is not loosened by a file.
    repo.write(
        "weighbridge.yaml",
        format!("{HEAD}baseline: known.json\nlocked: [rules.global-not-allowed]\n"),
    );
    assert_eq!(run(&repo.root, &["check"]).code, 1);
}

#[test]
fn a_broken_baseline_says_where() {
    let repo = repo!();
    repo.write("a.pkl", NET);
    let told = |text: &str| {
        repo.write(FILE, text);
        let run = check(&repo);
        assert_eq!(run.code, 2, "{run:?}");
        plain(&run.stderr)
    };
    let conflict = told("{\n  \"version\": 1,\n  \"findings\": [\n<<<<<<< HEAD\n");
    assert!(
        conflict.contains("the baseline has a merge conflict") && conflict.contains(".json:4:1"),
        "{conflict}"
    );
    assert!(told("{\"version\": 1,\n").contains("not valid JSON"));
    assert!(
        told("{\"version\": 2, \"findings\": []}").contains("version 2 of baselines is not known")
    );
    let key = told(
        "{\"version\": 1, \"findings\": [{\"path\":\"a\",\"rule\":\"b\",\"subject\":\"c\",\"key\":\"d\",\"count\":1}]}",
    );
    assert!(key.contains("not 64 hexadecimal digits"), "{key}");
}

#[test]
fn what_is_not_read_is_never_known() {
    let repo = repo!();
    repo.write("m.keras", b"\x89HDF").write("a.pkl", NET);
    assert_eq!(run(&repo.root, &["baseline", "create"]).code, 0);
    let known = fs::read_to_string(repo.root.join(FILE)).unwrap();
    assert!(
        known.contains("a.pkl") && !known.contains("m.keras"),
        "{known}"
    );
    let told = check(&repo);
    assert_eq!(told.code, 1, "{told:?}");
    assert!(told.stdout.contains("m.keras"), "{told:?}");
}

#[cfg(unix)]
#[test]
fn a_baseline_is_a_file() {
    let repo = repo!();
    repo.write("a.pkl", NET).write("elsewhere.json", "{}");
    let made = std::process::Command::new("mkfifo")
        .arg(repo.root.join(FILE))
        .status();
    if made.is_ok_and(|made| made.success()) {
        let pipe = check(&repo);
        assert_eq!(pipe.code, 2, "{pipe:?}");
        fs::remove_file(repo.root.join(FILE)).unwrap();
    } else {
        skip!(Needs::Program("mkfifo"), "no pipe can be made");
    }
    std::os::unix::fs::symlink("elsewhere.json", repo.root.join(FILE)).unwrap();
    let link = check(&repo);
    assert_eq!(link.code, 2, "{link:?}");
    assert!(plain(&link.stderr).contains("symbolic link"), "{link:?}");
}
