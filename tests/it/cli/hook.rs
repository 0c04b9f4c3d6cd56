//! As a real `pre-commit` hook: git says through its environment which index is about to be committed.
#![cfg(unix)]

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use crate::support::repo::{Repo, repo};

/// A hook that leaves the report in `report` at the root of the work tree.
fn install(repo: &Repo) {
    let hook = repo.root.join(".git/hooks/pre-commit");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    let program = env!("CARGO_BIN_EXE_weighbridge");
    fs::write(
        &hook,
        format!(
            "#!/bin/sh\n'{program}' check --staged >\"$(git rev-parse --git-dir)/report\" 2>&1\n"
        ),
    )
    .unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
}

fn report(git_dir: &Path) -> String {
    fs::read_to_string(git_dir.join("report")).unwrap()
}

/// `1 source`, however it is worded: the number of entries is what matters.
fn says(report: &str, number: &str) -> bool {
    report
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| word == number)
}

#[test]
fn the_index_that_is_committed_is_the_one_that_counts() {
    let repo = repo!();
    for i in 0..5 {
        repo.write(&format!("f{i}.py"), "1");
    }
    repo.commit();
    install(&repo);
    let git_dir = repo.root.join(".git");

    // `git commit -a` and `git commit PATH` commit an index of their own.
    for i in 0..4 {
        repo.write(&format!("f{i}.py"), "2");
    }
    repo.git(&["add", "f0.py"]);
    repo.git(&["commit", "-q", "-m", "x", "f1.py", "f2.py", "f3.py"]);
    assert!(says(&report(&git_dir), "3"), "{}", report(&git_dir));
    repo.git(&["commit", "-q", "-a", "-m", "x"]);
    assert!(says(&report(&git_dir), "1"), "{}", report(&git_dir));

    // In a linked work tree, from a folder below its root.
    let linked = repo.outside().join("linked");
    repo.git(&["worktree", "add", "-q", linked.to_str().unwrap()]);
    fs::create_dir(linked.join("deep")).unwrap();
    for name in ["a.py", "deep/b.py"] {
        fs::write(linked.join(name), "3").unwrap();
    }
    repo.git_in(&linked.join("deep"), &["add", "-A", ".."]);
    repo.git_in(&linked.join("deep"), &["commit", "-q", "-m", "x"]);
    let text = report(&repo.root.join(".git/worktrees/linked"));
    assert!(says(&text, "2"), "{text}");
}
