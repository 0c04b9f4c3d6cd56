//! A cursor over bytes in memory: fixed-width fields, sub-cursors that a length field cannot escape.

use super::{ReadError, wide};
use crate::fact::Piece;

/// Walks a slice; every step is checked, and an error says what was cut off.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    piece: Piece,
    pos: usize,
}

impl<'a> Cursor<'a> {
    /// At the first byte of a piece of a format.
    pub fn new(bytes: &'a [u8], piece: Piece) -> Self {
        Self {
            bytes,
            piece,
            pos: 0,
        }
    }

    /// Bytes passed so far.
    pub fn position(&self) -> usize {
        self.pos
    }

    /// What is left.
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.pos..).unwrap_or_default()
    }

    /// The next `n` bytes.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], ReadError> {
        let rest = self.rest();
        let taken = rest
            .get(..n)
            .ok_or_else(|| ReadError::truncated(self.piece, wide(n), wide(rest.len())))?;
        self.pos = self.pos.saturating_add(n);
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        let taken = self.take(N)?;
        taken
            .try_into()
            .map_err(|_| ReadError::truncated(self.piece, wide(N), wide(taken.len())))
    }

    /// One byte.
    pub fn u8(&mut self) -> Result<u8, ReadError> {
        self.array().map(u8::from_le_bytes)
    }

    /// Two bytes, little-endian.
    pub fn u16(&mut self) -> Result<u16, ReadError> {
        self.array().map(u16::from_le_bytes)
    }

    /// Four bytes, little-endian.
    pub fn u32(&mut self) -> Result<u32, ReadError> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes, little-endian.
    pub fn u64(&mut self) -> Result<u64, ReadError> {
        self.array().map(u64::from_le_bytes)
    }
}
