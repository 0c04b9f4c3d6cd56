//! What an audit knows of contents: from the store while repositories are read, from records when they are judged again.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use data_encoding::HEXLOWER;
use rustc_hash::FxHashMap;

use super::{
    excerpts,
    record::{Record, RecordedContent, RecordedEntry},
};
use crate::{
    fact::{Circumstance, Circumstances, Commit, ContentFacts, Excerpts, Introduction},
    limits,
    scan::{self, Item, Memory, Recalled, Sighting, View},
    store::{Digest, Reader, Store, StoredFacts, facts_key},
};

/// One in so many contents that the store knows is read all the same, and compared with it.
const VERIFIED: u64 = 256;

/// Chooses which contents are read although the store knows them: nobody who writes a store knows which.
#[derive(Debug, Clone, Copy)]
pub(super) struct Doubt {
    seed: u64,
    one_in: u64,
}

impl Doubt {
    /// About one in so many.
    pub(super) fn of_one_in(one_in: u64) -> Self {
        let seed = RandomState::new().build_hasher().finish();
        Self { seed, one_in }
    }

    /// That of an audit.
    pub(super) fn of_audit() -> Self {
        Self::of_one_in(VERIFIED)
    }

    pub(super) fn is_about(self, sha256: &Digest) -> bool {
        let (front, _) = sha256.split_at(8);
        let front = front
            .iter()
            .fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        let chance = (front ^ self.seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        chance < (1 << 32) / self.one_in.max(1)
    }
}

/// What the store knows of a repository that is being read; it takes what is read now.
#[derive(Debug)]
pub(super) struct RunMemory<'s> {
    store: &'s Store,
    reader: Reader,
    doubt: Doubt,
    entries: Mutex<Vec<Option<RecordedEntry>>>,
    introductions: Mutex<Introductions>,
    /// What the store has of contents that are read all the same.
    doubted: Mutex<BTreeMap<usize, StoredFacts>>,
    pub(super) work: Work,
}

/// How much was read.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// Contents that were read.
    pub(super) read: AtomicU64,
    /// Contents that the store knew.
    pub(super) known: AtomicU64,
    /// Contents that say something else than the store.
    pub(super) contradicted: AtomicU64,
}

#[derive(Debug, Default)]
struct Introductions {
    all: Vec<Introduction>,
    places: FxHashMap<(String, bool), u32>,
}

impl Introductions {
    fn place(&mut self, introduction: &Introduction) -> Option<u32> {
        let key = (introduction.commit.id.clone(), introduction.gone);
        if let Some(at) = self.places.get(&key) {
            return Some(*at);
        }
        let at = u32::try_from(self.all.len()).ok()?;
        self.all.push(introduction.clone());
        self.places.insert(key, at);
        Some(at)
    }
}

impl<'s> RunMemory<'s> {
    pub(super) fn new(store: &'s Store, reader: Reader, doubt: Doubt, items: usize) -> Self {
        Self {
            store,
            reader,
            doubt,
            entries: Mutex::new(vec![None; items]),
            introductions: Mutex::default(),
            doubted: Mutex::default(),
            work: Work::default(),
        }
    }

    /// What was recorded of the items of a view: those that had gone when their turn came are recorded as that.
    pub(super) fn recorded(
        self,
        view: &View,
        policy_lines: Vec<Option<Commit>>,
    ) -> (Vec<RecordedEntry>, Vec<Introduction>, Vec<Option<u32>>) {
        let entries = self.entries.into_inner();
        let entries = entries.unwrap_or_else(PoisonError::into_inner);
        let mut introductions = self.introductions.into_inner();
        let mut introductions = introductions
            .as_mut()
            .map_or_else(|error| std::mem::take(error.get_mut()), std::mem::take);
        let lines = policy_lines.into_iter().map(|commit| {
            let commit = commit?;
            let gone = false;
            introductions.place(&Introduction { commit, gone })
        });
        let lines = lines.collect();
        let gone = |item: &Item| RecordedEntry {
            path: item.entry.path.clone(),
            kind: item.entry.kind,
            introduced_by: None,
            is_object: item.is_object(),
            is_unfetched: false,
            content: RecordedContent::Gone,
            circumstances: None,
            link: None,
        };
        let items = view.items.iter().zip(entries);
        let entries = items.map(|(item, entry)| entry.unwrap_or_else(|| gone(item)));
        (entries.collect(), introductions.all, lines)
    }
}

/// What a store has of an item. A file that is damaged in a way that its library does not expect knows nothing.
pub(super) fn stored_of(reader: &Reader, item: &Item) -> Option<(Digest, StoredFacts)> {
    let stored = scan::protected(|| {
        let sha256 = reader.digest(item.blob()?)?;
        let key = facts_key(&sha256, item.entry.file_name());
        Some((sha256, reader.facts(&key)?))
    });
    stored.ok()?
}

/// The circumstances of an item whose content the store knows.
pub(super) fn circumstances(item: &Item, stored: &mut StoredFacts) -> Circumstances {
    let mut circumstances = Circumstances::of(item.noted.clone());
    if stored.other_on_checkout {
        circumstances.noted.push(Circumstance::OtherOnCheckout);
    }
    circumstances.elsewhere = std::mem::take(&mut stored.elsewhere);
    circumstances
}

/// What a sighting says beside what was known of the item before, if that is a function of its content.
pub(super) fn storable(item: &Item, sighting: &Sighting<'_>) -> Option<StoredFacts> {
    let noted = sighting.circumstances.noted.get(item.noted.len()..)?;
    let other_on_checkout = match noted {
        [] => false,
        [Circumstance::OtherOnCheckout] => true,
        _ => return None,
    };
    let is_usual = sighting.is_of_blob && item.blob().is_some() && sighting.link.is_none();
    is_usual.then(|| StoredFacts {
        facts: sighting.facts.clone(),
        elsewhere: sighting.circumstances.elsewhere.clone(),
        other_on_checkout,
        excerpts: excerpts::kept(sighting.facts, sighting.excerpts),
    })
}

/// The digest of a content for which not much has to be read. What a pointer of git-lfs stands for has the one that the pointer says.
fn sha256_of_small(sighting: &Sighting<'_>) -> Option<Digest> {
    let is_small = sighting.facts.bytes <= limits::RECORDED_DIGEST;
    let is_pointer = sighting.circumstances.pointer().is_some();
    (is_small && !is_pointer)
        .then(|| unhex(&(sighting.sha256)()?))
        .flatten()
}

pub(super) fn hex(digest: &Digest) -> String {
    HEXLOWER.encode(digest)
}

pub(super) fn unhex(text: &str) -> Option<Digest> {
    HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}

impl Memory for RunMemory<'_> {
    fn is_active(&self) -> bool {
        true
    }

    fn wants_excluded(&self) -> bool {
        true
    }

    fn recall(&self, at: usize, item: &Item) -> Option<Recalled> {
        let (sha256, mut stored) = stored_of(&self.reader, item)?;
        if self.doubt.is_about(&sha256) {
            let mut doubted = self.doubted.lock().unwrap_or_else(PoisonError::into_inner);
            doubted.insert(at, stored);
            return None;
        }
        self.work.known.fetch_add(1, Ordering::Relaxed);
        Some(Recalled {
            circumstances: circumstances(item, &mut stored),
            excerpts: stored.excerpts.into_iter().collect(),
            facts: stored.facts,
            link: None,
            sha256: Some(hex(&sha256)),
            sha256_if_asked: None,
            unfetched: false,
            is_of_blob: true,
        })
    }

    fn kept_excerpts(&self, facts: &ContentFacts, read: Excerpts) -> Excerpts {
        excerpts::kept(facts, &read).into_iter().collect()
    }

    fn keep(&self, at: usize, item: &Item, sighting: &Sighting<'_>) {
        let storable = storable(item, sighting);
        let sha256 = storable.as_ref().and_then(|_| unhex(&(sighting.sha256)()?));
        let known = (&storable, sha256, item.blob());
        let content = if let (Some(stored), Some(sha256), Some(blob)) = known {
            if !sighting.is_known {
                self.store
                    .keep(blob, &sha256, item.entry.file_name(), stored);
            }
            let facts = &stored.facts;
            if facts.observations.is_empty() && stored.elsewhere.is_empty() {
                let (bytes, source) = (facts.bytes, facts.source);
                RecordedContent::Plain {
                    sha256,
                    bytes,
                    source,
                }
            } else {
                RecordedContent::Stored(sha256)
            }
        } else {
            RecordedContent::Inline {
                facts: Box::new(sighting.facts.clone()),
                lines: excerpts::kept(sighting.facts, sighting.excerpts),
                sha256: sha256_of_small(sighting),
            }
        };
        if !sighting.is_known {
            self.work.read.fetch_add(1, Ordering::Relaxed);
            let mut doubted = self.doubted.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(stored) = doubted.remove(&at)
                && storable.as_ref() != Some(&stored)
            {
                self.work.contradicted.fetch_add(1, Ordering::Relaxed);
            }
        }
        let mut circumstances = sighting.circumstances.clone();
        if !matches!(content, RecordedContent::Inline { .. }) {
            circumstances.elsewhere.clear();
        }
        let is_plain = circumstances == Circumstances::default();
        let introduced_by = item.entry.introduced_by.as_ref().and_then(|introduction| {
            let mut known = self
                .introductions
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            known.place(introduction)
        });
        let entry = RecordedEntry {
            path: item.entry.path.clone(),
            kind: item.entry.kind,
            introduced_by,
            is_object: item.is_object(),
            is_unfetched: sighting.is_unfetched,
            content,
            circumstances: (!is_plain).then(|| Box::new(circumstances)),
            link: sighting.link.cloned(),
        };
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = entries.get_mut(at) {
            *place = Some(entry);
        }
    }
}

/// What a record and the store know of a repository that is judged again.
#[derive(Debug)]
pub(super) struct RecordMemory<'r> {
    record: &'r Record,
    reader: &'r Reader,
    /// Entries whose facts the store no longer has.
    pub(super) lost: AtomicU64,
}

impl<'r> RecordMemory<'r> {
    pub(super) fn new(record: &'r Record, reader: &'r Reader) -> Self {
        Self {
            record,
            reader,
            lost: AtomicU64::new(0),
        }
    }
}

impl Memory for RecordMemory<'_> {
    fn is_active(&self) -> bool {
        true
    }

    fn wants_excluded(&self) -> bool {
        false
    }

    fn recall(&self, at: usize, item: &Item) -> Option<Recalled> {
        let entry = self.record.entries.get(at)?;
        let mut circumstances = entry.circumstances.as_deref().cloned().unwrap_or_default();
        let mut excerpts = Excerpts::default();
        let (facts, sha256) = match &entry.content {
            RecordedContent::Gone => return None,
            RecordedContent::Inline {
                facts,
                lines,
                sha256,
            } => {
                excerpts = lines.iter().cloned().collect();
                ((**facts).clone(), sha256.as_ref())
            }
            RecordedContent::Plain {
                sha256,
                bytes,
                source,
            } => {
                let facts = ContentFacts {
                    bytes: *bytes,
                    source: *source,
                    observations: Vec::new(),
                };
                (facts, Some(sha256))
            }
            RecordedContent::Stored(sha256) => {
                let key = facts_key(sha256, item.entry.file_name());
                let stored = scan::protected(|| self.reader.facts(&key));
                let Ok(Some(stored)) = stored else {
                    self.lost.fetch_add(1, Ordering::Relaxed);
                    return Some(Recalled {
                        circumstances: Circumstances::late(),
                        ..Recalled::default()
                    });
                };
                circumstances.elsewhere = stored.elsewhere;
                excerpts = stored.excerpts.into_iter().collect();
                (stored.facts, Some(sha256))
            }
        };
        Some(Recalled {
            facts,
            excerpts,
            circumstances,
            link: entry.link.clone(),
            sha256: sha256.map(hex),
            sha256_if_asked: None,
            unfetched: entry.is_unfetched,
            is_of_blob: false,
        })
    }

    fn keep(&self, _: usize, _: &Item, _: &Sighting<'_>) {}
}
