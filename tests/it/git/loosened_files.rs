//! What a change lets pass by files beside the policy: the baseline, and lines of `.gitattributes`.

use std::fs;

use crate::support::{
    cli::{Run, run},
    repo::{Repo, repo},
};

const POLICY: &str = "version: 1\nextends: recommended\nbaseline: known.json\n";
const NOTHING: &str = "{\n  \"version\": 1,\n  \"findings\": [\n  ]\n}\n";
const HONOUR: &str = "version: 1\nextends: recommended\nattributes: honour\n";

/// What is said of the change of a branch, on one line.
fn said(repo: &Repo) -> String {
    let Run { stdout, stderr, .. } = run(
        &repo.root,
        &["check", "--diff=main...topic", "--format=plain"],
    );
    format!("{stdout} {stderr}")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// Starts a branch.
fn branch(repo: &Repo) {
    repo.git(&["checkout", "-q", "-B", "topic", "main"]);
}

#[test]
fn a_baseline_that_knows_more() {
    let repo = repo!();
    repo.write("weighbridge.yaml", POLICY)
        .write("known.json", NOTHING)
        .commit();
    branch(&repo);
    repo.write("a.py", "import torch\ntorch.load(p, weights_only=False)\n");
    assert_eq!(run(&repo.root, &["baseline", "create"]).code, 0);
    let known = fs::read_to_string(repo.root.join("known.json")).unwrap();
    repo.commit();
    let more = said(&repo);
    assert!(
        more.contains("the change loosens the policy: 1 finding of `torch-load-unsafe` does not count: the baseline knows it"),
        "{more}"
    );
    assert!(more.contains("File known.json: 1 warning."), "{more}");
    assert!(!more.contains("policy-changed"), "{more}");
    // The other direction is tighter, and says so.
    repo.git(&["checkout", "-q", "main"]);
    repo.write("known.json", &known)
        .write("a.py", "import torch\ntorch.load(p, weights_only=False)\n")
        .commit();
    branch(&repo);
    repo.write("known.json", NOTHING).commit();
    let less = said(&repo);
    assert!(
        !less.contains("policy-loosened") && !less.contains("policy-changed"),
        "{less}"
    );
    assert!(
        less.contains("the change makes the policy tighter in 1 respect, and looser in none"),
        "{less}"
    );
    // Lines in another order are no difference, and more of the same are.
    branch(&repo);
    repo.write("known.json", known.replace("  ", " ")).commit();
    let same = said(&repo);
    assert!(
        same.contains("the change edits the policy, and no verdict changes by it"),
        "{same}"
    );
    branch(&repo);
    repo.write("known.json", known.replace("\"count\":1", "\"count\":3"))
        .commit();
    let twice = said(&repo);
    assert!(
        twice.contains("2 findings of `torch-load-unsafe` do not count"),
        "{twice}"
    );
    branch(&repo);
    repo.write(
        "known.json",
        known.replace("\"count\":1", "\"count\":1,\"dangerous\":true"),
    )
    .commit();
    let dangerous = said(&repo);
    assert!(
        dangerous.contains("1 finding of `torch-load-unsafe` about dangerous names does not count"),
        "{dangerous}"
    );
    // One that nobody can use is a policy that nobody can use.
    branch(&repo);
    repo.write("known.json", "{}").commit();
    let broken = said(&repo);
    assert!(broken.contains("rule policy-broken"), "{broken}");
    // The policy diff says the same.
    repo.git(&["checkout", "-q", "topic"]);
    repo.write("known.json", NOTHING).commit();
    let diff = run(&repo.root, &["policy", "diff", "topic", "main"]);
    assert!(
        diff.stdout
            .contains("1 finding of `torch-load-unsafe` does not count"),
        "{diff:?}"
    );
}

#[test]
fn attributes_that_exclude_more() {
    let repo = repo!();
    let base = "[attr]ours -weighbridge\n*.bin weighbridge=off\nkeep.bin weighbridge\n*.txt text\n";
    repo.write("weighbridge.yaml", HONOUR)
        .write(".gitattributes", base)
        .write("a.py", "")
        .commit();
    let by = |text: &str| {
        branch(&repo);
        repo.write(".gitattributes", text).commit();
        said(&repo)
    };
    for (text, wanted) in [
        (
            format!("{base}*.pt -weighbridge\n"),
            "the change loosens the policy: `*.pt -weighbridge` excludes files",
        ),
        (
            format!("{base}*.pt ours\n"),
            "the change loosens the policy: `*.pt ours` excludes files",
        ),
        (
            base.replace("keep.bin weighbridge\n", ""),
            "`keep.bin weighbridge` no longer keeps files from being excluded",
        ),
        (
            base.replace("-weighbridge", "weighbridge=off"),
            "perhaps: `[attr]ours weighbridge=off` excludes files",
        ),
        (
            "[attr]ours -weighbridge\nkeep.bin weighbridge\n*.bin weighbridge=off\n".to_owned(),
            "perhaps: lines about `weighbridge` in .gitattributes stand in another order",
        ),
    ] {
        let said = by(&text);
        assert!(said.contains(wanted), "{wanted}: {said}");
        assert!(said.contains("rule policy-loosened"), "{said}");
    }
    for (text, wanted) in [
        (
            base.replace("*.txt text", "*.txt -text"),
            "the change edits the policy, and no verdict changes by it",
        ),
        (
            base.replace("*.bin weighbridge=off\n", ""),
            "tighter in 1 respect",
        ),
        (format!("{base}a.bin weighbridge\n"), "tighter in 1 respect"),
    ] {
        let said = by(&text);
        assert!(said.contains(wanted), "{wanted}: {said}");
        assert!(!said.contains("rule policy-"), "{said}");
    }
    // A folder has its own, and macros are those of the root.
    branch(&repo);
    repo.write("models/.gitattributes", "* ours\n[attr]ours weighbridge\n")
        .commit();
    let said = said(&repo);
    assert!(
        said.contains("File models/.gitattributes: 1 warning."),
        "{said}"
    );
    assert!(said.contains("`* ours` excludes files"), "{said}");
}

#[test]
fn an_override_that_is_meant_for_dangerous_names() {
    let repo = repo!();
    let over = |rest: &str| {
        format!(
            "version: 1\nextends: recommended\noverrides:\n  - paths: [old/]\n    rules: {{global-not-allowed: allow}}\n{rest}"
        )
    };
    repo.write("weighbridge.yaml", "version: 1\nextends: recommended\n")
        .commit();
    let diff = |text: &str| {
        repo.write("new.yaml", text);
        run(&repo.root, &["policy", "diff", "HEAD", "new.yaml"]).stdout
    };
    let plain = diff(&over(""));
    assert!(
        plain.contains("goes from deny to allow") && !plain.contains("dangerous"),
        "{plain}"
    );
    let dangerous = diff(&over("    dangerous: true\n    reason: reviewed\n"));
    assert!(
        dangerous
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .contains("goes from deny to allow, for dangerous names too,"),
        "{dangerous}"
    );
    let entry = diff(
        "version: 1\nextends: recommended\nglobals: {allow: [{global: my.thing, dangerous: true, reason: ours}]}\n",
    );
    assert!(entry.contains("`dangerous: true`"), "{entry}");
}
