//! Persistent ids.

use super::{Case, payload::Payloads, within::Within};
use crate::{
    fact::{Fact, FactKind, PayloadOf, TorchForm},
    finding::{Finding, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses the opcodes `PERSID` and `BINPERSID`, except for tensor storages in torch's own files.
    ///
    /// ## Why it matters
    ///
    /// The loader decides what a persistent id becomes: a file, a URL, a class. In a torch checkpoint it is `('storage',
    /// <type>, key, location, size)`, and torch looks the storage up in the same file.
    ///
    /// ## Example
    ///
    /// ```text
    /// 0x0000  PERSID            http://example.com/x
    /// ```
    ///
    /// ## Use instead
    ///
    /// Everything in one file, without persistent ids; or safetensors.
    "persistent-id", "a persistent id that is not a tensor storage",
    level: Deny, severity: High, precision: High, cwe: [502], tags: ["artifact", "pickle"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    // Torch opens these itself, and knows which storages are in them.
    let archives = case.of_kind(FactKind::TorchLoad);
    let torch = Within::new(
        archives.chain(case.of_kind(FactKind::Is)),
        |fact| match fact {
            Fact::TorchLoad(load) => load.form != TorchForm::Bare,
            Fact::Is(id) => id == "torch-script",
            _ => false,
        },
    );
    let payloads = Payloads::new(case);
    for observation in case.of_kind(FactKind::PersistentId) {
        let Fact::PersistentId { id, torch_storage } = &observation.fact else {
            continue;
        };
        if *torch_storage && torch.holds(&observation.site.hops) {
            continue;
        }
        let message = format!("loading asks its caller for `{id}`, which may become anything");
        let mut finding = case.finding(&META, observation, message);
        finding.subject = Subject::Anomaly("persistent-id".into());
        finding.payload = Some(payloads.of(&observation.site.hops, &PayloadOf::PersistentIds, id));
        finding
            .help
            .push("save the object into one file without persistent ids");
        findings.push(finding);
    }
}
