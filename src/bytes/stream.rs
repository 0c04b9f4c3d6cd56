//! A window walked from front to back in large chunks, with skips that cost nothing.

use std::io;

use super::{Window, narrow, wide};

/// The chunk grows to this: large enough that a system call per chunk costs nothing, small enough for a cache.
const CHUNK: usize = 256 << 10;
/// The first chunk: most pickles inside archives are smaller.
const FIRST: usize = 16 << 10;

/// Bytes before the position that stay buffered.
const KEPT: usize = 4096;

/// A buffered walk over a window. Skipping moves the position; bytes skipped past the buffer are never read.
#[derive(Debug)]
pub struct Stream {
    window: Window,
    buf: Vec<u8>,
    /// Where in the window `buf` begins.
    base: u64,
    pos: usize,
}

impl Stream {
    /// At `offset` of the window.
    pub fn new(window: Window, offset: u64) -> Self {
        Self {
            window,
            buf: Vec::new(),
            base: offset,
            pos: 0,
        }
    }

    /// The window walked over.
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// The offset in the window of the next byte.
    #[inline]
    pub fn offset(&self) -> u64 {
        self.base.wrapping_add(wide(self.pos))
    }

    /// Bytes left, as far as the window knows its length.
    pub fn left(&self) -> u64 {
        self.window.len().saturating_sub(self.offset())
    }

    /// Whether so many bytes are left.
    ///
    /// # Errors
    /// What reading answers.
    #[inline]
    pub fn has(&self, n: u64) -> io::Result<bool> {
        if n <= wide(self.buffered().len()) {
            return Ok(true);
        }
        self.window.reaches(self.offset().saturating_add(n))
    }

    /// What is buffered from here on.
    #[inline]
    pub fn buffered(&self) -> &[u8] {
        self.buf.get(self.pos..).unwrap_or_default()
    }

    /// Buffers at least `n` more bytes if there are so many, and returns what is buffered: shorter than `n` only at the end.
    ///
    /// The caller has checked `n` against a limit; it bounds the memory used.
    #[inline]
    pub fn peek(&mut self, n: usize) -> io::Result<&[u8]> {
        if self.buffered().len() < n {
            self.refill(n)?;
        }
        Ok(self.buffered())
    }

    /// Bytes at an offset, if they are still buffered: those moved past last are.
    pub fn recent(&self, offset: u64, n: usize) -> Option<&[u8]> {
        let from = narrow(offset.checked_sub(self.base)?);
        self.buf.get(from..from.checked_add(n)?)
    }

    #[cold]
    fn refill(&mut self, n: usize) -> io::Result<()> {
        let kept = self.pos.min(KEPT);
        let dropped = self.pos.saturating_sub(kept);
        self.base = self.base.wrapping_add(wide(dropped));
        self.buf.drain(..dropped);
        self.pos = kept;
        let chunk = if self.buf.capacity() == 0 {
            FIRST
        } else {
            CHUNK
        }
        .max(n)
        .saturating_add(kept);
        let have = self.buf.len();
        let want = match self.window.known_len() {
            Some(len) => narrow(len.saturating_sub(self.base))
                .saturating_sub(have)
                .min(chunk.saturating_sub(have)),
            None => chunk.saturating_sub(have),
        };
        self.buf.resize(have.saturating_add(want), 0);
        let got = match self.buf.get_mut(have..) {
            Some(tail) => self
                .window
                .fill_at(self.base.saturating_add(wide(have)), tail),
            None => Ok(0),
        };
        self.buf
            .truncate(have.saturating_add(*got.as_ref().unwrap_or(&0)));
        got.map(|_| ())
    }

    /// Moves past `n` bytes, of which at least `n` are buffered.
    #[inline]
    pub fn advance(&mut self, n: usize) {
        self.pos = self.pos.saturating_add(n).min(self.buf.len());
    }

    /// Moves past `n` bytes, buffered or not. They are there: [`Stream::has`] says it.
    #[inline]
    pub fn skip(&mut self, n: u64) {
        let buffered = wide(self.buffered().len());
        if n <= buffered {
            self.advance(narrow(n));
        } else {
            self.base = self.offset().saturating_add(n);
            self.buf.clear();
            self.pos = 0;
        }
    }

    /// The next word of a text, behind white space and moved past: empty at the end, and cut behind `most` bytes.
    ///
    /// # Errors
    /// What reading answers.
    pub fn word(&mut self, most: usize) -> io::Result<String> {
        let mut word = String::new();
        while let Some(byte) = self.peek(1)?.first().copied() {
            match byte.is_ascii_whitespace() {
                true if word.is_empty() => {}
                false if word.len() < most => word.push(char::from(byte)),
                _ => break,
            }
            self.advance(1);
        }
        Ok(word)
    }

    /// The next `n` bytes, moved past; `None`, with nothing moved, if there are fewer. The caller bounds `n`.
    #[inline]
    pub fn take(&mut self, n: usize) -> io::Result<Option<&[u8]>> {
        if self.buffered().len() < n {
            self.refill(n)?;
        }
        let end = self.pos.saturating_add(n);
        let taken = self.buf.get(self.pos..end);
        if taken.is_some() {
            self.pos = end;
        }
        Ok(taken)
    }

    /// The next `N` bytes, moved past; `None`, with nothing moved, if fewer are buffered.
    #[inline]
    pub fn take_array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let taken = *self.buffered().first_chunk()?;
        self.pos = self.pos.saturating_add(N);
        Some(taken)
    }

    /// Moves to an offset of the window, forwards or backwards.
    pub fn seek(&mut self, offset: u64) {
        let here = self.offset();
        if offset >= here {
            self.skip(offset.saturating_sub(here));
        } else {
            self.base = offset;
            self.buf.clear();
            self.pos = 0;
        }
    }
}
