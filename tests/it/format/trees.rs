//! Gradient-boosted trees, against the libraries themselves.

use std::sync::atomic::Ordering;

use weighbridge::fact::{Anomaly, Fact, Malformed, TreesFault, Unread};

use crate::support::{
    fixture::{Fixture, facts, told},
    flatbuffer::{Field, Table, file},
    oracle,
    sparse::Sparse,
};

/// A model of one tree with three nodes, as XGBoost writes it; `nodes` are its left and right children.
fn json(left: &str, right: &str) -> String {
    format!(
        r#"{{"learner":{{"attributes":{{}},"feature_names":["a"],"feature_types":["float"],"gradient_booster":{{"model":{{"gbtree_model_param":{{"num_parallel_tree":"1","num_trees":"1"}},"iteration_indptr":[0,1],"tree_info":[0],"trees":[{{"base_weights":[1E-1,-5E-1,NaN],"categories":[],"categories_nodes":[],"categories_segments":[],"categories_sizes":[],"default_left":[0,0,0],"id":0,"left_children":[{left}],"loss_changes":[5.2E1,0E0,0E0],"parents":[2147483647,0,0],"right_children":[{right}],"split_conditions":[1E-1,-5E-1,5E-1],"split_indices":[0,0,0],"split_type":[0,0,0],"sum_hessian":[1E1,5E0,5E0],"tree_param":{{"num_deleted":"0","num_feature":"1","num_nodes":"3","size_leaf_vector":"1"}}}}]}},"name":"gbtree"}},"learner_model_param":{{"base_score":"5E-1","boost_from_average":"1","num_class":"0","num_feature":"1","num_target":"1"}},"objective":{{"name":"binary:logistic","reg_loss_param":{{"scale_pos_weight":"1"}}}}}},"version":[2,1,0]}}"#
    )
}

/// A text of UBJSON.
fn text(text: &str) -> Vec<u8> {
    [
        b"L".as_slice(),
        &(text.len() as u64).to_be_bytes(),
        text.as_bytes(),
    ]
    .concat()
}

/// The same value in UBJSON as XGBoost writes it; lists of integers have a type.
fn ubjson(value: &serde_json::Value) -> Vec<u8> {
    use serde_json::Value;
    match value {
        Value::Object(entries) => {
            let entries = entries.iter();
            let entries = entries.flat_map(|(key, value)| [text(key), ubjson(value)].concat());
            [b"{".to_vec(), entries.collect(), b"}".to_vec()].concat()
        }
        Value::Array(items) if items.iter().any(Value::is_i64) => {
            let count = (items.len() as u64).to_be_bytes();
            let items = items
                .iter()
                .map(|item| i32::try_from(item.as_i64().unwrap()).unwrap());
            let items: Vec<u8> = items.flat_map(i32::to_be_bytes).collect();
            [b"[$l#L".as_slice(), &count, &items].concat()
        }
        Value::Array(items) => {
            let count = (items.len() as u64).to_be_bytes();
            let items: Vec<u8> = items.iter().flat_map(ubjson).collect();
            [b"[#L".as_slice(), &count, &items].concat()
        }
        Value::String(string) => [b"S".to_vec(), text(string)].concat(),
        Value::Number(number) if number.is_f64() => {
            #[allow(clippy::cast_possible_truncation, reason = "as the writer does")]
            let float = number.as_f64().unwrap() as f32;
            [b"d".as_slice(), &float.to_be_bytes()].concat()
        }
        Value::Number(number) => {
            [b"L".as_slice(), &number.as_i64().unwrap().to_be_bytes()].concat()
        }
        _ => b"Z".to_vec(),
    }
}

fn as_ubjson(json: &str) -> Vec<u8> {
    ubjson(&serde_json::from_str(&json.replace("NaN", "0E0")).unwrap())
}

/// The same tree in the form of releases before 3.1.
fn binary(children: [i32; 2], feature: u32) -> Vec<u8> {
    let mut file = b"binf".to_vec();
    file.extend(0.5_f32.to_le_bytes());
    file.extend(1_u32.to_le_bytes());
    file.resize(4 + 136, 0);
    for name in ["binary:logistic", "gbtree"] {
        file.extend((name.len() as u64).to_le_bytes());
        file.extend(name.as_bytes());
    }
    let model = file.len();
    file.extend(1_u32.to_le_bytes());
    file.resize(model + 160, 0);
    let tree = file.len();
    file.extend(1_u32.to_le_bytes());
    file.extend(3_u32.to_le_bytes());
    file.resize(tree + 148, 0);
    for [left, right] in [children, [-1, -1], [-1, -1]] {
        for word in [-1, left, right] {
            file.extend(word.to_le_bytes());
        }
        file.extend(feature.to_le_bytes());
        file.extend(0.5_f32.to_le_bytes());
    }
    file.extend([0; 3 * 16]);
    file.extend(0_u32.to_le_bytes());
    file
}

/// A model of `LightGBM` with one tree.
fn lightgbm(left: &str, right: &str) -> String {
    let tree = format!(
        "Tree=0\nnum_leaves=3\nnum_cat=1\nsplit_feature=0 1\nsplit_gain=3 2\nthreshold=0.5 0\ndecision_type=2 1\nleft_child={left}\nright_child={right}\nleaf_value=1 2 3\nleaf_weight=1 1 1\nleaf_count=3 3 3\ninternal_value=0 0\ninternal_weight=0 0\ninternal_count=9 6\ncat_boundaries=0 1\ncat_threshold=5\nis_linear=0\nshrinkage=1\n\n\n"
    );
    format!(
        "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=1\nobjective=regression\nfeature_names=a b\nfeature_infos=[0:1] 0:1:2\ntree_sizes={}\n\n{tree}end of trees\n\nfeature_importances:\na=1\n\nparameters:\n[boosting: gbdt]\n\nend of parameters\n\npandas_categorical:[[\"u\", \"v\"]]\n",
        tree.len()
    )
}

/// Where a tree has several targets, the loader reads the weights of each leaf without a look at how many there are.
#[test]
fn a_tree_of_several_targets_has_the_weights_of_all() {
    let tree = json("1,-1,-1", "2,-1,-1")
        .replace(r#""size_leaf_vector":"1""#, r#""size_leaf_vector":"2""#);
    insta::assert_snapshot!(told(tree.as_bytes(), "m.json"), @"
    [] is xgboost
    [] unread: malformed: `base_weights` has 3 items where the model says 6
    ");
    let of_old = tree.replace("[1E-1,-5E-1,NaN]", "[1E-1,-5E-1,NaN,0E0,1E0,2E0]");
    insta::assert_snapshot!(told(of_old.as_bytes(), "m.json"), @"[] is xgboost");
    let no_list = of_old.replace("[2,-1,-1]", "[2,0,1]");
    insta::assert_snapshot!(told(no_list.as_bytes(), "m.json"), @"
    [] is xgboost
    [] unread: malformed: there is no `leaf_weights`
    ");
}

/// The loader follows them to the root, wherever they lead.
#[test]
fn the_parent_of_a_node_is_the_one_whose_child_it_is() {
    let tree = json("1,-1,-1", "2,-1,-1");
    for parents in [
        "7,0,0",
        "0,0,0",
        "1,0,0",
        "2147483647,0,3",
        "2147483647,2,0",
        "2147483647,0,-2",
    ] {
        let wrong = tree.replace("[2147483647,0,0]", &format!("[{parents}]"));
        for file in [wrong.clone().into_bytes(), as_ubjson(&wrong)] {
            let said = told(&file, "m.model");
            assert!(said.contains("`parents`"), "{parents}: {said}");
        }
    }
    let of_cut = json("-1,-1,-1", "-1,-1,-1");
    insta::assert_snapshot!(told(of_cut.as_bytes(), "m.json"), @"[] is xgboost");
}

/// The loader splits each at a colon.
#[test]
fn a_parameter_without_a_value_is_refused() {
    let text = lightgbm("1 -1", "-3 -2").replace("[boosting: gbdt]", "[boosting]");
    insta::assert_snapshot!(told(text.as_bytes(), "m.txt"), @"
    [] is lightgbm
    [] unread: malformed: `parameters` has a value that its library does not write
    ");
}

/// A model of CatBoost with one tree of two levels, and a table of counters.
fn catboost(splits: [u32; 2], start: u32, leaves: usize, slots: usize) -> Vec<u8> {
    let floats = vec![Table(vec![
        (1, Field::U32(0)),
        (3, Field::Numbers(vec![0; 3])),
    ])];
    let trees = Table(vec![
        (0, Field::U32(1)),
        (1, Field::Numbers(splits.to_vec())),
        (2, Field::Numbers(vec![2])),
        (3, Field::Numbers(vec![start])),
        (5, Field::Tables(floats)),
        (8, Field::Wide(leaves)),
    ]);
    let core = file(
        [0; 4],
        Table(vec![
            (0, Field::Text("FlabuffersModel_v1")),
            (1, Field::Table(trees)),
            (3, Field::Texts(vec!["static_provider_v1"])),
        ]),
    );
    let base = Table(vec![(0, Field::Table(Table(vec![])))]);
    let table = file(
        [0; 4],
        Table(vec![
            (0, Field::Table(base)),
            (1, Field::Bytes(vec![0; slots])),
            (2, Field::Bytes(vec![0; 8])),
        ]),
    );
    let sized = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_le_bytes(), bytes].concat();
    [
        b"CBM1".to_vec(),
        sized(&core),
        1_u32.to_le_bytes().to_vec(),
        sized(&table),
    ]
    .concat()
}

/// A model of CatBoost in JSON, with a tree of two levels, and what a counter needs.
const CATBOOST: &str = r#"{"ctr_data":{"{\"identifier\":[{\"cat_feature_index\":0,\"combination_element\":\"cat_feature_value\"}],\"type\":\"Borders\"}":{"counter_denominator":0,"hash_map":["22",30,45,"18446744073709551615",1,2],"hash_stride":3}},"features_info":{"categorical_features":[{"feature_index":0,"flat_feature_index":1}],"ctrs":[{"borders":[8.5],"ctr_type":"Borders","elements":[{"cat_feature_index":0,"combination_element":"cat_feature_value"}],"identifier":"","target_border_idx":0}],"float_features":[{"borders":[-0.5,1e-1],"feature_index":0,"flat_feature_index":0}]},"model_info":{"catboost_version_info":"1"},"oblivious_trees":[{"leaf_values":[1,2,3,4],"splits":[{"split_index":0},{"split_index":2}]}],"scale_and_bias":[1,[0]]}"#;

/// The same with a tree of nodes.
fn nodes(tree: &str) -> String {
    let (front, _) = CATBOOST.split_once("\"oblivious_trees\"").unwrap();
    format!(r#"{front}"scale_and_bias":[1,[0]],"trees":[{tree}]}}"#)
}

const NODES: &str = r#"{"left":{"value":1,"weight":6},"right":{"left":{"value":2},"right":{"value":3},"split":{"split_index":2}},"split":{"split_index":0}}"#;

#[test]
fn what_does_not_fit_in_a_model_of_catboost_is_said() {
    let changed = |from: &str, to: &str| {
        assert!(CATBOOST.contains(from), "{from}");
        told(CATBOOST.replacen(from, to, 1).as_bytes(), "m.json")
    };
    insta::assert_snapshot!(changed(r#"{"split_index":2}"#, r#"{"split_index":3}"#), @"
    [] is catboost
    [] unread: malformed: a node compares feature 3 of 3
    ");
    insta::assert_snapshot!(changed(r#"{"split_index":2}"#, r#"{"split_index":2.5}"#), @"
    [] is catboost
    [] unread: malformed: `split_index` has a value that its library does not write
    ");
    insta::assert_snapshot!(changed(r#"{"split_index":2}"#, r#"{"split_index":2,"split\u005findex":9}"#), @"
    [] is catboost
    [] unread: malformed: `split_index` is there twice
    ");
    insta::assert_snapshot!(changed("[1,2,3,4]", "[1,2,3]"), @"
    [] is catboost
    [] unread: malformed: there is no `leaf_values`
    ");
    insta::assert_snapshot!(changed("[1,[0]]", "[1,[0,0]]"), @"
    [] is catboost
    [] unread: malformed: `scale_and_bias` has 2 items where the model says 1
    ");
    insta::assert_snapshot!(changed("[1,[0]]", "[1]"), @"
    [] is catboost
    [] unread: malformed: `scale_and_bias` has 1 items where the model says 2
    ");
    insta::assert_snapshot!(changed(r#""target_border_idx":0"#, r#""target_border_idx":1"#), @"
    [] is catboost
    [] unread: malformed: `target_border_idx` refers to what is not there
    ");
    insta::assert_snapshot!(changed(r#"[{"cat_feature_index":0,"#, r#"[{"cat_feature_index":1,"#), @"
    [] is catboost
    [] unread: malformed: `elements` refers to what is not there
    ");
    insta::assert_snapshot!(changed(r#""hash_stride":3"#, r#""hash_stride":2"#), @"
    [] is catboost
    [] unread: malformed: `hash_stride` has a value that its library does not write
    ");
    insta::assert_snapshot!(changed(r#"["22",30,"#, r#"["22","#), @"
    [] is catboost
    [] unread: malformed: `hash_map` has a value that its library does not write
    ");
    insta::assert_snapshot!(changed(r#"["22","#, r#"["2x","#), @"
    [] is catboost
    [] unread: malformed: `hash_map` has a value that its library does not write
    ");
    insta::assert_snapshot!(changed(r#""oblivious_trees""#, r#""trees":[],"oblivious_trees""#), @"
    [] is catboost
    [] unread: malformed: there is no `oblivious_trees`
    ");
    insta::assert_snapshot!(changed(r"[1,[0]]}", r"[1,[0]]} more"), @"
    [] is catboost
    [] trailing-data: 4 bytes after the model
    ");
    let of = |tree: &str| told(nodes(tree).as_bytes(), "m.json");
    assert_eq!(of(NODES), "[] is catboost");
    insta::assert_snapshot!(of(&NODES.replace(r#""left":{"value":2},"#, "")), @"
    [] is catboost
    [] unread: malformed: there is no `left`
    ");
    insta::assert_snapshot!(of(&NODES.replace(r#"{"value":3}"#, r#"{"value":[3,3]}"#)), @"
    [] is catboost
    [] unread: malformed: `leaf_values` has 2 items where the model says 1
    ");
    insta::assert_snapshot!(of(&NODES.replace(r#"{"value":3}"#, r#"{"value":3,"split":{"split_index":0}}"#)), @"
    [] is catboost
    [] unread: malformed: `value` has a value that its library does not write
    ");
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    let model = json("1,-1,-1", "2,-1,-1");
    vec![
        ("model.json", model.clone().into_bytes()),
        ("trees.ubj", as_ubjson(&model)),
        ("model.model", binary([1, 2], 0)),
        ("model.txt", lightgbm("1 -1", "-3 -2").into_bytes()),
        ("trees.cbm", catboost([0, 2], 0, 4, 24)),
        ("levels.json", CATBOOST.as_bytes().to_vec()),
        ("nodes.json", nodes(NODES).into_bytes()),
    ]
}

#[test]
fn genuine_models_are_data_under_any_name() {
    for (name, bytes) in fixtures() {
        let id = match name {
            "model.txt" => "lightgbm",
            "trees.cbm" | "levels.json" | "nodes.json" => "catboost",
            _ => "xgboost",
        };
        for name in [name, "model.bin", "model"] {
            assert_eq!(told(&bytes, name), format!("[] is {id}"), "{name}");
        }
    }
}

/// Loaders follow what a node says.
#[test]
fn nodes_that_are_no_tree_are_refused() {
    insta::assert_snapshot!(told(json("1,-1,-1", "3,-1,-1").as_bytes(), "m.json"), @"
    [] is xgboost
    [] unread: malformed: tree 0 is no tree: node 0 leads to none, or is reached twice
    ");
    insta::assert_snapshot!(told(json("1,0,-1", "2,2,-1").as_bytes(), "m.json"), @"
    [] is xgboost
    [] unread: malformed: tree 0 is no tree: node 2 leads to none, or is reached twice
    ");
    insta::assert_snapshot!(told(json("1,-1", "2,-1,-1").as_bytes(), "m.json"), @"
    [] is xgboost
    [] unread: malformed: `left_children` has 2 items where the model says 3
    ");
    insta::assert_snapshot!(told(&as_ubjson(&json("-7,-1,-1", "2,-1,-1")), "m.ubj"), @"
    [] is xgboost
    [] unread: malformed: tree 0 is no tree: node 0 leads to none, or is reached twice
    ");
    insta::assert_snapshot!(told(&binary([1, 1], 0), "m.model"), @"
    [] is xgboost
    [] unread: malformed: tree 0 is no tree: node 1 leads to none, or is reached twice
    ");
    insta::assert_snapshot!(told(&binary([1, 2], 9), "m.model"), @"
    [] is xgboost
    [] unread: malformed: a node compares feature 9 of 1
    ");
    insta::assert_snapshot!(told(lightgbm("1 -1", "-4 -2").as_bytes(), "m.txt"), @"
    [] is lightgbm
    [] unread: malformed: tree 0 is no tree: node 0 leads to none, or is reached twice
    ");
    insta::assert_snapshot!(told(lightgbm("1 0", "-3 -2").as_bytes(), "m.txt"), @"
    [] is lightgbm
    [] unread: malformed: tree 0 is no tree: node 0 leads to none, or is reached twice
    ");
}

#[test]
fn what_does_not_fit_is_said() {
    let model = json("1,-1,-1", "2,-1,-1");
    let changed = |from: &str, to: &str| {
        assert!(model.contains(from), "{from}");
        told(model.replacen(from, to, 1).as_bytes(), "m.json")
    };
    insta::assert_snapshot!(changed(r#""num_trees":"1""#, r#""num_trees":"2""#), @"
    [] is xgboost
    [] unread: malformed: `trees` has 1 items where the model says 2
    ");
    insta::assert_snapshot!(changed(r#""split_indices":[0,"#, r#""split_indices":[5,"#), @"
    [] is xgboost
    [] unread: malformed: a node compares feature 5 of 1
    ");
    insta::assert_snapshot!(changed(r#""tree_info":[0]"#, r#""tree_info":[1]"#), @"
    [] is xgboost
    [] unread: malformed: `tree_info` refers to what is not there
    ");
    insta::assert_snapshot!(changed(r#""name":"gbtree""#, r#""name":"gbother""#), @"
    [] is xgboost
    [] unread: malformed: `name` has a value that its library does not write
    ");
    insta::assert_snapshot!(changed(r#""id":0"#, r#""id":0,"id":1"#), @"
    [] is xgboost
    [] unread: malformed: `id` is there twice
    ");
    insta::assert_snapshot!(changed(r#""categories_nodes":[]"#, r#""categories_nodes":[7]"#), @"
    [] is xgboost
    [] unread: malformed: `categories_segments` has 0 items where the model says 1
    ");
    insta::assert_snapshot!(changed(r#""attributes":{}"#, r#""attributes":{}]"#), @"
    [] is xgboost
    [] unread: malformed: byte 27 is nothing that the encoding has there
    ");
    insta::assert_snapshot!(changed(r#""version":[2,1,0]}"#, r#""version":[2,1,0]} more"#), @"
    [] is xgboost
    [] trailing-data: 4 bytes after the model
    ");
    let text = lightgbm("1 -1", "-3 -2");
    let changed = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        told(text.replacen(from, to, 1).as_bytes(), "m.txt")
    };
    insta::assert_snapshot!(changed("tree_sizes=", "tree_sizes=1"), @"
    [] is lightgbm
    [] unread: malformed: `tree_sizes` refers to what is not there
    ");
    insta::assert_snapshot!(changed("threshold=0.5 0", "threshold=0.5 1"), @"
    [] is lightgbm
    [] unread: malformed: `threshold` refers to what is not there
    ");
    insta::assert_snapshot!(changed("cat_boundaries=0 1", "cat_boundaries=0 9"), @"
    [] is lightgbm
    [] unread: malformed: `cat_boundaries` refers to what is not there
    ");
    insta::assert_snapshot!(changed("split_feature=0 1", "split_feature=0 2"), @"
    [] is lightgbm
    [] unread: malformed: a node compares feature 2 of 2
    ");
    insta::assert_snapshot!(changed("end of trees", "end"), @"
    [] is lightgbm
    [] unread: malformed: `Tree` has a value that its library does not write
    ");
}

#[test]
fn what_does_not_fit_in_a_flatbuffer_is_said() {
    let told = |bytes: Vec<u8>| told(&bytes, "m.cbm");
    insta::assert_snapshot!(told(catboost([0, 3], 0, 4, 24)), @"
    [] is catboost
    [] unread: malformed: a node compares feature 3 of 3
    ");
    insta::assert_snapshot!(told(catboost([0, 2], 1, 4, 24)), @"
    [] is catboost
    [] unread: malformed: `TreeStartOffsets` refers to what is not there
    ");
    insta::assert_snapshot!(told(catboost([0, 2], 0, 3, 24)), @"
    [] is catboost
    [] unread: malformed: `LeafValues` has 3 items where the model says 4
    ");
    insta::assert_snapshot!(told(catboost([0, 2], 0, 4, 13)), @"
    [] is catboost
    [] unread: malformed: `IndexHashRaw` has a value that its library does not write
    ");
    insta::assert_snapshot!(told([catboost([0, 2], 0, 4, 24), b"more".to_vec()].concat()), @"
    [] is catboost
    [] trailing-data: 4 bytes after the model
    ");
    let mut long = catboost([0, 2], 0, 4, 24);
    long[4..8].copy_from_slice(&0x7fff_ff00_u32.to_le_bytes());
    insta::assert_snapshot!(told(long), @"
    [] is catboost
    [] unread: malformed: a value of the model needs 2147483392 bytes, 476 are left
    ");
}

/// Ordinary files begin with the same words.
#[test]
fn other_files_are_silent() {
    for (name, bytes) in [
        ("courses.json", r#"{"learner": {"name": "Ada", "id": 7}}"#),
        ("config.json", r#"{"learner": "xgboost", "version": [1]}"#),
        ("notes.txt", "tree\nversion control\n"),
        ("notes.txt", "tree\n"),
        (
            "plan.json",
            r#"{"model_info": {"name": "x"}, "trees": ["oak", "beech"]}"#,
        ),
    ] {
        assert_eq!(told(bytes.as_bytes(), name), "", "{name}");
    }
}

/// Weights are stepped over, and lengths that the file has not are no reason to set memory aside.
#[test]
fn a_model_of_any_length_costs_its_nodes() {
    const LONG: u64 = 40 << 30;
    let model = as_ubjson(&json("1,-1,-1", "2,-1,-1"));
    let key = text("version");
    let at = memchr::memmem::find(&model, &key).unwrap();
    let mut front = model[..at].to_vec();
    front.extend(text("statistics"));
    front.extend(b"[$d#L");
    let tail = [&key, &model[at + key.len()..]].concat();
    let bytes = (LONG - front.len() as u64 - 8 - tail.len() as u64) & !3;
    front.extend((bytes / 4).to_be_bytes());
    let length = front.len() as u64 + bytes + tail.len() as u64;
    let patches = vec![(0, front.clone()), (front.len() as u64 + bytes, tail)];
    let source = Sparse::new(length, patches);
    let read = source.counter();
    let seen = facts(source, "model.ubj");
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert!(read.load(Ordering::Relaxed) < 2 << 20);
    // Nodes without end.
    let from = text("left_children");
    let at = memchr::memmem::find(&model, &from).unwrap() + from.len();
    let mut front = model[..at].to_vec();
    front.extend(b"[$U#L");
    front.extend((LONG / 2).to_be_bytes());
    let seen = facts(Sparse::new(LONG, vec![(0, front)]), "model.ubj");
    assert!(
        seen.iter()
            .any(|o| matches!(o.fact, Fact::Unread(Unread::Limit(_))))
    );
}

/// Genuine models pass, and a damaged one that passes is loaded without a crash.
fn compared(library: &str) {
    let Some(python) = oracle::python(&format!("{library}, numpy, pandas")) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let count = oracle::number("WEIGHBRIDGE_ORACLE_TREES", 150).to_string();
    let seed = oracle::number("WEIGHBRIDGE_ORACLE_SEED", 1).to_string();
    let path = folder.path().to_str().unwrap();
    let answers = oracle::run(&python, "boosted_trees.py", &[library, path, &count, &seed]);
    let mut genuine = 0;
    for answer in answers {
        let (name, became) = (
            answer["file"].as_str().unwrap(),
            answer["answer"].as_str().unwrap(),
        );
        let bytes = std::fs::read(folder.path().join(name)).unwrap();
        let observed = facts(bytes, name);
        let faults: Vec<_> = observed
            .iter()
            .filter(|o| !matches!(&o.fact, Fact::Is(id) if id.as_str() == library))
            .collect();
        // A head that is damaged is that of another file.
        let passes = faults.is_empty() && !observed.is_empty();
        if answer["genuine"] == true {
            genuine += 1;
            assert_eq!(became, "loaded", "{name}");
            assert!(passes, "{name}: {faults:?}");
        } else if became == "crashed" && passes {
            let kept = std::env::temp_dir().join(name);
            std::fs::copy(folder.path().join(name), &kept).unwrap();
            panic!("{} passes, and loading it crashes", kept.display());
        }
    }
    assert!(genuine > 0);
}

#[test]
fn xgboost_agrees() {
    compared("xgboost");
}

#[test]
fn catboost_agrees() {
    compared("catboost");
}

#[test]
fn lightgbm_agrees() {
    compared("lightgbm");
}

/// The kinds are told apart by what they are about.
#[test]
fn faults_are_typed() {
    let seen = facts(json("1,-1,-1", "1,-1,-1").into_bytes(), "m.json");
    let fault = seen.iter().find_map(|o| match &o.fact {
        Fact::Unread(Unread::Malformed(how)) => Some(how),
        _ => None,
    });
    let expected = TreesFault::NotATree { tree: 0, node: 1 };
    assert_eq!(fault.map(|how| &**how), Some(&Malformed::Trees(expected)));
    let seen = facts(
        [json("1,-1,-1", "2,-1,-1").as_bytes(), b"{}"].concat(),
        "m.json",
    );
    assert!(seen.iter().any(|o| {
        matches!(&o.fact, Fact::Anomaly(anomaly) if matches!(**anomaly, Anomaly::TrailingData { bytes: 2, .. }))
    }));
}
