//! Pickles inside pickles.

use super::Case;
use crate::{
    fact::{Fact, FactKind},
    finding::Finding,
};

declare_rule! {
    /// ## What it does
    ///
    /// Reports a constant of a pickle that is itself a complete pickle and names a global. The inner pickle is checked as
    /// well.
    ///
    /// ## Why it matters
    ///
    /// A nested pickle runs when something unpickles it: a `__setstate__` method, or a loader that the outer pickle calls.
    /// Payloads are hidden in nested pickles from readers that only look at the outer one.
    ///
    /// ## Example
    ///
    /// ```text
    /// 0x0016  SHORT_BINBYTES    b'\x80\x02cposix\nsystem\n...'
    /// 0x0043  REDUCE            _pickle.loads(b'...')
    /// ```
    ///
    /// ## Use instead
    ///
    /// Store data, not pickles of it: arrays as safetensors or npy, settings as JSON.
    "embedded-pickle", "a pickle inside a pickle",
    level: Warn, severity: Critical, precision: High, cwe: [502], tags: ["artifact", "pickle"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for observation in case.of_kind(FactKind::EmbeddedPickle) {
        if let Fact::EmbeddedPickle { length } = &observation.fact {
            let message = format!("a constant of {length} bytes is itself a pickle");
            let mut finding = case.finding(&META, observation, message);
            finding
                .help
                .push("store the data itself; what the inner pickle would do is judged as well");
            findings.push(finding);
        }
    }
}
