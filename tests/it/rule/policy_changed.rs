//! `policy-changed`.

use weighbridge::fact::Circumstance;

use super::{judge_noted, tell};
use crate::support::{cli::run, repo::repo};

fn edited(judges: bool, deleted: bool) -> Circumstance {
    Circumstance::PolicyEdited {
        judge: "weighbridge.yaml at 1a2b3c4 (main)".into(),
        judges,
        deleted,
    }
}

#[test]
fn who_judges_is_said() {
    insta::assert_snapshot!(tell(&judge_noted("weighbridge.yaml", edited(false, false)), "policy-changed"), @"
    policy-changed [warn] the change edits the policy; weighbridge.yaml at 1a2b3c4 (main) judges it, not the new one
      at  about edits
      help: have it reviewed by whoever answers for the policy: what it lets through is judged by it from then on
    ");
    insta::assert_snapshot!(tell(&judge_noted("weighbridge.yaml", edited(true, true)), "policy-changed"), @"
    policy-changed [warn] the change deletes the policy and is judged by weighbridge.yaml at 1a2b3c4 (main)
      at  about deletes
      help: have it reviewed by whoever answers for the policy: what it lets through is judged by it from then on
    ");
}

#[test]
fn an_edit_of_attributes_that_exclude_files_is_told() {
    let repo = repo!();
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: recommended\nattributes: honour\n",
    )
    .write("a.py", "x = 1\n")
    .commit();
    repo.write("models/.gitattributes", "*.pkl weighbridge=off\n")
        .commit();
    let change = run(&repo.root, &["check", "--diff=HEAD~1"]);
    assert!(
        change.stdout.contains("warning[policy-loosened]")
            && change.stdout.contains("models/.gitattributes"),
        "{change:?}"
    );
    assert!(!change.stdout.contains("no verdict changes"), "{change:?}");
}

#[test]
fn a_folder_in_which_a_policy_could_be_is_none() {
    let repo = repo!();
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: strict\npins: {require: never}\n",
    )
    .write("a.py", "x = 1\n")
    .commit();
    repo.write(".github/workflows/a.yml", "on: push\n").commit();
    let change = run(&repo.root, &["check", "--diff=HEAD~1"]);
    assert_eq!(change.code, 0, "{change:?}");
    assert!(!change.stdout.contains("policy-changed"), "{change:?}");
}
