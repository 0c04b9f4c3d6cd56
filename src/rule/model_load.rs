//! Loaders of models that run what the file names, whatever they are given.

use super::{
    Case,
    source::{finding, uses},
};
use crate::{
    fact::{Constant, PyAct},
    finding::Finding,
    loader::{Loader, Risk},
};

declare_rule! {
    /// ## What it does
    ///
    /// Reports loaders of models that have no safe mode, called or passed on: `spacy.load`, `mlflow.pyfunc.load_model`,
    /// `hydra.utils.instantiate`, `tensorflow.saved_model.load`, `torch.hub.load`. `weighbridge` knows them by their names
    /// ([loaders](loaders.md)).
    ///
    /// ## Why it matters
    ///
    /// What such a loader is given decides which code runs: functions that the file names, operators and libraries in native code, or a
    /// repository that is fetched. The file that it loads has to be as trusted as the program.
    ///
    /// ## Example
    ///
    /// ```python
    /// import mlflow
    ///
    /// model = mlflow.pyfunc.load_model("models/churn")
    /// ```
    ///
    /// ```python
    /// import tensorflow_hub as hub
    ///
    /// encoder = hub.KerasLayer("https://example.org/encoder/1")
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```python
    /// import xgboost
    ///
    /// model = xgboost.Booster(model_file="models/churn/model.ubj")
    /// ```
    "model-load", "a loader of models that runs what the file names",
    level: Warn, severity: Medium, precision: High, cwe: [502, 829], tags: ["source"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (observation, call, loader) in uses(case, &META) {
        // `joblib.Memory(None)` keeps nothing.
        let given = call.argument(loader.file, Some(0));
        if given.is_some_and(|given| given.value == Constant::None) {
            continue;
        }
        let what = runs(loader);
        let name = loader.name;
        let message = match call.act {
            PyAct::Partial => continue,
            PyAct::Call => format!("`{name}` {what}"),
            _ => format!("`{name}` is passed on: it {what}"),
        };
        let mut finding = finding(case, &META, (observation, call), None, message);
        finding.help.push(format!("use {}", loader.instead));
        findings.push(finding);
    }
}

/// What a loader does, as a phrase without a subject.
fn runs(loader: &Loader) -> &'static str {
    match loader.risk {
        Risk::Code | Risk::Conditional => "runs any code that the file names",
        Risk::Native => "runs native code, or a graph of operators, that the file brings",
        Risk::Remote => "fetches a model that nothing pins, and runs what that brings",
    }
}
