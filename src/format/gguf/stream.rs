//! The header of a GGUF file, read from front to end in steps, in either byte order.

use crate::{
    bytes::{ReadError, Window, narrow, wide},
    fact::{GgufCounted, GgufFault, Piece, Text},
    limits,
};

/// What is read at a time.
const STEP: usize = 64 << 10;

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) big_endian: bool,
    /// Counts, lengths and dimensions have 4 bytes, as in version 1, instead of 8.
    pub(super) narrow: bool,
}

/// A place in the header; what is read is counted.
#[derive(Debug)]
pub(super) struct Stream<'w> {
    window: &'w Window,
    pub(super) layout: Layout,
    /// The offset of the next byte.
    at: u64,
    /// Bytes that were read, and the offset of the first.
    buffer: Vec<u8>,
    buffer_at: u64,
    read: u64,
}

impl<'w> Stream<'w> {
    pub(super) fn new(window: &'w Window, at: u64, layout: Layout) -> Self {
        Self {
            window,
            layout,
            at,
            buffer: Vec::new(),
            buffer_at: at,
            read: 0,
        }
    }

    /// The offset of the next byte.
    pub(super) fn position(&self) -> u64 {
        self.at
    }

    /// Bytes that are left.
    pub(super) fn left(&self) -> u64 {
        self.window.len().saturating_sub(self.at)
    }

    /// Makes sure that the next `n` bytes are in the buffer, and returns where they begin in it.
    fn fill(&mut self, n: usize) -> Result<usize, ReadError> {
        let begins = self.at.checked_sub(self.buffer_at).map(narrow);
        if let Some(begin) = begins
            && begin.saturating_add(n) <= self.buffer.len()
        {
            return Ok(begin);
        }
        if wide(n) > self.left() {
            return Err(ReadError::truncated(
                Piece::GgufHeader,
                wide(n),
                self.left(),
            ));
        }
        self.buffer = self.window.bytes_at(self.at, n.max(STEP))?;
        self.buffer_at = self.at;
        self.read = self.read.saturating_add(wide(self.buffer.len()));
        if self.read > limits::GGUF_HEADER {
            return Err(ReadError::Limit(limits::Id::GGUF_HEADER));
        }
        if self.buffer.len() < n {
            let left = wide(self.buffer.len());
            return Err(ReadError::truncated(Piece::GgufHeader, wide(n), left));
        }
        Ok(0)
    }

    /// The next bytes, of a length that is compared with a limit by the caller.
    fn bytes(&mut self, n: usize) -> Result<&[u8], ReadError> {
        let begin = self.fill(n)?;
        self.at = self.at.saturating_add(wide(n));
        let rest = self.buffer.get(begin..).unwrap_or_default();
        Ok(rest.get(..n).unwrap_or_default())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(N)?);
        if self.layout.big_endian {
            array.reverse();
        }
        Ok(array)
    }

    pub(super) fn u8(&mut self) -> Result<u8, ReadError> {
        self.array().map(u8::from_le_bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16, ReadError> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, ReadError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, ReadError> {
        self.array().map(u64::from_le_bytes)
    }

    /// A count, a length or a dimension.
    pub(super) fn size(&mut self) -> Result<u64, ReadError> {
        if self.layout.narrow {
            self.u32().map(u64::from)
        } else {
            self.u64()
        }
    }

    /// A number of things that take at least so many bytes each.
    pub(super) fn count(&mut self, of: GgufCounted, least: u64) -> Result<u64, ReadError> {
        let announced = self.size()?;
        let left = self.left();
        if announced > left.checked_div(least).unwrap_or(left) {
            return Err(ReadError::malformed(GgufFault::Count {
                of,
                announced,
                left,
            }));
        }
        Ok(announced)
    }

    /// Passes over bytes.
    pub(super) fn skip(&mut self, n: u64) -> Result<(), ReadError> {
        if n > self.left() {
            return Err(ReadError::truncated(Piece::GgufHeader, n, self.left()));
        }
        self.at = self.at.saturating_add(n);
        Ok(())
    }

    /// Passes over a text.
    pub(super) fn skip_text(&mut self) -> Result<(), ReadError> {
        let length = self.size()?;
        if length > self.left() {
            return Err(ReadError::truncated(Piece::GgufText, length, self.left()));
        }
        self.skip(length)
    }

    /// A text of at most so many bytes.
    pub(super) fn text(&mut self, most: usize, limit: limits::Id) -> Result<Text, ReadError> {
        let length = self.size()?;
        if length > self.left() {
            return Err(ReadError::truncated(Piece::GgufText, length, self.left()));
        }
        if length > wide(most) {
            return Err(ReadError::Limit(limit));
        }
        self.bytes(narrow(length)).map(Text::new)
    }
}
