//! What a program reads line by line.

use weighbridge::{
    report::{
        Style,
        json::{lines::Line, v1},
    },
    verdict::Report,
};

use crate::support::report::{hostile, hostile_report, hostile_text, report, written};

fn lines(report: &Report) -> Vec<Line> {
    written("json-lines", report, Style::default())
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The same findings, in the same words and order, as in the report in one piece.
#[test]
fn they_say_what_json_says() {
    for report in [
        report(),
        hostile_report(&hostile_text(), hostile),
        Report::default(),
    ] {
        let whole: v1::Report =
            serde_json::from_str(&written("json", &report, Style::default())).unwrap();
        let mut lines = lines(&report);
        let Some(Line::Summary(summary)) = lines.pop() else {
            panic!("the last line is no summary");
        };
        let findings: Vec<v1::Finding> = lines
            .into_iter()
            .map(|line| match line {
                Line::Finding(finding) => finding,
                Line::Summary(_) => panic!("two summaries"),
            })
            .collect();
        assert_eq!(findings, whole.findings);
        assert_eq!(summary.findings, findings.len());
        let again = serde_json::to_value(&whole).unwrap();
        let mut summary = serde_json::to_value(&summary).unwrap();
        summary["findings"] = again["findings"].clone();
        assert_eq!(summary, again);
    }
}

#[test]
fn the_documented_lines_are_what_the_types_say() {
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/json.md")).unwrap();
    let (_, rest) = page.split_once("```json-lines\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    for line in example.lines() {
        let read: Line = serde_json::from_str(line).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), line);
    }
}

#[test]
fn fingerprints_are_unique_and_stay() {
    let report = report();
    let of = |report: &Report| -> Vec<String> {
        lines(report)
            .into_iter()
            .filter_map(|line| match line {
                Line::Finding(finding) => Some(finding.fingerprint),
                Line::Summary(_) => None,
            })
            .collect()
    };
    let mut prints = of(&report);
    assert_eq!(prints, of(&report));
    assert!(prints.iter().all(|print| print.len() == 64));
    prints.sort_unstable();
    prints.dedup();
    assert_eq!(prints.len(), report.findings.len());
}
