//! Operands from the byte stream, with CPython's frames.
//!
//! Most readers ignore frames. CPython's C unpickler, reading from a file, buffers exactly a frame, and an operand that
//! crosses the frame's end is then taken from *after* the frame, while `loads` and others take it where it stands. So
//! such an operand is a [`Straddle`]: the machine goes on as `loads` does and reads the other way as well.

use std::io;

use super::text::Letters;
use crate::{
    bytes::{ReadError, Stream, Window, narrow, wide},
    fact::{PickleAnomaly, PickleFault, Piece},
    limits,
};

/// An operand that crosses the end of its frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Straddle {
    /// Where the operand stands.
    pub at: u64,
    /// Where the frame ends, and where the other reading takes the operand.
    pub frame_end: u64,
}

/// Takes opcodes and operands off a window.
#[derive(Debug)]
pub(super) struct Lexer {
    stream: Stream,
    frame_end: u64,
    /// The straddle met by the opcode being read.
    pub straddle: Option<Straddle>,
    /// The straddle to be read the other way.
    jump: Option<Straddle>,
}

/// A line operand, without its line feed.
#[derive(Debug)]
pub(super) struct Line<'a> {
    /// The bytes before the line feed, or before the end.
    pub bytes: &'a [u8],
    /// Whether there was a line feed.
    pub ended: bool,
}

impl Lexer {
    /// At `offset` of the window.
    pub(super) fn new(window: Window, offset: u64) -> Self {
        Self {
            stream: Stream::new(window, offset),
            frame_end: u64::MAX,
            straddle: None,
            jump: None,
        }
    }

    /// The offset of the next byte.
    #[inline]
    pub(super) fn offset(&self) -> u64 {
        self.stream.offset()
    }

    /// The next byte, which stays the next; `None` at the end.
    pub(super) fn next_byte(&self) -> Option<u8> {
        if let Some(byte) = self.stream.buffered().first() {
            return Some(*byte);
        }
        let read = self.stream.window().bytes_at(self.offset(), 1).ok()?;
        read.first().copied()
    }

    /// Whether the next opcode takes an operand that does not stand behind it.
    #[inline]
    pub(super) fn is_going_other_way(&self) -> bool {
        self.jump.is_some()
    }

    /// Where the frame ends that the position is inside of.
    pub(super) fn inside_frame(&self) -> Option<u64> {
        (self.stream.offset() < self.frame_end && self.frame_end != u64::MAX)
            .then_some(self.frame_end)
    }

    /// Goes back to an opcode to read one of its operands from after its frame.
    pub(super) fn take_other_way(&mut self, opcode_at: u64, straddle: Straddle) {
        self.stream.seek(opcode_at);
        self.frame_end = u64::MAX;
        self.straddle = None;
        self.jump = Some(straddle);
    }

    /// The next opcode byte; `None` at the end.
    #[inline]
    pub(super) fn opcode(&mut self) -> io::Result<Option<u8>> {
        if self.stream.offset() >= self.frame_end {
            self.frame_end = u64::MAX;
        }
        if let Some([code]) = self.stream.take_array() {
            return Ok(Some(code));
        }
        Ok(self
            .stream
            .take(1)?
            .and_then(|bytes| bytes.first())
            .copied())
    }

    /// What must hold before `n` bytes of an operand are taken.
    #[inline]
    fn operand(&mut self, n: u64) {
        if !self.is_plain(n) {
            self.operand_in_frame(n);
        }
    }

    /// Whether the next `n` bytes are an operand that stands in its frame, or in none.
    #[inline]
    fn is_plain(&self, n: u64) -> bool {
        let at = self.stream.offset();
        self.jump.is_none() && at < self.frame_end && at.saturating_add(n) <= self.frame_end
    }

    #[cold]
    fn operand_in_frame(&mut self, n: u64) {
        let at = self.stream.offset();
        if let Some(jump) = self.jump.filter(|jump| jump.at == at) {
            self.stream.seek(jump.frame_end);
            self.jump = None;
        } else if at >= self.frame_end {
            self.frame_end = u64::MAX;
        } else if at.saturating_add(n) > self.frame_end {
            self.straddle = Some(Straddle {
                at,
                frame_end: self.frame_end,
            });
            self.frame_end = u64::MAX;
        }
    }

    /// A fixed-width operand.
    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        self.operand(wide(N));
        match self.stream.take_array() {
            Some(array) => Ok(array),
            None => self.array_beyond(),
        }
    }

    /// A fixed-width operand that is not buffered whole.
    #[cold]
    fn array_beyond<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        if let Some(array) = self.stream.take(N)?.and_then(|bytes| bytes.try_into().ok()) {
            return Ok(array);
        }
        let left = self.stream.left();
        Err(ReadError::truncated(Piece::PickleOperand, wide(N), left))
    }

    /// An operand of `n` bytes that is small enough to hold (the caller compares with a limit).
    #[inline]
    pub(super) fn short(&mut self, n: usize) -> Result<&[u8], ReadError> {
        self.operand(wide(n));
        if !self.stream.has(wide(n))? {
            let left = self.stream.left();
            return Err(ReadError::truncated(Piece::PickleOperand, wide(n), left));
        }
        let bytes = self.stream.take(n)?;
        bytes.ok_or_else(|| ReadError::truncated(Piece::PickleOperand, wide(n), 0))
    }

    /// Bytes that were read not long ago, if they are still at hand.
    pub(super) fn recent(&self, at: u64, len: usize) -> Option<&[u8]> {
        self.stream.recent(at, len)
    }

    /// Moves past an operand of `n` bytes without reading it. `contiguous`: CPython reads it in one piece, whatever the frame.
    pub(super) fn skip(&mut self, n: u64, contiguous: bool) -> Result<(), ReadError> {
        if contiguous {
            self.leave_frame(n);
        } else {
            self.operand(n);
        }
        if !self.stream.has(n)? {
            // Nothing is moved, so that what follows could still be looked at.
            let left = self.stream.left();
            return Err(ReadError::truncated(Piece::PickleOperand, n, left));
        }
        self.stream.skip(n);
        Ok(())
    }

    fn leave_frame(&mut self, n: u64) {
        if self.stream.offset().saturating_add(n) > self.frame_end {
            self.frame_end = u64::MAX;
        }
    }

    /// Moves past a text operand of `n` bytes, checking that it is UTF-8 as every unpickler does; which letters it has.
    pub(super) fn skip_utf8(&mut self, n: u64) -> Result<Letters, ReadError> {
        const PIECE: usize = 64 << 10;
        self.operand(n);
        if !self.stream.has(n)? {
            let left = self.stream.left();
            return Err(ReadError::truncated(Piece::PickleString, n, left));
        }
        let (mut todo, mut letters) = (n, Letters::Ascii);
        while todo > 0 {
            let piece = narrow(todo).min(PIECE);
            let buffered = self.stream.peek(piece)?;
            let bytes = buffered.get(..piece).ok_or_else(|| {
                ReadError::truncated(Piece::PickleString, todo, wide(buffered.len()))
            })?;
            let cut = super::text::utf8_surrogatepass(bytes).map_err(|()| not_utf8())?;
            if wide(piece) == todo && cut > 0 || cut == piece {
                return Err(not_utf8());
            }
            let done = piece.saturating_sub(cut);
            letters = letters.max(Letters::of(bytes.get(..done).unwrap_or_default()));
            self.stream.advance(done);
            todo = todo.saturating_sub(wide(done));
        }
        Ok(letters)
    }

    /// Everything up to the next line feed, which is passed over; or up to the end.
    pub(super) fn line(&mut self) -> Result<Line<'_>, ReadError> {
        self.operand(1);
        let mut searched = 0;
        let mut want = 256;
        let (length, ended) = loop {
            let buffered = self.stream.peek(want)?;
            let fresh = buffered.get(searched..).unwrap_or_default();
            if let Some(at) = memchr::memchr(b'\n', fresh) {
                break (searched.saturating_add(at), true);
            }
            searched = buffered.len();
            if searched < want {
                break (searched, false);
            }
            if wide(searched) >= limits::LINE_BYTES {
                // Without a line feed it is no operand: nothing so long names anything, and every unpickler stops here.
                let from = self.stream.offset().saturating_add(wide(searched));
                if !self
                    .stream
                    .window()
                    .holds(b'\n', from, limits::LINE_SEARCH)?
                {
                    return Err(ReadError::malformed(PickleFault::LineFeedMissing {
                        op: None,
                    }));
                }
                return Err(ReadError::Limit(limits::Id::LINE_BYTES));
            }
            want = want.saturating_mul(4);
        };
        let whole = length.saturating_add(usize::from(ended));
        self.operand(wide(whole));
        let bytes = self.stream.take(whole)?.unwrap_or_default();
        Ok(Line {
            bytes: bytes.get(..length).unwrap_or_default(),
            ended,
        })
    }

    /// Begins a frame of `n` bytes here. CPython reads it whole, so it must be there.
    pub(super) fn frame(&mut self, n: u64) -> Result<(), PickleAnomaly> {
        let at = self.stream.offset();
        if self.frame_end != u64::MAX && at < self.frame_end {
            // A frame inside a frame: within the buffer nothing changes, beyond it the buffer is replaced.
            self.operand(n);
            if self.straddle.is_none() {
                return self.frame_fits(n);
            }
        } else {
            self.operand(n);
        }
        self.frame_fits(n)?;
        self.frame_end = self.stream.offset().saturating_add(n);
        Ok(())
    }

    fn frame_fits(&self, n: u64) -> Result<(), PickleAnomaly> {
        // Bytes that cannot be had are found where they are read.
        if self.stream.has(n).unwrap_or(true) {
            Ok(())
        } else {
            let left = self.stream.left();
            Err(PickleAnomaly::FramePastEnd { announced: n, left })
        }
    }
}

fn not_utf8() -> ReadError {
    ReadError::malformed(PickleFault::StringNotUtf8)
}
