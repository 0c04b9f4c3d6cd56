//! `torch.load(path, **kwargs)`.

use super::{
    Case,
    source::{deciding, finding, rewritten, uses},
};
use crate::{
    fact::{Constant, PyAct},
    finding::Finding,
};

declare_rule! {
    /// ## What it does
    ///
    /// Reports `torch.load` if its keywords come from an unknown dict and `weights_only` is not given explicitly.
    ///
    /// ## Why it matters
    ///
    /// The author of the dict can add `weights_only=False` or a `pickle_module`, or omit both; the call does not show it.
    /// With `weights_only=True` in the call, a dict that sets it too is an error instead.
    ///
    /// ## Example
    ///
    /// ```python
    /// import torch
    ///
    /// def read(path, **kwargs):
    ///     return torch.load(path, **kwargs)
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```python
    /// import torch
    ///
    /// def read(path, **kwargs):
    ///     return torch.load(path, weights_only=True, **kwargs)
    /// ```
    "torch-load-kwargs", "`torch.load` with keywords that the source does not show",
    level: Warn, severity: Medium, precision: High, cwe: [502], tags: ["source", "torch"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (observation, call, loader) in uses(case, &META) {
        let module = deciding(call, loader, "pickle_module");
        let said = deciding(call, loader, "weights_only").is_some()
            || module.is_some_and(|module| module.value != Constant::None);
        if said || !call.star_kwargs || call.act == PyAct::Partial {
            continue;
        }
        let message = "the keywords of this `torch.load` are decided elsewhere: they may let the file run any code";
        let mut finding = finding(case, &META, (observation, call), None, message);
        let fixed = rewritten(call, Some(("weights_only", "True")), None);
        let fixed = fixed.trim_end_matches(')');
        finding.help.push(format!(
            "write `{fixed}, **...)`, so that nothing can turn it off"
        ));
        findings.push(finding);
    }
}
