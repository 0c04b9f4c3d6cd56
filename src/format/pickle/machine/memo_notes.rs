//! What an observer notes of memo entries.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::bytes::{Budget, HeldMemory, ReadError, narrow};

/// How many notes there is room for at first, and how many more each time.
const STEP: usize = 1 << 14;

/// What an entry of the map takes besides its note.
const ENTRY: usize = 40;

/// Notes by index. Picklers count up, so most are in order.
#[derive(Debug)]
pub(super) struct MemoNotes<N> {
    first: Vec<N>,
    first_room: usize,
    others: FxHashMap<u64, N>,
    others_room: usize,
    memory: HeldMemory,
}

impl<N: Copy + Default> MemoNotes<N> {
    pub(super) fn new(budget: &Arc<Budget>) -> Self {
        Self {
            first: Vec::new(),
            first_room: 0,
            others: FxHashMap::default(),
            others_room: 0,
            memory: HeldMemory::new(budget),
        }
    }

    /// A copy, if there is memory for it.
    pub(super) fn copy(&self) -> Option<Self> {
        Some(Self {
            memory: self.memory.copy()?,
            first: self.first.clone(),
            others: self.others.clone(),
            ..*self
        })
    }

    /// Keeps a note.
    ///
    /// # Errors
    /// [`ReadError::Limit`] if there is no memory for it.
    #[inline]
    pub(super) fn put(&mut self, index: u64, note: N) -> Result<(), ReadError> {
        let at = narrow(index);
        if let Some(slot) = self.first.get_mut(at) {
            *slot = note;
        } else if at == self.first.len() {
            if at >= self.first_room {
                self.memory.take(STEP.saturating_mul(size_of::<N>()))?;
                self.first_room = self.first_room.saturating_add(STEP);
            }
            if !self.others.is_empty() {
                self.others.remove(&index);
            }
            self.first.push(note);
        } else {
            if self.others.len() >= self.others_room {
                let entry = size_of::<N>().saturating_add(ENTRY);
                self.memory.take(STEP.saturating_mul(entry))?;
                self.others_room = self.others_room.saturating_add(STEP);
            }
            self.others.insert(index, note);
        }
        Ok(())
    }

    #[inline]
    pub(super) fn get(&self, index: u64) -> N {
        if let Some(note) = self.first.get(narrow(index)) {
            return *note;
        }
        if self.others.is_empty() {
            return N::default();
        }
        self.others.get(&index).copied().unwrap_or_default()
    }

    /// Notes nothing any more. Their memory stays taken: an allocator may keep it.
    pub(super) fn forget(&mut self) {
        self.first = Vec::new();
        self.first_room = 0;
        self.others = FxHashMap::default();
        self.others_room = 0;
    }
}
