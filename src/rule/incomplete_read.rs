//! What could not be read to its end.

use super::Case;
use crate::{
    fact::{
        Fact, FactKind, LinkAway, Malformed, Place, Unavailable, Unread, Unsupported,
        UnsupportedEntry,
    },
    finding::{Finding, Subject},
    limits::Id,
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses artifacts that could not be read completely: malformed or truncated files, features that are not supported (an
    /// encrypted member), files that reach a limit, and errors of the operating system.
    ///
    /// ## Why it matters
    ///
    /// A pickle that runs its payload and then breaks is still dangerous. Unread content may be harmful, and "no findings"
    /// must never mean "not checked". Everything before the error is checked as usual.
    ///
    /// ## Example
    ///
    /// ```text
    /// 0x002a  BINUNICODE        needs 2147483647 bytes, 12 are left
    /// ```
    ///
    /// ## Use instead
    ///
    /// Files as libraries write them. Download the file again, or save it again.
    "incomplete-read", "an artifact that could not be read completely",
    level: Deny, severity: High, precision: High, cwe: [502], tags: ["artifact", "coverage"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for why in case.circumstances.unavailable() {
        findings.extend(unavailable(case, why));
    }
    for interruption in &case.circumstances.interrupted {
        let message = format!("it could not be read: {}", interruption.fault);
        let mut finding = case.finding_of_entry(&META, message);
        finding.primary.site = interruption.site.clone();
        finding.subject = Subject::Anomaly("io".into());
        finding.help.push(READABLE);
        findings.push(finding);
    }
    if case.circumstances.late {
        findings.push(late(case));
    }
    for observation in case.of_kind(FactKind::Unread) {
        let Fact::Unread(unread) = &observation.fact else {
            continue;
        };
        let (kind, message, help) = match unread {
            Unread::Malformed(how) => (
                "malformed",
                format!("it does not read to its end: {how}"),
                FETCH,
            ),
            Unread::Limit(limit) => (
                "limit",
                format!("it is too complex to analyse: more than {limit}"),
                TOO_COMPLEX,
            ),
            Unread::Unsupported(form) => (
                "unsupported",
                format!("it is in a form that is not read: {form}"),
                match form {
                    Unsupported::JoblibArray(_) => {
                        "save it again with `joblib.dump`, or store the arrays as npy, npz or safetensors"
                    }
                    Unsupported::CompiledCode => {
                        "compile the program where it is deployed, from source that is reviewed: machine code is not read"
                    }
                    Unsupported::CompressionMethod(_)
                    | Unsupported::EncryptedMember
                    | Unsupported::LinkedMember
                    | Unsupported::PatchedMember
                    | Unsupported::BrokenSevenZip
                    | Unsupported::SevenZip
                    | Unsupported::SevenZipMemory
                    | Unsupported::SevenZipMethod(_)
                    | Unsupported::SparseMember(_) => ORDINARY,
                    _ => OTHER_FORM,
                },
            ),
            Unread::Crashed { detail } => (
                "crashed",
                format!("reading it failed by a mistake of this program: {detail}"),
                "please report it; the file is refused until it can be read",
            ),
            Unread::Unknown(_) => continue,
        };
        let mut finding = case.finding(&META, observation, message);
        finding.subject = Subject::Anomaly(kind.into());
        finding.help.push(help);
        let site = &mut finding.primary.site;
        if let Some(place) = place_of(unread).filter(|_| site.at == Place::Whole) {
            site.at = place;
        }
        findings.push(finding);
    }
}

/// Where a text breaks its grammar.
fn place_of(unread: &Unread) -> Option<Place> {
    let Unread::Malformed(how) = unread else {
        return None;
    };
    let Malformed::Configuration(fault) = &**how else {
        return None;
    };
    let line = u32::try_from(fault.line).ok().filter(|line| *line > 0)?;
    let column = u32::try_from(fault.column).unwrap_or(1).max(1);
    Some(Place::Span {
        line,
        column,
        end_line: line,
        end_column: column.saturating_add(1),
    })
}

const ORDINARY: &str = "save it in an ordinary form: stored or deflated, not encrypted";
const OTHER_FORM: &str = "save it again with a current release of the library that wrote it, or in another format: `weighbridge explain` lists those that are read";
const FETCH: &str =
    "fetch it again from its source, or save it again with the library that wrote it";
const TOO_COMPLEX: &str = "no file that a library writes is known to come near this: find out who made it before you load it";
const READABLE: &str =
    "make it readable, or leave it out under `exclude` in the policy, with a reason";

/// What the view could not give.
fn unavailable(case: &Case<'_>, why: &Unavailable) -> Option<Finding> {
    let (kind, message, help) = match why {
        Unavailable::MalformedTree { answer } => (
            "malformed",
            format!("it does not read to its end: the folder's tree in git: {answer}"),
            FETCH,
        ),
        Unavailable::Limit(limit) => {
            let rest = match limit {
                Id::HISTORY_BYTES | Id::HISTORY_FOLDERS => {
                    "; this commit and those after it were not looked at"
                }
                _ => "",
            };
            (
                "limit",
                format!("it is too complex to analyse: more than {limit}{rest}"),
                TOO_COMPLEX,
            )
        }
        Unavailable::Io(what) => ("io", format!("it could not be read: {what}"), READABLE),
        Unavailable::Unsupported(entry) => (
            "unsupported",
            format!("it is in a form that is not read: {entry}"),
            match entry {
                UnsupportedEntry::Special => {
                    "name a regular file: write what it gives into one first"
                }
                UnsupportedEntry::LinkAway(away) if is_annexed(away) => {
                    "fetch what it leads to (git annex get), and check again"
                }
                UnsupportedEntry::LinkAway(_) | UnsupportedEntry::LinkToExcluded(_) => {
                    "put the file itself there, or a link to a file inside the tree"
                }
                _ => ORDINARY,
            },
        ),
        // Said by `lfs-not-fetched`.
        Unavailable::NotFetched { .. } => return None,
    };
    let mut finding = case.finding_of_entry(&META, message);
    finding.subject = Subject::Anomaly(kind.into());
    finding.help.push(help);
    Some(finding)
}

/// An entry that the deadline cut short.
fn late(case: &Case<'_>) -> Finding {
    let message = "it was not read: the time given for reading had passed";
    let mut finding = case.finding_of_entry(&META, message);
    finding.subject = Subject::Anomaly("late".into());
    finding
        .help
        .push("give more time with `--deadline`, or less to read at once");
    finding
}

/// Whether a link leads to where git-annex keeps contents.
fn is_annexed(away: &LinkAway) -> bool {
    let objects = b".git/annex/objects/";
    memchr::memmem::find(away.target.as_bytes(), objects).is_some()
}
