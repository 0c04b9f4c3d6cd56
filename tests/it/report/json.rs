//! What a program reads.

use weighbridge::{
    fact::{Hop, Site, Text},
    finding::{Finding, Location, Subject},
    report::{Style, json::v1},
};

use crate::support::report::{GLOBAL, finding, only, report, torch_zip, written};

fn json(report: &weighbridge::verdict::Report) -> String {
    written("json", report, Style::default())
}

#[test]
fn one_of_everything() {
    let mut report = report();
    report.findings.truncate(4);
    let version = concat!("\"version\": \"", env!("CARGO_PKG_VERSION"), "\"");
    let text = json(&report).replace(version, "\"version\": \"[VERSION]\"");
    insta::assert_snapshot!("json", text);
}

/// The page's example is a report of this version, and nothing in it is unknown or missing.
#[test]
fn the_documented_example_is_what_the_types_say() {
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/json.md")).unwrap();
    let (_, rest) = page
        .split_once("```json\n")
        .expect("an example in docs/json.md");
    let (example, _) = rest.split_once("```").unwrap();
    let read: v1::Report = serde_json::from_str(example).unwrap();
    let again: serde_json::Value = serde_json::to_value(&read).unwrap();
    let raw: serde_json::Value = serde_json::from_str(example).unwrap();
    assert_eq!(again, raw);
    assert_eq!(read.version, v1::VERSION);
    // Every field that is written is on the page.
    let written: serde_json::Value = serde_json::from_str(&json(&report())).unwrap();
    let mut keys = Vec::new();
    collect(&written, &mut keys);
    for key in keys {
        assert!(
            page.contains(&format!("`{key}`")) || key.contains("torch") || key == "safetensors",
            "{key}"
        );
    }
}

fn collect(value: &serde_json::Value, keys: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(map) => {
            for (key, value) in map {
                keys.push(key.clone());
                collect(value, keys);
            }
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| collect(value, keys)),
        _ => {}
    }
}

/// What is written is what was found: reading it gives every string back exactly.
#[test]
fn strings_are_exact() {
    let name = crate::support::report::hostile();
    let report = only(vec![Finding {
        primary: Location {
            path: name.clone().into(),
            ..Location::default()
        },
        message: name.clone(),
        subject: Subject::Member(name.clone().into()),
        ..finding(&GLOBAL, "", "")
    }]);
    let read: v1::Report = serde_json::from_str(&json(&report)).unwrap();
    assert_eq!(read.findings[0].path, name);
    assert_eq!(read.findings[0].message, name);
    assert_eq!(read.findings[0].subject.name, name);
    assert_eq!(read.findings[0].path_hex, None);
}

#[test]
fn bytes_that_are_not_utf8_are_not_lost() {
    let name = Text::new(b"caf\xe9.pt");
    let report = only(vec![Finding {
        primary: Location {
            path: name.clone(),
            site: Site {
                hops: vec![Hop::Member {
                    name: name.clone(),
                    copy: 0,
                }],
                ..Site::default()
            },
            ..torch_zip().primary
        },
        subject: Subject::Member(name),
        ..torch_zip()
    }]);
    let read: v1::Report = serde_json::from_str(&json(&report)).unwrap();
    assert_eq!(read.findings[0].path, "caf\\xe9.pt");
    assert_eq!(read.findings[0].path_hex.as_deref(), Some("636166e92e7074"));
    assert_eq!(read.findings[0].subject.name_hex, ["636166e92e7074"]);
    assert!(matches!(&read.findings[0].site.hops[0],
        v1::Hop::Member { name_hex: Some(hex), .. } if hex == "636166e92e7074"));
}
