//! The memo: what PUT and MEMOIZE store and GET fetches, in chunks, so that growing copies nothing. Indexes that leave most of
//! the chunks before them empty are kept in a map: a few bytes of a file must not cost a chunk each.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::value::Value;
use crate::{
    bytes::{Budget, HeldMemory, narrow, wide},
    limits,
};

const CHUNK: usize = 4096;
/// Marks an entry that was never set: the number is larger than any offset, index or node in use.
const UNSET: Value = Value::new(super::value::ValueKind::Stale, u64::MAX);
/// An index so far past the highest is unusual: CPython allocates an array up to it. Up to this many entries need no reason.
const GAP: usize = 1 << 16;

/// Memo entries by index.
#[derive(Debug)]
pub struct Memo {
    chunks: Vec<Box<[Value; CHUNK]>>,
    /// Entries that have no chunk; one that has a chunk as well is the chunk's.
    far: FxHashMap<u64, Value>,
    set: u64,
    /// The index after the highest that was stored.
    top: u64,
    /// As many far entries as there is memory for.
    far_room: usize,
    memory: HeldMemory,
}

/// How many more far entries there is room for each time, and what each takes.
const FAR_STEP: usize = 1 << 14;
const FAR_BYTES: usize = 48;

/// What storing an entry met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    /// Nothing unusual.
    Fine,
    /// An index far beyond the entries there are.
    Far,
    /// A limit is reached: the entry is not stored.
    Full(limits::Id),
}

impl Memo {
    /// No entries yet.
    pub(super) fn new(budget: &Arc<Budget>) -> Self {
        Self {
            chunks: Vec::new(),
            far: FxHashMap::default(),
            set: 0,
            top: 0,
            far_room: 0,
            memory: HeldMemory::new(budget),
        }
    }

    /// A copy, if there is memory for it.
    pub(super) fn copy(&self) -> Option<Self> {
        Some(Self {
            memory: self.memory.copy()?,
            chunks: self.chunks.clone(),
            far: self.far.clone(),
            ..*self
        })
    }

    /// How many entries are set: the index that MEMOIZE takes.
    pub(in crate::format::pickle) fn len(&self) -> u64 {
        self.set
    }

    /// The entry at an index.
    #[inline]
    pub(in crate::format::pickle) fn get(&self, index: u64) -> Option<Value> {
        let at = narrow(index);
        let near = self
            .chunks
            .get(at / CHUNK)
            .and_then(|chunk| chunk.get(at % CHUNK))
            .copied();
        match near {
            Some(value) if value != UNSET => Some(value),
            _ if self.far.is_empty() => None,
            _ => self.far.get(&index).copied(),
        }
    }

    /// Sets the entry at an index.
    #[inline]
    pub(in crate::format::pickle) fn put(&mut self, index: u64, value: Value) -> Stored {
        let at = narrow(index);
        if let Some(slot) = self
            .chunks
            .get_mut(at / CHUNK)
            .and_then(|chunk| chunk.get_mut(at % CHUNK))
        {
            if *slot == UNSET && (self.far.is_empty() || !self.far.contains_key(&index)) {
                self.set = self.set.saturating_add(1);
            }
            *slot = value;
            return Stored::Fine;
        }
        self.put_beyond(index, value)
    }

    #[cold]
    #[allow(
        clippy::large_stack_arrays,
        reason = "a chunk of known length needs no second check of its bounds"
    )]
    fn put_beyond(&mut self, index: u64, value: Value) -> Stored {
        let have = wide(self.chunks.len().saturating_mul(CHUNK)).max(self.top);
        let unusual = index >= limits::MEMO || index > have.saturating_add(wide(GAP));
        let chunks = (narrow(index) / CHUNK).saturating_add(1);
        let slots = chunks.saturating_mul(CHUNK);
        // Half of the chunks are filled, or it is the few that any pickle may have.
        let dense = slots <= GAP || wide(slots) <= self.set.saturating_mul(2);
        if index < limits::MEMO && dense {
            while self.chunks.len() < chunks {
                if self.memory.take(size_of::<[Value; CHUNK]>()).is_err() {
                    return Stored::Full(limits::Id::VALUE_BYTES);
                }
                #[allow(clippy::large_stack_arrays, reason = "32 KiB, boxed at once")]
                self.chunks.push(Box::new([UNSET; CHUNK]));
            }
            self.top = self.top.max(index.saturating_add(1));
            self.put(index, value);
        } else {
            if self.far.len() >= limits::FAR_INDEXES && !self.far.contains_key(&index) {
                return Stored::Full(limits::Id::FAR_INDEXES);
            }
            if self.far.len() >= self.far_room {
                let bytes = FAR_STEP.saturating_mul(FAR_BYTES);
                if self.memory.take(bytes).is_err() {
                    return Stored::Full(limits::Id::VALUE_BYTES);
                }
                self.far_room = self.far_room.saturating_add(FAR_STEP);
            }
            if self.far.insert(index, value).is_none() {
                self.set = self.set.saturating_add(1);
            }
            if !unusual {
                self.top = self.top.max(index.saturating_add(1));
            }
        }
        if unusual { Stored::Far } else { Stored::Fine }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{CHUNK, GAP, Memo, Stored, Value};
    use crate::{bytes::wide, format::pickle::value::ValueKind, limits};

    fn empty() -> Memo {
        Memo::new(&Arc::default())
    }

    fn value(n: u64) -> Value {
        Value::new(ValueKind::Stale, n)
    }

    #[test]
    fn what_is_put_is_got_however_it_is_kept() {
        // Densely, with holes, backwards, and a dense run over what was kept in the map.
        let orders: [Vec<u64>; 5] = [
            (0..20_000).collect(),
            (0..5_000).map(|n| n * 300).collect(),
            (0..1_000).map(|n| n * 65_536).collect(),
            (0..20_000).rev().collect(),
            (0..400).map(|n| n * 500).chain(0..200_000).collect(),
        ];
        for order in orders {
            let mut memo = empty();
            for (n, index) in order.iter().enumerate() {
                assert!(!matches!(memo.put(*index, value(wide(n))), Stored::Full(_)));
            }
            let mut last: std::collections::BTreeMap<u64, u64> = std::collections::BTreeMap::new();
            for (n, index) in order.iter().enumerate() {
                last.insert(*index, wide(n));
            }
            assert_eq!(memo.len(), wide(last.len()));
            for (index, n) in &last {
                assert_eq!(memo.get(*index), Some(value(*n)), "{index}");
                if !last.contains_key(&(index + 1)) {
                    assert_eq!(memo.get(index + 1), None, "{index}");
                }
            }
        }
    }

    #[test]
    fn holes_cost_no_chunks() {
        let mut memo = empty();
        for n in 0..60_000 {
            memo.put(n * 300, value(n));
        }
        assert!(memo.chunks.len() * CHUNK <= GAP.max(2 * 60_000));
        let mut dense = empty();
        for n in 0..100_000 {
            dense.put(n, value(n));
        }
        assert!(dense.far.is_empty());
    }

    #[test]
    fn what_is_far_away_is_told_and_bounded() {
        let mut memo = empty();
        assert_eq!(memo.put(wide(GAP), value(0)), Stored::Fine);
        assert_eq!(memo.put(limits::MEMO, value(0)), Stored::Far);
        assert_eq!(memo.put(u64::MAX, value(1)), Stored::Far);
        assert_eq!(memo.get(u64::MAX), Some(value(1)));
        let full =
            (0..=wide(limits::FAR_INDEXES)).map(|n| memo.put(limits::MEMO + 8 * n, value(n)));
        assert_eq!(full.last(), Some(Stored::Full(limits::Id::FAR_INDEXES)));
    }
}
