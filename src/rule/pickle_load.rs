//! `pickle.load` and its relatives.

use super::{
    Case,
    source::{finding, uses},
};
use crate::{fact::PyAct, finding::Finding};

declare_rule! {
    /// ## What it does
    ///
    /// Reports `load`, `loads` and `Unpickler` of `pickle` (also as `_pickle`, `cPickle`, `pickle5`), `dill` and
    /// `cloudpickle`, called or passed on. A subclass of `Unpickler` is not reported if its `find_class` refuses every name
    /// that it does not list. A round trip is not reported either, whatever the loader: bytes of `pickle.dumps`, or a buffer
    /// or a temporary file, that the same function wrote and passed to nothing else.
    ///
    /// ## Why it matters
    ///
    /// Unpickling imports any function that the bytes name, and calls it with any arguments. Only the source of the bytes
    /// decides whether that is safe, and the call does not show it.
    ///
    /// ## Example
    ///
    /// ```python
    /// import pickle
    ///
    /// with open("model.pkl", "rb") as file:
    ///     model = pickle.load(file)
    /// ```
    ///
    /// ```python
    /// import pickle
    ///
    /// class Renamed(pickle.Unpickler):
    ///     def find_class(self, module, name):
    ///         if module == "old":
    ///             module = "new"
    ///         return super().find_class(module, name)
    /// ```
    ///
    /// ```python
    /// try:
    ///     import cPickle as pickle
    /// except ImportError:
    ///     import pickle
    ///
    /// rows = [pickle.loads(row) for row in rows]
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```python
    /// import json
    /// from safetensors.numpy import load_file
    ///
    /// with open("config.json") as file:
    ///     config = json.load(file)
    /// weights = load_file("model.safetensors")
    /// ```
    ///
    /// ```python
    /// import pickle
    ///
    /// class Rows(pickle.Unpickler):
    ///     def find_class(self, module, name):
    ///         raise pickle.UnpicklingError(f"{module}.{name} is not data")
    ///
    /// rows = Rows(file).load()
    /// ```
    ///
    /// ```python
    /// import pickle
    ///
    /// def test_round_trip(model):
    ///     assert pickle.loads(pickle.dumps(model)) == model
    /// ```
    "pickle-load", "unpickling, which runs code that the bytes name",
    level: Warn, severity: Medium, precision: High, cwe: [502], tags: ["source", "pickle"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (observation, call, loader) in uses(case, &META) {
        let name = loader.name;
        let message = match call.act {
            // What a partial binds is told where it is called.
            PyAct::Partial => continue,
            PyAct::Call => format!("`{name}` runs any code that the bytes name"),
            _ => format!("`{name}` is passed on: it runs any code that the bytes name"),
        };
        let mut finding = finding(case, &META, (observation, call), None, message);
        finding
            .help
            .push("keep data in JSON, tensors in safetensors, arrays in npy");
        finding.help.push(
            "if it must be a pickle that you wrote yourself: override `find_class` to refuse every name but those you list",
        );
        findings.push(finding);
    }
}
