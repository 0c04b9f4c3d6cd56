//! The words, marks and quoted texts of which protobuf's text form is made.

use std::ops::Range;

/// A place in a text.
#[derive(Debug)]
pub(super) struct Scanner<'t> {
    pub(super) text: &'t [u8],
    pub(super) at: usize,
}

impl<'t> Scanner<'t> {
    /// The byte that stands here.
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Passes a byte.
    pub(super) fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    /// Passes white space and comments.
    pub(super) fn skip(&mut self) {
        loop {
            self.take_while(|b| matches!(b, b' ' | b'\t'..=b'\r'));
            if self.peek() != Some(b'#') {
                return;
            }
            let rest = self.text.get(self.at..).unwrap_or_default();
            let comment = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            self.at = self.at.saturating_add(comment);
        }
    }

    /// The byte that follows white space and comments.
    pub(super) fn next(&mut self) -> Option<u8> {
        self.skip();
        self.peek()
    }

    /// Passes a byte, if it is this one.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let is = self.next() == Some(byte);
        if is {
            self.step();
        }
        is
    }

    /// Passes what may stand after a field.
    pub(super) fn separator(&mut self) {
        if matches!(self.next(), Some(b';' | b',')) {
            self.step();
        }
    }

    /// Passes bytes of a kind.
    pub(super) fn take_while(&mut self, is: impl Fn(u8) -> bool) -> Range<usize> {
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let count = rest.iter().take_while(|b| is(**b)).count();
        self.at = start.saturating_add(count);
        start..self.at
    }

    /// The name that follows.
    pub(super) fn word(&mut self) -> &'t [u8] {
        self.skip();
        let range = self.take_while(|b| b.is_ascii_alphanumeric() || b == b'_');
        self.text.get(range).unwrap_or_default()
    }

    /// What stands up to a quotation mark, with escapes as those of C.
    pub(super) fn quoted(&mut self, quote: u8, into: &mut Vec<u8>) -> Option<()> {
        loop {
            let rest = self.text.get(self.at..)?;
            let end = memchr::memchr3(quote, b'\\', b'\n', rest)?;
            into.extend_from_slice(rest.get(..end)?);
            self.at = self.at.saturating_add(end);
            let byte = self.peek()?;
            if byte == b'\n' {
                return None;
            }
            self.step();
            if byte == quote {
                return Some(());
            }
            let rest = self.text.get(self.at..)?;
            let count = escape(rest, into)?;
            self.at = self.at.saturating_add(count);
        }
    }
}

/// Adds what an escape stands for. Returns how many bytes it has after the backslash.
fn escape(rest: &[u8], into: &mut Vec<u8>) -> Option<usize> {
    let first = *rest.first()?;
    // A number in digits from a place on: its value, and where it ends.
    let digits = |from: usize, radix: u32, most: usize| {
        let digits = rest.iter().skip(from).take(most);
        let values = digits.map_while(|b| char::from(*b).to_digit(radix));
        let (mut value, mut count) = (0_u32, from);
        for digit in values {
            value = value.wrapping_mul(radix).wrapping_add(digit);
            count = count.saturating_add(1);
        }
        (count > from).then_some((value, count))
    };
    let byte = match first {
        b'0'..=b'7' => {
            let (value, count) = digits(0, 8, 3)?;
            into.push(u8::try_from(value & 0xff).ok()?);
            return Some(count);
        }
        b'x' | b'X' => {
            let (value, count) = digits(1, 16, 2)?;
            into.push(u8::try_from(value).ok()?);
            return Some(count);
        }
        b'u' | b'U' => {
            let most = if first == b'u' { 4 } else { 8 };
            let (value, count) = digits(1, 16, most)?;
            let letter = char::from_u32(value).filter(|_| count == most.saturating_add(1))?;
            into.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            return Some(count);
        }
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        b'\\' | b'\'' | b'"' | b'?' => first,
        _ => return None,
    };
    into.push(byte);
    Some(1)
}
