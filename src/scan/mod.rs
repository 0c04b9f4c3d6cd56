//! The engine: the only module that knows all stages. A view and a policy go in, a report comes out.
//!
//! Each entry is read and judged by itself, so workers share the entries; the results are put together in path order, and the
//! output is the same for any number of workers. Of an entry with nothing to report and nothing to link, nothing is kept. A few
//! small files are read without workers, because starting those takes longer. A panic while an entry is read is a fact of it.

mod comments;
mod content;
mod covering;
mod deadline;
mod digests;
mod entry;
mod freeze;
mod gathered;
mod guard;
mod judging;
mod known;
mod lock_report;
mod look;
mod memory;
mod other_forms;
mod pins;
mod policy_baseline;
mod policy_called;
mod policy_check;
mod policy_edit;
mod policy_source;
mod source;
mod survey;
mod torch_needs;
mod unstaged;
mod usage;

pub use content::content_facts;
pub use covering::covering;
pub use freeze::{Frozen, Stored, Unpinnable, freeze, merge, read_lock};
pub use guard::protected;
pub use known::{Dangerous, baseline};
pub use lock_report::{LockDifference, lock_report};
pub use look::look;
pub use memory::{Memory, Recalled, Sighting};
pub use pins::on_disk;
pub use policy_baseline::with_baseline;
pub use policy_called::{CalledPolicy, compare_policies, policy_called};
pub use policy_check::{broken_policy_report, policy_report, unusable_policy};
pub use policy_source::{
    PolicyFrom, PolicyRequest, check_policy_of, find_policy, find_policy_only, find_usable_policy,
    load_policy, parse_policy, policy_cases, policy_with,
};
pub use survey::{Refusal, Survey, format_ids, needs, refusing_rules, rules, survey};
pub use torch_needs::torch_needs;
pub use unstaged::unstaged;
pub use usage::used;

pub use crate::{
    git::{
        Incoming, Item, Keeper, Known, LinkEnd, Only, RecordedFiles, RecordedItem, View, all_refs,
        change, commit_of, file, first_revision, head_name, history, incoming, index, line_origins,
        missing_blobs, places_of_content, pushed, recorded_policy_files, recorded_view, recording,
        revision, staged, standard_input, text, work_tree,
    },
    verdict::{Coverage, Inspection, Look, Needs, Outcome, Report},
};

use digests::Digests;
use entry::Task;
use gathered::Gathered;

use std::{
    path::Path,
    sync::{Mutex, atomic::AtomicUsize},
    time::{Duration, Instant},
};

use jiff::civil::Date;
use rayon::prelude::*;

use crate::{
    error::Error,
    fact::Text,
    git::Reader,
    policy::{Arrival, Policy},
    verdict,
};

/// How long one thread works before it gets help. Starting workers takes a fraction of a millisecond; most repositories are
/// checked before.
const ALONE: Duration = Duration::from_millis(4);

/// The stack of a worker: parsers of source recurse within limits that assume the stack of a main thread.
const STACK: usize = 8 << 20;

/// Receives the progress of a check, from any thread.
pub trait Progress: Sync {
    /// The check begins, with so many entries.
    fn begin(&self, entries: usize);
    /// The entry at this path is done.
    fn done(&self, path: &Text);
}

/// Ignores the progress.
impl Progress for () {
    fn begin(&self, _: usize) {}
    fn done(&self, _: &Text) {}
}

/// How to check.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// How many workers there may be; `None` is as many as there are processors.
    pub threads: Option<usize>,
    /// What the report is to hold beside findings.
    pub needs: Needs,
    /// When reading and judging end. What is not read and judged by then is a finding of its entry and counted in
    /// [`Coverage::late`].
    pub deadline: Option<Instant>,
    /// The day on which waivers are judged. By default the last that there is: what ends has ended.
    pub today: Date,
    /// Whether the view is all of a repository: a waiver that is about nothing in it has no use.
    pub is_whole: bool,
    /// Whether pinned files that did not change since an earlier run need not be hashed again.
    pub keeps_digests: bool,
    /// How comments in lines that the view's change brings came there; [`check`] finds out.
    pub arrival: Arrival,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            threads: None,
            needs: Needs::default(),
            deadline: None,
            today: Date::MAX,
            is_whole: false,
            keeps_digests: false,
            arrival: Arrival::JudgedByBase,
        }
    }
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
    check_with(view, policy, policy_name, request, (&(), progress))
}

/// The same with what was read before.
///
/// # Errors
/// Workers that cannot be started.
pub fn check_with(
    view: &View,
    policy: &Policy,
    policy_name: String,
    request: Request,
    (memory, progress): (&dyn Memory, &dyn Progress),
) -> Result<Report, Error> {
    let threads = request.threads;
    let request = Request {
        arrival: policy_source::arrival(view),
        ..request
    };
    guard::install();
    progress.begin(view.items.len());
    let late = AtomicUsize::new(0);
    let digests = Digests::of(view, request.keeps_digests);
    let task = Task {
        view,
        policy,
        request,
        memory,
        late: &late,
        digests: &digests,
    };
    // Items that share a content are one piece of work; in most views none do.
    let work = |gathered: &mut Gathered, reader: &mut Reader<'_>, content: usize| {
        let items = view
            .items_with_content(content)
            .filter_map(|at| Some((at, view.items.get(at)?)));
        let hand_on = |(at, item): (usize, &Item), judged| {
            gathered.take(at, judged);
            progress.done(&item.entry.path);
        };
        entry::judge_all(reader, items, task, hand_on);
    };

    let started = Instant::now();
    let contents = view.contents();
    let mut reader = view.reader();
    let mut gathered = Gathered::default();
    let mut done = 0;
    while done < contents && (threads == Some(1) || started.elapsed() <= ALONE) {
        work(&mut gathered, &mut reader, done);
        done += 1;
    }

    if done < contents {
        let workers = workers(threads)?;
        // One reader for each worker: what it has read of an object store is used again.
        let readers: Vec<Mutex<Option<Reader<'_>>>> = (0..workers.current_num_threads())
            .map(|_| Mutex::default())
            .collect();
        let others = workers.install(|| {
            (done..contents)
                .into_par_iter()
                .fold(Gathered::default, |mut gathered, content| {
                    let own = rayon::current_thread_index().and_then(|at| readers.get(at));
                    let mut own = own.and_then(|own| own.lock().ok());
                    match own.as_deref_mut() {
                        Some(own) => {
                            let reader = own.get_or_insert_with(|| view.reader());
                            work(&mut gathered, reader, content);
                        }
                        None => work(&mut gathered, &mut view.reader(), content),
                    }
                    gathered
                })
                .reduce(Gathered::default, Gathered::and)
        });
        gathered = gathered.and(others);
    }
    digests.keep(|path| policy.pins().is_some_and(|pins| pins.pin(path).is_some()));
    Ok(gathered.report(view, policy, policy_name, request))
}

/// Threads that share work: so many, or as many as there are processors.
///
/// # Errors
/// Workers that cannot be started.
fn workers(threads: Option<usize>) -> Result<rayon::ThreadPool, Error> {
    let workers = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.unwrap_or(0))
        .stack_size(STACK)
        .build();
    workers.map_err(|error| Error::Usage {
        message: format!("cannot start workers: {error}"),
        help: String::from("try `--threads 1`"),
    })
}

/// Whether every opcode is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// No.
    None,
    /// Each, with its effect, up to about so many lines.
    Lines(usize),
}

/// Says what loading the one file of a view would do, whatever the policy makes of it. `path` is how the user named it, `today` the
/// day on which waivers are judged.
///
/// # Errors
/// A file that has gone.
pub fn inspect(
    view: &View,
    path: &Path,
    policy: &Policy,
    policy_name: String,
    listing: Listing,
    today: Date,
) -> Result<Inspection, Error> {
    guard::install();
    let gone = || Error::Io {
        path: path.to_owned(),
        source: std::io::ErrorKind::NotFound.into(),
    };
    let item = view.items.first().ok_or_else(gone)?;
    let lines = match listing {
        Listing::None => 0,
        Listing::Lines(lines) => lines,
    };
    let mut reader = view.reader();
    let seen = entry::observe(&mut reader, item, Listing::Lines(lines), None).ok_or_else(gone)?;
    let scope = policy.scope(&item.entry.path);
    let digest = || seen.sha256();
    let scales = verdict::Scales::new(policy, &scope, &item.entry.path, today, &digest);
    let mut weighed = judging::judge(
        &item.entry,
        (&seen.facts, &seen.circumstances),
        &seen.excerpts,
        &scales,
        Arrival::Old,
        None,
    );
    seen.add_base(&mut weighed.findings);
    let own_path = &item.entry.path;
    let digests = Digests::of(view, false);
    let pin = pins::state(own_path, policy, || seen.identity(own_path, &digests));
    let mut inspection = verdict::inspect(
        Text::new(path.as_os_str().as_encoded_bytes()),
        seen.facts,
        seen.circumstances,
        weighed.findings,
        &scope,
    );
    inspection.policy = policy_name;
    inspection.pin = pin;
    if entry::is_excluded(&mut reader, item, policy) {
        inspection.is_excluded = true;
        inspection.findings.clear();
    }
    inspection.disassembly = seen.listing.filter(|_| listing != Listing::None);
    inspection.tensors = seen.tensors;
    Ok(inspection)
}
