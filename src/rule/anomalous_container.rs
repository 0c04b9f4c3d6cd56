//! Containers that say two things.

use std::collections::BTreeSet;

use super::Case;
use crate::{
    fact::{
        Anomaly, Circumstance, Fact, FactKind, Hop, NameFault, Observation, Unread, ZipAnomaly,
    },
    finding::{Finding, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses containers that contradict themselves: an archive whose directory and members disagree, a member that is
    /// stored twice, bytes that belong to no member, a safetensors header with a duplicate key. It also refuses a path in git
    /// that no checkout can have (`..`, `.git`, a name with a slash), and a file that does more when it is loaded where git
    /// changes its line ends on checkout.
    ///
    /// ## Why it matters
    ///
    /// Readers use different parts of such a file, so a scanner may read something else than the loader loads. No library
    /// writes such files, so the rule refuses no honest file. `weighbridge explain zip` and the pages of the other formats
    /// explain each kind. A zip archive that is no model by its members or its name (a data set, a document) is judged by what is
    /// in it alone, and by names that lead out of the folder it is unpacked into.
    ///
    /// ## Example
    ///
    /// ```text
    /// name-mismatch: the directory says `archive/data.pkl`, the member itself `archive/datap.kl`
    /// ```
    ///
    /// ## Use instead
    ///
    /// Files as libraries write them. Save the object again, or download the file again.
    "anomalous-container", "an archive or array file that loaders read differently, or that no writer writes",
    level: Deny, severity: High, precision: High, cwe: [436, 502], tags: ["artifact", "container"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let unread = case
        .of_kind(FactKind::Unread)
        .any(|o| matches!(o.fact, Fact::Unread(Unread::Unsupported(_))));
    for noted in &case.circumstances.noted {
        findings.extend(circumstance(case, noted));
    }
    let plain = plain_archives(case);
    for observation in case.of_kind(FactKind::Anomaly) {
        let Fact::Anomaly(anomaly) = &observation.fact else {
            continue;
        };
        let left_out = match anomaly.as_ref() {
            // Reported by rules of their own.
            Anomaly::Pickle(_) | Anomaly::MisleadingSuffix { .. } => true,
            // A comment is odd, and read alike by all loaders: `inspect` shows it. Where a member was not read because of
            // an anomaly, `incomplete-read` reports that.
            Anomaly::Zip(zip) => {
                matches!(zip, ZipAnomaly::ArchiveComment { .. })
                    || unread && keeps_from_reading(zip)
                    || !leads_out(zip) && plain.contains(observation.site.hops.as_slice())
            }
            _ => false,
        };
        if left_out {
            continue;
        }
        let message = match **anomaly {
            Anomaly::CodeWithoutPlaces { .. } => anomaly.to_string(),
            _ => format!("loaders may read this differently: {anomaly}"),
        };
        let mut finding = case.finding(&META, observation, message);
        finding.subject = Subject::Anomaly(anomaly.kind().to_owned());
        finding.help.push(AGAIN);
        findings.push(finding);
    }
}

/// The archives that no loader opens as a model, by their members and their name: what counts is what is inside them, which is read in
/// every way in which a reader of archives could find it.
fn plain_archives<'a>(case: &Case<'a>) -> BTreeSet<&'a [Hop]> {
    let is_zip = |o: &&Observation| matches!(&o.fact, Fact::Is(id) if *id == "zip");
    let mut plain: BTreeSet<&[Hop]> = case
        .of_kind(FactKind::Is)
        .filter(is_zip)
        .map(|o| o.site.hops.as_slice())
        .collect();
    for observation in case.of_kind(FactKind::Unread) {
        if let Fact::Unread(Unread::Unknown(_)) = observation.fact {
            plain.remove(observation.site.hops.as_slice());
        }
    }
    plain
}

/// Whether unpacking the archive would write outside of the folder that it is unpacked into: no data set needs that.
fn leads_out(anomaly: &ZipAnomaly) -> bool {
    match anomaly {
        ZipAnomaly::UnsafeMemberName { faults, .. } => faults.contains(&NameFault::LeadsOut),
        ZipAnomaly::More { first, .. } => leads_out(first),
        _ => false,
    }
}

/// Whether a member with this anomaly is not read.
fn keeps_from_reading(anomaly: &ZipAnomaly) -> bool {
    match anomaly {
        ZipAnomaly::EncryptedMember { .. } | ZipAnomaly::PatchedMember { .. } => true,
        ZipAnomaly::More { first, .. } => keeps_from_reading(first),
        _ => false,
    }
}

const AGAIN: &str =
    "save it again with the library that wrote it, or fetch it again from its source";

/// What the view says of the path and of what git makes of the file.
fn circumstance(case: &Case<'_>, noted: &Circumstance) -> Option<Finding> {
    let (kind, message, help) = match noted {
        Circumstance::ImpossiblePath(fault) => (
            "impossible-path",
            format!("whoever takes this path for a file's is led astray: {fault}"),
            "find out who made the commit; `git fsck` names the tree, which has to be written again",
        ),
        Circumstance::OtherOnCheckout => (
            "other-on-checkout",
            String::from(
                "where `core.autocrlf` or `core.ignoreCase` is true, git writes other bytes for this file, and loading those does more",
            ),
            "have git leave its bytes alone: `binary` after its path in .gitattributes",
        ),
        Circumstance::SizeMismatch { pointer, object } => (
            "lfs-size-mismatch",
            format!(
                "loaders may read this differently: the pointer says {pointer} bytes, the git-lfs object has {object}"
            ),
            AGAIN,
        ),
        Circumstance::DigestMismatch => (
            "dvc-digest-mismatch",
            String::from(
                "loaders may read this differently: the cache of DVC has another content than the one whose md5 is listed",
            ),
            "remove it from the cache, and fetch it again with `dvc pull`",
        ),
        _ => return None,
    };
    let mut finding = case.finding_of_entry(&META, message);
    finding.subject = Subject::Anomaly(kind.into());
    finding.help.push(help);
    Some(finding)
}
