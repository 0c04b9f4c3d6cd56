//! A window: part of a source, which cannot be left.

use std::{borrow::Cow, fmt, io, ops::Range, sync::Arc};

use super::{ByteSource, FileStamp, ReadError};
use crate::fact::Piece;

/// A range of a source. Cheap to clone; offsets are relative to it and never reach outside.
#[derive(Clone)]
pub struct Window {
    source: Arc<dyn ByteSource>,
    start: u64,
    /// `None`: to the end of a source whose length is not known yet.
    len: Option<u64>,
}

impl Window {
    /// All of a source.
    pub fn new(source: impl ByteSource + 'static) -> Self {
        Self::shared(Arc::new(source))
    }

    /// All of a source that others hold too.
    pub fn shared(source: Arc<dyn ByteSource>) -> Self {
        let len = source.known_len();
        Self {
            source,
            start: 0,
            len,
        }
    }

    /// Bytes in the window. Content that is still being decompressed is decompressed to its end to count them:
    /// [`Window::reaches`] and [`Window::known_len`] ask for less.
    pub fn len(&self) -> u64 {
        self.len
            .unwrap_or_else(|| self.source.len().saturating_sub(self.start))
    }

    /// Bytes in the window, if nothing has to be read to count them.
    pub fn known_len(&self) -> Option<u64> {
        self.len
            .or_else(|| Some(self.source.known_len()?.saturating_sub(self.start)))
    }

    /// Whether there are so many bytes.
    ///
    /// # Errors
    /// What reading answers.
    pub fn reaches(&self, length: u64) -> io::Result<bool> {
        match self.len {
            Some(len) => Ok(length <= len),
            None => self.source.reaches(self.start.saturating_add(length)),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len
            .unwrap_or_else(|| u64::from(self.reaches(1).unwrap_or(false)))
            == 0
    }

    /// Bytes from `offset` on, at most as many as there may be: content of unknown length has any number.
    fn left(&self, offset: u64) -> u64 {
        self.known_len().unwrap_or(u64::MAX).saturating_sub(offset)
    }

    /// What the file system says of the file, now, if the window is all of one.
    pub fn stamp(&self) -> Option<FileStamp> {
        let stamp = self.source.stamp()?;
        (self.start == 0 && self.len == Some(stamp.size)).then_some(stamp)
    }

    /// Whether reading backwards costs starting again from the front (compressed data).
    pub fn is_sequential(&self) -> bool {
        self.source.is_sequential()
    }

    /// Whether a byte is among the `most` bytes from `from` on; of more than those, that it may be.
    ///
    /// # Errors
    /// What reading answers.
    pub fn holds(&self, byte: u8, from: u64, most: u64) -> io::Result<bool> {
        const CHUNK: usize = 256 << 10;
        let end = self
            .known_len()
            .unwrap_or(u64::MAX)
            .min(from.saturating_add(most));
        let mut chunk = vec![0; CHUNK];
        let mut at = from;
        while at < end {
            let n = self.fill_at(at, &mut chunk)?;
            if n == 0 {
                return Ok(false);
            }
            if memchr::memchr(byte, chunk.get(..n).unwrap_or_default()).is_some() {
                return Ok(true);
            }
            at = at.saturating_add(super::wide(n));
        }
        self.reaches(end.saturating_add(1))
    }

    /// A part of the window; `None` if it would reach outside.
    pub fn sub(&self, range: Range<u64>) -> Option<Self> {
        let len = range.end.checked_sub(range.start)?;
        if !self.reaches(range.end).ok()? {
            return None;
        }
        Some(self.part(range.start, Some(len)))
    }

    /// So many bytes from an offset on, or as many as there are. Content of unknown length is not read to find that out: the part
    /// may turn out shorter.
    #[must_use]
    pub fn up_to(&self, start: u64, length: u64) -> Self {
        let start = self.known_len().map_or(start, |len| start.min(len));
        self.part(start, Some(length.min(self.left(start))))
    }

    fn part(&self, start: u64, len: Option<u64>) -> Self {
        Self {
            source: Arc::clone(&self.source),
            start: self.start.saturating_add(start),
            len,
        }
    }

    /// The window from `offset` on; empty if `offset` is past its end.
    #[must_use]
    pub fn from(&self, offset: u64) -> Self {
        let Some(len) = self.known_len() else {
            return self.part(offset, None);
        };
        let offset = offset.min(len);
        self.part(offset, Some(len.saturating_sub(offset)))
    }

    /// Reads some bytes at `offset`: fewer than asked at any time, 0 at the end.
    pub fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let n = super::narrow(self.left(offset)).min(buf.len());
        match (n, buf.get_mut(..n)) {
            (0, _) | (_, None) => Ok(0),
            (_, Some(buf)) => self.source.read_at(self.start.saturating_add(offset), buf),
        }
    }

    /// Fills `buf` from `offset` as far as there are bytes; returns how many.
    pub fn fill_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut filled: usize = 0;
        while let Some(rest) = buf.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let at = offset.saturating_add(u64::try_from(filled).unwrap_or(u64::MAX));
            match self.read_at(at, rest) {
                Ok(0) => break,
                Ok(n) => filled = filled.saturating_add(n),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(filled)
    }

    /// Up to `max` bytes from `offset`: fewer only at the end.
    pub fn bytes_at(&self, offset: u64, max: usize) -> io::Result<Vec<u8>> {
        let mut buf = vec![0; max.min(super::narrow(self.left(offset)))];
        let n = self.fill_at(offset, &mut buf)?;
        buf.truncate(n);
        Ok(buf)
    }

    /// The same bytes as [`Window::bytes_at`] gives, without a copy where they are in memory.
    ///
    /// # Errors
    /// What reading answers.
    pub fn borrow_at(&self, offset: u64, max: usize) -> io::Result<Cow<'_, [u8]>> {
        let Some(all) = self.source.in_memory() else {
            return self.bytes_at(offset, max).map(Cow::Owned);
        };
        let n = super::narrow(self.left(offset));
        let rest = usize::try_from(self.start.saturating_add(offset))
            .ok()
            .and_then(|at| all.get(at..))
            .unwrap_or_default();
        Ok(Cow::Borrowed(rest.get(..n.min(max)).unwrap_or(rest)))
    }

    /// Whether it is known, without reading, that a byte occurs nowhere.
    pub fn lacks(&self, byte: u8) -> bool {
        self.source.lacks(byte)
    }

    /// Exactly the bytes of `range`, which must be small enough to hold in memory (the caller has checked a limit).
    ///
    /// # Errors
    /// [`ReadError::Malformed`] naming the piece if the window ends before.
    pub fn exact(&self, range: Range<u64>, piece: Piece) -> Result<Vec<u8>, ReadError> {
        let wanted = range.end.saturating_sub(range.start);
        if !self.reaches(range.end)? {
            let left = self.len().saturating_sub(range.start);
            return Err(ReadError::truncated(piece, wanted, left));
        }
        let buf = self.bytes_at(range.start, usize::try_from(wanted).unwrap_or(usize::MAX))?;
        let got = u64::try_from(buf.len()).unwrap_or(u64::MAX);
        if got < wanted {
            Err(ReadError::truncated(piece, wanted, got))
        } else {
            Ok(buf)
        }
    }
}

impl fmt::Debug for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Window({}..+{:?})", self.start, self.len)
    }
}
