//! Where hooks are installed: where git itself would run them from.
#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use crate::support::{
    cli::{Run, finish, program, run},
    comparison::{Needs, skip},
    repo::{Repo, repo},
};

/// git's own answer.
fn gits(repo: &Repo, folder: &Path) -> PathBuf {
    let answer = repo.git_in(folder, &["rev-parse", "--git-path", "hooks"]);
    let path = folder.join(answer);
    fs::canonicalize(&path).unwrap_or(path)
}

fn ours(repo: &Repo, folder: &Path) -> PathBuf {
    let mut command = program(folder);
    command.env("HOME", repo.outside());
    let run = finish(command.args(["hook", "status"]));
    assert_eq!(run.code, 1, "{}", run.stderr);
    let line = run.stdout.lines().next().unwrap();
    let path = line.strip_prefix("hooks in ").unwrap();
    let path = folder.join(path.split(" (").next().unwrap());
    fs::canonicalize(&path).unwrap_or(path)
}

#[test]
fn hooks_are_where_git_runs_them_from() {
    let repo = repo!();
    repo.write("deep/er/a.txt", "1").commit();
    let linked = repo.outside().join("linked");
    repo.git(&["worktree", "add", "-q", linked.to_str().unwrap()]);
    let bare = repo.outside().join("bare.git");
    repo.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    let inner = repo.root.join("inner");
    repo.git(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        bare.to_str().unwrap(),
        "inner",
    ]);
    let folders = [repo.root.clone(), linked, bare.clone(), inner];
    for folder in &folders {
        assert_eq!(ours(&repo, folder), gits(&repo, folder), "{folder:?}");
    }
    let absolute = repo.outside().join("a b");
    for value in [
        ".githooks",
        "../shared",
        "./x/../y",
        absolute.to_str().unwrap(),
        "~/mine",
    ] {
        for folder in &folders {
            repo.git_in(folder, &["config", "core.hooksPath", value]);
            let expected = if value.starts_with('~') {
                repo.outside().join("mine")
            } else {
                gits(&repo, folder)
            };
            let lexical = |path: PathBuf| {
                let mut plain = PathBuf::new();
                for part in path.components() {
                    match part {
                        std::path::Component::ParentDir => drop(plain.pop()),
                        std::path::Component::CurDir => {}
                        part => plain.push(part),
                    }
                }
                plain
            };
            assert_eq!(ours(&repo, folder), lexical(expected), "{folder:?} {value}");
        }
    }
    // Set for the user; and from a folder below the root.
    for folder in &folders {
        // The linked work tree has the configuration of the first.
        repo.try_git(folder, &["config", "--unset", "core.hooksPath"]);
    }
    repo.git(&["config", "--global", "core.hooksPath", ".global"]);
    assert_eq!(
        ours(&repo, &repo.root.join("deep/er")),
        repo.root.join(".global")
    );
    // Set for one work tree only.
    repo.git(&["config", "--global", "--unset", "core.hooksPath"]);
    repo.git(&["config", "extensions.worktreeConfig", "true"]);
    repo.git_in(
        &folders[1],
        &["config", "--worktree", "core.hooksPath", "only-here"],
    );
    assert_eq!(ours(&repo, &folders[1]), folders[1].join("only-here"));
    assert_eq!(ours(&repo, &repo.root), gits(&repo, &repo.root));
}

fn install(repo: &Repo, arguments: &[&str]) -> Run {
    run(&repo.root, &[&["hook", "install"], arguments].concat())
}

#[test]
fn a_folder_that_others_use_is_agreed_to() {
    let repo = repo!();
    let shared = repo.outside().join("shared");
    repo.git(&["config", "core.hooksPath", shared.to_str().unwrap()]);
    let run = install(&repo, &[]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("other repositories") && run.stderr.contains("--shared"),
        "{}",
        run.stderr
    );
    assert!(!shared.exists());
    assert_eq!(install(&repo, &["--shared"]).code, 0);
    assert!(shared.join("pre-commit").exists());

    // A link out of the repository is the same thing.
    repo.git(&["config", "--unset", "core.hooksPath"]);
    let hooks = repo.root.join(".git/hooks");
    fs::remove_dir_all(&hooks).unwrap_or_default();
    symlink(&shared, &hooks).unwrap();
    let run = install(&repo, &[]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("it is a link"), "{}", run.stderr);

    // Hooks that are switched off are said to be.
    repo.git(&["config", "core.hooksPath", "/dev/null"]);
    let run = install(&repo, &[]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("disables all hooks"), "{}", run.stderr);
}

#[test]
fn a_versioned_folder_gets_a_script_that_knows_no_machine() {
    let repo = repo!();
    repo.git(&["config", "core.hooksPath", "tools/hooks"]);
    let run = install(&repo, &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("is in the work tree"), "{}", run.stderr);
    let text = fs::read_to_string(repo.root.join("tools/hooks/pre-commit")).unwrap();
    assert!(text.contains("\nrecorded=''\n"), "{text}");
}

/// Whoever made a link of the work tree would choose what is overwritten.
#[test]
fn no_script_is_put_through_a_link_of_the_work_tree() {
    let repo = repo!();
    let outside = repo.outside().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::create_dir(repo.root.join("src")).unwrap();
    symlink("src", repo.root.join("within")).unwrap();
    symlink("../outside", repo.root.join("out")).unwrap();
    for folder in ["within", "out", "within/deep", "out/deep"] {
        repo.git(&["config", "core.hooksPath", folder]);
        let run = install(&repo, &["--shared"]);
        assert_eq!(run.code, 2, "{folder}: {}", run.stderr);
        assert!(run.stderr.contains("symbolic"), "{}", run.stderr);
    }
    for folder in [outside, repo.root.join("src")] {
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "{folder:?}");
    }
    // A hook that is a link is kept, and replaced by a file.
    repo.git(&["config", "core.hooksPath", "hooks"]);
    repo.write("hooks/tool", "as it was");
    symlink("tool", repo.root.join("hooks/pre-commit")).unwrap();
    let run = install(&repo, &["--pre-commit"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let text = |name: &str| fs::read_to_string(repo.root.join("hooks").join(name)).unwrap();
    assert_eq!(text("tool"), "as it was");
    assert!(text("pre-commit").contains("weighbridge hook"));
}

#[test]
fn a_reftable_is_said_to_be_one() {
    let supported = Repo::new(&[]).is_some_and(|repo| {
        let help = repo.try_git(&repo.root, &["init", "-q", "--ref-format=reftable", "x"]);
        help.status.success()
    });
    if !supported {
        skip!(Needs::Machine, "this git has no reftable");
    }
    let repo = Repo::new(&["--ref-format=reftable"]).unwrap();
    repo.write("a.py", "1").commit();
    for arguments in [
        &["hook", "install"][..],
        &["hook", "install", "--pre-push"],
        &["hook", "status"],
        &["hook", "run", "pre-commit"],
        &["check", "--staged"],
        &["check", "--rev", "HEAD"],
        &["check", "--rev", "main"],
        &["check", "--diff", "main...HEAD"],
        &["check", "--history"],
        &["check", "--all-refs"],
    ] {
        let run = run(&repo.root, arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {run:?}");
        assert!(
            run.stderr.contains("git refs migrate --ref-format=files"),
            "{arguments:?}: {}",
            run.stderr
        );
    }
    assert!(!repo.root.join(".git/hooks/pre-commit").exists());
    assert_eq!(run(&repo.root, &["check"]).code, 0);
    // The advice, followed.
    let migrated = repo.try_git(&repo.root, &["refs", "migrate", "--ref-format=files"]);
    if migrated.status.success() {
        assert_eq!(run(&repo.root, &["hook", "install"]).code, 0);
        assert_eq!(run(&repo.root, &["check", "--rev", "main"]).code, 0);
    }
}

#[test]
fn a_bare_repository_receives() {
    let Some(repo) = Repo::new(&["--bare"]) else {
        return;
    };
    let run = install(&repo, &[]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("--pre-receive"), "{}", run.stderr);
    let run = install(&repo, &["--pre-receive"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(repo.root.join("hooks/pre-receive").exists());
    let outside = repo.outside();
    let run = crate::support::cli::run(&outside, &["hook", "install"]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("not in a git repository"),
        "{}",
        run.stderr
    );
}

#[test]
fn tools_that_keep_hooks_are_named() {
    let repo = repo!();
    let path = repo.root.join(".git/hooks/pre-commit");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    for (text, code, said) in [
        (
            "#!/bin/sh\n# File generated by pre-commit: x\n",
            0,
            ".pre-commit-config.yaml",
        ),
        (
            "#!/bin/sh\n# File generated by prek: x\n",
            0,
            ".pre-commit-config.yaml",
        ),
        ("#!/bin/sh\ncall_lefthook run\n", 0, "lefthook.yml"),
        ("#!/usr/bin/env ruby\n# overcommit\n", 2, ".overcommit.yml"),
        ("#!/bin/sh\n. husky.sh\n", 2, ".husky/pre-commit"),
    ] {
        fs::write(&path, text).unwrap();
        let run = install(&repo, &[]);
        assert_eq!(run.code, code, "{}", run.stderr);
        assert!(run.stderr.contains(said), "{}", run.stderr);
        crate::support::cli::run(&repo.root, &["hook", "uninstall"]);
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    repo.git(&["config", "core.hooksPath", ".husky/_"]);
    let run = install(&repo, &[]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("husky manages the hooks"),
        "{}",
        run.stderr
    );
}
