//! `weighbridge freeze` of what is staged and of a commit, and what it would write.

use std::fs;

use crate::support::{
    cli::run,
    pickle::Pickle,
    repo::{Repo, repo},
};

const LOCK: &str = "weighbridge.lock";

fn data(n: u8) -> Vec<u8> {
    Pickle::proto(2).int(n).stop()
}

fn lock(repo: &Repo) -> String {
    fs::read_to_string(repo.root.join(LOCK)).unwrap()
}

/// A repository with a pinned file and source that loads it, all of it committed.
fn pinned(repo: &Repo) {
    repo.write("a.pkl", data(1));
    repo.write(
        "train.py",
        "import joblib\n\n\nclass Trainer:\n    def load(self):\n        return joblib.load(\"a.pkl\")\n",
    );
    assert_eq!(run(&repo.root, &["freeze"]).code, 0);
    repo.commit();
}

#[test]
fn what_is_staged_is_pinned_as_it_will_be_committed() {
    let repo = repo!();
    pinned(&repo);
    repo.write("a.pkl", data(2)).write("b.pkl", data(3));
    repo.git(&["add", "a.pkl", "b.pkl"]);
    // On disk they are others by now, and one more is not staged.
    repo.write("a.pkl", data(4)).write("b.pkl", data(5));
    repo.write("c.pkl", data(6));
    let frozen = run(&repo.root, &["freeze", "--staged", "--update"]);
    insta::assert_snapshot!(frozen.shown(&repo.root), @"
    added    b.pkl  sha256 35ec4e26be9e850f2f2fb2e9be60675b557be5202a56bbc08e91b60419204a50, 5 bytes
    updated  a.pkl  other bytes, of the same size, format and names
    wrote weighbridge.lock: 2 pins; review and commit it
    exit 0
    ");
    let text = lock(&repo);
    // Source that did not change is read as well.
    assert_eq!(
        text.matches("joblib.load in train.py:Trainer.load").count(),
        1,
        "{text}"
    );
    assert!(!text.contains("c.pkl"), "{text}");
    repo.git(&["add", LOCK]);
    assert_eq!(run(&repo.root, &["freeze", "--staged", "--check"]).code, 0);
    assert_eq!(run(&repo.root, &["check", "--staged"]).code, 0);
    repo.git(&["commit", "-qm", "models"]);
    assert_eq!(
        run(&repo.root, &["freeze", "--check", "--rev", "HEAD"]).code,
        0
    );
    // The files on disk are not those.
    assert_eq!(run(&repo.root, &["freeze", "--check"]).code, 1);
}

#[test]
fn a_lock_file_that_is_not_staged_is_not_replaced() {
    let repo = repo!();
    pinned(&repo);
    repo.write("b.pkl", data(2));
    assert_eq!(run(&repo.root, &["freeze"]).code, 0);
    let before = lock(&repo);
    repo.git(&["add", "b.pkl"]);
    let refused = run(&repo.root, &["freeze", "--staged"]);
    insta::assert_snapshot!(refused.shown(&repo.root), @"
    error: `weighbridge.lock` has changes that are not staged
       │ help: stage them (git add weighbridge.lock), or write elsewhere with
       │       `--output FILE`
       ╰──
    exit 2
    ");
    assert_eq!(lock(&repo), before);
    let elsewhere = run(&repo.root, &["freeze", "--staged", "--output", "-"]);
    assert_eq!(elsewhere.code, 0, "{elsewhere:?}");
    assert_eq!(elsewhere.stdout, before);
}

#[test]
fn a_commit_is_compared_with_its_own_lock_file() {
    let repo = repo!();
    pinned(&repo);
    repo.git(&["tag", "v1"]);
    repo.write("a.pkl", data(2)).commit();
    let current = run(&repo.root, &["freeze", "--check", "--rev", "v1"]);
    assert_eq!(current.code, 0, "{current:?}");
    let stale = run(&repo.root, &["freeze", "--check", "--rev", "HEAD"]);
    insta::assert_snapshot!(stale.shown(&repo.root), @"
    changed  a.pkl  other bytes, of the same size, format and names; it keeps its pin
    review what changed, then: weighbridge freeze --update a.pkl
    weighbridge.lock is not current
    exit 1
    ");
    let written = run(&repo.root, &["freeze", "--rev", "v1"]);
    insta::assert_snapshot!(written.shown(&repo.root), @"
    error: the lock file of a commit cannot be written
       │ help: `--check` compares it with the files of the commit; `--output FILE`
       │       writes elsewhere
       ╰──
    exit 2
    ");
    let both = run(&repo.root, &["freeze", "--staged", "--rev", "v1"]);
    assert_eq!(both.code, 2, "{both:?}");
}

#[test]
fn what_would_be_written_is_a_patch() {
    let repo = repo!();
    pinned(&repo);
    repo.write("a.pkl", data(2)).write("b.pkl", data(3));
    let before = lock(&repo);
    let dry = run(&repo.root, &["freeze", "--update", "--dry-run"]);
    insta::assert_snapshot!(dry.shown(&repo.root), @"
    add      b.pkl  sha256 35ec4e26be9e850f2f2fb2e9be60675b557be5202a56bbc08e91b60419204a50, 5 bytes
    update   a.pkl  other bytes, of the same size, format and names
    --- a/weighbridge.lock
    +++ b/weighbridge.lock
    @@ -3,9 +3,14 @@
     version: 1
     artifacts:
       - path: a.pkl
    -    sha256: 0ceb44025b774f6d832ef369e77df71b6ff875dbb9c5a5bf6aa2b948c0f0dbbb
    +    sha256: 254c663ecb06d1b7d50df8c26cec29a98b7c77270bb061eff4515543eafa4a1a
         size: 5
         formats:
           - pickle
         loaded-by:
           - joblib.load in train.py:Trainer.load
    +  - path: b.pkl
    +    sha256: 35ec4e26be9e850f2f2fb2e9be60675b557be5202a56bbc08e91b60419204a50
    +    size: 5
    +    formats:
    +      - pickle
    weighbridge.lock would have 2 pins; nothing was written
    exit 0
    ");
    assert_eq!(lock(&repo), before);
    // It is the difference that writing makes.
    let patch: String = dry
        .stdout
        .split_inclusive('\n')
        .skip_while(|line| !line.starts_with("--- "))
        .collect();
    let (patch, _) = patch.rsplit_once("weighbridge.lock would have").unwrap();
    repo.git_with_input(&["apply", "-"], patch);
    let after = lock(&repo);
    fs::write(repo.root.join(LOCK), &before).unwrap();
    assert_eq!(run(&repo.root, &["freeze", "--update"]).code, 0);
    assert_eq!(lock(&repo), after);
}
