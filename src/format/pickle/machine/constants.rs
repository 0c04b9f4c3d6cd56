//! Numbers, strings and bytes: values that stay in the file, and those that may be pickles themselves.

use super::{Constant, Halt, Machine, embeds::ENCODED_PROTO, malformed, observer::Observer};
use crate::{
    bytes::{ReadError, narrow, wide},
    fact::{Op, PickleAnomaly, PickleFault, Text},
    format::pickle::{
        begins_embedded,
        text::{self, Index, Spelling},
        value::{self, Interner, Value, ValueKind, is_name_like},
    },
    limits,
};

impl<O: Observer> Machine<'_, O> {
    /// What a number operand's spelling means: one that no unpickler takes for a number stops all of them.
    pub(super) fn number(&mut self, spelling: Spelling) -> Result<(), Halt> {
        let op = Op::new(self.code);
        match spelling {
            Spelling::Plain => return Ok(()),
            Spelling::Odd => {}
            Spelling::No => {
                return Err(Halt::Error(ReadError::malformed(PickleFault::NotANumber {
                    op,
                })));
            }
        }
        self.log
            .anomaly(PickleAnomaly::BadNumber { op }, self.moment());
        Ok(())
    }

    /// The memo index that a line spells. Those beyond 63 bits get one of their own, past all that fit.
    pub(super) fn text_index(&mut self) -> Result<u64, Halt> {
        let digits = match text::memo_index(self.lexer.line()?.bytes) {
            Index::Near(index) => return Ok(index),
            Index::Beyond(digits) => digits.into_owned().into_boxed_slice(),
            Index::No => {
                let op = Op::new(self.code);
                return Err(malformed(PickleFault::NotAnIndex { op }));
            }
        };
        if let Some(index) = self.indexes.get(&digits) {
            return Ok(*index);
        }
        if self.indexes.len() >= limits::BIG_INDEXES {
            return Err(Halt::Error(ReadError::Limit(limits::Id::BIG_INDEXES)));
        }
        let index = i64::MAX
            .unsigned_abs()
            .saturating_add(1)
            .saturating_add(wide(self.indexes.len()));
        self.indexes.insert(digits, index);
        Ok(index)
    }

    /// A string constant: interned where it could name something, or where reading it again would find other bytes.
    #[inline]
    pub(super) fn string_value(&mut self, text: &Text) -> Value {
        Self::intern(&mut self.names.texts, self.moved, self.at, text.as_bytes())
    }

    #[inline]
    pub(super) fn intern(names: &mut Interner, moved: bool, at: u64, bytes: &[u8]) -> Value {
        let name = is_name_like(bytes);
        let interned = if moved || name {
            names.intern(bytes)
        } else {
            None
        };
        match interned {
            Some(value) => value,
            None if moved => Value::UNKNOWN,
            None if name => value::text_at(at, bytes),
            None => Value::new(ValueKind::StrAt, at),
        }
    }

    /// A string constant too long to be a name: its bytes stay in the file.
    pub(super) fn long_string(&self) -> Value {
        if self.moved {
            Value::UNKNOWN
        } else {
            Value::new(ValueKind::StrAt, self.at)
        }
    }

    #[inline]
    pub(super) fn unicode(&mut self, n: u64) -> Result<(), Halt> {
        if n > limits::NAME_BYTES {
            let start = self.lexer.offset();
            let letters = self.lexer.skip_utf8(n)?;
            self.embeds.text(self.at, start, n);
            let text = Constant::LongText { len: n, letters };
            return self.constant(self.long_string(), text);
        }
        let bytes = self.lexer.short(narrow(n))?;
        let value = Self::intern(&mut self.names.texts, self.moved, self.at, bytes);
        if value.kind() != ValueKind::Str {
            if text::utf8_surrogatepass(bytes) != Ok(0) {
                return Err(malformed(PickleFault::StringNotUtf8));
            }
            if bytes.starts_with(ENCODED_PROTO) {
                self.embeds.decoded(self.at, text::latin1(bytes));
            }
        }
        let note = self.observer.on_constant(Constant::Text(bytes), value);
        self.push_noted(value, note)
    }

    pub(super) fn text_line(&mut self, decoded: Result<Text, PickleFault>) -> Result<(), Halt> {
        let text = decoded.map_err(malformed)?;
        if begins_embedded(text.as_bytes()) {
            self.embeds.decoded(self.at, text.as_bytes().to_vec());
        }
        let value = self.string_value(&text);
        self.push(value)
    }

    /// A Python 2 `str`: text or bytes, as the loader's `encoding` will have it.
    pub(super) fn byte_string(&mut self, n: u64) -> Result<(), Halt> {
        let start = self.lexer.offset();
        if n > limits::NAME_BYTES {
            self.lexer.skip(n, false)?;
            self.embeds.stored(self.at, start, n);
            return self.push(self.long_string());
        }
        let bytes = self.lexer.short(narrow(n))?;
        let embedded = begins_embedded(bytes);
        let value = Self::intern(&mut self.names.texts, self.moved, self.at, bytes);
        let note = self.observer.on_constant(Constant::Text(bytes), value);
        if embedded {
            self.embeds.stored(self.at, start, n);
        }
        self.push_noted(value, note)
    }

    pub(super) fn byte_constant(&mut self, n: u64) -> Result<(), Halt> {
        const LOOKED_AT: usize = 64;
        let start = self.lexer.offset();
        if n <= wide(LOOKED_AT) {
            let embedded = begins_embedded(self.lexer.short(narrow(n))?);
            if embedded {
                self.embeds.stored(self.at, start, n);
            }
        } else {
            self.lexer.skip(n, true)?;
            self.embeds.stored(self.at, start, n);
        }
        self.push(Value::new(ValueKind::Bytes, self.at))
    }
}
