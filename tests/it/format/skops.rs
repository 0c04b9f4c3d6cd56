//! skops: what its schema resolves and calls, against skops itself, and against the pickles of the same estimators.

use std::{collections::BTreeSet, fmt::Write as _, path::Path, sync::atomic::Ordering};

use weighbridge::fact::{Fact, Global};

use crate::{
    rule::{judge, judge_by, placed, policy},
    support::{
        fixture::{Fixture, Observed, facts, told},
        npy, oracle,
        sparse::Sparse,
        zip::{self, archive, stored},
    },
};

/// Packs that pickles of scikit-learn's estimators need.
const PACKS: &str =
    "version: 1\nextends: recommended\nglobals: {packs: [sklearn-estimators, scipy-sparse]}\n";

/// An archive with a schema and an array.
fn file(schema: &str) -> Vec<u8> {
    let array = npy::array("'<f8'", "(2,)", &[0; 16]);
    archive(&[stored("7.npy", array), stored("schema.json", schema)])
}

/// A schema around a node, whose keys follow those that every node has.
fn schema(module: &str, class: &str, loader: &str, rest: &str) -> String {
    format!(
        "{{\n  \"__class__\": \"{class}\",\n  \"__module__\": \"{module}\",\n  \"__loader__\": \"{loader}\",\n  {rest}\n  \"protocol\": 2,\n  \"_skops_version\": \"0.16.0\"\n}}"
    )
}

/// A node without line breaks.
fn node(module: &str, class: &str, loader: &str, rest: &str) -> String {
    format!(
        "{{\"__class__\": \"{class}\", \"__module__\": \"{module}\", \"__loader__\": \"{loader}\"{rest}}}"
    )
}

fn json(text: &str) -> String {
    node(
        "builtins",
        "str",
        "JsonNode",
        &format!(", \"content\": \"{text}\", \"is_json\": true"),
    )
}

fn tuple(items: &[String]) -> String {
    let items = items.join(", ");
    node(
        "builtins",
        "tuple",
        "TupleNode",
        &format!(", \"content\": [{items}]"),
    )
}

fn dict(entries: &[(&str, String)]) -> String {
    let content: Vec<String> = entries
        .iter()
        .map(|(key, value)| format!("\"{key}\": {value}"))
        .collect();
    let types = vec![node("builtins", "str", "TypeNode", ""); entries.len()].join(", ");
    let types = node(
        "builtins",
        "list",
        "ListNode",
        &format!(", \"content\": [{types}]"),
    );
    let content = content.join(", ");
    node(
        "builtins",
        "dict",
        "DictNode",
        &format!(", \"content\": {{{content}}}, \"key_types\": {types}"),
    )
}

/// A fitted scaler.
fn scaler() -> String {
    let array = node(
        "numpy",
        "ndarray",
        "NdArrayNode",
        ", \"type\": \"numpy\", \"file\": \"7.npy\"",
    );
    let state = dict(&[("mean_", array), ("copy", json("true"))]);
    schema(
        "sklearn.preprocessing._data",
        "StandardScaler",
        "ObjectNode",
        &format!("\"content\": {state},"),
    )
}

fn hostile() -> String {
    let arguments = tuple(&[json("\\\"true\\\"")]);
    schema(
        "os",
        "system",
        "ConstructorFromReduceNode",
        &format!("\"content\": {arguments},"),
    )
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    vec![
        ("scaler.skops", file(&scaler())),
        ("hostile.skops", file(&hostile())),
    ]
}

/// The findings under the packs of scikit-learn, with their places.
fn found(schema: &str) -> String {
    let observed = facts(file(schema), "model.skops");
    placed(&judge_by(&policy(PACKS), "model.skops", &observed))
}

#[test]
fn a_schema_is_judged_as_a_pickle_is() {
    assert_eq!(found(&scaler()), "");
    let told = judge("model.skops", &facts(file(&scaler()), "model.skops"));
    insta::assert_snapshot!(told[0].message, @"loading creates `sklearn.preprocessing._data.StandardScaler()`; the policy does not list `sklearn.preprocessing._data.StandardScaler`");
    assert!(
        facts(file(&scaler()), "model.zip")
            .iter()
            .any(|o| o.fact == Fact::Is("skops".into()))
    );
}

/// Each is refused at the key that names it.
#[test]
fn hostile_nodes_are_refused_at_their_key() {
    insta::assert_snapshot!(found(&hostile()), @"schema.json 2:16 global-not-allowed: loading runs `os.system('true')`; the policy does not list `os.system` (it runs a program or changes the system)");
    let arguments = tuple(&[json("\\\"system\\\""), json("\\\"true\\\"")]);
    insta::assert_snapshot!(found(&schema("operator", "methodcaller", "OperatorFuncNode", &format!("\"attrs\": {arguments},"))), @"schema.json 2:16 global-not-allowed: loading runs `operator.methodcaller('system', 'true')`; the policy does not list `operator.methodcaller` (it reaches any attribute of whatever it is given)");
    insta::assert_snapshot!(found(&schema("os", "system", "FunctionNode", "")), @"schema.json 2:16 global-not-allowed: loading imports `os.system`; the policy does not list `os.system` (it runs a program or changes the system)");
    insta::assert_snapshot!(found(&schema("builtins", "eval", "TypeNode", "")), @"schema.json 2:16 global-not-allowed: loading imports `builtins.eval`; the policy does not list `builtins.eval` (it runs text as code)");
    let object = node(
        "sklearn.preprocessing._data",
        "StandardScaler",
        "ObjectNode",
        "",
    );
    insta::assert_snapshot!(found(&schema("sklearn.preprocessing._data", "StandardScaler", "MethodNode", &format!("\"content\": {{\n    \"func\": \"__reduce__\", \"obj\": {object}}},"))), @"schema.json 6:13 global-not-allowed: loading imports `sklearn.preprocessing._data.StandardScaler.__reduce__`; the policy does not list `sklearn.preprocessing._data:StandardScaler.__reduce__` (it reaches any attribute of whatever it is given)");
    let function = node("os", "system", "FunctionNode", "");
    let partial = format!(
        "\"content\": {{\"func\": {function}, \"args\": {}, \"kwds\": {}, \"namespace\": {}}},",
        tuple(&[json("\\\"true\\\"")]),
        dict(&[]),
        json("null")
    );
    insta::assert_snapshot!(found(&schema("functools", "partial", "PartialNode", &partial)), @"
    schema.json 5:37 global-not-allowed: loading runs `functools.partial(os.system)`; the policy does not list `functools.partial` (it calls whatever it is given)
    schema.json 5:37 global-not-allowed: loading imports `os.system`; the policy does not list `os.system` (it runs a program or changes the system)
    ");
    let types = node(
        "builtins",
        "list",
        "ListNode",
        &format!(", \"content\": [{}]", node("os", "system", "TypeNode", "")),
    );
    insta::assert_snapshot!(found(&schema("builtins", "dict", "DictNode", &format!("\"content\": {{\"true\": {}}}, \"key_types\": {types},", json("1")))), @"schema.json 5:244 global-not-allowed: loading runs `os.system('true')`; the policy does not list `os.system` (it runs a program or changes the system)");
    let name = dict(&[("bit_generator", json("\\\"seed\\\""))]);
    insta::assert_snapshot!(found(&schema("numpy.random._generator", "Generator", "RandomGeneratorNode", &format!("\"content\": {{\"bit_generator\": {name}, \"seed_seq\": {}}},", dict(&[])))), @"schema.json 5:135 global-not-allowed: loading runs `numpy.random.seed()`; the policy does not list `numpy.random.seed`");
}

/// A state is compared with what its class writes, as in a pickle.
#[test]
fn states_are_those_that_are_written() {
    let state = dict(&[("__setstate__", json("1"))]);
    insta::assert_snapshot!(found(&schema("sklearn.preprocessing._data", "StandardScaler", "ObjectNode", &format!("\"content\": {state},"))), @"schema.json 2:16 unusual-use: loading sets the state of what `sklearn.preprocessing._data.StandardScaler` made to `{'__setstate__': 1}`; its library writes a dict of plain attributes");
    let array = node(
        "numpy",
        "ndarray",
        "NdArrayNode",
        ", \"type\": \"numpy\", \"file\": \"7.npy\"",
    );
    let state = dict(&[
        ("max_depth", json("1")),
        ("node_count", json("2")),
        ("nodes", array.clone()),
        ("values", array.clone()),
    ]);
    let arguments = tuple(&[json("2"), array, json("1")]);
    insta::assert_snapshot!(found(&schema("sklearn.tree._tree", "Tree", "TreeNode", &format!("\"__reduce__\": {{\"args\": {arguments}}}, \"content\": {state},"))), @"
    schema.json 2:16 unusual-use: loading runs `sklearn.tree._tree.Tree(2, numpy._core.multiarray._reconstruct(...), 1)`; its library writes other arguments
    schema.json 2:16 unusual-use: loading sets the state of what `sklearn.tree._tree.Tree` made to `{'max_depth': 1, 'node_count': 2, 'nodes': numpy._core.multiarray._reconstruct(...), ...}`; its library writes arrays that fit one another (its nodes are not a tree, or not as many as it says)
    ");
}

#[test]
fn nodes_of_old_releases_are_read() {
    // A loss was an object without a state, and a method had the class of methods.
    let loss = |class: &str| {
        let rest = format!("\"content\": {},", json("null"));
        found(&schema("sklearn._loss._loss", class, "ObjectNode", &rest))
    };
    assert_eq!(loss("CyHalfBinomialLoss"), "");
    insta::assert_snapshot!(loss("CyHalfTweedieLoss"), @"schema.json 2:16 unusual-use: loading runs `sklearn._loss._loss.CyHalfTweedieLoss()`; its library writes (a float or an integer)");
    insta::assert_snapshot!(loss("CyOther"), @"schema.json 2:16 global-not-allowed: loading runs `sklearn._loss._loss.CyOther()`; the policy does not list `sklearn._loss._loss.CyOther`");
    let method = |module: &str, class: &str| {
        let rest = format!(
            "\"content\": {{\"func\": \"transform\", \"obj\": {}}},",
            scaler()
        );
        found(&schema(module, class, "MethodNode", &rest))
    };
    let home = "sklearn.preprocessing._data";
    assert_eq!(method(home, "method"), method(home, "StandardScaler"));
    insta::assert_snapshot!(method("os", "method"), @"
    schema.json 5:23 global-not-allowed: loading imports `os.StandardScaler.transform`; the policy does not list `os:StandardScaler.transform` (it runs a program or changes the system)
    schema.json 5:43 incomplete-read: it does not read to its end: a node whose `obj` is missing, or not what skops writes
    ");
}

#[test]
fn what_no_release_writes_is_malformed() {
    insta::assert_snapshot!(found(&schema("builtins", "str", "NoNode", "")), @"schema.json 2:16 incomplete-read: it does not read to its end: no release of skops has the loader `NoNode`");
    insta::assert_snapshot!(found(&schema("builtins", "str", "JsonNode", "\"content\": 7,")), @"schema.json 5:14 incomplete-read: it does not read to its end: a node whose `content` is missing, or not what skops writes");
    insta::assert_snapshot!(found(&schema("builtins", "str", "JsonNode", "\"content\": \"{\",")), @"schema.json 5:14 incomplete-read: it does not read to its end: EOF while parsing an object at line 1 column 1");
    insta::assert_snapshot!(found(&schema("numpy", "ndarray", "NdArrayNode", "\"type\": \"numpy\", \"file\": \"../7.npy\",")), @"schema.json 5:28 incomplete-read: it does not read to its end: the file `../7.npy` is not in the archive");
    insta::assert_snapshot!(found(&schema("builtins", "dict", "DictNode", "")), @"schema.json 1:1 incomplete-read: it does not read to its end: a node whose `content` is missing, or not what skops writes");
    insta::assert_snapshot!(found(&scaler().replace("\"protocol\": 2", "\"protocol\": 3")), @"schema.json 6:15 incomplete-read: it does not read to its end: a protocol that no release of skops has");
    insta::assert_snapshot!(found(&scaler().replace("\"protocol\": 2", "\"protocol\": 2, \"__module__\": \"os\"")), @"
    schema.json 2:16 global-not-allowed: loading creates `os.StandardScaler()`; the policy does not list `os.StandardScaler` (it runs a program or changes the system)
    schema.json 3:3 incomplete-read: it does not read to its end: a node that has `__module__` twice
    ");
    insta::assert_snapshot!(found(scaler().split_at(300).0), @"schema.json 5:188 incomplete-read: it does not read to its end: EOF while parsing a string at line 5 column 188");
}

/// Arrays are not read, and a schema that names one a thousand times costs its nodes.
#[test]
fn arrays_of_any_size_cost_nothing() {
    const LONG: u32 = 4_000_000_000;
    let header = npy::array("'|u1'", &format!("({},)", LONG - 128), &[]);
    let mut array = stored("7.npy", &header);
    let schema = stored("schema.json", scaler());
    let local = archive(std::slice::from_ref(&array));
    let start = 30 + array.name.len() + array.local_extra.len();
    array.size = LONG;
    array.crc = 0;
    let mut head = local[..start].to_vec();
    head[14..18].fill(0);
    head[18..22].copy_from_slice(&LONG.to_le_bytes());
    head[22..26].copy_from_slice(&LONG.to_le_bytes());
    head.extend(&header);
    let other = archive(std::slice::from_ref(&schema));
    let length = 30 + schema.name.len() + schema.local_extra.len() + scaler().len();
    let after = u64::try_from(start).unwrap() + u64::from(LONG);
    let mut entry = array.entry(0);
    entry[20..24].copy_from_slice(&LONG.to_le_bytes());
    let second = schema.entry(u32::try_from(after).unwrap());
    let mut tail = other[..length].to_vec();
    let directory = u32::try_from(after + length as u64).unwrap();
    tail.extend([entry.clone(), second.clone()].concat());
    let size = u32::try_from(entry.len() + second.len()).unwrap();
    tail.extend(zip::end(2, size, directory, b""));
    let total = after + tail.len() as u64;
    let source = Sparse::new(total, vec![(0, head), (after, tail)]);
    let read = source.counter();
    let seen = facts(source, "model.skops");
    let bad: Vec<_> = seen
        .iter()
        .filter(|o| matches!(o.fact, Fact::Unread(_) | Fact::Anomaly { .. }))
        .collect();
    assert!(bad.is_empty(), "{bad:?}");
    assert!(read.load(Ordering::Relaxed) < 3 << 20, "{read:?}");
}

#[test]
fn other_archives_are_what_they_are() {
    for schema in ["{\"type\": \"object\"}", "[1]", "{", "{\"a\": \"\\u005f\"}"] {
        let told = told(&file(schema), "model.zip");
        assert!(told.starts_with("[] is zip\n"), "{told}");
    }
    let escaped = scaler().replacen("__loader__", "\\u005f_loader__", 1);
    assert!(told(&file(&escaped), "model.zip").starts_with("[] is skops\n"));
    // Python ends the name of a member at a zero byte.
    let hidden = archive(&[stored("schema.json\0x", hostile())]);
    assert!(told(&hidden, "model.zip").starts_with("[] is skops\n"));
    // And its `json` takes bytes in other encodings, which no release writes.
    let units = hostile()
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect::<Vec<_>>();
    let wide: Vec<u8> = hostile().bytes().flat_map(|byte| [0, 0, 0, byte]).collect();
    for schema in [units, wide] {
        let told = told(&archive(&[stored("schema.json", schema)]), "model.zip");
        assert!(told.contains("unread: malformed"), "{told}");
    }
}

fn names(observed: &Observed) -> BTreeSet<String> {
    let name = |fact: &Fact| match fact {
        Fact::Global {
            global: Global::Named(name),
            ..
        } => Some(name.to_string()),
        _ => None,
    };
    observed.iter().filter_map(|o| name(&o.fact)).collect()
}

/// Data to us, whatever a caller has to say about it.
const DATA: &[&str] = &[
    "builtins.bytes",
    "builtins.complex",
    "builtins.dict",
    "numpy.dtype",
];

fn is_data(name: &str) -> bool {
    // Made of what the file says, whatever the name.
    let is_matrix = name.ends_with("_matrix") || name.ends_with("_array");
    name.starts_with("scipy.sparse.") && is_matrix || DATA.contains(&name)
}

/// Whatever skops asks its caller about is recorded, and an estimator whose pickle passes under a policy passes as a file of skops.
#[test]
fn what_skops_does_not_trust_is_recorded() {
    let Some(python) = oracle::python("skops.io, numpy, scipy, sklearn") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let count = oracle::number("WEIGHBRIDGE_ORACLE_SKOPS", 300).to_string();
    let seed = oracle::number("WEIGHBRIDGE_ORACLE_SEED", 1).to_string();
    let path = folder.path().to_str().unwrap();
    let answers = oracle::run(&python, "skops_files.py", &[path, &count, &seed]);
    let policy = policy(PACKS);
    let passes = |path: &Path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        let observed = facts(std::fs::read(path).unwrap(), name);
        let findings = judge_by(&policy, name, &observed);
        let told: Vec<String> = findings
            .iter()
            .map(|finding| format!("{}: {}", finding.rule.id, finding.message))
            .collect();
        told
    };
    let (mut estimators, mut wrong) = (0, String::new());
    for answer in answers {
        let name = answer["file"].as_str().unwrap();
        let path = folder.path().join(name);
        let observed = facts(std::fs::read(&path).unwrap(), name);
        let recorded = names(&observed);
        let unread = observed.iter().any(|o| matches!(o.fact, Fact::Unread(_)));
        match answer["untrusted"].as_array() {
            Some(untrusted) => {
                for name in untrusted.iter().map(|name| name.as_str().unwrap()) {
                    assert!(
                        recorded.contains(name) || is_data(name),
                        "{}: {name} is not recorded",
                        path.display()
                    );
                }
            }
            // What skops does not read is malformed, or names something that it never asks about.
            None => assert!(unread || !recorded.is_empty(), "{name}"),
        }
        if answer["kind"] == "object" {
            assert!(!unread, "{name}");
        }
        if answer["kind"] == "estimator" {
            assert!(!unread, "{name}");
            estimators += 1;
            let of_skops = passes(&path);
            let of_pickle = passes(&path.with_extension("pkl"));
            if of_pickle.is_empty() && !of_skops.is_empty() {
                writeln!(wrong, "{name}: {of_skops:?}").unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(estimators > 100);
}
