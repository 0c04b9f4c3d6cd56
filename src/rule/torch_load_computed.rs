//! `torch.load(path, weights_only=something)`.

use super::{
    Case,
    source::{IF_REFUSED, deciding, finding, rewritten, uses},
};
use crate::{fact::Constant, finding::Finding};

declare_rule! {
    /// ## What it does
    ///
    /// Reports `torch.load` if `weights_only` is not a constant: a parameter, an attribute of a configuration, a call.
    ///
    /// ## Why it matters
    ///
    /// A wrapper with a parameter `weights_only` gives every caller the switch, and its default `False` undoes the default of
    /// torch for all of them. A value from a configuration gives the switch to the author of the configuration.
    ///
    /// ## Example
    ///
    /// ```python
    /// import torch
    ///
    /// def read(path, weights_only=False):
    ///     return torch.load(path, weights_only=weights_only)
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```python
    /// import torch
    ///
    /// def read(path):
    ///     return torch.load(path, weights_only=True)
    /// ```
    "torch-load-computed", "`torch.load` with a computed `weights_only`",
    level: Warn, severity: Medium, precision: High, cwe: [502], tags: ["source", "torch"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (observation, call, loader) in uses(case, &META) {
        let Some(argument) = deciding(call, loader, "weights_only") else {
            continue;
        };
        if argument.value.truth().is_some() || argument.inherited {
            continue;
        }
        let message = match &argument.value {
            Constant::Parameter(Some(default)) => match default.truth() {
                Some(true) => {
                    "the caller may set `weights_only` to false, and the file may then run any code"
                }
                Some(false) if **default != Constant::None => {
                    "`weights_only` is false unless the caller says otherwise: the file may run any code"
                }
                _ => {
                    "`weights_only` is left to the caller, and by default to torch: the file may run any code"
                }
            },
            Constant::Parameter(None) => {
                "the caller decides `weights_only`: if it is false, the file may run any code"
            }
            _ => "`weights_only` is not a constant: where it is false, the file may run any code",
        };
        let mut finding = finding(case, &META, (observation, call), Some(argument), message);
        let fixed = rewritten(call, Some(("weights_only", "True")), None);
        finding.help.push(format!("write `{fixed}`"));
        finding.help.push(IF_REFUSED);
        findings.push(finding);
    }
}
