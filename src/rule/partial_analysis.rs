//! Source that was judged only in part.

use super::Case;
use crate::{
    fact::{Fact, FactKind},
    finding::Finding,
};

declare_rule! {
    /// ## What it does
    ///
    /// Reports Python source, or a cell of a notebook, that mentions a loader but has syntax or encoding errors. Everything
    /// that could be parsed was checked, but something may have been missed.
    ///
    /// ## Why it matters
    ///
    /// A call that is not seen is not checked. Common reasons are Python 2 code, merge conflicts and templates.
    ///
    /// ## Example
    ///
    /// ```python
    /// import torch
    ///
    /// state = torch.load("model.pt", weights_only=True
    /// print state
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```python
    /// import torch
    ///
    /// state = torch.load("model.pt", weights_only=True)
    /// print(state)
    /// ```
    "partial-analysis", "source that could only be checked in part",
    level: Warn, severity: Medium, precision: High, cwe: [502], tags: ["source", "coverage"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for observation in case.of_kind(FactKind::Partial) {
        let Fact::Partial(fault) = &observation.fact else {
            continue;
        };
        let message = format!("judged only in part: {fault}");
        let mut finding = case.finding(&META, observation, message);
        finding.help.push(
            "fix the source, or exclude the path in the policy if it is not Python that is run",
        );
        findings.push(finding);
    }
}
