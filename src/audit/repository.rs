//! One repository: what of it is looked at, and its result where it cannot be audited or was recorded before.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::atomic::Ordering,
};

use super::{
    judging::{CODEOWNERS, Judging},
    look::{Look, Taking},
    recall::{RecordMemory, RunMemory},
    record::Record,
    result::{AuditResult, Counts, Failure, Missing, MissingKind, Scope, Status, VERSION},
    state::RefState,
    target::{Target, What},
};
use crate::{
    error::Error,
    policy::PLACES,
    report::json::v1,
    scan::{self, Keeper, View},
};

/// How the places look in which what a result lacks would appear; `None` if it may come from elsewhere.
pub(super) fn lacking(mut taking: Taking, missing: &[Missing], view: &View) -> Option<Look> {
    if missing.is_empty() {
        return None;
    }
    let mut keepers = BTreeSet::new();
    for it in missing {
        keepers.insert(match it.kind {
            // The state of the refs tells of a shallow border; a limit is the same in the next run.
            MissingKind::Shallow | MissingKind::Limit => continue,
            MissingKind::Object | MissingKind::Policy => Keeper::Objects,
            MissingKind::Lfs => Keeper::Lfs,
            MissingKind::Annex => Keeper::Annex,
            // What DVC brings lies in the cache and in the work tree.
            MissingKind::Dvc | MissingKind::Time | MissingKind::Unreadable | MissingKind::Facts => {
                return None;
            }
        });
    }
    for (folder, depth) in scan::places_of_content(view, &keepers) {
        taking.add_folders(&folder, depth);
    }
    taking.end()
}

/// What of a repository is looked at.
pub(super) fn view(target: &Target, folder: &Path, what: What) -> Result<View, Error> {
    let real = std::fs::canonicalize(folder).map_err(|source| Error::Io {
        path: folder.to_owned(),
        source,
    })?;
    let reference = target.repository.reference.as_deref();
    let view = match what {
        What::Head => match scan::revision(&real, reference.unwrap_or("HEAD"), &[]) {
            // Before its first commit, a repository has no files.
            Err(error) if reference.is_none() => match scan::history(&real, "HEAD", &[]) {
                Ok(view) if view.items.is_empty() => Ok(view),
                _ => Err(error),
            },
            other => other,
        },
        What::History => scan::history(&real, reference.unwrap_or("HEAD"), &[]),
        What::AllRefs => scan::all_refs(&real, &[]),
    }?;
    if view.root != real {
        return Err(Error::Repository {
            path: folder.to_owned(),
            message: String::from("git finds no repository in exactly this folder"),
            help: String::from("run `git status` there: git will say what it cannot read"),
        });
    }
    Ok(view)
}

/// Judges a record by what a store has.
pub(super) fn judge_record(
    record: &Record,
    reader: &crate::store::Reader,
    judging: &Judging<'_>,
) -> Result<AuditResult, Error> {
    let memory = RecordMemory::new(record, reader);
    let (_, judged) = judging.judge(record.view(), &memory)?;
    let lost = memory.lost.load(Ordering::Relaxed);
    Ok(judging.result(record, judged, lost))
}

/// The result of a repository that could not be audited.
pub(super) fn failed(
    target: &Target,
    failure: Failure,
    judging: &Judging<'_>,
    what: What,
) -> AuditResult {
    AuditResult {
        version: VERSION,
        repository: target.repository.clone(),
        status: Status::Failed,
        missing: Vec::new(),
        failure: Some(failure),
        scope: Scope {
            what: what.word().to_owned(),
            ..Scope::default()
        },
        versions: judging.versions(None),
        inputs: String::new(),
        depends_on_day: false,
        coverage: v1::Coverage::default(),
        counts: Counts::default(),
        artifacts: Vec::new(),
        findings: Vec::new(),
        answers: Vec::new(),
        advice: Vec::new(),
        overridden: Vec::new(),
        waived: Vec::new(),
        baseline: Vec::new(),
        waivers: Vec::new(),
        loosenings: Vec::new(),
        allowed: Vec::new(),
        owners: BTreeMap::new(),
        notices: Vec::new(),
    }
}

/// An error in words: of a policy, the first of its errors with the line.
pub(super) fn told(error: &Error) -> String {
    let Error::Policy(errors) = error else {
        return error.to_string();
    };
    let first = errors
        .0
        .first()
        .map(|it| format!("{}:{}: {it}", it.file, it.line()));
    let more = errors.0.len().saturating_sub(1);
    match (first, more) {
        (Some(first), 0) => first,
        (Some(first), n) => format!("{first} (and {n} more)"),
        (None, _) => error.to_string(),
    }
}

/// Bytes of the packs of a repository, to begin with the largest.
pub(super) fn size_of(folder: &Path) -> u64 {
    let packs = [
        folder.join(".git/objects/pack"),
        folder.join("objects/pack"),
    ];
    let packs = packs
        .iter()
        .filter_map(|packs| std::fs::read_dir(packs).ok());
    let sizes = packs
        .flatten()
        .flatten()
        .map(|file| file.metadata().map_or(0, |it| it.len()));
    sizes.sum()
}

/// What is kept of a repository so that another policy can judge it.
pub(super) fn record_of(
    view: &View,
    memory: RunMemory<'_>,
    (target, state): (&Target, Option<&RefState>),
    what: What,
) -> Record {
    let more: Vec<&str> = PLACES.iter().chain(CODEOWNERS).copied().collect();
    let files = scan::recorded_policy_files(view, &more);
    let reference = target.repository.reference.as_deref();
    let own = PLACES.iter().find(|place| files.get(place).is_some());
    let lines = own.map(|place| {
        let name = reference.unwrap_or("HEAD");
        scan::line_origins(view, name, Path::new(place))
    });
    let (entries, introductions, policy_lines) = memory.recorded(view, lines.unwrap_or_default());
    Record {
        repository: target.repository.clone(),
        scope: Scope {
            what: what.word().to_owned(),
            commit: scan::commit_of(view, reference),
            refs: state.map_or(0, |state| state.refs),
            view: view.label.clone(),
        },
        state: state.map_or([0; 32], |state| state.digest),
        is_shallow: state.is_some_and(|state| state.is_shallow),
        is_whole: view.is_whole(),
        place: view.policy_files().state().unwrap_or_default().to_owned(),
        files,
        policy_lines,
        notices: view.notices.clone(),
        introductions,
        entries,
    }
}
