//! What the parts behind the trees are written with: sizes, marks, flatbuffers with a size before them, and hash tables.

use crate::{
    bytes::{ReadError, Window, narrow, wide},
    fact::Piece,
    format::trees::wrong_value,
};

/// What a mark is filled up to.
const MARK: usize = 16;
/// Bytes that are looked at together to find an empty slot.
const CHUNK: u64 = 64 << 10;

/// The number of a part.
pub(super) type Guid = [u8; 16];

/// A hash table: the library looks from slot to slot until one is empty.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slots {
    /// Bytes of a slot, of which the first are its key.
    pub(super) size: usize,
    /// The bytes of a key, all of them set in an empty slot.
    pub(super) key: usize,
}

/// Walks what stands behind the trees.
#[derive(Debug)]
pub(super) struct Stream<'w> {
    window: &'w Window,
    pub(super) at: u64,
}

impl<'w> Stream<'w> {
    pub(super) fn new(window: &'w Window, at: u64) -> Self {
        Self { window, at }
    }

    /// Whether nothing follows.
    pub(super) fn is_over(&self) -> Result<bool, ReadError> {
        Ok(!self.window.reaches(self.at.saturating_add(1))?)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        let end = self.at.saturating_add(wide(N));
        let bytes = self.window.exact(self.at..end, Piece::Trees)?;
        self.at = end;
        bytes
            .first_chunk()
            .copied()
            .ok_or_else(|| ReadError::truncated(Piece::Trees, wide(N), 0))
    }

    pub(super) fn u8(&mut self) -> Result<u8, ReadError> {
        self.array().map(u8::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, ReadError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, ReadError> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn guid(&mut self) -> Result<Guid, ReadError> {
        self.array()
    }

    /// How many items follow: a number of four bytes, or of eight behind one that is full.
    pub(super) fn count(&mut self) -> Result<u64, ReadError> {
        match self.u32()? {
            u32::MAX => self.u64(),
            count => Ok(u64::from(count)),
        }
    }

    /// So many bytes.
    pub(super) fn bytes(&mut self, size: u64) -> Result<Window, ReadError> {
        let part = super::part(self.window, self.at, size)?;
        self.at = self.at.saturating_add(size);
        Ok(part)
    }

    /// So many items of a size.
    pub(super) fn items(&mut self, count: u64, size: u64) -> Result<Window, ReadError> {
        self.bytes(count.saturating_mul(size))
    }

    /// A flatbuffer, with its size before it.
    pub(super) fn table(&mut self) -> Result<Window, ReadError> {
        let size = self.u64()?;
        self.bytes(size)
    }

    /// What something begins with, filled up with zeros.
    pub(super) fn mark(&mut self, mark: &str) -> Result<(), ReadError> {
        let found: [u8; MARK] = self.array()?;
        let (start, rest) = found.split_at(mark.len().min(MARK));
        if start == mark.as_bytes() && rest.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        Err(wrong_value(mark))
    }

    /// A hash table of so many slots.
    pub(super) fn slots(&mut self, name: &str, count: u64, slots: Slots) -> Result<(), ReadError> {
        let table = self.items(count, wide(slots.size))?;
        if !count.is_power_of_two() || !has_empty(&table, slots)? {
            return Err(wrong_value(name));
        }
        Ok(())
    }
}

/// Whether a hash table has an empty slot. The half of a genuine one is empty: the first few are seldom all full.
fn has_empty(table: &Window, slots: Slots) -> Result<bool, ReadError> {
    let mut at = 0;
    loop {
        let chunk = table.bytes_at(at, narrow(CHUNK))?;
        if chunk.is_empty() {
            return Ok(false);
        }
        let mut each = chunk.chunks_exact(slots.size);
        let is_empty = |slot: &[u8]| slot.iter().take(slots.key).all(|byte| *byte == u8::MAX);
        if each.any(is_empty) {
            return Ok(true);
        }
        at = at.saturating_add(CHUNK);
    }
}
