//! `torch.load = ...`.

use super::{
    Case,
    source::{calls, finding},
};
use crate::{fact::PyAct, finding::Finding};

declare_rule! {
    /// ## What it does
    ///
    /// Reports a loader that is replaced in its own module, or whose defaults are: `torch.load = ...`, `setattr(numpy,
    /// "load", ...)`, `numpy.load.__defaults__ = ...`. Restoring the original is not reported.
    ///
    /// ## Why it matters
    ///
    /// The replacement affects every caller in the process, including libraries, and those calls do not show what it does
    /// with their arguments. It is a common way to turn `weights_only` off for code of other authors.
    ///
    /// ## Example
    ///
    /// ```python
    /// import torch
    ///
    /// torch.load = my_load
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```python
    /// import torch
    ///
    /// with torch.serialization.safe_globals([Config]):
    ///     library.load_checkpoint("model.pt")
    /// ```
    "loader-replaced", "a loader replaced for the whole process",
    level: Warn, severity: Medium, precision: High, cwe: [502], tags: ["source"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (observation, call) in calls(case).filter(|(_, call)| call.act == PyAct::Assign) {
        let name = &call.callee;
        let message = format!(
            "`{name}` is replaced for the whole process: what its callers ask for is no longer what happens"
        );
        let mut finding = finding(case, &META, (observation, call), None, message);
        finding.help.push(format!(
            "call a function of your own instead, and leave `{name}` as it is; if a library must load a file that torch \
             refuses, wrap that call in `with torch.serialization.safe_globals([...]):`"
        ));
        findings.push(finding);
    }
}
