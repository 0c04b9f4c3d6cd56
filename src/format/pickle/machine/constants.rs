//! Numbers, strings and bytes: values that stay in the file, and those that may be pickles themselves.

use std::sync::Arc;

use super::{
    Constant, Halt,
    current::Current,
    embeds::{ENCODED_PROTO, Embeds},
    malformed,
    trace::Trace,
};
use crate::{
    bytes::{Budget, Window, narrow, wide},
    fact::{Op, PickleAnomaly, PickleFault},
    format::pickle::{
        begins_embedded,
        lex::Lexer,
        opcode as op,
        text::{self, Spelling, Utf8, is_name_like},
        texts,
        value::{Value, ValueKind},
    },
    limits,
};

/// A constant: what is kept of it, and what an observer is told.
#[derive(Debug)]
pub(super) struct Literal<'a> {
    pub value: Value,
    pub told: Option<Constant<'a>>,
}

impl<'a> Literal<'a> {
    #[inline]
    fn told(value: Value, constant: Constant<'a>) -> Self {
        Self {
            value,
            told: Some(constant),
        }
    }

    #[inline]
    fn untold(value: Value) -> Self {
        Self { value, told: None }
    }

    /// What stays in the file, and of which an observer is told nothing.
    fn at(kind: ValueKind, current: &Current) -> Self {
        Self::untold(Value::new(kind, current.at))
    }
}

/// Reads the opcodes that push constants.
#[derive(Debug)]
pub(super) struct Constants {
    pub embeds: Embeds,
}

impl Constants {
    pub(super) fn new(window: Window, budget: &Arc<Budget>) -> Self {
        Self {
            embeds: Embeds::new(window, budget),
        }
    }

    /// The constant that the opcode pushes.
    #[inline]
    pub(super) fn read<'a>(
        &mut self,
        lexer: &'a mut Lexer,
        trace: &mut Trace,
        current: &Current,
    ) -> Result<Literal<'a>, Halt> {
        Ok(match current.code {
            op::SHORT_BINUNICODE => {
                let [n] = lexer.array()?;
                self.unicode(u64::from(n), lexer, trace, current)?
            }
            op::BINUNICODE => {
                let n = u32::from_le_bytes(lexer.array()?);
                self.unicode(u64::from(n), lexer, trace, current)?
            }
            op::BINFLOAT => {
                let n = f64::from_be_bytes(lexer.array()?);
                let value = Value::new(ValueKind::Float, current.at);
                Literal::told(value, Constant::Float(n))
            }
            op::NONE => Literal::untold(Value::new(ValueKind::None, 0)),
            op::NEWTRUE => Literal::untold(Value::new(ValueKind::Bool, 1)),
            op::NEWFALSE => Literal::untold(Value::new(ValueKind::Bool, 0)),
            _ => self.rare(lexer, trace, current)?,
        })
    }

    /// Constants that are rare in large pickles.
    fn rare<'a>(
        &mut self,
        lexer: &'a mut Lexer,
        trace: &mut Trace,
        current: &Current,
    ) -> Result<Literal<'a>, Halt> {
        Ok(match current.code {
            op::INT => {
                let line = lexer.line()?.bytes;
                number(text::int(line), line, trace, current)?;
                Literal::untold(match line {
                    b"00" => Value::new(ValueKind::Bool, 0),
                    b"01" => Value::new(ValueKind::Bool, 1),
                    digits => text::small(digits)
                        .map_or(Value::new(ValueKind::Long, current.at), Value::int),
                })
            }
            op::LONG => {
                let line = lexer.line()?.bytes;
                number(text::long(line), line, trace, current)?;
                Literal::at(ValueKind::Long, current)
            }
            op::FLOAT => {
                let line = lexer.line()?.bytes;
                number(text::float(line), line, trace, current)?;
                Literal::at(ValueKind::Float, current)
            }
            op::LONG1 => {
                let [n] = lexer.array()?;
                let at = lexer.offset();
                let bytes = lexer.short(usize::from(n))?;
                let value = Value::new(ValueKind::Long, current.at);
                Literal::told(value, Constant::Long { at, bytes })
            }
            op::LONG4 => {
                let n = signed(lexer, Op::LONG4)?;
                lexer.skip(n, false)?;
                Literal::at(ValueKind::Long, current)
            }
            op::STRING => {
                let decoded = text::decode_string(lexer.line()?.bytes).map_err(malformed)?;
                self.line(&decoded, trace, current)
            }
            op::UNICODE => {
                let decoded = text::decode_unicode(lexer.line()?.bytes).map_err(malformed)?;
                self.line(&decoded, trace, current)
            }
            op::SHORT_BINSTRING => {
                let [n] = lexer.array()?;
                self.byte_string(u64::from(n), lexer, trace, current)?
            }
            op::BINSTRING => {
                let n = signed(lexer, Op::BINSTRING)?;
                self.byte_string(n, lexer, trace, current)?
            }
            op::BINUNICODE8 => {
                let n = u64::from_le_bytes(lexer.array()?);
                self.unicode(n, lexer, trace, current)?
            }
            op::SHORT_BINBYTES => {
                let [n] = lexer.array()?;
                self.bytes(u64::from(n), lexer, current)?
            }
            op::BINBYTES => {
                let n = u32::from_le_bytes(lexer.array()?);
                self.bytes(u64::from(n), lexer, current)?
            }
            op::BINBYTES8 | op::BYTEARRAY8 => {
                let n = u64::from_le_bytes(lexer.array()?);
                self.bytes(n, lexer, current)?
            }
            byte => return Err(malformed(PickleFault::NotAnOpcode { byte })),
        })
    }

    #[inline]
    fn unicode<'a>(
        &mut self,
        n: u64,
        lexer: &'a mut Lexer,
        trace: &mut Trace,
        current: &Current,
    ) -> Result<Literal<'a>, Halt> {
        if n > limits::NAME_BYTES {
            let start = lexer.offset();
            let letters = lexer.skip_utf8(n)?;
            self.embeds.text(current.at, start, n);
            let told = Constant::LongText { len: n, letters };
            return Ok(Literal::told(long_string(current), told));
        }
        let bytes = lexer.short(narrow(n))?;
        let is_name = is_name_like(bytes);
        let value = string(bytes, is_name, trace, current);
        let is_ascii = is_name || bytes.is_ascii();
        if !is_ascii && value.kind() != ValueKind::Str {
            if text::utf8_surrogatepass(bytes) != Ok(0) {
                return Err(malformed(PickleFault::StringNotUtf8));
            }
            if bytes.starts_with(ENCODED_PROTO) {
                self.embeds.decoded(current.at, text::latin1(bytes));
            }
        }
        let text = Utf8 { bytes, is_ascii };
        Ok(Literal::told(value, Constant::Text(text)))
    }

    /// A text that a line spells.
    fn line<'a>(&mut self, text: &[u8], trace: &mut Trace, current: &Current) -> Literal<'a> {
        if begins_embedded(text) {
            self.embeds.decoded(current.at, text.to_vec());
        }
        let is_name = is_name_like(text);
        Literal::untold(string(text, is_name, trace, current))
    }

    /// A Python 2 `str`: text or bytes, as the loader's `encoding` will have it.
    fn byte_string<'a>(
        &mut self,
        n: u64,
        lexer: &'a mut Lexer,
        trace: &mut Trace,
        current: &Current,
    ) -> Result<Literal<'a>, Halt> {
        let start = lexer.offset();
        if n > limits::NAME_BYTES {
            lexer.skip(n, false)?;
            self.embeds.stored(current.at, start, n);
            return Ok(Literal::untold(long_string(current)));
        }
        let bytes = lexer.short(narrow(n))?;
        let value = string(bytes, is_name_like(bytes), trace, current);
        if begins_embedded(bytes) {
            self.embeds.stored(current.at, start, n);
        }
        Ok(Literal::told(value, Constant::ByteString(bytes)))
    }

    fn bytes<'a>(
        &mut self,
        n: u64,
        lexer: &mut Lexer,
        current: &Current,
    ) -> Result<Literal<'a>, Halt> {
        const LOOKED_AT: usize = 64;
        let start = lexer.offset();
        if n <= wide(LOOKED_AT) {
            if begins_embedded(lexer.short(narrow(n))?) {
                self.embeds.stored(current.at, start, n);
            }
        } else {
            lexer.skip(n, true)?;
            self.embeds.stored(current.at, start, n);
        }
        Ok(Literal::at(ValueKind::Bytes, current))
    }
}

/// A length of four bytes with a sign.
fn signed(lexer: &mut Lexer, op: Op) -> Result<u64, Halt> {
    let n = i32::from_le_bytes(lexer.array()?);
    u64::try_from(n).map_err(|_| malformed(PickleFault::NegativeLength { op }))
}

/// What a number operand's spelling means: one that no unpickler takes for a number stops all of them.
fn number(
    spelling: Spelling,
    line: &[u8],
    trace: &mut Trace,
    current: &Current,
) -> Result<(), Halt> {
    let op = current.op();
    let crlf = line.ends_with(b"\r");
    match spelling {
        Spelling::Plain => {}
        Spelling::Odd => {
            let anomaly = PickleAnomaly::BadNumber { op, crlf };
            trace.log.anomaly(anomaly, current.moment());
        }
        Spelling::No if crlf => return Err(malformed(PickleFault::Crlf)),
        Spelling::No => return Err(malformed(PickleFault::NotANumber { op })),
    }
    Ok(())
}

/// A string constant: interned where it could name something, or where reading it again would find other bytes.
#[inline]
fn string(bytes: &[u8], is_name: bool, trace: &mut Trace, current: &Current) -> Value {
    let interned = if current.moved || is_name {
        trace.names.texts.intern(bytes)
    } else {
        None
    };
    match interned {
        Some(value) => value,
        None if current.moved => Value::UNKNOWN,
        None if is_name => texts::text_at(current.at, bytes),
        None => Value::new(ValueKind::StrAt, current.at),
    }
}

/// A string constant too long to be a name: its bytes stay in the file.
fn long_string(current: &Current) -> Value {
    if current.moved {
        Value::UNKNOWN
    } else {
        Value::new(ValueKind::StrAt, current.at)
    }
}
