//! `joblib.load`.

use super::{
    Case,
    source::{finding, uses},
};
use crate::{fact::PyAct, finding::Finding};

declare_rule! {
    /// ## What it does
    ///
    /// Reports `joblib.load`, called or passed on.
    ///
    /// ## Why it matters
    ///
    /// A joblib file is a pickle with arrays between its opcodes. Loading it runs any code that it names, and no release of
    /// joblib has a safe mode.
    ///
    /// ## Example
    ///
    /// ```python
    /// import joblib
    ///
    /// model = joblib.load("model.joblib")
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```python
    /// import skops.io
    ///
    /// model = skops.io.load("model.skops", trusted=["mypackage.Transformer"])
    /// ```
    "joblib-load", "`joblib.load`, which runs code that the file names",
    level: Warn, severity: Medium, precision: High, cwe: [502], tags: ["source", "joblib"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (observation, call, loader) in uses(case, &META) {
        let name = loader.name;
        let message = match call.act {
            PyAct::Partial => continue,
            PyAct::Call => format!("`{name}` runs any code that the file names"),
            _ => format!("`{name}` is passed on: it runs any code that the file names"),
        };
        let mut finding = finding(case, &META, (observation, call), None, message);
        finding.help.push(
            "save the model with `skops.io.dump`, load it with `skops.io.load(path, trusted=[...])` and list the \
             types it needs, not all that `get_untrusted_types` returns",
        );
        finding.help.push(
            "a skops file is judged by the classes that it names: for those of scikit-learn itself, add the pack \
             `sklearn-estimators` to the policy",
        );
        finding
            .help
            .push("for plain arrays: `numpy.save` and `numpy.load`");
        findings.push(finding);
    }
}
