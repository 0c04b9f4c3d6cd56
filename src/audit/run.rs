//! A run: every repository is audited, or judged again, or left as it is where nothing has changed. None of them stops the run.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::civil::Date;

use super::{
    fetch::Mirrors,
    folder::{Line, RunFolder, RunInfo, SUMMARY},
    judging::{Judging, Organisation, SCANNER},
    look::{Look, Taking},
    marker::Marker,
    recall::{Doubt, RunMemory, Work, unhex},
    record::Record,
    repository::{failed, judge_record, lacking, record_of, size_of, told, view},
    result::{AuditResult, Failure, Status},
    results::ResultStore,
    seen::{Seen, SeenRepository},
    shard::Shard,
    shared::Sharing,
    state::RefState,
    store_key,
    summary::Summary,
    target::{Place, Target, What},
};
use crate::{
    error::Error,
    fact::READER_EPOCH,
    scan,
    store::{Store, StoreKey},
};

/// The stack of a worker: parsers of source recurse within limits that assume the stack of a main thread.
const STACK: usize = 8 << 20;

/// One in so many results that nobody has touched is read all the same.
const RESULTS_READ: u64 = 64;

/// How to audit.
#[derive(Debug, Clone)]
pub struct Options {
    /// What of each repository is looked at.
    pub what: What,
    /// The policy that stands above those of the repositories.
    pub organisation: Organisation,
    /// Where results are written.
    pub out: PathBuf,
    /// Where facts are stored.
    pub store: PathBuf,
    /// How many repositories are audited at once.
    pub workers: usize,
    /// How long one repository may take; what is not read by then makes its result partial.
    pub time: Option<Duration>,
    /// The day on which waivers are judged.
    pub today: Date,
    /// Where repositories that are elsewhere are mirrored.
    pub mirrors: PathBuf,
    /// Which of the repositories this machine audits.
    pub shard: Shard,
    /// The digest of the plan that shared them out.
    pub plan: Option<String>,
    /// Where machines share their results, besides the folder of each.
    pub shared: Option<Arc<dyn ResultStore>>,
}

/// How a result came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The repository was read.
    Audited,
    /// It was not read: only the policy or the day is another.
    Judged,
    /// Nothing has changed.
    Unchanged,
}

/// Is told how a run goes on, from any thread.
pub trait Watcher: Sync {
    /// The run begins, with so many repositories.
    fn begin(&self, repositories: usize);
    /// A repository has a result.
    fn done(&self, line: &Line, source: Source);
    /// Something is to be known of the run as a whole.
    fn note(&self, text: &str);
}

/// What a run came to.
#[derive(Debug)]
pub struct Finished {
    /// The numbers of all repositories.
    pub summary: Summary,
    /// How many were read, judged again and left.
    pub sources: [usize; 3],
    /// Contents that were read, and those that the store knew.
    pub contents: (u64, u64),
    /// Contents that say something else than the store: somebody has changed it.
    pub contradicted: u64,
}

/// Audits repositories.
///
/// # Errors
/// A folder or a store that cannot be written. What is wrong with a repository is said in its result.
pub fn run(
    targets: &[Target],
    options: &Options,
    watcher: &dyn Watcher,
) -> Result<Finished, Error> {
    let folder = RunFolder::create(&options.out);
    let mut repositories: Vec<_> = targets.iter().map(|it| it.repository.clone()).collect();
    repositories.sort_by(super::result::Repository::cmp_place);
    let info = RunInfo {
        version: 1,
        what: options.what.word().to_owned(),
        policy: options.organisation.name.clone(),
        policy_sha256: options.organisation.sha256.clone(),
        scanner: SCANNER.to_owned(),
        reader_epoch: READER_EPOCH,
        plan: options.plan.clone(),
        repositories,
    };
    let marker = Marker::begin(&folder, &info, options.shard)?;
    let sharing = match &options.shared {
        Some(shared) => Some(Sharing::open(shared.as_ref())?),
        None => None,
    };
    if let Some(sharing) = &sharing {
        sharing.begin(&info)?;
    }
    let mut policies = BTreeMap::new();
    for policy in targets.iter().filter_map(|target| target.policy.as_ref()) {
        if !policies.contains_key(policy) {
            policies.insert(policy.clone(), Organisation::load(Some(policy))?);
        }
    }
    let own: Vec<Target> = targets
        .iter()
        .filter(|it| options.shard.has(it))
        .cloned()
        .collect();
    watcher.begin(own.len());
    let seen = Seen::read(&folder, options.shard);
    let run = Run {
        options,
        folder: &folder,
        sharing: sharing.as_ref(),
        seen: &seen,
        watcher,
        mirrors: Mirrors::new(options.mirrors.clone()),
        policies,
        doubt: Doubt::of_audit(),
        doubt_of_results: Doubt::of_one_in(RESULTS_READ),
        done: Mutex::default(),
        sources: Default::default(),
        work: Work::default(),
        failed: Mutex::default(),
    };
    let changed = run.changed(&own);
    let mut written = None;
    if !changed.is_empty() && !run.is_over() {
        let store = open_store(&options.store, &store_key::of_writer()?)?;
        if let Some(notice) = store.notice() {
            watcher.note(notice);
        }
        run.audit_all(&changed, &store);
        written = Some(store.close());
    }
    let Run {
        done,
        sources,
        work,
        failed,
        ..
    } = run;
    if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    if let Some(why) = written.and_then(|written| written.failed) {
        watcher.note(&format!(
            "the store could not be written ({why}); the results are complete, and the next run reads more than it would have to"
        ));
    }
    let Done { lines, next } = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    let summary = Summary::new(&info, lines);
    let marker = marker.finish(&folder, &summary)?;
    if let Some(sharing) = &sharing {
        sharing.finish(&marker)?;
    }
    if options.shard.is_whole() {
        folder.write_json(SUMMARY, &summary)?;
    }
    if let Err(error) = seen.write(&folder, options.shard, &next) {
        watcher.note(&format!(
            "{error}; the results are complete, and the next run reads more than it would have to"
        ));
    }
    let [read, known, contradicted] =
        [work.read, work.known, work.contradicted].map(std::sync::atomic::AtomicU64::into_inner);
    Ok(Finished {
        summary,
        sources: sources.map(AtomicUsize::into_inner),
        contents: (read, known),
        contradicted,
    })
}

/// Opens a store. A file that is damaged in a way that its library does not expect is set aside as well.
fn open_store(folder: &Path, key: &StoreKey) -> Result<Store, Error> {
    let panicked = match scan::protected(|| Store::open(folder, key)) {
        Ok(opened) => return opened,
        Err(message) => message,
    };
    Store::set_aside(folder)?;
    let opened = scan::protected(|| Store::open(folder, key));
    opened.unwrap_or_else(|message| {
        Err(Error::Store {
            path: folder.to_owned(),
            message: format!("{panicked}, and then: {message}"),
            help: String::from("remove the folder of the store: a run reads again what it held"),
        })
    })
}

struct Run<'r> {
    options: &'r Options,
    folder: &'r RunFolder,
    sharing: Option<&'r Sharing<'r>>,
    seen: &'r Seen,
    watcher: &'r dyn Watcher,
    mirrors: Mirrors,
    /// Those of single repositories, as their list says.
    policies: BTreeMap<PathBuf, Organisation>,
    doubt: Doubt,
    doubt_of_results: Doubt,
    done: Mutex<Done<'r>>,
    sources: [AtomicUsize; 3],
    work: Work,
    /// Why the run cannot go on.
    failed: Mutex<Option<Error>>,
}

/// What has a result.
#[derive(Default)]
struct Done<'r> {
    lines: Vec<Line>,
    /// What the next run learns of them, by their ids.
    next: BTreeMap<String, Cow<'r, str>>,
}

/// A repository that is audited or judged again.
struct Changed<'t> {
    target: &'t Target,
    state: Option<RefState>,
    size: u64,
}

impl<'r> Run<'r> {
    /// The repositories whose results no longer hold, the largest first: none of them is left to one worker in the end.
    fn changed<'t>(&self, targets: &'t [Target]) -> Vec<Changed<'t>> {
        let changed: Mutex<Vec<Changed<'t>>> = Mutex::default();
        self.share(targets, |target| {
            if let Some(sharing) = self.sharing
                && let Err(error) = sharing.pull(self.folder, &target.repository.id)
            {
                return self.stop(error);
            }
            // What is elsewhere has to be asked first.
            if let Err(error) = self.mirrors.update(target) {
                return self.unfetched(target, &error);
            }
            // What was pulled is not what was seen.
            if self.sharing.is_none() && self.is_as_seen(target) {
                return;
            }
            let folder = self.mirrors.folder(target);
            let state = RefState::of(&folder);
            if let Some(state) = &state
                && let Some(line) = self.unchanged(target, state)
            {
                let next = SeenRepository::json(self.folder, &line, &folder, state, None);
                return self.done(line, Source::Unchanged, next.map(Cow::Owned));
            }
            let size = size_of(&folder);
            let mut changed = changed.lock().unwrap_or_else(PoisonError::into_inner);
            changed.push(Changed {
                target,
                state,
                size,
            });
        });
        let mut changed = changed.into_inner().unwrap_or_else(PoisonError::into_inner);
        changed.sort_unstable_by(|a, b| {
            let places = || a.target.repository.cmp_place(&b.target.repository);
            b.size.cmp(&a.size).then_with(places)
        });
        changed
    }

    /// Audits or judges them.
    fn audit_all(&self, changed: &[Changed<'_>], store: &Store) {
        let workers = self.options.workers;
        let threads = workers.checked_div(changed.len()).unwrap_or(1).max(1);
        self.share(changed, |one| {
            self.one(one, store, threads);
        });
    }

    /// Whether the run cannot go on.
    fn is_over(&self) -> bool {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.is_some()
    }

    /// Does work on all of something with all workers, in order, until it is done or the run cannot go on.
    fn share<'t, T: Sync>(&self, all: &'t [T], work: impl Fn(&'t T) + Sync) {
        let next = AtomicUsize::new(0);
        let worker = || {
            while let Some(one) = all.get(next.fetch_add(1, Ordering::Relaxed))
                && !self.is_over()
            {
                work(one);
            }
        };
        std::thread::scope(|scope| {
            let helpers = self.options.workers.min(all.len());
            let mut started = 0_usize;
            for _ in 0..helpers {
                let thread = std::thread::Builder::new().stack_size(STACK);
                started =
                    started.saturating_add(usize::from(thread.spawn_scoped(scope, worker).is_ok()));
            }
            if started == 0 {
                worker();
            }
        });
    }

    fn judging(&self, target: &Target, threads: usize) -> Judging<'_> {
        let own = target
            .policy
            .as_ref()
            .and_then(|policy| self.policies.get(policy));
        Judging {
            organisation: own.unwrap_or(&self.options.organisation),
            today: self.options.today,
            deadline: self
                .options
                .time
                .and_then(|time| Instant::now().checked_add(time)),
            threads,
        }
    }

    /// Whether a repository is as the last run saw it, and its result still holds: then it is done.
    fn is_as_seen(&self, target: &Target) -> bool {
        let Some((seen, json)) = self.seen.of(&target.repository.id) else {
            return false;
        };
        let is_same = seen.lacks_the_same()
            && unhex(&seen.state).is_some_and(|state| self.holds(&seen.line, target, &state))
            && Path::new(&seen.folder) == self.mirrors.folder(target)
            && seen.look.holds();
        let is_done = is_same && seen.has_result(self.folder, self.doubt_of_results);
        if is_done {
            self.done(seen.line, Source::Unchanged, Some(Cow::Borrowed(json)));
        } else if is_same {
            say_damaged(self.watcher, &seen.line);
        }
        is_done
    }

    /// The numbers of a repository whose result still holds.
    fn unchanged(&self, target: &Target, state: &RefState) -> Option<Line> {
        let line = self.folder.line(&target.repository.id)?;
        let holds = line.status == Status::Complete && self.holds(&line, target, &state.digest);
        let is_whole = holds && self.folder.is_whole(&line);
        if holds && !is_whole && self.seen.of(&target.repository.id).is_none() {
            say_damaged(self.watcher, &line);
        }
        is_whole.then_some(line)
    }

    /// Whether a result is what judging a repository in a state would come to.
    fn holds(&self, line: &Line, target: &Target, state: &[u8; 32]) -> bool {
        let what = self.options.what.word();
        let reference = target.repository.reference.as_deref();
        let inputs = || self.judging(target, 1).inputs(state, what, reference);
        let same_day = !line.depends_on_day || line.judged_on == self.options.today.to_string();
        same_day && line.repository == target.repository && line.inputs == inputs()
    }

    /// Audits one repository and writes its result.
    fn one(&self, changed: &Changed<'_>, store: &Store, threads: usize) {
        let Changed { target, state, .. } = changed;
        let state = state.as_ref();
        let judging = self.judging(target, threads);
        let audited = scan::protected(|| {
            if let Some(state) = state
                && let Some(result) = self.judged_again(target, state, store, &judging)
            {
                return Ok(Audited::again(result));
            }
            self.audit(target, state, store, &judging)
        });
        let failed = |failure| Audited {
            result: failed(target, failure, &judging, self.options.what),
            record: None,
            lacking: None,
            source: Source::Audited,
        };
        let audited = match audited {
            Ok(Ok(audited)) => audited,
            Ok(Err(error @ (Error::Store { .. } | Error::Write { .. } | Error::Output { .. }))) => {
                return self.stop(error);
            }
            Ok(Err(error)) => failed(Failure {
                help: error.help(),
                message: told(&error),
            }),
            Err(message) => failed(Failure {
                message: format!("the program failed: {message}"),
                help: Some(String::from(
                    "please report this, if you can with the repository",
                )),
            }),
        };
        let result = &audited.result;
        let written = match audited.source {
            Source::Audited => self.folder.write(result, audited.record.as_ref()),
            Source::Judged | Source::Unchanged => self.folder.rewrite(result),
        };
        match written {
            Ok(line) => {
                let folder = self.mirrors.folder(target);
                let lacking = audited.lacking;
                let next = state
                    .and_then(|it| SeenRepository::json(self.folder, &line, &folder, it, lacking));
                self.done(line, audited.source, next.map(Cow::Owned));
            }
            Err(error) => self.stop(error),
        }
    }

    /// The result of a repository that could not be fetched: the one that is there, if there is one, says nothing of what it is now.
    fn unfetched(&self, target: &Target, error: &Error) {
        let failure = Failure {
            message: told(error),
            help: error.help(),
        };
        let result = failed(target, failure, &self.judging(target, 1), self.options.what);
        match self.folder.write(&result, None) {
            Ok(line) => self.done(line, Source::Audited, None),
            Err(error) => self.stop(error),
        }
    }

    fn stop(&self, error: Error) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.get_or_insert(error);
    }

    /// Takes down a repository that has a result; `next` is what the next run learns of it.
    fn done(&self, line: Line, source: Source, next: Option<Cow<'r, str>>) {
        if let Some(sharing) = self.sharing
            && let Err(error) = sharing.push(self.folder, &line)
        {
            return self.stop(error);
        }
        let at = match source {
            Source::Audited => 0,
            Source::Judged => 1,
            Source::Unchanged => 2,
        };
        if let Some(sources) = self.sources.get(at) {
            sources.fetch_add(1, Ordering::Relaxed);
        }
        self.watcher.done(&line, source);
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(next) = next {
            done.next.insert(line.repository.id.clone(), next);
        }
        done.lines.push(line);
    }

    /// The result by another policy or on another day, if the repository is as it was recorded.
    fn judged_again(
        &self,
        target: &Target,
        state: &RefState,
        store: &Store,
        judging: &Judging<'_>,
    ) -> Option<AuditResult> {
        let id = &target.repository.id;
        let line = self.folder.line(id)?;
        if line.status != Status::Complete {
            return None;
        }
        let mut record = self.folder.record(id)?;
        if record.state != state.digest || record.scope.what != self.options.what.word() {
            return None;
        }
        record.repository = target.repository.clone();
        let result = judge_record(&record, &store.reader().ok()?, judging).ok()?;
        // What the store has lost is read again.
        (result.status == Status::Complete).then_some(result)
    }

    fn audit(
        &self,
        target: &Target,
        state: Option<&RefState>,
        store: &Store,
        judging: &Judging<'_>,
    ) -> Result<Audited, Error> {
        let folder = self.mirrors.folder(target);
        let what = self.options.what;
        let taking = Taking::begin(&folder);
        let found = view(target, &folder, what)?;
        self.mirrors.complete(target, &found);
        // Packs that came since are seen by whoever opens the repository now.
        let view = match target.place {
            Place::Folder(_) => found,
            Place::Url(_) => view(target, &folder, what)?,
        };
        let view = scan::recording(view)?;
        let memory = RunMemory::new(store, store.reader()?, self.doubt, view.items.len());
        let (view, judged) = judging.judge(view, &memory)?;
        for (all, own) in [
            (&self.work.read, &memory.work.read),
            (&self.work.known, &memory.work.known),
            (&self.work.contradicted, &memory.work.contradicted),
        ] {
            all.fetch_add(own.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        let record = record_of(&view, memory, (target, state), what);
        let mut result = judging.result(&record, judged, 0);
        if state.is_none() {
            // Nobody knows whether it has changed.
            result.inputs = String::new();
        }
        let is_here = matches!(target.place, Place::Folder(_));
        Ok(Audited {
            lacking: is_here
                .then(|| lacking(taking, &result.missing, &view))
                .flatten(),
            result,
            record: Some(record),
            source: Source::Audited,
        })
    }
}

fn say_damaged(watcher: &dyn Watcher, line: &Line) {
    let location = &line.repository.location;
    watcher.note(&format!(
        "the result of {location} was damaged: it is made again"
    ));
}

/// What auditing a repository came to.
struct Audited {
    result: AuditResult,
    record: Option<Record>,
    /// How the places look where what it lacks would appear.
    lacking: Option<Look>,
    source: Source,
}

impl Audited {
    /// A result from what was recorded before.
    fn again(result: AuditResult) -> Self {
        Self {
            result,
            record: None,
            lacking: None,
            source: Source::Judged,
        }
    }
}
