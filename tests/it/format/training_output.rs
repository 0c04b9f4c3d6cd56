//! What training leaves beside a model passes untouched, under the names that its libraries give it.

use crate::support::{cli::run, oracle};

#[test]
fn what_training_leaves_beside_a_model_passes() {
    let Some(python) = oracle::python("torch, numpy") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().to_str().unwrap();
    let written = oracle::run(&python, "training_output.py", &[folder]);
    assert!(written.len() >= 12, "{written:?}");
    let all = run(dir.path(), &["check", "--format", "json"]);
    assert_eq!(all.code, 0, "{all:?}");
    let report: serde_json::Value = serde_json::from_str(&all.stdout).unwrap();
    assert_eq!(report["findings"], serde_json::json!([]), "{all:?}");
}
