//! The extension registry.

use super::Case;
use crate::{
    fact::{Fact, FactKind, Global, Unresolved},
    finding::{Finding, Payload, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses the opcodes `EXT1`, `EXT2` and `EXT4`.
    ///
    /// ## Why it matters
    ///
    /// The meaning of an extension code is in the loading process (`copyreg.add_extension`), not in the file. It can be any
    /// global. No library writes these opcodes.
    ///
    /// ## Example
    ///
    /// ```text
    /// 0x0002  EXT1              240
    /// ```
    ///
    /// ## Use instead
    ///
    /// Pickles that spell their globals, which is what every library writes.
    "extension-registry", "a pickle that resolves something from the extension registry",
    level: Deny, severity: Critical, precision: High, cwe: [502], tags: ["artifact", "pickle"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for observation in case.of_kind(FactKind::Extension) {
        if let Fact::Extension { code } = &observation.fact {
            let message = format!(
                "loading resolves extension code {code}, whatever that is in the loading process"
            );
            let mut finding = case.finding(&META, observation, message);
            finding.subject = Subject::Global(Global::Unresolved(Unresolved::Extension));
            finding.payload = Some(Payload::of([code.to_string()]));
            finding
                .help
                .push("save the object again with globals spelled out, as every library does");
            findings.push(finding);
        }
    }
}
