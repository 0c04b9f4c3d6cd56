//! A run: every repository is audited, or judged again, or left as it is where nothing has changed. None of them stops the run.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use jiff::civil::Date;

use super::{
    fetch::Mirrors,
    folder::{Line, RunFolder, RunInfo, SUMMARY},
    judging::{CODEOWNERS, Judging, Organisation, SCANNER},
    marker::Marker,
    recall::{RecordMemory, RunMemory, Work},
    record::Record,
    result::{AuditResult, Counts, Failure, Scope, Status, VERSION},
    results::ResultStore,
    shard::Shard,
    shared::Sharing,
    state::RefState,
    summary::Summary,
    target::{Place, Target},
};
use crate::{
    error::Error,
    fact::READER_EPOCH,
    policy::PLACES,
    report::json::v1,
    scan::{self, View},
    store::Store,
};

/// The stack of a worker: parsers of source recurse within limits that assume the stack of a main thread.
const STACK: usize = 8 << 20;

/// What of a repository is looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum What {
    /// The files of one commit.
    #[default]
    Head,
    /// Every version of every file in the history of one commit.
    History,
    /// The same of every ref.
    AllRefs,
}

impl What {
    /// How results name it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::History => "history",
            Self::AllRefs => "all-refs",
        }
    }
}

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
    let store = open_store(&options.store)?;
    if let Some(notice) = store.notice() {
        watcher.note(notice);
    }
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
    let run = Run {
        options,
        folder: &folder,
        sharing: sharing.as_ref(),
        store: &store,
        watcher,
        mirrors: Mirrors::new(options.mirrors.clone()),
        policies,
        seed: seed(),
        lines: Mutex::default(),
        sources: Default::default(),
        work: Work::default(),
        failed: Mutex::default(),
    };
    run.all(&own);
    let Run {
        lines,
        sources,
        work,
        failed,
        ..
    } = run;
    let written = store.close();
    if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    if let Some(why) = &written.failed {
        watcher.note(&format!(
            "the store could not be written ({why}); the results are complete, and the next run reads more than it would have to"
        ));
    }
    let lines = lines.into_inner().unwrap_or_else(PoisonError::into_inner);
    let summary = Summary::new(&info, lines);
    let marker = marker.finish(&folder, &summary)?;
    if let Some(sharing) = &sharing {
        sharing.finish(&marker)?;
    }
    if options.shard.is_whole() {
        folder.write_json(SUMMARY, &summary)?;
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
fn open_store(folder: &Path) -> Result<Store, Error> {
    let panicked = match scan::protected(|| Store::open(folder)) {
        Ok(opened) => return opened,
        Err(message) => message,
    };
    Store::set_aside(folder)?;
    let opened = scan::protected(|| Store::open(folder));
    opened.unwrap_or_else(|message| {
        Err(Error::Store {
            path: folder.to_owned(),
            message: format!("{panicked}, and then: {message}"),
            help: String::from("remove the folder of the store: a run reads again what it held"),
        })
    })
}

/// A number that nobody knows before.
fn seed() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let nanos = now.map_or(0, |now| u64::from(now.subsec_nanos()) ^ now.as_secs());
    nanos.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(std::process::id())
}

struct Run<'r> {
    options: &'r Options,
    folder: &'r RunFolder,
    sharing: Option<&'r Sharing<'r>>,
    store: &'r Store,
    watcher: &'r dyn Watcher,
    mirrors: Mirrors,
    /// Those of single repositories, as their list says.
    policies: BTreeMap<PathBuf, Organisation>,
    seed: u64,
    lines: Mutex<Vec<Line>>,
    sources: [AtomicUsize; 3],
    work: Work,
    /// Why the run cannot go on.
    failed: Mutex<Option<Error>>,
}

impl Run<'_> {
    fn all(&self, targets: &[Target]) {
        let states: Vec<Mutex<Option<RefState>>> =
            targets.iter().map(|_| Mutex::default()).collect();
        let changed: Mutex<Vec<usize>> = Mutex::default();
        // What has not changed is told by a few small files.
        self.share(targets.len(), |at| {
            let (Some(target), Some(state)) = (targets.get(at), states.get(at)) else {
                return;
            };
            if let Some(sharing) = self.sharing
                && let Err(error) = sharing.pull(self.folder, &target.repository.id)
            {
                return self.stop(error);
            }
            // What is elsewhere has to be asked first.
            let fetched = self.mirrors.update(target);
            if let Err(error) = fetched {
                return self.unfetched(target, &error);
            }
            let found = RefState::of(&self.mirrors.folder(target));
            if let Some(line) = found
                .as_ref()
                .and_then(|state| self.unchanged(target, state))
            {
                self.done(line, Source::Unchanged);
            } else {
                *state.lock().unwrap_or_else(PoisonError::into_inner) = found;
                changed
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(at);
            }
        });
        let changed = changed.into_inner().unwrap_or_else(PoisonError::into_inner);
        // The largest first: none of them is left to one worker in the end.
        let mut changed: Vec<(u64, usize)> = changed
            .into_iter()
            .map(|at| {
                (
                    targets
                        .get(at)
                        .map_or(0, |it| size_of(&self.mirrors.folder(it))),
                    at,
                )
            })
            .collect();
        changed.sort_unstable_by_key(|(size, at)| (std::cmp::Reverse(*size), *at));
        let threads = self
            .options
            .workers
            .checked_div(changed.len())
            .unwrap_or(1)
            .max(1);
        self.share(changed.len(), |n| {
            let at = changed.get(n).map(|(_, at)| *at);
            let Some(target) = at.and_then(|at| targets.get(at)) else {
                return;
            };
            let state = at.and_then(|at| states.get(at));
            let state =
                state.and_then(|it| it.lock().unwrap_or_else(PoisonError::into_inner).take());
            self.one(target, state.as_ref(), threads);
        });
    }

    /// Does numbered work with all workers, in order, until it is done or the run cannot go on.
    fn share(&self, count: usize, work: impl Fn(usize) + Sync) {
        let next = AtomicUsize::new(0);
        let worker = || {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let is_over = || {
                    let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
                    failed.is_some()
                };
                if at >= count || is_over() {
                    return;
                }
                work(at);
            }
        };
        std::thread::scope(|scope| {
            let helpers = self.options.workers.min(count);
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

    /// The numbers of a repository whose result still holds.
    fn unchanged(&self, target: &Target, state: &RefState) -> Option<Line> {
        let line = self.folder.line(&target.repository.id)?;
        let inputs = self.inputs(target, state);
        let same_day = !line.depends_on_day || line.judged_on == self.options.today.to_string();
        let holds = line.status == Status::Complete && line.repository == target.repository;
        (holds && line.inputs == inputs && same_day).then_some(line)
    }

    fn inputs(&self, target: &Target, state: &RefState) -> String {
        let what = self.options.what.word();
        let reference = target.repository.reference.as_deref();
        self.judging(target, 1)
            .inputs(&state.digest, what, reference)
    }

    /// Audits one repository and writes its result.
    fn one(&self, target: &Target, state: Option<&RefState>, threads: usize) {
        let judging = self.judging(target, threads);
        let result = scan::protected(|| {
            if let Some(state) = state
                && let Some(result) = self.judged_again(target, state, &judging)
            {
                return Ok((result, None, Source::Judged));
            }
            let (result, record) = self.audit(target, state, &judging)?;
            Ok((result, Some(record), Source::Audited))
        });
        let failed = |failure| {
            (
                failed(target, failure, &judging, self.options.what),
                None,
                Source::Audited,
            )
        };
        let (result, record, source) = match result {
            Ok(Ok(done)) => done,
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
        let written = match source {
            Source::Audited => self.folder.write(&result, record.as_ref()),
            Source::Judged | Source::Unchanged => self.folder.rewrite(&result),
        };
        match written {
            Ok(line) => self.done(line, source),
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
            Ok(line) => self.done(line, Source::Audited),
            Err(error) => self.stop(error),
        }
    }

    fn stop(&self, error: Error) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.get_or_insert(error);
    }

    fn done(&self, line: Line, source: Source) {
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
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }

    /// The result by another policy or on another day, if the repository is as it was recorded.
    fn judged_again(
        &self,
        target: &Target,
        state: &RefState,
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
        let result = judge_record(&record, &self.store.reader().ok()?, judging).ok()?;
        // What the store has lost is read again.
        (result.status == Status::Complete).then_some(result)
    }

    fn audit(
        &self,
        target: &Target,
        state: Option<&RefState>,
        judging: &Judging<'_>,
    ) -> Result<(AuditResult, Record), Error> {
        let folder = self.mirrors.folder(target);
        let what = self.options.what;
        let found = view(target, &folder, what)?;
        self.mirrors.complete(target, &found);
        // Packs that came since are seen by whoever opens the repository now.
        let view = match target.place {
            Place::Folder(_) => found,
            Place::Url(_) => view(target, &folder, what)?,
        };
        let view = scan::recording(view)?;
        let reader = self.store.reader()?;
        let memory = RunMemory::new(self.store, reader, self.seed, view.items.len());
        let (view, judged) = judging.judge(view, &memory)?;
        for (all, own) in [
            (&self.work.read, &memory.work.read),
            (&self.work.known, &memory.work.known),
            (&self.work.contradicted, &memory.work.contradicted),
        ] {
            all.fetch_add(own.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        let (entries, introductions) = memory.recorded(&view);
        let more: Vec<&str> = PLACES.iter().chain(CODEOWNERS).copied().collect();
        let record = Record {
            repository: target.repository.clone(),
            scope: Scope {
                what: self.options.what.word().to_owned(),
                commit: scan::commit_of(&view, target.repository.reference.as_deref()),
                refs: state.map_or(0, |state| state.refs),
                view: view.label.clone(),
            },
            state: state.as_ref().map_or([0; 32], |state| state.digest),
            is_shallow: state.as_ref().is_some_and(|state| state.is_shallow),
            is_whole: view.is_whole(),
            place: view.policy_files().state().unwrap_or_default().to_owned(),
            files: scan::recorded_policy_files(&view, &more),
            notices: view.notices.clone(),
            introductions,
            entries,
        };
        let mut result = judging.result(&record, judged, 0);
        if state.is_none() {
            // Nobody knows whether it has changed.
            result.inputs = String::new();
        }
        Ok((result, record))
    }
}

/// What of a repository is looked at.
fn view(target: &Target, folder: &Path, what: What) -> Result<View, Error> {
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
fn told(error: &Error) -> String {
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
fn size_of(folder: &Path) -> u64 {
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
