//! Digests that are kept between runs: what they spare, and what they cannot make pass.
#![cfg(unix)]

use std::{fs, os::unix::fs::symlink, path::PathBuf, thread, time::Duration};

use crate::support::{
    cli::{Run, finish, program, run},
    pickle::Pickle,
    repo::{Repo, repo},
};

/// A pickle of zeros that is too large to be read at once.
fn large(n: u8) -> Vec<u8> {
    let zeros = vec![b'0'; 2 << 20];
    let mut file = Pickle::proto(2).int(n).raw(b"0");
    file = file
        .raw(b"X")
        .raw(u32::try_from(zeros.len()).unwrap().to_le_bytes());
    file.raw(&zeros).stop()
}

fn kept(repo: &Repo) -> PathBuf {
    repo.root.join(".git/weighbridge/digests")
}

/// A repository with a pinned file that was left alone for a while, and one run that kept its digest.
fn frozen(repo: &Repo) {
    repo.write("models/a.pkl", large(1)).commit();
    assert_eq!(run(&repo.root, &["freeze"]).code, 0);
    let soon = run(&repo.root, &["check"]);
    assert_eq!(soon.code, 0, "{soon:?}");
    // Until now it could have been written once more within the same tick of the clock.
    thread::sleep(Duration::from_millis(3_200));
    let later = run(&repo.root, &["check"]);
    assert_eq!(later.code, 0, "{later:?}");
}

/// Makes the lock file, and what is kept, say another sha256: one that believes what is kept sees no difference.
fn replace_digest(repo: &Repo) {
    let text = fs::read_to_string(kept(repo)).unwrap();
    let digest = text
        .lines()
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .to_owned();
    let other = "ab".repeat(32);
    for path in [kept(repo), repo.root.join("weighbridge.lock")] {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(&digest), "{text}");
        fs::write(&path, text.replace(&digest, &other)).unwrap();
    }
}

fn is_mismatch(run: &Run) -> bool {
    (run.code, run.stdout.contains("pin-mismatch")) == (1, true)
}

#[test]
fn a_file_that_did_not_change_is_hashed_once() {
    let repo = repo!();
    frozen(&repo);
    let text = fs::read_to_string(kept(&repo)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[1].ends_with(" models/a.pkl"), "{text}");
    replace_digest(&repo);
    // Whoever can write there is believed, as git believes them.
    assert_eq!(run(&repo.root, &["check"]).code, 0);
    assert_eq!(run(&repo.root, &["freeze", "--check"]).code, 0);
    for arguments in [
        &["check", "--no-cache"][..],
        &["check", "--no-cache", "models"],
    ] {
        let run = run(&repo.root, arguments);
        assert!(is_mismatch(&run), "{run:?}");
    }
    let run = run(&repo.root, &["freeze", "--check", "--no-cache"]);
    assert_eq!(run.code, 1, "{run:?}");
    for (name, value) in [("CI", "true"), ("GITLAB_CI", "true"), ("JENKINS_URL", "x")] {
        let run = finish(program(&repo.root).arg("check").env(name, value));
        assert!(is_mismatch(&run), "{name}: {run:?}");
    }
}

#[test]
fn what_is_kept_is_about_one_state_of_a_file() {
    let repo = repo!();
    frozen(&repo);
    let path = repo.root.join("models/a.pkl");
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    // The same size, the same inode, the same time of writing: the time of the change is another.
    fs::write(&path, large(2)).unwrap();
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(before).unwrap();
    drop(file);
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
    let changed = run(&repo.root, &["check"]);
    assert!(is_mismatch(&changed), "{changed:?}");
    // Another file in its place.
    fs::rename(&path, repo.root.join("models/b.pkl")).unwrap();
    fs::write(&path, large(3)).unwrap();
    assert!(is_mismatch(&run(&repo.root, &["check"])));
}

#[test]
fn what_somebody_else_could_have_put_there_is_not_believed() {
    let repo = repo!();
    frozen(&repo);
    replace_digest(&repo);
    let text = fs::read(kept(&repo)).unwrap();
    let elsewhere = repo.root.join("elsewhere");
    fs::write(&elsewhere, &text).unwrap();
    fs::remove_file(kept(&repo)).unwrap();
    symlink(&elsewhere, kept(&repo)).unwrap();
    let linked = run(&repo.root, &["check"]);
    assert!(is_mismatch(&linked), "{linked:?}");
    // Nor is anything written through the link: it is replaced.
    assert_eq!(fs::read(&elsewhere).unwrap(), text);
    let broken = [
        &b""[..],
        b"\xff",
        b"weighbridge digests 1",
        &[text.as_slice(), b"x"].concat(),
    ];
    for bytes in broken {
        let _ = fs::remove_file(kept(&repo));
        fs::write(kept(&repo), bytes).unwrap();
        let run = run(&repo.root, &["check"]);
        assert!(is_mismatch(&run), "{run:?}");
    }
    // A folder in its place costs nothing but the time.
    fs::remove_file(kept(&repo)).unwrap();
    fs::create_dir(kept(&repo)).unwrap();
    assert!(is_mismatch(&run(&repo.root, &["check"])));
}

#[test]
fn a_linked_work_tree_keeps_its_own() {
    let repo = repo!();
    frozen(&repo);
    repo.git(&["add", "-A"]);
    repo.git(&["commit", "-qm", "lock"]);
    let other = repo.outside().join("other");
    repo.git(&["worktree", "add", "-q", other.to_str().unwrap()]);
    thread::sleep(Duration::from_millis(3_200));
    let checked = run(&other, &["check"]);
    assert_eq!(checked.code, 0, "{checked:?}");
    assert!(
        repo.root
            .join(".git/worktrees/other/weighbridge/digests")
            .is_file()
    );
    // Outside of a repository there is no place for them.
    let folder = repo.outside().join("plain");
    fs::create_dir_all(folder.join("models")).unwrap();
    for name in ["models/a.pkl", "weighbridge.lock"] {
        fs::copy(repo.root.join(name), folder.join(name)).unwrap();
    }
    thread::sleep(Duration::from_millis(3_200));
    assert_eq!(run(&folder, &["check"]).code, 0);
    let left: Vec<_> = fs::read_dir(&folder).unwrap().collect();
    assert_eq!(left.len(), 2, "{left:?}");
}
