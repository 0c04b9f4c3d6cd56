//! Submodules: an entry by default; what is in them, if asked for.

use std::fs;

use crate::support::repo::{Repo, repo, shown};

/// A repository with a submodule at `sub`, which has one at `in`.
struct Nest {
    outer: Repo,
    middle: Repo,
    inner: Repo,
}

fn add(repo: &Repo, module: &Repo, path: &str) {
    let source = module.root.to_str().unwrap();
    let allow = "protocol.file.allow=always";
    repo.git(&["-c", allow, "submodule", "add", "-q", source, path]);
    repo.git(&[
        "-c",
        allow,
        "submodule",
        "update",
        "-q",
        "--init",
        "--recursive",
    ]);
}

fn nest() -> Option<Nest> {
    let (outer, middle, inner) = (Repo::new(&[])?, Repo::new(&[])?, Repo::new(&[])?);
    inner.write("i.txt", "1").commit();
    middle.write("m.txt", "1").commit();
    add(&middle, &inner, "in");
    middle.commit();
    outer.write("o.txt", "1").commit();
    add(&outer, &middle, "sub");
    outer.commit();
    Some(Nest {
        outer,
        middle,
        inner,
    })
}

#[test]
fn a_submodule_is_an_entry_unless_asked_for() {
    let Some(Nest { outer, .. }) = nest() else {
        return;
    };
    let rev = || weighbridge::git::revision(&outer.root, "HEAD", &[]).unwrap();
    assert!(shown(&rev()).ends_with("o.txt = 1\nsub @ another repository"));
    for view in [outer.work_tree(&[]), rev()] {
        let text = shown(&view.with_submodules());
        let (_, text) = text.split_once("o.txt").unwrap();
        assert_eq!(
            text.lines()
                .filter(|line| !line.contains(".gitmodules"))
                .collect::<Vec<_>>(),
            [
                " = 1",
                "sub @ another repository",
                "sub/in @ another repository",
                "sub/in/i.txt = 1",
                "sub/m.txt = 1",
            ]
        );
    }
    // What is on disk counts for the work tree alone.
    outer.write("sub/in/i.txt", "2").write("sub/new.txt", "2");
    let disk = shown(&outer.work_tree(&[]).with_submodules());
    assert!(
        disk.contains("sub/in/i.txt = 2") && disk.contains("sub/new.txt = 2"),
        "{disk}"
    );
    assert!(shown(&rev().with_submodules()).contains("sub/in/i.txt = 1"));
}

#[test]
fn a_change_brings_what_its_submodules_bring() {
    let Some(Nest {
        outer,
        middle,
        inner,
    }) = nest()
    else {
        return;
    };
    inner.write("i2.txt", "2").commit();
    let allow = "protocol.file.allow=always";
    let update = |repo: &Repo, path: &str| {
        repo.git_in(
            &repo.root.join(path),
            &["-c", allow, "pull", "-q", "--recurse-submodules=no"],
        );
    };
    update(&middle, "in");
    middle.write("m2.txt", "2").commit();
    update(&outer, "sub");
    outer.git(&["add", "sub"]);
    let staged = shown(&outer.staged().with_submodules());
    // The commit of the inner one has not been fetched.
    assert!(
        staged.contains("sub/m2.txt = 2") && !staged.contains("m.txt"),
        "{staged}"
    );
    assert!(
        staged.contains("which its clone lacks; git -C sub submodule update --init in]"),
        "{staged}"
    );
    outer.git(&[
        "-c",
        allow,
        "submodule",
        "update",
        "-q",
        "--init",
        "--recursive",
    ]);
    outer.git(&["commit", "-q", "-m", "x"]);
    let view = weighbridge::git::change(&outer.root, "HEAD~1..HEAD", &[]).unwrap();
    insta::assert_snapshot!(shown(&view.with_submodules()), @r"
    sub @ another repository
    sub/in @ another repository
    sub/in/i2.txt = 2
    sub/m2.txt = 2
    ");
    // Not checked out any more, its objects are still beside the others.
    outer.git(&["submodule", "deinit", "-q", "-f", "--all"]);
    let view = weighbridge::git::change(&outer.root, "HEAD~1..HEAD", &[]).unwrap();
    let text = shown(&view.with_submodules());
    assert!(
        text.contains("sub/m2.txt = 2") && text.contains("sub/in/i2.txt = 2"),
        "{text}"
    );
}

#[test]
fn a_submodule_that_is_not_here_says_how_to_fetch_it() {
    let Some(Nest { outer, .. }) = nest() else {
        return;
    };
    let clone = outer.outside().join("clone");
    outer.git_in(
        &outer.outside(),
        &["clone", "-q", outer.root.to_str().unwrap(), "clone"],
    );
    let expected = "sub @ another repository [unavailable: not fetched: a submodule that is not initialised; git submodule update --init sub]";
    for view in [
        weighbridge::git::work_tree(&clone, &[]).unwrap(),
        weighbridge::git::revision(&clone, "HEAD", &[]).unwrap(),
    ] {
        let text = shown(&view.with_submodules());
        assert!(text.contains(expected), "{text}");
    }
    let run = crate::support::cli::run(&clone, &["check", "--recurse-submodules"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        run.stdout.contains("git submodule update --init sub"),
        "{run:?}"
    );
    assert_eq!(crate::support::cli::run(&clone, &["check"]).code, 3);
}

#[cfg(unix)]
#[test]
fn nothing_that_is_looked_at_says_where_a_repository_is() {
    let repo = repo!();
    let secret = Repo::new(&[]).unwrap();
    secret.write("secret.txt", "1").commit();
    let commit = secret.git(&["rev-parse", "HEAD"]);
    // A path and a name that lead to it, and a link on the way.
    let name = format!(
        "../../../{}/.git",
        secret.root.strip_prefix("/").unwrap().display()
    );
    let modules = format!(
        "[submodule \"{name}\"]\n\tpath = sub\n\turl = ./x\n[submodule \"../../..\"]\n\tpath = link/repo\n\turl = ./x\n"
    );
    repo.write(".gitmodules", modules);
    std::os::unix::fs::symlink(secret.outside(), repo.root.join("link")).unwrap();
    repo.git(&["add", ".gitmodules"]);
    for path in ["sub", "link/repo"] {
        repo.git(&[
            "update-index",
            "--add",
            "--cacheinfo",
            &format!("160000,{commit},{path}"),
        ]);
    }
    fs::write(repo.root.join("x"), "").unwrap();
    let text = shown(&repo.staged().with_submodules());
    assert!(!text.contains("secret"), "{text}");
    assert_eq!(text.matches("is not initialised").count(), 2, "{text}");
}
