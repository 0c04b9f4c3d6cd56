//! From commits to items: what each commit brings, in the order of the history, each path and content once.
//!
//! Commits are compared with their parents by all processors, in lots; what they bring is put together in order, so that
//! the list is the same for any number of them.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use gix::{ObjectId, objs::Kind, objs::TreeRefIter};
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashSet};

use super::{
    super::{
        Checkout, Item, Origin,
        objects::{Stores, Trees},
        paths::Filter,
        sort_by_path,
    },
    changes::{AttributeCache, Changes, Leaf, changes, kind_of, place_of},
    commits::{Commits, Step},
    header::{describe, tree_of},
    tips::Tips,
};
use crate::{
    fact::{Circumstance, Commit, EntryKind, Introduction, Unavailable},
    limits,
};

/// Commits that are compared before what they bring is put together.
const BATCH: usize = 2048;
/// Commits that a processor takes at a time: they share most of their folders.
const CHUNK: usize = 32;
/// Known trees that a tree without a commit is compared with.
const KNOWN_TREES: usize = 16;

/// A history as items.
pub(super) struct Listing {
    /// By path, then in the order of the history.
    pub(super) items: Vec<Item>,
    /// What is to be known of the whole.
    pub(super) notices: Vec<String>,
}

impl Listing {
    /// What `tips` reach and `known` do not, as far as `paths` go.
    pub(super) fn of(
        stores: &Stores,
        tips: &Tips,
        known: &Tips,
        shallow: &BTreeSet<ObjectId>,
        paths: &Filter,
    ) -> Self {
        let mut trees = Trees::new(stores.open());
        let commits = Commits::walk(trees.objects(), &tips.commits, &known.commits, shallow);
        let mut found = Collected::default();
        for (id, unread) in &commits.lost {
            found.note_unreadable(place_of(*id), *id, unread.clone());
        }
        for (name, id, unread) in &tips.lost {
            found.note_unreadable(name.clone(), *id, unread.clone());
        }
        let mut heads = commits.newest();
        heads.extend(tips.current.iter().filter_map(|id| commits.tree_of(*id)));
        found.all(stores, &mut trees, &commits, paths);
        add_named_objects(&mut found, &mut heads, &mut trees, tips, known, paths);
        let mut alive = found.alive(&mut trees, &heads);
        for tip in &tips.objects {
            if let Some(at) = found.leaves.get_index_of(&tip.leaf())
                && let Some(alive) = alive.get_mut(at)
            {
                *alive = true;
            }
        }
        let items = found.into_items(&alive);
        let mut notices = Vec::new();
        if commits.cut {
            notices.push(String::from(
                "this is a shallow clone, and its history ends before the first commit: what came earlier was not looked \
                 at; run `git fetch --unshallow` to have it",
            ));
        }
        Self { items, notices }
    }
}

/// Instead of a place among the introducers: a name led there without a commit or a tag.
const NO_COMMIT: u32 = u32::MAX;

/// Instead of a place among the introducers: in no commit git writes it as it does by default.
const ONLY_OTHER_FORMS: u32 = u32::MAX - 1;

/// Where something could not be read, and what.
type UnreadablePlace = (Box<[u8]>, ObjectId);

/// What could not be read.
struct UnreadEntry {
    why: Unavailable,
    /// Who introduced it.
    introducer: Option<u32>,
    /// A folder in a tree, or else [`Origin::Object`].
    origin: Origin,
}

/// What was found so far.
#[derive(Default)]
struct Collected {
    /// Everything once, and which of `introducers` introduced it.
    leaves: IndexMap<Leaf, u32, FxBuildHasher>,
    /// Of leaves that git does not write like any other: how it does, and who introduced that.
    checkouts: IndexMap<(usize, Checkout), u32, FxBuildHasher>,
    introducers: Vec<Commit>,
    /// What could not be read, and where.
    unread: IndexMap<UnreadablePlace, UnreadEntry, FxBuildHasher>,
    bytes: usize,
    folders: usize,
}

impl Collected {
    /// What all commits bring.
    fn all(&mut self, stores: &Stores, trees: &mut Trees, commits: &Commits, paths: &Filter) {
        // Starting threads, each with a store of its own, takes longer than comparing a few commits.
        // Asking how many processors there are takes longer, too.
        let wanted = commits.order.len() / CHUNK / 4;
        let processors = || std::thread::available_parallelism().map_or(1, usize::from);
        let helpers = if wanted > 1 {
            wanted.min(processors())
        } else {
            wanted
        };
        let mut helpers: Vec<Trees> = (1..helpers).map(|_| Trees::new(stores.open())).collect();
        let mut rest = commits.order.as_slice();
        while !rest.is_empty() {
            let batch = rest.get(..BATCH).unwrap_or(rest);
            let compared = compare(batch, commits, trees, &mut helpers, paths);
            // It is never none: a run is broken off after a commit, not before.
            rest = rest.get(compared.len().max(1)..).unwrap_or_default();
            for (step, changes, commit) in compared {
                self.add(changes, commit);
                if let Some(limit) = self.limit() {
                    self.note_unreadable(place_of(step), step, Unavailable::Limit(limit));
                    return;
                }
            }
        }
    }

    /// The limit that the list has reached, if it has.
    fn limit(&self) -> Option<limits::Id> {
        if self.bytes > limits::HISTORY_BYTES {
            Some(limits::Id::HISTORY_BYTES)
        } else if self.folders > limits::HISTORY_FOLDERS {
            Some(limits::Id::HISTORY_FOLDERS)
        } else {
            None
        }
    }

    /// Adds what a commit brings, unless it was there before.
    fn add(&mut self, changes: Changes, commit: Option<Commit>) {
        let introducer = match commit {
            Some(_) => u32::try_from(self.introducers.len()).unwrap_or(NO_COMMIT),
            None => NO_COMMIT,
        };
        let before = (self.leaves.len(), self.checkouts.len(), self.unread.len());
        let mut plain = false;
        self.folders = self.folders.saturating_add(changes.folders);
        let mut checkouts = changes.checkouts.into_iter().peekable();
        for (n, leaf) in changes.leaves.into_iter().enumerate() {
            let cost = leaf.path.len().saturating_add(size_of::<Item>());
            let checkout = checkouts.next_if(|(at, _)| *at == n);
            let usual = !matches!(checkout, Some((_, Ok(_))));
            if let Some((_, Err(unread))) = &checkout {
                let unreadable = UnreadEntry {
                    why: unread.clone(),
                    introducer: (introducer != NO_COMMIT).then_some(introducer),
                    origin: Origin::Nowhere,
                };
                let place = (leaf.path.clone(), leaf.id);
                self.unread.entry(place).or_insert(unreadable);
            }
            let at = match self.leaves.entry(leaf) {
                indexmap::map::Entry::Vacant(vacant) => {
                    let at = vacant.index();
                    vacant.insert(if usual { introducer } else { ONLY_OTHER_FORMS });
                    self.bytes = self.bytes.saturating_add(cost);
                    at
                }
                indexmap::map::Entry::Occupied(mut known) => {
                    if usual && *known.get() == ONLY_OTHER_FORMS {
                        known.insert(introducer);
                        plain = true;
                    }
                    known.index()
                }
            };
            if let Some((_, Ok(checkout))) = checkout
                && let indexmap::map::Entry::Vacant(vacant) = self.checkouts.entry((at, checkout))
            {
                vacant.insert(introducer);
                self.bytes = self.bytes.saturating_add(size_of::<Item>());
            }
        }
        for (path, id, unread) in changes.unread {
            let introducer = (introducer != NO_COMMIT).then_some(introducer);
            let (path, origin) = if path.is_empty() {
                (place_of(id), Origin::Object)
            } else {
                (path, Origin::Nowhere)
            };
            let unreadable = UnreadEntry {
                why: unread,
                introducer,
                origin,
            };
            self.unread.entry((path, id)).or_insert(unreadable);
        }
        let now = (self.leaves.len(), self.checkouts.len(), self.unread.len());
        if plain || before != now {
            self.introducers.extend(commit);
        }
    }

    fn note_unreadable(&mut self, path: Box<[u8]>, id: ObjectId, why: Unavailable) {
        self.unread.entry((path, id)).or_insert(UnreadEntry {
            why,
            introducer: None,
            origin: Origin::Object,
        });
    }

    /// Which of the leaves are in one of these trees. Only folders that hold one of them are looked into.
    fn alive(&self, trees: &mut Trees, heads: &[ObjectId]) -> Vec<bool> {
        let mut folders: FxHashSet<&[u8]> = FxHashSet::default();
        for leaf in self.leaves.keys() {
            let mut path: &[u8] = &leaf.path;
            while let Some(slash) = memchr::memrchr(b'/', path) {
                path = path.get(..slash).unwrap_or_default();
                if !folders.insert(path) {
                    break;
                }
            }
        }
        let hash = trees.objects().hash();
        let mut alive = vec![false; self.leaves.len()];
        let mut seen: FxHashSet<(Vec<u8>, ObjectId)> = FxHashSet::default();
        let mut stack: Vec<(Vec<u8>, ObjectId)> =
            heads.iter().map(|tree| (Vec::new(), *tree)).collect();
        while let Some((folder, tree)) = stack.pop() {
            if !seen.insert((folder.clone(), tree)) {
                continue;
            }
            // What cannot be read has been said where it was found.
            let Ok(data) = trees.tree(tree) else {
                continue;
            };
            for entry in TreeRefIter::from_bytes(&data, hash).map_while(Result::ok) {
                let mut path = folder.clone();
                if !path.is_empty() {
                    path.push(b'/');
                }
                path.extend_from_slice(entry.filename);
                let id = entry.oid.to_owned();
                match kind_of(entry.mode.kind()) {
                    None if folders.contains(path.as_slice()) => stack.push((path, id)),
                    None => {}
                    Some(kind) => {
                        let path = path.into();
                        if let Some(at) = self.leaves.get_index_of(&Leaf { path, kind, id })
                            && let Some(alive) = alive.get_mut(at)
                        {
                            *alive = true;
                        }
                    }
                }
            }
        }
        alive
    }

    fn into_items(self, alive: &[bool]) -> Vec<Item> {
        let introducers: Vec<[Arc<Introduction>; 2]> = self
            .introducers
            .into_iter()
            .map(|commit| {
                let introduction = |gone| {
                    let commit = commit.clone();
                    Arc::new(Introduction { commit, gone })
                };
                [introduction(false), introduction(true)]
            })
            .collect();
        let by = |introducer: u32, gone: bool| {
            let both = introducers.get(usize::try_from(introducer).ok()?)?;
            both.get(usize::from(gone)).cloned()
        };
        let mut items = Vec::with_capacity(self.leaves.len().saturating_add(self.unread.len()));
        for ((at, checkout), introducer) in self.checkouts {
            let (Some((leaf, _)), Some(alive)) = (self.leaves.get_index(at), alive.get(at)) else {
                continue;
            };
            let mut item = Item::new(&leaf.path, leaf.kind, Origin::Blob(leaf.id));
            item.checkout = Some(checkout);
            item.entry.introduced_by = by(introducer, !alive);
            items.push(item);
        }
        for ((leaf, introducer), alive) in self.leaves.into_iter().zip(alive) {
            if introducer == ONLY_OTHER_FORMS {
                continue;
            }
            let mut item = Item::new(&leaf.path, leaf.kind, Origin::Blob(leaf.id));
            item.entry.introduced_by = by(introducer, !alive);
            items.push(item);
        }
        for ((path, _), unreadable) in self.unread {
            let mut item = Item::new(&path, EntryKind::File, unreadable.origin)
                .with(Circumstance::Unavailable(unreadable.why));
            item.entry.introduced_by = unreadable
                .introducer
                .and_then(|introducer| by(introducer, false));
            items.push(item);
        }
        // Stable: several contents of one path stay in the order of the history.
        sort_by_path(&mut items);
        items
    }
}

/// What each of the first commits of a batch brings, in their order: of all, unless that is more than is held at a time.
fn compare(
    batch: &[u32],
    commits: &Commits,
    trees: &mut Trees,
    helpers: &mut [Trees],
    paths: &Filter,
) -> Vec<Compared> {
    let runs: Vec<&[u32]> = batch.chunks(CHUNK).collect();
    let next = AtomicUsize::new(0);
    let bytes = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Vec<Compared>)>> = Mutex::default();
    let work = |trees: &mut Trees| {
        let mut buffer = Vec::new();
        let mut cache = AttributeCache::default();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(run) = runs.get(at) else { break };
            let mut compared = Vec::with_capacity(run.len());
            let mut full = false;
            for step in run.iter().filter_map(|place| commits.step(*place)) {
                let one = one(&step, trees, &mut cache, paths, &mut buffer);
                let held = bytes.fetch_add(one.1.bytes, Ordering::Relaxed);
                compared.push(one);
                full = held > limits::HISTORY_BYTES / 8;
                if full {
                    break;
                }
            }
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push((at, compared));
            if full {
                break;
            }
        }
    };
    std::thread::scope(|scope| {
        for helper in helpers {
            // Without helpers it takes longer and is the same.
            let _ = std::thread::Builder::new().spawn_scoped(scope, || work(helper));
        }
        work(trees);
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(at, _)| *at);
    let mut first = Vec::with_capacity(batch.len());
    for ((at, compared), run) in done.into_iter().zip(&runs) {
        // What follows a run that was broken off has to wait for it.
        let whole = compared.len() == run.len();
        if first.len() != at.saturating_mul(CHUNK) {
            break;
        }
        first.extend(compared);
        if !whole {
            break;
        }
    }
    first
}

/// A commit, what it brings, and what people want to know of it if it brings something.
type Compared = (ObjectId, Changes, Option<Commit>);

fn one(
    step: &Step,
    trees: &mut Trees,
    cache: &mut AttributeCache,
    paths: &Filter,
    buffer: &mut Vec<u8>,
) -> Compared {
    let changes = changes(trees, cache, step.tree, &step.parents, paths);
    let brings = !changes.leaves.is_empty() || !changes.unread.is_empty();
    let commit = brings.then(|| describe(trees.objects(), step.commit, buffer));
    (step.commit, changes, commit)
}

/// Adds trees and blobs that are named without a commit.
fn add_named_objects(
    found: &mut Collected,
    heads: &mut Vec<ObjectId>,
    trees: &mut Trees,
    tips: &Tips,
    known: &Tips,
    paths: &Filter,
) {
    if tips.objects.is_empty() {
        return;
    }
    let known_ids: FxHashSet<ObjectId> = known.objects.iter().map(|object| object.id).collect();
    let mut buffer = Vec::new();
    let mut cache = AttributeCache::default();
    let mut roots: Vec<ObjectId> = Vec::new();
    for commit in known.commits.iter().take(KNOWN_TREES) {
        roots.extend(tree_of(trees.objects(), *commit, &mut buffer));
    }
    for tip in tips
        .objects
        .iter()
        .filter(|tip| !known_ids.contains(&tip.id))
    {
        let tag = tip
            .tag
            .map(|tag| describe(trees.objects(), tag, &mut buffer));
        let changes = if tip.kind == Kind::Tree {
            heads.push(tip.id);
            changes(trees, &mut cache, tip.id, &roots, paths)
        } else {
            let asked_for = paths.reach(&tip.name, false);
            Changes {
                leaves: asked_for.then(|| tip.leaf()).into_iter().collect(),
                ..Changes::default()
            }
        };
        found.add(changes, tag);
    }
}
