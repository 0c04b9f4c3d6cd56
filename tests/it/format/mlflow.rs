//! `MLflow` models, against what `MLflow` writes.

use std::collections::BTreeSet;

use weighbridge::policy::pack_by_name;

use crate::{
    rule::{judge, placed},
    support::{
        fixture::{Fixture, facts, told},
        oracle,
        pickle::Pickle,
    },
};

/// A description as `MLflow` writes it.
const DESCRIPTION: &str = "\
flavors:
  python_function:
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    loader_module: mlflow.sklearn
    model_path: model.skops
    predict_fn: predict
    python_version: 3.11.7
  sklearn:
    code: null
    pickled_model: model.skops
    serialization_format: skops
    sklearn_version: 1.9.1
mlflow_version: 3.17.2
utc_time_created: '2026-01-02 03:04:05.678901'
";

pub(crate) fn fixtures() -> Vec<Fixture> {
    vec![
        ("MLmodel", DESCRIPTION.as_bytes().to_vec()),
        (
            "loader",
            DESCRIPTION.replace("mlflow.sklearn", "mine").into_bytes(),
        ),
    ]
}

/// The findings, with their places.
fn found(name: &str, text: &str) -> String {
    placed(&judge(name, &facts(text.as_bytes().to_vec(), name)))
}

#[test]
fn the_loaders_of_mlflow_are_data() {
    assert_eq!(found("MLmodel", DESCRIPTION), "");
    assert_eq!(
        found("pickle_module_info.txt", "mlflow.pytorch.pickle_module"),
        ""
    );
    assert_eq!(found("keras_module.txt", "keras"), "");
}

/// A policy without the pack refuses the loaders as well.
#[test]
fn the_loaders_of_mlflow_are_names_of_a_pack() {
    insta::assert_snapshot!(told(DESCRIPTION.as_bytes(), "MLmodel"), @"
    [] is mlflow
    [6:20] Global { global: Named(GlobalName { module: Text(mlflow.sklearn), name: Text(_load_pyfunc) }), usage: Configure }
    [6:20] Call { callee: Named(GlobalName { module: Text(mlflow.sklearn), name: Text(_load_pyfunc) }), usage: Configure, given: CallArguments { positional: Container { kind: Tuple, items: [], length: None }, keywords: None }, arguments: [Unknown] }
    [6:20] Payload { of: Calls(Named(GlobalName { module: Text(mlflow.sklearn), name: Text(_load_pyfunc) })), sha256: [133, 62, 12, 196, 111, 191, 192, 145, 55, 202, 39, 225, 67, 73, 126, 122, 238, 110, 64, 211, 92, 70, 181, 75, 136, 237, 246, 19, 129, 30, 54, 78] }
    [7:17] FileReference(FileReference { role: Model, path: Text(model.skops), base: Folder, end: 0 })
    [12:20] FileReference(FileReference { role: Model, path: Text(model.skops), base: Folder, end: 0 })
    ");
    let pack = pack_by_name("mlflow-flavors").unwrap();
    assert!(
        pack.entries
            .iter()
            .all(|entry| entry.global != "mlflow.pyfunc.loaders.code_model._load_pyfunc")
    );
    let pickle = Pickle::proto(4)
        .global("mlflow.sklearn", "_load_pyfunc")
        .unicode("x");
    let pickle = pickle.op(0x85).reduce().stop();
    let findings = placed(&judge("m.pkl", &facts(pickle, "m.pkl")));
    assert!(findings.contains("global-not-allowed"), "{findings}");
}

/// Each loader that the pack lists is in the release at hand, or was in one before.
#[test]
fn the_pack_is_that_of_mlflow() {
    let Some(python) = oracle::python("mlflow, sklearn") else {
        return;
    };
    let answers = oracle::run(&python, "mlflow_flavors.py", &[]);
    let loaders: BTreeSet<&str> = answers
        .iter()
        .filter_map(|loader| loader.as_str())
        .collect();
    let pack = pack_by_name("mlflow-flavors").unwrap();
    let listed = pack.entries.iter().map(|entry| entry.global.as_str());
    let listed = listed.filter(|name| name.starts_with("mlflow."));
    let gone: BTreeSet<&str> = listed.filter(|name| !loaders.contains(name)).collect();
    // The loader of Keras moved; releases since then name it as before.
    let before =
        ["mlflow.fastai", "mlflow.gluon", "mlflow.keras"].map(|of| format!("{of}._load_pyfunc"));
    let before: BTreeSet<&str> = before.iter().map(String::as_str).collect();
    assert!(gone.is_subset(&before), "{gone:?}");
    assert!(loaders.len() > 15);
}

#[test]
fn other_code_is_refused_at_its_key() {
    let changed = |from: &str, to: &str| {
        assert!(DESCRIPTION.contains(from), "{from}");
        found("MLmodel", &DESCRIPTION.replacen(from, to, 1))
    };
    insta::assert_snapshot!(changed("mlflow.sklearn", "my_loader"), @"6:20 global-not-allowed: loading runs `my_loader._load_pyfunc(...)`; the policy does not list `my_loader._load_pyfunc`");
    insta::assert_snapshot!(changed("loader_module: mlflow.sklearn", "loader_module: [os]"), @"6:5 unresolved-global: loading calls what a configuration computes: no policy can allow that");
    insta::assert_snapshot!(changed("sklearn_version: 1.9.1", "model_class: os.system"), @"14:18 global-not-allowed: loading runs `os.system(...)`; the policy does not list `os.system` (it runs a program or changes the system)");
    insta::assert_snapshot!(changed("predict_fn: predict", "model_code_path: a/model.py"), @"8:5 global-not-allowed: loading runs `mlflow.models.utils._load_model_code_path(...)`; the policy does not list `mlflow.models.utils._load_model_code_path`");
    insta::assert_snapshot!(changed("code: null", "code: code"), @"11:11 global-not-allowed: loading runs `mlflow.utils.model_utils._add_code_to_system_path(...)`; the policy does not list `mlflow.utils.model_utils._add_code_to_system_path`");
    insta::assert_snapshot!(changed("code: null", "code: ../../elsewhere"), @"
    11:11 file-outside: loading it opens the file `../../elsewhere`, which is outside of its folder: the path has a part `..`
    11:11 global-not-allowed: loading runs `mlflow.utils.model_utils._add_code_to_system_path(...)`; the policy does not list `mlflow.utils.model_utils._add_code_to_system_path`
    ");
    insta::assert_snapshot!(changed("pickled_model: model.skops", "pickled_model: /tmp/model.pkl"), @"12:20 file-outside: loading it opens the model `/tmp/model.pkl`, which is outside of its folder: the path begins at the root");
    insta::assert_snapshot!(changed("flavors:", "flavors: {"), @"3:8 incomplete-read: it does not read to its end: did not find expected ',' or '}' at line 3 column 8, while parsing a flow mapping at line 1 column 10 at line 3 column 8");
    insta::assert_snapshot!(found("pickle_module_info.txt", "my.pickle\n"), @"1:1 global-not-allowed: loading runs `my.pickle(...)`; the policy does not list `my.pickle` (it may be Python's own module of that name, which reaches anything)");
}

/// Other ways to write the same YAML.
#[test]
fn a_description_is_read_however_it_is_written() {
    let loader = "loader_module: mine";
    for text in [
        format!("flavors:\n  python_function:\n    <<: {{{loader}}}\n"),
        format!(
            "base: &base\n  <<: [{{{loader}}}]\nflavors:\n  python_function:\n    <<: *base\n    loader_module: mlflow.sklearn\n"
        ),
        format!("<<: {{flavors: {{python_function: {{{loader}}}}}}}\nflavors: {{}}\n"),
        format!("{{flavors: {{python_function: {{{loader}}}}}}}"),
        format!("\u{feff}\"flavors\" :\n  python_function:\n    {loader}\n"),
        format!(
            "{}flavors:\n  python_function:\n    {loader}\n",
            "# a comment\n".repeat(1000)
        ),
    ] {
        for name in ["MLmodel", "mlmodel"] {
            let findings = found(name, &text);
            assert!(
                findings.contains("`mine._load_pyfunc(...)`"),
                "{text}: {findings}"
            );
        }
    }
    // Text that is a pickle as well.
    assert!(found("MLmodel", "cos\nsystem\n(S'true'\ntR.").contains("os.system"));
    let booster = "flavors:\n  lightgbm:\n    model_class: lightgbm.basic.Booster\n";
    assert_eq!(found("MLmodel", booster), "");
}

/// The same names are those of other files.
#[test]
fn other_files_are_silent() {
    for (name, text) in [
        ("MLmodel", "name: a model\n"),
        ("flavors.yaml", "flavors:\n  - vanilla\n"),
        ("pickle_module_info.txt", "it is a text\n"),
        ("keras_module.txt", ""),
    ] {
        assert_eq!(told(text.as_bytes(), name), "", "{name}");
    }
}

#[test]
fn what_mlflow_writes_is_recognised() {
    let Some(python) = oracle::python("mlflow, sklearn") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    for name in oracle::run(&python, "mlflow_models.py", &[path]) {
        let name = name.as_str().unwrap();
        let text = std::fs::read_to_string(folder.path().join(name).join("MLmodel")).unwrap();
        let findings = found("MLmodel", &text);
        let refused = match name {
            "loader" => findings.contains("loader._load_pyfunc"),
            "script" => {
                findings.contains("code_model") && findings.contains("_load_model_code_path")
            }
            _ => findings.is_empty(),
        };
        assert!(refused, "{name}: {findings}");
    }
}
