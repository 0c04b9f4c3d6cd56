//! Which findings are known, as far as the baselines of both policies are here.

use std::collections::BTreeMap;

use crate::{
    fact::{Direction, PolicyChange, PolicyItem},
    policy::{Acceptance, Baseline, Policy},
};

/// What one baseline knows and the other does not, a difference for each rule.
pub(super) fn compare(old: &Policy, new: &Policy) -> Vec<PolicyChange> {
    let (Some(from), Some(to)) = (known(&old.accepts), known(&new.accepts)) else {
        return Vec::new();
    };
    let mut changes = Vec::new();
    for (from, to, direction) in [
        (from, to, Direction::Looser),
        (to, from, Direction::Tighter),
    ] {
        // How many there are of each rule, and the key of the first.
        let mut more: BTreeMap<(&str, bool), (u64, &str)> = BTreeMap::new();
        for (key, entry) in to.iter().flat_map(|baseline| baseline.entries()) {
            let known = from.and_then(|baseline| baseline.get(key));
            let is_wider = known.is_some_and(|known| entry.dangerous && !known.dangerous);
            let before = known.map_or(0, |known| known.count);
            let added = if is_wider {
                entry.count
            } else {
                entry.count.saturating_sub(before)
            };
            if added > 0 {
                let (count, _) = more
                    .entry((entry.rule.as_str(), entry.dangerous))
                    .or_insert((0, key));
                *count = count.saturating_add(added);
            }
        }
        let is_new = direction == Direction::Looser;
        changes.extend(
            more.into_iter()
                .map(|((rule, dangerous), (findings, key))| PolicyChange {
                    direction,
                    what: PolicyItem::Known {
                        rule: rule.to_owned(),
                        findings,
                        dangerous,
                    },
                    paths: Vec::new(),
                    example: None,
                    wider: false,
                    line: to.and_then(|baseline| baseline.line(key, is_new)),
                }),
        );
    }
    changes
}

/// The baseline of a policy, if it has one; `None` if it names one that was not read.
#[allow(
    clippy::option_option,
    reason = "no baseline and one that was not read are not the same"
)]
pub(super) fn known(accepts: &Acceptance) -> Option<Option<&Baseline>> {
    match (accepts.baseline(), accepts.baseline_path()) {
        (None, Some(_)) => None,
        (baseline, _) => Some(baseline),
    }
}
