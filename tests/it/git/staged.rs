//! The index: what the next commit brings, and nothing else.

use std::fs;

use proptest::prelude::*;

use crate::support::repo::{Repo, repo, shown};

#[test]
fn only_what_differs_from_head_and_as_it_is_in_the_index() {
    let repo = repo!();
    repo.write("same.txt", "1")
        .write("changed.txt", "1")
        .write("deleted.txt", "1")
        .write("moved.txt", "1")
        .write("deep/er/same.txt", "1")
        .write("deep/er/changed.txt", "1")
        .commit()
        .write("changed.txt", "2")
        .write("deep/er/changed.txt", "2")
        .write("added.txt", "2")
        .write("untracked.txt", "2");
    repo.git(&["add", "changed.txt", "deep", "added.txt"]);
    repo.git(&["rm", "-q", "deleted.txt"]);
    repo.git(&["mv", "moved.txt", "deep/renamed.txt"]);
    // Not staged any more: does not count.
    repo.write("changed.txt", "3").write("same.txt", "3");
    fs::remove_file(repo.root.join("added.txt")).unwrap();
    insta::assert_snapshot!(shown(&repo.staged()), @r"
    added.txt = 2
    changed.txt = 2
    deep/er/changed.txt = 2
    deep/renamed.txt = 1
    ");
    assert_eq!(repo.staged().notices, ["2 files are deleted"]);
    let view = weighbridge::git::staged(
        &repo.root.join("deep"),
        &["er".into(), "../added.txt".into()],
    )
    .unwrap();
    insta::assert_snapshot!(shown(&view), @r"
    added.txt = 2
    deep/er/changed.txt = 2
    ");
    let error = weighbridge::git::staged(&repo.root, &["adde.txt".into()]).unwrap_err();
    assert_eq!(error.to_string(), "`adde.txt` does not exist");
}

#[test]
fn before_the_first_commit_everything_is_staged() {
    let repo = repo!();
    insta::assert_snapshot!(shown(&repo.staged()), @"");
    repo.write("a.txt", "1").write("b/c.txt", "2");
    repo.git(&["add", "-A"]);
    insta::assert_snapshot!(shown(&repo.staged()), @r"
    a.txt = 1
    b/c.txt = 2
    ");
}

#[test]
fn intent_to_add_is_not_what_a_commit_records() {
    let repo = repo!();
    repo.write("a/old.txt", "1")
        .commit()
        .write("a/new.txt", "2");
    repo.git(&["add", "-N", "a/new.txt"]);
    insta::assert_snapshot!(shown(&repo.staged()), @"");
    insta::assert_snapshot!(shown(&repo.work_tree(&["a/new.txt"])), @"a/new.txt = 2");
}

#[test]
fn every_side_of_a_conflict_is_read_and_the_conflict_said() {
    let repo = repo!();
    repo.write("m.txt", "base").commit();
    repo.git(&["checkout", "-q", "-b", "other"]);
    repo.write("m.txt", "theirs").commit();
    repo.git(&["checkout", "-q", "main"]);
    repo.write("m.txt", "ours").commit();
    let merge = repo.try_git(&repo.root, &["merge", "-q", "other"]);
    assert!(!merge.status.success());
    insta::assert_snapshot!(shown(&repo.staged()), @r"
    m.txt = base [unavailable: unsupported: an unresolved merge conflict: this is the common ancestor's side]
    m.txt = ours [unavailable: unsupported: an unresolved merge conflict: this is our side]
    m.txt = theirs [unavailable: unsupported: an unresolved merge conflict: this is their side]
    ");
}

#[test]
fn modes_links_and_submodules() {
    let repo = repo!();
    repo.write("tool", "1").write("file", "target").commit();
    let inner = Repo::new(&[]).unwrap();
    inner.write("a", "1").commit();
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
    repo.git(&["rm", "-q", "--cached", ".gitmodules"]);
    repo.git(&["update-index", "--chmod=+x", "tool"]);
    let blob = repo.git(&["hash-object", "file"]);
    repo.git(&[
        "update-index",
        "--cacheinfo",
        &format!("120000,{blob},file"),
    ]);
    insta::assert_snapshot!(shown(&repo.staged()), @r"
    file -> target
    sub @ another repository [not followed]
    tool = 1
    ");
}

#[test]
fn skipped_files_are_judged_by_what_is_staged() {
    let repo = repo!();
    repo.write("a.txt", "1").commit().write("a.txt", "2");
    repo.git(&["add", "-A"]);
    repo.git(&["update-index", "--skip-worktree", "a.txt"]);
    repo.write("a.txt", "3");
    insta::assert_snapshot!(shown(&repo.staged()), @"a.txt = 2");
}

#[test]
fn sparse_and_split_indexes_are_read() {
    let repo = repo!();
    repo.write("in/a.txt", "1")
        .write("out/b.txt", "1")
        .write("out/deep/c.txt", "1")
        .commit()
        .write("out/deep/c.txt", "2")
        .commit();
    repo.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "in"]);
    assert!(!repo.root.join("out").exists());
    insta::assert_snapshot!(shown(&repo.staged()), @"");
    // The folder is one entry of the index, and differs from HEAD by one file.
    repo.git(&["reset", "-q", "--soft", "HEAD~1"]);
    insta::assert_snapshot!(shown(&repo.staged()), @"out/deep/c.txt = 2");
    assert_eq!(repo.staged().notices, [""; 0]);

    let repo = repo!();
    repo.write("a.txt", "1").write("b.txt", "1").commit();
    repo.git(&["update-index", "--split-index"]);
    repo.write("b.txt", "2");
    repo.git(&["add", "b.txt"]);
    insta::assert_snapshot!(shown(&repo.staged()), @"b.txt = 2");
}

#[test]
fn a_repository_with_sha256_names_is_read() {
    let Some(repo) = Repo::new(&["--object-format=sha256"]) else {
        return;
    };
    repo.write("a/b.txt", "1").commit().write("a/b.txt", "2");
    repo.git(&["add", "-A"]);
    insta::assert_snapshot!(shown(&repo.staged()), @"a/b.txt = 2");
}

#[test]
fn a_missing_object_is_a_fact() {
    let repo = repo!();
    repo.write("a.txt", "1").write("b.txt", "2");
    repo.git(&["add", "-A"]);
    let id = repo.git(&["hash-object", "a.txt"]);
    let (folder, file) = id.split_at(2);
    let object = repo.root.join(".git/objects").join(folder).join(file);
    fs::remove_file(object).unwrap();
    insta::assert_snapshot!(shown(&repo.staged()), @r"
    a.txt : nothing [unavailable: io: git object 56a6051ca2b0: it is not in the object store]
    b.txt = 2
    ");
}

#[test]
fn replacement_objects_do_not_stand_in() {
    let repo = repo!();
    repo.write("a.txt", "real");
    repo.git(&["add", "-A"]);
    let real = repo.git(&["hash-object", "a.txt"]);
    repo.write("b.txt", "mask");
    let mask = repo.git(&["hash-object", "-w", "b.txt"]);
    repo.git(&["replace", &real, &mask]);
    insta::assert_snapshot!(shown(&repo.staged()), @"a.txt = real");
}

/// Every way in which git writes an index down says the same.
#[test]
fn the_index_is_read_in_every_form() {
    for settings in [
        &["index.version=4"][..],
        &["index.version=2", "core.untrackedCache=true"],
        &["core.splitIndex=true"],
        &[
            "index.threads=4",
            "index.recordEndOfIndexEntries=true",
            "index.recordOffsetTable=true",
        ],
        &["index.skipHash=true"],
        &["feature.manyFiles=true"],
    ] {
        let repo = repo!();
        for setting in settings {
            let (key, value) = setting.split_once('=').unwrap();
            repo.git(&["config", key, value]);
        }
        for i in 0..40 {
            repo.write(&format!("d{}/f{i}.txt", i % 4), [i]);
        }
        repo.commit();
        repo.git(&["update-index", "--untracked-cache", "--force-write-index"]);
        // As a file-system monitor's extension leaves it, without one that runs.
        let _ = repo.try_git(&repo.root, &["update-index", "--fsmonitor"]);
        repo.write("d1/f1.txt", "changed").write("new/x.txt", "new");
        repo.git(&["add", "d1/f1.txt", "new/x.txt"]);
        repo.write("d1/f5.txt", "not staged");
        assert_eq!(
            shown(&repo.staged()),
            "d1/f1.txt = changed\nnew/x.txt = new",
            "{settings:?}"
        );
        let _ = repo.try_git(&repo.root, &["fsmonitor--daemon", "stop"]);
    }
}

#[test]
fn a_lock_and_an_index_of_ones_own_do_not_matter() {
    let repo = repo!();
    repo.write("a.txt", "1").commit().write("a.txt", "2");
    repo.git(&["add", "a.txt"]);
    repo.write(".git/index.lock", "somebody is writing");
    assert_eq!(shown(&repo.staged()), "a.txt = 2");
    assert!(repo.root.join(".git/index.lock").is_file());
    fs::remove_file(repo.root.join(".git/index.lock")).unwrap();
    // `GIT_INDEX_FILE` is how git itself says which index a commit is made from.
    repo.write("b.py", "import os\n");
    fs::copy(repo.root.join(".git/index"), repo.root.join(".git/other")).unwrap();
    let mut add = std::process::Command::new("git");
    crate::support::repo::scrub(&mut add, &repo.root);
    let index = repo.root.join(".git/other");
    assert!(
        add.env("GIT_INDEX_FILE", &index)
            .current_dir(&repo.root)
            .args(["add", "b.py"])
            .status()
            .unwrap()
            .success()
    );
    let mut check = crate::support::cli::program(&repo.root);
    let run = crate::support::cli::finish(
        check
            .env("GIT_INDEX_FILE", ".git/other")
            .args(["check", "--staged"]),
    );
    assert!(run.stdout.contains("1 source file in the index"), "{run:?}");
    let run = crate::support::cli::run(&repo.root, &["check", "--staged"]);
    assert!(run.stdout.contains("nothing to check"), "{run:?}");
}

#[test]
fn a_linked_work_tree_has_its_own() {
    let repo = repo!();
    repo.write("a.txt", "1").commit();
    repo.git(&["worktree", "add", "-q", "-b", "linked", "../linked"]);
    let linked = repo.outside().join("linked");
    fs::write(linked.join("a.txt"), "2").unwrap();
    repo.git_in(&linked, &["add", "a.txt"]);
    assert_eq!(shown(&repo.staged()), "");
    assert_eq!(
        shown(&weighbridge::git::staged(&linked, &[]).unwrap()),
        "a.txt = 2"
    );
}

#[test]
fn only_lines_that_are_staged_are_new() {
    let repo = repo!();
    repo.write("a.py", "a\nb\n")
        .commit()
        .write("a.py", "a\nB\n");
    repo.git(&["add", "a.py"]);
    repo.write("a.py", "A\nB\n");
    let view = repo.staged();
    let changed = view.reader().open(&view.items[0]).changed;
    assert!(
        changed.touches(2, 2) && !changed.touches(1, 1),
        "{changed:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Differential: for any two states of a tree, with or without what the index remembers about it, our list is
    /// `git diff --cached --diff-filter=d`.
    #[test]
    fn the_list_is_git_s_own(
        before in prop::collection::vec((0..4u8, 0..4u8, 0..3u8, any::<bool>()), 0..24),
        after in prop::collection::vec((0..4u8, 0..4u8, 0..3u8, any::<bool>()), 0..8),
        forget in any::<bool>(),
    ) {
        let Some(repo) = Repo::new(&[]) else { return Ok(()); };
        let path = |(a, b, _, deep): &(u8, u8, u8, bool)| {
            // `x`, `x.y` and `x/y` sort differently in trees and in the index.
            if *deep { format!("d{a}/e.{b}/f{a}{b}") } else { format!("d{a}.{b}") }
        };
        for file in &before {
            repo.write(&path(file), [file.2]);
        }
        repo.commit();
        for file in &after {
            let place = repo.root.join(path(file));
            if file.2 == 0 && place.is_file() {
                fs::remove_file(place).unwrap();
            } else {
                repo.write(&path(file), [file.2]);
            }
        }
        repo.git(&["add", "-A"]);
        if forget {
            // An index without the memory of its trees.
            let list = repo.git(&["ls-files", "-s"]);
            fs::remove_file(repo.root.join(".git/index")).unwrap();
            for line in list.lines() {
                let (head, path) = line.split_once('\t').unwrap();
                let mut words = head.split(' ');
                let (mode, id) = (words.next().unwrap(), words.next().unwrap());
                repo.git(&["update-index", "--add", "--cacheinfo", &format!("{mode},{id},{path}")]);
            }
        }
        let listed = repo.git(&["diff", "--cached", "--name-only", "--no-renames", "--diff-filter=d"]);
        let mut expected: Vec<&str> = listed.lines().collect();
        expected.sort_unstable();
        let view = repo.staged();
        let ours: Vec<&str> = view.items.iter().map(|item| item.entry.path.as_str().unwrap()).collect();
        prop_assert_eq!(ours, expected);
        let deleted = repo.git(&["diff", "--cached", "--name-only", "--no-renames", "--diff-filter=D"]);
        let said = match deleted.lines().count() {
            0 => vec![],
            1 => vec![String::from("1 file is deleted")],
            n => vec![format!("{n} files are deleted")],
        };
        prop_assert_eq!(&view.notices, &said);
    }
}
