//! Files that git-annex keeps: locked, unlocked, here and elsewhere.
#![cfg(unix)]

use std::{fs, os::unix::fs::symlink, process::Command};

use crate::support::{
    cli::{Run, run},
    comparison::{Needs, made, skip},
    pickle::{Pickle, payload},
    repo::{Repo, repo},
};

/// A list of thirty small numbers, whose key and folders are known.
fn model() -> Vec<u8> {
    let numbers = b"K\x01K\x02K\x03".repeat(10);
    [b"\x80\x02]q\x00(", numbers.as_slice(), b"e."].concat()
}

const KEY: &str =
    "SHA256E-s68--d021d0ffef28d9d7df3d4320a0f3b63d087135c0117234ac07b72a66305a1ee0.pkl";
const FOLDERS: &str = "vP/QW";

fn place() -> String {
    format!(".git/annex/objects/{FOLDERS}/{KEY}/{KEY}")
}

/// Puts a content where git-annex keeps it.
fn keep(repo: &Repo, bytes: &[u8]) {
    repo.write(&place(), bytes);
}

fn link(repo: &Repo, target: &str, path: &str) {
    let path = repo.root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    symlink(target, path).unwrap();
}

/// The rules that found something in each file.
fn found(run: &Run) -> Vec<String> {
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    findings
        .map(|finding| format!("{} {}", text(&finding["path"]), text(&finding["rule"])))
        .collect()
}

fn check(repo: &Repo, view: &[&str]) -> Vec<String> {
    found(&run(
        &repo.root,
        &[&["check", "--format", "json"], view].concat(),
    ))
}

/// Each way to look at the files of a repository that is committed.
const VIEWS: &[&[&str]] = &[&[], &["--rev", "HEAD"], &["--history"]];

#[test]
fn what_is_here_is_read() {
    let repo = repo!();
    link(&repo, &format!("../{}", place()), "models/locked.pkl");
    repo.write("unlocked.pkl", format!("/annex/objects/{KEY}\n"));
    repo.commit();
    for view in VIEWS {
        let found = check(&repo, view);
        let expected = [
            "models/locked.pkl incomplete-read",
            "unlocked.pkl lfs-not-fetched",
        ];
        assert_eq!(found, expected, "{view:?}");
    }
    keep(&repo, &model());
    for view in VIEWS {
        assert_eq!(check(&repo, view), [""; 0], "{view:?}");
    }
    // It is read as what it is, whatever its key says.
    keep(&repo, &payload());
    for view in VIEWS {
        let found = check(&repo, view);
        for path in ["models/locked.pkl", "unlocked.pkl"] {
            assert!(
                found.contains(&format!("{path} global-not-allowed")),
                "{view:?} {found:?}"
            );
        }
    }
}

#[test]
fn a_pin_is_compared_with_what_is_here_or_with_the_key() {
    let repo = repo!();
    keep(&repo, &model());
    link(&repo, &place(), "a.pkl");
    let frozen = run(&repo.root, &["freeze"]);
    assert_eq!(frozen.code, 0, "{frozen:?}");
    let lock = fs::read_to_string(repo.root.join("weighbridge.lock")).unwrap();
    assert!(
        lock.contains("sha256: d021d0ffef28d9d7df3d4320a0f3b63d087135c0117234ac07b72a66305a1ee0"),
        "{lock}"
    );
    repo.commit();
    assert_eq!(check(&repo, &[]), [""; 0]);
    keep(&repo, &Pickle::proto(2).int(1).stop());
    let found = check(&repo, &[]);
    assert!(
        found.contains(&String::from("a.pkl pin-mismatch")),
        "{found:?}"
    );
    fs::remove_file(repo.root.join(place())).unwrap();
    assert_eq!(check(&repo, &[]), ["a.pkl incomplete-read"]);
    assert_eq!(check(&repo, &["--rev", "HEAD"]), ["a.pkl incomplete-read"]);
}

#[test]
fn only_the_repository_s_own_store_is_read() {
    let repo = repo!();
    keep(&repo, &model());
    // Each of these leads elsewhere, or nowhere, when a program opens it.
    let outside = repo
        .outside()
        .join("other/.git/annex/objects")
        .join(FOLDERS)
        .join(KEY);
    fs::create_dir_all(&outside).unwrap();
    fs::write(outside.join(KEY), payload()).unwrap();
    link(&repo, outside.join(KEY).to_str().unwrap(), "elsewhere.pkl");
    link(&repo, &format!("../{}", place()), "too-far.pkl");
    link(&repo, &place(), "models/too-near.pkl");
    repo.commit();
    for view in [&[][..], &["--rev", "HEAD"]] {
        let expected = ["elsewhere.pkl", "models/too-near.pkl", "too-far.pkl"];
        let found = check(&repo, view);
        for path in expected {
            assert!(
                found.contains(&format!("{path} incomplete-read")),
                "{view:?} {found:?}"
            );
        }
    }
    // A link in the store is none of git-annex's.
    fs::remove_file(repo.root.join(place())).unwrap();
    symlink(outside.join(KEY), repo.root.join(place())).unwrap();
    link(&repo, &place(), "linked.pkl");
    assert!(check(&repo, &[]).contains(&String::from("linked.pkl incomplete-read")));
}

#[test]
fn files_are_read_as_git_annex_writes_them() {
    let repo = repo!();
    let needs = Needs::Program("git-annex");
    if Command::new("git-annex").arg("version").output().is_err() {
        skip!(needs, "there is no git-annex");
    }
    made(needs);
    repo.git(&["annex", "init", "-q", "here"]);
    for (path, backend) in [
        ("models/sha256e.pkl", "SHA256E"),
        ("sha256.pkl", "SHA256"),
        ("md5e.pkl", "MD5E"),
    ] {
        repo.write(path, model());
        repo.git(&[
            "annex",
            "add",
            "-q",
            "--force-large",
            "--backend",
            backend,
            path,
        ]);
        let unlocked = path.replace(".pkl", "-unlocked.pkl");
        repo.write(&unlocked, model());
        repo.git(&[
            "annex",
            "add",
            "-q",
            "--force-large",
            "--backend",
            backend,
            &unlocked,
        ]);
        repo.git(&["annex", "unlock", "-q", &unlocked]);
    }
    repo.git(&["commit", "-qm", "models"]);
    for view in VIEWS {
        assert_eq!(check(&repo, view), [""; 0], "{view:?}");
    }
    let report: serde_json::Value = serde_json::from_str(
        &run(&repo.root, &["check", "--rev", "HEAD", "--format", "json"]).stdout,
    )
    .unwrap();
    assert_eq!(report["coverage"]["formats"]["pickle"], 6);
    // What is dropped is elsewhere, and says how to get it.
    repo.git(&["annex", "drop", "-q", "--force", "."]);
    let told = run(&repo.root, &["check"]);
    assert_eq!(told.code, 1, "{told:?}");
    assert!(told.stdout.contains("git annex get"), "{told:?}");
    assert_eq!(
        found(&run(&repo.root, &["check", "--format", "json"])).len(),
        6,
        "{told:?}"
    );
}
