//! `torch.load(path, **kwargs)`.

use super::{
    Case,
    source::{finding, rewritten, uses},
};
use crate::{
    fact::{Constant, PyAct},
    finding::Finding,
};

declare_rule! {
    /// ## What it does
    ///
    /// Warns of `torch.load` whose keywords come from a dict that is not known here and that does not say `weights_only` itself.
    ///
    /// ## Why it matters
    ///
    /// Whoever fills the dict can put `weights_only=False` or a `pickle_module` into it, or leave both out; reading this call
    /// does not tell. With `weights_only=True` beside it, a dict that says it too is an error instead.
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
    "torch-load-kwargs", "`torch.load` whose keywords are decided elsewhere",
    level: Warn, severity: Medium, precision: High, cwe: [502], tags: ["source", "torch"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (observation, call) in uses(case, "torch.load") {
        let module = call.argument("pickle_module", Some(2));
        let said = call.argument("weights_only", None).is_some()
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
