//! Operators of a model's program that reach further than its tensors.

use super::Case;
use crate::{
    fact::{Fact, FactKind, Native},
    finding::{Finding, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses a TorchScript archive, a mobile program, an ExecuTorch program, an exported program or a graph of ONNX that names an
    /// operator which reads or writes files, talks to other processes or calls Python: `aten::save`, `aten::from_file`,
    /// `prim::PythonOp`, `c10d::*`, `ai.onnx.contrib::PyOp`. It also refuses what reaches an operator through another name, so that nobody can say which it is, and in an exported program
    /// functions of Python that do not just compute, and sizes or guards that are more than arithmetic. No exporter writes that.
    /// Delegates of ExecuTorch that run machine code out of the file are refused as well, and datasets of HDF5 behind a filter for which the
    /// library loads a plug-in that no package of Python brings.
    ///
    /// ## Why it matters
    ///
    /// Such a program needs no pickle: a runtime runs its operators with the rights of the process, torch some of them as soon as it is
    /// loaded (`__setstate__`). `aten::save` overwrites any file of the user, `aten::from_file` reads one into a tensor. Sizes of
    /// an exported program are evaluated as Python while it is loaded, its guards when it is called.
    ///
    /// ## Example
    ///
    /// ```text
    /// code/__torch__.py:7   torch.save(x, "/home/me/.ssh/authorized_keys")
    /// ```
    ///
    /// ## Use instead
    ///
    /// A module that computes and nothing else; read and write files in the program that calls it.
    "unsafe-operator", "an operator that reaches files, other processes or Python",
    level: Deny, severity: Critical, precision: High, cwe: [502, 829], tags: ["artifact", "torch", "graph"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for observation in case.of_kind(FactKind::Native) {
        let Fact::Native(native) = &observation.fact else {
            continue;
        };
        let message = match (native, native.reach()) {
            (Native::Unresolved, _) => {
                "the program calls an operator through another name, so that it could be any of them"
                    .to_owned()
            }
            (Native::Expression(expression), _) => {
                format!("the program has Python evaluate `{expression}`, which is more than arithmetic of sizes")
            }
            (Native::Function(path), _) if !native.is_arithmetic() => {
                format!("the program calls `{path}` in Python, which is no operator")
            }
            (Native::Filter(_), Some(reach)) => {
                format!("reading a dataset needs {native}, which {reach}")
            }
            (native, Some(reach)) => format!("the program uses {native}, which {reach}"),
            (_, None) => continue,
        };
        let mut finding = case.finding(&META, observation, message);
        finding.subject = subject(native);
        finding
            .help
            .push("do not load this file; find out who made it and how it came here");
        finding.help.push(match native {
            Native::Filter(_) => {
                "if the file is yours, write the dataset again with a filter of the library (`gzip`)"
            }
            _ => "if the file is yours, leave files and other processes to the code that calls the model, and export it again",
        });
        findings.push(finding);
    }
}

/// What a finding about native code is about.
pub(super) fn subject(native: &Native) -> Subject {
    match native {
        Native::Operator(name)
        | Native::GraphOperator { name, .. }
        | Native::Class(name)
        | Native::Delegate(name)
        | Native::Function(name) => Subject::Call(name.clone()),
        Native::Expression(_) => Subject::Anomaly("evaluated-expression".into()),
        Native::Filter(id) => Subject::Call(id.to_string().as_str().into()),
        Native::Unresolved => Subject::Anomaly("unresolved-operator".into()),
    }
}
