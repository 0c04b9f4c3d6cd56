//! Buffers of Arrow's arrays: bits that say which items there are, offsets, numbers of a dictionary's items, texts.
//!
//! Each function reads what an array of a length uses of a buffer, and answers `None` where the buffer is shorter or cannot be read.

use super::{Contents, Form, contents::PIECE, lines::Decoder};
use crate::{
    bytes::{Window, narrow, wide},
    format::pickle::dtype::Integer,
};

/// Items from one to before another.
pub(in crate::format::pickle) type Span = (u64, u64);

/// The bytes of a buffer, one after another.
struct Bytes<'a> {
    contents: &'a Contents,
    window: &'a Window,
    piece: Vec<u8>,
    at: usize,
    /// How many bytes of the file were taken.
    done: u64,
    decoder: Decoder,
    ended: bool,
}

impl<'a> Bytes<'a> {
    fn new(contents: &'a Contents, window: &'a Window) -> Self {
        let form = match contents {
            Contents::Kept(_) => Form::Plain,
            Contents::At { form, .. } => *form,
        };
        Self {
            contents,
            window,
            piece: Vec::new(),
            at: 0,
            done: 0,
            decoder: Decoder::new(form),
            ended: false,
        }
    }

    /// Reads on; whether there was something.
    fn more(&mut self) -> Option<bool> {
        self.piece.clear();
        self.at = 0;
        let (start, length, form) = match self.contents {
            Contents::Kept(bytes) => {
                let is_new = self.done == 0;
                if is_new {
                    self.piece.extend_from_slice(bytes);
                    self.done = wide(bytes.len());
                }
                return Some(!self.piece.is_empty());
            }
            Contents::At {
                start,
                length,
                form,
            } => (*start, *length, *form),
        };
        let wanted = narrow(length.saturating_sub(self.done)).min(PIECE);
        if wanted == 0 {
            if !self.ended {
                self.ended = true;
                self.decoder.finish(&mut self.piece)?;
            }
            return Some(!self.piece.is_empty());
        }
        let piece = self
            .window
            .borrow_at(start.saturating_add(self.done), wanted)
            .ok()?;
        if piece.is_empty() {
            return None;
        }
        self.done = self.done.saturating_add(wide(piece.len()));
        if form == Form::Plain {
            self.piece.extend_from_slice(&piece);
        } else {
            self.decoder.feed(&piece, &mut self.piece)?;
        }
        Some(true)
    }

    /// What is left of the piece that was read, and a new one where nothing is; empty at the end.
    fn rest(&mut self) -> Option<&[u8]> {
        while self.at >= self.piece.len() {
            if !self.more()? {
                return Some(&[]);
            }
        }
        self.piece.get(self.at..)
    }

    fn pass(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    fn skip(&mut self, mut count: u64) -> Option<()> {
        while count > 0 {
            let there = wide(self.rest()?.len()).min(count);
            if there == 0 {
                return None;
            }
            self.pass(narrow(there));
            count = count.saturating_sub(there);
            let Contents::At { length, form, .. } = self.contents else {
                continue;
            };
            if *form == Form::Plain && self.at >= self.piece.len() {
                // What is skipped is not read.
                let far = count.min(length.saturating_sub(self.done));
                self.done = self.done.saturating_add(far);
                count = count.saturating_sub(far);
            }
        }
        Some(())
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = self.rest()?.first().copied()?;
        self.pass(1);
        Some(byte)
    }

    /// The next integer, of at most eight bytes.
    fn integer(&mut self, stored: Integer) -> Option<i64> {
        let size = usize::from(stored.bytes);
        if let Some(whole) = self.rest()?.get(..size) {
            let number = stored.read(whole);
            self.pass(size);
            return number;
        }
        let mut bytes = [0; 8];
        for slot in bytes.get_mut(..size)? {
            *slot = self.byte()?;
        }
        stored.read(bytes.get(..size)?)
    }
}

/// One bit after another, the lowest of each byte first.
struct Bits<'a> {
    bytes: Bytes<'a>,
    byte: u8,
    left: u32,
}

impl<'a> Bits<'a> {
    fn new(contents: &'a Contents, window: &'a Window, from: u64) -> Option<Self> {
        let mut bytes = Bytes::new(contents, window);
        bytes.skip(from.wrapping_shr(3))?;
        let mut bits = Self {
            bytes,
            byte: 0,
            left: 0,
        };
        for _ in 0..from & 7 {
            bits.next()?;
        }
        Some(bits)
    }

    fn next(&mut self) -> Option<bool> {
        if self.left == 0 {
            self.byte = self.bytes.byte()?;
            self.left = 8;
        }
        let is_set = self.byte & 1 == 1;
        self.byte = self.byte.wrapping_shr(1);
        self.left = self.left.saturating_sub(1);
        Some(is_set)
    }
}

/// How long a buffer is.
pub(in crate::format::pickle) fn length(contents: &Contents, window: &Window) -> Option<u64> {
    match contents {
        Contents::Kept(bytes) => Some(wide(bytes.len())),
        Contents::At {
            length,
            form: Form::Plain,
            ..
        } => Some(*length),
        Contents::At { .. } => {
            let mut bytes = Bytes::new(contents, window);
            let mut all: u64 = 0;
            loop {
                let there = bytes.rest()?.len();
                if there == 0 {
                    return Some(all);
                }
                all = all.saturating_add(wide(there));
                bytes.pass(there);
            }
        }
    }
}

/// How many bits of a span are not set.
pub(in crate::format::pickle) fn zeros(
    contents: &Contents,
    window: &Window,
    (from, to): Span,
) -> Option<u64> {
    let mut bits = Bits::new(contents, window, from)?;
    let mut zeros: u64 = 0;
    let mut left = to.saturating_sub(from);
    while left > 0 {
        if bits.left == 0 && left >= 8 {
            let whole = u64::from(bits.bytes.byte()?.count_zeros());
            zeros = zeros.saturating_add(whole);
            left = left.saturating_sub(8);
        } else {
            zeros = zeros.saturating_add(u64::from(!bits.next()?));
            left = left.saturating_sub(1);
        }
    }
    Some(zeros)
}

const fn signed(bytes: u8) -> Integer {
    Integer {
        bytes,
        signed: true,
        big: false,
    }
}

/// The first and the last of the offsets of a span's items, and that behind them; `None` also where one is negative, or less than the
/// one before it.
pub(in crate::format::pickle) fn offsets(
    contents: &Contents,
    window: &Window,
    size: u8,
    (from, to): Span,
) -> Option<Span> {
    let mut bytes = Bytes::new(contents, window);
    bytes.skip(from.checked_mul(u64::from(size))?)?;
    let first = u64::try_from(bytes.integer(signed(size))?).ok()?;
    let mut last = first;
    for _ in from..to {
        let next = u64::try_from(bytes.integer(signed(size))?).ok()?;
        if next < last {
            return None;
        }
        last = next;
    }
    Some((first, last))
}

/// Whether each number of a span lies below an end, where a bit says that it is there.
pub(in crate::format::pickle) fn are_below(
    contents: &Contents,
    window: &Window,
    stored: Integer,
    (from, to): Span,
    there: Option<&Contents>,
    end: u64,
) -> Option<bool> {
    let mut bytes = Bytes::new(contents, window);
    bytes.skip(from.checked_mul(u64::from(stored.bytes))?)?;
    let mut bits = match there {
        Some(bits) => Some(Bits::new(bits, window, from)?),
        None => None,
    };
    for _ in from..to {
        let number = bytes.integer(stored)?;
        let is_there = match &mut bits {
            Some(bits) => bits.next()?,
            None => true,
        };
        if is_there && u64::try_from(number).map_or(true, |number| number >= end) {
            return Some(false);
        }
    }
    Some(true)
}

/// Whether bytes of a span are UTF-8; and whether all of them are ASCII.
fn are_text(contents: &Contents, window: &Window, (from, to): Span) -> Option<(bool, bool)> {
    let mut bytes = Bytes::new(contents, window);
    bytes.skip(from)?;
    let mut left = to.saturating_sub(from);
    let mut ascii = true;
    // What a piece ends in of a character.
    let mut part: Vec<u8> = Vec::new();
    while left > 0 {
        let rest = bytes.rest()?;
        let taken = rest.len().min(narrow(left));
        let mut piece = rest.get(..taken)?;
        if piece.is_empty() {
            return None;
        }
        ascii &= piece.is_ascii();
        while !part.is_empty() && !piece.is_empty() {
            let (byte, others) = piece.split_first()?;
            part.push(*byte);
            piece = others;
            match std::str::from_utf8(&part) {
                Ok(_) => part.clear(),
                Err(error) if error.error_len().is_some() => return Some((false, false)),
                Err(_) => {}
            }
        }
        if let Err(error) = std::str::from_utf8(piece) {
            if error.error_len().is_some() {
                return Some((false, false));
            }
            part.extend_from_slice(piece.get(error.valid_up_to()..)?);
        }
        bytes.pass(taken);
        left = left.saturating_sub(wide(taken));
    }
    Some((part.is_empty(), ascii))
}

/// Whether each item of a span is a text of its own.
pub(in crate::format::pickle) fn are_texts(
    data: &Contents,
    window: &Window,
    offsets: (&Contents, u8),
    (from, to): Span,
    bounds: Span,
) -> Option<bool> {
    let (is_text, ascii) = are_text(data, window, bounds)?;
    if !is_text || ascii {
        return Some(is_text);
    }
    // None begins within a character.
    let (offsets, size) = offsets;
    let mut starts = Bytes::new(offsets, window);
    starts.skip(from.checked_mul(u64::from(size))?)?;
    let mut bytes = Bytes::new(data, window);
    let mut at: u64 = 0;
    for _ in from..=to {
        let start = u64::try_from(starts.integer(signed(size))?).ok()?;
        bytes.skip(start.checked_sub(at)?)?;
        at = start;
        let next = bytes.rest()?.first();
        if start < bounds.1 && next.is_none_or(|byte| byte & 0xc0 == 0x80) {
            return Some(false);
        }
    }
    Some(true)
}

#[cfg(test)]
mod tests {
    use super::{Contents, Form, Integer, are_below, are_texts, length, offsets, signed, zeros};
    use crate::bytes::{Window, wide};

    /// A buffer in a file, and the same as constants of older protocols spell it.
    fn stored(bytes: &[u8]) -> [(Contents, Window); 5] {
        let text: String = bytes.iter().copied().map(char::from).collect();
        let at = |bytes: &[u8], form| {
            let length = wide(bytes.len());
            let contents = Contents::At {
                start: 0,
                length,
                form,
            };
            (contents, Window::new(bytes.to_vec()))
        };
        let line: Vec<u8> = bytes
            .iter()
            .flat_map(|b| format!("\\u{b:04x}").into_bytes())
            .collect();
        let quoted = bytes
            .iter()
            .flat_map(|b| format!("\\x{b:02x}").into_bytes());
        let quoted: Vec<u8> = [b'\''].into_iter().chain(quoted).chain([b'\'']).collect();
        let kept = Contents::Kept(bytes.into());
        [
            at(bytes, Form::Plain),
            at(text.as_bytes(), Form::Utf8),
            at(&line, Form::Raw),
            at(&quoted, Form::Quoted),
            (kept, Window::new(Vec::new())),
        ]
    }

    #[test]
    fn bits_are_counted_in_their_span() {
        for (bits, window) in stored(&[0b0000_0101, 0xff, 0b1000_0000]) {
            assert_eq!(length(&bits, &window), Some(3));
            let zeros = |from, to| zeros(&bits, &window, (from, to));
            assert_eq!(zeros(0, 3), Some(1));
            assert_eq!(zeros(3, 16), Some(5));
            assert_eq!(zeros(1, 24), Some(13));
            assert_eq!(zeros(23, 24), Some(0));
            assert_eq!(zeros(24, 24), Some(0));
            assert_eq!(zeros(0, 25), None);
            assert_eq!(zeros(32, 33), None);
        }
    }

    #[test]
    fn offsets_rise() {
        let items = [0_i32, 2, 2, 7, 3, -1];
        let bytes: Vec<u8> = items.into_iter().flat_map(i32::to_le_bytes).collect();
        for (contents, window) in stored(&bytes) {
            let offsets = |from, to| offsets(&contents, &window, 4, (from, to));
            assert_eq!(offsets(0, 3), Some((0, 7)));
            assert_eq!(offsets(1, 2), Some((2, 2)));
            assert_eq!(offsets(3, 3), Some((7, 7)));
            assert_eq!(offsets(0, 4), None);
            assert_eq!(offsets(5, 5), None);
            assert_eq!(offsets(4, 6), None);
        }
    }

    #[test]
    fn numbers_that_are_missing_are_not_asked() {
        for (contents, window) in stored(&[0, 0xff, 1, 2]) {
            let bits = Contents::Kept(Box::new([0b1101]));
            let below = |there, end| are_below(&contents, &window, signed(1), (0, 4), there, end);
            assert_eq!(below(Some(&bits), 3), Some(true));
            assert_eq!(below(Some(&bits), 2), Some(false));
            assert_eq!(below(None, 3), Some(false));
            let unsigned = Integer {
                signed: false,
                ..signed(1)
            };
            let wide = |end| are_below(&contents, &window, unsigned, (0, 4), None, end);
            assert_eq!((wide(256), wide(255)), (Some(true), Some(false)));
        }
    }

    #[test]
    fn each_text_is_a_text() {
        let tell = |data: &[u8], starts: &[i32], from: u64| {
            let offsets: Vec<u8> = starts.iter().copied().flat_map(i32::to_le_bytes).collect();
            let offsets = Contents::Kept(offsets.into());
            let mut answers = stored(data).into_iter().map(|(data, window)| {
                let to = wide(starts.len()) - 1;
                let bounds = [from, to].map(|at| {
                    let start = starts[usize::try_from(at).unwrap()];
                    u64::try_from(start).unwrap()
                });
                let bounds = (bounds[0], bounds[1]);
                are_texts(&data, &window, (&offsets, 4), (from, to), bounds)
            });
            let first = answers.next().unwrap();
            assert!(answers.all(|answer| answer == first));
            first
        };
        let text = "aüb".as_bytes();
        assert_eq!(tell(text, &[0, 1, 3, 4], 0), Some(true));
        assert_eq!(tell(text, &[0, 1, 3, 4], 2), Some(true));
        assert_eq!(tell(text, &[0, 2, 4], 0), Some(false));
        assert_eq!(tell(text, &[0, 2], 0), Some(false));
        assert_eq!(tell(text, &[2, 4], 0), Some(false));
        assert_eq!(tell(b"a\xffb", &[0, 3], 0), Some(false));
        assert_eq!(tell(b"a\xffb", &[0, 1], 0), Some(true));
        assert_eq!(tell(text, &[0, 5], 0), None);
        let long = "ü".repeat(70_000);
        assert_eq!(tell(long.as_bytes(), &[0, 140_000], 0), Some(true));
        assert_eq!(tell(long.as_bytes(), &[0, 65_535, 140_000], 0), Some(false));
        let odd = format!("a{long}");
        assert_eq!(tell(odd.as_bytes(), &[0, 140_001], 0), Some(true));
    }
}
