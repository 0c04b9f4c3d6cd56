//! Runs of several machines as one: the same results, and a summary that is byte for byte that of one machine.

use std::{collections::BTreeMap, path::Path};

use super::{
    folder::{INFO, Line, RunFolder, RunInfo, SUMMARY},
    result::{Repository, Status},
    summary::Summary,
};
use crate::error::Error;

/// Merges runs into a folder. Where several have a result of one repository, the one that says most counts: complete before partial before
/// failed, then the later. Merging twice changes nothing.
///
/// # Errors
/// Runs of different policies, versions or views; a run that cannot be read; a folder that cannot be written.
pub fn merge(runs: &[RunFolder], out: &Path) -> Result<Summary, Error> {
    let mut whole: Option<RunInfo> = None;
    let mut repositories: BTreeMap<String, Repository> = BTreeMap::new();
    let mut best: BTreeMap<String, (&RunFolder, Line)> = BTreeMap::new();
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
            Some(first) => alike(first, &info, run)?,
            None => whole = Some(info),
        }
        for line in run.lines()? {
            let id = line.repository.id.clone();
            let is_better = best
                .get(&id)
                .is_none_or(|(_, known)| rank(&line) > rank(known));
            if is_better {
                best.insert(id, (run, line));
            }
        }
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
    for (from, line) in best.into_values() {
        if !is_same_folder(from.path(), out) {
            folder.adopt(from, &line)?;
        }
        lines.push(line);
    }
    let summary = Summary::new(&info, lines);
    folder.write_json(INFO, &info)?;
    folder.write_json(SUMMARY, &summary)?;
    Ok(summary)
}

fn rank(line: &Line) -> (u8, &str, &str) {
    let status = match line.status {
        Status::Complete => 2,
        Status::Partial => 1,
        Status::Failed => 0,
    };
    (status, &line.judged_on, &line.sha256)
}

fn is_same_folder(one: &Path, other: &Path) -> bool {
    match (std::fs::canonicalize(one), std::fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// Whether the numbers of two runs may be added up.
fn alike(first: &RunInfo, other: &RunInfo, run: &RunFolder) -> Result<(), Error> {
    let what = if first.what != other.what {
        ("what it looked at", &first.what, &other.what)
    } else if first.policy_sha256 != other.policy_sha256 {
        ("its policy", &first.policy, &other.policy)
    } else if first.scanner != other.scanner {
        ("the version of the program", &first.scanner, &other.scanner)
    } else {
        return Ok(());
    };
    let (part, one, another) = what;
    Err(Error::Usage {
        message: format!(
            "`{}` differs from the first run in {part}: `{another}` instead of `{one}`",
            run.path().display()
        ),
        help: String::from("audit all of them alike: numbers of different runs are not added up"),
    })
}
