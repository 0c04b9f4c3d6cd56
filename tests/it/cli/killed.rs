//! Commands that write a file of the repository, killed in the middle: the file is the old one or the new one.
#![cfg(unix)]

use std::{
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use super::freeze::{data, net};
use crate::support::{
    cli::{program, run},
    pickle::payload,
    repo::{Repo, repo},
};

/// Moments at which each command is killed: from its start until well after its usual end.
const MOMENTS: u32 = 60;

/// How many parts of a file are tried as the most that may be written.
const PARTS: usize = 8;

/// Bytes that `ulimit -f` counts by, at most: shells differ.
const BLOCK: usize = 1024;

/// Kills a command at many moments. `old` is what the file is before; `None` where it is not there.
fn killed(repo: &Repo, arguments: &[&str], file: &str, old: Option<&str>) {
    let path = repo.root.join(file);
    let restore = || match old {
        Some(old) => fs::write(&path, old).unwrap(),
        None => drop(fs::remove_file(&path)),
    };
    let left = || fs::read_to_string(&path).ok();
    restore();
    let began = Instant::now();
    let whole = run(&repo.root, arguments);
    let took = began.elapsed();
    assert_eq!(whole.code, 0, "{whole:?}");
    let new = left();
    assert!(new.is_some() && new.as_deref() != old, "{whole:?}");
    let (mut olds, mut news) = (0, 0);
    for n in 0..MOMENTS {
        restore();
        let mut child = program(&repo.root)
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(
            took.mul_f64(f64::from(n) / f64::from(MOMENTS) * 2.0) + Duration::from_micros(n.into()),
        );
        let _ = child.kill();
        child.wait().unwrap();
        match left() {
            it if it.as_deref() == old => olds += 1,
            it if it == new => news += 1,
            it => panic!(
                "{arguments:?}: half of {file} at moment {n}: {:?} bytes",
                it.map(|it| it.len())
            ),
        }
    }
    assert!(olds > 0, "{arguments:?}: {olds} old, {news} new");
    // The limit of the size of a file ends a run while it writes, wherever the moments were.
    let size = new.as_ref().map_or(0, String::len);
    for part in 0..PARTS {
        restore();
        let blocks = size.saturating_sub(1) / BLOCK * part / PARTS;
        let script = format!("ulimit -c 0; ulimit -f {blocks}; exec \"$@\"");
        let program = program(&repo.root);
        let mut shell = Command::new("sh");
        shell.current_dir(&repo.root).args(["-c", &script, "sh"]);
        shell.arg(program.get_program()).args(arguments);
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        let ended = shell.stdout(Stdio::null()).stderr(Stdio::null()).status();
        let ended = ended.unwrap();
        assert!(!ended.success(), "{arguments:?}, {blocks} blocks: {ended}");
        let left = left();
        let length = left.as_ref().map(String::len);
        assert!(
            left.as_deref() == old,
            "{arguments:?}, {blocks} blocks: {length:?} bytes"
        );
    }
    // What killed runs leave is in nobody's way: the next one ends as the first did.
    restore();
    let again = run(&repo.root, arguments);
    assert!(again.code == 0 && left() == new, "{again:?}");
}

/// Model files, some of which are refused, and a policy that is long to write.
fn refused(repo: &Repo) {
    for n in 0..20 {
        repo.write(&format!("net{n}.pkl"), net(n));
        repo.write(&format!("data{n}.pkl"), data(n));
    }
    repo.write("evil.pkl", payload());
}

#[test]
fn policy_init_leaves_no_policy_or_a_whole_one() {
    let repo = repo!();
    refused(&repo);
    killed(&repo, &["policy", "init"], "weighbridge.yaml", None);
}

#[test]
fn a_baseline_is_the_old_or_the_new() {
    let repo = repo!();
    refused(&repo);
    let file = "weighbridge-baseline.json";
    killed(&repo, &["baseline", "create"], file, None);
    let old = fs::read_to_string(repo.root.join(file)).unwrap();
    repo.write("net30.pkl", net(30));
    killed(&repo, &["baseline", "create"], file, Some(&old));
}

#[test]
fn policy_allow_leaves_the_old_policy_or_the_new_one() {
    let repo = repo!();
    refused(&repo);
    let old = format!(
        "version: 1\nextends: recommended\n# {}\n",
        "x".repeat(1 << 18)
    );
    let arguments = ["policy", "allow", "net1.pkl"];
    killed(&repo, &arguments, "weighbridge.yaml", Some(&old));
}

#[test]
fn freeze_leaves_the_old_lock_file_or_the_new_one() {
    let repo = repo!();
    for n in 0..50 {
        repo.write(&format!("{n}.pkl"), data(n));
    }
    killed(&repo, &["freeze"], "weighbridge.lock", None);
    let old = fs::read_to_string(repo.root.join("weighbridge.lock")).unwrap();
    repo.write("new.pkl", data(60));
    killed(&repo, &["freeze"], "weighbridge.lock", Some(&old));
}
