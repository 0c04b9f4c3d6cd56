//! git-lfs pointers in the work tree and in the index, with and without the object they speak of.

use std::fs;

use crate::support::repo::{Repo, repo, shown};

const OID: &str = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

fn pointer(size: usize) -> String {
    format!("version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize {size}\n")
}

fn store(repo: &Repo, storage: &str, bytes: &str) {
    let folder = repo.root.join(storage).join("objects/2c/26");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(OID), bytes).unwrap();
}

#[test]
fn a_pointer_without_its_object_says_how_to_fetch_it() {
    let repo = repo!();
    repo.write("my models/a.pt", pointer(3));
    repo.git(&["add", "-A"]);
    let expected = "my models/a.pt : nothing [pointer to 3 bytes] \
        [unavailable: not fetched: in git-lfs; git lfs pull --include='my models/a.pt']";
    assert_eq!(shown(&repo.work_tree(&[])), expected);
    assert_eq!(shown(&repo.staged()), expected);
}

#[test]
fn a_pointer_with_its_object_is_the_object() {
    let repo = repo!();
    repo.write("a.pt", pointer(3));
    repo.git(&["add", "-A"]);
    store(&repo, ".git/lfs", "foo");
    assert_eq!(shown(&repo.work_tree(&[])), "a.pt = foo");
    assert_eq!(shown(&repo.staged()), "a.pt = foo");
}

#[test]
fn the_store_may_be_elsewhere_and_is_shared_by_work_trees() {
    let repo = repo!();
    repo.write("a.pt", pointer(3)).commit();
    repo.git(&["config", "lfs.storage", "big"]);
    store(&repo, ".git/big", "foo");
    let linked = repo.outside().join("linked");
    repo.git(&["worktree", "add", "-q", linked.to_str().unwrap()]);
    let view = weighbridge::git::work_tree(&linked, &[]).unwrap();
    assert_eq!(shown(&view), "a.pt = foo");
}

#[test]
fn a_clone_that_borrows_objects_borrows_these_too() {
    let repo = repo!();
    repo.write("a.pt", pointer(3)).commit();
    store(&repo, ".git/lfs", "foo");
    let clone = repo.outside().join("clone");
    let source = repo.root.to_str().unwrap();
    repo.git(&["clone", "-q", "--shared", source, clone.to_str().unwrap()]);
    let view = weighbridge::git::work_tree(&clone, &[]).unwrap();
    assert_eq!(shown(&view), "a.pt = foo");
}

#[test]
fn an_object_of_another_size_is_noted() {
    let repo = repo!();
    repo.write("a.pt", pointer(4));
    store(&repo, ".git/lfs", "foo");
    assert_eq!(
        shown(&repo.work_tree(&[])),
        "a.pt = foo [pointer to 4 bytes, not 3]"
    );
}

#[test]
fn spaces_around_a_pointer_hide_nothing() {
    let repo = repo!();
    for before in ["\n", " \t\r\n", "\u{a0}\u{2003}"] {
        repo.write("a.dat", format!("{before}{}", pointer(3)));
        repo.git(&["add", "-A"]);
        store(&repo, ".git/lfs", "foo");
        assert_eq!(shown(&repo.staged()), "a.dat = foo", "{before:?}");
    }
    // Of a longer file git-lfs reads the beginning, and so takes it for a pointer, too.
    repo.write("a.dat", format!("{}{}", pointer(3), " ".repeat(2000)));
    repo.git(&["add", "-A"]);
    let shown = shown(&repo.staged());
    assert!(
        shown.contains("a git-lfs pointer with more after it"),
        "{shown}"
    );
}
