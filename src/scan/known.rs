//! The findings that a team knows when it adopts the gate.

use super::{Progress, Request, View};
use crate::{
    error::Error,
    finding::Finding,
    policy::{Baseline, Policy},
};

/// Whether a baseline has findings about names that are known to be dangerous.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dangerous {
    /// It leaves them out.
    LeaveOut,
    /// It has them, and every report goes on to show them.
    Include,
}

/// A baseline of what counts in a view today, and how many findings it cannot have.
///
/// # Errors
/// Workers that cannot be started.
pub fn baseline(
    view: &View,
    policy: Policy,
    dangerous: Dangerous,
    request: Request,
    progress: &dyn Progress,
) -> Result<(Baseline, usize), Error> {
    // What was known stays known only if it is still found.
    let policy = policy.with_baseline(Baseline::default());
    let mut report = super::check(view, &policy, String::new(), request, progress)?;
    let is_locked = |finding: &Finding| policy.accepts().locks_rule(finding.rule.id);
    let found = report.active().filter(|finding| !is_locked(finding));
    let baseline = Baseline::of(found, dangerous == Dangerous::Include);
    baseline.set_aside(&mut report.findings, is_locked);
    let left = report.active().count();
    Ok((baseline, left))
}
