//! What both encodings of a model give: objects, arrays, numbers and texts, one after another.

use crate::{
    bytes::{ReadError, Stream, Window, narrow, wide},
    fact::{Piece, TreesFault},
    limits,
};

/// Takes numbers, as long as it answers that it may go on.
pub(in crate::format) type Each<'e> = &'e mut dyn FnMut(f64) -> Result<(), ReadError>;

/// A document that is walked from front to back. What is asked for and is not there is an error, which names the place.
pub(in crate::format) trait Source {
    /// Steps into an object.
    fn object(&mut self) -> Result<(), ReadError>;

    /// The next key of the object; `None` steps out of it.
    fn key(&mut self) -> Result<Option<String>, ReadError>;

    /// Steps into an array.
    fn array(&mut self) -> Result<(), ReadError>;

    /// Whether the array has one more item; otherwise steps out of it.
    fn item(&mut self) -> Result<bool, ReadError>;

    /// A text.
    fn text(&mut self) -> Result<String, ReadError>;

    /// An array of numbers: gives each to `each`, and says how many there are. Numbers that nobody asks for are stepped over.
    fn numbers(&mut self, each: Option<Each<'_>>) -> Result<u64, ReadError>;

    /// Steps over a value of any kind.
    fn skip(&mut self) -> Result<(), ReadError>;

    /// Where the next byte is.
    fn offset(&self) -> u64;
}

/// Bytes of a document.
#[derive(Debug)]
pub(super) struct Feed {
    stream: Stream,
    depth: usize,
}

impl Feed {
    pub(super) fn new(window: &Window, offset: u64) -> Self {
        Self {
            stream: Stream::new(window.clone(), offset),
            depth: 0,
        }
    }

    pub(super) fn offset(&self) -> u64 {
        self.stream.offset()
    }

    /// One value deeper.
    pub(super) fn enter(&mut self) -> Result<(), ReadError> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > limits::JSON_DEPTH {
            return Err(ReadError::Limit(limits::Id::JSON_DEPTH));
        }
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// The next byte, which stays; `None` at the end.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, ReadError> {
        Ok(self.stream.peek(1)?.first().copied())
    }

    /// The next byte.
    pub(super) fn next(&mut self) -> Result<u8, ReadError> {
        let [byte] = self.take()?;
        Ok(byte)
    }

    /// The next bytes.
    pub(super) fn take<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        let bytes = self.stream.peek(N)?;
        let taken = bytes.first_chunk().copied();
        let left = wide(bytes.len());
        let taken = taken.ok_or_else(|| ReadError::truncated(Piece::Trees, wide(N), left))?;
        self.stream.advance(N);
        Ok(taken)
    }

    /// So many bytes as a text.
    pub(super) fn text(&mut self, length: u64) -> Result<String, ReadError> {
        if length > limits::TREES_TEXT {
            return Err(ReadError::Limit(limits::Id::TREES_TEXT));
        }
        let at = self.offset();
        let length = narrow(length);
        let bytes = self.stream.peek(length)?;
        let left = wide(bytes.len());
        let text = bytes
            .get(..length)
            .ok_or_else(|| ReadError::truncated(Piece::Trees, wide(length), left))?;
        let text = String::from_utf8(text.to_vec()).map_err(|_| encoding(at))?;
        self.stream.advance(length);
        Ok(text)
    }

    /// Checks that a number of things of so many bytes is there.
    pub(super) fn has(&self, count: u64, size: u64) -> Result<u64, ReadError> {
        let bytes = count.saturating_mul(size);
        if !self.stream.has(bytes)? {
            let left = self.stream.left();
            return Err(ReadError::truncated(Piece::Trees, bytes, left));
        }
        Ok(bytes)
    }

    /// Steps over bytes.
    pub(super) fn skip(&mut self, bytes: u64) -> Result<(), ReadError> {
        self.has(bytes, 1)?;
        self.stream.skip(bytes);
        Ok(())
    }

    /// What the encoding does not have here.
    pub(super) fn wrong(&self) -> ReadError {
        encoding(self.offset())
    }
}

pub(super) fn encoding(at: u64) -> ReadError {
    ReadError::malformed(TreesFault::Encoding { at })
}
