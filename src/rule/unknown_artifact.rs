//! Model files of unknown content.

use super::{Case, advice};
use crate::{
    fact::{Fact, FactKind, Unread},
    finding::Finding,
    policy,
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses files that are named like a model but have no known format.
    ///
    /// ## Why it matters
    ///
    /// A loader chooses its reader by name, or tries several. A file that weighbridge cannot read may be harmful. The message
    /// names formats that are recognised but not supported yet.
    ///
    /// ## Example
    ///
    /// ```text
    /// model.gguf holds a GGUF file, which is not read
    /// ```
    ///
    /// ## Use instead
    ///
    /// A format that is read: safetensors, npy, torch's own. A file that is no model may be excluded by the policy.
    ///
    /// ```yaml
    /// version: 1
    /// extends: recommended
    /// exclude:
    ///   - paths: ["firmware/*.bin"]
    ///     reason: images for the sensor boards
    /// ```
    "unknown-artifact", "a file that is named like a model and has no known format",
    level: Deny, severity: High, precision: High, cwe: [502], tags: ["artifact", "coverage"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for observation in case.of_kind(FactKind::Unread) {
        if let Fact::Unread(Unread::Unknown(content)) = &observation.fact {
            let message = format!("it is named like a model file and holds {content}");
            let mut finding = case.finding(&META, observation, message);
            finding.help.push("keep weights in a format that is read: safetensors, npy, or what `torch.save` writes".into());
            if let Some(glob) = policy::pattern_of(&case.entry.path) {
                let entry = advice::exclusion(&glob);
                finding.help.push(format!(
                    "if it is no model, or you answer for it, leave it out with a reason: {}",
                    case.scope.adding_exclusion(entry)
                ));
            }
            findings.push(finding);
        }
    }
}
