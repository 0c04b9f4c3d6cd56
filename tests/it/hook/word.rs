//! What a server says to the one who pushes.

use std::sync::Arc;

use weighbridge::{
    fact::{Commit, Introduction, Text},
    finding::Finding,
    report::{Style, push, removal_steps},
    verdict::Report,
};

use crate::support::report::{GLOBAL, finding, hostile, hostile_text, only};

fn introduction(mut finding: Finding, digit: char, summary: impl Into<Text>) -> Finding {
    finding.primary.introduced_by = Some(Arc::new(Introduction {
        commit: Commit {
            id: String::from(digit).repeat(40),
            time: 1,
            author: "a".into(),
            summary: summary.into(),
        },
        gone: false,
    }));
    finding
}

fn said(report: &Report) -> String {
    let style = Style {
        width: 72,
        ..Style::default()
    };
    let mut out = Vec::new();
    push(report, style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_push_of_many_files_is_told_in_short() {
    let mut findings = Vec::new();
    for n in 0..9 {
        for m in 0..=n {
            let path = format!("models/{n}.pt");
            let message = format!("loading runs `posix.system({m})`");
            findings.push(introduction(
                finding(&GLOBAL, &path, &message),
                'a',
                "add models",
            ));
        }
    }
    findings.push(introduction(
        finding(&GLOBAL, "models/0.pt", "loading runs more"),
        'b',
        "again",
    ));
    let mut report = only(findings);
    report.sort();
    let text = said(&report);
    insta::assert_snapshot!(text, @r#"
    weighbridge refuses this push: 46 errors in 10 files.

    models/0.pt
      introduced by aaaaaaaaaaaa "add models"
      global-not-allowed: loading runs `posix.system(0)`

    models/0.pt
      introduced by bbbbbbbbbbbb "again"
      global-not-allowed: loading runs more

    models/1.pt
      introduced by aaaaaaaaaaaa "add models"
      global-not-allowed: loading runs `posix.system(0)`
      global-not-allowed: loading runs `posix.system(1)`

    models/2.pt
      introduced by aaaaaaaaaaaa "add models"
      global-not-allowed: loading runs `posix.system(0)`
      global-not-allowed: loading runs `posix.system(1)`
      global-not-allowed: loading runs `posix.system(2)`

    models/3.pt
      introduced by aaaaaaaaaaaa "add models"
      global-not-allowed: loading runs `posix.system(0)`
      global-not-allowed: loading runs `posix.system(1)`
      global-not-allowed: loading runs `posix.system(2)`
      and 1 more

    And 35 errors in 5 other files.

    Deleting it in another commit does not remove it from the push: remove
    it from the commit that introduces it, or fix it there. If that is the
    last commit:
      git rm --cached models/0.pt
      git commit --amend --allow-empty
    If it is an earlier commit, mark it `edit` in
      git rebase -i aaaaaaaaaaaa^
    (--root instead, if it is the first of all), do the same, and finish
    with
      git rebase --continue
    To check before the next push: weighbridge hook install --pre-push
    policy: recommended (built in)
    "#);
    assert!(text.lines().count() < 50, "{text}");
}

#[test]
fn what_a_server_says_is_harmless_and_fits() {
    let mut finding = finding(&GLOBAL, "x", &format!("loading runs {}", hostile()));
    finding.primary.path = hostile_text();
    let report = only(vec![introduction(finding, 'c', hostile_text())]);
    let style = Style {
        width: 72,
        ..Style::default()
    };
    let mut advice = Vec::new();
    removal_steps(&report, style, &mut advice).unwrap();
    for text in [said(&report), String::from_utf8(advice).unwrap()] {
        for line in text.lines() {
            assert!(!line.chars().any(char::is_control), "{line:?}");
            assert!(line.chars().count() <= 72, "{line}");
            assert!(!line.trim_start().starts_with("::"), "{line}");
        }
        // A name that cannot be pasted is not part of a command.
        assert!(text.contains("git rm --cached FILE"), "{text}");
    }
}

#[test]
fn nothing_is_said_about_what_is_taken() {
    assert_eq!(said(&only(Vec::new())), "");
}
