//! Streams that unpicklers read differently.

use super::Case;
use crate::{
    fact::{Fact, FactKind, GlobalName, Observation, Usage},
    finding::{Finding, Subject},
    policy::GlobalVerdict,
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses pickles with data after their end, operands that cross a frame, memo entries of an earlier pickle, memo indexes
    /// that would take gigabytes, protocols that do not exist.
    ///
    /// ## Why it matters
    ///
    /// Unpicklers differ in what they make of such streams, and so do readers: this is how a payload is shown to one and hidden
    /// from another. Each kind is explained by `weighbridge explain pickle`.
    ///
    /// ## Example
    ///
    /// ```text
    /// frame-straddle: an operand at 0x19 crosses the end of its frame at 0x1b
    /// ```
    ///
    /// ## Use instead
    ///
    /// Pickles as picklers write them.
    "pickle-anomaly", "a pickle that unpicklers read differently, or that no pickler writes",
    level: Deny, severity: High, precision: High, cwe: [436, 502], tags: ["artifact", "pickle"],
    check
}

/// The kinds of anomaly that are about pickles.
pub(super) const KINDS: &[&str] = &[
    "bad-number",
    "bytes-after-stop",
    "deep-nesting",
    "exponential-references",
    "filled-by-another-name",
    "frame-past-end",
    "frame-straddle",
    "huge-memo-index",
    "memo-of-earlier-pickle",
    "odd-name",
    "unknown-protocol",
    "values-left",
];

/// Those of them that every unpickler reads alike, or dies of.
const NOT_WRITTEN: &[&str] = &[
    "deep-nesting",
    "exponential-references",
    "filled-by-another-name",
    "odd-name",
    "unknown-protocol",
    "values-left",
];

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for observation in case.of_kind(FactKind::OfReusedMemo) {
        if let Fact::OfReusedMemo { global } = &observation.fact {
            findings.extend(reused(case, observation, global));
        }
    }
    for observation in case.of_kind(FactKind::Anomaly) {
        let Fact::Anomaly { kind, detail } = &observation.fact else {
            continue;
        };
        if KINDS.contains(&kind.as_str()) {
            let what = if NOT_WRITTEN.contains(&kind.as_str()) {
                "no pickler writes this"
            } else {
                "unpicklers may read this differently"
            };
            let mut finding = case.finding(&META, observation, format!("{what}: {detail}"));
            finding.subject = Subject::Anomaly(kind.clone());
            finding
                .help
                .push("save the object again with the library that wrote it".into());
            findings.push(finding);
        }
    }
}

/// What an unpickler that is used again resolves. Files of several honest pickles are not meant to be read so, and what one makes
/// of them is mostly nonsense: only names that are known to be dangerous count.
fn reused(case: &Case<'_>, observation: &Observation, global: &GlobalName) -> Option<Finding> {
    let GlobalVerdict::Refused {
        danger: Some(danger),
        ..
    } = case.scope.verdict(global, Usage::Import)
    else {
        return None;
    };
    let message = format!(
        "an unpickler that is used for one pickle after another resolves {global} here, which {danger}"
    );
    let mut finding = case.finding(&META, observation, message);
    finding.subject = Subject::Anomaly("memo-of-earlier-pickle".into());
    finding
        .help
        .push("keep each object in a file of its own, saved by the library that wrote it".into());
    Some(finding)
}
