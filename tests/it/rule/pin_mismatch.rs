//! `pin-mismatch`: more of it is in `tests/it/cli/freeze.rs`.

use std::fs;

use crate::support::{cli::run, pickle::Pickle, repo::repo};

#[test]
fn a_pinned_file_that_changed_is_refused_and_one_that_did_not_is_not() {
    let repo = repo!();
    let told = || run(&repo.root, &["check", "--format", "concise"]).stdout;
    repo.write("a.pkl", Pickle::proto(2).int(1).stop());
    assert_eq!(run(&repo.root, &["freeze"]).code, 0);
    assert!(!told().contains("pin-"));
    repo.write("a.pkl", Pickle::proto(2).int(2).stop());
    let changed = "a.pkl: error[pin-mismatch] this is not the file that was pinned: other bytes, of the same size, format and names";
    assert!(told().contains(changed), "{}", told());
    // What takes its place counts too.
    for other in [&b"no model"[..], b""] {
        repo.write("a.pkl", other);
        assert!(told().contains("a.pkl: error[pin-mismatch]"), "{}", told());
    }
    fs::remove_file(repo.root.join("a.pkl")).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("weighbridge.lock", repo.root.join("a.pkl")).unwrap();
        assert!(
            told().contains("it cannot be compared with its pin"),
            "{}",
            told()
        );
    }
}
