//! TensorFlow Lite and ONNX Runtime's own format: operators of graphs in flatbuffers.

use std::collections::BTreeSet;

use weighbridge::{
    fact::{Fact, Native},
    finding::Level,
};

use crate::{
    rule::judge,
    support::{
        fixture::{Fixture, Observed, facts},
        flatbuffer::{Field, Table, file},
        oracle,
        protobuf::bytes,
    },
};

const CUSTOM: u8 = 32;

/// A model whose operators have these numbers and names, with a node for each that is given this.
fn tflite(operators: &[(u8, &'static str)], payloads: Vec<Vec<u8>>) -> Vec<u8> {
    let codes = operators.iter().map(|(number, name)| {
        Table(vec![
            (0, Field::U8(*number)),
            (1, Field::Text(name)),
            (3, Field::U32(u32::from(*number))),
        ])
    });
    let nodes = payloads.into_iter().enumerate().map(|(n, payload)| {
        let number = u32::try_from(n).unwrap();
        Table(vec![(0, Field::U32(number)), (5, Field::Bytes(payload))])
    });
    let graph = Table(vec![
        (3, Field::Tables(nodes.collect())),
        (4, Field::Text("main")),
    ]);
    file(
        *b"TFL3",
        Table(vec![
            (0, Field::U32(3)),
            (1, Field::Tables(codes.collect())),
            (2, Field::Tables(vec![graph])),
            (
                4,
                Field::Tables(vec![Table(vec![(0, Field::Bytes(vec![0; 64]))])]),
            ),
        ]),
    )
}

/// What a Flex operator is given: a flexbuffer of a name and a node.
fn flex(name: &str, operator: &str) -> Vec<u8> {
    let node = [bytes(1, "node"), bytes(2, operator)].concat();
    let short = |n: usize| u8::try_from(n).unwrap();
    let mut file = Vec::new();
    let mut places = Vec::new();
    for text in [name.as_bytes(), &node] {
        file.push(short(text.len()));
        places.push(file.len());
        file.extend(text);
        file.push(0);
    }
    file.push(2);
    let vector = file.len();
    for (n, place) in places.into_iter().enumerate() {
        file.push(short(vector + n - place));
    }
    file.extend([5 << 2, 5 << 2]);
    let root = short(file.len() - vector);
    file.extend([root, 10 << 2, 1]);
    file
}

/// A model of ONNX Runtime with nodes of these domains and operators, the last in a graph of an attribute of the first.
fn ort(nodes: &[(&'static str, &'static str)]) -> Vec<u8> {
    let node = |(domain, operator): &(&'static str, &'static str), more: Vec<(u16, Field)>| {
        let mut fields = vec![(2, Field::Text(domain)), (5, Field::Text(operator))];
        fields.extend(more);
        Table(fields)
    };
    let (last, others) = nodes.split_last().unwrap();
    let inner = Table(vec![(2, Field::Tables(vec![node(last, Vec::new())]))]);
    let attribute = Table(vec![(7, Field::Table(inner))]);
    let holder = node(&("", "If"), vec![(10, Field::Tables(vec![attribute]))]);
    let mut tables: Vec<Table> = others.iter().map(|of| node(of, Vec::new())).collect();
    tables.push(holder);
    let graph = Table(vec![(2, Field::Tables(tables))]);
    let model = Table(vec![(7, Field::Table(graph))]);
    file(
        *b"ORTM",
        Table(vec![(0, Field::Text("1.22.0")), (1, Field::Table(model))]),
    )
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    let operators = [(0, ""), (CUSTOM, "Mine"), (CUSTOM, "FlexReadFile")];
    let payloads = vec![Vec::new(), Vec::new(), flex("ReadFile", "ReadFile")];
    vec![
        ("model.tflite", tflite(&operators, payloads)),
        ("model.ort", ort(&[("", "Conv"), ("mine", "Decode")])),
    ]
}

fn rules(name: &str, bytes: Vec<u8>) -> String {
    let findings = judge(name, &facts(bytes, name));
    let lines = findings
        .iter()
        .map(|f| format!("{}: {}", f.rule.id, f.message));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn custom_operators_of_tflite_are_reported() {
    let plain = tflite(
        &[(0, ""), (CUSTOM, "TFLite_Detection_PostProcess")],
        vec![Vec::new()],
    );
    assert_eq!(rules("m.tflite", plain), "");
    let custom = tflite(
        &[(CUSTOM, "Mine"), (CUSTOM, "edgetpu-custom-op")],
        Vec::new(),
    );
    insta::assert_snapshot!(rules("m.tflite", custom), @"
    custom-operator: the program uses the operator `Mine`, which is no part of TensorFlow Lite and runs native code of a library
    custom-operator: the program uses the operator `edgetpu-custom-op`, which is no part of TensorFlow Lite and runs native code of a library
    ");
}

/// The number of an operator is the larger of two, and both have a sign.
#[test]
fn numbers_of_operators_have_a_sign() {
    for (old, new) in [(CUSTOM, u32::MAX), (0xff, u32::from(CUSTOM)), (CUSTOM, 0)] {
        let code = Table(vec![
            (0, Field::U8(old)),
            (1, Field::Text("Mine")),
            (3, Field::U32(new)),
        ]);
        let model = Table(vec![(1, Field::Tables(vec![code]))]);
        let found = rules("m.tflite", file(*b"TFL3", model));
        assert!(found.starts_with("custom-operator"), "{old} {new}: {found}");
    }
}

#[test]
fn files_with_weights_are_named() {
    let group = |path| Field::Tables(vec![Table(vec![(0, Field::Text(path))])]);
    let of = |path| rules("m.tflite", file(*b"TFL3", Table(vec![(8, group(path))])));
    assert_eq!(of("weights.bin"), "");
    insta::assert_snapshot!(of("../weights.bin"), @"file-outside: loading it opens the weights in `../weights.bin`, which is outside of its folder: the path has a part `..`");
}

/// The interpreter runs the operator that the node names, whatever the name of the custom operator says.
#[test]
fn operators_of_tensorflow_are_judged_by_their_nodes() {
    let of = |name: &'static str, payload: Vec<u8>| {
        rules("m.tflite", tflite(&[(CUSTOM, name)], vec![payload]))
    };
    assert_eq!(of("FlexAddV2", flex("AddV2", "AddV2")), "");
    let all = [
        of("FlexReadFile", flex("ReadFile", "ReadFile")),
        of("FlexAddV2", flex("AddV2", "WriteFile")),
        of("FlexAddV2", flex("AddV2", "Mine")),
        of("FlexAddV2", Vec::new()),
        of("FlexAddV2", b"no flexbuffer".to_vec()),
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    unsafe-operator: the program uses the operator `ReadFile`, which reads a file
    unsafe-operator: the program uses the operator `WriteFile`, which writes a file
    custom-operator: the program uses the operator `Mine`, which is no part of TensorFlow and runs native code of a library
    unsafe-operator: the program calls an operator through another name, so that it could be any of them
    unsafe-operator: the program calls an operator through another name, so that it could be any of them
    ");
}

#[test]
fn operators_of_onnx_runtime_are_judged_as_those_of_onnx() {
    assert_eq!(
        rules("m.ort", ort(&[("", "Conv"), ("com.microsoft", "Gelu")])),
        ""
    );
    let custom = ort(&[("my.domain", "Decode"), ("ai.onnx.contrib", "PyOp")]);
    insta::assert_snapshot!(rules("m.ort", custom), @"
    custom-operator: the program uses the operator `my.domain::Decode`: operators of `my.domain` are no part of ONNX Runtime, and run native code of a library
    unsafe-operator: the program uses the operator `ai.onnx.contrib::PyOp`, which calls Python
    ");
}

fn named(observed: &Observed) -> BTreeSet<String> {
    let named = observed.iter().filter_map(|o| match &o.fact {
        Fact::Native(Native::GraphOperator { name, .. }) => Some(name.to_string()),
        _ => None,
    });
    named.collect()
}

/// What the converters write passes, with the operators of TensorFlow or of ONNX that they say are in it.
fn converted(modules: &str, least: usize) {
    let Some(python) = oracle::python(modules) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().to_str().unwrap();
    let answers = oracle::run(&python, "converted_graphs.py", &[folder, modules]);
    assert!(answers.len() >= least, "{}", answers.len());
    for answer in &answers {
        let name = answer["file"].as_str().unwrap();
        let observed = facts(std::fs::read(dir.path().join(name)).unwrap(), name);
        let denied: Vec<_> = judge(name, &observed)
            .into_iter()
            .filter(|f| f.level == Level::Deny)
            .map(|f| f.message)
            .collect();
        let expected = answer["refused"].as_u64().unwrap();
        assert_eq!(denied.len() as u64, expected, "{name}: {denied:?}");
        let operators = answer["operators"].as_array().unwrap().iter();
        let operators: BTreeSet<String> = operators
            .map(|of| of.as_str().unwrap().to_owned())
            .collect();
        assert_eq!(named(&observed), operators, "{name}");
    }
}

#[test]
fn what_the_converter_of_tflite_writes_is_read() {
    converted("tensorflow", 4);
}

#[test]
fn what_onnx_runtime_writes_is_read() {
    converted("onnxruntime, onnx", 2);
}
