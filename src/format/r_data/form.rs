//! R's three encodings: big-endian, little-endian, and text.

use crate::{
    bytes::{ReadError, Stream, Window, narrow, wide},
    fact::{Piece, TableFault},
    limits,
};

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// As XDR has them.
    Big,
    /// As most machines have them.
    Little,
    /// In digits.
    Text,
}

/// The oldest releases that read versions 2 and 3, as every writer notes them. R reads on whatever is noted.
const READERS: [(i32, i32); 2] = [(2, 0x0002_0300), (3, 0x0003_0500)];

impl Encoding {
    /// The encoding of a file that begins as writers begin it, and where the numbers of its versions are.
    pub(super) fn of(front: &[u8]) -> Option<(Self, u64)> {
        let (encoding, start, [_, letter, ..]) = Self::begun(front)? else {
            return None;
        };
        let numbers = encoding.versions(front.get(narrow(start)..)?)?;
        let [version, _, reader] = numbers;
        let is_written = *letter == b'\n' && READERS.contains(&(version, reader));
        is_written.then_some((encoding, start))
    }

    /// The same for a file that begins in a way that R reads all the same.
    pub(super) fn of_any(front: &[u8]) -> Option<(Self, u64)> {
        let (encoding, start, _) = Self::begun(front)?;
        let numbers = encoding.versions(front.get(narrow(start)..)?)?;
        matches!(numbers, [2 | 3, ..]).then_some((encoding, start))
    }

    /// Whether such a beginning is told from other bytes under any name: a letter, a line feed, and a version in four bytes.
    pub(super) fn is_told(self, front: &[u8], start: u64) -> bool {
        let end = start.checked_sub(1).and_then(|end| front.get(narrow(end)));
        self != Self::Text && end == Some(&b'\n')
    }

    /// The encoding, where its numbers begin, and what its letter stands at the front of.
    fn begun(front: &[u8]) -> Option<(Self, u64, &[u8])> {
        let object = match front {
            [
                b'R',
                b'D',
                b'X' | b'A' | b'B',
                b'2' | b'3',
                b'\n',
                rest @ ..,
            ] => rest,
            other => other,
        };
        let skipped = front.len().saturating_sub(object.len());
        // R does not look at what follows the letter, and steps over a line feed before that of text.
        let (object, more) = match object {
            [b'\n', rest @ ..] if rest.starts_with(b"A") => (rest, 1_usize),
            other => (other, 0),
        };
        let encoding = match object {
            [b'A', _, ..] => Self::Text,
            [b'X', _, ..] | [b'B', _, 0, ..] => Self::Big,
            [b'B', _, ..] => Self::Little,
            _ => return None,
        };
        let start = wide(skipped.saturating_add(more).saturating_add(2));
        Some((encoding, start, object))
    }

    /// The version, the release that wrote it, and the oldest that reads it.
    fn versions(self, bytes: &[u8]) -> Option<[i32; 3]> {
        let mut numbers = [0; 3];
        if self == Self::Text {
            let mut words = bytes.split(|byte| is_space(*byte));
            for number in &mut numbers {
                let word = words.find(|word| !word.is_empty())?;
                *number = std::str::from_utf8(word).ok().and_then(leading)?;
            }
            return Some(numbers);
        }
        for (number, bytes) in numbers.iter_mut().zip(bytes.chunks_exact(4)) {
            let bytes = bytes.first_chunk()?;
            *number = match self {
                Self::Big => i32::from_be_bytes(*bytes),
                _ => i32::from_le_bytes(*bytes),
            };
        }
        Some(numbers)
    }
}

/// What C steps over between words.
fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

/// The number that a word begins with, as C reads it: what follows it does not matter.
fn leading(word: &str) -> Option<i32> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let unsigned = word.strip_prefix(['+', '-']).unwrap_or(word);
    let length = word.len().saturating_sub(unsigned.len());
    let length = length.saturating_add(digits(unsigned));
    word.get(..length)?.parse().ok()
}

/// Items, one number after another.
#[derive(Debug)]
pub(super) struct Source {
    stream: Stream,
    encoding: Encoding,
}

impl Source {
    pub(super) fn new(window: &Window, encoding: Encoding, start: u64) -> Self {
        Self {
            stream: Stream::new(window.clone(), start),
            encoding,
        }
    }

    pub(super) fn offset(&self) -> u64 {
        self.stream.offset()
    }

    /// What the format does not have here.
    pub(super) fn wrong(&self, name: &str) -> ReadError {
        let at = self.offset();
        let name = name.into();
        ReadError::malformed(TableFault::Value { name, at })
    }

    fn bytes(&mut self, count: usize) -> Result<&[u8], ReadError> {
        let left = || wide(count);
        if !self.stream.has(left())? {
            let left = self.stream.left();
            return Err(ReadError::truncated(Piece::Content, wide(count), left));
        }
        let taken = self.stream.take(count)?;
        taken.ok_or_else(|| ReadError::truncated(Piece::Content, wide(count), 0))
    }

    /// A whole number.
    pub(super) fn integer(&mut self) -> Result<i32, ReadError> {
        let encoding = self.encoding;
        if encoding == Encoding::Text {
            let word = self.word()?;
            return match word.as_str() {
                "NA" => Ok(i32::MIN),
                word => word.parse().map_err(|_| self.wrong("number")),
            };
        }
        let bytes = self.bytes(4)?.first_chunk().copied().unwrap_or_default();
        Ok(match encoding {
            Encoding::Big => i32::from_be_bytes(bytes),
            _ => i32::from_le_bytes(bytes),
        })
    }

    /// A number that counts something.
    pub(super) fn count(&mut self) -> Result<u64, ReadError> {
        let number = self.integer()?;
        if let Ok(count) = u64::try_from(number) {
            return Ok(count);
        }
        // A long vector: two halves follow.
        if number != -1 {
            return Err(self.wrong("length"));
        }
        let halves = [self.integer()?, self.integer()?].map(u64::try_from);
        match halves {
            [Ok(high), Ok(low)] => Ok((high << 32) | low),
            _ => Err(self.wrong("length")),
        }
    }

    /// The next byte of a text, without what separates words.
    fn next_of_word(&mut self) -> Result<u8, ReadError> {
        loop {
            match self.bytes(1)? {
                [byte] if byte.is_ascii_whitespace() => {}
                [byte] => return Ok(*byte),
                _ => return Err(self.wrong("number")),
            }
        }
    }

    /// A word of text: digits, and what else a number may have.
    fn word(&mut self) -> Result<String, ReadError> {
        let word = self.stream.word(limits::NUMBER_TEXT)?;
        match word.len() {
            0 => Err(ReadError::truncated(Piece::Content, 1, 0)),
            limits::NUMBER_TEXT.. => Err(self.wrong("number")),
            _ => Ok(word),
        }
    }

    /// Steps over numbers of so many bytes each; in text they are words.
    pub(super) fn skip(&mut self, count: u64, size: u64) -> Result<(), ReadError> {
        if self.encoding == Encoding::Text {
            // A complex number is two words.
            let words = count.saturating_mul(if size == 16 { 2 } else { 1 });
            for _ in 0..words {
                self.word()?;
            }
            return Ok(());
        }
        let bytes = count.saturating_mul(size);
        if !self.stream.has(bytes)? {
            let left = self.stream.left();
            return Err(ReadError::truncated(Piece::Content, bytes, left));
        }
        self.stream.skip(bytes);
        Ok(())
    }

    /// A text of so many bytes: the first of them, as far as names go.
    pub(super) fn text(&mut self, length: u64) -> Result<Vec<u8>, ReadError> {
        let kept = narrow(length.min(limits::NAME_BYTES));
        if self.encoding != Encoding::Text {
            let text = self.bytes(kept)?.to_vec();
            self.skip(length.saturating_sub(wide(kept)), 1)?;
            return Ok(text);
        }
        let mut text = Vec::new();
        for at in 0..length {
            let byte = if at == 0 {
                self.next_of_word()?
            } else {
                self.byte()?
            };
            let byte = match byte {
                b'\\' => self.escape()?,
                byte => byte,
            };
            if text.len() < kept {
                text.push(byte);
            }
        }
        Ok(text)
    }

    fn byte(&mut self) -> Result<u8, ReadError> {
        let byte = self.bytes(1)?.first().copied();
        byte.ok_or_else(|| self.wrong("text"))
    }

    /// What follows a backslash: a letter, or up to three octal digits.
    fn escape(&mut self) -> Result<u8, ReadError> {
        let byte = self.byte()?;
        Ok(match byte {
            b'n' => b'\n',
            b't' => b'\t',
            b'v' => 11,
            b'b' => 8,
            b'r' => b'\r',
            b'f' => 12,
            b'a' => 7,
            b'0'..=b'7' => {
                let mut value = u32::from(byte.wrapping_sub(b'0'));
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.stream.peek(1)?.first().copied() else {
                        break;
                    };
                    self.stream.advance(1);
                    let digit = u32::from(digit.wrapping_sub(b'0'));
                    value = value.saturating_mul(8).saturating_add(digit);
                }
                u8::try_from(value & 0xff).unwrap_or_default()
            }
            other => other,
        })
    }

    /// Steps over what ends a text.
    pub(super) fn end(&mut self) -> Result<(), ReadError> {
        if self.encoding == Encoding::Text {
            while let Some(byte) = self.stream.peek(1)?.first()
                && byte.is_ascii_whitespace()
            {
                self.stream.advance(1);
            }
        }
        Ok(())
    }
}
