//! Tests of `rule`: the registry and every rule's own examples, and each rule where examples are not enough.

mod registry;
mod source;

use weighbridge::{
    fact::{Entry, EntryKind, Observation, Text},
    finding::Finding,
    policy::Policy,
    rule::{Case, RULES},
};

/// What every rule says about observations under the empty policy.
pub(crate) fn judge(path: &str, observations: &[Observation]) -> Vec<Finding> {
    let entry = Entry {
        path: Text::from(path),
        kind: EntryKind::File,
    };
    let scope = Policy::default().scope(&entry.path);
    let case = Case {
        entry: &entry,
        observations,
        scope: &scope,
    };
    let mut findings = Vec::new();
    for rule in RULES {
        (rule.check)(&case, &mut findings);
    }
    findings
}
