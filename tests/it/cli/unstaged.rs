//! What is staged is judged by what is staged: where a policy, a baseline or a lock file is only on disk, the message says how to stage it.

use std::fs;

use crate::support::{
    cli::run,
    repo::{Repo, repo},
};

const NET: &[u8] = b"\x80\x02capp.models\nNet\n)\x81}b.";
const HEAD: &str = "version: 1\nextends: recommended\n";

fn plain(text: &str) -> String {
    let words = text.split_whitespace();
    words
        .filter(|word| *word != "│")
        .collect::<Vec<_>>()
        .join(" ")
}

/// Does what is printed, in the folder in which it was printed.
fn stage(repo: &Repo, folder: &str, said: &str) {
    let text = plain(said);
    let (_, command) = text.split_once("`git add ").expect(&text);
    let (path, _) = command.split_once('`').unwrap();
    let command = format!("cd {} && git add {path}", repo.root.join(folder).display());
    let done = std::process::Command::new("sh")
        .args(["-c", &command])
        .status();
    assert!(done.unwrap().success(), "{command}");
}

#[test]
fn an_edit_of_the_policy_that_is_not_staged_is_named() {
    for folder in ["", "deep/er"] {
        let repo = repo!();
        fs::create_dir_all(repo.root.join("deep/er")).unwrap();
        let here = repo.root.join(folder);
        repo.write("weighbridge.yaml", HEAD).commit();
        repo.write("net.pkl", NET).git(&["add", "-A"]);
        let hook = ["hook", "run", "pre-commit"];
        let first = run(&here, &hook);
        assert_eq!(first.code, 1);
        assert!(!first.stdout.contains("git add"), "{first:?}");
        assert_eq!(run(&repo.root, &["policy", "allow", "net.pkl"]).code, 0);
        let second = run(&here, &hook);
        assert_eq!(second.code, 1);
        assert!(
            plain(&second.stdout)
                .contains("weighbridge.yaml has changes that are not staged and do not count"),
            "{second:?}"
        );
        stage(&repo, folder, &second.stdout);
        assert_eq!(run(&here, &hook).code, 0);
    }
}

#[test]
fn a_policy_a_parent_and_a_baseline_that_are_only_on_disk_are_named() {
    let repo = repo!();
    repo.write("app.py", "1\n").commit();
    repo.write("net.pkl", NET).git(&["add", "net.pkl"]);
    let check = ["check", "--staged"];
    repo.write("-org.yaml", HEAD).write(
        "weighbridge.yaml",
        "version: 1\nextends: -org.yaml\nbaseline: our baseline.json\n",
    );
    let no_policy = run(&repo.root, &check);
    assert_eq!(no_policy.code, 1);
    stage(&repo, "", &no_policy.stdout);
    let no_parent = run(&repo.root, &check);
    assert_eq!(no_parent.code, 2);
    insta::assert_snapshot!(no_parent.stderr, @"
    error: the policy `-org.yaml in the index` cannot be read: entity not found
       ╭─ weighbridge.yaml in the index:2:10
     1 │ version: 1
     2 │ extends: -org.yaml
       │          ━━━━━━━━━
     3 │ baseline: our baseline.json
       │
       │ help: it is on disk, and only there: `git add ./-org.yaml` records it
       ╰──
    ");
    stage(&repo, "", &no_parent.stderr);
    let no_baseline = run(&repo.root, &check);
    assert_eq!(no_baseline.code, 2);
    assert!(!no_baseline.stderr.contains("git add"), "{no_baseline:?}");
    assert_eq!(run(&repo.root, &["baseline", "create"]).code, 0);
    let no_baseline = run(&repo.root, &check);
    assert_eq!(no_baseline.code, 2);
    insta::assert_snapshot!(no_baseline.stderr, @"
    error: the policy names a baseline, our baseline.json in the index, that cannot
      be read: entity not found
       │ help: it is on disk, and only there: `git add 'our baseline.json'` records
       │       it
       ╰──
    ");
    stage(&repo, "", &no_baseline.stderr);
    assert_eq!(run(&repo.root, &check).code, 0);
    // A policy that is named is that of the disk.
    repo.write("other.yaml", HEAD);
    let named = run(&repo.root, &["check", "--staged", "--policy", "other.yaml"]);
    assert!(!named.stdout.contains("git add"), "{named:?}");
}

#[test]
fn a_lock_file_that_is_not_staged_is_named() {
    let repo = repo!();
    repo.write(
        "weighbridge.yaml",
        format!("{HEAD}pins: {{require: all}}\nrules: {{unpinned-artifact: deny}}\n"),
    )
    .commit();
    repo.write("plain.pkl", "N.").git(&["add", "-A"]);
    assert_eq!(run(&repo.root, &["freeze"]).code, 0);
    let check = ["check", "--staged"];
    let unpinned = run(&repo.root, &check);
    assert_eq!(unpinned.code, 1, "{unpinned:?}");
    assert!(
        plain(&unpinned.stdout).contains("weighbridge.lock is not in the index and does not count"),
        "{unpinned:?}"
    );
    stage(&repo, "", &unpinned.stdout);
    assert_eq!(run(&repo.root, &check).code, 0);
    // What git may do to line ends is no change.
    let lock = repo.root.join("weighbridge.lock");
    let text = fs::read_to_string(&lock).unwrap().replace('\n', "\r\n");
    fs::write(&lock, text).unwrap();
    repo.write("other.pkl", "N.").git(&["add", "other.pkl"]);
    let run = run(&repo.root, &check);
    assert!(!run.stdout.contains("git add"), "{run:?}");
}
