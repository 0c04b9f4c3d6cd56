//! `weighbridge freeze --check --format`: what keeps a lock file from being current, as a report.

use serde_json::Value;

use super::freeze::{LOCK, data, lock, models, net};
use crate::support::{
    cli::run,
    pickle::payload,
    repo::{Repo, repo},
};

/// A repository whose lock file is not current in each of the ways that there are.
fn stale(repo: &Repo) {
    models(repo);
    for n in 2..6 {
        repo.write(&format!("models/{n}.pkl"), data(n));
    }
    assert_eq!(run(&repo.root, &["freeze"]).code, 0);
    repo.write("models/data.pkl", data(9))
        .write("models/new.pkl", net(7))
        .write("models/evil.pkl", payload())
        .write(
            "train.py",
            "import joblib\n\njoblib.load(\"models/net.pkl\")\n",
        );
    let path = |name: &str| repo.root.join("models").join(name);
    std::fs::rename(path("2.pkl"), path("two.pkl")).unwrap();
    std::fs::remove_file(path("3.pkl")).unwrap();
}

fn told(repo: &Repo, format: &str, arguments: &[&str]) -> (i32, String) {
    let all = [&["freeze", "--check", "--format", format], arguments].concat();
    let run = run(&repo.root, &all);
    assert_eq!(run.stderr, "", "{format}");
    (run.code, run.stdout)
}

/// Each finding: rule, path, message, the line of the lock file, what to run.
fn findings(text: &str) -> Vec<String> {
    let report: Value = serde_json::from_str(text).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    findings
        .map(|it| {
            assert_eq!(it["level"], "deny");
            format!(
                "{} {}: {} [{}:{}] {}",
                word(&it["rule"]),
                word(&it["path"]),
                word(&it["message"]),
                word(&it["decided_by"]["file"]),
                it["decided_by"]["line"],
                it["help"],
            )
        })
        .collect()
}

#[test]
fn each_difference_is_a_finding_and_nothing_else_is() {
    let repo = repo!();
    stale(&repo);
    let (code, text) = told(&repo, "json", &[]);
    assert_eq!(code, 1);
    insta::assert_snapshot!(findings(&text).join("\n"), @r#"
    lock-not-current models/3.pkl: weighbridge.lock pins this file, which is gone [weighbridge.lock:10] ["remove the pin, in the root of the repository:\nweighbridge freeze --prune models/3.pkl"]
    lock-not-current models/data.pkl: this is not the file that was pinned: other bytes, of the same size, format and names [weighbridge.lock:25] ["if the new file is meant, review it and pin it, in the root of the repository:\nweighbridge inspect models/data.pkl\nweighbridge freeze --update models/data.pkl"]
    lock-not-current models/net.pkl: what weighbridge.lock says of this file is no longer so: it is also loaded by `joblib.load in train.py`; it is no longer loaded by `joblib.load in train.py:load` [weighbridge.lock:30] ["write what is so now, in the root of the repository:\nweighbridge freeze models/net.pkl"]
    lock-not-current models/new.pkl: weighbridge.lock does not pin this file [-:null] ["review it, then pin it, in the root of the repository:\nweighbridge freeze models/new.pkl"]
    lock-not-current models/two.pkl: weighbridge.lock pins these bytes as models/2.pkl, which is gone: the file was renamed [weighbridge.lock:5] ["move the pin, in the root of the repository:\nweighbridge freeze models/two.pkl"]
    "#);
    let report: Value = serde_json::from_str(&text).unwrap();
    insta::assert_snapshot!(report["notices"], @r#"["models/evil.pkl gets no pin: the policy refuses it: loading runs `posix.system('true')`; the policy does not list `posix.system` (it runs a program or changes the system)"]"#);
    // As many as the text tells.
    let plain = run(&repo.root, &["freeze", "--check"]);
    let verbs = ["add ", "update ", "rename ", "changed ", "gone "];
    let lines = plain.stdout.lines();
    let lines = lines.filter(|line| verbs.iter().any(|verb| line.starts_with(verb)));
    assert_eq!(lines.count(), findings(&text).len(), "{plain:?}");
    // Some paths are asked about.
    let (code, text) = told(&repo, "json", &["models/new.pkl"]);
    assert_eq!((code, findings(&text).len()), (1, 1), "{text}");
    let (code, text) = told(&repo, "json", &["models/4.pkl"]);
    assert_eq!((code, findings(&text).len()), (0, 0), "{text}");
}

#[test]
fn every_format_ends_as_the_text_does() {
    let repo = repo!();
    stale(&repo);
    let formats = [
        "human",
        "concise",
        "plain",
        "json",
        "json-lines",
        "github",
        "sarif",
        "gitlab",
        "junit",
        "markdown",
        "html",
    ];
    for format in formats {
        let (code, text) = told(&repo, format, &[]);
        assert_eq!(code, 1, "{format}: {text}");
        let names = ["models/data.pkl", "models/new.pkl"];
        assert!(names.iter().all(|it| text.contains(it)), "{format}: {text}");
    }
    let text = run(&repo.root, &["freeze", "--check"]);
    assert_eq!(told(&repo, "human", &[]), (1, text.stdout));
    std::fs::remove_file(repo.root.join("models/evil.pkl")).unwrap();
    assert_eq!(run(&repo.root, &["freeze", "--update", "--prune"]).code, 0);
    for format in formats {
        let (code, text) = told(&repo, format, &[]);
        assert_eq!(code, 0, "{format}: {text}");
    }
    // A service asks for nothing but findings.
    let bill = run(&repo.root, &["freeze", "--check", "--format", "cyclonedx"]);
    assert_eq!(bill.code, 2, "{bill:?}");
    let written = run(&repo.root, &["freeze", "--format", "json"]);
    assert_eq!(written.code, 2, "{written:?}");
}

#[test]
fn annotations_and_test_results() {
    let repo = repo!();
    models(&repo);
    assert_eq!(run(&repo.root, &["freeze"]).code, 0);
    repo.write("models/data.pkl", data(9));
    insta::assert_snapshot!(told(&repo, "github", &[]).1, @"
    ::error file=models/data.pkl,line=1,title=weighbridge%3A lock-not-current::this is not the file that was pinned: other bytes, of the same size, format and names%0Ahelp: if the new file is meant, review it and pin it, in the root of the repository:%0Aweighbridge inspect models/data.pkl%0Aweighbridge freeze --update models/data.pkl
    refused: 1 error in 1 file
    checked: 2 artifacts in the work tree
    policy: weighbridge.yaml
    ");
    insta::assert_snapshot!(told(&repo, "junit", &[]).1, @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="weighbridge" tests="2" failures="1" errors="0">
      <testsuite name="weighbridge" tests="1" failures="0" errors="0" skipped="0">
        <properties>
          <property name="version" value="0.1.0"/>
          <property name="view" value="the work tree"/>
          <property name="policy" value="weighbridge.yaml"/>
        </properties>
        <testcase classname="weighbridge" name="there is something to check"/>
        <system-out>refused: 1 error in 1 file
    checked: 2 artifacts in the work tree
    policy: weighbridge.yaml</system-out>
      </testsuite>
      <testsuite name="models/data.pkl" tests="1" failures="1" errors="0" skipped="0">
        <testcase classname="models/data.pkl" name="lock-not-current" file="models/data.pkl" line="1"><failure message="this is not the file that was pinned: other bytes, of the same size, format and names" type="lock-not-current">Error, rule lock-not-current: this is not the file that was pinned: other bytes, of the same size, format and names.
    Decided by weighbridge.lock, line 5: - path: models/data.pkl
    Marked: models/data.pkl: sha256 0ceb44025b774f6d832ef369e77df71b6ff875dbb9c5a5bf6aa2b948c0f0dbbb.
    Help: if the new file is meant, review it and pin it, in the root of the repository:
    Help, continued: weighbridge inspect models/data.pkl
    Help, continued: weighbridge freeze --update models/data.pkl
    </failure></testcase>
      </testsuite>
    </testsuites>
    "#);
    let (_, sarif) = told(&repo, "sarif", &[]);
    let log: Value = serde_json::from_str(&sarif).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 1);
    let rules = log["runs"][0]["tool"]["driver"]["rules"]
        .as_array()
        .unwrap();
    let at = usize::try_from(results[0]["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(rules[at]["id"], "lock-not-current");
    assert_eq!(results[0]["level"], "error");
    let explained = run(&repo.root, &["explain", "lock-not-current"]);
    assert_eq!(explained.code, 0, "{explained:?}");
}

#[test]
fn a_conflict_in_the_lock_file_is_a_finding() {
    let repo = repo!();
    models(&repo);
    assert_eq!(run(&repo.root, &["freeze"]).code, 0);
    let whole = lock(&repo);
    let (head, pins) = whole.split_once("artifacts:\n").unwrap();
    repo.write(
        LOCK,
        format!("{head}artifacts:\n<<<<<<< HEAD\n{pins}=======\n{pins}>>>>>>> other\n"),
    );
    let (code, text) = told(&repo, "json", &[]);
    assert_eq!(code, 1, "{text}");
    insta::assert_snapshot!(findings(&text).join("\n"), @r#"lock-not-current weighbridge.lock: two branches changed this file, and git could not merge it [-:null] ["keep the pins of both, and where they differ those that the files match:\nweighbridge freeze"]"#);
}

#[test]
fn where_there_is_no_model_file_the_report_says_so() {
    let repo = repo!();
    repo.write("readme.txt", "x");
    let (code, text) = told(&repo, "json", &[]);
    assert_eq!(code, 3, "{text}");
    assert_eq!(findings(&text), [""; 0]);
}

#[test]
fn a_commit_is_reported_by_its_own_lock_file() {
    let repo = repo!();
    models(&repo);
    assert_eq!(run(&repo.root, &["freeze"]).code, 0);
    repo.write("models/data.pkl", data(9)).commit();
    let (code, text) = told(&repo, "json", &["--rev", "HEAD"]);
    assert_eq!(code, 1, "{text}");
    let found = findings(&text).join("\n");
    assert!(found.contains("[weighbridge.lock at "), "{found}");
}
