//! TensorFlow: what graphs and functions name, who gives a path, and what the real library says.

use std::collections::BTreeSet;

use weighbridge::{
    fact::{Fact, Native},
    finding::Level,
};

use crate::{
    rule::judge,
    support::{
        fixture::{Fixture, Observed, facts, told},
        oracle,
        protobuf::{bytes, number},
    },
};

/// An attribute of a node.
fn attribute(key: &str, value: Vec<u8>) -> Vec<u8> {
    bytes(5, [bytes(1, key), bytes(2, value)].concat())
}

fn node(name: &str, operator: &str, inputs: &[&str], attributes: &[Vec<u8>]) -> Vec<u8> {
    let inputs: Vec<u8> = inputs.iter().flat_map(|input| bytes(3, input)).collect();
    [
        bytes(1, name),
        bytes(2, operator),
        inputs,
        attributes.concat(),
    ]
    .concat()
}

fn constant(name: &str, text: &str) -> Vec<u8> {
    let tensor = [number(1, 7), bytes(8, text)].concat();
    node(name, "Const", &[], &[attribute("value", bytes(8, tensor))])
}

/// A call of a function.
fn call(name: &str, function: &str, inputs: &[&str]) -> Vec<u8> {
    let named = bytes(10, bytes(1, function));
    node(
        name,
        "StatefulPartitionedCall",
        inputs,
        &[attribute("f", named)],
    )
}

fn function(name: &str, arguments: &[&str], nodes: &[Vec<u8>]) -> Vec<u8> {
    let arguments: Vec<u8> = arguments
        .iter()
        .flat_map(|of| bytes(2, bytes(1, of)))
        .collect();
    let signature = bytes(1, [bytes(1, name), arguments].concat());
    let nodes: Vec<u8> = nodes.iter().flat_map(|node| bytes(3, node)).collect();
    [signature, nodes].concat()
}

fn graph(nodes: &[Vec<u8>], functions: &[Vec<u8>]) -> Vec<u8> {
    let nodes: Vec<u8> = nodes.iter().flat_map(|node| bytes(1, node)).collect();
    let functions: Vec<u8> = functions.iter().flat_map(|of| bytes(1, of)).collect();
    [nodes, bytes(2, functions)].concat()
}

/// A saved model about a graph, with more fields of what is said about it.
fn saved(graph: &[u8], more: &[Vec<u8>]) -> Vec<u8> {
    let meta = [bytes(1, bytes(5, "2.21.0")), bytes(2, graph), more.concat()].concat();
    [number(1, 1), bytes(2, meta)].concat()
}

/// What the saver names.
fn saver(filename: &str, save: &str, restore: &str) -> Vec<u8> {
    bytes(
        3,
        [bytes(1, filename), bytes(2, save), bytes(3, restore)].concat(),
    )
}

/// The part of a graph that saves and restores, as `tf.saved_model.save` writes it.
fn saving() -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let nodes = vec![
        node("saver_filename", "Placeholder", &[], &[]),
        call(
            "StatefulPartitionedCall_1",
            "traced_save",
            &["saver_filename", "v"],
        ),
        call(
            "StatefulPartitionedCall_2",
            "traced_restore",
            &["saver_filename"],
        ),
        node("v", "VarHandleOp", &[], &[]),
    ];
    let functions = vec![
        function(
            "traced_save",
            &["file_prefix", "value"],
            &[
                constant("part", "_temp/part"),
                node("Join", "StringJoin", &["file_prefix", "part:output:0"], &[]),
                node(
                    "Sharded",
                    "ShardedFilename",
                    &["Join:output:0", "n", "m"],
                    &[],
                ),
                node(
                    "SaveV2",
                    "SaveV2",
                    &["Sharded:filename:0", "names", "slices", "value"],
                    &[],
                ),
                node("Pack", "Pack", &["Sharded:filename:0", "^SaveV2"], &[]),
                node(
                    "Merge",
                    "MergeV2Checkpoints",
                    &["Pack:output:0", "file_prefix"],
                    &[],
                ),
            ],
        ),
        function(
            "traced_restore",
            &["file_prefix"],
            &[node(
                "RestoreV2",
                "RestoreV2",
                &["file_prefix", "names", "slices"],
                &[],
            )],
        ),
    ];
    (nodes, functions)
}

fn named_saver() -> Vec<u8> {
    saver(
        "saver_filename:0",
        "StatefulPartitionedCall_1:0",
        "StatefulPartitionedCall_2",
    )
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    let (mut nodes, functions) = saving();
    nodes.push(node("custom", "Addons>Gelu", &["v"], &[]));
    let asset = bytes(
        6,
        [bytes(1, bytes(1, "asset:0")), bytes(2, "vocabulary.txt")].concat(),
    );
    vec![
        (
            "saved_model.pb",
            saved(&graph(&nodes, &functions), &[named_saver(), asset]),
        ),
        (
            "frozen.pb",
            graph(
                &[node(
                    "f",
                    "PyFunc",
                    &[],
                    &[attribute("token", bytes(2, "pyfunc_0"))],
                )],
                &[],
            ),
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

fn about(file: Vec<u8>) -> String {
    rules("saved_model.pb", &facts(file, "saved_model.pb"))
}

#[test]
fn operators_are_named_in_graphs_and_functions() {
    let branch = function("branch", &["x"], &[node("r", "ReadFile", &["x"], &[])]);
    let named = bytes(10, bytes(1, "branch"));
    let list = bytes(1, bytes(9, bytes(1, "branch")));
    let nodes = [
        node("a", "MatMul", &["x", "y"], &[]),
        node("b", "If", &["c"], &[attribute("then_branch", named)]),
        node("c", "Case", &["c"], &[attribute("branches", list)]),
        node("d", "branch", &["x"], &[]),
        node("e", "Addons>Gelu", &["x"], &[]),
    ];
    let graph = graph(&nodes, &[branch]);
    insta::assert_snapshot!(told(&graph, "any.name"), @"
    [] is tensorflow
    [a] Native(GraphOperator { runtime: TensorFlow, name: Text(MatMul) })
    [b] Native(GraphOperator { runtime: TensorFlow, name: Text(If) })
    [c] Native(GraphOperator { runtime: TensorFlow, name: Text(Case) })
    [e] Native(GraphOperator { runtime: TensorFlow, name: Text(Addons>Gelu) })
    [branch > r] Native(GraphOperator { runtime: TensorFlow, name: Text(ReadFile) })
    ");
    insta::assert_snapshot!(rules("graph.pb", &facts(graph.clone(), "graph.pb")), @"
    custom-operator: the program uses the operator `Addons>Gelu`: operators of `Addons` are no part of TensorFlow, and run native code of a library
    unsafe-operator: the program uses the operator `ReadFile`, which reads a file
    ");
    assert!(told(&saved(&graph, &[]), "x").contains("ReadFile"));
}

#[test]
fn what_reaches_further_is_refused() {
    let of = |operator: &str, attributes: &[Vec<u8>]| {
        about(graph(&[node("n", operator, &[], attributes)], &[]))
    };
    let text = |value: &str| bytes(2, value);
    let all = [
        of("EagerPyFunc", &[]),
        of("WriteFile", &[]),
        of("DataServiceDatasetV4", &[]),
        of("DatasetFromGraph", &[]),
        of("Abort", &[]),
        of("FileSystemSetConfiguration", &[]),
        of("XlaCallModule", &[]),
        of("NoSuchOperator", &[]),
        of(
            "PrintV2",
            &[attribute("output_stream", text("file:///tmp/x"))],
        ),
        of(
            "ImmutableConst",
            &[attribute("memory_region_name", text("/etc/passwd"))],
        ),
        of("SaveV2", &[]),
        of("SaveV2[saver]", &[]),
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    unsafe-operator: the program uses the operator `EagerPyFunc`, which calls Python
    unsafe-operator: the program uses the operator `WriteFile`, which writes a file
    unsafe-operator: the program uses the operator `DataServiceDatasetV4`, which exchanges data with other processes, over the network
    unsafe-operator: the program uses the operator `DatasetFromGraph`, which runs a graph that it gets as data
    unsafe-operator: the program uses the operator `Abort`, which ends the process
    unsafe-operator: the program uses the operator `FileSystemSetConfiguration`, which changes how the process opens files
    custom-operator: the program hands a part of itself to the delegate `XlaCallModule`: its payload is in a form of its own, which is not read
    custom-operator: the program uses the operator `NoSuchOperator`, which is no part of TensorFlow and runs native code of a library
    unsafe-operator: the program uses the operator `PrintV2[file:///tmp/x]`, which writes a file
    unsafe-operator: the program uses the operator `ImmutableConst[/etc/passwd]`, which reads a file
    unsafe-operator: the program uses the operator `SaveV2`, which writes a file
    incomplete-read: it does not read to its end: `GraphDef` lacks field 1
    ");
    for fine in [
        of("PrintV2", &[attribute("output_stream", text("stderr"))]),
        of(
            "ImmutableConst",
            &[attribute(
                "memory_region_name",
                text("memmapped_package://a"),
            )],
        ),
        of("Const", &[]),
    ] {
        assert_eq!(fine, "");
    }
}

/// The part that saves and restores passes as it is written, and in no other way.
#[test]
fn a_saver_gets_its_path_from_the_loader() {
    let (nodes, functions) = saving();
    let of = |nodes: &[Vec<u8>], functions: &[Vec<u8>], more: &[Vec<u8>]| {
        about(saved(&graph(nodes, functions), more))
    };
    assert_eq!(of(&nodes, &functions, &[named_saver()]), "");
    let with = |more: Vec<u8>| [nodes.clone(), vec![more]].concat();
    let path = constant("path", "/etc/passwd");
    // Nobody says which nodes the loader runs.
    let without = of(&nodes, &functions, &[]);
    // Something else calls it, with a path of its own.
    let mut called = with(call("other", "traced_save", &["path", "v"]));
    called.push(path.clone());
    let called = of(&called, &functions, &[named_saver()]);
    // The saver's node gets a constant.
    let fixed = [
        path,
        call("StatefulPartitionedCall_1", "traced_save", &["path", "v"]),
    ];
    let fixed = of(
        &fixed,
        &functions,
        &[saver("path:0", "StatefulPartitionedCall_1:0", "none")],
    );
    // Another function calls it.
    let wrapper = function("wrapper", &["x"], &[call("c", "traced_save", &["x", "x"])]);
    let passed_on = of(
        &nodes,
        &[functions.clone(), vec![wrapper]].concat(),
        &[named_saver()],
    );
    // A program can call it.
    let entry = [bytes(1, "traced_save"), bytes(2, number(2, 0))].concat();
    let exposed = of(
        &nodes,
        &functions,
        &[named_saver(), bytes(7, bytes(2, entry))],
    );
    // A signature serves what it saves.
    let info = bytes(2, bytes(1, "served:0"));
    let output = bytes(2, [bytes(1, "y"), info].concat());
    let signature = bytes(5, [bytes(1, "serve"), bytes(2, output)].concat());
    let consumer = node(
        "served",
        "Identity",
        &["x", "^StatefulPartitionedCall_1"],
        &[],
    );
    let served = of(&with(consumer), &functions, &[named_saver(), signature]);
    // The path is joined with something that leads elsewhere.
    let join = function(
        "traced_restore",
        &["file_prefix"],
        &[
            constant("up", "/../../secret"),
            node("Join", "StringJoin", &["file_prefix", "up:output:0"], &[]),
            node("RestoreV2", "RestoreV2", &["Join:output:0", "n", "s"], &[]),
        ],
    );
    let joined = of(&nodes, &[functions[0].clone(), join], &[named_saver()]);
    let all = [without, called, fixed, passed_on, exposed, served, joined];
    insta::assert_snapshot!(all.join("\n--\n"), @"
    unsafe-operator: the program uses the operator `SaveV2`, which writes a file
    unsafe-operator: the program uses the operator `MergeV2Checkpoints`, which writes a file
    unsafe-operator: the program uses the operator `RestoreV2`, which reads a file
    --
    unsafe-operator: the program uses the operator `SaveV2`, which writes a file
    unsafe-operator: the program uses the operator `MergeV2Checkpoints`, which writes a file
    --
    unsafe-operator: the program uses the operator `SaveV2`, which writes a file
    unsafe-operator: the program uses the operator `MergeV2Checkpoints`, which writes a file
    --
    unsafe-operator: the program uses the operator `SaveV2`, which writes a file
    unsafe-operator: the program uses the operator `MergeV2Checkpoints`, which writes a file
    --
    unsafe-operator: the program uses the operator `SaveV2`, which writes a file
    unsafe-operator: the program uses the operator `MergeV2Checkpoints`, which writes a file
    --
    unsafe-operator: the program uses the operator `SaveV2`, which writes a file
    unsafe-operator: the program uses the operator `MergeV2Checkpoints`, which writes a file
    --
    unsafe-operator: the program uses the operator `RestoreV2`, which reads a file
    ");
}

/// Savers of the first releases, and of checkpoints of version 1, have operators of their own.
#[test]
fn savers_of_old_checkpoints_get_their_path_from_the_loader() {
    let saving = |path: &str| {
        vec![
            constant("save/Const", path),
            constant("elsewhere", "/etc/passwd"),
            node("s", "Save", &["save/Const", "names", "w"], &[]),
            node(
                "t",
                "SaveSlices",
                &["save/Const", "names", "slices", "w"],
                &[],
            ),
            node(
                "save/control_dependency",
                "Identity",
                &["save/Const", "^s"],
                &[],
            ),
            node("r", "Restore", &["save/Const", "name"], &[]),
            node("q", "RestoreSlice", &["save/Const", "name", "slice"], &[]),
            node("save/restore_all", "NoOp", &["^r", "^q"], &[]),
        ]
    };
    let saver = saver(
        "save/Const:0",
        "save/control_dependency:0",
        "save/restore_all",
    );
    let of = |nodes: &[Vec<u8>]| about(saved(&graph(nodes, &[]), std::slice::from_ref(&saver)));
    assert_eq!(of(&saving("model")), "");
    insta::assert_snapshot!(of(&saving("/etc/cron.d/model")), @"
    unsafe-operator: the program uses the operator `Save`, which writes a file
    unsafe-operator: the program uses the operator `SaveSlices`, which writes a file
    unsafe-operator: the program uses the operator `Restore`, which reads a file
    unsafe-operator: the program uses the operator `RestoreSlice`, which reads a file
    ");
    let more = node("x", "Restore", &["elsewhere", "name"], &[]);
    let with = [saving("model"), vec![more]].concat();
    insta::assert_snapshot!(of(&with), @"unsafe-operator: the program uses the operator `Restore`, which reads a file");
}

#[test]
fn a_table_is_filled_from_an_asset() {
    let initializer = function(
        "initializer",
        &["path", "table"],
        &[node(
            "i",
            "InitializeTableFromTextFileV2",
            &["table", "path"],
            &[],
        )],
    );
    let of = |source: Vec<u8>, asset: &str, file: &str| {
        let nodes = [
            source,
            call("c", "initializer", &["file", "t"]),
            node("t", "HashTableV2", &[], &[]),
        ];
        let asset = bytes(6, [bytes(1, bytes(1, asset)), bytes(2, file)].concat());
        about(saved(
            &graph(&nodes, std::slice::from_ref(&initializer)),
            &[asset],
        ))
    };
    let placeholder = || node("file", "Placeholder", &[], &[]);
    assert_eq!(of(placeholder(), "file:0", "vocabulary.txt"), "");
    let all = [
        of(placeholder(), "other:0", "vocabulary.txt"),
        of(constant("file", "/etc/passwd"), "other:0", "vocabulary.txt"),
        of(placeholder(), "file:0", "../../vocabulary.txt"),
    ];
    insta::assert_snapshot!(all.join("\n--\n"), @"
    unsafe-operator: the program uses the operator `InitializeTableFromTextFileV2`, which reads a file
    --
    unsafe-operator: the program uses the operator `InitializeTableFromTextFileV2`, which reads a file
    --
    file-outside: loading it opens the file `../../vocabulary.txt`, which is outside of its folder: the path has a part `..`
    ");
}

/// TensorFlow 1 keeps the assets of a model in a collection, which counts if there are no others.
#[test]
fn a_table_of_tensorflow_1_is_filled_from_an_asset() {
    let nodes = [
        constant("asset", "/home/me/vocabulary.txt"),
        node("t", "HashTableV2", &[], &[]),
        node(
            "fill",
            "InitializeTableFromTextFileV2",
            &["t", "asset"],
            &[],
        ),
    ];
    let asset = |tensor: &str| [bytes(1, bytes(1, tensor)), bytes(2, "vocabulary.txt")].concat();
    let any = |of: &str| {
        let value = [
            bytes(1, format!("type.googleapis.com/tensorflow.{of}")),
            bytes(2, asset("asset:0")),
        ];
        bytes(1, value.concat())
    };
    let collection = |values: Vec<u8>| {
        bytes(
            4,
            [bytes(1, "saved_model_assets"), bytes(2, bytes(5, values))].concat(),
        )
    };
    let of = |more: &[Vec<u8>]| about(saved(&graph(&nodes, &[]), more));
    assert_eq!(of(&[collection(any("AssetFileDef"))]), "");
    // A graph that is imported on its own is given no paths of assets.
    let alone = [
        bytes(2, graph(&nodes, &[])),
        collection(any("AssetFileDef")),
    ]
    .concat();
    assert!(about(alone).starts_with("unsafe-operator"));
    for more in [
        vec![],
        vec![collection(any("VariableDef"))],
        vec![collection(any("AssetFileDef")), collection(Vec::new())],
        vec![collection(any("AssetFileDef")), bytes(6, asset("other:0"))],
    ] {
        assert!(of(&more).starts_with("unsafe-operator"), "{more:?}");
    }
}

/// Paths that are packed with themselves again and again are not followed for ever.
#[test]
fn following_paths_has_a_limit() {
    let mut nodes = vec![node("p0", "Placeholder", &[], &[])];
    for n in 0..40 {
        let from = format!("p{n}");
        nodes.push(node(
            &format!("p{}", n + 1),
            "Pack",
            &[&from, &from, &from],
            &[],
        ));
    }
    for n in 0..200 {
        nodes.push(node(
            &format!("s{n}"),
            "MergeV2Checkpoints",
            &["p25", "p25"],
            &[],
        ));
    }
    let file = saved(&graph(&nodes, &[]), &[saver("p0:0", "x:0", "y")]);
    insta::assert_snapshot!(about(file), @"unsafe-operator: the program uses the operator `MergeV2Checkpoints`, which writes a file");
}

/// Under any other name, only what reads as a graph is one.
#[test]
fn other_messages_are_no_graph() {
    let sentencepiece = bytes(
        1,
        [bytes(1, "<unk>"), vec![0x15, 0, 0, 0, 0], number(3, 2)].concat(),
    );
    for (name, other) in [
        ("tokenizer.model", sentencepiece),
        ("data.bin", bytes(1, bytes(1, "name"))),
        ("data.bin", [number(1, 1), bytes(2, "text")].concat()),
        ("notes.txt", b"\n\nnotes\n".to_vec()),
    ] {
        assert_eq!(told(&other, name), "", "{name}");
    }
    insta::assert_snapshot!(about(b"\x0a\x05short".to_vec()), @"incomplete-read: it does not read to its end: field 14, which `NodeDef` does not have in this form");
}

/// Parsers skip fields that a graph does not have: they hide nothing, under any name.
#[test]
fn fields_of_no_graph_hide_nothing() {
    let reads = || bytes(1, node("a", "ReadFile", &[], &[]));
    let in_library = bytes(
        2,
        bytes(
            1,
            [
                bytes(1, bytes(1, "f")),
                bytes(3, node("a", "ReadFile", &[], &[])),
            ]
            .concat(),
        ),
    );
    for hidden in [
        [bytes(99, "x"), reads()].concat(),
        [vec![0xfb, 0x07, 0xfc, 0x07], reads()].concat(),
        [reads(), number(3, 1), number(3, 1)].concat(),
        bytes(
            1,
            [node("a", "ReadFile", &[], &[]), bytes(99, "x")].concat(),
        ),
        [bytes(1, ""), reads()].concat(),
        bytes(2, [bytes(2, reads()), bytes(99, "x")].concat()),
        in_library,
    ] {
        let said = rules("data.dat", &facts(hidden, "data.dat"));
        assert!(said.contains("incomplete-read"), "{said}");
    }
}

/// Parsers skip a field that is stored in another way, so the type of a tensor beside the nodes of a graph does not make it one.
#[test]
fn a_graph_with_the_type_of_a_tensor_is_no_tensor() {
    let node = [bytes(1, ""), node("a", "ReadFile", &[], &[])].concat();
    let file = [bytes(1, node), number(2, 0)].concat();
    assert!(about(file).starts_with("incomplete-read"));
}

/// What Keras says of a layer is read as the configuration of a model, beside the saved model and in it.
#[test]
fn layers_of_keras_are_read() {
    let lambda = r#"{"class_name": "Lambda", "config": {"function": {"class_name": "__tuple__", "items": ["4wE=", null, null]}}}"#;
    let dense = r#"{"class_name": "Dense", "config": {"units": 4, "activation": "relu"}, "build_input_shape": {"class_name": "TensorShape", "items": [null, 8]}}"#;
    let layer = |text: &str| {
        let of = [
            number(2, 1),
            bytes(3, "root.layer-0"),
            bytes(4, "_tf_keras_layer"),
            bytes(5, text),
        ];
        bytes(1, of.concat())
    };
    let beside = |layers: &[Vec<u8>]| {
        rules(
            "keras_metadata.pb",
            &facts(layers.concat(), "keras_metadata.pb"),
        )
    };
    assert_eq!(beside(&[layer(dense)]), "");
    insta::assert_snapshot!(beside(&[layer(dense), layer(lambda)]), @"global-not-allowed: loading runs `keras.layers.Lambda(...)`; the policy does not list `keras.layers.Lambda` (it makes code out of data)");
    insta::assert_snapshot!(beside(&[layer("{")]), @"incomplete-read: it does not read to its end: EOF while parsing an object at line 1 column 1");
    let inside = |kind: &str, text: &str| {
        let user = [bytes(1, kind), bytes(2, number(1, 1)), bytes(3, text)].concat();
        let objects = bytes(7, bytes(1, bytes(4, user)));
        about(saved(
            &graph(&[node("n", "NoOp", &[], &[])], &[]),
            &[objects],
        ))
    };
    assert_eq!(inside("_tf_keras_layer", dense), "");
    assert_eq!(inside("_tf_keras_layer", ""), "");
    assert_eq!(inside("_generic_user_object", "text"), "");
    insta::assert_snapshot!(inside("_tf_keras_layer", lambda), @"global-not-allowed: loading runs `keras.layers.Lambda(...)`; the policy does not list `keras.layers.Lambda` (it makes code out of data)");
}

fn operators(observed: &Observed) -> BTreeSet<String> {
    let named = observed.iter().filter_map(|o| match &o.fact {
        Fact::Native(Native::GraphOperator { name, .. } | Native::Delegate(name)) => {
            let name = String::from_utf8_lossy(name.as_bytes()).into_owned();
            Some(name.split('[').next().unwrap().to_owned())
        }
        _ => None,
    });
    named.collect()
}

/// What TensorFlow and Keras write passes, with what they say is in it; whatever TensorFlow finds in a changed one is recorded, or the file
/// is refused as broken.
#[test]
fn operators_of_graphs_are_those_that_tensorflow_finds() {
    let Some(python) = oracle::python("tensorflow") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let count = oracle::number("WEIGHBRIDGE_ORACLE_GRAPHS", 400).to_string();
    let seed = oracle::number("WEIGHBRIDGE_ORACLE_SEED", 1).to_string();
    let folder = dir.path().to_str().unwrap();
    let answers = oracle::run(&python, "tensorflow_graphs.py", &[folder, &count, &seed]);
    let (mut genuine, mut changed) = (0, 0);
    for answer in &answers {
        let name = answer["file"].as_str().unwrap();
        let observed = facts(std::fs::read(dir.path().join(name)).unwrap(), name);
        let broken = observed.iter().any(|o| matches!(o.fact, Fact::Unread(_)));
        let found: BTreeSet<String> = answer["operators"]
            .as_array()
            .unwrap()
            .iter()
            .map(|of| of.as_str().unwrap().to_owned())
            .collect();
        if answer["genuine"] == true {
            let denied: Vec<_> = judge(name, &observed)
                .into_iter()
                .filter(|f| f.level == Level::Deny)
                .map(|f| f.message)
                .collect();
            assert_eq!(denied, [""; 0], "{name}");
            if answer["operators"] != serde_json::json!([]) {
                assert_eq!(operators(&observed), found, "{name}");
            }
            genuine += 1;
        } else if answer["loads"] == true && !broken {
            let known = operators(&observed);
            assert!(known.is_superset(&found), "{name}: {known:?} {found:?}");
            changed += 1;
        }
    }
    assert!(genuine >= 10 && changed >= 40, "{genuine} {changed}");
}
