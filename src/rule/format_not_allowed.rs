//! Formats that the policy does not allow.

use super::Case;
use crate::{
    fact::{Fact, FactKind},
    finding::{Finding, Subject},
    policy::FormatVerdict,
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses artifacts, and members of artifacts, whose format is not listed under `formats.allow`, or is listed under
    /// `formats.refuse`.
    ///
    /// ## Why it matters
    ///
    /// Some formats are programs by design. If a policy only allows formats that hold data, no file can run code when it is
    /// loaded. The content decides the format, whatever the name of the file is.
    ///
    /// ## Example
    ///
    /// ```text
    /// models/classifier.safetensors is a Python pickle
    /// ```
    ///
    /// ## Use instead
    ///
    /// A format that the policy allows: safetensors for tensors, npy for arrays, JSON for settings.
    "format-not-allowed", "a format that the policy does not allow",
    level: Deny, severity: High, precision: VeryHigh, cwe: [502], tags: ["artifact"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for observation in case.of_kind(FactKind::Is) {
        let Fact::Is(id) = &observation.fact else {
            continue;
        };
        let FormatVerdict::Refused { decided_by, advice } = case.scope.format(id.as_str()) else {
            continue;
        };
        let message = format!("this is `{id}`, a format that the policy does not allow here");
        let mut finding = case.finding(&META, observation, message);
        finding.subject = Subject::Format(id.to_string());
        finding.decided_by = decided_by;
        finding.help.extend(advice);
        finding.help.push(format!(
            "run `weighbridge explain {id}` for what loading it does and what to prefer"
        ));
        findings.push(finding);
    }
}
