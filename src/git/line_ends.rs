//! A text whose line feeds become CRLF, without a copy of it.
//!
//! Where each block of the text begins in what it becomes is noted once; a read makes only the blocks it touches.

use std::io;

use crate::bytes::{ByteSource, Window, narrow, wide};

/// Bytes of a text that are made at a time.
const BLOCK: u64 = 16 << 10;

/// A text with CRLF instead of line feeds.
pub(super) struct LineEnds {
    text: Window,
    /// Where each block begins in what it becomes; at the end, how much that is.
    starts: Vec<u64>,
    /// It has no byte that git does not count as text.
    is_plain: bool,
}

/// Where line feeds are that no carriage return is before; `before` is the byte before all of it.
fn lone_line_feeds(bytes: &[u8], before: u8) -> impl Iterator<Item = usize> + '_ {
    memchr::memchr_iter(b'\n', bytes).filter(move |place| {
        let last = place.checked_sub(1).and_then(|place| bytes.get(place));
        *last.unwrap_or(&before) != b'\r'
    })
}

/// What git does not count as text.
#[inline]
#[allow(
    clippy::needless_bitwise_bool,
    reason = "without branches, so that many bytes are compared at once"
)]
fn is_odd(byte: u8) -> bool {
    let text = (byte == b'\t') | (byte == b'\n') | (byte == 0x08) | (byte == 0x0c) | (byte == 0x1b);
    ((byte < b' ') | (byte == 0x7f)) & !text
}

/// How many bytes git does not count as text.
fn odd_bytes(bytes: &[u8]) -> usize {
    // Every byte of a history is asked, and few texts have one: whether a chunk has any, the processor sees of many bytes at once.
    let any = |few: &[u8]| few.iter().fold(false, |any, byte| any | is_odd(*byte));
    let chunks = bytes.chunks(256).filter(|few| any(few));
    chunks
        .map(|few| few.iter().filter(|byte| is_odd(**byte)).count())
        .fold(0, usize::saturating_add)
}

impl LineEnds {
    /// The text as git writes it, in one pass; `None` if git writes it as it is: it has no line feed without a carriage return
    /// before it or, with `auto`, does not look like a text with line feeds.
    pub(super) fn of(text: &Window, auto: bool) -> io::Result<Option<Self>> {
        let mut starts: Vec<u64> = vec![0];
        let (mut start, mut at) = (0_u64, 0_u64);
        let (mut plain, mut other) = (0_u64, 0_u64);
        let mut is_plain = true;
        let mut before = 0;
        while at < text.len() {
            let block = text.borrow_at(at, narrow(BLOCK))?;
            if block.is_empty() {
                break;
            }
            let length = wide(block.len());
            at = at.saturating_add(length);
            let added = if auto {
                if memchr::memchr2(0, b'\r', &block).is_some() {
                    return Ok(None);
                }
                // A text may end as DOS once ended them.
                let end = at >= text.len();
                let looked_at = block.strip_suffix(b"\x1a").filter(|_| end);
                is_plain &= looked_at.is_none();
                let looked_at = looked_at.unwrap_or(&block);
                let feeds = wide(memchr::memchr_iter(b'\n', looked_at).count());
                let odd = wide(odd_bytes(looked_at));
                other = other.saturating_add(odd);
                let rest = wide(looked_at.len())
                    .saturating_sub(odd)
                    .saturating_sub(feeds);
                plain = plain.saturating_add(rest);
                feeds
            } else {
                is_plain = is_plain && odd_bytes(&block) == 0;
                // Of a text without carriage returns, the feeds need not be looked at one by one.
                if is_plain {
                    wide(memchr::memchr_iter(b'\n', &block).count())
                } else {
                    wide(lone_line_feeds(&block, before).count())
                }
            };
            before = block.last().copied().unwrap_or_default();
            start = start.saturating_add(length).saturating_add(added);
            starts.push(start);
        }
        let is_binary = plain.checked_shr(7).unwrap_or_default() < other;
        if start == at || auto && is_binary {
            return Ok(None);
        }
        Ok(Some(Self {
            text: text.clone(),
            starts,
            is_plain: is_plain && other == 0,
        }))
    }

    /// Writes what a block becomes, from `skip` bytes on, as far as there is room; returns how much.
    fn write(&self, block: usize, skip: u64, buf: &mut [u8]) -> io::Result<usize> {
        let at = wide(block).saturating_mul(BLOCK);
        let from = at.saturating_sub(1);
        let lead = narrow(at.saturating_sub(from));
        let bytes = self
            .text
            .borrow_at(from, narrow(BLOCK).saturating_add(lead))?;
        let before = bytes.first().filter(|_| lead > 0);
        let before = before.copied().unwrap_or_default();
        let bytes = bytes.get(lead..).unwrap_or_default();
        let mut out = Output {
            skip: narrow(skip),
            left: buf,
            written: 0,
        };
        let mut copied = 0;
        for feed in lone_line_feeds(bytes, before) {
            out.add(bytes.get(copied..feed).unwrap_or_default());
            out.add(b"\r");
            copied = feed;
            if out.left.is_empty() {
                return Ok(out.written);
            }
        }
        out.add(bytes.get(copied..).unwrap_or_default());
        Ok(out.written)
    }
}

/// Room for a part of what a block becomes.
struct Output<'b> {
    /// Bytes before that part.
    skip: usize,
    left: &'b mut [u8],
    written: usize,
}

impl Output<'_> {
    fn add(&mut self, bytes: &[u8]) {
        let skipped = self.skip.min(bytes.len());
        self.skip = self.skip.saturating_sub(skipped);
        let bytes = bytes.get(skipped..).unwrap_or_default();
        let n = bytes.len().min(self.left.len());
        let left = std::mem::take(&mut self.left);
        if let (Some(bytes), Some((room, left))) = (bytes.get(..n), left.split_at_mut_checked(n)) {
            room.copy_from_slice(bytes);
            self.left = left;
            self.written = self.written.saturating_add(n);
        }
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
        self.write(block, offset.saturating_sub(start), buf)
    }

    fn lacks(&self, byte: u8) -> bool {
        self.is_plain && is_odd(byte) && byte != b'\r'
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, LineEnds, is_odd, odd_bytes};
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
        let ends = LineEnds::of(&Window::new(text), false).unwrap().unwrap();
        assert_eq!(narrow(ends.len()), whole.len());
        let window = Window::new(ends);
        for at in (0..whole.len()).step_by(777) {
            let got = window.bytes_at(u64::try_from(at).unwrap(), 1000).unwrap();
            assert_eq!(got, whole[at..whole.len().min(at + 1000)], "{at}");
        }
    }

    #[test]
    fn odd_bytes_are_those_that_git_does_not_count_as_text() {
        let text = |b: u8| matches!(b, b' '..=0x7e | 0x80.. | b'\t' | b'\n' | 0x08 | 0x0c | 0x1b);
        let all: Vec<u8> = (0..=255).collect();
        assert!(all.iter().all(|b| is_odd(*b) != text(*b)));
        assert_eq!(odd_bytes(&all), 27 + 1);
    }

    #[test]
    fn what_does_not_look_like_text_keeps_its_line_feeds() {
        for (text, auto, changes) in [
            (&b"a\n"[..], true, true),
            (b"a\n", false, true),
            (b"a", true, false),
            (b"a\r\n", true, false),
            (b"a\r\n", false, false),
            (b"a\r\nb\n", true, false),
            (b"a\r\nb\n", false, true),
            (b"a\0\n", true, false),
            (b"a\0\n", false, true),
            (b"a\x01\n", true, false),
            (b"a\n\x1a", true, true),
        ] {
            let window = Window::new(text.to_vec());
            let ends = LineEnds::of(&window, auto).unwrap();
            assert_eq!(ends.is_some(), changes, "{text:?} {auto}");
            // Only what is surely nowhere is lacked.
            let lacks = ends.is_some_and(|ends| ends.lacks(1));
            assert!(!lacks || !text.contains(&1));
        }
        for auto in [true, false] {
            let plain = LineEnds::of(&Window::new(b"a\n".to_vec()), auto)
                .unwrap()
                .unwrap();
            assert!(plain.lacks(6) && !plain.lacks(b'\r') && !plain.lacks(b'a'));
        }
        let odd = LineEnds::of(&Window::new(b"a\x06\n".to_vec()), false)
            .unwrap()
            .unwrap();
        assert!(!odd.lacks(6));
        let ended = LineEnds::of(&Window::new(b"a\n\x1a".to_vec()), true)
            .unwrap()
            .unwrap();
        assert!(!ended.lacks(0x1a));
    }
}
