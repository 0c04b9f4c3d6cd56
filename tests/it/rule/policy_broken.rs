//! `policy-broken`.

use super::policy_loosened::{BEFORE, ORGANISATION, check, told};
use crate::support::repo::repo;

#[test]
fn a_policy_that_breaks_is_a_finding_of_the_change() {
    let repo = repo!();
    repo.write("weighbridge.yaml", BEFORE)
        .write("org.yaml", ORGANISATION)
        .commit();
    repo.write(
        "org.yaml",
        "version: 1\nfrmats: {allow: [npy]}\nrules: {pickle-loaded: deny}\n",
    )
    .commit();
    let change = check(&repo, &["--diff=HEAD~1"]);
    assert_eq!(change.code, 1, "{change:?}");
    insta::assert_snapshot!(told(&change), @"
    ── org.yaml ───────────────────────────────────────────────────────── 1 error ──

    error[policy-broken]: after the change the policy has an error: `frmats` is not
      a key of the policy, and 1 more
       ╭─ org.yaml:2:1
     2 │ frmats: {allow: [npy]}
       │ ━━━━━━
       │
       │ help: `weighbridge policy check` lists all errors with what to write
       │       instead
       ╰──

    refused: 1 error in 1 file
    ");
    // A parent that is gone, in a file that is not edited.
    repo.write("org.yaml", ORGANISATION).commit();
    repo.git(&["rm", "-q", "org.yaml"]);
    repo.commit();
    let change = check(&repo, &["--diff=HEAD~1"]);
    assert_eq!(change.code, 1, "{change:?}");
    assert!(change.stdout.contains("error[policy-broken]"), "{change:?}");
}
