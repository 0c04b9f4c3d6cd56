//! `torch.load(..., weights_only=False)`.

use super::{
    Case,
    source::{IF_REFUSED, SAFETENSORS, deciding, finding, replaced, rewritten, uses},
};
use crate::{
    fact::{Constant, PyAct},
    finding::Finding,
    words,
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses `torch.load` if `weights_only` is a false constant, and `functools.partial` that binds one.
    ///
    /// ## Why it matters
    ///
    /// With `weights_only=False`, the file decides what runs: unpickling imports any function that it names and calls it.
    /// `False` is often added because torch 2.6 began to refuse a file, on the advice of the error message, in a fallback
    /// after `UnpicklingError`, or as the default of a wrapper. Each of these restores the risk that the refusal prevents; a
    /// fallback opens it to anyone who can make a file that is refused at first.
    ///
    /// ## Example
    ///
    /// ```python
    /// import torch
    ///
    /// model = torch.load("model.pt", weights_only=False)
    /// ```
    ///
    /// ```python
    /// import functools, torch
    ///
    /// torch.load = functools.partial(torch.load, weights_only=False)
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```python
    /// import torch
    ///
    /// with torch.serialization.safe_globals([Config]):
    ///     state = torch.load("model.pt", weights_only=True)
    /// ```
    ///
    /// ```python
    /// from safetensors.torch import load_file
    ///
    /// state = load_file("model.safetensors")
    /// ```
    "torch-load-unsafe", "`torch.load` with `weights_only=False`",
    level: Deny, severity: High, precision: VeryHigh, cwe: [502], tags: ["source", "torch"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (observation, call, loader) in uses(case, &META) {
        let Some(argument) = deciding(call, loader, "weights_only") else {
            continue;
        };
        // `None` is the same as not giving it; what a partial bound is told where it was bound.
        let is_false = argument.value.truth() == Some(false) && argument.value != Constant::None;
        if !is_false || argument.inherited {
            continue;
        }
        let written = match words::written_value(argument).as_str() {
            Some("False") | None => "weights_only=False".to_owned(),
            Some(text) => format!("weights_only={text} (false)"),
        };
        let message = match call.act {
            PyAct::Call => format!("`{written}` lets the loaded file run any code it names"),
            _ => format!(
                "`{written}` is bound to `torch.load`: every file loaded so may run any code it names"
            ),
        };
        let mut finding = finding(case, &META, (observation, call), Some(argument), message);
        let fixed = rewritten(
            call,
            Some(("weights_only", "True")),
            loader.argument("pickle_module"),
        );
        finding.help.push(format!("write `{fixed}`"));
        finding.help.push(IF_REFUSED);
        finding.help.push(SAFETENSORS);
        // Beside another pickle module torch refuses `weights_only=True`.
        if deciding(call, loader, "pickle_module").is_none() {
            finding.fix = replaced(observation, argument, Some("False"), "weights_only=True");
        }
        findings.push(finding);
    }
}
