//! Operators and classes that a model's program needs and whoever runs it does not bring.

use std::collections::BTreeSet;

use super::{Case, unsafe_operator::subject};
use crate::{
    fact::{Fact, FactKind, Native, Observation, Text},
    finding::Finding,
};

declare_rule! {
    /// ## What it does
    ///
    /// Reports a TorchScript archive, a mobile program, an ExecuTorch program or an exported program that names operators or classes
    /// which torch does not bring, and a graph (ONNX, TensorFlow, TensorFlow.js, OpenVINO, Core ML) with operators or classes that its
    /// runtime does not bring, once for each of their namespaces: `torchvision::nms`, `torch.classes.tensorrt.Engine`,
    /// `my.domain::Decode`. Delegates (`XnnpackBackend`) count as well: what a program gives them is not read.
    ///
    /// ## Why it matters
    ///
    /// A library registers them, in native code that nobody looked at here, and what the file gives them is up to the file:
    /// some take files or compiled programs. Loading the file without the library fails.
    ///
    /// ## Example
    ///
    /// ```text
    /// code/__torch__.py:7   ops.my_extension.decode(x, "model.bin")
    /// ```
    ///
    /// ## Use instead
    ///
    /// Operators of torch or of the runtime itself. If the library is one you trust with the contents of any file, allow the rule for the path.
    ///
    /// ```yaml
    /// version: 1
    /// extends: recommended
    /// overrides:
    ///   - paths: ["models/detector.pt"]
    ///     reason: torchvision's operators are native code of ours
    ///     rules:
    ///       custom-operator: allow
    /// ```
    "custom-operator", "operators or classes that a library has to bring",
    level: Warn, severity: Medium, precision: High, cwe: [829], tags: ["artifact", "torch", "graph"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let mut told: BTreeSet<Text> = BTreeSet::new();
    for observation in case.of_kind(FactKind::Native) {
        let Fact::Native(native) = &observation.fact else {
            continue;
        };
        if let Native::Delegate(id) = native {
            if native.reach().is_none() && told.insert(id.clone()) {
                findings.push(delegate(case, observation, native));
            }
            continue;
        }
        if !native.is_custom() || native.reach().is_some() {
            continue;
        }
        // A namespace of a library's own is reported once.
        let told_as = match native.namespace() {
            Some(namespace) if !native.is_in_own_namespace() => Text::new(namespace),
            _ => Text::from(native.to_string()),
        };
        if told.insert(told_as) {
            findings.push(custom(case, observation, native));
        }
    }
}

fn custom(case: &Case<'_>, observation: &Observation, native: &Native) -> Finding {
    let what = match native {
        Native::Class(_) => "classes",
        _ => "operators",
    };
    let whose = match native {
        Native::GraphOperator { runtime, .. } => runtime.to_string(),
        _ => "torch".to_owned(),
    };
    let namespace = native
        .namespace()
        .filter(|_| !native.is_in_own_namespace())
        .map(Text::new);
    let (message, help) = match namespace {
        Some(namespace) => (
            format!(
                "the program uses {native}: {what} of `{namespace}` are no part of {whose}, and run native code of a library"
            ),
            format!(
                "find out which library registers `{namespace}`, and whether its {what} may be given what this file gives them"
            ),
        ),
        None => (
            format!("the program uses {native}, which is no part of {whose} and runs native code of a library"),
            "find out which library registers it, and whether it may be given what this file gives it".to_owned(),
        ),
    };
    let mut finding = case.finding(&META, observation, message);
    finding.subject = subject(native);
    finding.help.push(help);
    finding
}

/// A part of a program that only its delegate understands.
fn delegate(case: &Case<'_>, observation: &Observation, native: &Native) -> Finding {
    let message = format!(
        "the program hands a part of itself to {native}: its payload is in a form of its own, which is not read"
    );
    let mut finding = case.finding(&META, observation, message);
    finding.subject = subject(native);
    finding.help.push(
        "find out whether that delegate may be given what this file gives it, or export the program without it where it is deployed",
    );
    finding
}
