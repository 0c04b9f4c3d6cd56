//! Judging a whole run again by another policy, from what was recorded and stored: no repository is touched.

use std::{
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use jiff::civil::Date;

use super::{
    diff::{Difference, RepositoryDifference},
    folder::{INFO, Line, RunFolder, SUMMARY},
    judging::{Judging, Organisation, SCANNER},
    repository::judge_record,
    result::{MissingKind, Status},
    store_key,
    summary::Summary,
};
use crate::{error::Error, fact::READER_EPOCH, scan, store::Store};

/// What judging a run again came to.
#[derive(Debug)]
pub struct JudgedAgain {
    /// How it differs from the run.
    pub difference: Difference,
    /// The numbers by the other policy.
    pub summary: Summary,
    /// Repositories that could not be judged again, with the reason: those that failed, and those without a record.
    pub left: Vec<(String, String)>,
}

/// How a run is judged again.
#[derive(Debug)]
pub struct AgainOptions<'a> {
    /// The other policy.
    pub organisation: &'a Organisation,
    /// The store of the run.
    pub store: &'a Path,
    /// Where the results by the other policy are written, if anywhere.
    pub out: Option<&'a Path>,
    /// The day on which waivers are judged.
    pub today: Date,
    /// How many repositories are judged at once.
    pub workers: usize,
}

/// Judges a run again.
///
/// # Errors
/// A run or a store that cannot be read, a folder that cannot be written.
pub fn judge_again(run: &RunFolder, options: &AgainOptions<'_>) -> Result<JudgedAgain, Error> {
    let mut info = run.known_info()?;
    let store = Store::open_read_only(options.store, &store_key::of_reader()?)?;
    let reader = store.reader()?;
    let out = options.out.map(RunFolder::create);
    info.policy.clone_from(&options.organisation.name);
    info.policy_sha256.clone_from(&options.organisation.sha256);
    SCANNER.clone_into(&mut info.scanner);
    info.reader_epoch = READER_EPOCH;
    let lines = run.lines()?;
    let next = AtomicUsize::new(0);
    let done: Mutex<Done> = Mutex::default();
    let judging = Judging {
        organisation: options.organisation,
        today: options.today,
        deadline: None,
        threads: 1,
    };
    let audit_again = |why: &str, id: &str| {
        let place = run.place_of_line(id);
        format!("{why}; remove `{}` and audit again", place.display())
    };
    let work = |line: &Line| {
        let id = &line.repository.id;
        let location = line.repository.location.clone();
        let left = |why: &str| Outcome::Left((location.clone(), why.to_owned()));
        if line.status == Status::Failed {
            return Ok(left("it could not be audited"));
        }
        let Some(record) = run.record(id) else {
            return Ok(left(&audit_again(
                "there is no record of it that this version reads",
                id,
            )));
        };
        let before = run.refusals(line)?;
        let judged = scan::protected(|| judge_record(&record, &reader, &judging));
        let after = match judged {
            Ok(Ok(after)) => after,
            Ok(Err(error)) => return Ok(left(&error.to_string())),
            Err(message) => return Ok(left(&message)),
        };
        if after.missing.iter().any(|it| it.kind == MissingKind::Facts) {
            return Ok(left(&audit_again(
                "the store does not have what its files say",
                id,
            )));
        }
        // Most policies that are tried are stricter: then nothing more of the earlier result is needed.
        let difference = if before.has_gone(&after) {
            RepositoryDifference::between(&run.result(line)?, &after)
        } else {
            RepositoryDifference::added(&before, &after)
        };
        let line = match &out {
            Some(out) => out.write(&after, Some(&record))?,
            None => Line::of(&after, 0, String::new()),
        };
        Ok(Outcome::Judged(Box::new((difference, line))))
    };
    let worker = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(line) = lines.get(at) else { return };
            let outcome: Result<Outcome, Error> = work(line);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            match outcome {
                Ok(Outcome::Left(left)) => done.left.push(left),
                Ok(Outcome::Judged(judged)) => {
                    let (difference, line) = *judged;
                    done.differences.extend(difference);
                    done.lines.push(line);
                }
                Err(error) => {
                    done.failed.get_or_insert(error);
                    return;
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..options.workers.min(lines.len()) {
            let _ = std::thread::Builder::new()
                .stack_size(8 << 20)
                .spawn_scoped(scope, worker);
        }
        worker();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(error) = done.failed {
        return Err(error);
    }
    done.left.sort();
    let summary = Summary::new(&info, done.lines);
    if let Some(out) = &out {
        out.write_json(INFO, &info)?;
        out.write_json(SUMMARY, &summary)?;
    }
    Ok(JudgedAgain {
        difference: Difference::new(done.differences),
        summary,
        left: done.left,
    })
}

enum Outcome {
    Judged(Box<(Option<RepositoryDifference>, Line)>),
    Left((String, String)),
}

#[derive(Default)]
struct Done {
    differences: Vec<RepositoryDifference>,
    lines: Vec<Line>,
    left: Vec<(String, String)>,
    failed: Option<Error>,
}
