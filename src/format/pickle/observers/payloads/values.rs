//! Containers, objects and persistent ids as digests, which grow as they are filled.

use rustc_hash::{FxHashMap, FxHashSet};
use sha2::{Digest as _, Sha256};

use super::{
    Hash,
    constants::Constants,
    long::{Tree, Trees},
};
use crate::bytes::narrow;

/// Containers whose digests are not finished.
const OPEN: usize = 4096;
/// Items of sets whose digests are not finished.
const SET_ITEMS: usize = 1 << 16;

/// A container, what a call made, or what a persistent id stands for.
#[derive(Debug)]
struct Entry {
    tag: u8,
    /// Whether the digest says something already, which goes before what is added.
    begun: bool,
    /// Whether something was added to what a call made.
    filled: bool,
    /// Whether something else holds its digest.
    held: bool,
    /// The row of the global that made it.
    row: u32,
    digest: Hash,
    /// The long constants in it.
    long: Tree,
}

/// All of a stream.
#[derive(Debug, Default)]
pub(super) struct Values {
    entries: Vec<Entry>,
    open: FxHashMap<u32, Sha256>,
    open_sets: FxHashMap<u32, Vec<Hash>>,
    set_items: usize,
    /// What was added to something that others hold already: their digests do not say it.
    late: Option<Hash>,
    late_long: Tree,
    trees: Trees,
    /// The long constants in what is being written.
    met: Tree,
}

/// The SHA-256 of no bytes.
const EMPTY: Hash = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

/// The row of what no call made.
const NO_ROW: u32 = u32::MAX;

impl Values {
    /// A container without items.
    pub(super) fn container(&mut self, tag: u8) -> Option<u32> {
        self.push(tag, false, NO_ROW, EMPTY)
    }

    /// What a call made.
    pub(super) fn made(&mut self, tag: u8, digest: Hash, row: usize) -> Option<u32> {
        let row = u32::try_from(row).unwrap_or(NO_ROW);
        self.push(tag, true, row, digest)
    }

    /// Something that nothing is added to.
    pub(super) fn sealed(&mut self, tag: u8, digest: Hash) -> Option<u32> {
        self.push(tag, true, NO_ROW, digest)
    }

    fn push(&mut self, tag: u8, begun: bool, row: u32, digest: Hash) -> Option<u32> {
        let id = u32::try_from(self.entries.len()).ok()?;
        let long = std::mem::take(&mut self.met);
        self.entries.push(Entry {
            tag,
            begun,
            filled: false,
            held: false,
            row,
            digest,
            long,
        });
        Some(id)
    }

    fn entry(&mut self, id: u32) -> Option<&mut Entry> {
        self.entries.get_mut(narrow(id.into()))
    }

    /// The digest of bytes that a call made.
    pub(super) fn bytes(&self, id: u32) -> Option<Hash> {
        let entry = self.entries.get(narrow(id.into()))?;
        (entry.tag == b'b' && !entry.filled).then_some(entry.digest)
    }

    /// Whether the order of items does not count.
    pub(super) fn is_set(&self, id: u32) -> bool {
        let entry = self.entries.get(narrow(id.into()));
        entry.is_some_and(|entry| matches!(entry.tag, b's' | b'f'))
    }

    /// What items are added to.
    pub(super) fn open(&mut self, id: u32) -> Sha256 {
        if let Some(hash) = self.open.remove(&id) {
            return hash;
        }
        let mut hash = Sha256::new();
        if let Some(entry) = self.entry(id).filter(|entry| entry.begun) {
            hash.update(entry.digest);
        }
        hash
    }

    /// Items were added.
    pub(super) fn close(&mut self, id: u32, hash: Sha256) {
        let is_made = |entry: &Entry| entry.row != NO_ROW;
        let Some(entry) = self.entry(id) else {
            return;
        };
        entry.filled = is_made(entry);
        let held = entry.held;
        self.hold_met(id);
        self.open.insert(id, hash);
        if held || self.open.len() > OPEN {
            self.seal(Some(id));
        }
        if held {
            self.add_late(id);
        }
    }

    /// Something is added to a set.
    pub(super) fn add_to_set(&mut self, id: u32, item: Hash) {
        self.open_sets.entry(id).or_default().push(item);
        self.set_items = self.set_items.saturating_add(1);
        let held = self.entry(id).is_some_and(|entry| entry.held);
        self.hold_met(id);
        if held || self.set_items > SET_ITEMS {
            self.seal(Some(id));
        }
        if held {
            self.add_late(id);
        }
    }

    /// Finishes a digest as far as something was added.
    pub(super) fn seal(&mut self, id: Option<u32>) {
        let Some(id) = id else {
            return;
        };
        let hash = match (self.open.remove(&id), self.open_sets.remove(&id)) {
            (Some(hash), _) => hash,
            (None, Some(mut items)) => {
                self.set_items = self.set_items.saturating_sub(items.len());
                items.sort_unstable();
                let mut hash = self.open(id);
                for item in items {
                    hash.update(item);
                }
                hash
            }
            (None, None) => return,
        };
        if let Some(entry) = self.entry(id) {
            entry.digest = hash.finalize().into();
            entry.begun = true;
        }
    }

    /// What was written belongs to an entry.
    fn hold_met(&mut self, id: u32) {
        let met = std::mem::take(&mut self.met);
        let long = self.entry(id).map(|entry| entry.long).unwrap_or_default();
        let long = self.trees.join(long, met);
        if let Some(entry) = self.entry(id) {
            entry.long = long;
        }
    }

    /// What was written belongs to nothing.
    pub(super) fn forget_met(&mut self) {
        self.met = Tree::default();
    }

    /// A long constant is written.
    pub(super) fn meet(&mut self, at: u64) {
        let constant = self.trees.constant(at);
        self.met = self.trees.join(self.met, constant);
    }

    fn add_late(&mut self, id: u32) {
        let entry = self.entry(id).map(|entry| (entry.digest, entry.long));
        let (digest, long) = entry.unzip();
        self.late_long = self.trees.join(self.late_long, long.unwrap_or_default());
        let mut hash = Sha256::new();
        for digest in self.late.iter().chain(&digest) {
            hash.update(digest);
        }
        self.late = Some(hash.finalize().into());
    }

    /// Writes an entry into what holds it.
    pub(super) fn write(&mut self, id: u32, out: &mut Sha256) {
        self.seal(Some(id));
        if let Some(entry) = self.entry(id) {
            entry.held = true;
            out.update([entry.tag]);
            out.update(entry.digest);
            let long = entry.long;
            self.met = self.trees.join(self.met, long);
        }
    }

    /// The digest of what was written, with the long constants in it and all that was added to something too late to be in it.
    pub(super) fn finished(&mut self, digest: Hash, constants: &mut Constants) -> Hash {
        self.whole(digest, self.met, constants)
    }

    fn whole(&mut self, digest: Hash, long: Tree, constants: &mut Constants) -> Hash {
        let digest = self.trees.with(digest, long, constants);
        let Some(late) = self.late else {
            return digest;
        };
        let late = self.trees.with(late, self.late_long, constants);
        let hash = Sha256::new().chain_update(digest).chain_update(late);
        hash.finalize().into()
    }

    /// What these globals made and was then filled or given state, with the global.
    pub(super) fn filled(
        &mut self,
        rows: &FxHashSet<usize>,
        constants: &mut Constants,
    ) -> Vec<(usize, Hash)> {
        let open: Vec<u32> = self.open.keys().copied().collect();
        for id in open {
            self.seal(Some(id));
        }
        let filled = self.entries.iter().filter(|entry| entry.filled);
        let of_rows = filled.map(|entry| (narrow(entry.row.into()), entry.digest, entry.long));
        let of_rows: Vec<_> = of_rows.filter(|(row, ..)| rows.contains(row)).collect();
        of_rows
            .into_iter()
            .map(|(row, digest, long)| (row, self.whole(digest, long, constants)))
            .collect()
    }
}
