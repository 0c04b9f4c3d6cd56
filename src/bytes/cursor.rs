//! A cursor over bytes in memory: fixed-width fields, sub-cursors that a length field cannot escape.

use super::ReadError;

/// Walks a slice; every step is checked and an error names what was missing.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    pos: usize,
}

impl<'a> Cursor<'a> {
    /// At the first byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, pos: 0 }
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
    pub fn take(&mut self, n: usize, what: &str) -> Result<&'a [u8], ReadError> {
        let rest = self.rest();
        let taken = rest.get(..n).ok_or_else(|| {
            ReadError::malformed(format!("{what} needs {n} bytes, {} are left", rest.len()))
        })?;
        self.pos = self.pos.saturating_add(n);
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N], ReadError> {
        let taken = self.take(N, what)?;
        taken
            .try_into()
            .map_err(|_| ReadError::malformed(format!("{what} is cut off")))
    }

    /// One byte.
    pub fn u8(&mut self, what: &str) -> Result<u8, ReadError> {
        self.array(what).map(u8::from_le_bytes)
    }

    /// Two bytes, little-endian.
    pub fn u16(&mut self, what: &str) -> Result<u16, ReadError> {
        self.array(what).map(u16::from_le_bytes)
    }

    /// Four bytes, little-endian.
    pub fn u32(&mut self, what: &str) -> Result<u32, ReadError> {
        self.array(what).map(u32::from_le_bytes)
    }

    /// Eight bytes, little-endian.
    pub fn u64(&mut self, what: &str) -> Result<u64, ReadError> {
        self.array(what).map(u64::from_le_bytes)
    }
}
