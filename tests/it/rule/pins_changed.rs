//! `pins-changed`: more of it is in `tests/it/cli/freeze.rs`.

use crate::support::{cli::run, pickle::Pickle, repo::repo};

#[test]
fn a_change_of_the_lock_file_is_told_to_its_reviewer() {
    let repo = repo!();
    repo.write("a.pkl", Pickle::proto(2).int(1).stop());
    repo.commit();
    assert_eq!(run(&repo.root, &["freeze"]).code, 0);
    repo.commit();
    let told = run(
        &repo.root,
        &["check", "--diff", "HEAD~1..HEAD", "--format", "concise"],
    )
    .stdout;
    let expected = "weighbridge.lock: warning[pins-changed] the change pins 1 file";
    assert!(told.contains(expected), "{told}");
    repo.write("b.pkl", Pickle::proto(2).int(1).stop());
    repo.commit();
    let told = run(
        &repo.root,
        &["check", "--diff", "HEAD~1..HEAD", "--format", "concise"],
    )
    .stdout;
    assert!(!told.contains("pins-changed"), "{told}");
}
