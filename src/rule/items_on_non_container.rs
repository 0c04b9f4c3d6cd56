//! Items set on what is no container.

use super::{Case, payload::Payloads};
use crate::{
    fact::{Fact, FactKind, PayloadOf},
    finding::{Finding, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses `APPEND`, `APPENDS`, `ADDITEMS`, `SETITEM` and `SETITEMS` on a class, a function, the dictionary of a module,
    /// or an unknown value.
    ///
    /// ## Why it matters
    ///
    /// These opcodes call `append`, `extend`, `add` or `__setitem__` of their target. On the `__dict__` of a module, that
    /// replaces functions for the whole process. Picklers only fill lists, sets, dicts and instances of classes.
    ///
    /// ## Example
    ///
    /// ```text
    /// 0x0014  STACK_GLOBAL      numpy.__dict__
    /// 0x0030  SETITEM           numpy.__dict__
    /// ```
    ///
    /// ## Use instead
    ///
    /// Pickles as picklers write them; or safetensors.
    "items-on-non-container", "a pickle that adds items to something that is not a container",
    level: Deny, severity: Critical, precision: High, cwe: [502, 915], tags: ["artifact", "pickle"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let payloads = Payloads::new(case);
    for observation in case.of_kind(FactKind::ItemsOnNonContainer) {
        if let Fact::ItemsOnNonContainer { target, op } = &observation.fact {
            let message = format!("loading fills `{target}` by {op}, and that is no container");
            let mut finding = case.finding(&META, observation, message);
            finding.subject = Subject::Anomaly("items".into());
            finding.payload = Some(payloads.of(&observation.site.hops, &PayloadOf::Others, target));
            finding.help.push(
                "no library writes this: do not load the file, and find out where it comes from",
            );
            findings.push(finding);
        }
    }
}
