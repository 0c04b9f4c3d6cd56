//! A text whose line feeds become CRLF, without a copy of it.
//!
//! Where each block of the text begins in what it becomes is noted once; a read makes only the blocks it touches.
#![deny(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

use std::io;

use crate::bytes::{ByteSource, Window, narrow, wide};

/// Bytes of a text that are made at a time.
const BLOCK: u64 = 16 << 10;

/// Bytes that are looked at at a time.
const CHUNK: usize = 64 << 10;

/// A text with CRLF instead of line feeds.
pub(super) struct LineEnds {
    text: Window,
    /// Where each block begins in what it becomes; at the end, how much that is.
    starts: Vec<u64>,
}

/// What is to be known of a text to tell whether git changes its line ends.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Shape {
    /// It has a line feed without a carriage return before it.
    pub(super) lone_line_feed: bool,
    /// It has a carriage return or a NUL, or more than a little that is no text.
    pub(super) is_no_lf_text: bool,
}

impl Shape {
    /// Looks at a text, or only at as much of it as shows that git leaves it alone: with `auto`, that it is no text.
    pub(super) fn of(text: &Window, auto: bool) -> io::Result<Self> {
        let mut shape = Self::default();
        let (mut plain, mut other) = (0_u64, 0_u64);
        let mut before = 0;
        let mut at = 0;
        while at < text.len() {
            let chunk = text.bytes_at(at, CHUNK)?;
            if chunk.is_empty() {
                break;
            }
            at = at.saturating_add(wide(chunk.len()));
            if !shape.lone_line_feed {
                shape.lone_line_feed = lone_line_feeds(&chunk, before).next().is_some();
            }
            before = chunk.last().copied().unwrap_or_default();
            if !auto {
                if shape.lone_line_feed {
                    return Ok(shape);
                }
                continue;
            }
            if memchr::memchr2(0, b'\r', &chunk).is_some() {
                shape.is_no_lf_text = true;
                return Ok(shape);
            }
            // A text may end as DOS once ended them.
            let end = at >= text.len();
            let chunk = chunk
                .strip_suffix(b"\x1a")
                .filter(|_| end)
                .unwrap_or(&chunk);
            let odd = chunk.iter().filter(|b| is_odd(**b)).count();
            let feeds = memchr::memchr_iter(b'\n', chunk).count();
            other = other.saturating_add(wide(odd));
            let rest = chunk.len().saturating_sub(odd).saturating_sub(feeds);
            plain = plain.saturating_add(wide(rest));
        }
        shape.is_no_lf_text = plain.checked_shr(7).unwrap_or_default() < other;
        Ok(shape)
    }
}

/// Where line feeds are that no carriage return is before; `before` is the byte before all of it.
fn lone_line_feeds(bytes: &[u8], before: u8) -> impl Iterator<Item = usize> + '_ {
    memchr::memchr_iter(b'\n', bytes).filter(move |place| {
        let last = place.checked_sub(1).and_then(|place| bytes.get(place));
        *last.unwrap_or(&before) != b'\r'
    })
}

/// What git does not count as text.
fn is_odd(byte: u8) -> bool {
    !matches!(byte, b' '..=0x7e | 0x80.. | b'\t' | b'\n' | 0x08 | 0x0c | 0x1b)
}

impl LineEnds {
    /// Notes where the blocks of a text begin.
    pub(super) fn new(text: Window) -> io::Result<Self> {
        let mut ends = Self {
            starts: vec![0],
            text,
        };
        let mut start: u64 = 0;
        let mut at: u64 = 0;
        let mut before = 0;
        while at < ends.text.len() {
            let block = ends.text.bytes_at(at, narrow(BLOCK))?;
            let added = lone_line_feeds(&block, before).count();
            start = start
                .saturating_add(wide(block.len()))
                .saturating_add(wide(added));
            ends.starts.push(start);
            before = block.last().copied().unwrap_or_default();
            at = at.saturating_add(BLOCK);
        }
        Ok(ends)
    }

    /// What a block becomes.
    fn made(&self, block: u64) -> io::Result<Vec<u8>> {
        let at = block.saturating_mul(BLOCK);
        let from = at.saturating_sub(1);
        let skip = narrow(at.saturating_sub(from));
        let bytes = self
            .text
            .bytes_at(from, narrow(BLOCK).saturating_add(skip))?;
        let mut before = if skip > 0 {
            bytes.first().copied()
        } else {
            None
        };
        let bytes = bytes.get(skip..).unwrap_or_default();
        let mut out = Vec::with_capacity(bytes.len().saturating_add(bytes.len() / 16));
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            match line.strip_suffix(b"\n") {
                Some(line) => {
                    let last = line.last().copied().or(before);
                    out.extend_from_slice(line);
                    if last != Some(b'\r') {
                        out.push(b'\r');
                    }
                    out.push(b'\n');
                }
                None => out.extend_from_slice(line),
            }
            before = Some(b'\n');
        }
        Ok(out)
    }
}

impl ByteSource for LineEnds {
    fn len(&self) -> u64 {
        self.starts.last().copied().unwrap_or_default()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        if offset >= self.len() {
            return Ok(0);
        }
        let block = self
            .starts
            .partition_point(|start| *start <= offset)
            .saturating_sub(1);
        let start = self.starts.get(block).copied().unwrap_or_default();
        let made = self.made(wide(block))?;
        made.as_slice().read_at(offset.saturating_sub(start), buf)
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, LineEnds};
    use crate::bytes::{ByteSource as _, Window, narrow};

    #[test]
    fn a_read_anywhere_is_part_of_the_whole() {
        let mut text = Vec::new();
        for n in 0..9000 {
            text.extend_from_slice(if n % 3 == 0 { b"ab\r\n" } else { b"abc\n" });
            text.extend_from_slice(b"\n");
        }
        // A pair that is cut by the end of a block.
        let cut = narrow(BLOCK);
        text[cut - 1] = b'\r';
        text[cut] = b'\n';
        let mut whole: Vec<u8> = Vec::new();
        for byte in &text {
            if *byte == b'\n' && whole.last() != Some(&b'\r') {
                whole.push(b'\r');
            }
            whole.push(*byte);
        }
        let ends = LineEnds::new(Window::new(text)).unwrap();
        assert_eq!(narrow(ends.len()), whole.len());
        let window = Window::new(ends);
        for at in (0..whole.len()).step_by(777) {
            let got = window.bytes_at(u64::try_from(at).unwrap(), 1000).unwrap();
            assert_eq!(got, whole[at..whole.len().min(at + 1000)], "{at}");
        }
    }
}
