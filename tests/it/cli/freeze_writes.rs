//! How `weighbridge freeze` writes the lock file: whole or not at all, beside other runs, and through no link.

use std::fs;

use super::freeze::{LOCK, lock, models, net};
use crate::support::{
    cli::{program, run},
    repo::repo,
};

#[test]
fn runs_at_once_lose_no_pin_silently() {
    let repo = repo!();
    models(&repo);
    let names: Vec<String> = (0..6).map(|n| format!("models/n{n}.pkl")).collect();
    for (n, name) in (0..).zip(&names) {
        repo.write(name, net(n));
    }
    let runs: Vec<(&String, std::process::Child)> = names
        .iter()
        .map(|name| {
            let mut freeze = program(&repo.root);
            freeze.args(["freeze", name.as_str()]);
            freeze.stdout(std::process::Stdio::null());
            freeze.stderr(std::process::Stdio::null());
            (name, freeze.spawn().unwrap())
        })
        .collect();
    for (name, mut freeze) in runs {
        if freeze.wait().unwrap().success() {
            assert!(lock(&repo).contains(name), "{name}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_lock_file_is_no_link() {
    let repo = repo!();
    models(&repo);
    assert_eq!(run(&repo.root, &["freeze"]).code, 0);
    repo.commit();
    fs::rename(repo.root.join(LOCK), repo.root.join("other.lock")).unwrap();
    std::os::unix::fs::symlink("other.lock", repo.root.join(LOCK)).unwrap();
    let on_disk = run(&repo.root, &["check"]);
    assert_eq!(on_disk.code, 2, "{on_disk:?}");
    assert!(on_disk.stderr.contains("symbolic link"), "{on_disk:?}");
    repo.commit();
    let change = run(&repo.root, &["check", "--diff=HEAD~1"]);
    assert_eq!(change.code, 2, "{change:?}");
    assert!(change.stderr.contains("symbolic link"), "{change:?}");
}
