//! What the items of NumPy's arrays come to: indices into other arrays, and nodes of trees.
//!
//! Some classes use such numbers without comparing them with what they index, and read or write memory there. An array is
//! looked at when it gets its bytes, and only once the stream has named a class that asks. A few numbers are kept of it.

pub(super) mod columns;
mod contents;
mod lines;
mod nodes;
mod spans;

use std::cell::Cell;

pub(super) use contents::Contents;
pub(super) use lines::Form;

use super::{
    digest::{Digest, Integers},
    dtype::{Column, Integer, Layout},
};
use crate::{
    bytes::{Window, wide},
    limits,
};

/// How many bytes of arrays were read. Each array has bytes of its own, unless somebody has many share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Reads(Cell<u64>);

impl Reads {
    /// Counts bytes that are to be read where a stream is at this place: whether they may be.
    pub(super) fn may_read(&self, contents: &Contents, at: u64) -> bool {
        let (length, end) = match contents {
            Contents::Kept(bytes) => (wide(bytes.len()), 0),
            Contents::At { start, length, .. } => (*length, start.saturating_add(*length)),
        };
        let read = self.0.get().saturating_add(length);
        self.0.set(read);
        read <= at.max(end).saturating_mul(limits::ARRAY_READS)
    }
}

/// The integers of an array.
fn integers(stored: Integer, count: u64, contents: &Contents, window: &Window) -> Option<Integers> {
    let bytes = stored.bytes;
    let mut known: Option<Integers> = None;
    contents.each((u64::from(bytes), count), window, |item| {
        let number = stored.read(item)?;
        let integers = known.get_or_insert(Integers {
            bytes,
            first: number,
            last: number,
            min: number,
            max: number,
            sum: 0,
            rising: true,
        });
        integers.rising &= integers.last <= number;
        integers.last = number;
        integers.min = integers.min.min(number);
        integers.max = integers.max.max(number);
        integers.sum = integers.sum.saturating_add(number);
        Some(())
    })?;
    // Where there is none, each fits that has to be at least 0 and below a length.
    Some(known.unwrap_or(Integers {
        bytes,
        first: 0,
        last: 0,
        min: 0,
        max: -1,
        sum: 0,
        rising: true,
    }))
}

/// Reads the items of an array with one dimension. `None` if they are not to be had, are none that somebody asks for, or are nodes
/// that do not make a tree.
pub(super) fn digest(
    layout: &Layout,
    columns: Option<&[Column]>,
    count: u64,
    contents: &Contents,
    window: &Window,
) -> Option<Digest> {
    match (layout.integer, columns) {
        (Some(stored), _) => integers(stored, count, contents, window).map(Digest::Integers),
        (None, Some(columns)) => {
            let rows = (columns, layout.size);
            if spans::are_spans(columns) {
                return spans::follow(rows, count, contents, window).map(Digest::Spans);
            }
            nodes::follow(rows, count, contents, window).map(Digest::Nodes)
        }
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Contents, Digest, Form, Integer, Layout, digest};
    use crate::bytes::Window;

    fn read(stored: Integer, bytes: &[u8], latin1: bool) -> Option<(i64, i64, bool)> {
        let layout = Layout {
            size: u64::from(stored.bytes),
            integer: Some(stored),
            ..Layout::default()
        };
        let length = u64::try_from(bytes.len()).unwrap();
        let contents = Contents::At {
            start: 0,
            length,
            form: if latin1 { Form::Utf8 } else { Form::Plain },
        };
        let text = String::from_utf8_lossy(bytes).chars().count();
        let items = if latin1 { text } else { bytes.len() };
        let count = u64::try_from(items / usize::from(stored.bytes)).unwrap();
        let window = Window::new(bytes.to_vec());
        match digest(&layout, None, count, &contents, &window)? {
            Digest::Integers(known) => Some((known.min, known.max, known.rising)),
            Digest::Nodes(_) | Digest::Spans(_) => None,
        }
    }

    const fn stored(bytes: u8, signed: bool, big: bool) -> Integer {
        Integer { bytes, signed, big }
    }

    #[test]
    fn integers_are_read_as_they_are_stored() {
        let int = stored(4, true, false);
        assert_eq!(read(int, b"", false), Some((0, -1, true)));
        let two = b"\x01\0\0\0\xff\xff\xff\xff";
        assert_eq!(read(int, two, false), Some((-1, 1, false)));
        assert_eq!(
            read(stored(4, false, false), two, false),
            Some((1, 0xffff_ffff, true))
        );
        assert_eq!(
            read(stored(2, true, true), b"\0\x01\0\x02", false),
            Some((1, 2, true))
        );
        assert_eq!(
            read(stored(8, false, false), &[0xff; 8], false),
            Some((i64::MAX, i64::MAX, true))
        );
        // A part of an item is left.
        assert_eq!(read(int, b"\x01\0\0\0\x02", false), None);
    }

    #[test]
    fn bytes_that_are_a_text_are_decoded() {
        let text: String = "\u{ff}\u{0}\u{80}\u{1}".into();
        let known = read(stored(2, false, false), text.as_bytes(), true);
        assert_eq!(known, Some((0x00ff, 0x0180, true)));
        let beyond = "\u{ff}\u{100}";
        assert_eq!(read(stored(1, false, false), beyond.as_bytes(), true), None);
    }

    #[test]
    fn items_cross_the_pieces_that_are_read() {
        let items: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        let known = read(stored(4, true, false), &items, false);
        assert_eq!(known, Some((0, 99_999, true)));
        let text: String = items.iter().copied().map(char::from).collect();
        let known = read(stored(4, true, false), text.as_bytes(), true);
        assert_eq!(known, Some((0, 99_999, true)));
    }
}
