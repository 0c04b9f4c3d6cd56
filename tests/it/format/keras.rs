//! Keras' models: what their configuration names, against Keras itself.

use std::collections::BTreeSet;

use weighbridge::fact::{Fact, Global, Unread};

use crate::{
    rule::{judge, judge_by, policy},
    support::{
        fixture::{Fixture, facts, told},
        hdf5, oracle,
        zip::{archive, stored},
    },
};

/// A genuine configuration, as Keras 3 writes it, with a layer in the place of `LAYER`.
const CONFIGURATION: &str = r#"{"module": "keras", "class_name": "Sequential", "config": {"name": "s", "trainable": true,
  "dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": null},
  "layers": [
    {"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [null, 4], "dtype": "float32"}, "registered_name": null},
    LAYER
  ], "build_input_shape": [null, 4]}, "registered_name": null, "build_config": {"input_shape": [null, 4]},
  "compile_config": {"optimizer": {"module": "keras.optimizers", "class_name": "Adam", "config": {"learning_rate": 0.001}, "registered_name": null},
    "loss": "mse", "metrics": [{"module": "builtins", "class_name": "function", "config": "mae", "registered_name": "mae"}]}}"#;

const DENSE: &str = r#"{"module": "keras.layers", "class_name": "Dense", "config": {"name": "dense", "units": 3, "activation": "relu",
      "kernel_initializer": {"module": "keras.initializers", "class_name": "GlorotUniform", "config": {"seed": null}, "registered_name": null}},
      "registered_name": null, "build_config": {"input_shape": [null, 4]}}"#;

fn configuration(layer: &str) -> String {
    CONFIGURATION.replace("LAYER", layer)
}

fn zipped(configuration: &str) -> Vec<u8> {
    archive(&[
        stored("metadata.json", r#"{"keras_version": "3.9.2"}"#),
        stored("config.json", configuration),
        stored("model.weights.h5", hdf5::model(&[])),
    ])
}

fn in_hdf5(configuration: &str) -> Vec<u8> {
    hdf5::model(&[
        ("keras_version", b"2.15.0"),
        ("model_config", configuration.as_bytes()),
    ])
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    let lambda = r#"{"class_name": "Lambda", "config": {"function": ["4wE=", null, null]}}"#;
    vec![
        ("model.keras", zipped(&configuration(DENSE))),
        ("lambda.keras", zipped(&configuration(lambda))),
        ("lambda.h5", in_hdf5(&configuration(lambda))),
    ]
}

/// What is refused of a layer, in both forms of a file, which say the same of it.
fn refused(layer: &str) -> String {
    let lines = |name: &str, file: Vec<u8>| {
        let findings = judge(name, &facts(file, name));
        let lines = findings.iter().map(|f| {
            let site = f.primary.site.to_string();
            let place = site.rsplit(' ').next().unwrap_or_default().to_owned();
            format!("{place} {}: {}", f.rule.id, f.message)
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    let configuration = configuration(layer);
    let zip = lines("model.keras", zipped(&configuration));
    assert_eq!(zip, lines("model.h5", in_hdf5(&configuration)));
    zip
}

#[test]
fn layers_of_keras_pass() {
    assert_eq!(refused(DENSE), "");
    let wrapped = r#"{"class_name": "TimeDistributed", "config": {"layer": {"class_name": "Bidirectional", "config": {"layer": {"class_name": "LSTM", "config": {"units": 3}}}}}}"#;
    assert_eq!(refused(wrapped), "");
    let function = DENSE.replace(
        r#""relu""#,
        r#"{"module": "builtins", "class_name": "function", "config": "celu", "registered_name": "function"}"#,
    );
    assert_eq!(refused(&function), "");
}

#[test]
fn what_a_wrapper_calls_is_judged_for_itself() {
    let wrapped = |function: &str| {
        let wrapper = r#"{"class_name": "MeanMetricWrapper", "config": {"name": "m", "dtype": "float32", "fn": FN}}"#;
        refused(&wrapper.replace("FN", function))
    };
    assert_eq!(wrapped(r#""categorical_accuracy""#), "");
    assert_eq!(
        wrapped(
            r#"{"module": "builtins", "class_name": "function", "config": "huber", "registered_name": "huber"}"#
        ),
        ""
    );
    let hostile = wrapped(r#"{"module": "os", "class_name": "function", "config": "system"}"#);
    assert!(
        hostile.contains("loading runs `os.system(...)`"),
        "{hostile}"
    );
    let old = r#"{"class_name": "GroupedQueryAttention", "config": {"head_dim": 2}}, {"class_name": "SumOverBatchSizeMetricWrapper", "config": {}}"#;
    assert_eq!(refused(old), "");
}

#[test]
fn code_is_refused_where_it_stands() {
    insta::assert_snapshot!(refused(r#"{"module": "keras.layers", "class_name": "Lambda", "config": {"function": {"class_name": "__lambda__", "config": {"code": "4wE="}}}}"#), @"
    5:94 code-by-value: loading makes the code of `<lambda>` (bytecode in the configuration)
    5:46 global-not-allowed: loading runs `keras.layers.Lambda(...)`; the policy does not list `keras.layers.Lambda` (it makes code out of data)
    ");
    insta::assert_snapshot!(refused(r#"{"class_name": "TimeDistributed", "config": {"layer": {"class_name": "Lambda", "config": {"function": ["4wE=", null, null]}}}}"#), @"
    5:107 code-by-value: loading makes the code of `<lambda>` (bytecode in the configuration)
    5:74 global-not-allowed: loading runs `keras.layers.Lambda(...)`; the policy does not list `keras.layers.Lambda` (it makes code out of data)
    ");
    insta::assert_snapshot!(refused(r#"{"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}"#), @"5:58 global-not-allowed: loading runs `os.system(...)`; the policy does not list `os.system` (it runs a program or changes the system)");
    insta::assert_snapshot!(refused(r#"{"module": "os", "class_name": "function", "config": "path", "registered_name": "system"}"#), @"
    5:58 global-not-allowed: loading runs `os.system(...)`; the policy does not list `os.system` (it runs a program or changes the system)
    5:58 global-not-allowed: loading runs `os.path(...)`; the policy does not list `os.path` (it runs a program or changes the system)
    ");
    insta::assert_snapshot!(refused(r#"{"module": "os", "class_name": "__tuple__", "config": {}}"#), @"5:36 global-not-allowed: loading runs `os.__tuple__(...)`; the policy does not list `os.__tuple__` (it runs a program or changes the system)");
    insta::assert_snapshot!(refused(r#"{"module": "keras.config", "class_name": "function", "config": "enable_unsafe_deserialization"}"#), @"5:68 global-not-allowed: loading runs `keras.config.enable_unsafe_deserialization(...)`; the policy does not list `keras.config.enable_unsafe_deserialization`");
    insta::assert_snapshot!(refused(r#"{"class_name": "TFSMLayer", "config": {"filepath": "https://example.org/model"}}"#), @"
    5:56 file-outside: loading it opens the model `https://example.org/model`, which is outside of its folder: it is a URL
    5:20 global-not-allowed: loading runs `keras.layers.TFSMLayer(...)`; the policy does not list `keras.layers.TFSMLayer`
    ");
    insta::assert_snapshot!(refused(r#"{"class_name": "TFOpLambda", "config": {"function": "io.write_file"}}"#), @"
    5:20 global-not-allowed: loading runs `keras.layers.TFOpLambda(...)`; the policy does not list `keras.layers.TFOpLambda`
    5:57 global-not-allowed: loading runs `tensorflow.io.write_file(...)`; the policy does not list `tensorflow:io.write_file`
    ");
    insta::assert_snapshot!(refused(r#"{"class_name": "TorchModuleWrapper", "config": {"module": "Y29zCnN5c3RlbQooUyd0cnVlJwp0Ui4="}}"#), @"
    5:20 global-not-allowed: loading runs `keras.layers.TorchModuleWrapper(...)`; the policy does not list `keras.layers.TorchModuleWrapper`
    REDUCE global-not-allowed: loading runs `os.system('true')`; the policy does not list `os.system` (it runs a program or changes the system)
    STRING torch-weights-only: torch.load(weights_only=True) cannot load it: opcode STRING (protocol 0) is not supported
    ");
    insta::assert_snapshot!(refused(r#"{"class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}}"#), @"5:61 file-outside: loading it opens the vocabulary `/etc/passwd`, which is outside of its folder: the path begins at the root");
    insta::assert_snapshot!(refused(r#"{"class_name": ["Dense"], "config": {}}"#), @"5:20 unresolved-global: loading calls what a configuration computes: no policy can allow that");
    insta::assert_snapshot!(refused(r#"{"class_name": "function", "module": "builtins", "config": "exec"}"#), @"5:64 global-not-allowed: loading runs `builtins.exec(...)`; the policy does not list `builtins.exec` (it runs text as code)");
}

/// Without a zip around it, in a folder or written by `to_json`.
#[test]
fn a_configuration_by_itself_is_read() {
    let lambda = r#"{"class_name": "Lambda", "config": {"function": ["4wE=", null, null]}}"#;
    for name in [
        "config.json",
        "model.json",
        "architecture.json",
        "net.v2.json",
    ] {
        let lines = |layer: &str| judge(name, &facts(configuration(layer).into_bytes(), name));
        assert_eq!(lines(DENSE).len(), 0, "{name}");
        let rules: Vec<_> = lines(lambda)
            .iter()
            .map(|finding| finding.rule.id)
            .collect();
        assert_eq!(rules, ["code-by-value", "global-not-allowed"], "{name}");
    }
    // Readers need none of the keys that say which release wrote it.
    for bare in [
        format!(r#"{{"class_name": "Sequential", "config": [{lambda}]}}"#),
        format!(r#"{{"class_name": "Model", "config": {{"layers": [{lambda}]}}}}"#),
    ] {
        let findings = judge("net.json", &facts(bare.into_bytes(), "net.json"));
        assert_eq!(findings[0].rule.id, "code-by-value");
    }
}

#[test]
fn layers_of_ones_own_need_an_entry() {
    let own = r#"{"module": "my_package.layers", "class_name": "Mine", "config": {}, "registered_name": "my_package>Mine"},
    {"class_name": "other>Named", "config": {}}, {"class_name": "Unknown", "config": {}},
    {"module": "keras.layers", "class_name": "Dense", "config": {}, "registered_name": "evil>Other"}"#;
    insta::assert_snapshot!(refused(own), @"
    5:51 global-not-allowed: loading runs `my_package.layers.Mine(...)`; the policy does not list `my_package.layers.Mine`
    6:20 global-not-allowed: loading runs `other.Named(...)`; the policy does not list `other.Named`
    6:65 global-not-allowed: loading runs `Custom.Unknown(...)`; the policy does not list `Custom.Unknown`
    7:46 global-not-allowed: loading runs `evil.Other(...)`; the policy does not list `evil.Other`
    ");
    let listed = policy(
        "version: 1\nextends: recommended\nglobals: {allow: [my_package.layers.Mine, other.Named, {global: Custom.Unknown, as: [configure]}, evil.Other]}\n",
    );
    let file = zipped(&configuration(own));
    assert_eq!(
        judge_by(&listed, "model.keras", &facts(file, "model.keras")).len(),
        0
    );
}

#[test]
fn every_copy_of_the_configuration_counts() {
    let file = archive(&[
        stored(
            "config.json",
            configuration(r#"{"module": "os", "class_name": "function", "config": "system"}"#),
        ),
        stored("metadata.json", "{}"),
        stored("config.json", configuration(DENSE)),
    ]);
    assert!(told(&file, "model.keras").contains("system"));
    let broken = zipped("{\"class_name\": ");
    insta::assert_snapshot!(judge("model.keras", &facts(broken, "model.keras"))[0].message, @"it does not read to its end: EOF while parsing a value at line 1 column 15");
}

/// Whatever Keras looks up in a configuration is recorded.
#[test]
fn what_keras_looks_up_is_recorded() {
    let Some(python) = oracle::python("keras, h5py") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().to_str().unwrap();
    let count = oracle::number("WEIGHBRIDGE_ORACLE_KERAS", 300).to_string();
    let seed = oracle::number("WEIGHBRIDGE_ORACLE_SEED", 1).to_string();
    let answers = oracle::run(&python, "keras_models.py", &[folder, &count, &seed]);
    let (mut genuine, mut looked_up) = (0, 0);
    for answer in &answers {
        let file = answer["file"].as_str().unwrap();
        let bytes = std::fs::read(dir.path().join(file)).unwrap();
        let observed = facts(bytes, file);
        if answer["genuine"] == true {
            genuine += 1;
            let findings = judge(file, &observed);
            let told: Vec<_> = findings.iter().map(|f| &f.message).collect();
            assert_eq!(told.is_empty(), answer["code"] == false, "{file}: {told:?}");
        }
        // What is no name is refused as such.
        let unread = observed.iter().any(|o| {
            matches!(
                o.fact,
                Fact::Unread(Unread::Malformed(_))
                    | Fact::Global {
                        global: Global::Unresolved(_),
                        ..
                    }
            )
        });
        let mut recorded: BTreeSet<String> = BTreeSet::new();
        for observation in observed.iter() {
            if let Fact::Global {
                global: Global::Named(name),
                ..
            } = &observation.fact
            {
                recorded.insert(name.name.to_string());
            }
        }
        for name in answer["names"].as_array().unwrap() {
            let name = name.as_str().unwrap();
            looked_up += 1;
            assert!(
                unread || recorded.contains(name),
                "{file}: {name} of {recorded:?}"
            );
        }
    }
    assert!(genuine > 20 && looked_up > 500, "{genuine} {looked_up}");
}

/// Other JSON is no architecture, and nothing is said of it.
#[test]
fn other_json_with_a_class_name_is_silent() {
    for (name, text) in [
        (
            "settings.json",
            r#"{"class_name": "os.system", "config": {"class_name": "function", "module": "os"}}"#,
        ),
        (
            "broken.json",
            r#"{"class_name": "Lambda", "module": "keras.layers", "config": "#,
        ),
    ] {
        assert_eq!(told(text.as_bytes(), name), "", "{name}");
    }
    let shards = r#"{"metadata": {}, "weight_map": {"/layers/a/vars": "m_00000.weights.h5", "/layers/b/vars": ["m_00000.weights.h5", "../other.weights.h5"]}}"#;
    let findings = judge(
        "m.weights.json",
        &facts(shards.as_bytes().to_vec(), "m.weights.json"),
    );
    let rules: Vec<_> = findings.iter().map(|f| f.rule.id).collect();
    assert_eq!(rules, ["file-outside"]);
}
