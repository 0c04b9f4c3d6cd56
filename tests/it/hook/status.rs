//! `hook status`: whether git runs this program, whatever else keeps the hooks.
#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

use crate::support::{
    cli::{Run, finish, program, run},
    repo::{Repo, repo},
};

fn write(path: &Path, text: &str, mode: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn status(repo: &Repo, arguments: &[&str]) -> Run {
    status_in(&repo.root, arguments)
}

/// With the program on the PATH.
fn status_in(folder: &Path, arguments: &[&str]) -> Run {
    let own = Path::new(env!("CARGO_BIN_EXE_weighbridge"))
        .parent()
        .unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(
        [own.to_owned()]
            .into_iter()
            .chain(std::env::split_paths(&path)),
    );
    let mut program = program(folder);
    program.env("PATH", path.unwrap());
    finish(program.args(["hook", "status"]).args(arguments))
}

/// What is said of one hook, and the code.
fn of(repo: &Repo, stage: &str) -> (i32, String) {
    let run = status(repo, &[&format!("--{stage}")]);
    let lines = run.stdout.lines();
    let mut lines = lines.filter_map(|line| line.trim_start().strip_prefix(stage));
    (run.code, lines.next().unwrap().trim().to_owned())
}

fn install(repo: &Repo, arguments: &[&str]) {
    let run = run(&repo.root, &[&["hook", "install"], arguments].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn without_a_flag_commits_and_merges_are_judged() {
    let repo = repo!();
    let before = status(&repo, &[]);
    insta::assert_snapshot!(before.shown(&repo.root), @"
    hooks in .git/hooks
      pre-commit        none
      pre-merge-commit  none
      pre-push          none
      pre-receive       none
    git does not run weighbridge here
    exit 1
    ");
    let installed = run(&repo.root, &["hook", "install"]);
    insta::assert_snapshot!(installed.shown(&repo.root), @"
    weighbridge: installed .git/hooks/pre-commit
    weighbridge: installed .git/hooks/pre-merge-commit
    weighbridge: git runs no hook for commits made by a rebase, a cherry-pick, a revert or `git am`, nor for a fast-forward: `weighbridge hook install --pre-push` checks them before they are pushed
    exit 0
    ");
    insta::assert_snapshot!(status(&repo, &[]).shown(&repo.root), @"
    hooks in .git/hooks
      pre-commit        weighbridge
      pre-merge-commit  weighbridge
      pre-push          none
      pre-receive       none
    git runs weighbridge at pre-commit, pre-merge-commit
    exit 0
    ");
    assert_eq!(
        status(&repo, &["--pre-commit", "--pre-merge-commit"]).code,
        0
    );
    assert_eq!(status(&repo, &["--pre-commit", "--pre-push"]).code, 1);
    // What hooks of commits do not see is said until pushes are judged.
    let pushes = run(&repo.root, &["hook", "install", "--pre-push"]);
    assert!(!pushes.stderr.contains("rebase"), "{pushes:?}");
    assert_eq!(status(&repo, &["--pre-commit", "--pre-push"]).code, 0);
    assert_eq!(status(&Repo::new(&[]).unwrap(), &[]).code, 1);
    assert_eq!(run(&repo.outside(), &["hook", "status"]).code, 2);
}

#[test]
fn a_script_that_git_does_not_run_as_it_is() {
    let repo = repo!();
    install(&repo, &["--pre-commit"]);
    let path = repo.root.join(".git/hooks/pre-commit");
    let script = fs::read_to_string(&path).unwrap();
    assert_eq!(of(&repo, "pre-commit"), (0, String::from("weighbridge")));

    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let (code, said) = of(&repo, "pre-commit");
    assert_eq!(code, 1);
    assert!(said.contains("not executable"), "{said}");
    assert_eq!(status(&repo, &[]).code, 1);

    write(&path, &format!("{script}exit 0\n"), 0o755);
    let (code, said) = of(&repo, "pre-commit");
    assert_eq!(code, 1);
    assert!(said.contains("but edited"), "{said}");

    // The program has moved, and is not on the PATH.
    fs::remove_file(&path).unwrap();
    let elsewhere = repo.outside().join("it's/weighbridge");
    fs::create_dir_all(elsewhere.parent().unwrap()).unwrap();
    // Not by this process: a program does not start while another thread's child still has it open to write.
    let copied = std::process::Command::new("cp")
        .args([
            env!("CARGO_BIN_EXE_weighbridge").as_ref(),
            elsewhere.as_os_str(),
        ])
        .status();
    assert!(copied.unwrap().success());
    let installed = std::process::Command::new(&elsewhere)
        .current_dir(&repo.root)
        .args(["hook", "install", "--pre-commit"])
        .status();
    assert!(installed.unwrap().success());
    let with_path = |path: &Path| {
        let mut program = program(&repo.root);
        finish(program.env("PATH", path).args(["hook", "status"]))
    };
    let nowhere = repo.outside().join("nowhere");
    assert_eq!(with_path(&nowhere).code, 0);
    fs::rename(&elsewhere, repo.outside().join("moved")).unwrap();
    let lost = with_path(&nowhere);
    assert_eq!(lost.code, 1);
    assert!(
        lost.stdout.contains("neither on the PATH nor at"),
        "{lost:?}"
    );
    let on_path = Path::new(env!("CARGO_BIN_EXE_weighbridge"))
        .parent()
        .unwrap();
    assert_eq!(with_path(on_path).code, 0);

    // A script of another release.
    let old = sum(&script.replacen("Judges what", "Judged what", 1));
    write(&path, &old, 0o755);
    let (code, said) = of(&repo, "pre-commit");
    assert_eq!(code, 0);
    assert!(said.contains("another release"), "{said}");
    assert!(said.contains("hook install --pre-commit"), "{said}");

    // By hand, as the project has it, and by a link to it.
    let plain = Path::new(env!("CARGO_MANIFEST_DIR")).join("hooks/pre-commit");
    fs::remove_file(&path).unwrap();
    symlink(&plain, &path).unwrap();
    assert_eq!(with_path(on_path).code, 0);
    assert_eq!(with_path(&nowhere).code, 1);
}

/// The script with a sum that fits.
fn sum(script: &str) -> String {
    use sha2::{Digest as _, Sha256};
    let (body, _) = script.split_once("# sha256 of").unwrap();
    let digits = data_encoding::HEXLOWER.encode(&Sha256::digest(body));
    format!("{body}# sha256 of the lines above: {digits}\n")
}

#[test]
fn another_tool_has_the_hook() {
    const PRE_COMMIT: &str =
        "#!/usr/bin/env bash\n# File generated by pre-commit: https://pre-commit.com\n";
    const LEFTHOOK: &str = "#!/bin/sh\ncall_lefthook run \"pre-commit\" \"$@\"\n";
    let repo = repo!();
    let hooks = repo.root.join(".git/hooks");
    let path = hooks.join("pre-commit");
    let root = |name: &str| repo.root.join(name);

    write(&path, "#!/bin/sh\nmake lint\n", 0o755);
    assert_eq!(
        of(&repo, "pre-commit"),
        (
            1,
            String::from(
                "another hook, which does not run weighbridge: `weighbridge hook install --pre-commit` runs both"
            )
        )
    );
    write(&path, "#!/bin/sh\n# weighbridge\nmake lint\n", 0o755);
    assert_eq!(of(&repo, "pre-commit").0, 1);
    write(&path, "#!/bin/sh\nweighbridge check --staged\n", 0o755);
    assert_eq!(of(&repo, "pre-commit").0, 0);
    write(&path, "#!/bin/sh\nweighbridge check --staged\n", 0o644);
    assert_eq!(of(&repo, "pre-commit").0, 1);

    // pre-commit runs what was there before, by another name; or what its configuration lists.
    fs::remove_file(&path).unwrap();
    install(&repo, &["--pre-commit"]);
    fs::rename(&path, hooks.join("pre-commit.legacy")).unwrap();
    write(&path, PRE_COMMIT, 0o755);
    let (code, said) = of(&repo, "pre-commit");
    assert_eq!(
        (code, said.as_str()),
        (
            0,
            "weighbridge, which pre-commit runs as .git/hooks/pre-commit.legacy"
        )
    );
    fs::set_permissions(
        hooks.join("pre-commit.legacy"),
        fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    assert_eq!(of(&repo, "pre-commit").0, 1);
    // Another tool does not run it.
    fs::set_permissions(
        hooks.join("pre-commit.legacy"),
        fs::Permissions::from_mode(0o755),
    )
    .unwrap();
    write(&path, LEFTHOOK, 0o755);
    let (code, said) = of(&repo, "pre-commit");
    assert_eq!(code, 1);
    assert!(said.contains("which replaced weighbridge"), "{said}");
    fs::remove_file(hooks.join("pre-commit.legacy")).unwrap();
    write(&path, PRE_COMMIT, 0o755);
    write(
        &root(".pre-commit-config.yaml"),
        "repos:\n# - id: weighbridge\n",
        0o644,
    );
    assert_eq!(of(&repo, "pre-commit").0, 1);
    write(
        &root(".pre-commit-config.yaml"),
        "repos:\n- hooks:\n  - id: weighbridge\n",
        0o644,
    );
    let (code, said) = of(&repo, "pre-commit");
    assert_eq!(
        (code, said.as_str()),
        (
            0,
            "the hook of pre-commit, which names weighbridge in .pre-commit-config.yaml"
        )
    );

    // lefthook has a block for each hook, and puts ours aside.
    write(&path, LEFTHOOK, 0o755);
    let both = "pre-push:\n  commands:\n    weigh:\n      run: weighbridge check\npre-commit:\n  commands:\n    lint:\n      run: ruff\n";
    write(&root("lefthook.yml"), both, 0o644);
    assert_eq!(of(&repo, "pre-commit").0, 1);
    write(
        &root("lefthook.yml"),
        "pre-commit:\n  commands:\n    weigh:\n      run: weighbridge check --staged\n",
        0o644,
    );
    assert_eq!(of(&repo, "pre-commit").0, 0);
    fs::remove_file(root("lefthook.yml")).unwrap();
    fs::remove_file(&path).unwrap();
    install(&repo, &["--pre-commit"]);
    fs::rename(&path, hooks.join("pre-commit.old")).unwrap();
    write(&path, LEFTHOOK, 0o755);
    let (code, said) = of(&repo, "pre-commit");
    assert_eq!(code, 1);
    assert!(said.contains("pre-commit.old and not run"), "{said}");
    assert_eq!(status(&repo, &[]).code, 1);
}

#[test]
fn core_hooks_path_leads_elsewhere() {
    let repo = repo!();
    repo.write("a.py", "1").commit();
    install(&repo, &[]);
    assert_eq!(status(&repo, &[]).code, 0);

    // husky is installed after us.
    repo.git(&["config", "core.hooksPath", ".husky/_"]);
    let (code, said) = of(&repo, "pre-commit");
    assert_eq!(code, 1);
    assert!(
        said.contains("is in .git/hooks/pre-commit, which git does not use"),
        "{said}"
    );
    write(
        &repo.root.join(".husky/_/pre-commit"),
        "#!/usr/bin/env sh\n. \"$(dirname \"$0\")/h\"\n",
        0o755,
    );
    assert_eq!(of(&repo, "pre-commit").0, 1);
    write(&repo.root.join(".husky/pre-commit"), "npm test\n", 0o644);
    assert_eq!(of(&repo, "pre-commit").0, 1);
    write(
        &repo.root.join(".husky/pre-commit"),
        "npm test\nweighbridge check --staged\n",
        0o644,
    );
    let (code, said) = of(&repo, "pre-commit");
    assert_eq!(
        (code, said.as_str()),
        (
            0,
            "the hook of husky, which names weighbridge in .husky/pre-commit"
        )
    );

    // A folder of the work tree that another work tree does not have.
    repo.git(&["config", "core.hooksPath", "tools/hooks"]);
    install(&repo, &[]);
    assert_eq!(status(&repo, &[]).code, 0);
    let linked = repo.outside().join("linked");
    repo.git(&["worktree", "add", "-q", linked.to_str().unwrap()]);
    let there = status_in(&linked, &[]);
    assert_eq!(there.code, 1);
    assert!(
        there.stdout.contains("this work tree has no such folder"),
        "{there:?}"
    );
    assert_eq!(status(&repo, &[]).code, 0);

    for off in ["/dev/null", ""] {
        repo.git(&["config", "core.hooksPath", off]);
        let run = status(&repo, &[]);
        assert_eq!(run.code, 1, "{run:?}");
        assert!(run.stdout.contains("disables all hooks"), "{run:?}");
    }
}
