//! The engine: the only module that knows all stages. A view and a policy go in, a report comes out.
//!
//! Each entry is read and judged by itself, so entries are shared out among workers; what they come to is put together
//! in path order, and the output is the same for any number of them. Little work is done on the spot, because starting
//! workers takes longer than reading a few small files. A panic while reading one entry is a fact of that entry.

mod deadline;
mod entry;
mod guard;
mod source;
mod survey;

pub use survey::{format_ids, rule_ids, survey};

pub use crate::{
    git::{View, file, staged, work_tree},
    verdict::{Coverage, Here, Inspection, Outcome, Report, Wants},
};

use std::{
    path::Path,
    time::{Duration, Instant},
};

use rayon::prelude::*;

use self::deadline::Clock;
use crate::{
    error::Error,
    fact::Text,
    git::{Item, Reader},
    policy::Policy,
    verdict::{self, Weighed},
};

/// How long one thread works before others are called. Starting them takes a fraction of a millisecond; most
/// repositories are done before.
const ALONE: Duration = Duration::from_millis(4);

/// What a worker needs of stack: parsers of source recurse within limits that assume a main thread's.
const STACK: usize = 8 << 20;

/// Told how a check proceeds, from any thread.
pub trait Progress: Sync {
    /// There are so many entries.
    fn begin(&self, entries: usize);
    /// One of them is done.
    fn done(&self, path: &Text);
}

/// Nobody is told.
impl Progress for () {
    fn begin(&self, _: usize) {}
    fn done(&self, _: &Text) {}
}

/// How to check.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request {
    /// How many workers there may be; `None` is as many as there are processors.
    pub threads: Option<usize>,
    /// What the report is to hold beside findings.
    pub wants: Wants,
    /// When reading ends. What is not read by then is a finding of its entry and counted in [`Coverage::late`].
    pub deadline: Option<Instant>,
}

/// Checks every entry of a view.
///
/// # Errors
/// Workers that cannot be started.
pub fn check(
    view: &View,
    policy: &Policy,
    policy_name: String,
    request: Request,
    progress: &dyn Progress,
) -> Result<Report, Error> {
    let threads = request.threads;
    guard::install();
    progress.begin(view.items.len());
    let one = |reader: &mut Reader<'_>, item: &Item| {
        let weighed = entry::weigh(reader, item, policy, request.deadline);
        progress.done(&item.entry.path);
        weighed
    };

    let started = Instant::now();
    let mut reader = view.reader();
    let mut weighed: Vec<Option<Weighed>> = Vec::with_capacity(view.items.len());
    for item in &view.items {
        if threads != Some(1) && started.elapsed() > ALONE {
            break;
        }
        weighed.push(one(&mut reader, item));
    }

    let rest = view.items.get(weighed.len()..).unwrap_or_default();
    if !rest.is_empty() {
        let workers = rayon::ThreadPoolBuilder::new()
            .num_threads(threads.unwrap_or(0))
            .stack_size(STACK)
            .build()
            .map_err(|error| Error::Usage {
                message: format!("cannot start workers: {error}"),
                help: String::from("try `--threads 1`"),
            })?;
        let others: Vec<Option<Weighed>> = workers.install(|| {
            rest.par_iter()
                .map_init(|| view.reader(), one)
                .collect::<Vec<_>>()
        });
        weighed.extend(others);
    }
    let mut report = verdict::judge(
        view.label.clone(),
        policy_name,
        weighed.into_iter().flatten(),
    );
    report.notices.clone_from(&view.notices);
    Ok(report)
}

/// Whether every opcode is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// No.
    None,
    /// Each, with its effect.
    Every,
}

/// Says what loading the one file of a view would do, whatever the policy makes of it. `path` is how the user named it.
///
/// # Errors
/// A file that has gone.
pub fn inspect(
    view: &View,
    path: &Path,
    policy: &Policy,
    policy_name: String,
    listing: Listing,
) -> Result<Inspection, Error> {
    guard::install();
    let gone = || Error::Io {
        path: path.to_owned(),
        source: std::io::ErrorKind::NotFound.into(),
    };
    let item = view.items.first().ok_or_else(gone)?;
    let seen =
        entry::observe(&mut view.reader(), item, listing, &Clock::default()).ok_or_else(gone)?;
    let scope = policy.scope(&item.entry.path);
    let mut inspection = verdict::inspect(
        Text::new(path.as_os_str().as_encoded_bytes()),
        seen.bytes,
        seen.observations,
        &scope,
    );
    inspection.policy = policy_name;
    inspection.disassembly = seen.listing;
    Ok(inspection)
}
