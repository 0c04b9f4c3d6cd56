//! Streams that unpicklers read differently.

use super::Case;
use crate::{
    fact::{Anomaly, Fact, FactKind, GlobalName, Observation, PickleAnomaly, Usage},
    finding::{Finding, Subject},
    policy::GlobalVerdict,
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses pickles with data after their end, operands that cross a frame, memo entries of an earlier pickle, memo
    /// indexes that would take gigabytes of memory, or unknown protocols.
    ///
    /// ## Why it matters
    ///
    /// Unpicklers interpret such streams differently, and so do scanners. An attacker can show a harmless pickle to one and a
    /// payload to the other. `weighbridge explain pickle` explains each kind.
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

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for observation in case.of_kind(FactKind::OfReusedMemo) {
        if let Fact::OfReusedMemo { global } = &observation.fact {
            findings.extend(reused(case, observation, global));
        }
    }
    for observation in case.of_kind(FactKind::OfArrayAsOpcodes) {
        if let Fact::OfArrayAsOpcodes { global } = &observation.fact {
            findings.extend(array_as_opcodes(case, observation, global));
        }
    }
    for observation in case.of_kind(FactKind::Anomaly) {
        let Fact::Anomaly(anomaly) = &observation.fact else {
            continue;
        };
        if let Anomaly::Pickle(anomaly) = **anomaly {
            let what = if is_read_alike(anomaly) {
                "no pickler writes this"
            } else {
                "unpicklers may read this differently"
            };
            let mut finding = case.finding(&META, observation, format!("{what}: {anomaly}"));
            finding.subject = Subject::Anomaly(anomaly.kind().to_owned());
            finding.help.push(if is_converted(anomaly) {
                "mark the file as binary in .gitattributes (`*.pkl -text`), and fetch it anew"
            } else {
                "save the object again with the library that wrote it"
            });
            findings.push(finding);
        }
    }
}

/// Whether something took the pickle for text and converted its line endings.
fn is_converted(anomaly: PickleAnomaly) -> bool {
    matches!(
        anomaly,
        PickleAnomaly::OddName { crlf: true } | PickleAnomaly::BadNumber { crlf: true, .. }
    )
}

/// Whether every unpickler makes the same of it, or dies of it.
fn is_read_alike(anomaly: PickleAnomaly) -> bool {
    match anomaly {
        PickleAnomaly::DeepNesting
        | PickleAnomaly::ExponentialReferences
        | PickleAnomaly::FilledByAnotherName { .. }
        | PickleAnomaly::OddName { .. }
        | PickleAnomaly::UnknownProtocol { .. }
        | PickleAnomaly::BadNumber { crlf: true, .. }
        | PickleAnomaly::ValuesLeft { .. } => true,
        PickleAnomaly::BadNumber { crlf: false, .. }
        | PickleAnomaly::BytesAfterStop { .. }
        | PickleAnomaly::FramePastEnd { .. }
        | PickleAnomaly::OperandAcrossFrame { .. }
        | PickleAnomaly::StopInsideFrame { .. }
        | PickleAnomaly::HugeMemoIndex { .. }
        | PickleAnomaly::MemoOfEarlierPickle { .. } => false,
    }
}

/// What an unpickler that is used again resolves. Files of several honest pickles are not meant to be read so.
fn reused(case: &Case<'_>, observation: &Observation, global: &GlobalName) -> Option<Finding> {
    misread(
        case,
        observation,
        global,
        "an unpickler that is used for one pickle after another",
        "memo-of-earlier-pickle",
        "keep each object in a file of its own, saved by the library that wrote it",
    )
}

/// What `pickle.load` resolves in an array of joblib, by a text from before the array.
fn array_as_opcodes(
    case: &Case<'_>,
    observation: &Observation,
    global: &GlobalName,
) -> Option<Finding> {
    misread(
        case,
        observation,
        global,
        "`pickle.load`, which takes an array of joblib for opcodes,",
        "array-as-opcodes",
        "save the object again with `joblib.dump`",
    )
}

/// What a loader resolves for which the bytes were not written. In honest files that is mostly nonsense: only names that are known
/// to be dangerous count.
fn misread(
    case: &Case<'_>,
    observation: &Observation,
    global: &GlobalName,
    loader: &str,
    anomaly: &str,
    help: &str,
) -> Option<Finding> {
    let GlobalVerdict::Refused {
        danger: Some(danger),
        ..
    } = case.scope.globals().verdict(global, Usage::Import)
    else {
        return None;
    };
    let message = format!("{loader} resolves {global} here, which {danger}");
    let mut finding = case.finding(&META, observation, message);
    finding.subject = Subject::Anomaly(anomaly.into());
    finding.help.push(help);
    Some(finding)
}
