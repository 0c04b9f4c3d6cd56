//! A waiver that covers nothing.

use super::waiver_run::{WaiverRun, owner, what};
use crate::finding::Finding;

declare_rule! {
    /// ## What it does
    ///
    /// Reports a waiver of the policy that is about no finding. Only a check of a whole repository knows this: `weighbridge check`
    /// without paths, and `--rev`. A waiver that may be about a file that could not be read is not reported.
    ///
    /// ## Why it matters
    ///
    /// What it was about has been mended, moved or renamed. Left in the policy, it would cover a new problem of the same kind that nobody
    /// has reviewed.
    ///
    /// ## Example
    ///
    /// ```text
    /// weighbridge.yaml:4  - rule: global-not-allowed
    ///                       paths: [models/removed.pt]
    /// ```
    ///
    /// ## Use instead
    ///
    /// A policy without the waiver.
    "waiver-unused", "a waiver that is about no finding",
    level: Warn, severity: Low, precision: VeryHigh, cwe: [693], tags: ["policy"],
    over the waivers: check
}

fn check(run: &WaiverRun<'_>, findings: &mut Vec<Finding>) {
    if !run.is_whole {
        return;
    }
    for (at, waiver) in run.waivers.all().iter().enumerate() {
        // One that has ended, or is beyond the terms, is reported as that.
        let is_void = waiver.ended(run.today).is_some()
            || !run.waivers.terms().breaches(waiver, run.today).is_empty();
        let may_be_about = || run.unjudged.iter().any(|path| run.waivers.at(path).has(at));
        if is_void || run.matched.contains(&at) || may_be_about() {
            continue;
        }
        let message = format!(
            "the waiver of {}{} is about no finding",
            what(waiver),
            owner(waiver)
        );
        let mut finding = run.finding(&META, waiver, message);
        let help = "remove it; if it is about something, compare its `paths` and its `subject` with the report";
        finding.help.push(help);
        findings.push(finding);
    }
}
