//! How `weighbridge freeze` writes the lock file: whole or not at all, beside other runs, and through no link.

use std::fs;

use super::freeze::{LOCK, data, lock, models, net};
use crate::support::{
    cli::{program, run},
    repo::repo,
};

/// Whenever it is killed, the lock file is the old one or the new one.
#[cfg(unix)]
#[test]
fn a_run_that_is_killed_leaves_the_old_lock_file_or_the_new_one() {
    use std::time::{Duration, Instant};
    let repo = repo!();
    for n in 0..50 {
        repo.write(&format!("{n}.pkl"), data(n));
    }
    let took = Instant::now();
    assert_eq!(run(&repo.root, &["freeze"]).code, 0);
    let took = took.elapsed();
    let old = lock(&repo);
    repo.write("new.pkl", data(1));
    assert_eq!(run(&repo.root, &["freeze"]).code, 0);
    let new = lock(&repo);
    assert_ne!(old, new);
    let mut seen = [0, 0];
    for n in 0..100_u32 {
        repo.write(LOCK, &old);
        let mut child = program(&repo.root)
            .arg("freeze")
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(took.mul_f64(f64::from(n) / 80.0) + Duration::from_micros(n.into()));
        let _ = child.kill();
        child.wait().unwrap();
        let left = lock(&repo);
        assert!(left == old || left == new, "{left}");
        seen[usize::from(left == new)] += 1;
    }
    assert!(seen[0] > 0, "{seen:?}");
    // Drafts of killed runs are in nobody's way.
    assert_eq!(
        run(&repo.root, &["freeze", "--check"]).code,
        i32::from(lock(&repo) == old)
    );
}

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
