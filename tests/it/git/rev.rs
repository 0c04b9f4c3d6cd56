//! A commit with all it has, and nothing of what lies on disk.

use std::{fs, path::PathBuf};

use proptest::prelude::*;

use crate::support::{
    comparison::{Needs, skip},
    repo::{Repo, repo, shown},
};

fn view(repo: &Repo, rev: &str) -> weighbridge::git::View {
    weighbridge::git::revision(&repo.root, rev, &[]).unwrap()
}

fn refused(repo: &Repo, rev: &str) -> String {
    let run = crate::support::cli::run(&repo.root, &["check", &format!("--rev={rev}")]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
    run.stderr
}

#[test]
fn what_a_commit_a_tag_or_a_tree_has() {
    let repo = repo!();
    repo.write("a.txt", "1")
        .write("deep/er/b.txt", "1")
        .commit();
    repo.git(&["tag", "-a", "v1", "-m", "x"]);
    repo.write("a.txt", "2").write("c.txt", "2").commit();
    repo.write("a.txt", "3").write("d.txt", "3");
    for rev in ["v1", "HEAD~1", "v1^{tree}", "main^"] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(shown(&view(&repo, rev)), @r"
            a.txt = 1
            deep/er/b.txt = 1
            ");
        }
    }
    insta::assert_snapshot!(shown(&view(&repo, "HEAD:deep")), @"er/b.txt = 1");
    let limited = weighbridge::git::revision(
        &repo.root.join("deep"),
        "HEAD",
        &[PathBuf::from("er"), PathBuf::from("../c.txt")],
    )
    .unwrap();
    insta::assert_snapshot!(shown(&limited), @r"
    c.txt = 2
    deep/er/b.txt = 1
    ");
    let id = repo.git(&["rev-parse", "--short=7", "v1^{commit}"]);
    assert_eq!(view(&repo, "v1").label, format!("v1 ({id})"));
    let error = weighbridge::git::revision(&repo.root, "HEAD", &["e.txt".into()]).unwrap_err();
    assert_eq!(error.to_string(), "`e.txt` does not exist");
}

#[test]
fn a_revision_that_is_not_there_is_told_with_what_would_help() {
    let repo = repo!();
    assert!(refused(&repo, "HEAD").contains("has no commit yet"));
    repo.write("a.txt", "1").commit();
    repo.git(&["branch", "feature/loader"]);
    for (rev, said) in [
        ("mian", "did you mean `main`?"),
        ("loadr", "did you mean `feature/loader`?"),
        ("HEAD~9", "`HEAD~9` leads nowhere, though there is `HEAD`"),
        ("main..HEAD", "`main..HEAD` names a range"),
        ("HEAD:a.txt", "`HEAD:a.txt` is a file"),
        (
            "0000000000000000000000000000000000000000",
            "an id of zeros is no commit",
        ),
        ("--upload-pack=x", "there is no revision `--upload-pack=x`"),
        ("-x", "there is no revision `-x`"),
        ("", "there is no revision ``"),
        ("a\u{1b}[31mb\n", "`a\\u{1b}[31mb\\n`"),
    ] {
        let told = refused(&repo, rev);
        assert!(told.replace("\n  ", " ").contains(said), "{rev}: {told}");
        assert!(!told.contains('\u{1b}'), "{told}");
    }
    for both in [
        ["--rev=main", "--staged"],
        ["--rev=main", "--diff=main"],
        ["--staged", "--diff=main"],
    ] {
        let run = crate::support::cli::run(&repo.root, &[&["check"], &both[..]].concat());
        assert_eq!(run.code, 2, "{both:?}: {run:?}");
    }
    // Without a flag before it, it is an argument that is not known.
    let run = crate::support::cli::run(&repo.root, &["check", "--rev", "-x"]);
    assert_eq!(run.code, 2, "{run:?}");
}

#[test]
fn a_shallow_clone_says_how_to_fetch_what_it_lacks() {
    let repo = repo!();
    repo.write("a.txt", "1")
        .commit()
        .write("a.txt", "2")
        .commit();
    let clone = repo.outside().join("clone");
    let source = format!("file://{}", repo.root.display());
    repo.git_in(
        &repo.outside(),
        &["clone", "-q", "--depth=1", &source, "clone"],
    );
    let here = |rev: &str| {
        let run = crate::support::cli::run(&clone, &["check", &format!("--rev={rev}")]);
        run.stderr
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .replace("│ ", "")
    };
    assert!(
        here("HEAD~1").contains("git fetch --unshallow origin"),
        "{}",
        here("HEAD~1")
    );
    let old = repo.git(&["rev-parse", "HEAD~1"]);
    let told = here(&old);
    assert!(told.contains("git fetch --depth=1 origin"), "{told}");
    let view = weighbridge::git::revision(&clone, "HEAD", &[]).unwrap();
    insta::assert_snapshot!(shown(&view), @"a.txt = 2");
    // What is printed brings it.
    repo.git(&["branch", "topic", "HEAD~1"]);
    repo.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
    for rev in [old.as_str(), "topic", "origin/topic", "HEAD~1"] {
        let told = here(rev);
        let (_, command) = told
            .split_once(": git ")
            .unwrap_or_else(|| panic!("{told}"));
        let command = command.split(" ╰──").next().unwrap().trim();
        let words: Vec<&str> = command.split(' ').collect();
        repo.git_in(&clone, &words);
        let view = weighbridge::git::revision(&clone, rev, &[]).unwrap();
        assert_eq!(shown(&view), "a.txt = 1", "{rev}");
    }
}

#[test]
fn everywhere_a_repository_may_be() {
    let repo = repo!();
    repo.write("a.txt", "1").write("out/b.txt", "1").commit();
    let expected = shown(&view(&repo, "HEAD"));
    let outside = repo.outside();
    let root = repo.root.to_str().unwrap();
    // A linked work tree, a bare clone, one that borrows its objects, a sparse one.
    repo.git(&["worktree", "add", "-q", "-b", "linked", "../linked"]);
    repo.git_in(&outside, &["clone", "-q", "--bare", root, "bare"]);
    repo.git_in(&outside, &["clone", "-q", "--shared", root, "shared"]);
    repo.git_in(&outside, &["clone", "-q", "--sparse", root, "sparse"]);
    for name in ["linked", "bare", "bare/refs", "shared", "sparse"] {
        let view = weighbridge::git::revision(&outside.join(name), "HEAD", &[]).unwrap();
        assert_eq!(shown(&view), expected, "{name}");
    }
    assert!(!outside.join("sparse/out").exists());
    let limited =
        weighbridge::git::revision(&outside.join("bare"), "HEAD", &["out".into()]).unwrap();
    assert_eq!(shown(&limited), "out/b.txt = 1");
    // As a server's hook is told where it is.
    repo.write("b.py", "").commit();
    repo.git(&["push", "-q", "../bare", "main"]);
    let count = |folder: &std::path::Path| {
        let mut program = crate::support::cli::program(folder);
        program
            .env("GIT_DIR", outside.join("bare"))
            .args(["check", "--rev=main"]);
        crate::support::cli::finish(&mut program).stdout
    };
    assert!(count(&outside).contains("1 source file in main"));
    // Who stands in a work tree means that one.
    assert!(count(&outside.join("shared")).contains("nothing to check"));
    repo.git(&["reset", "-q", "--hard", "HEAD~1"]);
    if let Some(sha256) = Repo::new(&["--object-format=sha256"]) {
        sha256.write("a.txt", "1").write("out/b.txt", "1").commit();
        assert_eq!(shown(&view(&sha256, "main")), expected);
    }
    // Replacements do not stand in for what is there.
    let mask = {
        repo.write("mask", "mask");
        repo.git(&["hash-object", "-w", "mask"])
    };
    let real = repo.git(&["rev-parse", "HEAD:a.txt"]);
    repo.git(&["replace", &real, &mask]);
    assert_eq!(shown(&view(&repo, "HEAD")), expected);
    let told = crate::support::cli::run(&outside, &["check", "--rev=HEAD"]);
    assert!(
        told.stderr.contains("is not in a git repository"),
        "{told:?}"
    );
}

#[test]
fn what_is_not_here_is_told_where_it_is_missing() {
    let repo = repo!();
    repo.write("a.txt", "1")
        .write("deep/b.txt", "2")
        .write("deeper/c/d.txt", "3")
        .commit();
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    let source = format!("file://{}", repo.root.display());
    let tree = repo.git(&["rev-parse", "HEAD:deep"]);
    repo.git_in(
        &repo.outside(),
        &[
            "clone",
            "-q",
            "--bare",
            "--filter=tree:1",
            &source,
            "treeless",
        ],
    );
    let treeless =
        weighbridge::git::revision(&repo.outside().join("treeless"), "HEAD", &[]).unwrap();
    let text = shown(&treeless);
    assert!(text.contains(&format!("deep : nothing [unavailable: not fetched: git object {tree}, which this partial clone lacks; git cat-file -e {tree}]")), "{text}");
    // A repository that has lost an object is damaged: the same, without a way to fetch it.
    let id = repo.git(&["rev-parse", "HEAD:deeper/c"]);
    let (folder, file) = id.split_at(2);
    fs::remove_file(repo.root.join(".git/objects").join(folder).join(file)).unwrap();
    let text = shown(&view(&repo, "HEAD"));
    assert!(
        text.contains("deeper/c : nothing [unavailable: io"),
        "{text}"
    );
    assert!(text.contains("deep/b.txt = 2"), "{text}");
}

#[test]
fn a_repository_that_is_damaged_is_said_to_be() {
    let repo = repo!();
    repo.write("a.txt", "1").commit();
    let id = repo.git(&["rev-parse", "HEAD"]);
    let (folder, file) = id.split_at(2);
    let object = repo.root.join(".git/objects").join(folder).join(file);
    fs::remove_file(&object).unwrap();
    fs::write(&object, "no object").unwrap();
    for rev in ["main", "HEAD", id.as_str(), "main...HEAD"] {
        let flag = if rev.contains("...") {
            "--diff"
        } else {
            "--rev"
        };
        let run = crate::support::cli::run(&repo.root, &["check", &format!("{flag}={rev}")]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(
            run.stderr.contains("cannot read the repository"),
            "{rev}: {run:?}"
        );
    }
}

/// Writes a tree of raw entries; git itself would not.
fn tree(repo: &Repo, entries: &[(&str, &[u8], &str)]) -> String {
    let mut bytes = Vec::new();
    for (mode, name, id) in entries {
        bytes.extend_from_slice(format!("{mode} ").as_bytes());
        bytes.extend_from_slice(name);
        bytes.push(0);
        for pair in id.as_bytes().chunks(2) {
            let digits = std::str::from_utf8(pair).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
        }
    }
    let file = repo.outside().join("tree");
    fs::write(&file, bytes).unwrap();
    repo.git(&[
        "hash-object",
        "-t",
        "tree",
        "-w",
        "--literally",
        file.to_str().unwrap(),
    ])
}

#[test]
fn names_that_no_file_can_have_are_only_shown() {
    let repo = repo!();
    repo.write("x", "1").commit();
    let blob = repo.git(&["hash-object", "x"]);
    let hostile = tree(
        &repo,
        &[
            ("100644", b"../../x.pt", &blob),
            ("100644", b"..", &blob),
            ("100644", b".git", &blob),
            ("100644", b"/etc/x.py", &blob),
            ("100644", b"\xff\x1b[31m.py", &blob),
            ("100644", b"same", &blob),
            ("120000", b"same", &blob),
            ("100644", b"a-is-out-of-order", &blob),
            ("160000", b"../../sub", &blob),
        ],
    );
    let view = weighbridge::git::revision(&repo.root, &hostile, &[]).unwrap();
    insta::assert_snapshot!(shown(&view.with_submodules()), @r"
    .. = 1 [impossible path: git checks out no file named `.` or `..`]
    ../../sub @ another repository [impossible path: git checks out no file with a slash in its name] [unavailable: not fetched: a submodule that is not initialised; git submodule update --init ../../sub]
    ../../x.pt = 1 [impossible path: git checks out no file with a slash in its name]
    .git = 1 [impossible path: git checks out no file named `.git`, or as some system spells it]
    /etc/x.py = 1 [impossible path: git checks out no file with a slash in its name]
    a-is-out-of-order = 1
    same = 1
    same -> 1
    \xff\u{1b}[31m.py = 1
    ");
    let cut = tree(&repo, &[("100644", b"a", &blob)]);
    let run = crate::support::cli::run(&repo.root, &["check", "--rev", &cut]);
    assert_eq!(run.code, 3, "{run:?}");
}

#[test]
fn few_objects_that_stand_for_billions_of_paths_come_to_an_end() {
    let repo = repo!();
    repo.write("x", "1").commit();
    let id = repo.git(&["hash-object", "x"]);
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    // No files at all: only folders.
    for files in [false, true] {
        let mut bomb = if files { id.clone() } else { tree(&repo, &[]) };
        let mut mode = if files { "100644" } else { "40000" };
        for _ in 0..12 {
            let entries: Vec<(&str, &[u8], &str)> = names
                .iter()
                .map(|name| (mode, name.as_bytes(), bomb.as_str()))
                .collect();
            bomb = tree(&repo, &entries);
            mode = "40000";
        }
        let view = weighbridge::git::revision(&repo.root, &bomb, &[]).unwrap();
        let stopped: Vec<_> = view
            .items
            .iter()
            .filter(|item| !item.noted.is_empty())
            .collect();
        assert_eq!(stopped.len(), 1);
        let fact = format!("{:?}", stopped[0].noted);
        assert!(fact.contains("Limit(TREE_ENTRIES)"), "{fact}");
    }
    // Folders in folders, deeper than any stack.
    let mut deep = tree(&repo, &[("100644", b"x", &id)]);
    for _ in 0..300 {
        deep = tree(&repo, &[("40000", b"folder", &deep), ("100644", b"x", &id)]);
    }
    let view = weighbridge::git::revision(&repo.root, &deep, &[]).unwrap();
    assert_eq!(view.items.len(), 301);
}

/// Writes a chain of folders at once, as one stream of objects.
#[test]
fn folders_ten_thousand_deep_are_walked() {
    use std::io::Write as _;
    let repo = repo!();
    let mut stream = Vec::new();
    write!(
        stream,
        "commit refs/heads/deep\ncommitter a <a@example.org> 0 +0000\ndata 0\nM 100644 inline {}x\ndata 1\n1\n",
        "d/".repeat(10_000)
    )
    .unwrap();
    let mut command = std::process::Command::new("git");
    crate::support::repo::scrub(&mut command, &repo.outside());
    let mut child = command
        .current_dir(&repo.root)
        .args(["fast-import", "--quiet"])
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&stream).unwrap();
    if !child.wait().unwrap().success() {
        skip!(Needs::Machine, "this git makes no folders 10,000 deep");
    }
    let view = weighbridge::git::revision(&repo.root, "deep", &[]).unwrap();
    assert_eq!(view.items.len(), 1);
    let run = crate::support::cli::run(&repo.root, &["check", "--rev", "deep"]);
    assert_eq!(run.code, 3, "{run:?}");
}

/// Ten folders in each of four levels, all the same: 10,000 files with one content, which is read once for each name.
#[test]
fn a_content_at_many_paths_is_read_once() {
    let repo = repo!();
    repo.write("x", crate::support::pickle::Pickle::proto(2).int(1).stop());
    let mut tree = repo.git(&["hash-object", "-w", "x"]);
    for level in 0..4 {
        let kind = if level == 0 {
            "100644 blob"
        } else {
            "040000 tree"
        };
        let lines: Vec<String> = (0..10).map(|i| format!("{kind} {tree}\t{i}\n")).collect();
        tree = repo.git_with_input(&["mktree"], lines.concat());
    }
    let view = view(&repo, &tree);
    assert_eq!((view.items.len(), view.contents()), (10_000, 1));
    assert_eq!(
        view.items_with_content(0).collect::<Vec<_>>(),
        (0..10_000).collect::<Vec<_>>()
    );
    assert_eq!(view.items_with_content(1).count(), 0);
    let run = crate::support::cli::run(&repo.root, &["check", "--rev", &tree]);
    assert!(run.stdout.contains("passed: 10,000 artifacts"), "{run:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, failure_persistence: None, ..ProptestConfig::default() })]

    /// Differential: our list is that of `git ls-tree -r`.
    #[test]
    fn the_list_is_git_s_own(
        files in prop::collection::vec((0..4u8, 0..4u8, 0..3u8, 0..3u8), 0..24),
    ) {
        let Some(repo) = Repo::new(&[]) else { return Ok(()); };
        for (a, b, content, depth) in &files {
            let path = match depth {
                0 => format!("d{a}.{b}"),
                1 => format!("e{a}/f {b}"),
                _ => format!("e{a}/g.{b}/h\u{e4}"),
            };
            repo.write(&path, [*content]);
        }
        repo.commit();
        let listed = repo.git(&["-c", "core.quotePath=false", "ls-tree", "-r", "--name-only", "HEAD"]);
        let mut expected: Vec<&str> = listed.lines().collect();
        expected.sort_unstable();
        let view = view(&repo, "HEAD");
        let ours: Vec<&str> = view.items.iter().map(|item| item.entry.path.as_str().unwrap()).collect();
        prop_assert_eq!(ours, expected);
    }
}
