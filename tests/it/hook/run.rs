//! The scripts as git runs them.
#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use crate::support::{
    cli::run,
    repo::{Repo, repo, scrub},
};

/// A pickle in text that calls a shell.
const HOSTILE: &str = "cposix\nsystem\n(S'true'\ntR.";

fn git(repo: &Repo, folder: &Path, path: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new("git");
    scrub(&mut command, &repo.outside());
    command
        .env("PATH", path)
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    [&*output.stdout, &*output.stderr]
        .map(String::from_utf8_lossy)
        .concat()
}

/// A PATH that leads to git and a shell and not to us.
fn minimal() -> String {
    let path = std::env::var("PATH").unwrap();
    let without: Vec<&str> = path
        .split(':')
        .filter(|folder| !Path::new(folder).join("weighbridge").exists())
        .collect();
    without.join(":")
}

fn executable(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_commit_is_refused_without_the_program_on_the_path() {
    let repo = repo!();
    repo.write("sub/ok.py", "1\n").commit();
    assert_eq!(run(&repo.root, &["hook", "install"]).code, 0);
    let below = repo.root.join("sub");
    repo.write("sub/model.pkl", HOSTILE);
    repo.git(&["add", "-A"]);
    let refused = git(&repo, &below, &minimal(), &["commit", "-m", "x"]);
    let text = said(&refused);
    assert_eq!(refused.status.code(), Some(1), "{text}");
    assert!(text.contains("global-not-allowed"), "{text}");
    repo.git(&["rm", "-q", "--cached", "sub/model.pkl"]);
    // A commit that brings nothing to judge needs no word.
    let quiet = git(
        &repo,
        &below,
        &minimal(),
        &["commit", "-q", "--allow-empty", "-m", "x"],
    );
    assert!(quiet.status.success());
    assert_eq!(said(&quiet), "");

    // Nowhere to be found: nothing is committed, and the way out is named.
    let hook = repo.root.join(".git/hooks/pre-commit");
    let text = fs::read_to_string(&hook).unwrap();
    let program = env!("CARGO_BIN_EXE_weighbridge");
    fs::write(&hook, text.replace(program, "/nowhere")).unwrap();
    let refused = git(
        &repo,
        &below,
        &minimal(),
        &["commit", "-q", "--allow-empty", "-m", "x"],
    );
    let text = said(&refused);
    assert!(!refused.status.success());
    assert!(
        text.contains("does not find its program: nothing is committed"),
        "{text}"
    );
    assert!(text.contains("rm '.git/hooks/pre-commit'"), "{text}");
}

#[test]
fn an_earlier_hook_runs_first_with_all_it_is_given() {
    let repo = repo!();
    let bare = repo.outside().join("bare.git");
    repo.git(&["init", "-q", "--bare", bare.to_str().unwrap()]);
    repo.git(&["remote", "add", "origin", bare.to_str().unwrap()]);
    repo.write("a.py", "1\n").commit();
    let hooks = repo.root.join(".git/hooks");
    // What it is given, byte for byte; its failure is the failure.
    executable(
        &hooks.join("pre-push"),
        "#!/bin/sh\nprintf '%s\\n' \"$@\" >\"$PWD/.git/arguments\"\ncat >\"$PWD/.git/input\"\n[ ! -e .git/fail ] || exit 7\n",
    );
    executable(
        &hooks.join("pre-commit"),
        "#!/bin/sh\necho first\n[ ! -e .git/fail ] || exit 7\n",
    );
    let install = run(
        &repo.root,
        &["hook", "install", "--pre-push", "--pre-commit"],
    );
    assert_eq!(install.code, 0, "{}", install.stderr);

    fs::write(repo.root.join(".git/fail"), "").unwrap();
    let refused = git(
        &repo,
        &repo.root,
        &minimal(),
        &["push", "-q", "origin", "main", "HEAD:refs/heads/two"],
    );
    assert!(!refused.status.success(), "{}", said(&refused));
    let head = repo.git(&["rev-parse", "HEAD"]);
    let zero = "0".repeat(40);
    let input = fs::read_to_string(repo.root.join(".git/input")).unwrap();
    assert_eq!(
        input,
        format!(
            "refs/heads/main {head} refs/heads/main {zero}\nHEAD {head} refs/heads/two {zero}\n"
        )
    );
    let arguments = fs::read_to_string(repo.root.join(".git/arguments")).unwrap();
    assert_eq!(arguments, format!("origin\n{}\n", bare.display()));
    let refused = git(
        &repo,
        &repo.root,
        &minimal(),
        &["commit", "--allow-empty", "-m", "x"],
    );
    assert!(!refused.status.success() && said(&refused).contains("first"));

    fs::remove_file(repo.root.join(".git/fail")).unwrap();
    repo.write("model.pkl", HOSTILE);
    repo.git(&["add", "-A"]);
    let refused = git(&repo, &repo.root, &minimal(), &["commit", "-m", "x"]);
    let text = said(&refused);
    assert!(!refused.status.success());
    assert!(
        text.contains("first") && text.contains("global-not-allowed"),
        "{text}"
    );
}

#[test]
fn a_tool_that_puts_itself_before_us_again_does_not_go_in_circles() {
    let repo = repo!();
    let hooks = repo.root.join(".git/hooks");
    // It moves away what it finds and runs that last, as such tools do.
    let tool = "#!/bin/sh\necho tool\nfolder=${0%/*}\n[ ! -x \"$folder/pre-commit.legacy\" ] || \"$folder/pre-commit.legacy\" \"$@\"\n";
    executable(&hooks.join("pre-commit"), tool);
    assert_eq!(run(&repo.root, &["hook", "install"]).code, 0);
    fs::rename(hooks.join("pre-commit"), hooks.join("pre-commit.legacy")).unwrap();
    executable(&hooks.join("pre-commit"), tool);
    repo.write("model.pkl", HOSTILE);
    repo.git(&["add", "-A"]);
    let refused = git(&repo, &repo.root, &minimal(), &["commit", "-m", "x"]);
    let text = said(&refused);
    assert!(
        !refused.status.success() && text.contains("global-not-allowed"),
        "{text}"
    );
}

#[test]
fn what_git_would_not_say_is_not_let_through() {
    let repo = repo!();
    repo.write("a.py", "1\n").commit();
    let head = repo.git(&["rev-parse", "HEAD"]);
    for (hook, arguments, input) in [
        ("pre-receive", &[][..], String::new()),
        ("pre-receive", &[], String::from("\n")),
        ("pre-receive", &[], format!("{head} {head}\n")),
        ("pre-receive", &[], format!("{head} HEAD refs/heads/main\n")),
        ("pre-receive", &[], String::from("\u{1b}[2J")),
        ("pre-push", &["origin", "url"], format!("{head}\n")),
        ("pre-push", &["origin"], String::new()),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weighbridge"));
        scrub(&mut command, &repo.outside());
        let mut child = command
            .current_dir(&repo.root)
            .args(["hook", "run", hook])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It need not read what it refuses.
        let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = said(&output);
        assert_eq!(output.status.code(), Some(2), "{hook} {input:?}: {text}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
}

/// In git's quarantine: what is pushed is in no object store of the repository yet.
#[test]
fn a_server_takes_no_policy_that_would_refuse_every_later_push() {
    let repo = repo!();
    let server = repo.outside().join("server.git");
    let bare = [
        "init",
        "-q",
        "--bare",
        "-b",
        "main",
        server.to_str().unwrap(),
    ];
    repo.git(&bare);
    let install = run(&server, &["hook", "install", "--pre-receive"]);
    assert_eq!(install.code, 0, "{}", install.stderr);
    repo.git(&["remote", "add", "origin", server.to_str().unwrap()]);
    let push = |policy: &str| {
        repo.write("weighbridge.yaml", policy).commit();
        let pushed = git(
            &repo,
            &repo.root,
            &minimal(),
            &["push", "-q", "origin", "main"],
        );
        (pushed.status.success(), said(&pushed))
    };
    let valid = "version: 1\nextends: recommended\n";
    for _ in 0..2 {
        let (taken, said) = push(valid);
        assert!(taken, "{said}");
        let (taken, said) = push("version: 1\nextends: recommended\nrules: {nonsense: deny}\n");
        assert!(!taken, "{said}");
        assert!(
            said.contains("this push is refused: its policy is invalid"),
            "{said}"
        );
        assert!(said.contains("nonsense"), "{said}");
    }
    let (taken, said) = push("version: 1\nextends: strict\n");
    assert!(taken, "{said}");
}
