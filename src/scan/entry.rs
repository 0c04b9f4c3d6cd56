//! One entry: it is opened, its content is read, and rules judge it.

use std::{
    cell::OnceCell,
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use super::{
    Listing, Request, content,
    deadline::Clock,
    digests::Digests,
    guard, judging,
    memory::{Memory, Recalled, Sighting},
    other_forms,
    pins::{self, Identity, PinNote},
    source,
};
use crate::{
    bytes::{Window, wide},
    fact::{
        Absent, Circumstance, Circumstances, ContentFacts, EntryKind, Excerpts, Fact, LinkAway,
        ListingLine, NotFollowed, Observation, Tensors, Text, Unavailable, Unread,
        UnsupportedEntry,
    },
    finding::Finding,
    format,
    git::{self, Checkout, Content, Item, LinkEnd, Opened, Reader, View},
    inventory::{self, Artifact},
    limits,
    link::{Handed, Helper, Installed, Links, Load, Needed, OfShard, Release, Sharded, names_of},
    policy::Policy,
    record::Recorder,
    verdict::{Coverage, Evidence, Scales, Weighed},
};

/// What was seen in one entry.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// What its content says.
    pub(super) facts: ContentFacts,
    /// The lines that show what was seen, here and elsewhere.
    pub(super) excerpts: Excerpts,
    /// What the view knows of it.
    pub(super) circumstances: Circumstances,
    /// Its target and where that leads, if it is a symbolic link.
    link: Option<(Text, LinkEnd)>,
    /// The content, if there is one.
    content: Option<Window>,
    /// Whether the content is exactly the item's blob.
    is_blob: bool,
    /// The sha256 of what it stands for, if it is a link of git-annex.
    annexed: Option<String>,
    /// Whether it is a git-lfs pointer whose content is not here, under a name that is no model's.
    unfetched: bool,
    /// The sha256 of the content, computed when it is first asked for; `None` inside if it cannot be read.
    digest: OnceCell<Option<String>>,
    /// What it was when the content was read before.
    recalled_digest: Option<String>,
    /// Every opcode, where a listing was asked for.
    pub(super) listing: Option<Vec<ListingLine>>,
    /// The tensors that are described, where a listing was asked for.
    pub(super) tensors: Vec<Tensors>,
}

/// What decides, beside the content, what is seen in an entry: its name, the blob that a change replaces, how git writes it to
/// disk.
type Key<'v> = (&'v [u8], Option<&'v [u8]>, Option<Checkout>);

/// What all entries of a view are judged by.
#[derive(Clone, Copy)]
pub(super) struct Task<'a> {
    /// The view.
    pub(super) view: &'a View,
    /// The policy.
    pub(super) policy: &'a Policy,
    /// What was asked for.
    pub(super) request: Request,
    /// What was read before.
    pub(super) memory: &'a dyn Memory,
    /// Entries that the deadline left no time to begin.
    pub(super) late: &'a AtomicUsize,
    /// What is known of pinned files.
    pub(super) digests: &'a Digests<'a>,
}

/// Reads and judges entries that share a content, each under its own path, and hands each result to `hand_on`. Entries that have
/// gone since they were listed are left out. The content is read once for each [`Key`]: readers know no more of a path than the
/// file's name.
pub(super) fn judge_all<'v>(
    reader: &mut Reader<'_>,
    items: impl Iterator<Item = (usize, &'v Item)>,
    task: Task<'_>,
    mut hand_on: impl FnMut((usize, &'v Item), Judged),
) {
    let Task {
        policy,
        request,
        memory,
        late,
        ..
    } = task;
    let mut known: BTreeMap<Key<'v>, (&[Circumstance], Seen)> = BTreeMap::new();
    let mut shared = false;
    let mut items = items.peekable();
    while let Some((at, item)) = items.next() {
        let is_excluded = is_excluded(reader, item, policy);
        if is_excluded && !memory.wants_excluded() {
            hand_on((at, item), excluded());
            continue;
        }
        let over = request
            .deadline
            .is_some_and(|until| Instant::now() >= until);
        // Millions may be left: the first are reported one by one, the others are counted.
        if over && late.fetch_add(1, Ordering::Relaxed) >= limits::FINDINGS {
            let judged = if is_excluded {
                excluded()
            } else {
                late_entry()
            };
            Seen::late().keep((at, item), false, memory);
            hand_on((at, item), judged);
            continue;
        }
        // Most contents stand at one path.
        shared |= items.peek().is_some();
        let checkout = shared.then(|| reader.checkout(item)).flatten();
        let key = (item.entry.file_name(), item.before(), checkout);
        if !over
            && let Some((noted, seen)) = known.get(&key)
            && is_shared(item, seen)
            && *noted == item.noted
        {
            seen.keep((at, item), true, memory);
            let judged = if is_excluded {
                excluded()
            } else {
                judge(item, seen, task)
            };
            hand_on((at, item), judged);
            continue;
        }
        let recalled = recall(reader, (at, item), memory);
        let is_recalled = recalled.is_some();
        let seen = recalled.or_else(|| {
            let mut seen = observe(reader, item, Listing::None, request.deadline)?;
            let read = std::mem::take(&mut seen.excerpts);
            seen.excerpts = memory.kept_excerpts(&seen.facts, read);
            Some(seen)
        });
        let Some(mut seen) = seen else {
            continue;
        };
        seen.keep((at, item), is_recalled, memory);
        let link = seen.link.take();
        if let Some((target, _)) = &link {
            seen.annexed = git::annexed(target.as_bytes());
        }
        let noted = link.and_then(|link| behind_link(reader, item, &link, policy));
        seen.circumstances.noted.extend(noted);
        let judged = if is_excluded {
            excluded()
        } else {
            judge(item, &seen, task)
        };
        hand_on((at, item), judged);
        if items.peek().is_some() && is_shared(item, &seen) {
            known.insert(key, (&item.noted, seen));
        }
    }
}

/// What an item was seen to be before, if that is still so.
fn recall(
    reader: &mut Reader<'_>,
    (at, item): (usize, &Item),
    memory: &dyn Memory,
) -> Option<Seen> {
    if !memory.is_active() {
        return None;
    }
    let mut is_plain = || reader.checkout(item).is_some_and(|it| it.is_default());
    if item.blob().is_some() && !is_plain() {
        return None;
    }
    memory.recall(at, item).map(Seen::from)
}

/// What one entry comes to.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// Its findings, and what it adds to the coverage.
    pub(super) weighed: Weighed,
    /// What is joined with other entries.
    pub(super) links: Links,
    /// What it is, if it is an artifact and that was asked for.
    pub(super) artifact: Option<Box<Artifact>>,
    /// How it differs from its pin.
    pub(super) pin: Option<PinNote>,
    /// Bytes of its content, if it is a file that others may need.
    pub(super) length: Option<u64>,
}

/// An entry that is only counted.
fn only_counted(coverage: Coverage) -> Judged {
    let weighed = Weighed {
        coverage,
        ..Weighed::default()
    };
    Judged {
        weighed,
        ..Judged::default()
    }
}

fn excluded() -> Judged {
    only_counted(Coverage {
        entries: 1,
        excluded: 1,
        ..Coverage::default()
    })
}

/// An entry that the deadline left no time to read.
fn late_entry() -> Judged {
    only_counted(Coverage {
        entries: 1,
        incomplete: 1,
        late: 1,
        ..Coverage::default()
    })
}

/// Whether what was seen holds for every file with the same [`Key`]: where a link leads depends on its path, and so does the command
/// that fetches what a git-lfs pointer stands for.
fn is_shared(item: &Item, seen: &Seen) -> bool {
    item.entry.kind == EntryKind::File && seen.circumstances.pointer().is_none()
}

fn judge(item: &Item, seen: &Seen, task: Task<'_>) -> Judged {
    let (policy, request) = (task.policy, task.request);
    let Seen {
        facts,
        excerpts,
        circumstances,
        ..
    } = seen;
    let scope = policy.scope(&item.entry.path);
    let digest = || seen.sha256();
    let scales = Scales::new(policy, &scope, &item.entry.path, request.today, &digest);
    let mut weighed = judging::judge(
        &item.entry,
        (facts, circumstances),
        excerpts,
        &scales,
        request.arrival,
        request.deadline,
    );
    weighed.coverage.unfetched = usize::from(seen.unfetched);
    if request.needs.evidence {
        weighed.evidence = Evidence::of_file(&scope, facts);
    }
    seen.add_base(&mut weighed.findings);
    let is_artifact = weighed.coverage.artifacts > 0;
    let listed = is_artifact && request.needs.artifacts;
    let known = (facts, circumstances);
    let path = &item.entry.path;
    let identity = Identity {
        is_last: &|| task.view.lock_files().is_last(item),
        holds: &|sha256| seen.holds(path, sha256, task.digests),
        declared: &|| seen.declared(),
        sha256: &|| seen.identity(path, task.digests),
    };
    let pin = pins::compare(item, known, policy, &scope, is_artifact, &identity);
    let digest = (listed && request.needs.digests)
        .then(|| seen.sha256())
        .flatten();
    let is_pinned = pins::is_pinned(&item.entry, policy, pin.as_ref(), digest.as_deref());
    weighed.coverage.pinned = usize::from(is_pinned == Some(true));
    Judged {
        artifact: listed.then(|| {
            let artifact = inventory::artifact(&item.entry, facts, circumstances, &scope);
            let known = || seen.digest.get().cloned().flatten();
            Box::new(Artifact {
                sha256: digest.or_else(known),
                executable: pins::is_executable(circumstances.observations(facts), &scope),
                pinned: is_pinned,
                ..artifact
            })
        }),
        pin,
        length: seen.length(item.entry.kind),
        links: Links {
            is_artifact,
            loads: Load::of(&item.entry, facts),
            helpers: Helper::all(facts),
            names: names_of(facts),
            handed: Handed::all(&item.entry, facts, excerpts),
            sharded: Sharded::all(facts),
            releases: Release::of(facts),
            installed: Installed::of(facts),
            needed: Needed::all(&item.entry, facts),
            tensors: OfShard::all(&item.entry, facts),
        },
        weighed,
    }
}

impl Seen {
    /// Of an entry that the deadline left no time to read.
    fn late() -> Self {
        Self {
            circumstances: Circumstances::late(),
            ..Self::default()
        }
    }

    /// Hands it to whoever keeps what was seen.
    fn keep(&self, (at, item): (usize, &Item), is_known: bool, memory: &dyn Memory) {
        if !memory.is_active() {
            return;
        }
        let sighting = Sighting {
            facts: &self.facts,
            excerpts: &self.excerpts,
            circumstances: &self.circumstances,
            link: self.link.as_ref(),
            is_of_blob: self.is_of_blob(),
            is_unfetched: self.unfetched,
            is_known,
            sha256: &|| self.sha256(),
        };
        memory.keep(at, item, &sighting);
    }

    /// Whether the facts are those of exactly the item's blob, read to its end. A pointer of git-annex stands for other bytes.
    fn is_of_blob(&self) -> bool {
        let crashed = |it: &Observation| matches!(it.fact, Fact::Unread(Unread::Crashed { .. }));
        let is_annexed = || {
            let content = self.content.as_ref();
            let content = content.filter(|it| it.len() <= wide(git::ANNEX_POINTER));
            let bytes = content.and_then(|it| it.bytes_at(0, git::ANNEX_POINTER).ok());
            bytes.is_some_and(|bytes| git::annexed(&bytes).is_some())
        };
        self.is_blob
            && self.circumstances.is_whole()
            && !self.facts.observations.iter().any(crashed)
            && !is_annexed()
    }

    /// Says of each fix which content it fits.
    pub(super) fn add_base(&self, findings: &mut [Finding]) {
        for fix in findings.iter_mut().filter_map(|it| it.fix.as_mut()) {
            fix.base = self.sha256();
        }
    }

    /// Bytes of the content, here or where a git-lfs pointer says; `None` of sources, and if that is not known for sure.
    fn length(&self, kind: EntryKind) -> Option<u64> {
        let circumstances = &self.circumstances;
        let is_known = circumstances.pointer().is_some() || circumstances.noted.is_empty();
        let is_sure = kind == EntryKind::File && is_known && circumstances.is_whole();
        let length = is_sure.then(|| circumstances.size(&self.facts));
        length.filter(|_| !self.facts.source)
    }

    /// Whether an earlier run found that its content has this sha256, and the file was left alone since.
    fn holds(&self, path: &Text, sha256: &str, digests: &Digests<'_>) -> bool {
        self.content
            .as_ref()
            .is_some_and(|content| self.annexed.is_none() && digests.holds(path, content, sha256))
    }

    /// The sha256 of what it stands for in git-annex or git-lfs.
    fn declared(&self) -> Option<String> {
        let Some(content) = &self.content else {
            let (oid, _) = self.circumstances.pointer().unzip();
            return self.annexed.clone().or_else(|| oid.map(str::to_owned));
        };
        let is_small = content.len() <= wide(git::ANNEX_POINTER);
        let bytes = is_small.then(|| content.bytes_at(0, git::ANNEX_POINTER).ok());
        git::annexed(&bytes.flatten()?)
    }

    /// The sha256 by which a pin knows it: that of the content, or of what it stands for.
    pub(super) fn identity(&self, path: &Text, digests: &Digests<'_>) -> Option<String> {
        self.declared()
            .or_else(|| self.sha256_by(|content| digests.sha256(path, content)))
    }

    /// The sha256 of the content: what a git-lfs pointer says where the content is elsewhere. `None` if it cannot be read.
    pub(super) fn sha256(&self) -> Option<String> {
        self.sha256_by(inventory::sha256)
    }

    fn sha256_by(&self, hash: impl FnOnce(&Window) -> Option<String>) -> Option<String> {
        let digest = self.digest.get_or_init(|| {
            if let Some(content) = &self.content {
                hash(content)
            } else if let Some(recalled) = &self.recalled_digest {
                Some(recalled.clone())
            } else {
                let (oid, _) = self.circumstances.pointer()?;
                Some(oid.to_owned())
            }
        });
        digest.clone()
    }
}

/// The sha256 of an entry's content, read for nothing else; `None` if it cannot be had in time.
pub(super) fn digest(
    reader: &mut Reader<'_>,
    item: &Item,
    deadline: Option<Instant>,
) -> Option<String> {
    let clock = Clock::new(deadline);
    let opened = reader.open(item);
    match opened.content {
        Content::Bytes(window) => inventory::sha256(&clock.timed(window)),
        _ => opened.noted.into_iter().find_map(|noted| match noted {
            Circumstance::Pointer { oid, .. } => Some(oid),
            _ => None,
        }),
    }
}

/// Whether the policy, or an attribute that it honours, excludes an entry. An edit of the policy itself is never excluded, nor is a
/// commit that cannot be read: patterns are about files.
pub(super) fn is_excluded(reader: &mut Reader<'_>, item: &Item, policy: &Policy) -> bool {
    let path = &item.entry.path;
    let of_policy = item
        .noted
        .iter()
        .any(|noted| matches!(noted, Circumstance::PolicyEdited { .. }));
    let files = !of_policy && !item.is_object();
    files && (policy.excludes(path) || policy.honours_attributes() && reader.is_off(path))
}

/// Reads an entry; `None` if it has gone since it was listed. What was seen before a panic is kept.
pub(super) fn observe(
    reader: &mut Reader<'_>,
    item: &Item,
    listing: Listing,
    deadline: Option<Instant>,
) -> Option<Seen> {
    let clock = Clock::new(deadline);
    let mut recorder = match listing {
        Listing::None => Recorder::default(),
        Listing::Lines(most) => Recorder::with_listing(most),
    };
    let mut seen = Seen::default();
    let result = guard::run(|| {
        if clock.is_over() {
            return true;
        }
        let mut opened = reader.open(item);
        match opened.content {
            Content::Gone => return false,
            Content::Bytes(window) => opened.content = Content::Bytes(clock.timed(window)),
            _ => {}
        }
        for window in opened.other_forms.iter_mut().flatten() {
            *window = clock.timed(window.clone());
        }
        seen.is_blob = opened.is_blob;
        record(item, opened, &mut seen, &mut recorder);
        true
    });
    seen.circumstances.late = clock.is_late();
    seen.listing = recorder.take_listing();
    seen.tensors = recorder.take_tensors();
    // What could not be had here cannot be had in the other forms either.
    let interrupted = recorder.take_interrupted();
    if !interrupted.is_empty() {
        seen.circumstances.interrupted = interrupted;
    }
    seen.excerpts = recorder.take_excerpts();
    seen.facts.observations = recorder.finish();
    match result {
        Ok(true) => Some(seen),
        Ok(false) => None,
        Err(message) => {
            seen.facts.observations.push(judging::crashed(message));
            Some(seen)
        }
    }
}

impl From<Recalled> for Seen {
    fn from(recalled: Recalled) -> Self {
        let digest = OnceCell::new();
        if let Some(sha256) = recalled.sha256 {
            let _ = digest.set(Some(sha256));
        }
        Self {
            facts: recalled.facts,
            excerpts: recalled.excerpts,
            circumstances: recalled.circumstances,
            link: recalled.link,
            unfetched: recalled.unfetched,
            is_blob: recalled.is_of_blob,
            digest,
            recalled_digest: recalled.sha256_if_asked,
            ..Self::default()
        }
    }
}

fn record(item: &Item, opened: Opened, seen: &mut Seen, recorder: &mut Recorder) {
    seen.circumstances.changed = opened.changed;
    let name = item.entry.file_name();
    let pointer = opened
        .noted
        .iter()
        .any(|noted| matches!(noted, Circumstance::Pointer { .. }));
    let is_of_dvc = |noted: &Circumstance| matches!(noted, Circumstance::OutputOfDvc { .. });
    let is_kept_elsewhere = pointer || item.noted.iter().any(is_of_dvc);
    let expected = source::by_name(name).is_some() || format::is_artifact_name(name);
    for noted in opened.noted {
        // A repository may keep its pictures in git-lfs and not fetch them: those are only counted. A name that says nothing is
        // reported, and a model's name is refused.
        let noted = match noted {
            Circumstance::Unavailable(Unavailable::NotFetched { what, command })
                if is_kept_elsewhere && !expected =>
            {
                let is_folder = matches!(what, Absent::DvcFolder(_));
                if format::is_plain_name(name) && !is_folder {
                    seen.unfetched = what != Absent::AnnexContent;
                    continue;
                }
                Circumstance::NotFollowed(match what {
                    Absent::AnnexContent => NotFollowed::AnnexPointer { command },
                    Absent::LfsContent => NotFollowed::Pointer { command },
                    what => NotFollowed::DvcOutput { what, command },
                })
            }
            noted => noted,
        };
        seen.circumstances.noted.push(noted);
    }
    seen.facts.source = pointer && source::by_name(name).is_some();
    let forms = opened.other_forms;
    match opened.content {
        Content::Bytes(window) => {
            seen.content = Some(window.clone());
            seen.facts.bytes = window.len();
            seen.facts.source |= content::read(&window, name, recorder);
        }
        Content::Link { target, end } => seen.link = Some((target, end)),
        Content::Nothing | Content::Gone => {}
    }
    for form in forms {
        other_forms::read(form, name, recorder, &mut seen.circumstances);
    }
}

/// Why the target of a link is not checked. A target below the root is, under its own path, unless the policy excludes it.
fn behind_link(
    reader: &mut Reader<'_>,
    item: &Item,
    (target, end): &(Text, LinkEnd),
    policy: &Policy,
) -> Option<Circumstance> {
    let submodule = match end {
        LinkEnd::Nowhere => return None,
        LinkEnd::Submodule(module) if reader.enters(module) => return None,
        LinkEnd::Inside(path) => return excluded_behind(reader, path, policy),
        LinkEnd::Outside => None,
        LinkEnd::Submodule(module) => Some(module.clone()),
    };
    let target = target.clone();
    let away = LinkAway { target, submodule };
    let names = [item.entry.file_name(), away.target.as_bytes()];
    if names.iter().any(|name| format::is_artifact_name(name)) {
        Some(unsupported(UnsupportedEntry::LinkAway(away)))
    } else if names.iter().any(|name| format::is_plain_name(name)) {
        None
    } else {
        Some(Circumstance::NotFollowed(NotFollowed::Link(away)))
    }
}

/// What the policy excludes at or below the target of a link.
fn excluded_behind(reader: &mut Reader<'_>, path: &Text, policy: &Policy) -> Option<Circumstance> {
    let hides = |reader: &mut Reader<'_>, path: &Text| {
        policy.excludes(path) || policy.honours_attributes() && reader.is_off(path)
    };
    let hidden = if hides(reader, path) {
        path.clone()
    } else {
        match reader.below(path) {
            Ok(below) => below.into_iter().find(|path| hides(reader, path))?,
            Err(unread) => return Some(Circumstance::Unavailable(unread)),
        }
    };
    Some(unsupported(UnsupportedEntry::LinkToExcluded(hidden)))
}

fn unsupported(entry: UnsupportedEntry) -> Circumstance {
    Circumstance::Unavailable(Unavailable::Unsupported(entry))
}
