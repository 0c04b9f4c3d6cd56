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

/// Whether bytes begin with a mapping that has a key.
pub(super) fn starts_any_map(front: &[u8]) -> bool {
    matches!(front, [0x81..=0x8f | 0xde | 0xdf, ..])
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

    /// Nothing follows.
    fn end(&self) -> Result<(), ReadError> {
        match self.stream.left() {
            0 => Ok(()),
            bytes => Err(ReadError::malformed(ArraysFault::Trailing { bytes })),
        }
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

/// What a walk through a file does with its keys and values.
pub(super) trait Visitor {
    /// How many values there have been, in all walks of a file together.
    fn values(&mut self) -> &mut u64;

    /// Reads a key, and adds it to the path. It stands so many levels deep, from 1 on.
    ///
    /// # Errors
    /// What is no key.
    fn key(
        &mut self,
        from: &mut Unpacker,
        path: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), ReadError>;

    /// Passes what follows the head of a value that is no list and no mapping. The head stood at `at`.
    ///
    /// # Errors
    /// What does not fit.
    fn value(
        &mut self,
        from: &mut Unpacker,
        head: Value,
        path: &[u8],
        at: u64,
    ) -> Result<(), ReadError>;
}

/// A mapping or a list that is being read.
struct Level {
    /// Values that are left; of a mapping, keys with their values.
    left: u64,
    is_map: bool,
    /// Bytes of the path that its name took.
    before: usize,
}

/// Walks through one value and all that is in it, without recursion, to the end of the bytes.
///
/// # Errors
/// A limit, what the visitor finds, and bytes behind the value.
pub(super) fn walk(
    from: &mut Unpacker,
    mut path: Vec<u8>,
    visitor: &mut impl Visitor,
) -> Result<(), ReadError> {
    let mut levels: Vec<Level> = Vec::new();
    loop {
        let before = path.len();
        let depth = levels.len();
        if let Some(level) = levels.last_mut() {
            let Some(left) = level.left.checked_sub(1) else {
                path.truncate(level.before);
                levels.pop();
                if levels.is_empty() {
                    return from.end();
                }
                continue;
            };
            level.left = left;
            if level.is_map {
                visitor.key(from, &mut path, depth)?;
            }
        }
        let values = visitor.values();
        *values = values.saturating_add(1);
        if *values > limits::MSGPACK_VALUES {
            return Err(ReadError::Limit(limits::Id::MSGPACK_VALUES));
        }
        let at = from.stream.offset();
        let (left, is_map) = match from.value()? {
            Value::Array(left) => (left, false),
            Value::Map(left) => (left, true),
            head => {
                visitor.value(from, head, &path, at)?;
                if levels.is_empty() {
                    return from.end();
                }
                path.truncate(before);
                continue;
            }
        };
        if levels.len() >= limits::MSGPACK_DEPTH {
            return Err(ReadError::Limit(limits::Id::MSGPACK_DEPTH));
        }
        levels.push(Level {
            left,
            is_map,
            before,
        });
    }
}
