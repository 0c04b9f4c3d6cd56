//! `torch.load` without `weights_only`.

use super::{
    Case,
    source::{
        IF_REFUSED, SAFETENSORS, added, deciding, finding, is_safe_by_default, replaced, rewritten,
        uses,
    },
};
use crate::{
    fact::{Constant, PyAct},
    finding::{Applicability, Finding},
};

declare_rule! {
    /// ## What it does
    ///
    /// Reports `torch.load` without `weights_only`, or with `None`, and `torch.load` that is passed on to be called
    /// elsewhere.
    ///
    /// ## Why it matters
    ///
    /// The default is false before torch 2.6, and the environment variable `TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD` makes it false
    /// again. With an explicit value, the call means the same everywhere.
    ///
    /// ## Example
    ///
    /// ```python
    /// import torch
    ///
    /// state = torch.load("model.pt", map_location="cpu")
    /// ```
    ///
    /// ```python
    /// from torch import load
    ///
    /// shards = list(map(load, paths))
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```python
    /// import torch
    ///
    /// state = torch.load("model.pt", map_location="cpu", weights_only=True)
    /// shards = [torch.load(path, weights_only=True) for path in paths]
    /// ```
    "torch-load-implicit", "`torch.load` without `weights_only`, which then depends on the release and the environment",
    level: Warn, severity: Medium, precision: VeryHigh, cwe: [502, 1188], tags: ["source", "torch"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (observation, call, loader) in uses(case, &META) {
        let given = deciding(call, loader, "weights_only");
        if given.is_some_and(|argument| argument.value != Constant::None)
            || call.act == PyAct::Partial
        {
            continue;
        }
        // Said by `torch-load-pickle-module` and `torch-load-kwargs`.
        let module = deciding(call, loader, "pickle_module");
        let kwargs = given.is_none() && call.star_kwargs;
        if kwargs || module.is_some_and(|module| module.value != Constant::None) {
            continue;
        }
        let elsewhere;
        let message = match (call.act, given) {
            (PyAct::Call, None) if call.misplaced.is_some() => {
                let around = call.misplaced.as_ref().map(ToString::to_string);
                elsewhere = format!(
                    "`weights_only` is given to `{}`, not to `torch.load`: before torch 2.6, or with the environment's switch, the file may run any code",
                    around.unwrap_or_default()
                );
                elsewhere.as_str()
            }
            (PyAct::Call, Some(_)) => {
                "`weights_only=None` is as good as not given: before torch 2.6, or with the environment's switch, the file may run any code"
            }
            (PyAct::Call, None) => {
                "`weights_only` is not given: before torch 2.6, or with the environment's switch, the file may run any code"
            }
            _ => {
                "`torch.load` is passed on without `weights_only`: before torch 2.6, or with the environment's switch, the file may run any code"
            }
        };
        let mut finding = finding(case, &META, (observation, call), given, message);
        let fixed = rewritten(call, Some(("weights_only", "True")), None);
        finding.help.push(match &call.misplaced {
            Some(around) => format!("move `weights_only` into the brackets of `torch.load`, out of those of `{around}`: `{fixed}`"),
            None => format!("write `{fixed}`"),
        });
        finding.help.push(IF_REFUSED);
        finding.help.push(SAFETENSORS);
        finding.fix = match given.filter(|argument| !argument.inherited) {
            Some(argument) => replaced(observation, argument, Some("None"), "weights_only=True"),
            // The keyword outside would stay.
            None if call.misplaced.is_some() => None,
            None => added(observation, call, "weights_only=True"),
        };
        if let Some(fix) = &mut finding.fix
            && is_safe_by_default(case.scope, loader)
        {
            fix.applicability = Applicability::Safe;
        }
        findings.push(finding);
    }
}
