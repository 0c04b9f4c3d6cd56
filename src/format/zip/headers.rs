//! Local headers, read in the order of their offsets: those that are near to each other at once.
//!
//! An archive of a hundred thousand small tensors has as many headers, and a read of the system for each takes longer than all
//! that is done with them. Bodies between two headers are read along only where they are short, so that the cost does not
//! grow with what the archive holds.

use std::{borrow::Cow, io, ops::Range};

use crate::bytes::{Window, narrow};

/// Bytes between two headers that are read along: less than a read of its own costs.
const GAP: u64 = 4 << 10;

/// Bytes that are read at once.
const BATCH: u64 = 256 << 10;

/// Reads ranges of a window, in the order of their beginnings. `T` is what the caller knows of a range.
pub(super) struct Headers<'w, T> {
    window: &'w Window,
    ranges: Vec<(Range<u64>, T)>,
    /// How many of them have been read.
    done: usize,
    /// Where the bytes that were read last begin, and where they were to end.
    base: u64,
    end: u64,
    bytes: Cow<'w, [u8]>,
}

impl<'w, T: Copy> Headers<'w, T> {
    /// Nothing is read yet.
    pub(super) fn new(window: &'w Window, ranges: Vec<(Range<u64>, T)>) -> Self {
        Self {
            window,
            ranges,
            done: 0,
            base: 0,
            end: 0,
            bytes: Cow::default(),
        }
    }

    /// The bytes of the next range, fewer only at the end of the window.
    ///
    /// # Errors
    /// What reading answers.
    pub(super) fn next(&mut self) -> io::Result<Option<(&[u8], T)>> {
        let Some((range, about)) = self.ranges.get(self.done).cloned() else {
            return Ok(None);
        };
        self.done = self.done.saturating_add(1);
        if range.start < self.base || range.end > self.end {
            self.end = self.batch(&range);
            self.base = range.start;
            let length = narrow(self.end.saturating_sub(self.base));
            self.bytes = self.window.borrow_at(self.base, length)?;
        }
        let start = narrow(range.start.saturating_sub(self.base));
        let end = narrow(range.end.saturating_sub(self.base)).min(self.bytes.len());
        let bytes = self.bytes.get(start..end).unwrap_or_default();
        Ok(Some((bytes, about)))
    }

    /// Where a read ends that begins with a range.
    fn batch(&self, first: &Range<u64>) -> u64 {
        let mut end = first.end;
        for (range, _) in self.ranges.get(self.done..).unwrap_or_default() {
            let length = range.end.saturating_sub(first.start);
            if range.start > end.saturating_add(GAP) || length > BATCH {
                break;
            }
            end = end.max(range.end);
        }
        end
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::{io, sync::Arc};

    use super::{BATCH, GAP, Headers};
    use crate::bytes::{ByteSource, Window, narrow};

    /// Bytes that say where they are, and a count of the reads.
    struct Counted(u64, Arc<AtomicUsize>);

    impl ByteSource for Counted {
        fn len(&self) -> u64 {
            self.0
        }

        fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
            self.1.fetch_add(1, Ordering::Relaxed);
            for (byte, at) in buf.iter_mut().zip(offset..) {
                *byte = at.to_le_bytes()[0] ^ at.to_le_bytes()[1];
            }
            Ok(buf.len())
        }
    }

    #[test]
    fn near_headers_are_read_at_once_and_each_is_as_if_read_alone() {
        for (starts, most) in [
            ((0..1000).map(|n| n * 200).collect::<Vec<u64>>(), 2),
            ((0..1000).map(|n| n * (GAP + 300)).collect(), 1000),
            ((0..10).map(|n| n * BATCH).collect(), 10),
            (vec![0, 0, 10, 5000, 5000], 2),
            (vec![], 0),
        ] {
            let reads = Arc::new(AtomicUsize::new(0));
            let length = starts.last().copied().unwrap_or_default() + 50;
            let window = Window::new(Counted(length, Arc::clone(&reads)));
            let ranges = starts.iter().map(|at| (*at..*at + 214, *at)).collect();
            let mut headers = Headers::new(&window, ranges);
            let mut seen = Vec::new();
            while let Some((bytes, at)) = headers.next().unwrap() {
                let expected = 214.min(length - at);
                assert_eq!(bytes.len(), narrow(expected));
                assert_eq!(
                    bytes.first(),
                    Some(&(at.to_le_bytes()[0] ^ at.to_le_bytes()[1]))
                );
                seen.push(at);
            }
            assert_eq!(seen, starts);
            let reads = reads.load(Ordering::Relaxed);
            assert!(reads <= most, "{reads} reads of {}", starts.len());
        }
    }
}
