//! The bill of materials. Whether it is valid, `tests/e2e/cyclonedx` asks the published schema.

use std::{collections::BTreeSet, fs, sync::Arc};

use serde_json::Value;
use weighbridge::{
    fact::{Commit, Introduction, Text},
    inventory::Artifact,
    report::Style,
    verdict::Report,
};

use crate::support::{
    cli::{finish, program},
    repo::repo,
    report::written,
};

fn bom(report: &Report) -> Value {
    serde_json::from_str(&written("cyclonedx", report, Style::default())).unwrap()
}

fn components(bom: &Value, kind: &str) -> Vec<Value> {
    let all = bom["components"].as_array().unwrap();
    all.iter()
        .filter(|component| component["type"] == kind)
        .cloned()
        .collect()
}

#[test]
fn a_repository_s_models_their_libraries_and_who_loads_them() {
    let repo = repo!();
    let weights = fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/corpus/state_dict.pth"
    ))
    .unwrap();
    let pipeline = fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/corpus/pipeline.pkl"
    ))
    .unwrap();
    repo.write("models/encoder.pth", &weights)
        .write("models/pipeline.pkl", pipeline);
    repo.write(
        "src/a.py",
        "import torch\nx = torch.load('../models/encoder.pth', weights_only=True)\n",
    );
    repo.write(
        "b.py",
        "import torch\nx = torch.load('models/encoder.pth', weights_only=True)\n",
    );
    repo.write(
        "c.py",
        "import torch\nx = torch.load('/srv/encoder.pth', weights_only=True)\n",
    );
    let run = |date: Option<&str>| {
        let mut command = program(&repo.root);
        command
            .args(["check", "--format", "cyclonedx"])
            .env_remove("SOURCE_DATE_EPOCH");
        if let Some(date) = date {
            command.env("SOURCE_DATE_EPOCH", date);
        }
        finish(&mut command).stdout
    };
    let text = run(None);
    assert_eq!(text, run(None), "the same each time");
    let bom: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&bom["bomFormat"], &bom["specVersion"]),
        (&"CycloneDX".into(), &"1.6".into())
    );
    assert_eq!(bom["metadata"]["component"]["name"], "repo");
    assert!(bom["metadata"].get("timestamp").is_none());
    let serial = bom["serialNumber"].as_str().unwrap();
    assert!(
        serial.starts_with("urn:uuid:") && serial.as_bytes()[23] == b'8',
        "{serial}"
    );

    let models = components(&bom, "machine-learning-model");
    assert_eq!(models.len(), 2);
    assert_eq!(models[0]["name"], "models/encoder.pth");
    let digest = models[0]["hashes"][0]["content"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        digest,
        data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(&weights))
    );
    let occurrences: Vec<(String, Value)> = models[0]["evidence"]["occurrences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|place| {
            (
                place["location"].as_str().unwrap().to_owned(),
                place["line"].clone(),
            )
        })
        .collect();
    // A path that is absolute elsewhere is not taken for this one.
    let expected = [
        ("models/encoder.pth", Value::Null),
        ("b.py", 2.into()),
        ("src/a.py", 2.into()),
    ];
    let expected: Vec<(String, Value)> = expected.map(|(at, line)| (at.to_owned(), line)).into();
    assert_eq!(occurrences, expected);

    let libraries: Vec<Value> = components(&bom, "library")
        .iter()
        .map(|library| library["purl"].clone())
        .collect();
    assert_eq!(
        libraries
            .iter()
            .filter(|purl| purl.as_str().unwrap().starts_with("pkg:pypi/scikit-learn@"))
            .count(),
        1,
        "{libraries:?}"
    );
    assert!(
        libraries.contains(&"pkg:pypi/torch".into()),
        "{libraries:?}"
    );

    // Every reference leads to a component, and every component is named once.
    let mut refs: BTreeSet<String> = ["root".to_owned()].into();
    for component in bom["components"].as_array().unwrap() {
        assert!(refs.insert(component["bom-ref"].as_str().unwrap().to_owned()));
    }
    let dependencies = bom["dependencies"].as_array().unwrap();
    assert_eq!(dependencies.len(), refs.len());
    for dependency in dependencies {
        assert!(refs.contains(dependency["ref"].as_str().unwrap()));
        for on in dependency["dependsOn"].as_array().into_iter().flatten() {
            assert!(refs.contains(on.as_str().unwrap()), "{on}");
        }
    }
    let dated: Value = serde_json::from_str(&run(Some("1700000000"))).unwrap();
    assert_eq!(dated["metadata"]["timestamp"], "2023-11-14T22:13:20Z");
}

#[test]
fn each_content_of_a_path_is_a_component() {
    let at = |commit: &str, sha256: &str| Artifact {
        path: Text::new(b"caf\xe9.pt"),
        formats: vec!["torch-zip".to_owned()],
        sha256: Some(sha256.to_owned()),
        introduced_by: Some(Arc::new(Introduction {
            commit: Commit {
                id: commit.to_owned(),
                time: 0,
                author: "a".into(),
                summary: "b".into(),
            },
            gone: true,
        })),
        ..Artifact::default()
    };
    let report = Report {
        artifacts: vec![at("c1", "aa"), at("c2", "bb"), at("c3", "bb")],
        ..Report::default()
    };
    let models = components(&bom(&report), "machine-learning-model");
    let refs: Vec<&Value> = models.iter().map(|model| &model["bom-ref"]).collect();
    assert_eq!(refs, ["artifact:caf%E9.pt@aa", "artifact:caf%E9.pt@bb"]);
    assert_eq!(models[0]["name"], "caf\\xe9.pt");
    let properties = models[0]["properties"].to_string();
    assert!(
        properties.contains("636166e92e7074") && properties.contains("weighbridge:gone"),
        "{properties}"
    );
}

use sha2::Digest as _;

/// The variable is many programs': only what tells a moment reads it.
#[test]
fn a_moment_that_is_none_stops_only_what_would_tell_it() {
    let repo = repo!();
    repo.write("a.py", "import torch\n");
    let run = |format: &str, date: &str| {
        let mut command = program(&repo.root);
        finish(
            command
                .args(["check", "--format", format])
                .env("SOURCE_DATE_EPOCH", date),
        )
    };
    assert_eq!(run("cyclonedx", "").code, 0);
    assert_eq!(run("concise", "yesterday").code, 0);
    let refused = run("cyclonedx", "yesterday");
    assert_eq!(refused.code, 2);
    assert!(
        refused.stderr.contains("SOURCE_DATE_EPOCH is `yesterday`"),
        "{}",
        refused.stderr
    );
}
