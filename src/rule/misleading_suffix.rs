//! Names that say something else.

use super::Case;
use crate::{
    fact::{Anomaly, Fact, FactKind},
    finding::{Finding, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Reports artifacts whose suffix belongs to another format than their content: a pickle named `.safetensors` or `.json`,
    /// a zip named `.npy`.
    ///
    /// ## Why it matters
    ///
    /// Loaders often choose by name, and people always do. A harmless suffix makes people load a pickle that they would not
    /// load otherwise. The content is checked whatever the name is.
    ///
    /// ## Example
    ///
    /// ```text
    /// weights.safetensors is a Python pickle
    /// ```
    ///
    /// ## Use instead
    ///
    /// A name with the suffix of the actual format.
    "misleading-suffix", "an artifact with the suffix of another format",
    level: Warn, severity: Medium, precision: High, cwe: [502, 646], tags: ["artifact"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for observation in case.of_kind(FactKind::Anomaly) {
        let Fact::Anomaly(anomaly) = &observation.fact else {
            continue;
        };
        if let Anomaly::MisleadingSuffix { .. } = **anomaly {
            let mut finding = case.finding(&META, observation, anomaly.to_string());
            finding.subject = Subject::Anomaly(anomaly.kind().to_owned());
            finding
                .help
                .push("rename it to say what it is, or save it as what its name says");
            findings.push(finding);
        }
    }
}
