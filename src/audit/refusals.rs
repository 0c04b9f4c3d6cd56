//! What a result refuses.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::result::{AuditResult, Status};
use crate::report::json::v1;

/// The findings that refuse, by what tells each from all others.
pub(super) fn denied(result: &AuditResult) -> BTreeMap<&str, &v1::Finding> {
    let denied = result.findings.iter().filter(|it| it.level == "deny");
    denied.map(|it| (it.fingerprint.as_str(), it)).collect()
}

/// As much of a result as tells whether another one refuses the same.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Refusals {
    pub(super) status: Status,
    findings: Vec<Refusal>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Refusal {
    level: String,
    fingerprint: String,
}

impl Refusals {
    /// Whether something was refused that a later result does not refuse.
    pub(super) fn has_gone(&self, after: &AuditResult) -> bool {
        let new = denied(after);
        self.denied().any(|it| !new.contains_key(it))
    }

    pub(super) fn denied(&self) -> impl Iterator<Item = &str> {
        let denied = self.findings.iter().filter(|it| it.level == "deny");
        denied.map(|it| it.fingerprint.as_str())
    }
}
