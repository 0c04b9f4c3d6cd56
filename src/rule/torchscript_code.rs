//! TorchScript archives with code.

use rustc_hash::{FxHashMap, FxHashSet};

use super::Case;
use crate::{
    fact::{Fact, FactKind, Hop, Native, TorchForm},
    finding::{Finding, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Reports each TorchScript archive and each mobile program, and how many operators its code names. `torch.jit.load`
    /// loads an archive, and so does `torch.load`, except with `weights_only=True` in newer releases of torch.
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
    // Of the archives without a name of an operator, those that are a whole model: objects of native classes are none.
    let loads = case.of_kind(FactKind::TorchLoad);
    let models: FxHashSet<&[Hop]> = loads
        .filter(|o| matches!(&o.fact, Fact::TorchLoad(load) if load.form == TorchForm::Script))
        .map(|o| o.site.hops.as_slice())
        .collect();
    for archive in case.of_kind(FactKind::Is) {
        let (is_archive, title) = match &archive.fact {
            Fact::Is(id) if id == "torch-script" => (true, "TorchScript archive"),
            Fact::Is(id) if id == "torch-mobile" => (false, "TorchScript file"),
            _ => continue,
        };
        let hops = archive.site.hops.as_slice();
        let operators = match named.get(hops) {
            None if is_archive && !models.contains(hops) => continue,
            None => "no operator".to_owned(),
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
            "load it only if you would run a program of its author; keep the weights as safetensors, and the model's code in the repository",
        );
        if is_archive {
            finding.help.push(
                "`torch.jit.load` loads it, and so does `torch.load`: only newer releases of torch refuse it there with `weights_only=True`",
            );
        }
        findings.push(finding);
    }
}
