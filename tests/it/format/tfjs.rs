//! TensorFlow.js: operators of graphs, classes of layers, and files with weights.

use weighbridge::{bytes::Window, finding::Level, record::Recorder};

use crate::{
    rule::{judge, placed},
    support::{
        fixture::{Fixture, facts, told},
        oracle,
    },
};

const NAME: &str = "model.json";

fn graph(nodes: &str, library: &str, paths: &str) -> Vec<u8> {
    format!("{{\"format\": \"graph-model\", \"modelTopology\": {{\"node\": [\n{nodes}], \"library\": {{{library}}}}},\n\"weightsManifest\": [{{\"paths\": [{paths}], \"weights\": [{{\"name\": \"w\", \"shape\": [2, 3], \"dtype\": \"float32\"}}]}}]}}").into_bytes()
}

fn node(name: &str, operator: &str) -> String {
    format!("{{\"name\": \"{name}\", \"op\": \"{operator}\"}}")
}

fn layers(class: &str) -> Vec<u8> {
    format!("{{\"format\": \"layers-model\", \"modelTopology\": {{\"model_config\": {{\"class_name\": \"Sequential\", \"config\": {{\"layers\": [\n{{\"class_name\": \"{class}\", \"config\": {{\"units\": 4}}}}]}}}}}}, \"weightsManifest\": []}}").into_bytes()
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    vec![
        (
            "web_model.json",
            graph(&node("a", "Mine"), "", "\"../w.bin\""),
        ),
        ("other.json", layers("Lambda")),
    ]
}

fn about(file: Vec<u8>) -> String {
    placed(&judge(NAME, &facts(file, NAME)))
}

#[test]
fn graphs_name_operators_and_files() {
    let fine = graph(&node("a", "MatMul"), "", "\"group1-shard1of1.bin\"");
    assert_eq!(about(fine.clone()), "");
    assert!(told(&fine, "web.json").starts_with("[] is tfjs"));
    let function = "\"function\": [{\"signature\": {\"name\": \"own\"}, \"nodeDef\": [{\"name\": \"c\", \"op\": \"Inner\"}]}]";
    let nodes = [
        node("a", "Mine"),
        node("b", "own"),
        "{\"name\": \"d\", \"op\": 3}".to_owned(),
    ];
    let paths = "\"../w.bin\", \"https://example.org/w.bin\", \"a/b.bin\"";
    insta::assert_snapshot!(about(graph(&nodes.join(",\n"), function, paths)), @"
    a 2:21 custom-operator: the program uses the operator `Mine`, which is no part of TensorFlow.js and runs native code of a library
    c 4:114 custom-operator: the program uses the operator `Inner`, which is no part of TensorFlow.js and runs native code of a library
    5:32 file-outside: loading it opens the weights in `../w.bin`, which is outside of its folder: the path has a part `..`
    5:44 file-outside: loading it opens the weights in `https://example.org/w.bin`, which is outside of its folder: it is a URL
    d 4:21 unsafe-operator: the program calls an operator through another name, so that it could be any of them
    ");
    let mut recorder = Recorder::with_listing(0);
    weighbridge::format::read(&Window::new(fine), NAME.as_bytes(), &mut recorder);
    let tensors = recorder.take_tensors();
    assert_eq!(tensors[0].listed[0].bytes, 24);
}

#[test]
fn layers_are_those_of_keras() {
    assert_eq!(about(layers("Dense")), "");
    insta::assert_snapshot!(about(layers("Lambda")), @"2:16 global-not-allowed: loading runs `keras.layers.Lambda(...)`; the policy does not list `keras.layers.Lambda` (it makes code out of data)");
    insta::assert_snapshot!(about(layers("my_package>Mine")), @"2:16 global-not-allowed: loading runs `my_package.Mine(...)`; the policy does not list `my_package.Mine`");
}

#[test]
fn other_json_is_passed_over() {
    for text in [
        "{\"modelTopology2\": 1}",
        "{\"kind\": \"graph-model\"}",
        "[\"modelTopology\"]",
        "{}",
    ] {
        assert_eq!(told(text.as_bytes(), NAME), "", "{text}");
    }
    // Behind what a probe sees, and in escapes.
    let late = format!(
        "{{\"signature\": \"{}\", {}",
        "x".repeat(9_000),
        r#""modelTopology": {"node": [{"op": "Mine"}]}}"#
    );
    let escaped = r#"{"model\u0054opology": {"node": [{"op": "Mine"}]}}"#;
    for text in [late.as_str(), escaped] {
        assert!(
            about(text.as_bytes().to_vec()).contains("custom-operator"),
            "{text}"
        );
    }
    insta::assert_snapshot!(about(b"{\"modelTopology\": {".to_vec()), @"1:19 incomplete-read: it does not read to its end: EOF while parsing an object at line 1 column 19");
}

/// What the real converter writes passes.
#[test]
fn what_the_converter_writes_passes() {
    let Some(python) = oracle::python("tf_keras, tensorflow") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let answers = oracle::run(&python, "tfjs_models.py", &[dir.path().to_str().unwrap()]);
    for answer in &answers {
        let name = answer["file"].as_str().unwrap();
        let observed = facts(std::fs::read(dir.path().join(name)).unwrap(), NAME);
        let said: Vec<_> = judge(NAME, &observed)
            .into_iter()
            .filter(|f| f.level == Level::Deny || f.rule.id == "custom-operator")
            .map(|f| f.message)
            .collect();
        assert_eq!(said, [""; 0], "{name}");
        let is = "[] is tfjs";
        assert!(
            told(&std::fs::read(dir.path().join(name)).unwrap(), NAME).starts_with(is),
            "{name}"
        );
    }
    assert!(answers.len() >= 6, "{}", answers.len());
}
