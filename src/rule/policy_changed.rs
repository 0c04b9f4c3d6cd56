//! A change that edits the policy.

use super::{Case, policy_broken, policy_loosened};
use crate::{
    fact::{Circumstance, PolicyEffect},
    finding::{Finding, Level, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Reports a change (`--diff`, `--staged`) that adds, edits or deletes the policy, or a file that it extends.
    ///
    /// ## Why it matters
    ///
    /// Whoever can change the policy can let anything through with the next change. `--diff` checks a change by the policy of
    /// its base, so the change cannot permit itself; later changes are checked by the new policy. `--staged` uses the policy
    /// that is about to be committed. What the edit lets pass is reported by `policy-loosened`, in the place of this finding. An
    /// edit that loosens nothing is only a notice. Neither holds where this rule is `deny`, which refuses every edit, nor where the
    /// policy is deleted.
    ///
    /// ## Example
    ///
    /// ```text
    /// weighbridge.yaml: the change edits the policy; weighbridge.yaml at 1a2b3c4 (main) judges it, not the new one
    /// ```
    ///
    /// ## Use instead
    ///
    /// A separate change for the policy, with a reviewer of its own. To refuse every change of the policy:
    ///
    /// ```yaml
    /// version: 1
    /// extends: recommended
    /// rules: {policy-changed: deny}
    /// ```
    "policy-changed", "a change that edits the policy",
    level: Warn, severity: Medium, precision: High, cwe: [693], tags: ["policy"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let is_said_otherwise = is_said_otherwise(case);
    for noted in &case.circumstances.noted {
        let Circumstance::PolicyEdited {
            judge,
            judges,
            deleted,
        } = noted
        else {
            continue;
        };
        if is_said_otherwise && !deleted {
            continue;
        }
        let edits = if *deleted { "deletes" } else { "edits" };
        let message = match (judges, deleted) {
            (true, true) => format!("the change deletes the policy and is judged by {judge}"),
            (true, false) => format!("the change edits the policy that judges it: {judge}"),
            (false, _) => {
                format!("the change {edits} the policy; {judge} judges it, not the new one")
            }
        };
        let mut finding = case.finding_of_entry(&META, message);
        finding.subject = Subject::Anomaly(String::from(edits));
        finding.help.push(
            "have it reviewed by whoever answers for the policy: what it lets through is judged by it from then on",
        );
        findings.push(finding);
    }
}

/// Whether what the edit does to the policy is known, and told in another way.
fn is_said_otherwise(case: &Case<'_>) -> bool {
    let level = case.scope.level(&META);
    let effect = case
        .circumstances
        .noted
        .iter()
        .find_map(|noted| match noted {
            Circumstance::PolicyCompared(effect) => Some(effect),
            _ => None,
        });
    match effect {
        Some(effect @ PolicyEffect::Compared(_)) if effect.is_looser() => {
            case.scope.level(&policy_loosened::META) >= level
        }
        Some(PolicyEffect::Compared(_)) => level != Level::Deny,
        Some(PolicyEffect::Broken { .. }) => case.scope.level(&policy_broken::META) >= level,
        None => false,
    }
}
