//! Functions that a configuration has called and that nothing in it names.

use super::Case;
use crate::{
    fact::FactKind,
    finding::{Finding, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Reports a configuration in YAML or JSON whose `_target_` is an interpolation (`${...}`) that the file by itself does not answer: a
    /// value of another file, a variable of the surroundings without a default, a resolver of one's own.
    ///
    /// ## Why it matters
    ///
    /// `hydra.utils.instantiate` calls what it comes to. Whoever reviews this file does not see what that is, and neither does
    /// `dangerous-target`.
    ///
    /// ## Example
    ///
    /// ```text
    /// conf/model.yaml   _target_: ${oc.env:MODEL_CLASS}
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```text
    /// conf/model.yaml   _target_: myapp.models.Net
    /// ```
    "computed-target", "a configuration that computes what it has called",
    level: Warn, severity: Medium, precision: High, cwe: [470], tags: ["artifact"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for observation in case.of_kind(FactKind::ComputedCall) {
        let message = "the configuration has something called that it does not name: another file or the surroundings decide what";
        let mut finding = case.finding(&META, observation, message);
        finding.subject = Subject::Anomaly("computed-target".into());
        finding
            .help
            .push("name the class or the function under `_target_` itself");
        findings.push(finding);
    }
}
