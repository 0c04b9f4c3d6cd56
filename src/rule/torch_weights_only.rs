//! Torch files that only load unsafely.

use rustc_hash::{FxHashMap, FxHashSet};

use super::Case;
use crate::{
    fact::{Excerpt, Fact, FactKind, Hop, Site, TorchForm, TorchLoad},
    finding::{Finding, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses torch files that `torch.load(weights_only=True)` would refuse even if all globals were listed: files saved
    /// with pickle protocol 4 or 5, files from before torch 0.1.10, bare pickles, unsupported opcodes and layouts, tensors
    /// that do not fit their storages, storages that do not fit their records. `target.torch` selects the release. The rule
    /// also refuses a tensor that reaches outside its storage if the release does not check that.
    ///
    /// A TorchScript archive, which `weights_only=True` refuses as well, is none of these: its loader is `torch.jit.load`, and
    /// `torchscript-code` and `unsafe-operator` judge it.
    ///
    /// ## Why it matters
    ///
    /// A file that only loads with `weights_only=False` makes its users turn the protection off. Files that only need some
    /// globals to be listed are not reported: those globals are checked on their own.
    ///
    /// ## Example
    ///
    /// ```text
    /// 0x002a  STACK_GLOBAL      opcode STACK_GLOBAL (protocol 4) is not supported
    /// ```
    ///
    /// ## Use instead
    ///
    /// Save a state dict with torch's defaults, or use safetensors.
    ///
    /// ```python
    /// import torch
    ///
    /// torch.save({"weight": [1.0]}, "model.pt")
    /// ```
    "torch-weights-only", "a torch file that `weights_only=True` cannot load",
    level: Deny, severity: High, precision: High, cwe: [502], tags: ["artifact", "torch"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    // TorchScript is a program for another loader, which other rules judge.
    let is_judged = |load: &TorchLoad| load.form != TorchForm::Script;
    let torch = |fact: &Fact| matches!(fact, Fact::TorchLoad(load) if is_judged(load) && !(load.obstacles.is_empty() && load.dangers.is_empty()));
    let mut loads = case.of_kind(FactKind::TorchLoad);
    if !loads.any(|o| torch(&o.fact)) {
        return;
    }
    // The ways to all that has something inside which was not read.
    let mut unread: FxHashSet<&[Hop]> = FxHashSet::default();
    if case.circumstances.late || case.circumstances.unavailable().next().is_some() {
        unread.insert(&[]);
    }
    let mut shown: FxHashMap<&Site, &Excerpt> = FxHashMap::default();
    for observation in case.observations() {
        let site = &observation.site;
        if matches!(observation.fact, Fact::Unread(_)) {
            unread.extend((0..=site.hops.len()).filter_map(|n| site.hops.get(..n)));
        }
        if let Some(excerpt) = case.excerpt(observation) {
            shown.entry(site).or_insert(excerpt);
        }
    }
    for observation in case.of_kind(FactKind::TorchLoad) {
        let Fact::TorchLoad(load) = &observation.fact else {
            continue;
        };
        if !is_judged(load) {
            continue;
        }
        let releases = || case.scope.torch().behaviour();
        let obstacle = releases().find_map(|release| load.obstacle(|kind| release.behaves(kind)));
        let danger = releases().find_map(|release| {
            let danger = load.danger(|kind| release.behaves(kind))?;
            Some((&release.release, danger))
        });
        let (place, message) = match (obstacle, danger) {
            (Some(obstacle), _) => (
                obstacle,
                format!(
                    "torch.load(weights_only=True) cannot load it: {}",
                    obstacle.reason
                ),
            ),
            (None, Some((release, danger))) => (
                danger,
                format!(
                    "torch {release} loads memory that is not the file's: {}",
                    danger.reason
                ),
            ),
            (None, None) => continue,
        };
        // What does not read to its end is said by the rule about that.
        if unread.contains(observation.site.hops.as_slice()) && load.form != TorchForm::Tar {
            continue;
        }
        let mut finding = case.finding(&META, observation, message);
        finding.primary.site = place.site.clone();
        finding.subject = Subject::Format("torch".into());
        finding.primary.excerpt = shown.get(&place.site).map(|excerpt| (*excerpt).clone());
        finding.help.push(match load.form {
            TorchForm::Bare => "save it with `torch.save`, which writes a file that torch can check".to_owned(),
            _ => "save the state dict again with torch's defaults: `torch.save(model.state_dict(), path)`".into(),
        });
        finding
            .help
            .push("or as safetensors: `safetensors.torch.save_file(model.state_dict(), path)`");
        findings.push(finding);
    }
}
