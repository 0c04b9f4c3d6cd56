//! `pin-stale`: more of it is in `tests/it/cli/freeze.rs`.

use std::fs;

use crate::support::{cli::run, pickle::Pickle, repo::repo};

#[test]
fn a_pin_of_nothing_is_reported_where_all_is_looked_at() {
    let repo = repo!();
    let told = |arguments: &[&str]| {
        let all = [&["check", "--format", "concise"], arguments].concat();
        run(&repo.root, &all).stdout
    };
    repo.write("a.pkl", Pickle::proto(2).int(1).stop());
    repo.write("b.pkl", Pickle::proto(2).int(2).stop());
    assert_eq!(run(&repo.root, &["freeze"]).code, 0);
    repo.git(&["add", "-A"]);
    repo.commit();
    fs::remove_file(repo.root.join("a.pkl")).unwrap();
    let gone = "a.pkl: warning[pin-stale] weighbridge.lock pins this file, which is gone";
    assert!(told(&[]).contains(gone), "{}", told(&[]));
    assert!(!told(&["b.pkl"]).contains("pin-stale"));
    assert!(!told(&["--rev", "HEAD"]).contains("pin-stale"));
    repo.git(&["add", "-A"]);
    assert!(told(&["--staged"]).contains("pin-stale"));
    repo.commit();
    assert!(told(&["--rev", "HEAD"]).contains("pin-stale"));
    assert!(!told(&["--rev", "HEAD", "b.pkl"]).contains("pin-stale"));
}
