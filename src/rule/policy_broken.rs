//! A change after which the policy does not hold together.

use std::fmt::Write as _;

use super::{Case, policy_line};
use crate::{
    fact::{Circumstance, PolicyEffect},
    finding::{Finding, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Reports a change (`--diff`, or a push) after which the policy cannot be used: a file of it that does not hold together,
    /// cannot be read, or is gone although another extends it.
    ///
    /// ## Why it matters
    ///
    /// The change itself is judged by the policy of its base. From then on every check fails with exit code 2, until the policy
    /// is mended.
    ///
    /// ## Example
    ///
    /// ```text
    /// weighbridge.yaml: after the change the policy has an error: `frmats` is not a key of the policy
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```text
    /// weighbridge policy check weighbridge.yaml
    /// ```
    "policy-broken", "a change after which the policy cannot be used",
    level: Deny, severity: Medium, precision: VeryHigh, cwe: [693], tags: ["policy"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for noted in &case.circumstances.noted {
        let Circumstance::PolicyCompared(PolicyEffect::Broken { error, more }) = noted else {
            continue;
        };
        let mut message = format!(
            "after the change the policy has an error: {}",
            error.message
        );
        if *more > 0 {
            let _ = write!(message, ", and {more} more");
        }
        let mut finding = case.finding_of_entry(&META, message);
        finding.subject = Subject::Anomaly(String::from("broken"));
        if let Some(line) = &error.line {
            policy_line::put(&mut finding.primary, line, String::new());
        }
        finding
            .help
            .push("`weighbridge policy check` lists all errors with what to write instead");
        findings.push(finding);
    }
}
