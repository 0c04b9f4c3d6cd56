//! A waiver beyond the terms that the policy sets for waivers.

use super::waiver_run::{WaiverRun, owner, what};
use crate::finding::{Finding, Location};

declare_rule! {
    /// ## What it does
    ///
    /// Reports a waiver that `waiver-terms` of the policy does not accept: one that lacks what every waiver must say, or ends too late.
    /// It covers nothing. A check of some files reports it only if it was about one of their findings.
    ///
    /// ## Why it matters
    ///
    /// An organisation accepts risks for a time and by name. Whoever writes a waiver without an owner or without an end would accept one for
    /// everybody and for good.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// version: 1
    /// extends: recommended
    /// waiver-terms: {max-days: 180, require: [reason, owner, expires]}
    /// waivers:
    ///   - rule: global-not-allowed
    ///     paths: [models/legacy.pt]
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```yaml
    /// version: 1
    /// extends: recommended
    /// waiver-terms: {require: [reason, owner, expires]}
    /// waivers:
    ///   - rule: global-not-allowed
    ///     paths: [models/legacy.pt]
    ///     reason: converted in the next release
    ///     owner: "@ml-platform"
    ///     expires: 2027-03-31
    /// ```
    "waiver-terms", "a waiver beyond the terms of the policy",
    level: Deny, severity: Medium, precision: VeryHigh, cwe: [693], tags: ["policy"],
    over the waivers: check
}

fn check(run: &WaiverRun<'_>, findings: &mut Vec<Finding>) {
    let terms = run.waivers.terms();
    if terms.is_empty() {
        return;
    }
    for (_, waiver) in run.concerned() {
        let breaches = terms.breaches(waiver, run.today);
        if breaches.is_empty() || waiver.ended(run.today).is_some() {
            continue;
        }
        let why: Vec<String> = breaches.iter().map(ToString::to_string).collect();
        let message = format!(
            "the waiver of {}{} does not count: {}",
            what(waiver),
            owner(waiver),
            why.join(", ")
        );
        let mut finding = run.finding(&META, waiver, message);
        let line = breaches.first().and_then(|breach| terms.line(breach));
        finding.related.extend(line.map(|line| Location {
            path: line.file.as_str().into(),
            label: format!("line {}: {}", line.line, line.text.trim()),
            ..Location::default()
        }));
        let help = "write what is missing, or an earlier day; whoever answers for the terms may change them";
        finding.help.push(help);
        findings.push(finding);
    }
}
