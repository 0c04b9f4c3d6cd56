//! What a code-scanning service reads. Whether a real validator accepts it, `tests/e2e/sarif` asks.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::Value;
use weighbridge::{
    fact::{Commit, Hop, Introduction, Op, Place, Site, Text},
    finding::{Applicability, Disposition, Edit, Finding, Fix, Level, Location},
    limits,
    report::Style,
    verdict::Report,
};

use crate::support::report::{
    GLOBAL, INCOMPLETE, LOAD, decided, finding, only, opcode, report, source, torch_zip, whole,
    written,
};

fn sarif(report: &Report) -> Value {
    serde_json::from_str(&written("sarif", report, Style::default())).unwrap()
}

fn results(log: &Value) -> &Vec<Value> {
    log["runs"][0]["results"].as_array().unwrap()
}

/// One of everything, with a fix and something that an override lets pass.
fn full() -> Report {
    let mut report = report();
    report.findings.insert(
        0,
        Finding {
            fix: Some(Fix {
                base: None,
                title: "write `weights_only=True`".to_owned(),
                applicability: Applicability::Unsafe,
                edits: vec![Edit {
                    start: (12, 36),
                    end: (12, 36),
                    text: ", weights_only=True".to_owned(),
                }],
            }),
            ..source()
        },
    );
    report.sort();
    report.findings.push(Finding {
        level: Level::Allow,
        disposition: Disposition::Overridden {
            by: decided(
                "weighbridge.yaml",
                9,
                "      global-not-allowed: allow",
                "allow",
                "allowed here",
            ),
            reason: Some("a fixture of the tests".to_owned()),
        },
        ..torch_zip()
    });
    report
        .notices
        .push("history ends where the shallow clone does".to_owned());
    report
}

#[test]
fn everything_that_points_points_at_something() {
    let log = sarif(&full());
    assert_eq!(log["version"], "2.1.0");
    assert_eq!(log["runs"].as_array().unwrap().len(), 1);
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let logical = run["logicalLocations"].as_array().unwrap();
    let files = run["artifacts"].as_array().unwrap();
    let mut prints = BTreeSet::new();
    for result in results(&log) {
        let at = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[at]["id"], result["ruleId"]);
        assert!(matches!(
            result["level"].as_str(),
            Some("error" | "warning" | "note")
        ));
        let text = result["message"]["text"].as_str().unwrap();
        assert!(text.ends_with(['.', '!', '?', ':']), "{text}");
        let print = result["partialFingerprints"]["weighbridge/v1"]
            .as_str()
            .unwrap();
        assert_eq!(print.len(), 64);
        if result.get("suppressions").is_none() {
            assert!(prints.insert(print.to_owned()), "{print} twice");
        }
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uriBaseId"], "%SRCROOT%");
        let file = usize::try_from(place["artifactLocation"]["index"].as_u64().unwrap()).unwrap();
        assert_eq!(
            files[file]["location"]["uri"],
            place["artifactLocation"]["uri"]
        );
        assert!(place["region"]["startLine"].as_u64().unwrap() >= 1);
        for reference in result["locations"][0]["logicalLocations"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let at = usize::try_from(reference["index"].as_u64().unwrap()).unwrap();
            assert_eq!(
                logical[at]["fullyQualifiedName"],
                reference["fullyQualifiedName"]
            );
        }
    }
    for (at, place) in logical.iter().enumerate() {
        let parent = place.get("parentIndex").and_then(Value::as_u64);
        assert!(
            parent.is_none_or(|parent| usize::try_from(parent).unwrap() < at),
            "{place}"
        );
    }
    for rule in rules {
        for key in [
            "name",
            "shortDescription",
            "fullDescription",
            "help",
            "defaultConfiguration",
        ] {
            assert!(!rule[key].is_null(), "{rule}: {key}");
        }
        assert!(
            rule["help"]["markdown"]
                .as_str()
                .unwrap()
                .contains("weighbridge explain")
        );
        let severity: f64 = rule["properties"]["security-severity"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!(severity > 0.0 && severity <= 10.0);
        let tags = rule["properties"]["tags"].as_array().unwrap();
        assert!(tags.len() <= 10 && tags.contains(&"security".into()));
    }
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    // Whoever uploads the log says the category, unless it was asked for here.
    assert!(run["automationDetails"].is_null());
    assert_eq!(run["invocations"][0]["exitCode"], 1);
}

#[test]
fn the_category_is_the_one_that_was_asked_for() {
    let repo = crate::support::repo::repo!();
    repo.write(
        "a.py",
        "import torch\ntorch.load('x', weights_only=False)\n",
    );
    let id = |program: &mut std::process::Command| {
        let run = crate::support::cli::finish(program.args(["--format", "sarif"]));
        let log: Value = serde_json::from_str(&run.stdout).unwrap();
        log["runs"][0]["automationDetails"]["id"].clone()
    };
    let program = || {
        let mut program = crate::support::cli::program(&repo.root);
        program.arg("check");
        program
    };
    assert_eq!(id(&mut program()), Value::Null);
    for (asked, told) in [("nightly", "nightly/"), ("a/b", "a/b/"), ("x/", "x/")] {
        assert_eq!(id(program().args(["--sarif-category", asked])), told);
        assert_eq!(id(program().env("WEIGHBRIDGE_SARIF_CATEGORY", asked)), told);
    }
}

#[test]
fn a_member_s_opcode_is_a_logical_location() {
    let log = sarif(&only(vec![torch_zip()]));
    let run = &log["runs"][0];
    let names: Vec<&str> = run["logicalLocations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|place| place["fullyQualifiedName"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "models/resnet.pt!archive/data.pkl",
            "models/resnet.pt!archive/data.pkl@0x1f: posix.system"
        ]
    );
    assert_eq!(run["logicalLocations"][1]["parentIndex"], 0);
    let result = &results(&log)[0];
    // Its offset is one of the member's, which has no place in the file's bytes.
    assert_eq!(
        result["locations"][0]["physicalLocation"]["region"],
        serde_json::json!({ "startLine": 1 })
    );
    assert!(
        result["partialFingerprints"]["primaryLocationLineHash"]
            .as_str()
            .unwrap()
            .ends_with(":1")
    );
    let related = &result["relatedLocations"][0];
    assert_eq!(
        related["physicalLocation"]["artifactLocation"]["uri"],
        "weighbridge.yaml"
    );
    assert_eq!(related["physicalLocation"]["region"]["startLine"], 7);
}

/// The line of a policy that is not in the view, or not as it was when it judged, is told in words.
#[test]
fn a_policy_from_elsewhere_has_no_place_in_the_view() {
    for file in [
        "recommended.yaml (built in)",
        "weighbridge.yaml at 1234abcd",
        "/etc/policy.yaml",
        "../policy.yaml",
    ] {
        let line = decided(file, 7, "globals: []", "[]", "no entry here lists it");
        let log = sarif(&only(vec![Finding {
            decided_by: Some(line),
            ..torch_zip()
        }]));
        let related = &results(&log)[0]["relatedLocations"][0];
        assert!(related.get("physicalLocation").is_none(), "{related}");
        let text = related["message"]["text"].as_str().unwrap();
        assert_eq!(text, format!("{file}:7: no entry here lists it."));
    }
}

#[test]
fn a_bare_pickle_s_opcode_has_its_byte() {
    let site = |hops, offset| Site {
        hops,
        at: Place::Opcode {
            offset,
            op: Some(Op::REDUCE),
        },
    };
    for (hops, expected) in [
        (vec![], 7),
        (vec![Hop::Stream(3)], 7),
        (vec![Hop::From(100)], 107),
        (vec![Hop::From(100), Hop::Stream(1)], 107),
    ] {
        let log = sarif(&only(vec![Finding {
            primary: Location {
                site: site(hops, 7),
                ..whole("a.pkl")
            },
            ..finding(&GLOBAL, "a.pkl", "x")
        }]));
        let region = &results(&log)[0]["locations"][0]["physicalLocation"]["region"];
        assert_eq!(region["byteOffset"], expected, "{region}");
        assert_eq!(region["byteLength"], 1);
    }
}

#[test]
fn a_line_of_source_has_its_columns_its_text_and_its_surroundings() {
    let log = sarif(&only(vec![source()]));
    let place = &results(&log)[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["region"]["startColumn"], 12);
    assert_eq!(place["region"]["snippet"]["text"], " torch.loa");
    assert_eq!(place["contextRegion"]["startLine"], 11);
    assert_eq!(place["contextRegion"]["endLine"], 13);
    assert!(
        results(&log)[0]["partialFingerprints"]
            .get("primaryLocationLineHash")
            .is_none()
    );
}

#[test]
fn what_is_gone_is_not_to_be_edited() {
    let mut report = full();
    let fixes = |report: &Report| {
        let log = sarif(report);
        let fixed = |result: &&Value| result.get("fixes").is_some();
        results(&log).iter().filter(fixed).count()
    };
    for (gone, wanted) in [(false, 1), (true, 0)] {
        for finding in &mut report.findings {
            let commit = Commit {
                id: "0123456789abcdef".to_owned(),
                time: 0,
                author: Text::default(),
                summary: Text::default(),
            };
            finding.primary.introduced_by = Some(Arc::new(Introduction { commit, gone }));
        }
        assert_eq!(fixes(&report), wanted);
    }
}

#[test]
fn fixes_and_suppressions_are_told() {
    let log = sarif(&full());
    let fixed = results(&log)
        .iter()
        .find(|result| result.get("fixes").is_some())
        .unwrap();
    let replacement = &fixed["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(
        replacement["insertedContent"]["text"],
        ", weights_only=True"
    );
    assert_eq!(
        replacement["deletedRegion"]["startColumn"],
        replacement["deletedRegion"]["endColumn"]
    );
    let allowed: Vec<&Value> = results(&log)
        .iter()
        .filter(|result| result.get("suppressions").is_some())
        .collect();
    assert_eq!(allowed.len(), 1);
    assert_eq!(
        allowed[0]["suppressions"],
        serde_json::json!([{
            "kind": "external",
            "status": "accepted",
            "justification": "Allowed by weighbridge.yaml:9: a fixture of the tests",
        }])
    );
    // What is allowed is no part of the outcome.
    let mut only_allowed = full();
    only_allowed.findings.clear();
    assert_eq!(
        sarif(&only_allowed)["runs"][0]["invocations"][0]["exitCode"],
        0
    );
}

#[test]
fn of_too_many_results_the_most_important_are_kept() {
    let mut findings = Vec::new();
    for i in 0..6_000_u32 {
        findings.push(Finding {
            level: if i % 2 == 0 { Level::Warn } else { Level::Deny },
            on_change: i >= 5_990,
            ..finding(
                if i % 3 == 0 { &GLOBAL } else { &LOAD },
                &format!("f{i:05}.py"),
                "it loads",
            )
        });
    }
    let log = sarif(&only(findings));
    assert_eq!(results(&log).len(), limits::SARIF_RESULTS);
    let count = |level: &str| {
        results(&log)
            .iter()
            .filter(|result| result["level"] == level)
            .count()
    };
    assert_eq!((count("error"), count("warning")), (3_000, 2_000));
    let last = &results(&log)[limits::SARIF_RESULTS - 1];
    assert_eq!(
        last["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "f05999.py"
    );
    let said = log["runs"][0]["invocations"][0]["toolExecutionNotifications"].to_string();
    assert!(said.contains("1000 further results are left out"), "{said}");
}

#[test]
fn what_was_not_read_is_a_notification() {
    let mut report = only(vec![finding(
        &INCOMPLETE,
        "models/large.pt",
        "the bytes are not here",
    )]);
    report.coverage.incomplete = 1;
    let log = sarif(&report);
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let said = &invocation["toolExecutionNotifications"][0];
    assert_eq!(said["descriptor"]["id"], "not-read-whole");
    assert_eq!(said["message"]["text"], "The bytes are not here.");
    assert_eq!(
        said["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "models/large.pt"
    );
    assert_eq!(results(&log).len(), 1);
}

#[test]
fn a_path_is_a_uri_whatever_its_bytes() {
    for (path, uri) in [
        (&b"caf\xe9.pt"[..], "caf%E9.pt"),
        ("größe/ü.py".as_bytes(), "gr%C3%B6%C3%9Fe/%C3%BC.py"),
        (b"a:b/c d#e?f%g.pt", "a%3Ab/c%20d%23e%3Ff%25g.pt"),
        (b"x\n::error::.pt", "x%0A%3A%3Aerror%3A%3A.pt"),
    ] {
        let log = sarif(&only(vec![Finding {
            primary: Location {
                path: Text::new(path),
                ..torch_zip().primary
            },
            ..torch_zip()
        }]));
        assert_eq!(
            results(&log)[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            uri
        );
    }
}

#[test]
fn a_result_is_the_same_one_after_the_file_was_saved_again() {
    let print = |site: Site| {
        let log = sarif(&only(vec![Finding {
            primary: Location {
                site,
                ..torch_zip().primary
            },
            ..torch_zip()
        }]));
        results(&log)[0]["partialFingerprints"].clone()
    };
    assert_eq!(
        print(opcode("archive/data.pkl", 31, "REDUCE")),
        print(opcode("archive/data.pkl", 99, "REDUCE"))
    );
    // `torch.save` names the folder after the file.
    assert_eq!(
        print(opcode("archive/data.pkl", 31, "REDUCE")),
        print(opcode("other/data.pkl", 31, "REDUCE"))
    );
    assert_ne!(
        print(opcode("archive/data.pkl", 31, "REDUCE")),
        print(opcode("archive/other.pkl", 31, "REDUCE"))
    );
}

#[test]
fn an_empty_run_is_a_log() {
    let log = sarif(&Report::default());
    assert!(results(&log).is_empty());
    assert_eq!(
        log["runs"][0]["invocations"][0]["executionSuccessful"],
        true
    );
}
