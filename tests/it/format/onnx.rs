//! ONNX: what a graph names, what breaks it, and what the real library says.

use std::collections::BTreeSet;

use weighbridge::{
    bytes::Window,
    fact::{Fact, Native},
    finding::Level,
    record::Recorder,
};

use crate::{
    rule::judge,
    support::{
        fixture::{Fixture, Observed, facts, told},
        oracle,
        protobuf::{bytes, bytes_of, number},
        sparse::Sparse,
    },
};

/// A model about a graph with these fields.
fn model(graph: &[Vec<u8>], more: &[Vec<u8>]) -> Vec<u8> {
    let opset = bytes(8, number(2, 21));
    let front = [
        number(1, 10),
        bytes(2, "pytorch"),
        bytes(7, graph.concat()),
        opset,
    ];
    [front.concat(), more.concat()].concat()
}

fn node(domain: &str, operator: &str, attributes: &[Vec<u8>]) -> Vec<u8> {
    let attributes: Vec<u8> = attributes.iter().flat_map(|of| bytes(5, of)).collect();
    let domain = if domain.is_empty() {
        Vec::new()
    } else {
        bytes(7, domain)
    };
    [bytes(4, operator), attributes, domain].concat()
}

/// A tensor of this shape and type with so many bytes of data.
fn tensor(name: &str, shape: &[u64], data_type: u64, data: &[u8]) -> Vec<u8> {
    let shape: Vec<u8> = shape.iter().flat_map(|size| number(1, *size)).collect();
    [shape, number(2, data_type), bytes(8, name), bytes(9, data)].concat()
}

/// A tensor whose data is in another file.
fn external(name: &str, entries: &[(&str, &str)]) -> Vec<u8> {
    let entry = |(key, value): &(&str, &str)| bytes(13, [bytes(1, key), bytes(2, value)].concat());
    let entries: Vec<u8> = entries.iter().flat_map(entry).collect();
    [
        number(1, 4),
        number(2, 1),
        bytes(8, name),
        entries,
        number(14, 1),
    ]
    .concat()
}

/// A model with a tensor of four bytes in another file.
pub(crate) fn with_external(entries: &[(&str, &str)]) -> Vec<u8> {
    model(&[bytes(5, external("w", entries))], &[])
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    let branch = bytes(1, node("my.domain", "Decode", &[]));
    let attribute = [bytes(1, "then_branch"), bytes(6, branch), number(20, 5)].concat();
    let graph = [
        bytes(1, node("", "Conv", &[])),
        bytes(1, node("", "If", &[attribute])),
        bytes(2, "main"),
        bytes(5, tensor("w", &[2, 2], 1, &[0; 16])),
        bytes(
            5,
            external("x", &[("location", "m.onnx.data"), ("offset", "16")]),
        ),
    ];
    let function = [
        bytes(1, "Twice"),
        bytes(7, node("", "Add", &[])),
        bytes(10, "of.mine"),
    ];
    let more = [
        bytes(25, function.concat()),
        bytes(14, [bytes(1, "k"), bytes(2, "v")].concat()),
    ];
    vec![
        ("model.onnx", model(&graph, &more)),
        (
            "weights",
            model(&[bytes(1, node("ai.onnx.contrib", "PyOp", &[]))], &[]),
        ),
    ]
}

fn rules(name: &str, observed: &Observed) -> String {
    let findings = judge(name, observed);
    let lines = findings
        .iter()
        .map(|f| format!("{}: {}", f.rule.id, f.message));
    lines.collect::<Vec<_>>().join("\n")
}

fn about(graph: &[Vec<u8>], more: &[Vec<u8>]) -> String {
    rules("model.onnx", &facts(model(graph, more), "model.onnx"))
}

/// Whoever made a model has a name that can be read: where it would be, a saved model of TensorFlow has its graphs.
#[test]
fn a_producer_is_a_text() {
    let made_by = |producer: &[u8]| {
        let file = [
            number(1, 8),
            bytes(2, producer),
            bytes(7, ""),
            bytes(8, number(2, 21)),
        ];
        let observed = facts(file.concat(), "m.onnx");
        let findings = judge("m.onnx", &observed);
        findings
            .into_iter()
            .map(|f| f.message.clone())
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(made_by("pytorch".as_bytes()), "");
    assert_eq!(made_by("a tool, \u{fc}bersetzt\n".as_bytes()), "");
    let graphs = bytes(2, bytes(1, [bytes(1, "a"), bytes(2, "ReadFile")].concat()));
    insta::assert_snapshot!(made_by(&graphs), @"
    it does not read to its end: field 2, which `ModelProto` does not have in this form
    it does not read to its end: field 1, which `GraphDef` does not have in this form
    ");
}

#[test]
fn operators_are_named_wherever_nodes_stand() {
    let inner = bytes(1, node("a", "InBranch", &[]));
    let branch = [bytes(1, "then_branch"), bytes(6, inner), number(20, 5)].concat();
    let bodies = bytes(11, bytes(1, node("b", "InBodies", &[])));
    let graph = [
        bytes(1, node("", "If", &[branch])),
        bytes(
            1,
            node("", "Loop", &[[bytes(1, "bodies"), bodies].concat()]),
        ),
    ];
    let function = [
        bytes(1, "F"),
        bytes(7, node("c", "InFunction", &[])),
        bytes(10, "of.mine"),
    ];
    let training = bytes(2, bytes(1, node("d", "InTraining", &[])));
    let file = model(&graph, &[bytes(25, function.concat()), bytes(20, training)]);
    insta::assert_snapshot!(told(&file, "any.name"), @"
    [] is onnx
    [@ 0x26..0x33] Native(GraphOperator { runtime: Onnx, name: Text(a::InBranch) })
    [@ 0xf..0x36] Native(GraphOperator { runtime: Onnx, name: Text(ai.onnx::If) })
    [@ 0x4c..0x59] Native(GraphOperator { runtime: Onnx, name: Text(b::InBodies) })
    [@ 0x38..0x59] Native(GraphOperator { runtime: Onnx, name: Text(ai.onnx::Loop) })
    [@ 0x65..0x74] Native(GraphOperator { runtime: Onnx, name: Text(c::InFunction) })
    [@ 0x84..0x93] Native(GraphOperator { runtime: Onnx, name: Text(d::InTraining) })
    ");
}

#[test]
fn what_reaches_further_is_refused_and_what_a_library_brings_is_reported() {
    let of = |domain: &str, operator: &str| about(&[bytes(1, node(domain, operator, &[]))], &[]);
    for (domain, operator) in [
        ("", "Conv"),
        ("ai.onnx", "Conv"),
        ("ai.onnx.ml", "TreeEnsembleClassifier"),
        ("com.microsoft", "MatMulNBits"),
    ] {
        assert_eq!(of(domain, operator), "", "{domain} {operator}");
    }
    let all = [
        ("ai.onnx.contrib", "PyOp"),
        ("ai.onnx.contrib", "my_function"),
        ("com.microsoft", "PythonOp"),
        ("com.microsoft.extensions", "OpenAIAudioToText"),
        ("ai.onnx.contrib", "GPT2Tokenizer"),
        ("com.microsoft", "EPContext"),
        ("my.domain", "Decode"),
        ("", "NoSuchOperator"),
        ("ai.onnx::Conv", ""),
    ];
    let all: Vec<String> = all.map(|(domain, operator)| of(domain, operator)).to_vec();
    insta::assert_snapshot!(all.join("\n"), @"
    unsafe-operator: the program uses the operator `ai.onnx.contrib::PyOp`, which calls Python
    unsafe-operator: the program uses the operator `ai.onnx.contrib::my_function`, which calls Python
    unsafe-operator: the program uses the operator `com.microsoft::PythonOp`, which calls Python
    unsafe-operator: the program uses the operator `com.microsoft.extensions::OpenAIAudioToText`, which exchanges data with other processes, over the network
    custom-operator: the program uses the operator `ai.onnx.contrib::GPT2Tokenizer`: operators of `ai.onnx.contrib` are no part of ONNX Runtime, and run native code of a library
    custom-operator: the program hands a part of itself to the delegate `EPContext`: its payload is in a form of its own, which is not read
    custom-operator: the program uses the operator `my.domain::Decode`: operators of `my.domain` are no part of ONNX Runtime, and run native code of a library
    custom-operator: the program uses the operator `ai.onnx::NoSuchOperator`, which is no part of ONNX Runtime and runs native code of a library
    custom-operator: the program uses the operator `ai.onnx::Conv::`: operators of `ai.onnx::Conv` are no part of ONNX Runtime, and run native code of a library
    ");
}

/// A node with the name of a function of the model runs that, unless something else is registered under it.
#[test]
fn functions_of_the_model_are_no_custom_operators() {
    let function = |domain: &str, name: &str, node: Vec<u8>| {
        bytes(
            25,
            [bytes(1, name), bytes(7, node), bytes(10, domain)].concat(),
        )
    };
    let calls = [
        bytes(1, node("pkg.mine", "Block", &[])),
        bytes(1, node("ai.onnx.contrib", "PyOp", &[])),
    ];
    let functions = [
        function("pkg.mine", "Block", node("", "Add", &[])),
        function("ai.onnx.contrib", "PyOp", node("", "Add", &[])),
    ];
    insta::assert_snapshot!(about(&calls, &functions), @"unsafe-operator: the program uses the operator `ai.onnx.contrib::PyOp`, which calls Python");
    // One of several functions of a name is not the others.
    let one = |name: &str, overload: &str, node: Vec<u8>| {
        bytes(
            25,
            [
                bytes(1, name),
                bytes(7, node),
                bytes(10, "pkg.mine"),
                bytes(13, overload),
            ]
            .concat(),
        )
    };
    let calls = [
        bytes(1, node("pkg.mine", "A", &[])),
        bytes(1, [node("pkg.mine", "B", &[]), bytes(8, "f32")].concat()),
    ];
    let functions = [
        one("A", "f32", node("", "Add", &[])),
        one("B", "f32", node("", "Add", &[])),
    ];
    insta::assert_snapshot!(about(&calls, &functions), @"custom-operator: the program uses the operator `pkg.mine::A`: operators of `pkg.mine` are no part of ONNX Runtime, and run native code of a library");
}

#[test]
fn what_breaks_a_model_is_said() {
    let cases = [
        bytes(5, tensor("w", &[2, 2], 1, &[0; 15])),
        bytes(5, tensor("w", &[1 << 40, 1 << 40], 1, &[])),
        bytes(5, tensor("w", &[u64::MAX], 1, &[])),
        bytes(5, external("w", &[("offset", "0")])),
        bytes(
            5,
            external("w", &[("location", "w.data"), ("length", "-1")]),
        ),
        bytes(
            5,
            external("w", &[("location", "w.data"), ("length", "15")]),
        ),
        bytes(
            5,
            external(
                "w",
                &[
                    ("location", "*/_ORT_MEM_ADDR_/*"),
                    ("offset", "1"),
                    ("length", "16"),
                ],
            ),
        ),
        bytes(1, [node("", "Conv", &[]), bytes(4, "PyOp")].concat()),
        bytes(1, number(4, 1)),
        bytes(99, ""),
        bytes_of(1, 1 << 40, b"short"),
        vec![0x0b, 0x0c],
        [b"\x08".as_slice(), &[0xff; 11]].concat(),
    ];
    let all: Vec<String> = cases.map(|field| about(&[field], &[])).to_vec();
    insta::assert_snapshot!(all.join("\n"), @"
    incomplete-read: it does not read to its end: the tensor `w` needs 16 bytes of data and has 15
    incomplete-read: it does not read to its end: the tensor `w` has a shape that no data can have
    incomplete-read: it does not read to its end: the tensor `w` has a shape that no data can have
    incomplete-read: it does not read to its end: the tensor `w` has its data in another file, and does not say in which
    incomplete-read: it does not read to its end: the tensor `w` has its data at an offset in another file that is no number
    incomplete-read: it does not read to its end: the tensor `w` needs 16 bytes of data and has 15
    incomplete-read: it does not read to its end: the tensor `w` has its data at an address in memory, which only a runtime may say of its own tensors
    incomplete-read: it does not read to its end: field 4 twice, which `NodeProto` has once
    incomplete-read: it does not read to its end: field 4, which `NodeProto` does not have in this form
    incomplete-read: it does not read to its end: field 99, which `GraphProto` does not have in this form
    incomplete-read: it does not read to its end: a field needs 1099511627776 bytes, 5 are left
    incomplete-read: it does not read to its end: field 1, which `GraphProto` does not have in this form
    incomplete-read: it does not read to its end: field 1, which `GraphProto` does not have in this form
    ");
    // Sizes that are right: of four bits, without elements, of a scalar.
    for fine in [
        tensor("w", &[3], 22, &[0; 2]),
        tensor("w", &[0, 7], 1, &[]),
        tensor("w", &[], 7, &[0; 8]),
    ] {
        assert_eq!(about(&[bytes(5, fine)], &[]), "");
    }
}

#[test]
fn weights_in_other_files_stay_in_the_folder() {
    let of = |path: &str| about(&[bytes(5, external("w", &[("location", path)]))], &[]);
    for fine in ["m.onnx.data", "sub/m.data", "onnx__MatMul_1"] {
        assert_eq!(of(fine), "", "{fine}");
    }
    let all = [
        "../../etc/passwd",
        "/etc/passwd",
        "C:\\w",
        "a/../../b",
        "w\0.data",
    ]
    .map(of);
    insta::assert_snapshot!(all.join("\n"), @r"
    file-outside: loading it opens the weights in `../../etc/passwd`, which is outside of its folder: the path has a part `..`
    file-outside: loading it opens the weights in `/etc/passwd`, which is outside of its folder: the path begins at the root
    file-outside: loading it opens the weights in `C:\\w`, which is outside of its folder: the path begins with the letter of a drive
    file-outside: loading it opens the weights in `a/../../b`, which is outside of its folder: the path has a part `..`
    file-outside: loading it opens the weights in `w\u{0}.data`, which is outside of its folder: the path holds a NUL byte, at which some readers end it
    ");
    // Parsers take the last of several; each is named.
    let twice = external("w", &[("location", "../a"), ("location", "b")]);
    insta::assert_snapshot!(about(&[bytes(5, twice)], &[]), @"file-outside: loading it opens the weights in `../a`, which is outside of its folder: the path has a part `..`");
    // What was compiled for an accelerator is in the node, or in a file.
    let attribute = |name: &str, value: Vec<u8>| [bytes(1, name), value].concat();
    let context = |embed| {
        let path = attribute("ep_cache_context", bytes(4, "../engine.bin"));
        node(
            "com.microsoft",
            "EPContext",
            &[path, attribute("embed_mode", number(3, embed))],
        )
    };
    let all = [0, 1].map(|embed| about(&[bytes(1, context(embed))], &[]));
    insta::assert_snapshot!(all.join("\n--\n"), @"
    custom-operator: the program hands a part of itself to the delegate `EPContext`: its payload is in a form of its own, which is not read
    file-outside: loading it opens the weights in `../engine.bin`, which is outside of its folder: the path has a part `..`
    --
    custom-operator: the program hands a part of itself to the delegate `EPContext`: its payload is in a form of its own, which is not read
    ");
}

/// Under any other name, only what reads as a model to its end is one.
#[test]
fn other_messages_and_texts_are_no_model() {
    for (name, other) in [
        ("data.bin", number(1, 8)),
        ("data.bin", [number(1, 8), bytes(2, "text")].concat()),
        ("notes.txt", b"2 apples\n".to_vec()),
    ] {
        assert_eq!(told(&other, name), "", "{name}");
    }
    // Parsers skip a field that no model has, wherever it stands: it hides nothing.
    let hidden = [
        bytes(99, "x"),
        model(&[bytes(1, node("ai.onnx.contrib", "PyOp", &[]))], &[]),
    ];
    insta::assert_snapshot!(rules("weights.bin", &facts(hidden.concat(), "weights.bin")), @"incomplete-read: it does not read to its end: field 99, which `ModelProto` does not have in this form");
    // So are groups, one in another; a version below zero is not too new.
    let groups = [0xfb, 0x07, 0x0b, 0x0c, 0xfc, 0x07];
    let mut python = model(&[bytes(1, node("ai.onnx.contrib", "PyOp", &[]))], &[]);
    for hidden in [
        [&groups[..], &python].concat(),
        [number(1, u64::MAX), python.split_off(2)].concat(),
    ] {
        let said = rules("weights.dat", &facts(hidden, "weights.dat"));
        assert!(
            said.contains("incomplete-read") || said.contains("PyOp"),
            "{said}"
        );
    }
}

/// Messages of some hundred bytes inside one another do not overflow the stack.
#[test]
fn depth_has_a_limit() {
    let mut graph = bytes(1, node("", "Relu", &[]));
    for _ in 0..200 {
        graph = bytes(
            1,
            node("", "If", &[[bytes(1, "b"), bytes(6, graph)].concat()]),
        );
    }
    insta::assert_snapshot!(about(&[graph], &[]), @"incomplete-read: it is too complex to analyse: more than 100 protobuf messages inside one another");
}

/// Two gigabytes of weights cost nothing.
#[test]
fn weights_are_not_read() {
    const TENSORS: u64 = 500;
    const EACH: u64 = 4 << 20;
    let mut patches = Vec::new();
    let head = tensor("w", &[EACH], 2, &[]);
    // The head without its empty data, then the data of the full length.
    let head = [&head[..head.len() - 2], &bytes_of(9, EACH, &[])].concat();
    let lengths = u64::try_from(head.len()).unwrap() + EACH;
    let field = [bytes_of(5, lengths, &[]), head].concat();
    let each = u64::try_from(field.len()).unwrap() + EACH;
    let front = [number(1, 10), bytes_of(7, each * TENSORS, &[])].concat();
    let mut at = u64::try_from(front.len()).unwrap();
    patches.push((0, front));
    for _ in 0..TENSORS {
        patches.push((at, field.clone()));
        at += each;
    }
    let source = Sparse::new(at, patches);
    let read = source.counter();
    let seen = facts(source, "large.onnx");
    assert_eq!(seen.len(), 1, "{:?}", &seen[..]);
    let read = read.load(std::sync::atomic::Ordering::Relaxed);
    assert!(read < 12 << 20, "{read}");
}

/// What a kind of fact names in a file.
fn named(observed: &Observed, of: impl Fn(&Fact) -> Option<String>) -> BTreeSet<String> {
    observed.iter().filter_map(|o| of(&o.fact)).collect()
}

fn operators(observed: &Observed) -> BTreeSet<String> {
    named(observed, |fact| match fact {
        Fact::Native(Native::GraphOperator { name, .. }) => {
            Some(String::from_utf8_lossy(name.as_bytes()).into_owned())
        }
        _ => None,
    })
}

fn files(observed: &Observed) -> BTreeSet<String> {
    named(observed, |fact| match fact {
        Fact::FileReference(reference) => {
            Some(String::from_utf8_lossy(reference.path.as_bytes()).into_owned())
        }
        _ => None,
    })
}

fn names(answer: &serde_json::Value, key: &str) -> BTreeSet<String> {
    let names = answer[key].as_array().unwrap().iter();
    names
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

/// Whatever the real library finds in a model, also in one that was changed, is among what is recorded, or the file is refused as broken.
#[test]
fn operators_are_those_that_the_library_finds() {
    let Some(python) = oracle::python("onnx") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let count = oracle::number("WEIGHBRIDGE_ORACLE_GRAPHS", 400).to_string();
    let seed = oracle::number("WEIGHBRIDGE_ORACLE_SEED", 1).to_string();
    let folder = dir.path().to_str().unwrap();
    let answers = oracle::run(&python, "onnx_models.py", &[folder, &count, &seed]);
    let (mut genuine, mut changed) = (0, 0);
    for answer in &answers {
        let name = answer["file"].as_str().unwrap();
        let observed = facts(std::fs::read(dir.path().join(name)).unwrap(), name);
        let broken = observed.iter().any(|o| matches!(o.fact, Fact::Unread(_)));
        if answer["genuine"] == true {
            let denied: Vec<_> = judge(name, &observed)
                .into_iter()
                .filter(|f| f.level == Level::Deny)
                .map(|f| f.message)
                .collect();
            assert_eq!(denied, [""; 0], "{name}");
            assert_eq!(operators(&observed), names(answer, "operators"), "{name}");
            assert_eq!(files(&observed), names(answer, "files"), "{name}");
            genuine += 1;
        } else if answer["loads"] == true && !broken {
            for (known, key) in [
                (operators(&observed), "operators"),
                (files(&observed), "files"),
            ] {
                let found = names(answer, key);
                assert!(known.is_superset(&found), "{name}: {known:?} {found:?}");
            }
            changed += 1;
        }
    }
    assert!(genuine >= 40 && changed >= 40, "{genuine} {changed}");
}

#[test]
fn tensors_are_listed() {
    let fields = [
        bytes(5, tensor("w", &[2, 3], 1, &[0; 24])),
        bytes(5, external("x", &[("location", "x.data")])),
    ];
    let mut recorder = Recorder::with_listing(0);
    let window = Window::new(model(&fields, &[]));
    weighbridge::format::read(&window, b"model.onnx", &mut recorder);
    let tensors = recorder.take_tensors();
    let listed = tensors.iter().flat_map(|of| &of.listed);
    let listed: Vec<_> = listed
        .map(|t| format!("{} {} {:?} {}", t.name, t.dtype, t.shape, t.bytes))
        .collect();
    insta::assert_snapshot!(listed.join("\n"), @"
    w FLOAT [2, 3] 24
    x FLOAT [4] 16
    ");
}

/// What the checker of the library or its loader of other files refuses of a tensor is refused here as well, unless it is about files that are
/// not there, or data that is not there.
#[test]
fn tensors_are_refused_as_by_the_checker() {
    let Some(python) = oracle::python("onnx") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let count = oracle::number("WEIGHBRIDGE_ORACLE_GRAPHS", 400).to_string();
    let seed = oracle::number("WEIGHBRIDGE_ORACLE_SEED", 1).to_string();
    let folder = dir.path().to_str().unwrap();
    let answers = oracle::run(&python, "onnx_tensors.py", &[folder, &count, &seed]);
    let (mut refused, mut fine) = (0, 0);
    for answer in &answers {
        let name = answer["file"].as_str().unwrap();
        let observed = facts(std::fs::read(dir.path().join(name)).unwrap(), name);
        let findings = judge(name, &observed);
        let denied = findings.iter().any(|it| it.level == Level::Deny);
        let said = ["checker", "loader"].map(|key| answer[key].as_str().unwrap_or_default());
        let about_files = |text: &str| {
            ["not regular file", "should be stored in", "exceeds"]
                .iter()
                .any(|part| text.contains(part))
        };
        let is_without = answer["fields"] == 0;
        let is_refused = said
            .iter()
            .any(|text| !text.is_empty() && !about_files(text));
        if is_refused && !is_without {
            assert!(denied, "{name}: {said:?}");
            refused += 1;
        } else if said == ["", ""] && answer["exact"] == true {
            assert!(!denied, "{name}: {findings:?}");
            fine += 1;
        }
    }
    assert!(refused >= 60 && fine >= 60, "{refused} {fine}");
}
