//! Graphs that are written as text: that they say what the same graphs in binary say, how a text breaks, and what the real libraries read in them.

use std::collections::BTreeSet;

use weighbridge::{bytes::Window, fact::Fact, finding::Level, record::Recorder};

use crate::{
    rule::{judge, placed},
    support::{
        fixture::{Fixture, Observed, facts, told},
        oracle,
    },
};

/// A graph as TensorFlow 1 writes it into the folder of a training.
const GRAPH: &str = r#"node {
  name: "lines"
  op: "Const"
  attr {
    key: "value"
    value {
      tensor {
        dtype: DT_STRING
        tensor_shape {
          dim {
            size: 1
          }
        }
        string_val: "a\n\303\244 \"b\""
      }
    }
  }
}
node {
  name: "save/Const"
  op: "Const"
  attr {
    key: "value"
    value {
      tensor {
        dtype: DT_STRING
        tensor_shape {
        }
        string_val: "model"
      }
    }
  }
}
node {
  name: "save/SaveV2"
  op: "SaveV2"
  input: "save/Const"
  input: "lines"
}
node {
  name: "called"
  op: "PyFunc"
  input: "lines"
  attr {
    key: "shapes"
    value {
      list {
        i: [-1, 0x10, 017]
        f: [1.5e+3, -inf, 1f]
        shape < unknown_rank: true >
      }
    }
  }
}
versions {
  producer: 2059
}
"#;

const SAVED: &str = r#"saved_model_schema_version: 1
meta_graphs {
  meta_info_def { tags: "serve" any_info { [type.googleapis.com/any.Thing] { a: 1 } } }
  graph_def {
    node { name: "path" op: "Const" }
    node { name: "fill" op: "InitializeTableFromTextFileV2" input: "table" input: "path" }
    library { function { signature { name: "f" } node_def { name: "w" op: "WriteFile" } } }
  }
  collection_def {
    key: "saved_model_assets"
    value { any_list { value {
      [type.googleapis.com/tensorflow.AssetFileDef] { tensor_info { name: "path:0" } filename: "../words.txt" }
    } } }
  }
}
"#;

const MODEL: &str = r#"ir_version: 8
producer_name: "it"
graph {
  node { op_type: "Relu" input: "x" output: "y" }
  node { op_type: "Own" domain: "elsewhere" name: "own" input: "y" output: "z" }
  name: "graph"
  initializer { dims: [2] data_type: 1 name: "w" external_data { key: "location" value: "/etc/passwd" } data_location: EXTERNAL }
  input { name: "x" type { tensor_type { elem_type: 1 shape { dim { dim_value: 2 } } } } }
}
opset_import { domain: "" version: 18 }
"#;

const JSON: &str = r#"{
  "ir_version": "8",
  "graph": {
    "node": [{"opType": "Relu"}, {"op_type": "Own", "domain": "elsewhere", "name": "own"}],
    "initializer": [{"dims": ["2"], "dataType": 1, "name": "w", "rawData": "AAAAAAAAAAA="}]
  },
  "opsetImport": [{"domain": "", "version": 18}]
}"#;

pub(crate) fn fixtures() -> Vec<Fixture> {
    vec![
        ("graph.pbtxt", GRAPH.into()),
        ("saved_model.pbtxt", SAVED.into()),
        ("model.textproto", MODEL.into()),
        ("model.onnxjson", JSON.into()),
    ]
}

fn rules(name: &str, observed: &Observed) -> String {
    let findings = judge(name, observed);
    let lines = findings
        .iter()
        .map(|f| format!("{}: {}", f.rule.id, f.message));
    lines.collect::<Vec<_>>().join("\n")
}

fn about(text: &str, name: &str) -> String {
    rules(name, &facts(text.as_bytes().to_vec(), name))
}

/// The same, each with its place.
fn told_at(text: &str, name: &str) -> String {
    placed(&judge(name, &facts(text.as_bytes().to_vec(), name)))
}

#[test]
fn graphs_as_text_say_what_is_in_them() {
    insta::assert_snapshot!(told(GRAPH.as_bytes(), "graph.pbtxt"), @"
    [] is tensorflow-text
    [lines] Native(GraphOperator { runtime: TensorFlow, name: Text(Const) }) (x2)
    [called] Native(GraphOperator { runtime: TensorFlow, name: Text(PyFunc) })
    [save/SaveV2] Native(GraphOperator { runtime: TensorFlow, name: Text(SaveV2[saver]) })
    ");
    insta::assert_snapshot!(about(GRAPH, "graph.pbtxt"), @"unsafe-operator: the program uses the operator `PyFunc`, which calls Python");
    insta::assert_snapshot!(about(SAVED, "saved_model.pbtxt"), @"
    file-outside: loading it opens the file `../words.txt`, which is outside of its folder: the path has a part `..`
    unsafe-operator: the program uses the operator `WriteFile`, which writes a file
    ");
    insta::assert_snapshot!(told(MODEL.as_bytes(), "any.name"), @"
    [] is onnx-text
    [] Native(GraphOperator { runtime: Onnx, name: Text(ai.onnx::Relu) })
    [own] Native(GraphOperator { runtime: Onnx, name: Text(elsewhere::Own) })
    [] FileReference(FileReference { role: Weights, path: Text(/etc/passwd), base: Folder, end: 8 })
    ");
    insta::assert_snapshot!(about(MODEL, "model.textproto"), @"
    custom-operator: the program uses the operator `elsewhere::Own`: operators of `elsewhere` are no part of ONNX Runtime, and run native code of a library
    file-outside: loading it opens the weights in `/etc/passwd`, which is outside of its folder: the path begins at the root
    ");
    insta::assert_snapshot!(told(JSON.as_bytes(), "model.onnxjson"), @"
    [] is onnx-text
    [] Native(GraphOperator { runtime: Onnx, name: Text(ai.onnx::Relu) })
    [own] Native(GraphOperator { runtime: Onnx, name: Text(elsewhere::Own) })
    ");
}

/// The graph of a training passes if nothing in it reaches further: the saver's default path is that of every saver.
#[test]
fn the_graph_of_a_training_passes() {
    let text = GRAPH.replace("PyFunc", "Identity");
    assert_eq!(about(&text, "graph.pbtxt"), "");
    assert_eq!(about(&format!("# mine\n\n{text}"), "graph.pbtxt"), "");
}

/// Constants of more than one value are listed, in text and in binary.
#[test]
fn constants_are_listed() {
    let more = r#"node { name: "weights" op: "Const" attr { key: "dtype" value { type: DT_FLOAT } } attr { key: "value" value { tensor {
      dtype: DT_FLOAT tensor_shape { dim { size: 3 } dim { size: 4 } } tensor_content: "\000" } } } }"#;
    let mut recorder = Recorder::with_listing(0);
    let window = Window::new(format!("{GRAPH}{more}").into_bytes());
    weighbridge::format::read(&window, b"graph.pbtxt", &mut recorder);
    let tensors = recorder.take_tensors();
    let listed: Vec<String> = tensors
        .iter()
        .flat_map(|of| &of.listed)
        .map(|t| format!("{} {} {:?} {}", t.name, t.dtype, t.shape, t.bytes))
        .collect();
    insta::assert_snapshot!(listed.join("\n"), @"
    lines string [1] 0
    weights float32 [3, 4] 48
    ");
}

/// The parser of protobuf takes fields in any order, behind any white space, and a list in brackets.
#[test]
fn however_a_text_begins_its_operators_are_read() {
    for front in [
        "node [ { op: \"ReadFile\" }, { op: \"NoOp\" } ]".to_owned(),
        format!("# {}\nnode {{ op: \"ReadFile\" }}", "x".repeat(5000)),
        "\n".repeat(6000) + "node { op: \"ReadFile\" }",
        "  node\t{ op : 'Read' \"File\" }".to_owned(),
        "node { }\n".repeat(500) + "node { op # \n : \"ReadFile\" }",
        "version: 3\nnode { op: \"ReadFile\" }".to_owned(),
        "versions { }\nnode < op: \"ReadFile\" >".to_owned(),
    ] {
        let said = about(&front, "graph.pbtxt");
        assert!(
            said.contains("`ReadFile`, which reads a file"),
            "{front}: {said}"
        );
    }
    for (name, text) in [
        (
            "m.textproto",
            "# a model\ngraph { node { op_type: \"PyOp\" domain: \"ai.onnx.contrib\" } }",
        ),
        (
            "m.prototxt",
            "producer_name: \"x\" graph { node { domain: \"ai.onnx.contrib\" op_type: \"PyOp\" } }",
        ),
        (
            "m.json",
            "{\"graph\": {\"node\": [{\"domain\": \"ai.onnx.contrib\", \"opType\": \"PyOp\"}]}, \"irVersion\": \"8\"}",
        ),
    ] {
        let said = about(text, name);
        assert!(said.contains("`ai.onnx.contrib::PyOp`"), "{name}: {said}");
    }
}

/// Texts of other programs have the suffix as well.
#[test]
fn other_texts_are_no_graphs() {
    for (name, text) in [
        ("label_map.pbtxt", "item {\n  id: 1\n  name: 'cat'\n}\n"),
        (
            "config.pbtxt",
            "name: \"resnet\"\nplatform: \"tensorrt_plan\"\nversion_policy { latest { num_versions: 1 } }\n",
        ),
        (
            "graph.pbtxt",
            "node {\n  name: \"top\"\n  calculator: \"FlowLimiterCalculator\"\n  input_stream: \"loop:a\"\n}\n",
        ),
        ("net.prototxt", "layer {\n  name: \"data\"\n}\nversion: 1\n"),
        (
            "pipeline.config",
            "model {\n  ssd {\n    num_classes: 90\n  }\n}\n",
        ),
        ("notes.txt", "node { is no graph"),
        ("versions.pbtxt", "version: 3\n"),
        ("train.prototxt", "net: \"a\" # op_type\n"),
        ("package.json", "{\"name\": \"ir_version\"}"),
    ] {
        assert_eq!(told(text.as_bytes(), name), "", "{name}");
    }
}

#[test]
fn what_breaks_a_text_is_said_with_its_line() {
    let of = |text: &str| {
        let begun = format!("saved_model_schema_version: 1\n{text}");
        told_at(&begun, "saved_model.pbtxt")
    };
    let deep = "meta_graphs { graph_def { node { attr { value { func ".to_owned()
        + &"{ attr { value { func ".repeat(60);
    let all = [
        "meta_graphs {",
        "other: 1",
        "meta_graphs { graph_def { node { name: 'a",
        "meta_graphs { graph_def { node { name: 'a' op: \"Read\\File\" } } }",
        "meta_graphs { graph_def { node { name 'a' } } }",
        "meta_graphs { graph_def { node: [{ name: 'a' } { name: 'b' }] } }",
        "meta_graphs { graph_def { node { input: ['a' 'b', 'c'; ] } } }",
        "meta_graphs { graph_def { version: 1.5 } }",
        "meta_graphs { graph_def { version: - } }",
        "meta_graphs { graph_def { version: { } } }",
        "meta_graphs { graph_def: 'bytes' }",
        "meta_graphs { [a.b/C] { } }",
        "meta_graphs < graph_def { node { name: 'a' op: 'ReadFile' } } }",
        "meta_graphs { graph_def { node { name: 'a' name: 'b' op: 'NoOp' } } }",
        "}",
        deep.as_str(),
    ]
    .map(of);
    insta::assert_snapshot!(all.join("\n"), @"
   2:14 incomplete-read: it does not read to its end: it ends inside of a message at line 2 column 14
   2:1 incomplete-read: it does not read to its end: a field that `SavedModel` does not have at line 2 column 1
   2:40 incomplete-read: it does not read to its end: a text that does not end, or has an escape that there is not at line 2 column 40
   2:48 incomplete-read: it does not read to its end: a text that does not end, or has an escape that there is not at line 2 column 48
   2:39 incomplete-read: it does not read to its end: no colon stands between the name of a field and its value at line 2 column 39
   2:48 incomplete-read: it does not read to its end: no comma and no end of a list at line 2 column 48
   2:54 incomplete-read: it does not read to its end: no comma and no end of a list at line 2 column 54
   2:36 incomplete-read: it does not read to its end: no whole number at line 2 column 36
   2:38 incomplete-read: it does not read to its end: no value at line 2 column 38
   2:36 incomplete-read: it does not read to its end: a message where a value has to be at line 2 column 36
   2:26 incomplete-read: it does not read to its end: no message, where one has to be at line 2 column 26
   2:16 incomplete-read: it does not read to its end: a field that `MetaGraphDef` does not have at line 2 column 16
   2:63 incomplete-read: it does not read to its end: no name of a field at line 2 column 63
    incomplete-read: it does not read to its end: field 1 twice, which `NodeDef` has once
   2:1 incomplete-read: it does not read to its end: no name of a field at line 2 column 1
    incomplete-read: it is too complex to analyse: more than 100 protobuf messages inside one another
    ");
    let of = |text: &str| told_at(text, "model.onnxjson");
    let all = [
        r#"{"ir_version": "8", "graph": []"#,
        r#"{"ir_version": "8", "graph": []}"#,
        r#"{"ir_version": "8", "graph": {"other": 1}}"#,
        r#"{"ir_version": 8.5, "graph": {}}"#,
        r#"{"ir_version": 8, "graph": {"name": 1}}"#,
        r#"{"ir_version": 8, "graph": {"initializer": {"raw_data": "%"}}}"#,
        r#"{"ir_version": 8, "ir_version": 8, "graph": {}}"#,
    ]
    .map(of);
    insta::assert_snapshot!(all.join("\n"), @"
   1:31 incomplete-read: it does not read to its end: EOF while parsing an object at line 1 column 31
    incomplete-read: it does not read to its end: `ModelProto` lacks field 7
   1:31 incomplete-read: it does not read to its end: a field that `GraphProto` does not have at line 1 column 31
   1:16 incomplete-read: it does not read to its end: no whole number at line 1 column 16
   1:37 incomplete-read: it does not read to its end: no text, where one has to be at line 1 column 37
   1:57 incomplete-read: it does not read to its end: no bytes in base64 at line 1 column 57
    incomplete-read: it does not read to its end: field 1 twice, which `ModelProto` has once
    ");
}

/// Many small messages and long texts cost what they are long.
#[test]
fn large_texts_have_limits() {
    let many = "node { op: 'NoOp' }".to_owned() + &"node{}".repeat(4_000_001);
    insta::assert_snapshot!(about(&many, "graph.pbtxt"), @"incomplete-read: it is too complex to analyse: more than 4,000,000 messages in a protobuf message as text");
    let long = format!("node {{ op: 'NoOp' }}{}", " ".repeat((64 << 20) + 1));
    insta::assert_snapshot!(about(&long, "graph.pbtxt"), @"incomplete-read: it is too complex to analyse: more than 64 MiB of a protobuf message as text");
}

/// What a graph names, and the files.
fn named(observed: &Observed) -> BTreeSet<String> {
    let facts = observed.iter().filter_map(|o| match &o.fact {
        fact @ (Fact::Native(_) | Fact::FileReference(_) | Fact::Unread(_)) => {
            Some(format!("{fact:?}"))
        }
        _ => None,
    });
    facts.collect()
}

/// Each text that the library reads says what the message that it reads says; one that it does not read may be refused.
fn compare(library: &str) {
    let Some(python) = oracle::python(library) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let count = oracle::number("WEIGHBRIDGE_ORACLE_TEXTS", 250).to_string();
    let seed = oracle::number("WEIGHBRIDGE_ORACLE_SEED", 1).to_string();
    let folder = dir.path().to_str().unwrap();
    let arguments = [folder, &count, &seed, library];
    let answers = oracle::run(&python, "text_graphs.py", &arguments);
    let (mut genuine, mut changed) = (0, 0);
    for answer in &answers {
        let name = answer["file"].as_str().unwrap();
        let read = |name: &str| std::fs::read(dir.path().join(name)).unwrap();
        let observed = facts(read(name), name);
        let Some(binary) = answer["binary"].as_str() else {
            continue;
        };
        let suffix = if library == "onnx" { "onnx" } else { "pb" };
        let expected = named(&facts(read(binary), &format!("saved_model.{suffix}")));
        let is_genuine = answer["genuine"] == true;
        let broken = observed.iter().any(|o| matches!(o.fact, Fact::Unread(_)));
        if is_genuine || !broken {
            assert!(!observed.is_empty() || !is_genuine, "{name}");
            if !observed.is_empty() {
                assert_eq!(named(&observed), expected, "{name}");
            }
        }
        if is_genuine {
            genuine += 1;
            let denied = judge(name, &observed)
                .into_iter()
                .filter(|f| f.level == Level::Deny && !f.message.contains("`PyFunc`"));
            assert_eq!(
                denied.map(|f| f.message).collect::<Vec<_>>(),
                [""; 0],
                "{name}"
            );
        } else {
            changed += usize::from(!broken && !observed.is_empty());
        }
    }
    assert!(genuine >= 4 && changed >= 20, "{genuine} {changed}");
}

#[test]
fn texts_say_what_tensorflow_reads_in_them() {
    compare("tensorflow");
}

#[test]
fn texts_say_what_onnx_reads_in_them() {
    compare("onnx");
}
