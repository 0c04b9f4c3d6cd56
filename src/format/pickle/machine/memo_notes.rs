//! What an observer notes of memo entries, in chunks: of most entries nothing is noted, and of a chunk of those nothing is kept.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::observer::Note;
use crate::{
    bytes::{Budget, HeldMemory, ReadError, narrow},
    limits,
};

const CHUNK: usize = 256;

/// How many more far notes there is room for each time, and what each takes besides the note.
const FAR_STEP: usize = 1 << 14;
const FAR_BYTES: usize = 40;

/// Notes by index.
#[derive(Debug)]
pub(super) struct MemoNotes<N> {
    chunks: Vec<Option<Box<[N; CHUNK]>>>,
    /// Those beyond the highest index that a memo has room for.
    far: FxHashMap<u64, N>,
    far_room: usize,
    memory: HeldMemory,
}

impl<N: Note> MemoNotes<N> {
    pub(super) fn new(budget: &Arc<Budget>) -> Self {
        Self {
            chunks: Vec::new(),
            far: FxHashMap::default(),
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

    /// Keeps a note.
    ///
    /// # Errors
    /// [`ReadError::Limit`] if there is no memory for it.
    #[inline]
    pub(super) fn put(&mut self, index: u64, note: N) -> Result<(), ReadError> {
        let at = narrow(index);
        if let Some(Some(chunk)) = self.chunks.get_mut(at / CHUNK)
            && let Some(slot) = chunk.get_mut(at % CHUNK)
        {
            *slot = note;
            return Ok(());
        }
        if note.is_blank() && self.far.is_empty() {
            return Ok(());
        }
        self.put_beyond(index, note)
    }

    /// Keeps a note for which there is no chunk.
    #[cold]
    fn put_beyond(&mut self, index: u64, note: N) -> Result<(), ReadError> {
        if note.is_blank() {
            self.far.remove(&index);
            return Ok(());
        }
        if index >= limits::MEMO {
            if self.far.len() >= self.far_room {
                let entry = size_of::<N>().saturating_add(FAR_BYTES);
                self.memory.take(FAR_STEP.saturating_mul(entry))?;
                self.far_room = self.far_room.saturating_add(FAR_STEP);
            }
            self.far.insert(index, note);
            return Ok(());
        }
        let number = narrow(index) / CHUNK;
        let more = number.saturating_add(1).saturating_sub(self.chunks.len());
        let table = more.saturating_mul(size_of::<Option<Box<[N; CHUNK]>>>());
        let chunk = size_of::<[N; CHUNK]>();
        self.memory.take(table.saturating_add(chunk))?;
        if more > 0 {
            self.chunks.resize(number.saturating_add(1), None);
        }
        if let Some(slot) = self.chunks.get_mut(number) {
            *slot = Some(Box::new([N::default(); CHUNK]));
        }
        self.put(index, note)
    }

    #[inline]
    pub(super) fn get(&self, index: u64) -> N {
        let at = narrow(index);
        if let Some(Some(chunk)) = self.chunks.get(at / CHUNK)
            && let Some(note) = chunk.get(at % CHUNK)
        {
            return *note;
        }
        if self.far.is_empty() {
            return N::default();
        }
        self.far.get(&index).copied().unwrap_or_default()
    }

    /// Notes nothing any more. Their memory stays taken: an allocator may keep it.
    pub(super) fn forget(&mut self) {
        self.chunks = Vec::new();
        self.far = FxHashMap::default();
        self.far_room = 0;
    }
}
