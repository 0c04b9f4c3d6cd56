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
    /// Refuses files whose name is a model file's and whose content is of no format that is read.
    ///
    /// ## Why it matters
    ///
    /// A loader picks its reader by name, or tries several. What no reader here knows is not known to be harmless. Formats that
    /// are known but not read yet are named.
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
    "unknown-artifact", "a model file by name whose content is nothing known",
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
