//! The memo: what PUT and MEMOIZE store and GET fetches, in chunks, so that growing copies nothing.

use rustc_hash::FxHashMap;

use super::value::Value;
use crate::{
    bytes::{narrow, wide},
    limits,
};

const CHUNK: usize = 4096;
/// Marks an entry that was never set: the number is larger than any offset, index or node in use.
const UNSET: Value = Value::new(super::value::Kind::Stale, u64::MAX);
/// Indexes so far past the rest are kept in a map: CPython would allocate an array up to them.
const GAP: usize = 1 << 16;

/// Memo entries by index.
#[derive(Debug, Clone, Default)]
pub struct Memo {
    chunks: Vec<Box<[Value; CHUNK]>>,
    far: FxHashMap<u64, Value>,
    set: u64,
}

/// What storing an entry met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    /// Nothing unusual.
    Fine,
    /// An index far beyond the entries there are.
    Far,
    /// A limit: the entry is not stored.
    Full,
}

impl Memo {
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
        let have = self.chunks.len().saturating_mul(CHUNK);
        if index >= limits::MEMO || wide(self.far.len()) >= wide(GAP) {
            // CPython's dictionary-based unpickler has no such limit; what a later GET fetches is then unknown.
            if self.far.len() >= GAP {
                return Stored::Full;
            }
            if self.far.insert(index, value).is_none() {
                self.set = self.set.saturating_add(1);
            }
            return Stored::Far;
        }
        if narrow(index) > have.saturating_add(GAP) {
            if self.far.insert(index, value).is_none() {
                self.set = self.set.saturating_add(1);
            }
            return Stored::Far;
        }
        while self.chunks.len().saturating_mul(CHUNK) <= narrow(index) {
            #[allow(clippy::large_stack_arrays, reason = "32 KiB, boxed at once")]
            self.chunks.push(Box::new([UNSET; CHUNK]));
        }
        self.put(index, value)
    }
}
