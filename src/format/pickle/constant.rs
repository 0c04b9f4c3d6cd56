//! Constants read again from the file: names that were not interned, and what previews and disassemblies show.

use std::{borrow::Cow, ops::Range};

use super::{
    opcode::{self as op, Operand},
    text,
};
use crate::{
    bytes::{Cursor, Window, narrow, wide},
    fact::{Expression, Literal, Piece, Text},
    limits,
};

/// An opcode and the beginning of its operand, read again.
#[derive(Debug)]
pub(super) struct Instruction {
    /// The opcode byte.
    pub code: u8,
    /// Its operand: a line, a payload, or a number's bytes; cut at what was asked for.
    pub operand: Vec<u8>,
    /// How long the operand really is. For lines that were cut, as far as was read.
    pub length: u64,
    /// The second line of GLOBAL and INST.
    pub second: Option<Vec<u8>>,
}

/// Reads the opcode at `at` with up to `max` bytes of its operand.
pub(super) fn instruction(window: &Window, at: u64, max: usize) -> Option<Instruction> {
    let bytes = window.bytes_at(at, max.saturating_add(16)).ok()?;
    let mut cursor = Cursor::new(&bytes, Piece::PickleOperand);
    let code = cursor.u8().ok()?;
    let operand = op::lookup(code).map_or(Operand::None, |opcode| opcode.operand);
    let fixed = |cursor: &mut Cursor<'_>, n: usize| cursor.take(n).ok().map(<[u8]>::to_vec);
    let (length, second, operand) = match operand {
        Operand::None => (0, None, Vec::new()),
        Operand::Byte => (1, None, fixed(&mut cursor, 1)?),
        Operand::Two => (2, None, fixed(&mut cursor, 2)?),
        Operand::Four => (4, None, fixed(&mut cursor, 4)?),
        Operand::Eight => (8, None, fixed(&mut cursor, 8)?),
        Operand::Line => {
            let line = line(&mut cursor, max);
            (wide(line.len()), None, line.to_vec())
        }
        Operand::TwoLines => {
            let first = line(&mut cursor, max).to_vec();
            let second = line(&mut cursor, max).to_vec();
            (wide(first.len()), Some(second), first)
        }
        Operand::Size1 | Operand::Size4 | Operand::Size4Signed | Operand::Size8 => {
            let length = match operand {
                Operand::Size1 => u64::from(cursor.u8().ok()?),
                Operand::Size8 => cursor.u64().ok()?,
                _ => u64::from(cursor.u32().ok()?),
            };
            let shown = cursor.rest();
            let shown = shown
                .get(..shown.len().min(narrow(length)).min(max))
                .unwrap_or_default()
                .to_vec();
            return Some(Instruction {
                code,
                operand: shown,
                length,
                second: None,
            });
        }
    };
    Some(Instruction {
        code,
        operand,
        length,
        second,
    })
}

/// A line, without its line feed; the rest if there is none.
fn line<'a>(cursor: &mut Cursor<'a>, max: usize) -> &'a [u8] {
    let rest = cursor.rest();
    let end = memchr::memchr(b'\n', rest);
    let taken = end.unwrap_or(rest.len());
    let _ = cursor.take(taken.saturating_add(usize::from(end.is_some())));
    rest.get(..taken.min(max)).unwrap_or_default()
}

/// The string that the opcode at `at` pushes; `None` if it is longer than any name we read.
pub(super) fn string(window: &Window, at: u64) -> Option<Text> {
    let instruction = instruction(window, at, narrow(limits::NAME_BYTES).saturating_add(1))?;
    if instruction.length > limits::NAME_BYTES {
        return None;
    }
    decoded(&instruction).map(|text| Text::new(&*text))
}

/// A string instruction's operand, decoded.
pub(super) fn decoded(instruction: &Instruction) -> Option<Cow<'_, [u8]>> {
    match instruction.code {
        op::STRING => text::decode_string(&instruction.operand).ok(),
        op::UNICODE => text::decode_unicode(&instruction.operand).ok(),
        op::BINUNICODE
        | op::BINUNICODE8
        | op::SHORT_BINUNICODE
        | op::BINSTRING
        | op::SHORT_BINSTRING => Some(Cow::Borrowed(&instruction.operand)),
        _ => None,
    }
}

/// The integer that the opcode at `at` pushes, if it has 64 bits.
pub(super) fn integer(window: &Window, at: u64) -> Option<i64> {
    const LONGEST: usize = 32;
    let Instruction {
        code,
        operand,
        length,
        ..
    } = instruction(window, at, LONGEST)?;
    match code {
        op::LONG1 | op::LONG4 if length <= 16 => i64::try_from(signed_le(&operand)).ok(),
        op::INT | op::LONG => {
            let digits = std::str::from_utf8(&operand).ok()?.trim();
            digits.strip_suffix('L').unwrap_or(digits).parse().ok()
        }
        _ => None,
    }
}

/// The integer that the opcode at `at` pushes, if it is not negative and has 64 bits.
pub(super) fn unsigned(window: &Window, at: u64) -> Option<u64> {
    const LONGEST: usize = 32;
    let instruction = instruction(window, at, LONGEST)?;
    let operand = instruction.operand.as_slice();
    match instruction.code {
        op::LONG1 if operand.len() <= 16 => u64::try_from(signed_le(operand)).ok(),
        op::INT | op::LONG => std::str::from_utf8(operand).ok()?.parse().ok(),
        _ => None,
    }
}

/// How many bytes the constant at `at` has, and the first `max` of them.
pub(super) fn bytes(window: &Window, at: u64, max: usize) -> Option<(u64, Vec<u8>)> {
    let Instruction {
        code,
        operand,
        length,
        ..
    } = instruction(window, at, max)?;
    let is_bytes = matches!(
        code,
        op::BINBYTES | op::SHORT_BINBYTES | op::BINBYTES8 | op::BYTEARRAY8
    );
    is_bytes.then_some((length, operand))
}

/// The constant that the opcode at `at` pushes, as far as it is worth showing.
pub(super) fn expression(window: &Window, at: u64) -> Expression {
    /// As many as the characters of a literal can have.
    const LONGEST: usize = 4 * Literal::SHOWN + 4;
    let Some(instruction) = instruction(window, at, LONGEST) else {
        return Expression::Elided;
    };
    let (operand, length) = (instruction.operand.as_slice(), instruction.length);
    match instruction.code {
        op::BINBYTES | op::SHORT_BINBYTES | op::BINBYTES8 | op::BYTEARRAY8 => {
            Expression::Bytes(Literal::bytes(operand, length))
        }
        op::BINFLOAT => operand.try_into().map_or(Expression::Elided, |bytes| {
            Expression::Float(u64::from_be_bytes(bytes))
        }),
        op::LONG1 if operand.len() <= 16 => {
            let number = signed_le(operand);
            i64::try_from(number)
                .map_or_else(|_| spelled(number.to_string().as_bytes()), Expression::Int)
        }
        op::LONG1 | op::LONG4 => Expression::LongInt { bytes: length },
        op::INT | op::LONG | op::FLOAT => spelled(operand),
        _ => match decoded(&instruction) {
            Some(text) => {
                // Decoded, a line is shorter than it is written.
                let is_whole = length == wide(operand.len());
                let length = if is_whole { wide(text.len()) } else { length };
                Expression::Str(Literal::text(&text, length))
            }
            // Cut, a line has lost its closing quote or half an escape: it is shown as it is written.
            None => Expression::Spelled(Literal::text(operand, u64::MAX)),
        },
    }
}

fn spelled(text: &[u8]) -> Expression {
    Expression::Spelled(Literal::text(text, wide(text.len())))
}

/// How Python would write an instruction's constant, cut at about `max` characters.
pub(super) fn repr_of(instruction: &Instruction, max: usize) -> String {
    let operand = instruction.operand.as_slice();
    match instruction.code {
        op::BINBYTES | op::SHORT_BINBYTES | op::BINBYTES8 | op::BYTEARRAY8 => {
            let shown = operand.get(..operand.len().min(max)).unwrap_or_default();
            let cut = wide(shown.len()) < instruction.length;
            format!(
                "b'{}'{}",
                shown.escape_ascii(),
                if cut {
                    format!("...({} bytes)", instruction.length)
                } else {
                    String::new()
                }
            )
        }
        op::BINFLOAT => operand.try_into().map_or("?".into(), |bytes| {
            format!("{:?}", f64::from_be_bytes(bytes))
        }),
        op::BININT => operand
            .try_into()
            .map_or("?".into(), |bytes| i32::from_le_bytes(bytes).to_string()),
        op::LONG1 if operand.len() <= 16 => signed_le(operand).to_string(),
        op::LONG1 | op::LONG4 => format!("<integer of {} bytes>", instruction.length),
        op::INT | op::LONG | op::FLOAT | op::GET | op::PUT | op::PERSID => {
            quoted(operand, max, false)
        }
        op::EXT4
        | op::LONG_BINGET
        | op::LONG_BINPUT
        | op::BININT1
        | op::BININT2
        | op::BINGET
        | op::BINPUT
        | op::PROTO
        | op::EXT1
        | op::EXT2
        | op::FRAME => unsigned_le(operand).to_string(),
        op::GLOBAL | op::INST => {
            let second = instruction.second.as_deref().unwrap_or_default();
            format!(
                "{} {}",
                quoted(operand, max, false),
                quoted(second, max, false)
            )
        }
        // Cut, a line has lost its closing quote or half an escape: it is shown as it is written.
        op::STRING | op::UNICODE if decoded(instruction).is_none() => {
            let shown = quoted(operand, max, false);
            if shown.ends_with("...") {
                shown
            } else {
                shown + "..."
            }
        }
        _ => decoded(instruction).map_or(String::new(), |text| quoted(&text, max, true)),
    }
}

/// Text for showing, with quotes if asked, cut at `max` characters.
pub(super) fn quoted(bytes: &[u8], max: usize, quotes: bool) -> String {
    let shown = Text::new(bytes).to_string();
    let mut out: String = shown.chars().take(max).collect();
    if shown.chars().nth(max).is_some() {
        out.push_str("...");
    }
    if quotes { format!("'{out}'") } else { out }
}

fn unsigned_le(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |sum, byte| sum.wrapping_shl(8) | u64::from(*byte))
}

fn signed_le(bytes: &[u8]) -> i128 {
    let negative = bytes.last().is_some_and(|byte| *byte >= 0x80);
    let start: i128 = if negative { -1 } else { 0 };
    bytes
        .iter()
        .rev()
        .fold(start, |sum, byte| sum.wrapping_shl(8) | i128::from(*byte))
}

/// The line of a text that the opcode at `at` pushes, without its line feed, and whether it is a `UNICODE` line; otherwise it is a
/// `STRING` line.
pub(super) fn line_payload(window: &Window, at: u64) -> Option<(Range<u64>, bool)> {
    const PIECE: usize = 64 << 10;
    let code = window.bytes_at(at, 1).ok()?;
    let is_unicode = match *code.first()? {
        op::UNICODE => true,
        op::STRING => false,
        _ => return None,
    };
    let start = at.checked_add(1)?;
    let mut end = start;
    loop {
        let piece = window.borrow_at(end, PIECE).ok()?;
        if piece.is_empty() {
            return None;
        }
        match memchr::memchr(b'\n', &piece) {
            Some(there) => return Some((start..end.checked_add(wide(there))?, is_unicode)),
            None => end = end.checked_add(wide(piece.len()))?,
        }
    }
}

/// The bytes of a text or of bytes that the opcode at `at` pushes, and whether they are UTF-8, without those that say how many they are.
/// `None` for lines.
pub(super) fn payload(window: &Window, at: u64) -> Option<(Range<u64>, bool)> {
    let instruction = instruction(window, at, 0)?;
    let header = match op::lookup(instruction.code)?.operand {
        Operand::Size1 => 2,
        Operand::Size4 | Operand::Size4Signed => 5,
        Operand::Size8 => 9,
        _ => return None,
    };
    let is_text = matches!(
        instruction.code,
        op::BINUNICODE | op::BINUNICODE8 | op::SHORT_BINUNICODE
    );
    let is_bytes = matches!(
        instruction.code,
        op::BINBYTES
            | op::SHORT_BINBYTES
            | op::BINBYTES8
            | op::BYTEARRAY8
            | op::BINSTRING
            | op::SHORT_BINSTRING
    );
    let start = at.checked_add(header)?;
    let end = start.checked_add(instruction.length)?;
    (is_text || is_bytes).then_some((start..end, is_text))
}
