//! What stands in the summary of a job.

use weighbridge::{
    finding::{Finding, HelpList, Level, Location},
    report::{self, COMMENT_BYTES, PathSpelling, SUMMARY_BYTES, Style},
    verdict::Report,
};

use crate::support::random::Random;
use crate::support::report::{
    GLOBAL, babble, decided, finding, global, hostile, hostile_report, hostile_text, only, opcode,
    report, source, torch_zip, written,
};

fn markdown(report: &Report) -> String {
    written("markdown", report, Style::default())
}

fn within(report: &Report, budget: usize) -> String {
    let mut out = Vec::new();
    report::markdown(report, &PathSpelling::default(), budget, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn one_of_everything() {
    let mut report = report();
    report.notices = vec!["the clone is shallow".to_owned()];
    insta::assert_snapshot!("markdown", markdown(&report));
}

#[test]
fn success_says_what_was_looked_at() {
    insta::assert_snapshot!(markdown(&only(vec![])), @"
    ## weighbridge: passed

    * **passed**: 1 artifact and 1 source file in the work tree
    * **policy**: recommended (built in)
    ");
}

#[test]
fn what_is_not_of_the_change_says_so() {
    let mut report = only(vec![torch_zip(), source()]);
    report.findings[1].on_change = false;
    report.findings[1].level = Level::Warn;
    let text = markdown(&report);
    assert!(text.contains("| files | on the change |"), "{text}");
    assert!(
        text.contains("| warning | `unsafe-load` | 1 | 1 | 0 |"),
        "{text}"
    );
    assert!(text.contains("(not touched by the change)"), "{text}");
}

/// Findings that no longer fit are counted, and the page stays whole.
#[test]
fn it_keeps_to_its_budget() {
    let findings: Vec<Finding> = (0..20_000)
        .map(|i| Finding {
            primary: Location {
                path: format!("models/{:05}.pt", i / 2).into(),
                site: opcode("data.pkl", i, "REDUCE"),
                ..torch_zip().primary
            },
            subject: global("m", &format!("f{i}")),
            message: format!("loading runs m.f{i}"),
            ..torch_zip()
        })
        .collect();
    let report = only(findings);
    for budget in [0, 16 << 10, COMMENT_BYTES, SUMMARY_BYTES] {
        let text = within(&report, budget);
        assert!(
            text.len() <= budget.max(16 << 10),
            "{budget}: {}",
            text.len()
        );
        assert!(text.len() > budget / 10 * 9, "{budget}: {}", text.len());
        let open = text.matches("<details").count();
        assert_eq!(open, text.matches("</details>").count());
        let (_, last) = text.trim_end().rsplit_once('\n').unwrap();
        let left: usize = last
            .split(' ')
            .next()
            .unwrap()
            .replace(',', "")
            .parse()
            .unwrap();
        let told = text.matches("**error** `").count();
        assert_eq!(told + left, 20_000, "{last}");
    }
    assert_eq!(markdown(&report), within(&report, SUMMARY_BYTES));
}

/// Names are code or plain words: nothing in them is a link, an image, a mention, a reference, a row or HTML.
#[test]
fn no_name_is_mark_up() {
    let names = [
        "@everyone",
        "#123",
        "GH-12",
        "o/r#1",
        "https://x.example/y",
        "www.x.example",
        "a@x.example",
        "![x](y)",
        "[x](y)",
        "<img src=x>",
        "<script>",
        "</details>",
        "<!--",
        "**b**",
        "__b__",
        "~~s~~",
        "a | b",
        "`",
        "``",
        "` `",
        "```",
        "a`b``c",
        "$x$",
        "&lt;",
        "\\",
        "- [ ] x",
        "1. x",
        "> x",
        "0123456789abcdef0123456789abcdef01234567",
        ":tada:",
        "`@x`@y`",
        "(`@z",
        "`)@w",
        "'deadbeef'",
        "(\"deadbeef\")",
    ];
    for name in names {
        for message in [
            name.to_owned(),
            format!("loading runs `{name}`; {name} ({name})"),
        ] {
            let one = Finding {
                primary: Location {
                    path: name.into(),
                    site: opcode(name, 1, "REDUCE"),
                    ..torch_zip().primary
                },
                message: message.clone(),
                help: HelpList::from_iter([format!("{message}\n{message}")]),
                decided_by: Some(decided(name, 3, "x", "x", &message)),
                ..torch_zip()
            };
            let mut report = only(vec![one]);
            report.view.clone_from(&message);
            report.policy.clone_from(&message);
            report.notices = vec![message.clone()];
            plain_outside_code(&markdown(&report));
        }
    }
    plain_outside_code(&markdown(&hostile_report(&hostile_text(), hostile)));
    let mut random = Random::new(11);
    for _ in 0..1000 {
        let babble = babble(&mut random);
        plain_outside_code(&markdown(&hostile_report(&babble.clone().into(), || {
            babble.clone()
        })));
    }
}

/// Reads blocks and spans of code as `CommonMark` does, and asserts that the rest is ours or plain.
fn plain_outside_code(text: &str) {
    let mut fence: Option<String> = None;
    for line in text.lines() {
        let ticks: String = line.chars().take_while(|c| *c == '`').collect();
        if let Some(open) = &fence {
            if ticks.len() >= open.len() && line.len() == ticks.len() {
                fence = None;
            }
            continue;
        }
        if ticks.len() >= 3 && line == format!("{ticks}text") {
            fence = Some(ticks);
            continue;
        }
        let rest = match line.strip_prefix("<details") {
            // In a block of HTML only entities and tags mean anything.
            Some(line) => {
                let line = line.strip_prefix(" open").unwrap_or(line);
                let line = line.strip_prefix("><summary><code>").expect(line);
                let (path, counts) = line.split_once("</code>: ").expect(line);
                assert!(!path.contains(['<', '>', '"', '\'']), "{line}");
                counts.strip_suffix("</summary>").expect(line).to_owned()
            }
            None if line == "</details>" => continue,
            None => without_spans(line),
        };
        let ours = [
            "* **",
            "* ",
            "**error**",
            "**warning**",
            "## weighbridge: ",
            "| ",
        ];
        let rest = ours.iter().fold(rest, |rest, ours| {
            rest.strip_prefix(ours).map_or(rest.clone(), str::to_owned)
        });
        let table = line.starts_with("| ");
        let closed = rest.replacen("**:", ":", 1);
        for word in closed.split(' ') {
            let bad = word.contains(['@', '#', '<', '&', '[', '*', '_', '~', '\\', '/', '`', '$'])
                || !table && word.contains('|')
                || word.contains("www")
                || word
                    .split(|c: char| !c.is_alphanumeric())
                    .any(|part| part == "deadbeef");
            assert!(!bad, "{word} in {line}");
        }
    }
    assert_eq!(fence, None);
}

/// A line without its spans of code: from a run of backticks to the next run of the same length.
fn without_spans(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let after = from.trim_start_matches('`');
        let run = from.len() - after.len();
        rest = behind(after, run).unwrap_or_else(|| {
            out.push_str(&"`".repeat(run));
            after
        });
    }
    out + rest
}

/// What is behind the next run of this many backticks.
fn behind(text: &str, run: usize) -> Option<&str> {
    let mut rest = text;
    loop {
        let (_, from) = rest.split_at(rest.find('`')?);
        rest = from.trim_start_matches('`');
        if from.len() - rest.len() == run {
            return Some(rest);
        }
    }
}

#[test]
fn a_finding_too_long_for_the_page_is_counted() {
    let one = Finding {
        help: HelpList::from_iter(["x\n".repeat(2 << 20)]),
        ..finding(&GLOBAL, "a.pkl", "x")
    };
    let text = markdown(&only(vec![one]));
    assert!(
        text.ends_with(
            "1 more finding is not shown. `weighbridge check --format concise` lists all.\n"
        ),
        "{text}"
    );
}
