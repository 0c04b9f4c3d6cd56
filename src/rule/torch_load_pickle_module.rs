//! `torch.load(..., pickle_module=...)`.

use super::{
    Case,
    source::{SAFETENSORS, deciding, finding, replaced, rewritten, uses},
};
use crate::{
    fact::{Constant, PyAct},
    finding::Finding,
    words,
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses `torch.load` with a `pickle_module` (a keyword or the third positional argument) and no `weights_only=True`.
    ///
    /// ## Why it matters
    ///
    /// Any `pickle_module`, even `pickle` itself, silently makes the default of `weights_only` false in every release of
    /// torch: the file may run any code that it names. A module with a restricted unpickler does not help, because torch does
    /// not use it for every part of the file. With `weights_only=True` as well, torch raises an error.
    ///
    /// ## Example
    ///
    /// ```python
    /// import pickle
    /// import torch
    ///
    /// state = torch.load("model.pt", "cpu", pickle)
    /// ```
    ///
    /// ```python
    /// import dill, torch
    ///
    /// state = torch.load("model.pt", pickle_module=dill)
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```python
    /// import torch
    ///
    /// state = torch.load("model.pt", "cpu", weights_only=True)
    /// ```
    "torch-load-pickle-module", "`torch.load` with a pickle module, which turns `weights_only` off",
    level: Deny, severity: High, precision: High, cwe: [502], tags: ["source", "torch"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (observation, call, loader) in uses(case, &META) {
        let Some(module) = deciding(call, loader, "pickle_module") else {
            continue;
        };
        let given = deciding(call, loader, "weights_only");
        // With `weights_only=True` torch refuses to load at all.
        let raises = given.is_some_and(|argument| argument.value.truth() == Some(true));
        if module.value == Constant::None || module.inherited || raises {
            continue;
        }
        let message = format!(
            "`pickle_module={}` silently makes `weights_only` false: the loaded file may run any code it names",
            words::written_value(module)
        );
        let mut finding = finding(case, &META, (observation, call), Some(module), message);
        let fixed = rewritten(
            call,
            Some(("weights_only", "True")),
            loader.argument("pickle_module"),
        );
        finding.help.push(format!("write `{fixed}`"));
        finding.help.push(SAFETENSORS);
        if given.is_none() && module.name.is_some() && !call.star_kwargs && call.act == PyAct::Call
        {
            finding.fix = replaced(observation, module, None, "weights_only=True");
        }
        findings.push(finding);
    }
}
