//! Core ML: classes that layers, operators and models name, files of a package, and what the real library writes.

use weighbridge::finding::Level;

use crate::{
    rule::{judge, placed},
    support::{
        fixture::{Fixture, facts, told},
        oracle,
        protobuf::{bytes, number},
    },
};

const NAME: &str = "model.mlmodel";

/// A model of a kind.
fn model(kind: u64, message: Vec<u8>) -> Vec<u8> {
    let description = bytes(2, bytes(1, bytes(1, "x")));
    [number(1, 4), description, bytes(kind, message)].concat()
}

fn custom(class: &str) -> Vec<u8> {
    [bytes(10, class), bytes(40, "what it does")].concat()
}

fn layer(name: &str, kind: u64, message: Vec<u8>) -> Vec<u8> {
    let of = [
        bytes(1, name),
        bytes(2, "in"),
        bytes(3, "out"),
        bytes(kind, message),
    ];
    bytes(1, of.concat())
}

/// An entry of a mapping.
fn entry(key: &str, value: Vec<u8>) -> Vec<u8> {
    [bytes(1, key), bytes(2, value)].concat()
}

/// A value that is a text.
fn text(text: &str) -> Vec<u8> {
    bytes(3, bytes(1, bytes(4, bytes(1, text))))
}

fn operation(kind: &str, name: &str, more: &[Vec<u8>]) -> Vec<u8> {
    let of = [bytes(1, kind), bytes(3, bytes(1, name)), more.concat()];
    bytes(3, of.concat())
}

fn program(operations: &[Vec<u8>]) -> Vec<u8> {
    let block = bytes(3, entry("CoreML5", operations.concat()));
    let function = bytes(2, entry("main", [bytes(2, "CoreML5"), block].concat()));
    model(502, [number(1, 1), function].concat())
}

/// A constant in a file.
fn weights(path: &str) -> Vec<u8> {
    let value = bytes(5, [bytes(1, path), number(2, 64)].concat());
    operation("const", "w", &[bytes(5, entry("val", value))])
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    let class = bytes(5, entry("class_name", text("Mine")));
    let inner = [
        operation("custom_layer", "c", &[class]),
        weights("@model_path/weights/weight.bin"),
    ];
    let loop_ = bytes(4, inner.concat());
    vec![
        (NAME, model(500, layer("l", 500, custom("Mine")))),
        (
            "program.mlmodel",
            program(&[operation("while_loop", "l", &[loop_])]),
        ),
        ("Manifest.json", manifest("../../model.mlmodel")),
    ]
}

fn manifest(path: &str) -> Vec<u8> {
    format!("{{\n  \"fileFormatVersion\": \"1.0.0\",\n  \"itemInfoEntries\": {{\"id\": {{\"name\": \"m\", \"path\": \"{path}\"}}}}\n}}").into_bytes()
}

fn about(file: Vec<u8>) -> String {
    placed(&judge(NAME, &facts(file, NAME)))
}

#[test]
fn layers_and_models_name_classes() {
    let network = |layers: Vec<u8>| model(500, layers);
    assert_eq!(about(network(layer("a", 140, number(1, 4)))), "");
    let branch = [
        bytes(1, layer("then", 500, custom("Then"))),
        bytes(2, layer("else", 500, custom("Else"))),
    ];
    let loop_ = [
        bytes(3, layer("condition", 500, custom("Condition"))),
        bytes(4, layer("body", 500, custom("Body"))),
    ];
    let classifier = model(403, layer("c", 500, custom("OfClassifier")));
    let all = [
        network(layer("a", 500, custom("MyLayer"))),
        network(layer("b", 605, branch.concat())),
        network(layer("l", 615, loop_.concat())),
        model(555, custom("MyModel")),
        model(202, [bytes(1, classifier), bytes(2, "first")].concat()),
        model(200, bytes(1, bytes(1, model(555, custom("InPipeline"))))),
        model(3000, [bytes(1, "com.apple.form"), bytes(2, "x")].concat()),
    ]
    .map(about);
    insta::assert_snapshot!(all.join("\n--\n"), @"
    a custom-operator: the program uses the operator `customLayer[MyLayer]`, which is no part of Core ML and runs native code of a library
    --
    then custom-operator: the program uses the operator `customLayer[Then]`, which is no part of Core ML and runs native code of a library
    else custom-operator: the program uses the operator `customLayer[Else]`, which is no part of Core ML and runs native code of a library
    --
    condition custom-operator: the program uses the operator `customLayer[Condition]`, which is no part of Core ML and runs native code of a library
    body custom-operator: the program uses the operator `customLayer[Body]`, which is no part of Core ML and runs native code of a library
    --
     custom-operator: the program uses the operator `customModel[MyModel]`, which is no part of Core ML and runs native code of a library
    --
    c custom-operator: the program uses the operator `customLayer[OfClassifier]`, which is no part of Core ML and runs native code of a library
    --
     custom-operator: the program uses the operator `customModel[InPipeline]`, which is no part of Core ML and runs native code of a library
    --
     custom-operator: the program hands a part of itself to the delegate `serializedModel[com.apple.form]`: its payload is in a form of its own, which is not read
    ");
}

#[test]
fn programs_name_operators_and_files() {
    let class = bytes(5, entry("class_name", text("Mine")));
    let inside = bytes(4, operation("own_operator", "i", &[]));
    let nested = bytes(3, bytes(3, bytes(1, weights_value("/etc/passwd"))));
    let fine = [
        operation("conv", "c", &[]),
        weights("@model_path/weights/weight.bin"),
    ];
    assert_eq!(about(program(&fine)), "");
    let all = [
        program(&[operation("custom_layer", "c", &[class])]),
        program(&[operation("custom_layer", "c", &[])]),
        program(&[operation("cond", "c", &[inside])]),
        program(&[weights("@model_path/../../secret"), weights("/etc/passwd")]),
        program(&[operation("const", "w", &[bytes(5, entry("val", nested))])]),
    ]
    .map(about);
    insta::assert_snapshot!(all.join("\n--\n"), @"
    c custom-operator: the program uses the operator `custom_layer[Mine]`, which is no part of Core ML and runs native code of a library
    --
    c custom-operator: the program uses the operator `custom_layer[]`, which is no part of Core ML and runs native code of a library
    --
    i custom-operator: the program uses the operator `own_operator`, which is no part of Core ML and runs native code of a library
    --
     file-outside: loading it opens the weights in `../../secret`, which is outside of its folder: the path has a part `..`
     file-outside: loading it opens the weights in `/etc/passwd`, which is outside of its folder: the path begins at the root
    --
     file-outside: loading it opens the weights in `/etc/passwd`, which is outside of its folder: the path begins at the root
    ");
    // A value of an input.
    let binding = bytes(1, bytes(2, weights_value("../up.bin")));
    let input = bytes(2, entry("x", binding));
    insta::assert_snapshot!(about(program(&[operation("conv", "c", &[input])])), @" file-outside: loading it opens the weights in `../up.bin`, which is outside of its folder: the path has a part `..`");
}

fn weights_value(path: &str) -> Vec<u8> {
    bytes(5, bytes(1, path))
}

#[test]
fn linked_models_and_packages_stay_in_their_folder() {
    let of = |name: &str| model(556, bytes(1, bytes(1, bytes(1, name))));
    assert_eq!(about(of("other.mlmodelc")), "");
    insta::assert_snapshot!(about(of("../../other.mlmodelc")), @" file-outside: loading it opens the model `../../other.mlmodelc`, which is outside of its folder: the path has a part `..`");
    let of = |path: &str| {
        placed(&judge(
            "Manifest.json",
            &facts(manifest(path), "Manifest.json"),
        ))
    };
    assert_eq!(of("com.apple.CoreML/model.mlmodel"), "");
    insta::assert_snapshot!(of("../../../model.mlmodel"), @"3:51 file-outside: loading it opens the file `../../../model.mlmodel`, which is outside of its folder: the path has a part `..`");
    assert_eq!(
        told(b"{\"name\": \"page\", \"type\": \"x\"}", "manifest.json"),
        ""
    );
}

#[test]
fn what_breaks_a_model_is_said() {
    let all = [
        model(500, layer("l", 99, vec![])),
        model(500, bytes(7, "")),
        [model(500, vec![]), bytes(2, "")].concat(),
        [number(1, 4), bytes(2, "")].concat(),
        b"text".to_vec(),
        vec![],
    ]
    .map(about);
    insta::assert_snapshot!(all.join("\n--\n"), @"
     incomplete-read: it does not read to its end: field 99, which `NeuralNetworkLayer` does not have in this form
    --
     incomplete-read: it does not read to its end: field 7, which `NeuralNetwork` does not have in this form
    --
     incomplete-read: it does not read to its end: field 2 twice, which `Model` has once
    --
     incomplete-read: it does not read to its end: `Model` lacks field 500
    --
     incomplete-read: it does not read to its end: field 14, which `Model` does not have in this form
    --
     unknown-artifact: it is named like a model file and holds nothing: the file is empty
    ");
    // Under another name, only what is one.
    assert_eq!(told(&[number(1, 4), bytes(2, "")].concat(), "a.bin"), "");
    assert_eq!(told(&model(602, vec![]), "a.bin"), "[] is coreml");
}

/// What the real library writes passes, but for the classes that it names.
#[test]
fn what_the_library_writes_passes() {
    let Some(python) = oracle::python("coremltools") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let answers = oracle::run(&python, "coreml_models.py", &[dir.path().to_str().unwrap()]);
    for answer in &answers {
        let name = answer["file"].as_str().unwrap();
        let last = name.rsplit('/').next().unwrap();
        let observed = facts(std::fs::read(dir.path().join(name)).unwrap(), last);
        let findings = judge(last, &observed);
        let said: Vec<_> = findings
            .iter()
            .filter(|f| f.level == Level::Deny || f.rule.id == "custom-operator")
            .map(|f| f.message.as_str())
            .collect();
        match answer["class"].as_str() {
            None => assert_eq!(said, [""; 0], "{name}"),
            Some(class) => assert!(
                said.len() == 1 && said[0].contains(class),
                "{name}: {said:?}"
            ),
        }
        if !name.ends_with("json") {
            assert!(
                told(&std::fs::read(dir.path().join(name)).unwrap(), "a")
                    .starts_with("[] is coreml"),
                "{name}"
            );
        }
    }
    assert!(answers.len() >= 8, "{}", answers.len());
}
