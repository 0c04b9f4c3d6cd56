//! `check --store`: the report is the same, or the store is not believed.

use std::fs;

use super::Clones;
use crate::support::cli::{Run, finish, program, run};

/// A repository whose history an audit has read; its store is `store`.
fn audited() -> Option<Clones> {
    let clones = Clones::new()?;
    clones.audit("out", &["--history", "--store", "store"]);
    Some(clones)
}

fn check(clones: &Clones, arguments: &[&str]) -> Run {
    let all = [&["check"], arguments].concat();
    run(&clones.repo.root, &all)
}

#[test]
fn the_report_is_the_one_without_a_store() {
    let Some(clones) = audited() else { return };
    let store = clones.repo.outside().join("store").display().to_string();
    for view in [
        &["--history"][..],
        &["--rev", "HEAD"],
        &["--all-refs"],
        &["--diff", "HEAD~1"],
        &[],
    ] {
        for format in ["human", "json", "sarif"] {
            let read = check(&clones, &[view, &["--format", format]].concat());
            let known = check(
                &clones,
                &[view, &["--format", format, "--store", &store]].concat(),
            );
            assert_eq!(known.stderr, read.stderr, "{view:?} {format}");
            assert_eq!(known.stdout, read.stdout, "{view:?} {format}");
            assert_eq!(known.code, read.code, "{view:?} {format}");
        }
    }
}

#[test]
fn a_store_that_cannot_be_used_is_said_and_everything_is_read() {
    let Some(clones) = audited() else { return };
    let read = check(&clones, &["--history"]);
    let outside = clones.repo.outside();
    let with = |name: &str| {
        let store = outside.join(name).display().to_string();
        let run = check(&clones, &["--history", "--store", &store]);
        assert_eq!((&run.stdout, run.code), (&read.stdout, read.code), "{name}");
        run.stderr.replace(&outside.display().to_string(), "DIR")
    };
    fs::create_dir(outside.join("foreign")).unwrap();
    fs::write(outside.join("foreign/facts.redb"), b"something else").unwrap();
    let whole = fs::read(outside.join("store/facts.redb")).unwrap();
    fs::create_dir(outside.join("half")).unwrap();
    fs::write(outside.join("half/facts.redb"), &whole[..whole.len() / 2]).unwrap();
    for name in ["none", "foreign", "half"] {
        let said = with(name);
        assert!(
            said.contains("the store is not used, and every file is read"),
            "{name}: {said}"
        );
    }
    // Where bytes are another, what they were in is read again.
    for step in [101, 4099] {
        let mut damaged = whole.clone();
        for at in (4096..damaged.len()).step_by(step) {
            damaged[at] ^= 0x40;
        }
        fs::create_dir_all(outside.join("damaged")).unwrap();
        fs::write(outside.join("damaged/facts.redb"), damaged).unwrap();
        with("damaged");
    }
}

#[test]
fn a_pipeline_believes_a_store_only_if_it_is_told() {
    let Some(clones) = audited() else { return };
    let store = clones.repo.outside().join("store").display().to_string();
    let in_pipeline = |arguments: &[&str]| {
        let mut command = program(&clones.repo.root);
        command
            .args(["check", "--history", "--format", "human"])
            .args(arguments);
        finish(command.env("CI", "true"))
    };
    let read = in_pipeline(&[]);
    let doubted = in_pipeline(&["--store", &store]);
    assert!(
        doubted.stderr.contains("`--trust-store`"),
        "{}",
        doubted.stderr
    );
    let trusted = in_pipeline(&["--store", &store, "--trust-store"]);
    assert_eq!(trusted.stderr, read.stderr);
    assert!(
        [doubted, trusted]
            .iter()
            .all(|run| run.stdout == read.stdout && run.code == read.code)
    );
}
