//! Code of another repository that a model has a library fetch and import.

use super::Case;
use crate::{
    fact::{CodeHome, Fact, FactKind},
    finding::{Finding, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses a configuration that names code of another repository: `org/name--module.Class` in `auto_map`, or a repository of
    /// kernels in `attn_implementation`.
    ///
    /// ## Why it matters
    ///
    /// The library fetches that code when the model is loaded, at whatever revision the other repository has by then, and runs it. A
    /// review of this repository does not see it, and a commit of this one does not fix it.
    ///
    /// ## Example
    ///
    /// ```text
    /// config.json   "auto_map": {"AutoModel": "someone/model--modeling_a.AModel"}
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```text
    /// config.json   "auto_map": {"AutoModel": "modeling_a.AModel"}
    /// ```
    "remote-code", "a configuration that names code of another repository",
    level: Deny, severity: Critical, precision: VeryHigh, cwe: [494, 829], tags: ["artifact"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for observation in case.of_kind(FactKind::NamedCode) {
        let Fact::NamedCode(code) = &observation.fact else {
            continue;
        };
        let CodeHome::Elsewhere(repository) = &code.home else {
            continue;
        };
        let message = format!(
            "`{}` names `{}` of the repository `{repository}`: loading the model fetches and runs it",
            code.key, code.name
        );
        let mut finding = case.finding(&META, observation, message);
        finding.subject = Subject::Call(code.name.clone());
        finding.help.push(
            "copy that code into this repository, review it, and name it without the other repository",
        );
        findings.push(finding);
    }
}
