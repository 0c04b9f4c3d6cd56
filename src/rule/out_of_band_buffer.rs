//! Buffers from outside.

use super::Case;
use crate::{
    fact::{Fact, FactKind},
    finding::Finding,
};

declare_rule! {
    /// ## What it does
    ///
    /// Reports the opcode `NEXT_BUFFER` of protocol 5.
    ///
    /// ## Why it matters
    ///
    /// The caller supplies the buffer, so the file does not contain everything that the pickle loads. Plain loaders refuse
    /// such a pickle.
    ///
    /// ## Example
    ///
    /// ```text
    /// 0x000f  NEXT_BUFFER
    /// ```
    ///
    /// ## Use instead
    ///
    /// `pickle.dump` without `buffer_callback`; or safetensors.
    "out-of-band-buffer", "a pickle that takes a buffer from outside the file",
    level: Warn, severity: Medium, precision: High, cwe: [502], tags: ["artifact", "pickle"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for observation in case.of_kind(FactKind::OutOfBandBuffer) {
        if matches!(observation.fact, Fact::OutOfBandBuffer) {
            let message = "loading takes a buffer that is not in the file";
            let mut finding = case.finding(&META, observation, message);
            finding
                .help
                .push("save it without `buffer_callback`, so that everything is in the file");
            findings.push(finding);
        }
    }
}
