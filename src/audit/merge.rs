//! Runs of several machines as one: the same results, and a summary that is byte for byte that of one machine.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{
    folder::{INFO, Line, RunFolder, RunInfo, SUMMARY},
    marker::Marker,
    result::{Repository, Status},
    summary::Summary,
};
use crate::error::Error;

/// Shards and repositories that are named of those that something is amiss with.
const NAMED: usize = 10;

/// What merging came to.
#[derive(Debug)]
pub struct Merged {
    /// The numbers of the whole.
    pub summary: Summary,
    /// What is to be known of the parts, a sentence each.
    pub notes: Vec<String>,
}

/// Merges runs into a folder. Where several have a result of one repository, the one that says most counts: complete before partial before
/// failed, then the later. One that is not what the run wrote does not count. Merging twice changes nothing.
///
/// # Errors
/// Runs of different plans, policies, versions or views; a run that cannot be read; a folder that cannot be written.
pub fn merge(runs: &[RunFolder], out: &Path) -> Result<Merged, Error> {
    let mut whole: Option<RunInfo> = None;
    let mut repositories: BTreeMap<String, Repository> = BTreeMap::new();
    let mut found: BTreeMap<String, Vec<(&RunFolder, Line)>> = BTreeMap::new();
    let mut markers = Vec::new();
    for run in runs {
        let info = run.info().ok_or_else(|| Error::Usage {
            message: format!("`{}` has no `run.json`", run.path().display()),
            help: String::from("name the folders that `weighbridge audit --out` wrote"),
        })?;
        repositories.extend(
            info.repositories
                .iter()
                .map(|it| (it.id.clone(), it.clone())),
        );
        match &whole {
            Some(first) => alike(first, &info, &run.path().display().to_string())?,
            None => whole = Some(info),
        }
        for line in run.lines()? {
            let lines = found.entry(line.repository.id.clone()).or_default();
            lines.push((run, line));
        }
        markers.extend(Marker::all(run)?);
    }
    let Some(mut info) = whole else {
        return Err(Error::Usage {
            message: String::from("there is nothing to merge"),
            help: String::from("name the folders that `weighbridge audit --out` wrote"),
        });
    };
    info.repositories = repositories.into_values().collect();
    info.repositories.sort_by(Repository::cmp_place);
    let folder = RunFolder::create(out);
    let mut lines = Vec::new();
    let mut damaged = Vec::new();
    for (id, mut candidates) in found {
        candidates.sort_by(|(_, a), (_, b)| rank(b).cmp(&rank(a)));
        let mut adopted = None;
        for (from, line) in candidates {
            if folder.adopt(from, &line)? {
                adopted = Some(line);
                break;
            }
            damaged.push(format!(
                "{} in `{}`",
                line.repository.location,
                from.path().display()
            ));
        }
        match adopted {
            Some(line) => lines.push(line),
            None => folder.forget(&id)?,
        }
    }
    let mut notes = Vec::new();
    if !damaged.is_empty() {
        notes.push(format!(
            "not what the audit wrote, and left out: {}; audit them again",
            listed(&damaged)
        ));
    }
    notes.extend(different_days(&lines));
    let summary = Summary::new(&info, lines);
    if summary.pending > 0 {
        notes.extend(unfinished(&markers));
    }
    folder.write_json(INFO, &info)?;
    folder.write_json(SUMMARY, &summary)?;
    Ok(Merged { summary, notes })
}

/// Whether a line of a repository says more than another.
pub(super) fn better(line: &Line, other: &Line) -> bool {
    rank(line) > rank(other)
}

fn rank(line: &Line) -> (u8, &str, &str) {
    let status = match line.status {
        Status::Complete => 2,
        Status::Partial => 1,
        Status::Failed => 0,
    };
    (status, &line.judged_on, &line.sha256)
}

/// The first of several, and how many more there are.
fn listed(names: &[String]) -> String {
    let shown = names.get(..NAMED).unwrap_or(names).join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The shards that have left no marker.
fn unfinished(markers: &[Marker]) -> Option<String> {
    let of = markers.iter().map(|marker| marker.of).max()?;
    let finished = markers.iter().filter(|marker| marker.of == of);
    let finished: BTreeSet<u32> = finished.map(|marker| marker.shard).collect();
    let missing = (1..=of).filter(|shard| !finished.contains(shard));
    let missing: Vec<String> = missing.map(|shard| format!("{shard}/{of}")).collect();
    (!missing.is_empty()).then(|| {
        format!(
            "no shard has said that it finished: {}; run them again and merge again",
            listed(&missing)
        )
    })
}

/// That waivers were judged on several days, where a day matters.
fn different_days(lines: &[Line]) -> Option<String> {
    let days = lines.iter().filter(|line| line.depends_on_day);
    let days: BTreeSet<&str> = days.map(|line| line.judged_on.as_str()).collect();
    let (first, last) = (days.first()?, days.last()?);
    (first != last).then(|| {
        format!(
            "waivers were judged on several days, from {first} to {last}; audit by one plan, which says the day, to have the same for all"
        )
    })
}

/// Whether the numbers of two runs may be added up.
///
/// # Errors
/// They may not.
pub(super) fn alike(first: &RunInfo, other: &RunInfo, name: &str) -> Result<(), Error> {
    let plan = |info: &RunInfo| match &info.plan {
        Some(plan) => plan.get(..12).unwrap_or(plan).to_owned(),
        None => String::from("none"),
    };
    let readers = |info: &RunInfo| info.reader_epoch.to_string();
    let parts = [
        ("what it looked at", first.what.clone(), other.what.clone()),
        (
            "the version of the program",
            first.scanner.clone(),
            other.scanner.clone(),
        ),
        ("the version of the readers", readers(first), readers(other)),
        ("its plan", plan(first), plan(other)),
    ];
    let different = parts.into_iter().find(|(_, one, another)| one != another);
    let policies = ("its policy", first.policy.clone(), other.policy.clone());
    let is_policy = first.policy_sha256 != other.policy_sha256;
    let Some((part, one, another)) = different.or(is_policy.then_some(policies)) else {
        return Ok(());
    };
    Err(Error::Usage {
        message: format!(
            "`{name}` differs from the first run in {part}: `{another}` instead of `{one}`"
        ),
        help: String::from("audit all of them alike: numbers of different runs are not added up"),
    })
}
