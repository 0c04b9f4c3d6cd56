//! State set on what is no instance.

use super::{Case, payload::Payloads};
use crate::{
    fact::{Fact, FactKind, PayloadOf},
    finding::{Finding, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses `BUILD` on anything but an instance: on a global itself, on a container, on an unknown value.
    ///
    /// ## Why it matters
    ///
    /// `BUILD` sets attributes. On a class or a module, that changes them for the whole process: the next call of a method
    /// then does whatever the file says.
    ///
    /// ## Example
    ///
    /// ```text
    /// 0x0002  GLOBAL            collections OrderedDict
    /// 0x0035  BUILD             collections.OrderedDict
    /// ```
    ///
    /// ## Use instead
    ///
    /// Pickles as picklers write them; or safetensors.
    "state-on-non-instance", "a pickle that sets state on a class, a function or a module",
    level: Deny, severity: Critical, precision: High, cwe: [502, 915], tags: ["artifact", "pickle"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let payloads = Payloads::new(case);
    for observation in case.of_kind(FactKind::StateOnNonInstance) {
        if let Fact::StateOnNonInstance { target } = &observation.fact {
            let message = format!("loading sets attributes of `{target}`, which is no instance");
            let mut finding = case.finding(&META, observation, message);
            finding.subject = Subject::Anomaly("state".into());
            finding.payload = Some(payloads.of(&observation.site.hops, &PayloadOf::Others, target));
            finding.help.push(
                "no library writes this: do not load the file, and find out where it comes from",
            );
            findings.push(finding);
        }
    }
}
