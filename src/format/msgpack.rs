//! `msgpack`, value by value: the encoding of checkpoints of Flax and of models of thinc.

use crate::{
    bytes::{ReadError, Stream, Window, narrow, wide},
    fact::{ArraysFault, Piece, Text},
    limits,
};

/// Whether bytes begin with a mapping whose first key is a text.
pub(super) fn starts_map(front: &[u8]) -> bool {
    let ([0x81..=0x8f, rest @ ..] | [0xde, _, _, rest @ ..] | [0xdf, _, _, _, _, rest @ ..]) =
        front
    else {
        return false;
    };
    matches!(rest, [0xa0..=0xbf | 0xd9..=0xdb, ..])
}

/// The head of a value: what follows it, or how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    /// A number, a truth value or nothing, of which nothing is left to read.
    Plain,
    /// A whole number.
    Number(u64),
    Text(u64),
    Bytes(u64),
    Array(u64),
    Map(u64),
    Extension(i8, u64),
}

/// The encoding, value by value.
pub(super) struct Unpacker {
    pub(super) stream: Stream,
}

impl Unpacker {
    pub(super) fn new(window: &Window) -> Self {
        Self {
            stream: Stream::new(window.clone(), 0),
        }
    }

    /// A number of so many bytes, the high one first.
    fn number(&mut self, bytes: usize) -> Result<u64, ReadError> {
        let left = self.stream.left();
        let short = || ReadError::truncated(Piece::Content, wide(bytes), left);
        let taken = self.stream.take(bytes)?.ok_or_else(short)?;
        Ok(taken
            .iter()
            .fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    }

    /// The head of the next value.
    pub(super) fn value(&mut self) -> Result<Value, ReadError> {
        let at = self.stream.offset();
        let first = u8::try_from(self.number(1)?).unwrap_or_default();
        let low = |mask: u8| u64::from(first & mask);
        Ok(match first {
            0x00..=0x7f => Value::Number(low(0x7f)),
            0x80..=0x8f => Value::Map(low(0x0f)),
            0x90..=0x9f => Value::Array(low(0x0f)),
            0xa0..=0xbf => Value::Text(low(0x1f)),
            0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => Value::Plain,
            0xc4 => Value::Bytes(self.number(1)?),
            0xc5 => Value::Bytes(self.number(2)?),
            0xc6 => Value::Bytes(self.number(4)?),
            0xc7 => self.extension(1)?,
            0xc8 => self.extension(2)?,
            0xc9 => self.extension(4)?,
            0xca | 0xd2 => self.plain(4)?,
            0xcb | 0xd3 => self.plain(8)?,
            0xcc => Value::Number(self.number(1)?),
            0xcd => Value::Number(self.number(2)?),
            0xce => Value::Number(self.number(4)?),
            0xcf => Value::Number(self.number(8)?),
            0xd0 => self.plain(1)?,
            0xd1 => self.plain(2)?,
            0xd4 => self.extension_of(1)?,
            0xd5 => self.extension_of(2)?,
            0xd6 => self.extension_of(4)?,
            0xd7 => self.extension_of(8)?,
            0xd8 => self.extension_of(16)?,
            0xd9 => Value::Text(self.number(1)?),
            0xda => Value::Text(self.number(2)?),
            0xdb => Value::Text(self.number(4)?),
            0xdc => Value::Array(self.number(2)?),
            0xdd => Value::Array(self.number(4)?),
            0xde => Value::Map(self.number(2)?),
            0xdf => Value::Map(self.number(4)?),
            0xc1 => return Err(ReadError::malformed(ArraysFault::Encoding { at })),
        })
    }

    fn plain(&mut self, bytes: usize) -> Result<Value, ReadError> {
        self.number(bytes).map(|_| Value::Plain)
    }

    fn extension(&mut self, bytes: usize) -> Result<Value, ReadError> {
        let length = self.number(bytes)?;
        self.extension_of(length)
    }

    fn extension_of(&mut self, length: u64) -> Result<Value, ReadError> {
        let code = u8::try_from(self.number(1)?).unwrap_or_default();
        Ok(Value::Extension(code.cast_signed(), length))
    }

    /// Passes over bytes, which have to be there.
    pub(super) fn pass(&mut self, length: u64) -> Result<(), ReadError> {
        if !self.stream.has(length)? {
            let left = self.stream.left();
            return Err(ReadError::truncated(Piece::Content, length, left));
        }
        self.stream.skip(length);
        Ok(())
    }

    /// A text of so many bytes.
    pub(super) fn text(&mut self, length: u64) -> Result<Text, ReadError> {
        if length > limits::MSGPACK_KEY {
            return Err(ReadError::Limit(limits::Id::MSGPACK_KEY));
        }
        let left = self.stream.left();
        let short = || ReadError::truncated(Piece::Content, length, left);
        let taken = self.stream.take(narrow(length))?.ok_or_else(short)?;
        Ok(Text::new(taken))
    }
}
