//! Code that a pickle carries.

use super::Case;
use crate::{
    fact::{Fact, FactKind, TorchForm, Usage},
    finding::{Finding, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses pickles that carry functions and classes themselves, as dill and cloudpickle store what is defined in `__main__`, in a
    /// notebook or inside a function. The message describes the code: its name, the file that it was compiled from, the names that it
    /// uses and its constants.
    ///
    /// It says nothing where the policy allows the function that makes the code.
    ///
    /// ## Why it matters
    ///
    /// A reviewer sees bytecode and no source. Whoever changes the file changes what runs, and no list of names can tell.
    ///
    /// ## Example
    ///
    /// ```text
    /// 0x016d  REDUCE            dill._dill._create_code(b'', 1, 0, 0, 1, 3, ...)
    /// ```
    ///
    /// ## Use instead
    ///
    /// Define the function or class in a module that the loader can import. The file then stores its name.
    "code-by-value", "a pickle that carries code",
    level: Deny, severity: Critical, precision: High, cwe: [94, 502], tags: ["artifact", "pickle"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let is_torch = case
        .of_kind(FactKind::TorchLoad)
        .any(|it| matches!(&it.fact, Fact::TorchLoad(load) if load.form != TorchForm::Bare));
    for observation in case.of_kind(FactKind::CodeByValue) {
        let Fact::CodeByValue(made) = &observation.fact else {
            continue;
        };
        if case.scope.globals().allows(&made.made_by, Usage::Call) {
            continue;
        }
        let message = format!("loading makes {made}");
        let mut finding = case.finding(&META, observation, message);
        finding.subject = Subject::Anomaly("code-by-value".into());
        finding.help.push(
            "if the file is yours, define it in a module that the loader can import and save the object again: the file then stores the name alone",
        );
        finding.help.push(if is_torch {
            "or save only the state dict: `torch.save(model.state_dict(), path)`".into()
        } else {
            "or keep the data in a format that holds only data: safetensors, npy, JSON".to_owned()
        });
        findings.push(finding);
    }
}
