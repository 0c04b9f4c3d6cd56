//! A waiver that has ended.

use super::waiver_run::{WaiverRun, owner, what};
use crate::finding::Finding;

declare_rule! {
    /// ## What it does
    ///
    /// Reports a waiver of the policy whose last day (`expires`) has passed. It covers nothing any more: its findings count again. A check
    /// of some files reports it only if it was about one of their findings.
    ///
    /// ## Why it matters
    ///
    /// A waiver is a promise to mend something by a day. Its owner should know that the day has passed before others meet the findings.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// version: 1
    /// extends: recommended
    /// waivers:
    ///   - rule: global-not-allowed
    ///     paths: [models/legacy.pt]
    ///     subject: myapp.legacy.Net
    ///     reason: converted in the next release
    ///     owner: "@ml-platform"
    ///     expires: 2024-03-31
    /// ```
    ///
    /// ## Use instead
    ///
    /// Mend what the waiver is about and remove it. If more time is needed, have a new day reviewed. `weighbridge waivers report
    /// --expiring 30d` lists waivers before they end.
    "waiver-expired", "a waiver whose last day has passed",
    level: Warn, severity: Low, precision: VeryHigh, cwe: [693], tags: ["policy"],
    over the waivers: check
}

fn check(run: &WaiverRun<'_>, findings: &mut Vec<Finding>) {
    for (at, waiver) in run.concerned() {
        let Some(day) = waiver.ended(run.today) else {
            continue;
        };
        let message = format!(
            "the waiver of {} ended on {day}{}",
            what(waiver),
            owner(waiver)
        );
        let mut finding = run.finding(&META, waiver, message);
        finding.help.push(if run.matched.contains(&at) {
            String::from("mend what it is about, or have a new day reviewed")
        } else {
            String::from("remove it: no finding is about it")
        });
        findings.push(finding);
    }
}
