//! TorchScript archives with code.

use rustc_hash::FxHashMap;

use super::Case;
use crate::{
    fact::{Fact, FactKind, Hop, Native},
    finding::{Finding, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Reports a TorchScript archive, or a mobile program, whose code names operators, and how many.
    ///
    /// ## Why it matters
    ///
    /// A TorchScript archive is a program by design. Loading it compiles its code and runs its `__setstate__` methods; using the
    /// model runs the rest, with the rights of the process. `unsafe-operator` refuses operators that are known to reach further than
    /// their tensors; what the others do with what the program gives them is not judged.
    ///
    /// ## Example
    ///
    /// ```text
    /// model.pt   a TorchScript archive whose code names 41 operators
    /// ```
    ///
    /// ## Use instead
    ///
    /// Weights as safetensors, and the model's code in the repository.
    "torchscript-code", "a TorchScript archive, which is a program",
    level: Warn, severity: Low, precision: VeryHigh, cwe: [829], tags: ["artifact", "torch"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    // What is named stands in a member of the archive.
    let mut named: FxHashMap<&[Hop], usize> = FxHashMap::default();
    for observation in case.of_kind(FactKind::Native) {
        if let Fact::Native(native) = &observation.fact
            && !matches!(native, Native::Class(_))
            && let Some((_, archive)) = observation.site.hops.split_last()
        {
            let count = named.entry(archive).or_default();
            *count = count.saturating_add(1);
        }
    }
    for archive in case.of_kind(FactKind::Is) {
        let title = match &archive.fact {
            Fact::Is(id) if id == "torch-script" => "TorchScript archive",
            Fact::Is(id) if id == "torch-mobile" => "TorchScript file",
            _ => continue,
        };
        let operators = match named.get(archive.site.hops.as_slice()) {
            None => continue,
            Some(1) => "one operator".to_owned(),
            Some(n) => format!("{n} operators"),
        };
        let message = format!(
            "this {title} is a program: loading it compiles code that names {operators}, and runs its `__setstate__` methods"
        );
        let mut finding = case.finding(&META, archive, message);
        if let Fact::Is(id) = &archive.fact {
            finding.subject = Subject::Format(id.to_string());
        }
        finding.help.push(
            "load it only if you would run a program of its author; keep the weights as safetensors, and the model's code in the repository"
                .into(),
        );
        findings.push(finding);
    }
}
