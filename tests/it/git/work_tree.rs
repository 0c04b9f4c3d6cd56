//! The work tree: what is on disk, as git would see it.

use std::{fs, path::Path};

use crate::support::repo::{Repo, repo, shown};

#[test]
fn tracked_files_and_those_git_would_offer_to_track() {
    let repo = repo!();
    repo.write("tracked.txt", "1")
        .write("build/kept.txt", "2")
        .commit()
        .write(".gitignore", "build/\n*.log\n")
        .write("build/made.txt", "3")
        .write("x.log", "4")
        .write("deep/er/new.txt", "5")
        .write("deep/.gitignore", "!x.log\n")
        .write("deep/x.log", "6")
        .write("gone.txt", "7")
        .git(&["add", "gone.txt"]);
    fs::remove_file(repo.root.join("gone.txt")).unwrap();
    insta::assert_snapshot!(shown(&repo.work_tree(&[])), @r"
    .gitignore = build/\n*.log\n
    build/kept.txt = 2
    deep/.gitignore = !x.log\n
    deep/er/new.txt = 5
    deep/x.log = 6
    tracked.txt = 1
    ");
}

#[test]
fn exclude_files_of_the_user_and_the_repository_count() {
    let repo = repo!();
    let excludes = repo.outside().join("ignore");
    fs::write(&excludes, "mine.txt\n").unwrap();
    repo.git(&["config", "core.excludesFile", excludes.to_str().unwrap()]);
    repo.write("mine.txt", "1")
        .write("ours.txt", "2")
        .write("left.txt", "3");
    fs::create_dir_all(repo.root.join(".git/info")).unwrap();
    fs::write(repo.root.join(".git/info/exclude"), "ours.txt\n").unwrap();
    insta::assert_snapshot!(shown(&repo.work_tree(&[])), @"left.txt = 3");
}

/// Differential: for a tree with every kind of pattern, our list is `git ls-files -co --exclude-standard`.
#[test]
fn the_list_is_git_s_own() {
    let repo = repo!();
    repo.write(
        ".gitignore",
        "*.tmp\n!keep.tmp\n/top\nsub/**/x\n/a/*\n!/a/b\nd?r/\n[0-9].txt\n\\!odd\ntrail \\ \n",
    );
    for path in [
        "a/b/c",
        "a/d",
        "top/f",
        "sub/top",
        "sub/p/q/x",
        "sub/x",
        "keep.tmp",
        "z.tmp",
        "dir/f",
        "dor",
        "1.txt",
        "11.txt",
        "!odd",
        "trail  ",
        "top.txt",
        "sub/top/f2",
        "A/D",
        "é/ü.tmp",
        "é/ü",
    ] {
        // `sub/top` is a file first and a folder later: leave what clashes out.
        let parent = repo.root.join(path);
        if parent.ancestors().skip(1).any(Path::is_file) || parent.is_dir() {
            continue;
        }
        repo.write(path, path);
    }
    repo.git(&["add", "-f", "dir/f", "1.txt"]);
    repo.write("dir/g", "ignored beside a tracked one");
    let listed = repo.git(&["ls-files", "-z", "-co", "--exclude-standard"]);
    let mut expected: Vec<&str> = listed.split('\0').filter(|path| !path.is_empty()).collect();
    expected.sort_unstable();
    let view = repo.work_tree(&[]);
    let ours: Vec<&str> = view
        .items
        .iter()
        .map(|item| item.entry.path.as_str().unwrap())
        .collect();
    assert_eq!(ours, expected);
}

#[test]
fn a_path_given_by_name_is_looked_at_even_if_ignored() {
    let repo = repo!();
    repo.write(".gitignore", "data/\n*.pt\n")
        .write("data/a.pt", "1")
        .write("data/b/c.txt", "2")
        .write("x.pt", "3")
        .write("y.pt", "4")
        .write("src/z.py", "5")
        .write("src/z.pt", "6");
    insta::assert_snapshot!(shown(&repo.work_tree(&["data", "x.pt", "src", "./src/../x.pt"])), @r"
    data/a.pt = 1
    data/b/c.txt = 2
    src/z.py = 5
    x.pt = 3
    ");
    assert_eq!(repo.work_tree(&["data"]).root, repo.root);
}

#[test]
fn paths_are_relative_to_the_current_folder_and_entries_to_the_root() {
    let repo = repo!();
    repo.write("a/b/c.txt", "1").write("d.txt", "2");
    let view = weighbridge::git::work_tree(&repo.root.join("a"), &["b".into()]).unwrap();
    insta::assert_snapshot!(shown(&view), @"a/b/c.txt = 1");
    let view = weighbridge::git::work_tree(&repo.root.join("a"), &[]).unwrap();
    insta::assert_snapshot!(shown(&view), @r"
    a/b/c.txt = 1
    d.txt = 2
    ");
}

#[test]
fn other_repositories_inside_are_entries_and_not_entered() {
    let repo = repo!();
    repo.write("a.txt", "1").commit();
    let inner = Repo::new(&[]).unwrap();
    inner.write("model.pt", "x").commit();
    let source = inner.root.to_str().unwrap();
    repo.git(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "-q",
        source,
        "sub",
    ]);
    repo.git(&["clone", "-q", source, "nested"]);
    repo.git(&["rm", "-q", "--force", ".gitmodules"]);
    // A `.git` that is none does not hide what is beside it.
    repo.write("fake/.git/HEAD", "x").write("fake/a.txt", "2");
    let view = repo.work_tree(&[]);
    insta::assert_snapshot!(shown(&view), @r"
    a.txt = 1
    fake/a.txt = 2
    nested @ another repository
    sub @ another repository
    ");
    let error = weighbridge::git::work_tree(&repo.root, &[".".into(), "sub/model.pt".into()]);
    let error = error.unwrap_err().to_string().replace(source, "");
    assert!(error.contains("is in another repository"), "{error}");
    // By itself it is checked as what it is.
    let sub = repo.work_tree(&["sub"]);
    assert_eq!(sub.root, repo.root.join("sub"));
    insta::assert_snapshot!(shown(&sub), @"model.pt = x");
}

#[test]
fn a_linked_work_tree_is_one() {
    let repo = repo!();
    repo.write("a.txt", "1").commit();
    let linked = repo.outside().join("linked");
    repo.git(&["worktree", "add", "-q", linked.to_str().unwrap()]);
    fs::write(linked.join("b.txt"), "2").unwrap();
    let view = weighbridge::git::work_tree(&linked, &[]).unwrap();
    insta::assert_snapshot!(shown(&view), @r"
    a.txt = 1
    b.txt = 2
    ");
}

#[test]
fn outside_a_repository_every_file_counts() {
    let folder = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(folder.path()).unwrap();
    fs::create_dir(root.join(".hidden")).unwrap();
    fs::write(root.join(".hidden/a.txt"), "1").unwrap();
    fs::write(root.join(".gitignore"), "*\n").unwrap();
    fs::write(root.join("b.txt"), "2").unwrap();
    let view = weighbridge::git::work_tree(&root, &[]).unwrap();
    insta::assert_snapshot!(shown(&view), @r"
    .gitignore = *\n
    .hidden/a.txt = 1
    b.txt = 2
    ");
    let view = weighbridge::git::work_tree(&root, &["b.txt".into(), ".hidden".into()]).unwrap();
    assert_eq!(view.root, root);
    insta::assert_snapshot!(shown(&view), @r"
    .hidden/a.txt = 1
    b.txt = 2
    ");
}

#[cfg(unix)]
mod unix {
    use std::{
        ffi::OsStr,
        fs,
        os::unix::{ffi::OsStrExt as _, fs::symlink},
        process::Command,
    };

    use crate::support::{
        comparison::{Needs, skip},
        repo::{repo, shown},
    };

    #[test]
    fn links_are_entries_and_never_followed_unless_named() {
        let repo = repo!();
        fs::write(repo.outside().join("out.pt"), "outside").unwrap();
        fs::create_dir(repo.outside().join("folder")).unwrap();
        fs::write(repo.outside().join("folder/f.pt"), "outside").unwrap();
        repo.write("in/a.pt", "1");
        for (target, link) in [
            ("../out.pt", "out.pt"),
            ("in/a.pt", "in.pt"),
            ("../folder", "folder"),
            ("folder/f.pt", "through.pt"),
            (".git/config", "git.pt"),
            ("nowhere", "dangling.pt"),
            ("loop", "loop"),
        ] {
            symlink(target, repo.root.join(link)).unwrap();
        }
        repo.git(&["add", "-A"]);
        insta::assert_snapshot!(shown(&repo.work_tree(&[])), @r"
        dangling.pt -> nowhere
        folder -> ../folder (leaves)
        git.pt -> .git/config (leaves)
        in.pt -> in/a.pt
        in/a.pt = 1
        loop -> loop
        out.pt -> ../out.pt (leaves)
        through.pt -> folder/f.pt (leaves)
        ");
        insta::assert_snapshot!(shown(&repo.work_tree(&["out.pt"])), @"out.pt = outside");
    }

    /// A tracked file below what is now a link is not in the work tree: git sees it as deleted.
    #[test]
    fn a_folder_replaced_by_a_link_is_not_entered() {
        let repo = repo!();
        repo.write("models/a.pt", "1").commit();
        fs::rename(repo.root.join("models"), repo.outside().join("elsewhere")).unwrap();
        symlink("../elsewhere", repo.root.join("models")).unwrap();
        insta::assert_snapshot!(shown(&repo.work_tree(&[])), @"models -> ../elsewhere (leaves)");
    }

    #[test]
    fn assumed_unchanged_and_skipped_files_are_read_as_they_are() {
        let repo = repo!();
        repo.write("a.pt", "1").write("b.pt", "2").commit();
        repo.git(&["update-index", "--assume-unchanged", "a.pt"]);
        repo.git(&["update-index", "--skip-worktree", "b.pt"]);
        fs::remove_file(repo.root.join("a.pt")).unwrap();
        repo.write("a.pt/now a folder", "3").write("b.pt", "4");
        insta::assert_snapshot!(shown(&repo.work_tree(&[])), @r"
        a.pt/now a folder = 3
        b.pt = 4
        ");
    }

    #[test]
    fn names_that_are_not_text_are_kept() {
        let repo = repo!();
        let name = OsStr::from_bytes(b"m\xff\n.pt");
        if fs::write(repo.root.join(name), "1").is_err() {
            skip!(Needs::Machine, "the file system takes only UTF-8");
        }
        insta::assert_snapshot!(shown(&repo.work_tree(&[])), @r"m\xff\n.pt = 1");
        repo.git(&["add", "-A"]);
        insta::assert_snapshot!(shown(&repo.staged()), @r"m\xff\n.pt = 1");
    }

    #[test]
    fn a_pipe_is_not_read_and_only_reported_by_name() {
        let repo = repo!();
        let made = Command::new("mkfifo")
            .arg(repo.root.join("model.pt"))
            .status();
        if !made.is_ok_and(|status| status.success()) {
            skip!(Needs::Program("mkfifo"), "no pipe can be made");
        }
        insta::assert_snapshot!(shown(&repo.work_tree(&[])), @"");
        insta::assert_snapshot!(shown(&repo.work_tree(&["model.pt"])), @"model.pt : nothing [unavailable: unsupported: a pipe, socket or device: what it would give is not known]");
    }

    #[test]
    fn what_cannot_be_read_is_a_fact_and_hides_nothing_else() {
        use std::os::unix::fs::PermissionsExt as _;
        let repo = repo!();
        repo.write("a.txt", "1")
            .write("locked/b.txt", "2")
            .write("z.txt", "3");
        for path in ["a.txt", "locked"] {
            fs::set_permissions(repo.root.join(path), fs::Permissions::from_mode(0o0)).unwrap();
        }
        if fs::metadata(repo.root.join("locked/b.txt")).is_ok() {
            skip!(Needs::Machine, "this user may read everything");
        }
        let text = shown(&repo.work_tree(&[]));
        fs::set_permissions(repo.root.join("locked"), fs::Permissions::from_mode(0o700)).unwrap();
        insta::assert_snapshot!(text, @r"
        a.txt : nothing [unavailable: io: Permission denied (os error 13)]
        locked : nothing [unavailable: io: the folder cannot be listed: Permission denied (os error 13)]
        z.txt = 3
        ");
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_in_place_of_one_of_gits_files_is_refused_and_not_waited_for() {
    let repo = repo!();
    repo.write("a", "x").commit();
    for file in [
        "HEAD",
        "index",
        "config",
        "packed-refs",
        "objects/info/alternates",
    ] {
        let path = repo.root.join(".git").join(file);
        let before = fs::read(&path).ok();
        let _ = fs::remove_file(&path);
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        for arguments in [
            &["check"][..],
            &["check", "--staged"],
            &["check", "--history"],
        ] {
            let run = crate::support::cli::run(&repo.root, arguments);
            assert_eq!(run.code, 2, "{file} {run:?}");
            assert!(run.stderr.contains("see what made it"), "{file} {run:?}");
        }
        fs::remove_file(&path).unwrap();
        if let Some(before) = before {
            fs::write(&path, before).unwrap();
        }
    }
}

#[test]
fn a_ref_that_is_a_megabyte_of_nonsense_is_told_of_in_a_moment() {
    let repo = repo!();
    repo.write("a", "x").commit();
    repo.write(".git/refs/heads/main", vec![b'a'; 1 << 20]);
    let started = std::time::Instant::now();
    let run = crate::support::cli::run(&repo.root, &["check", "--staged"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.len() < 4096);
    assert!(started.elapsed().as_secs() < 20);
}
