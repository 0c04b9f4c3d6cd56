//! `policy-loosened`: what a change makes of the policy, in every view of one.

use crate::support::{
    cli::{Run, run},
    repo::{Repo, repo},
};

pub(super) const BEFORE: &str = "version: 1\nextends: [recommended, org.yaml]\n";
pub(super) const ORGANISATION: &str = "version: 1\nglobals: {refuse: [myapp.legacy.*]}\n";

pub(super) fn check(repo: &Repo, arguments: &[&str]) -> Run {
    run(&repo.root, &[&["check"], arguments].concat())
}

/// The report without its last lines, which name commits.
pub(super) fn told(run: &Run) -> String {
    let all = run.stdout.split("\nchecked:").next().unwrap_or_default();
    all.trim().to_owned()
}

#[test]
fn each_line_that_loosens_the_policy_is_shown() {
    let repo = repo!();
    repo.write("weighbridge.yaml", BEFORE)
        .write("org.yaml", ORGANISATION)
        .commit();
    repo.write(
        "weighbridge.yaml",
        format!(
            "{BEFORE}# A comment.\nglobals:\n  packs: [lightning]\n  allow:\n    - myapp.models.Net\n    - {{global: builtins.getattr, dangerous: true, reason: because}}\nrules: {{unusual-use: allow, pickle-load: deny}}\n"
        ),
    )
    .write("org.yaml", "version: 1\n");
    repo.git(&["add", "-A"]);
    let staged = check(&repo, &["--staged"]);
    insta::assert_snapshot!(told(&staged), @"
    ── org.yaml ─────────────────────────────────────────────────────── 1 warning ──

    warning[policy-loosened]: the change loosens the policy: `myapp.legacy.*` is no
      longer refused
       ╭─ org.yaml
       │ help: the change is judged by the policy that it edits: weighbridge.yaml in
       │       the index
       │ help: have it reviewed by whoever answers for the policy: what it lets
       │       through is judged by it from then on
       ╰──

    ── weighbridge.yaml ─────────────────────────────────────────────── 1 warning ──

    warning[policy-loosened]: the change loosens the policy: `builtins.getattr` may
      be imported and called (dangerous: it reaches any attribute of whatever it is
      given); and in 4 other ways
       ╭─ weighbridge.yaml:8:16
     8 │     - {global: builtins.getattr, dangerous: true, reason: because}
       │                ━━━━━━━━━━━━━━━━
       ├─ weighbridge.yaml:8:16
       │ `builtins.getattr` may be used in any shape (`dangerous: true`)
     8 │     - {global: builtins.getattr, dangerous: true, reason: because}
       │                ────────────────
       ├─ weighbridge.yaml:5:11
       │ the pack `lightning` allows 51 names
     5 │   packs: [lightning]
       │           ─────────
       ├─ weighbridge.yaml:7:7
       │ `myapp.models.Net` may be imported, called, constructed and given state
     7 │     - myapp.models.Net
       │       ────────────────
       ├─ weighbridge.yaml:9:22
       │ the rule `unusual-use` goes from deny to allow
     9 │ rules: {unusual-use: allow, pickle-load: deny}
       │                      ─────
       │
       │ help: `weighbridge policy diff` shows all that is looser and tighter
       │ help: the change is judged by the policy that it edits: weighbridge.yaml in
       │       the index
       │ help: have it reviewed by whoever answers for the policy: what it lets
       │       through is judged by it from then on
       ╰──

    passed:  with 2 warnings in 2 files
    ");
    repo.commit();
    let change = check(&repo, &["--diff=HEAD~1"]);
    assert!(
        change.stdout.contains("warning[policy-loosened]"),
        "{change:?}"
    );
    // Whoever owns the policy can refuse it.
    repo.write(
        "weighbridge.yaml",
        format!("{BEFORE}rules: {{policy-loosened: deny}}\n"),
    )
    .commit();
    repo.write("weighbridge.yaml", BEFORE).commit();
    assert_eq!(check(&repo, &["--diff=HEAD~1"]).code, 1);
}

#[test]
fn what_only_tightens_is_a_notice() {
    let repo = repo!();
    repo.write("weighbridge.yaml", BEFORE)
        .write("org.yaml", ORGANISATION)
        .commit();
    repo.write(
        "org.yaml",
        "version: 1\nglobals: {refuse: [myapp.legacy.*]}\nrules: {pickle-load: deny}\n",
    )
    .commit();
    let change = check(&repo, &["--diff=HEAD~1"]);
    assert!(!change.stdout.contains("[policy-"), "{change:?}");
    let notice = "the change makes the policy tighter in 1 respect, and looser in none";
    let said: Vec<&str> = change.stdout.split_whitespace().collect();
    assert!(said.join(" ").contains(notice), "{change:?}");
    // A policy may ask for every edit.
    repo.write(
        "weighbridge.yaml",
        format!("{BEFORE}rules: {{policy-changed: deny}}\n"),
    )
    .commit();
    repo.write(
        "weighbridge.yaml",
        format!("{BEFORE}rules: {{policy-changed: deny}}\n# a comment\n"),
    )
    .commit();
    let change = check(&repo, &["--diff=HEAD~1"]);
    assert_eq!(change.code, 1, "{change:?}");
    assert!(
        change.stdout.contains("error[policy-changed]"),
        "{change:?}"
    );
}
