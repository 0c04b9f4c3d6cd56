//! What a repository is taken to have: what its branches and tags reach, and nothing else.

use std::path::Path;

use crate::support::{
    cli::{run, run_with_input},
    pickle::payload,
    repo::{Repo, repo},
};

/// A server with one commit, and a clone of it with a hostile commit that only `name` has on the server.
fn with_ref(repo: &Repo, name: &str) -> String {
    repo.write("x", "x\n").commit();
    let server = repo.outside().join("server.git");
    let server = server.to_str().unwrap();
    repo.git(&["clone", "-q", "--bare", ".", server]);
    repo.git(&["remote", "add", "origin", server]);
    repo.write("model.pkl", payload()).commit();
    repo.git(&["push", "-q", "origin", &format!("HEAD:{name}")]);
    repo.git(&["commit", "-q", "--allow-empty", "-m", "on top"]);
    repo.git(&["push", "-q", "origin", "HEAD:refs/keep/objects"]);
    server.to_owned()
}

#[test]
fn only_branches_and_tags_of_a_server_are_known_to_it() {
    for (name, config, code) in [
        ("refs/pull/1/head", None, 1),
        ("refs/merge-requests/1/head", None, 1),
        ("refs/notes/commits", None, 1),
        ("refs/heads/topic", None, 0),
        ("refs/tags/v1", None, 0),
        ("refs/heads/topic", Some("refs/heads/topic"), 1),
    ] {
        let repo = repo!();
        let server = with_ref(&repo, name);
        let folder = Path::new(&server);
        repo.git_in(folder, &["update-ref", "-d", "refs/keep/objects"]);
        if let Some(hidden) = config {
            repo.git_in(folder, &["config", "transfer.hideRefs", hidden]);
        }
        let (old, new) = (
            repo.git(&["rev-parse", "HEAD~2"]),
            repo.git(&["rev-parse", "HEAD"]),
        );
        let line = format!("{old} {new} refs/heads/main\n");
        let told = run_with_input(folder, &["hook", "run", "pre-receive"], &line);
        assert_eq!(told.code, code, "{name} {config:?} {told:?}");
    }
}

#[test]
fn only_where_branches_are_fetched_to_is_a_remote_known() {
    for (fetch, code) in [
        ("+refs/pull/*/head:refs/remotes/origin/pr/*", 1),
        ("+refs/heads/*:refs/remotes/origin/*", 0),
    ] {
        let repo = repo!();
        let own = if code == 1 {
            "refs/pull/1/head"
        } else {
            "refs/heads/topic"
        };
        let server = with_ref(&repo, own);
        repo.git(&["config", "--add", "remote.origin.fetch", fetch]);
        repo.git(&["fetch", "-q", "origin"]);
        let (old, new) = (
            repo.git(&["rev-parse", "HEAD~2"]),
            repo.git(&["rev-parse", "HEAD"]),
        );
        let line = format!("refs/heads/main {new} refs/heads/main {old}\n");
        let told = run_with_input(
            &repo.root,
            &["hook", "run", "pre-push", "origin", &server],
            &line,
        );
        assert_eq!(told.code, code, "{fetch} {told:?}");
    }
}

/// Two branches that were merged into each other. Both began with a checkpoint, one has removed it, the other keeps it.
fn criss_cross(repo: &Repo, first: &str, second: &str) {
    let at = |date: &str, arguments: &[&str]| {
        let date = format!("170000{date} +0000");
        repo.git_at(&date, arguments);
    };
    repo.write("old.pkl", payload()).write("a", "1\n");
    repo.git(&["add", "-A"]);
    at("0000", &["commit", "-q", "-m", "long ago"]);
    repo.git(&["checkout", "-q", "-b", "topic"]);
    repo.write("q", "q\n");
    repo.git(&["add", "-A"]);
    at(first, &["commit", "-q", "-m", "an honest change"]);
    let kept = repo.git(&["rev-parse", "HEAD"]);
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["rm", "-q", "old.pkl"]);
    at(second, &["commit", "-q", "-m", "the checkpoint is removed"]);
    at(
        "4000",
        &["merge", "-q", "--no-ff", "-m", "main takes topic", "topic"],
    );
    repo.git(&["checkout", "-q", "topic"]);
    at("5000", &["merge", "-q", "--no-ff", "--no-commit", "main~1"]);
    repo.git(&["checkout", "-q", &kept, "--", "old.pkl"]);
    at(
        "5000",
        &["commit", "-q", "-m", "topic takes main, and keeps it"],
    );
}

#[test]
fn a_change_is_counted_from_each_place_where_histories_part() {
    for (first, second) in [("1000", "2000"), ("3000", "2000")] {
        let repo = repo!();
        criss_cross(&repo, first, second);
        assert_eq!(
            repo.git(&["merge-base", "--all", "main", "topic"])
                .lines()
                .count(),
            2
        );
        let told = run(
            &repo.root,
            &["check", "--diff=main...topic", "--format=concise"],
        );
        assert_eq!(told.code, 1, "{told:?}");
        assert!(told.stdout.contains("old.pkl@"), "{told:?}");
        assert!(!told.stdout.contains("\nq"), "{told:?}");
        assert!(
            told.stdout.contains("were merged into each other"),
            "{told:?}"
        );
        for view in ["--history=main...topic", "--history=main..topic"] {
            let told = run(&repo.root, &["check", view, "--format=concise"]);
            assert!(
                told.code == 1 && told.stdout.contains("old.pkl@"),
                "{view} {told:?}"
            );
        }
        // What is there already is not introduced.
        repo.git(&["checkout", "-q", "main"]);
        repo.write("old.pkl", payload()).commit();
        let told = run(
            &repo.root,
            &["check", "--diff=main...topic", "--format=concise"],
        );
        assert_eq!(told.code, 0, "{told:?}");
    }
}
