//! Torch files that only load unsafely.

use rustc_hash::{FxHashMap, FxHashSet};

use super::Case;
use crate::{
    fact::{Excerpt, Fact, Hop, Site, TorchForm},
    finding::{Finding, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses torch files that `torch.load(weights_only=True)` would refuse whatever globals are listed: saved with pickle
    /// protocol 4 or 5, TorchScript archives, files of before 0.1.10, bare pickles, opcodes and forms it does not know.
    ///
    /// ## Why it matters
    ///
    /// A file that only loads with `weights_only=False` makes everyone who loads it switch safety off. Files that need no more
    /// than some globals listed are not meant: those globals are judged by themselves.
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
    "torch-weights-only", "a torch file that `weights_only=True` cannot load", Deny, check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let torch = |fact: &Fact| matches!(fact, Fact::TorchLoad(load) if load.obstacle.is_some());
    if !case.observations.iter().any(|o| torch(&o.fact)) {
        return;
    }
    // The ways to all that has something inside which was not read.
    let mut unread: FxHashSet<&[Hop]> = FxHashSet::default();
    let mut shown: FxHashMap<&Site, &Excerpt> = FxHashMap::default();
    for observation in case.observations {
        let site = &observation.site;
        if matches!(observation.fact, Fact::Unread(_)) {
            unread.extend((0..=site.hops.len()).filter_map(|n| site.hops.get(..n)));
        }
        if let Some(excerpt) = &observation.excerpt {
            shown.entry(site).or_insert(excerpt);
        }
    }
    for observation in case.observations {
        let Fact::TorchLoad(load) = &observation.fact else {
            continue;
        };
        let Some(obstacle) = &load.obstacle else {
            continue;
        };
        // What does not read to its end is said by the rule about that.
        if unread.contains(observation.site.hops.as_slice())
            && !matches!(load.form, TorchForm::Script | TorchForm::Tar)
        {
            continue;
        }
        let message = format!(
            "torch.load(weights_only=True) cannot load it: {}",
            obstacle.reason
        );
        let mut finding = case.finding(&META, observation, message);
        finding.site = obstacle.site.clone();
        finding.subject = Subject::Format("torch".into());
        finding.excerpt = shown.get(&obstacle.site).map(|excerpt| (*excerpt).clone());
        finding.help.push(match load.form {
            TorchForm::Script => "keep the weights as safetensors, and build the model in code".into(),
            TorchForm::Bare => "save it with `torch.save`, which writes a file that torch can check".to_owned(),
            _ => "save the state dict again with torch's defaults: `torch.save(model.state_dict(), path)`".into(),
        });
        if load.form != TorchForm::Script {
            finding.help.push(
                "or as safetensors: `safetensors.torch.save_file(model.state_dict(), path)`".into(),
            );
        }
        findings.push(finding);
    }
}
