//! Model files of unknown content.

use super::{Case, advice};
use crate::{
    fact::{Content, Fact, FactKind, Unread},
    finding::Finding,
    policy,
    words::instead_of,
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses model files that weighbridge does not read: files that are named like a model but have no known format, and
    /// files of a format that it only recognises.
    ///
    /// ## Why it matters
    ///
    /// A loader chooses its reader by name, or tries several. A file that weighbridge cannot read may be harmful. A suffix that
    /// other kinds of files share (`.bin`, `.model`, `.zip`) is no reason to refuse a file; `docs/formats.md` lists these suffixes.
    ///
    /// ## Example
    ///
    /// ```text
    /// model.mnn is an MNN model, which is not read yet
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
    ///   - paths: ["boards/*.pt"]
    ///     reason: thermal profiles of the sensor boards
    /// ```
    "unknown-artifact", "a model file that is not read: of no known format, or of one that is only recognised",
    level: Deny, severity: High, precision: High, cwe: [502], tags: ["artifact", "coverage"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for observation in case.of_kind(FactKind::Unread) {
        if let Fact::Unread(Unread::Unknown(content)) = &observation.fact {
            let message = match content {
                Content::Recognised(_) => format!("it is {content}"),
                _ => format!("it is named like a model file and holds {content}"),
            };
            let mut finding = case.finding(&META, observation, message);
            let instead = instead_of(content).unwrap_or("keep weights in a format that is read: safetensors, npy, or what `torch.save` writes");
            finding.help.push(instead);
            finding.answer = policy::pattern_of(&case.entry.path).map(advice::leave_out);
            findings.push(finding);
        }
    }
}
