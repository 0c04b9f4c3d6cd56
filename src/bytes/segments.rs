//! Decompressed bytes that stay in memory, in segments: what is there is never moved or copied when more comes.

use std::io::{self, Read};

use super::{ByteSource, narrow, wide};

/// How much is decompressed at a time.
pub(super) const CHUNK: usize = 32 << 10;
/// How many bytes a segment has at most. The first has one chunk, each other one as many as are there before it.
const MOST: usize = 4 << 20;

/// The first bytes of decompressed content, from its beginning on without a gap.
#[derive(Debug, Default)]
pub(super) struct Segments {
    parts: Vec<Segment>,
    /// How many bytes there are. All segments but the last are full.
    len: usize,
    /// How many there may be.
    most: usize,
}

#[derive(Debug)]
struct Segment {
    start: usize,
    /// How many bytes it takes.
    room: usize,
    bytes: Vec<u8>,
}

impl Segments {
    /// Of no more than so many bytes.
    pub(super) fn up_to(most: usize) -> Self {
        Self {
            most,
            ..Self::default()
        }
    }

    /// Whether it takes the byte at an offset as its next.
    pub(super) fn takes(&self, offset: u64) -> bool {
        offset == wide(self.len) && self.len < self.most
    }

    /// Reads at most `most` bytes more from a decoder, and returns how many.
    pub(super) fn read_from(&mut self, decoder: &mut dyn Read, most: usize) -> io::Result<usize> {
        let left = self.most.saturating_sub(self.len).min(most).min(CHUNK);
        let start = self.len;
        let is_full = |segment: &Segment| segment.bytes.len() == segment.room;
        if self.parts.last().is_none_or(is_full) {
            let room = start
                .clamp(CHUNK, MOST)
                .min(self.most.saturating_sub(start));
            self.parts.push(Segment {
                start,
                room,
                bytes: Vec::with_capacity(room),
            });
        }
        let Some(segment) = self.parts.last_mut() else {
            return Ok(0);
        };
        // Zeros are written just before the decoder writes over them, while they are in the processor's cache.
        let at = segment.bytes.len();
        let left = left.min(segment.room.saturating_sub(at));
        segment.bytes.resize(at.saturating_add(left), 0);
        let read = decoder.read(segment.bytes.get_mut(at..).unwrap_or_default());
        let n = read.as_ref().map_or(0, |&n| n.min(left));
        segment.bytes.truncate(at.saturating_add(n));
        self.len = start.saturating_add(n);
        read.map(|_| n)
    }
}

impl ByteSource for Segments {
    fn len(&self) -> u64 {
        wide(self.len)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let most = narrow(wide(self.len).saturating_sub(offset)).min(buf.len());
        let offset = narrow(offset);
        let after = self
            .parts
            .partition_point(|segment| segment.start <= offset);
        let Some(segment) = after.checked_sub(1).and_then(|at| self.parts.get(at)) else {
            return Ok(0);
        };
        let at = offset.saturating_sub(segment.start);
        let buf = buf.get_mut(..most).unwrap_or_default();
        segment.bytes.as_slice().read_at(wide(at), buf)
    }

    fn in_memory(&self) -> Option<&[u8]> {
        match self.parts.as_slice() {
            [] => Some(&[]),
            [all] => Some(&all.bytes),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CHUNK, MOST, Segments};
    use crate::bytes::{ByteSource as _, narrow, wide};

    #[test]
    fn segments_read_as_one() {
        let most = MOST * 2 + CHUNK / 2;
        let content = (0..most + CHUNK)
            .map(|at| u8::try_from(at * 31 % 251).unwrap())
            .collect::<Vec<_>>();
        let mut decoder = content.as_slice();
        let mut held = Segments::up_to(most);
        while held.takes(held.len()) {
            assert!(held.read_from(&mut decoder, 30_001).unwrap() > 0);
            assert_eq!(held.in_memory().is_some(), held.len() <= wide(CHUNK));
        }
        assert_eq!(held.len(), wide(most), "no more than it may");
        let mut read = Vec::new();
        let mut buf = [0; 10_007];
        loop {
            let n = held.read_at(wide(read.len()), &mut buf).unwrap();
            if n == 0 {
                break;
            }
            read.extend_from_slice(buf.get(..n).unwrap());
        }
        assert_eq!(read.len(), most);
        assert!(content.starts_with(&read));
        for at in [0, CHUNK - 1, CHUNK, 2 * CHUNK, MOST, most - 1] {
            assert_eq!(held.read_at(wide(at), &mut buf[..1]).unwrap(), 1);
            assert_eq!(buf[0], content[narrow(wide(at))]);
        }
        assert_eq!(held.read_at(wide(most), &mut buf).unwrap(), 0);
        assert_eq!(held.read_at(u64::MAX, &mut buf).unwrap(), 0);
    }
}
