//! Links, submodules and git-lfs pointers that are not followed: refused or said, never passed in silence.
#![cfg(unix)]

use std::os::unix::fs::symlink;

use crate::support::{
    cli::run,
    pickle::payload,
    repo::{Repo, repo},
};

/// What a view says, with the exit code.
fn said(repo: &Repo, view: &[&str]) -> String {
    let run = run(&repo.root, &[&["check", "--format=concise"], view].concat());
    let told: Vec<&str> = run
        .stdout
        .lines()
        .filter(|line| !line.starts_with("weighbridge: ") || line.contains(" elsewhere "))
        .collect();
    format!("{}\nexit {}", told.join("\n"), run.code)
}

fn link(repo: &Repo, target: &str, path: &str) {
    let path = repo.root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    symlink(target, path).unwrap();
}

#[test]
fn links_to_what_is_excluded_are_refused() {
    let repo = repo!();
    let policy =
        "version: 1\nextends: recommended\nexclude: [\"tests/fixtures/**\", \"old/*.pkl\"]\n";
    repo.write("weighbridge.yaml", policy)
        .write("tests/fixtures/evil.dat", payload())
        .write("old/a.pkl", payload())
        .write("fine/a.txt", "a\n")
        .commit();
    link(&repo, "../tests/fixtures/evil.dat", "models/current");
    link(&repo, "../tests/fixtures", "models/live");
    link(&repo, "../old", "models/old");
    link(&repo, "live/evil.dat", "models/through");
    link(&repo, "../fine", "models/fine");
    link(&repo, "../fine/none", "models/dangling");
    repo.commit();
    let expected = said(&repo, &[]);
    insta::assert_snapshot!(expected, @"
    models/current: error[incomplete-read] it is in a form that is not read: a symbolic link to `tests/fixtures/evil.dat`, which the policy excludes; exclude the link as well, or not what it leads to
    models/live: error[incomplete-read] it is in a form that is not read: a symbolic link to `tests/fixtures/evil.dat`, which the policy excludes; exclude the link as well, or not what it leads to
    models/old: error[incomplete-read] it is in a form that is not read: a symbolic link to `old/a.pkl`, which the policy excludes; exclude the link as well, or not what it leads to
    models/through: error[incomplete-read] it is in a form that is not read: a symbolic link to `tests/fixtures/evil.dat`, which the policy excludes; exclude the link as well, or not what it leads to
    exit 1
    ");
    for view in ["--rev=HEAD", "--diff=HEAD~1"] {
        assert_eq!(said(&repo, &[view]), expected, "{view}");
    }
    repo.git(&["reset", "-q", "--soft", "HEAD~1"]);
    assert_eq!(said(&repo, &["--staged"]), expected);
}

#[test]
fn links_out_of_the_tree_are_refused_or_said() {
    let repo = repo!();
    link(&repo, "/elsewhere", "data");
    link(&repo, "data/model.pt", "model.pt");
    link(&repo, "../README.md", "README.md");
    link(&repo, "sub/.GIT/x.pt", "in-git");
    link(&repo, "data/a", "b");
    repo.git(&["add", "-A"]);
    let expected = said(&repo, &["--staged"]);
    insta::assert_snapshot!(expected, @"
    b: warning[not-followed] what it stands for is not looked at: a symbolic link out of what is checked, to data/a
    data: warning[not-followed] what it stands for is not looked at: a symbolic link out of what is checked, to /elsewhere
    in-git: error[incomplete-read] it is in a form that is not read: a symbolic link out of what is checked, to sub/.GIT/x.pt
    model.pt: error[incomplete-read] it is in a form that is not read: a symbolic link out of what is checked, to data/model.pt
    exit 1
    ");
    repo.commit();
    assert_eq!(said(&repo, &["--rev=HEAD"]), expected);
}

#[test]
fn a_submodule_that_moves_is_said_in_every_view() {
    let repo = repo!();
    let inner = Repo::new(&[]).unwrap();
    inner.write("a", "1\n").commit();
    let source = inner.root.to_str().unwrap();
    let allow = "protocol.file.allow=always";
    repo.write("x", "x\n").commit();
    repo.git(&["-c", allow, "submodule", "--quiet", "add", source, "sub"]);
    repo.commit();
    let sub = repo.root.join("sub");
    std::fs::write(sub.join("model.pkl"), payload()).unwrap();
    repo.git_in(&sub, &["add", "-A"]);
    repo.git_in(&sub, &["commit", "-q", "-m", "x"]);
    link(&repo, "sub/model.pkl", "model.pkl");
    link(&repo, "sub", "code");
    let old = repo.git(&["rev-parse", "--short=7", "HEAD:sub"]);
    repo.git(&["add", "-A"]);
    let new = repo.git_in(&sub, &["rev-parse", "--short=7", "HEAD"]);
    let plain = |text: String| text.replace(&old, "[old]").replace(&new, "[new]");
    let expected = plain(said(&repo, &["--staged"]));
    insta::assert_snapshot!(expected, @"
    code: warning[not-followed] what it stands for is not looked at: a symbolic link into the submodule `sub`, to sub
    model.pkl: error[incomplete-read] it is in a form that is not read: a symbolic link into the submodule `sub`, to sub/model.pkl
    sub: warning[not-followed] the submodule moves from [old] to [new], and what that brings is not looked at
    exit 1
    ");
    let hook = run(&repo.root, &["hook", "run", "pre-commit"]);
    assert!(hook.stdout.contains("the submodule moves from"), "{hook:?}");
    let followed = plain(said(&repo, &["--staged", "--recurse-submodules"]));
    let lines: Vec<&str> = followed.lines().collect();
    assert!(lines[0].starts_with("sub/model.pkl@"), "{followed}");
    assert_eq!(lines.last(), Some(&"exit 1"), "{followed}");
    assert!(
        !followed.contains("not-followed") && !followed.contains("incomplete-read"),
        "{followed}"
    );
    let hook = run(
        &repo.root,
        &["hook", "run", "pre-commit", "--recurse-submodules"],
    );
    assert!(hook.stdout.contains("sub/model.pkl"), "{hook:?}");
    repo.git(&["commit", "-q", "-m", "x"]);
    for view in ["--diff=HEAD~1", "--history=HEAD~1..HEAD"] {
        let told = plain(said(&repo, &[view]));
        assert!(
            told.contains("sub: warning[not-followed]"),
            "{view}: {told}"
        );
    }
}

#[test]
fn pointers_are_said_under_any_name() {
    let repo = repo!();
    let pointer = format!(
        "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 12345\n",
        "7".repeat(64)
    );
    for name in ["cat.png", "weights.dat", "checkpoint-1000", "model.pt"] {
        repo.write(name, &pointer);
    }
    repo.git(&["add", "-A"]);
    let expected = said(&repo, &["--staged"]);
    insta::assert_snapshot!(expected, @"
    checkpoint-1000: warning[not-followed] what it stands for is not looked at: a git-lfs pointer, whose bytes are not here
    model.pt: error[lfs-not-fetched] only its git-lfs pointer is here, not its 12345 bytes
    weights.dat: warning[not-followed] what it stands for is not looked at: a git-lfs pointer, whose bytes are not here
    weighbridge: note: 1 file that git-lfs or DVC keeps elsewhere was not looked at: it is not called a model
    exit 1
    ");
    repo.commit();
    for view in ["--rev=HEAD", "--history"] {
        assert_eq!(
            said(&repo, &[view]).lines().count(),
            expected.lines().count(),
            "{view}"
        );
    }
}
