//! `weighbridge freeze`, and `check` with a lock file.

use std::fs;

use crate::support::{
    cli::{Run, run},
    pickle::{Pickle, payload},
    repo::{Repo, repo},
};

const POLICY: &str = "version: 1\nextends: recommended\nglobals: {allow: [app.Net]}\n";
pub(super) const LOCK: &str = "weighbridge.lock";

/// A pickle of an instance of a class that the policy allows, and a number.
pub(super) fn net(n: u8) -> Vec<u8> {
    Pickle::proto(2)
        .global("app", "Net")
        .raw(b")\x81")
        .int(n)
        .raw(b"\x86")
        .stop()
}

/// A pickle of a number.
pub(super) fn data(n: u8) -> Vec<u8> {
    Pickle::proto(2).int(n).stop()
}

/// A repository with a policy, a file that can run code, one of data, and source that loads one of them.
pub(super) fn models(repo: &Repo) {
    repo.write("weighbridge.yaml", POLICY);
    repo.write("models/net.pkl", net(1));
    repo.write("models/data.pkl", data(1));
    repo.write(
        "train.py",
        "import joblib\n\n\ndef load():\n    return joblib.load(\"models/net.pkl\")\n",
    );
}

pub(super) fn lock(repo: &Repo) -> String {
    fs::read_to_string(repo.root.join(LOCK)).unwrap()
}

/// The rules that found something, with the file of each.
fn found(run: &Run) -> Vec<String> {
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    findings
        .map(|finding| format!("{}: {}", text(&finding["path"]), text(&finding["rule"])))
        .filter(|found| found.contains(": pin") || found.contains(": unpinned"))
        .collect()
}

fn check(repo: &Repo, arguments: &[&str]) -> Run {
    let all = [&["check", "--format", "json"], arguments].concat();
    run(&repo.root, &all)
}

#[test]
fn what_can_run_code_is_pinned_and_then_quiet() {
    let repo = repo!();
    models(&repo);
    assert_eq!(
        found(&check(&repo, &[])),
        ["models/net.pkl: unpinned-artifact"]
    );
    let first = run(&repo.root, &["freeze"]);
    insta::assert_snapshot!(first.shown(&repo.root), @"
    added    models/data.pkl  sha256 0ceb44025b774f6d832ef369e77df71b6ff875dbb9c5a5bf6aa2b948c0f0dbbb, 5 bytes
    added    models/net.pkl  sha256 911ec8c979c9413d3bab0ce9dbfa0714b47f77807e80a080a0af2b6566e5aa05, 17 bytes
    wrote weighbridge.lock: 2 pins; review and commit it
    exit 0
    ");
    insta::assert_snapshot!(lock(&repo), @"
    # The model files that were reviewed: `weighbridge freeze` writes this file, `weighbridge check` compares.
    # `weighbridge policy schema --for lock` prints its schema, for editors.
    version: 1
    artifacts:
      - path: models/data.pkl
        sha256: 0ceb44025b774f6d832ef369e77df71b6ff875dbb9c5a5bf6aa2b948c0f0dbbb
        size: 5
        formats:
          - pickle
      - path: models/net.pkl
        sha256: 911ec8c979c9413d3bab0ce9dbfa0714b47f77807e80a080a0af2b6566e5aa05
        size: 17
        formats:
          - pickle
        globals:
          - app.Net
        loaded-by:
          - joblib.load in train.py:load
    ");
    assert_eq!(found(&check(&repo, &[])), [""; 0]);
    let again = run(&repo.root, &["freeze", "--check"]);
    insta::assert_snapshot!(again.shown(&repo.root), @"
    weighbridge.lock is current: 2 pins
    exit 0
    ");
    // Lines move, call sites stay.
    repo.write(
        "train.py",
        "import joblib\n\n\n# more\ndef load():\n    return joblib.load(\"models/net.pkl\")\n",
    );
    assert_eq!(run(&repo.root, &["freeze", "--check"]).code, 0);
    repo.write("eval.py", "import joblib\njoblib.load('models/net.pkl')\n");
    let loaded = run(&repo.root, &["freeze", "--check"]);
    assert_eq!(loaded.code, 1, "{loaded:?}");
    assert!(
        loaded
            .stdout
            .contains("also loaded by `joblib.load in eval.py`"),
        "{loaded:?}"
    );
    assert_eq!(found(&check(&repo, &[])), [""; 0]);
}

#[test]
fn only_executable_files_are_pinned_on_request() {
    let repo = repo!();
    models(&repo);
    assert_eq!(run(&repo.root, &["freeze", "--only", "executable"]).code, 0);
    let lock = lock(&repo);
    assert!(
        lock.contains("models/net.pkl") && !lock.contains("models/data.pkl"),
        "{lock}"
    );
}

#[test]
fn a_change_of_a_pinned_file_is_refused_and_pinned_on_request() {
    let repo = repo!();
    models(&repo);
    run(&repo.root, &["freeze"]);
    let before = lock(&repo);
    repo.write(
        "models/data.pkl",
        Pickle::proto(2).global("app", "Net").raw(b")\x81").stop(),
    );
    let changed = run(&repo.root, &["check", "models/data.pkl"]);
    insta::assert_snapshot!(changed.shown(&repo.root), @"
    ── models/data.pkl ────────────────────────────────────────────────── 1 error ──

    error[pin-mismatch]: this is not the file that was pinned: 14 bytes instead of
      5; it also names `app.Net`
       ╭─ models/data.pkl
       ├─ weighbridge.lock:5
     5 │ - path: models/data.pkl
       │         ───────────────
       │     sha256 0ceb44025b774f6d832ef369e77df71b6ff875dbb9c5a5bf6aa2b948c0f0dbbb
       ╰──
    help: if the new file is meant, review it and pin it:
    weighbridge inspect models/data.pkl
    weighbridge freeze --update models/data.pkl

    help: if it is not, restore the file and find out who changed it

    refused: 1 error in 1 file
    checked: 1 artifact in the work tree: models/data.pkl
    policy:  weighbridge.yaml
    next:    weighbridge explain pin-mismatch     why, and what to use instead
             weighbridge inspect models/data.pkl  all that loading it would do
    exit 1
    ");
    let kept = run(&repo.root, &["freeze"]);
    insta::assert_snapshot!(kept.shown(&repo.root), @"
    changed  models/data.pkl  14 bytes instead of 5; it also names `app.Net`; it keeps its pin
    review what changed, then: weighbridge freeze --update models/data.pkl
    weighbridge.lock has 2 pins, as before
    exit 1
    ");
    assert_eq!(lock(&repo), before);
    let dry = run(&repo.root, &["freeze", "--update", "--dry-run"]);
    assert_eq!((dry.code, lock(&repo)), (0, before.clone()), "{dry:?}");
    let other = run(&repo.root, &["freeze", "--update", "models/net.pkl"]);
    assert_eq!((other.code, lock(&repo)), (0, before), "{other:?}");
    let updated = run(&repo.root, &["freeze", "--update", "models/data.pkl"]);
    insta::assert_snapshot!(updated.shown(&repo.root), @"
    updated  models/data.pkl  14 bytes instead of 5; it also names `app.Net`
    wrote weighbridge.lock: 2 pins; review and commit it
    exit 0
    ");
    assert_eq!(found(&check(&repo, &[])), [""; 0]);
    // The same size, format and names.
    repo.write("models/net.pkl", net(2));
    let changed = check(&repo, &[]);
    assert!(
        changed.stdout.contains("other bytes, of the same size"),
        "{changed:?}"
    );
    assert_eq!(changed.code, 1);
}

#[test]
fn a_renamed_file_keeps_its_pin_and_a_gone_one_on_request() {
    let repo = repo!();
    models(&repo);
    run(&repo.root, &["freeze"]);
    fs::rename(repo.root.join("models/net.pkl"), repo.root.join("net.pkl")).unwrap();
    fs::remove_file(repo.root.join("models/data.pkl")).unwrap();
    let stale = run(&repo.root, &["check", "--format", "concise"]);
    insta::assert_snapshot!(stale.shown(&repo.root), @"
    models/data.pkl: warning[pin-stale] weighbridge.lock pins this file, which is gone
    models/net.pkl: warning[pin-stale] weighbridge.lock pins this file, and net.pkl has its bytes now: it was renamed
    train.py:5:12: warning[joblib-load] `joblib.load` runs any code that the file names
    weighbridge: passed: with 3 warnings in 3 files
    weighbridge: checked: 1 artifact and 1 source file in the work tree
    weighbridge: policy: weighbridge.yaml
    exit 0
    ");
    // A look at a part says nothing of the rest.
    assert_eq!(found(&check(&repo, &["train.py"])), [""; 0]);
    assert_eq!(found(&check(&repo, &["--only", "*.py"])), [""; 0]);
    let moved = run(&repo.root, &["freeze", "net.pkl"]);
    insta::assert_snapshot!(moved.shown(&repo.root), @"
    renamed  net.pkl  from models/net.pkl
    wrote weighbridge.lock: 2 pins; review and commit it
    exit 0
    ");
    let kept = run(&repo.root, &["freeze"]);
    insta::assert_snapshot!(kept.shown(&repo.root), @"
    gone     models/data.pkl  it keeps its pin
    to remove pins: weighbridge freeze --prune models/data.pkl
    weighbridge.lock has 2 pins, as before
    exit 0
    ");
    let pruned = run(&repo.root, &["freeze", "--prune"]);
    insta::assert_snapshot!(pruned.shown(&repo.root), @"
    removed  models/data.pkl
    wrote weighbridge.lock: 1 pin; review and commit it
    exit 0
    ");
    assert_eq!(found(&check(&repo, &[])), [""; 0]);
    let nothing = run(&repo.root, &["freeze", "absent"]);
    insta::assert_snapshot!(nothing.shown(&repo.root), @"
    error: there is no file and no pin at `absent`
       │ help: paths are relative to the current folder
       ╰──
    exit 2
    ");
    let outside = run(&repo.root, &["freeze", "../absent"]);
    assert_eq!(outside.code, 2, "{outside:?}");
}

#[test]
fn what_is_refused_is_not_pinned_and_a_pin_allows_nothing() {
    let repo = repo!();
    repo.write("a.pkl", data(1));
    repo.write("evil.pkl", payload());
    let skipped = run(&repo.root, &["freeze"]);
    assert_eq!(skipped.code, 0);
    assert!(
        skipped
            .stdout
            .contains("skipped  evil.pkl  the policy refuses it: loading runs `posix.system"),
        "{skipped:?}"
    );
    assert!(!lock(&repo).contains("evil"));
    // A pin that was there does not let it pass either, and is not renewed.
    repo.write("a.pkl", payload());
    let update = run(&repo.root, &["freeze", "--update", "a.pkl"]);
    assert_eq!(update.code, 1, "{update:?}");
    assert!(
        update.stdout.contains("the policy refuses it"),
        "{update:?}"
    );
    let digest = sha256(&payload());
    let length = payload().len();
    let text = format!(
        "version: 1\nartifacts:\n  - path: a.pkl\n    sha256: {digest}\n    size: {length}\n"
    );
    repo.write(LOCK, text);
    let refused = check(&repo, &[]);
    assert_eq!(refused.code, 1);
    assert_eq!(found(&refused), [""; 0]);
    assert!(refused.stdout.contains("posix"), "{refused:?}");
}

fn sha256(bytes: &[u8]) -> String {
    let window = weighbridge::bytes::Window::new(bytes.to_vec());
    weighbridge::inventory::sha256(&window).unwrap()
}

#[test]
fn without_a_lock_file_one_finding_is_enough() {
    let repo = repo!();
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: strict\npins: {require: all}\n",
    );
    for name in ["a", "b", "c", "d", "e"] {
        repo.write(&format!("{name}.safetensors"), b"\x02\0\0\0\0\0\0\0{}");
    }
    let all = run(&repo.root, &["check"]);
    insta::assert_snapshot!(all.shown(&repo.root), @"
    ── a.safetensors ──────────────────────────────────────────────────── 1 error ──

    error[unpinned-artifact]: there is no lock file that pins the 5 files that the
      policy wants pinned: this one, b.safetensors, c.safetensors, d.safetensors and
      1 more
       ╭─ a.safetensors
       ├─ weighbridge.yaml:3
     3 │ pins: {require: all}
       │                 ─── `all` need a pin here
       │
       │ help: `weighbridge freeze` writes weighbridge.lock: review and commit it
       ╰──

    refused: 1 error in 1 file
    checked: 5 artifacts in the work tree
    policy:  weighbridge.yaml
    next:    weighbridge explain unpinned-artifact  why, and what to use instead
             weighbridge inspect a.safetensors      all that loading it would do
    exit 1
    ");
    assert_eq!(run(&repo.root, &["freeze"]).code, 0);
    let clean = run(&repo.root, &["check"]);
    assert_eq!(clean.code, 0, "{clean:?}");
    repo.write("f.safetensors", b"\x03\0\0\0\0\0\0\0{} ");
    let one = check(&repo, &[]);
    assert_eq!(
        (one.code, found(&one)),
        (1, vec![String::from("f.safetensors: unpinned-artifact")])
    );
    // What a policy says for some paths counts there.
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: strict\noverrides: [{paths: [f.*], pins: {require: never}}]\n",
    );
    assert_eq!(check(&repo, &[]).code, 0);
}

#[test]
fn a_folder_that_is_no_repository_needs_no_pins_unless_it_has_some() {
    let repo = repo!();
    let folder = repo.outside().join("downloads");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("net.pkl"), net(1)).unwrap();
    let policy = repo.outside().join("policy.yaml");
    fs::write(&policy, POLICY).unwrap();
    let policy = policy.to_str().unwrap();
    let looked = run(&repo.outside(), &["check", "downloads", "--policy", policy]);
    assert!(!looked.stdout.contains("unpinned"), "{looked:?}");
    let frozen = run(&folder, &["freeze", "--policy", policy]);
    assert_eq!(frozen.code, 0, "{frozen:?}");
    fs::write(folder.join("net.pkl"), net(2)).unwrap();
    let changed = run(&folder, &["check", "--policy", policy]);
    assert!(changed.stdout.contains("pin-mismatch"), "{changed:?}");
}

#[test]
fn branches_that_pin_neighbours_merge_and_others_are_resolved() {
    let repo = repo!();
    models(&repo);
    repo.write("models/a.pkl", data(7));
    repo.write("models/z.pkl", data(8));
    run(&repo.root, &["freeze"]);
    repo.git(&["add", "-A"]);
    repo.git_at("1700000000 +0000", &["commit", "-qm", "one"]);
    // Two branches each pin a neighbour of what the other pins.
    repo.git(&["switch", "-qc", "other"]);
    repo.write("models/data.pkl", data(2));
    run(&repo.root, &["freeze", "--update"]);
    repo.git_at("1700000001 +0000", &["commit", "-qam", "two"]);
    repo.git(&["switch", "-q", "main"]);
    repo.write("models/net.pkl", net(2));
    repo.write("models/a.pkl", data(9));
    run(&repo.root, &["freeze", "--update"]);
    repo.git_at("1700000002 +0000", &["commit", "-qam", "three"]);
    repo.git_at("1700000003 +0000", &["merge", "-q", "other"]);
    assert_eq!(run(&repo.root, &["freeze", "--check"]).code, 0);
    // Two branches pin different bytes of one file.
    for (branch, n) in [("left", 3), ("right", 4)] {
        repo.git(&["switch", "-qc", branch, "main"]);
        repo.write("models/net.pkl", net(n));
        repo.write(&format!("models/{branch}.pkl"), data(n));
        run(&repo.root, &["freeze", "--update"]);
        repo.git(&["add", "-A"]);
        repo.git_at("1700000004 +0000", &["commit", "-qm", branch]);
    }
    let merge = repo.try_git(&repo.root, &["merge", "-q", "left"]);
    assert!(!merge.status.success());
    let broken = run(&repo.root, &["check"]);
    insta::assert_snapshot!(broken.shown(&repo.root), @"
    error: git could not merge the lock file: two branches changed it
       ╭─ weighbridge.lock:21:1
    20 │   - path: models/net.pkl
    21 │ <<<<<<< HEAD
       │ ━━━━━━━━━━━━
    22 │     sha256: 3b6cbfd180c8d06ed1fc16f47e9885fbd96cba7fa88228155653b9b6c30af3…
       │
       │ help: run `weighbridge freeze`: it keeps the pins of both sides, of two for
       │       one file the one that the file matches; then `git add` the lock file
       ╰──
    exit 2
    ");
    // The author of the merge takes the other branch's file.
    repo.git(&["checkout", "-q", "left", "--", "models/net.pkl"]);
    let resolved = run(&repo.root, &["freeze"]);
    assert_eq!(resolved.code, 0, "{resolved:?}");
    assert!(
        resolved.stdout.contains("merged   models/net.pkl"),
        "{resolved:?}"
    );
    let lock = lock(&repo);
    assert!(
        lock.contains(&sha256(&net(3))) && !lock.contains(&sha256(&net(4))),
        "{lock}"
    );
    assert!(
        lock.contains("left.pkl") && lock.contains("right.pkl"),
        "{lock}"
    );
    assert_eq!(run(&repo.root, &["freeze", "--check"]).code, 0);
}

#[test]
fn a_change_is_compared_with_what_its_base_pins() {
    let repo = repo!();
    models(&repo);
    run(&repo.root, &["freeze"]);
    repo.git(&["add", "-A"]);
    repo.git_at("1700000000 +0000", &["commit", "-qm", "one"]);
    let commit = |branch: &str| {
        repo.git(&["add", "-A"]);
        repo.git_at("1700000001 +0000", &["commit", "-qm", branch]);
        let judged = check(&repo, &["--diff", "main...HEAD"]);
        repo.git(&["switch", "-q", "main"]);
        judged
    };
    // The file alone.
    repo.git(&["switch", "-qc", "file"]);
    repo.write("models/net.pkl", net(2));
    let judged = commit("file");
    assert_eq!(
        (judged.code, found(&judged)),
        (1, vec!["models/net.pkl: pin-mismatch".into()])
    );
    // With its pin, a reviewer is told.
    repo.git(&["switch", "-qc", "pinned"]);
    repo.write("models/net.pkl", net(3));
    repo.write("models/more.pkl", net(4));
    run(&repo.root, &["freeze", "--update"]);
    // The author is not told what the author did.
    repo.git(&["add", "-A"]);
    assert_eq!(found(&check(&repo, &["--staged"])), [""; 0]);
    let judged = commit("pinned");
    assert_eq!(
        (judged.code, found(&judged)),
        (0, vec!["weighbridge.lock: pins-changed".into()])
    );
    let told = run(&repo.root, &["check", "--diff", "main...pinned"]);
    let id = |name: &str| repo.git(&["rev-parse", "--short=7", name]);
    let text = told.shown(&repo.root);
    let text = text.replace(id("main").trim(), "BASE");
    insta::assert_snapshot!(text.replace(id("pinned").trim(), "TIP"), @"
    ── weighbridge.lock ─────────────────────────────────────────────── 1 warning ──

    warning[pins-changed]: the change pins other bytes for 1 file and pins 1 file
       ╭─ weighbridge.lock
       ╰──
    help: review the files that it pins:
    models/net.pkl: sha256 43b57b9070c259601095499c033b1f86cd220d034c281645d0afed89eb09c6f4 instead of 911ec8c979c9413d3bab0ce9dbfa0714b47f77807e80a080a0af2b6566e5aa05
    models/more.pkl: sha256 3b6cbfd180c8d06ed1fc16f47e9885fbd96cba7fa88228155653b9b6c30af369


    passed:  with 1 warning in 1 file
    checked: 2 artifacts in the change main...pinned (BASE..TIP)
    policy:  weighbridge.yaml at BASE (main)
    next:    weighbridge explain pins-changed  why, and what to use instead
    exit 0
    ");
    // The pin is removed, so that the file could change.
    repo.git(&["switch", "-qc", "removed"]);
    let without: String = lock(&repo)
        .split("  - path: models/net.pkl")
        .next()
        .unwrap()
        .into();
    repo.write(LOCK, without);
    repo.git(&["add", "-A"]);
    assert_eq!(
        found(&check(&repo, &["--staged"])),
        ["weighbridge.lock: pins-changed"]
    );
    repo.write("models/net.pkl", net(5));
    let judged = commit("removed");
    assert_eq!(judged.code, 1);
    assert_eq!(
        found(&judged),
        [
            "models/net.pkl: pin-mismatch",
            "weighbridge.lock: pins-changed"
        ]
    );
    // The file is deleted with its pin.
    repo.git(&["switch", "-qc", "deleted"]);
    fs::remove_file(repo.root.join("models/net.pkl")).unwrap();
    run(&repo.root, &["freeze", "--prune"]);
    let judged = commit("deleted");
    assert_eq!((judged.code, found(&judged)), (0, vec![]), "{judged:?}");
    // Only the file is deleted.
    repo.git(&["switch", "-qc", "left"]);
    fs::remove_file(repo.root.join("models/net.pkl")).unwrap();
    let judged = commit("left");
    assert_eq!(found(&judged), ["models/net.pkl: pin-stale"]);
    // A lock file that the change breaks ends the run.
    repo.git(&["switch", "-qc", "broken"]);
    repo.write(LOCK, "version: 1\nartifacts:\n  - path: /etc/passwd\n");
    let judged = commit("broken");
    assert_eq!(judged.code, 2, "{judged:?}");
    assert!(
        judged.stderr.contains("weighbridge.lock in the change"),
        "{judged:?}"
    );
}

#[test]
fn pointers_are_compared_without_their_content() {
    let repo = repo!();
    let pointer = |bytes: &[u8]| {
        format!(
            "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n",
            sha256(bytes),
            bytes.len()
        )
    };
    repo.write("weighbridge.yaml", POLICY);
    repo.write("net.pkl", net(1));
    run(&repo.root, &["freeze"]);
    repo.write("net.pkl", pointer(&net(1)));
    assert_eq!(found(&check(&repo, &[])), [""; 0]);
    repo.write("net.pkl", pointer(&net(2)));
    assert_eq!(found(&check(&repo, &[])), ["net.pkl: pin-mismatch"]);
    // What nobody looked at is not pinned.
    repo.write("more.pkl", pointer(&net(3)));
    let frozen = run(&repo.root, &["freeze"]);
    assert!(
        frozen
            .stdout
            .contains("skipped  more.pkl  its content is not here"),
        "{frozen:?}"
    );
    // git-annex names contents by their digest.
    let key = |bytes: &[u8]| {
        format!(
            "/annex/objects/SHA256E-s{}--{}.pkl\n",
            bytes.len(),
            sha256(bytes)
        )
    };
    repo.write("net.pkl", key(&net(1)));
    assert_eq!(found(&check(&repo, &[])), [""; 0]);
    repo.write("net.pkl", key(&net(2)));
    assert_eq!(found(&check(&repo, &[])), ["net.pkl: pin-mismatch"]);
    repo.write("net.pkl", key(&net(1)) + "more");
    assert_eq!(found(&check(&repo, &[])), ["net.pkl: pin-mismatch"]);
    repo.write("net.pkl", net(1));
    let bill = run(&repo.root, &["check", "--format", "cyclonedx"]).stdout;
    let bill: String = bill.split_whitespace().collect();
    assert!(
        bill.contains("\"weighbridge:pinned\",\"value\":\"true\""),
        "{bill}"
    );
    // DVC keeps an md5 beside a file that git ignores.
    repo.write(".gitignore", "/kept.pkl\n");
    repo.write("kept.pkl", net(4));
    assert!(!lock(&repo).contains("kept"));
    assert_eq!(run(&repo.root, &["freeze", "kept.pkl"]).code, 0);
    assert!(lock(&repo).contains("kept"));
    repo.write("kept.pkl", net(5));
    assert!(found(&check(&repo, &[])).contains(&"kept.pkl: pin-mismatch".into()));
    fs::remove_file(repo.root.join("kept.pkl")).unwrap();
    repo.write(
        "kept.pkl.dvc",
        "outs:\n- md5: 0123456789abcdef0123456789abcdef\n  path: kept.pkl\n",
    );
    let gone = run(&repo.root, &["check", "--format", "concise"]);
    assert!(
        gone.stdout
            .contains("only its md5 is here, 0123456789abcdef0123456789abcdef in kept.pkl.dvc"),
        "{gone:?}"
    );
}

#[cfg(unix)]
#[test]
fn names_that_are_not_utf_8_come_back() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};
    let repo = repo!();
    let name = OsStr::from_bytes(b"caf\xe9 'x'.pkl");
    fs::write(repo.root.join(name), data(1)).unwrap();
    assert_eq!(run(&repo.root, &["freeze"]).code, 0);
    assert!(
        lock(&repo).contains(r"  - path: 'caf\xe9 ''x''.pkl'"),
        "{}",
        lock(&repo)
    );
    assert_eq!(run(&repo.root, &["freeze", "--check"]).code, 0);
    fs::write(repo.root.join(name), data(2)).unwrap();
    assert_eq!(check(&repo, &[]).code, 1);
}

#[test]
fn the_lock_file_is_where_the_policy_says() {
    let repo = repo!();
    models(&repo);
    fs::create_dir(repo.root.join("ci")).unwrap();
    repo.write(
        "weighbridge.yaml",
        format!("{POLICY}pins: {{lock: ci/models.lock}}\n"),
    );
    let sub = repo.root.join("models");
    assert_eq!(run(&sub, &["freeze"]).code, 0);
    assert!(repo.root.join("ci/models.lock").is_file() && !repo.root.join(LOCK).exists());
    assert_eq!(found(&check(&repo, &[])), [""; 0]);
    let out = run(&sub, &["freeze", "--output", "-"]);
    assert!(out.stdout.starts_with("# The model files"), "{out:?}");
}
