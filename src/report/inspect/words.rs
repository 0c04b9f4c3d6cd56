//! What facts and verdicts mean to someone who is about to load the file, in words.

use crate::{
    fact::{Circumstance, Fact, Global, Site, SpecialMember, Unavailable, Usage},
    finding::LineRef,
    policy::Refusal,
    report::terminal::grouped,
    verdict::JudgedGlobal,
};

/// The hops of a site, without the place.
pub(super) fn inwards(site: &Site) -> String {
    Site {
        hops: site.hops.clone(),
        at: crate::fact::Place::Whole,
    }
    .to_string()
}

/// `call, build, 62 times`.
pub(super) fn uses(global: &JudgedGlobal) -> String {
    // Whatever is used is imported first.
    let only = global.usages.len() == 1;
    let mut words: Vec<String> = global
        .usages
        .iter()
        .filter(|usage| only || **usage != Usage::Import)
        .map(ToString::to_string)
        .collect();
    if global.count > 1 {
        words.push(format!("{} times", grouped(global.count)));
    }
    words.join(", ")
}

/// What is done with a global that is refused, and why it is.
pub(in crate::report) fn refusal(global: &JudgedGlobal) -> String {
    let mut parts = vec![uses(global)];
    let mut place = String::new();
    match &global.refusal {
        Some(refusal) => {
            parts.push(why(&global.global, &refusal.why));
            parts.extend(refusal.danger.map(str::to_owned));
            if let Some(line) = &refusal.decided_by {
                place = format!(" ({}:{})", line.file, line.line);
            }
        }
        None => match (&global.global, &global.finding) {
            (Global::Unresolved(_), _) => {
                parts.push("which it is depends on running the file".to_owned());
            }
            (Global::Named(_), finding) => parts.extend(finding.clone()),
        },
    }
    parts.retain(|part| !part.is_empty());
    parts.join("; ") + &place
}

fn why(global: &Global, why: &Refusal) -> String {
    match why {
        Refusal::Unlisted { near: None } => match global {
            Global::Named(_) => "no list names it".to_owned(),
            Global::Unresolved(_) => "which it is depends on running the file".to_owned(),
        },
        Refusal::Unlisted { near: Some(near) } => {
            format!("no list names it (is `{near}` meant?)")
        }
        Refusal::Use { allowed } => {
            let allowed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
            format!("listed only for: {}", allowed.join(", "))
        }
        Refusal::Refused => "the policy refuses it".to_owned(),
    }
}

/// What is done with a global that is not refused, and what allows it.
pub(super) fn permission(global: &JudgedGlobal) -> String {
    let mut parts = vec![uses(global)];
    if !global.allowed_by.is_empty() {
        let lines: Vec<String> = global.allowed_by.iter().map(place).collect();
        parts.push(format!("allowed by {}", lines.join(", ")));
    } else if global.refusal.is_some() {
        parts.push("no entry lists it, and no rule refuses it here".to_owned());
    }
    if let Some(finding) = &global.finding {
        parts.push(format!("a finding says: {finding}"));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("; ")
}

/// `weighbridge.yaml:7`, `globals/torch-weights.yaml:12 (built in)`.
fn place(line: &LineRef) -> String {
    match line.file.strip_suffix(" (built in)") {
        _ if line.line == 0 => line.file.clone(),
        Some(file) => format!("{file}:{} (built in)", line.line),
        None => format!("{}:{}", line.file, line.line),
    }
}

/// What a fact means to someone who is about to load the file; `None` for those with a table of their own.
pub(in crate::report) fn remark(fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::StateOnNonInstance { target } => {
            format!("sets state on {target}, which is not an instance")
        }
        Fact::ItemsOnNonContainer { target, op } => {
            format!("{op} sets items on {target}, which is not a container")
        }
        Fact::ItemsOnInstance { class, op } => {
            format!("{op} runs the methods of {class} that take items")
        }
        Fact::Extension { code } => {
            format!("takes code {code} from the extension registry of whoever loads it")
        }
        Fact::PersistentId {
            torch_storage: true,
            ..
        } => "refers to tensor storages in torch's own way".to_owned(),
        Fact::PersistentId { id, .. } => {
            format!("leaves the persistent id {id} to its loader")
        }
        Fact::OfReusedMemo { global } => {
            format!("names {global} if one unpickler reads all pickles of the file")
        }
        Fact::OfArrayAsOpcodes { global } => {
            format!("names {global} if `pickle.load` takes an array of joblib for opcodes")
        }
        Fact::CodeByValue(made) => format!("makes {made}"),
        Fact::OutOfBandBuffer => "uses a buffer that is not in the file".to_owned(),
        Fact::EmbeddedPickle { length } => {
            format!("carries a pickle of {} as a constant", bytes(*length))
        }
        Fact::Native(native) => format!("its program calls {native}"),
        Fact::Special {
            name,
            what: SpecialMember::Link { target },
        } => format!("has a link `{name}` to `{target}`, which is not followed"),
        Fact::Special {
            name,
            what: SpecialMember::Device,
        } => format!("has a device `{name}`, which is not followed"),
        Fact::Unopened(form) => format!("is not looked into: {form}"),
        Fact::Anomaly(anomaly) => format!("{}: {anomaly}", anomaly.kind()),
        _ => return None,
    })
}

/// What the view says of the file that is no matter of its content.
pub(in crate::report) fn circumstance(noted: &Circumstance) -> Option<String> {
    match noted {
        Circumstance::ImpossiblePath(fault) => Some(format!("impossible-path: {fault}")),
        Circumstance::SizeMismatch { pointer, object } => Some(format!(
            "lfs-size-mismatch: the pointer says {pointer} bytes, the git-lfs object has {object}"
        )),
        Circumstance::DigestMismatch => Some(String::from(
            "dvc-digest-mismatch: the cache of DVC has another content than the one whose md5 is listed",
        )),
        _ => None,
    }
}

/// Why the content could not be had.
pub(in crate::report) fn unavailable(why: &Unavailable) -> String {
    match why {
        Unavailable::MalformedTree { answer } => {
            format!("malformed: the folder's tree in git: {answer}")
        }
        Unavailable::Limit(limit) => format!("past the limit of {limit}"),
        Unavailable::Io(what) => format!("could not be read: {what}"),
        Unavailable::Unsupported(entry) => format!("not supported: {entry}"),
        Unavailable::NotFetched { what, command } => {
            format!("not fetched: {what}; to fetch it: {command}")
        }
    }
}

pub(super) fn count_u64(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { many })
}

/// `512 bytes`, `12.3 MiB`.
pub(crate) fn bytes(n: u64) -> String {
    const UNITS: [(&str, u32); 4] = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
    match UNITS.iter().find(|(_, shift)| n >> shift > 0) {
        None => count_u64(n, "byte", "bytes"),
        Some((unit, shift)) => {
            let tenths = (u128::from(n) * 10) >> shift;
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        }
    }
}
