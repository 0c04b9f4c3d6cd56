//! Paths as the user would type them, and which policy judges what.

use std::{fs, path::Path};

use crate::support::{
    cli::{Run, run},
    repo::repo,
};

/// Runs a command when it is loaded.
const HOSTILE: &str = "cos\nsystem\n(S'true'\ntR.";
const ALLOWS: &str = "version: 1\nextends: recommended\noverrides: [{paths: [\"**\"], dangerous: true, reason: a test, rules: {global-not-allowed: allow}}]\n";
const POINTER: &str = "version https://git-lfs.github.com/spec/v1\n\
    oid sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae\nsize 30\n";

/// Every command that a report proposes does what it says, from where the user stands.
fn follow(folder: &Path, report: &Run) {
    let mut commands = 0;
    for line in report.stdout.lines() {
        let line = line.strip_prefix("next:").unwrap_or(line).trim_start();
        let Some(command) = line.strip_prefix("weighbridge ") else {
            continue;
        };
        let command = command.split("  ").next().unwrap();
        let words: Vec<&str> = command.split(' ').collect();
        let next = run(folder, &words);
        assert_eq!(next.code, 0, "{words:?}: {next:?}");
        commands += 1;
    }
    assert!(commands > 0, "{report:?}");
}

#[test]
fn from_a_subfolder() {
    let repo = repo!();
    repo.write("models/a.pkl", HOSTILE)
        .write("src/deep/b.pkl", HOSTILE);
    let deep = repo.root.join("src/deep");
    let report = run(&deep, &["check"]);
    assert!(
        report.stdout.contains("── ../../models/a.pkl ──"),
        "{report:?}"
    );
    assert!(
        report.stdout.contains("╭─ ../../models/a.pkl @ "),
        "{report:?}"
    );
    assert!(report.stdout.contains("── b.pkl ──"), "{report:?}");
    follow(&deep, &report);
    // Programs get paths that do not depend on where it ran.
    let json = run(&deep, &["check", "--format", "json"]).stdout;
    assert!(json.contains(r#""path": "models/a.pkl""#), "{json}");
    assert_eq!(json, run(&repo.root, &["check", "--format", "json"]).stdout);
}

#[test]
fn outside_any_repository() {
    let repo = repo!();
    let outside = repo.outside();
    fs::create_dir_all(outside.join("downloads")).unwrap();
    fs::create_dir_all(outside.join("work")).unwrap();
    fs::write(outside.join("downloads/a.pkl"), HOSTILE).unwrap();
    for (folder, path) in [
        (outside.clone(), "downloads/a.pkl"),
        (outside.clone(), "downloads"),
        (outside.join("work"), "../downloads/a.pkl"),
        (outside.join("downloads"), "a.pkl"),
    ] {
        let report = run(&folder, &["check", path]);
        let shown = if path == "downloads" {
            "downloads/a.pkl"
        } else {
            path
        };
        assert!(
            report.stdout.contains(&format!("── {shown} ──")),
            "{report:?}"
        );
        follow(&folder, &report);
    }
    let named = outside.join("downloads/a.pkl");
    follow(
        &repo.root,
        &run(&repo.root, &["check", named.to_str().unwrap()]),
    );
}

/// What was downloaded does not judge itself.
#[test]
fn a_folder_s_own_policy_counts_where_the_user_stands() {
    let repo = repo!();
    let outside = repo.outside();
    fs::create_dir_all(outside.join("downloads")).unwrap();
    fs::write(outside.join("downloads/a.pkl"), HOSTILE).unwrap();
    fs::write(outside.join("downloads/weighbridge.yaml"), ALLOWS).unwrap();
    assert_eq!(run(&outside, &["check", "downloads"]).code, 1);
    assert_eq!(run(&outside.join("downloads"), &["check"]).code, 0);
    fs::write(outside.join("weighbridge.yaml"), ALLOWS).unwrap();
    assert_eq!(run(&outside, &["check", "downloads"]).code, 0);
}

/// Pictures and archives that git-lfs keeps elsewhere are no reason to refuse a repository; models and source are.
#[test]
fn only_what_would_have_been_read_for_its_name_has_to_be_fetched() {
    let repo = repo!();
    repo.write("docs/photo.png", POINTER)
        .write("video.mp4", POINTER)
        .write("clean.py", "import torch\n");
    let report = run(&repo.root, &["check"]);
    assert_eq!(report.code, 0, "{report:?}");
    assert!(
        report.stdout.contains("passed:  1 source file in")
            || report.stdout.contains("passed: 1 source file in"),
        "{report:?}"
    );
    repo.write("models/a.pt", POINTER).write("b.py", POINTER);
    let report = run(&repo.root, &["check"]);
    assert_eq!(report.code, 1, "{report:?}");
    assert!(report.stdout.contains("2 errors in 2 files"), "{report:?}");
    assert!(
        report.stdout.contains("1 artifact and 2 source files"),
        "{report:?}"
    );
    assert!(
        report
            .stdout
            .contains("git lfs pull --include=models/a.pt\n"),
        "{report:?}"
    );
}

/// The advice, followed to the letter, leads from a refusal to a check that passes.
#[test]
fn advice_leads_to_a_check_that_passes() {
    let repo = repo!();
    repo.write("src/keep.txt", "")
        .write("models/a.pkl", "\u{0}")
        .write("b.pkl", "cmyapp.config\nSettings\n.");
    let folder = repo.root.join("src");
    let report = run(&folder, &["check"]);
    assert_eq!(report.code, 1, "{report:?}");
    assert!(
        report.stdout.contains("weighbridge policy init"),
        "{report:?}"
    );
    // It lands where it is read, wherever the user stands.
    assert_eq!(run(&folder, &["policy", "init"]).code, 0);
    let path = repo.root.join("weighbridge.yaml");
    // What several files need is printed once, as it is to stand in the file.
    let printed = report.stdout.lines();
    let printed: Vec<&str> = printed
        .skip_while(|line| *line != "version: 1")
        .take_while(|line| !line.is_empty())
        .collect();
    let text = printed.join("\n");
    fs::write(&path, text).unwrap();
    let report = run(&folder, &["check"]);
    assert_eq!(report.code, 0, "{report:?}");
    assert!(
        report.stdout.contains("1 excluded by the policy"),
        "{report:?}"
    );
    // A policy with errors is shown as a path that can be opened from here.
    fs::write(&path, "globals: {}\n").unwrap();
    let report = run(&folder, &["check"]);
    assert_eq!(report.code, 2, "{report:?}");
    assert!(
        report.stderr.contains("╭─ ../weighbridge.yaml:1:1"),
        "{report:?}"
    );
    assert!(
        report.stderr.contains("`extends: recommended`"),
        "{report:?}"
    );
}
