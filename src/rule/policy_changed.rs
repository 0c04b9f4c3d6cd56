//! A change that edits the policy.

use super::Case;
use crate::{
    fact::Circumstance,
    finding::{Finding, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Warns of a change (`--diff`, `--staged`) that adds, edits or deletes the policy, or a file that it extends.
    ///
    /// ## Why it matters
    ///
    /// Whoever may change the policy may let anything through with the next change. `--diff` judges a change by the policy it
    /// starts from, so that it cannot permit itself; what comes after it is judged by the new one. `--staged` judges by the
    /// policy that is about to be committed.
    ///
    /// ## Example
    ///
    /// ```text
    /// weighbridge.yaml: the change edits the policy; weighbridge.yaml at 1a2b3c4 (main) judges it, not the new one
    /// ```
    ///
    /// ## Use instead
    ///
    /// A change of its own for the policy, with a reviewer of its own. Where no change of it may pass the gate unseen:
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
    for noted in &case.circumstances.noted {
        let Circumstance::PolicyEdited {
            judge,
            judges,
            deleted,
        } = noted
        else {
            continue;
        };
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
            "have it reviewed by whoever answers for the policy: what it lets through is judged by it from then on"
                .into(),
        );
        findings.push(finding);
    }
}
