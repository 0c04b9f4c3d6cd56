//! Members with holes: GNU's old headers and the three generations of pax records, as Python's `tarfile` takes them.
//!
//! A map says which stretches of the file stand in the archive, one after another; the rest are zeros. A map whose stretches are out of
//! order, overlap or reach outside the file is none that `tar` writes: `tarfile` makes something of it, which depends on how it is read.

use std::io;

use super::header::{BLOCK, number};
use crate::{
    bytes::{ByteSource, ReadError, Window, narrow, wide},
    limits,
};

/// Which stretches of a file stand in the archive.
#[derive(Debug)]
pub(super) struct Map {
    /// Offset in the file and length, in order.
    stretches: Vec<(u64, u64)>,
    /// Bytes in front of the data that are the map itself.
    skipped: u64,
    /// Bytes of the file.
    size: u64,
}

impl Map {
    /// `None` if it is none that `tar` writes.
    fn of(stretches: Vec<(u64, u64)>, skipped: u64, size: u64) -> Option<Self> {
        let mut last: u64 = 0;
        for (offset, length) in &stretches {
            let end = offset.checked_add(*length)?;
            if *offset < last || end > size {
                return None;
            }
            last = end;
        }
        Some(Self {
            stretches,
            skipped,
            size,
        })
    }

    /// The file, of which so many bytes stand in the archive from `start` on; `None` if the map needs others.
    pub(super) fn file(&self, window: &Window, start: u64, stored: u64) -> Option<Window> {
        let mut at = self.skipped;
        let mut pieces = Vec::with_capacity(self.stretches.len());
        for &(offset, length) in &self.stretches {
            pieces.push(Piece { offset, length, at });
            at = at.checked_add(length)?;
        }
        let file = Sparse {
            pieces,
            stored: window.up_to(start, stored),
            size: self.size,
        };
        (at <= stored).then(|| Window::new(file))
    }
}

/// A file with holes.
#[derive(Debug)]
struct Sparse {
    pieces: Vec<Piece>,
    stored: Window,
    size: u64,
}

/// A stretch of a file that is stored.
#[derive(Debug)]
struct Piece {
    offset: u64,
    length: u64,
    /// Where it stands in what is stored.
    at: u64,
}

impl ByteSource for Sparse {
    fn len(&self) -> u64 {
        self.size
    }

    fn is_sequential(&self) -> bool {
        self.stored.is_sequential()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut most = self.size.saturating_sub(offset);
        let next = self
            .pieces
            .partition_point(|piece| piece.offset.saturating_add(piece.length) <= offset);
        let mut stored = None;
        if let Some(piece) = self.pieces.get(next) {
            match offset.checked_sub(piece.offset) {
                Some(inside) => {
                    most = piece.length.saturating_sub(inside);
                    stored = Some(piece.at.saturating_add(inside));
                }
                None => most = piece.offset.saturating_sub(offset),
            }
        }
        let n = narrow(most).min(buf.len());
        let buf = buf.get_mut(..n).unwrap_or_default();
        if let Some(at) = stored {
            self.stored.read_at(at, buf)
        } else {
            buf.fill(0);
            Ok(n)
        }
    }
}

/// An integer as Python's `int` reads it, if it is not negative.
pub(super) fn integer(text: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(text).ok()?;
    let digits: String = digits.trim().chars().filter(|c| *c != '_').collect();
    digits.parse().ok()
}

/// Pairs of an offset and a length.
fn pairs(numbers: &[u64]) -> Vec<(u64, u64)> {
    let (pairs, _) = numbers.as_chunks::<2>();
    pairs
        .iter()
        .map(|[offset, length]| (*offset, *length))
        .collect()
}

/// The map in GNU's old header, which further blocks may continue, and where the data begins behind them.
pub(super) fn of_header(
    window: &Window,
    block: &[u8],
    mut start: u64,
) -> Result<(Option<Map>, u64), ReadError> {
    /// Where the pairs stand in the header and in a further block, and the byte that says whether another follows.
    const FIRST: (usize, usize, usize) = (386, 4, 482);
    const FURTHER: (usize, usize, usize) = (0, 21, 504);
    let size = block.get(483..495).and_then(number);
    let size = size.and_then(|size| u64::try_from(size).ok());
    let mut stretches = Vec::new();
    let mut known = true;
    let mut block = block.to_vec();
    let (mut at, mut count, mut more) = FIRST;
    let first = start;
    loop {
        for _ in 0..count {
            let field = |from: usize| {
                let number = block.get(from..from.checked_add(12)?).and_then(number)?;
                u64::try_from(number).ok()
            };
            let length = field(at.saturating_add(12));
            match (field(at), length) {
                (Some(offset), Some(length)) if offset > 0 || length > 0 => {
                    stretches.push((offset, length));
                }
                (Some(_), Some(_)) => {}
                _ => known = false,
            }
            at = at.saturating_add(24);
        }
        if block.get(more).is_none_or(|byte| *byte == 0) {
            break;
        }
        if start.saturating_sub(first) >= limits::TAR_EXTENDED {
            return Err(ReadError::Limit(limits::Id::TAR_EXTENDED));
        }
        block = window.bytes_at(start, BLOCK)?;
        start = start.saturating_add(wide(BLOCK));
        (at, count, more) = FURTHER;
    }
    let map = size
        .filter(|_| known)
        .and_then(|size| Map::of(stretches, 0, size));
    Ok((map, start))
}

/// What pax records say of a member with holes.
#[derive(Debug, Clone, Default)]
pub(super) struct Extended {
    /// Offsets and lengths that stand in records of their own (0.0) or in one (0.1).
    numbers: Vec<u64>,
    size: Option<u64>,
    version: (Option<u64>, Option<u64>),
    is_there: bool,
    is_broken: bool,
}

impl Extended {
    /// Takes a record, if it is about holes.
    pub(super) fn set(&mut self, key: &[u8], value: &[u8]) {
        let Some(key) = key.strip_prefix(b"GNU.sparse.") else {
            return;
        };
        self.is_there = true;
        let number = integer(value);
        match key {
            b"size" | b"realsize" => self.size = number,
            b"major" => self.version.0 = number,
            b"minor" => self.version.1 = number,
            b"offset" | b"numbytes" => {
                // One of each in turn.
                let is_offset = self.numbers.len().is_multiple_of(2);
                self.is_broken |= number.is_none() || is_offset != (key == b"offset");
                self.numbers.extend(number);
            }
            b"map" => {
                let numbers: Vec<Option<u64>> = value.split(|b| *b == b',').map(integer).collect();
                self.is_broken |= numbers.iter().any(Option::is_none);
                self.numbers = numbers.into_iter().flatten().collect();
            }
            _ => {}
        }
    }

    /// Whether the member has holes.
    pub(super) fn is_there(&self) -> bool {
        self.is_there
    }

    /// The map of a member whose data begins at `start`; `None` if it is none that `tar` writes.
    pub(super) fn map(&self, window: &Window, start: u64) -> Result<Option<Map>, ReadError> {
        let Some(size) = self.size.filter(|_| !self.is_broken) else {
            return Ok(None);
        };
        if self.version.0 == Some(1) {
            return in_data(window, start, size);
        }
        let even = self.numbers.len().is_multiple_of(2);
        Ok(Map::of(pairs(&self.numbers), 0, size).filter(|_| even))
    }
}

/// The map of pax 1.0: decimal lines in front of the data, the first of which says how many pairs follow.
fn in_data(window: &Window, start: u64, size: u64) -> Result<Option<Map>, ReadError> {
    let text = window.bytes_at(start, narrow(limits::TAR_EXTENDED))?;
    let mut lines = text.split_inclusive(|byte| *byte == b'\n');
    let mut taken: usize = 0;
    let mut next = || {
        let line = lines.next()?;
        taken = taken.saturating_add(line.len());
        integer(line.strip_suffix(b"\n")?)
    };
    let Some(count) = next() else { return Ok(None) };
    let mut numbers = Vec::new();
    for _ in 0..count.saturating_mul(2) {
        let Some(number) = next() else {
            let cut_off = wide(text.len()) >= limits::TAR_EXTENDED;
            return if cut_off {
                Err(ReadError::Limit(limits::Id::TAR_EXTENDED))
            } else {
                Ok(None)
            };
        };
        numbers.push(number);
    }
    let skipped = wide(taken.next_multiple_of(BLOCK));
    Ok(Map::of(pairs(&numbers), skipped, size))
}
