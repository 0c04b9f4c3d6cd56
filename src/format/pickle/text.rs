//! The text inside operands, decoded exactly as CPython's C unpickler does: integers, string escapes, UTF-8 with surrogates.

use crate::fact::{Op, PickleFault};
use std::borrow::Cow;

/// A text that is UTF-8, surrogates admitted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Utf8<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) is_ascii: bool,
}

/// Which encodings can hold a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Letters {
    Ascii,
    Latin1,
    Unicode,
    /// With lone surrogates, which no encoding holds.
    Surrogates,
}

impl Letters {
    /// What bytes that are UTF-8, surrogates admitted, hold.
    pub(super) fn of(bytes: &[u8]) -> Self {
        if bytes.is_ascii() {
            return Self::Ascii;
        }
        let mut most = Self::Ascii;
        let mut before = 0;
        for byte in bytes {
            let letters = match (before, *byte) {
                (0xed, 0xa0..=0xbf) => Self::Surrogates,
                (_, 0..=0x7f) => Self::Ascii,
                (_, 0x80..=0xc3) => Self::Latin1,
                _ => Self::Unicode,
            };
            most = most.max(letters);
            before = *byte;
        }
        most
    }
}

/// An integer as every unpickler reads it, if it fits: decimal digits without a leading zero.
pub(super) fn small(line: &[u8]) -> Option<i32> {
    let digits = line.strip_prefix(b"-").unwrap_or(line);
    let plain = digits.iter().all(u8::is_ascii_digit) && !digits.starts_with(b"0");
    if plain || line == b"0" {
        std::str::from_utf8(line).ok()?.parse().ok()
    } else {
        None
    }
}

/// How a number operand is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As picklers write it: every unpickler reads the same number.
    Plain,
    /// Some unpickler takes it, another may not, or reads another number.
    Odd,
    /// No unpickler takes it for a number.
    No,
}

impl Spelling {
    fn of(plain: bool, taken: bool) -> Self {
        match (plain, taken) {
            (true, _) => Self::Plain,
            (_, true) => Self::Odd,
            _ => Self::No,
        }
    }
}

/// The operand of INT: C takes what `strtol` with base 0 takes to the line's end, else what `int(text, 0)` does.
pub(super) fn int(line: &[u8]) -> Spelling {
    Spelling::of(
        is_decimal(line) || matches!(line, b"00" | b"01"),
        // C sees a NUL-terminated string: what follows a NUL is not looked at.
        lenient(line, |text| {
            strtol_consumes(text) || is_python_int(text, 0) || is_python_int(text, 10)
        }),
    )
}

/// The operand of LONG, with or without its closing `L`.
pub(super) fn long(line: &[u8]) -> Spelling {
    let digits = line.strip_suffix(b"L").unwrap_or(line);
    Spelling::of(
        is_decimal(digits),
        lenient(digits, |text| {
            is_python_int(text, 0) || is_python_int(text, 10)
        }),
    )
}

/// The operand of FLOAT.
pub(super) fn float(line: &[u8]) -> Spelling {
    Spelling::of(
        is_plain_float(line),
        lenient(line, |text| {
            std::str::from_utf8(trim_space(text))
                .is_ok_and(|text| text.replace('_', "").parse::<f64>().is_ok())
        }),
    )
}

/// Whether a line is taken up to its first NUL, in ASCII or with the digits and white space of any script.
fn lenient(line: &[u8], takes: impl Fn(&[u8]) -> bool) -> bool {
    let text = until_nul(line);
    if text.is_ascii() {
        return takes(text);
    }
    let Ok(text) = std::str::from_utf8(text) else {
        return false;
    };
    let folded: String = text
        .chars()
        .map(|c| match c {
            c if c.is_ascii() => c,
            c if c.is_whitespace() => ' ',
            c if c.is_numeric() => '1',
            c => c,
        })
        .collect();
    takes(folded.as_bytes())
}

/// An integer as picklers write it.
fn is_decimal(line: &[u8]) -> bool {
    let digits = line.strip_prefix(b"-").unwrap_or(line);
    line == b"0"
        || !digits.starts_with(b"0") && !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

/// A float as picklers write it: what `repr` and C's `%.17g` give.
fn is_plain_float(line: &[u8]) -> bool {
    let number = line.strip_prefix(b"-").unwrap_or(line);
    let (mantissa, exponent) = match number.iter().position(|b| *b == b'e') {
        Some(at) => (
            number.get(..at).unwrap_or_default(),
            number.get(at.saturating_add(1)..),
        ),
        None => (number, None),
    };
    let digits = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let exponent = exponent.is_none_or(|exponent| match exponent {
        [b'+' | b'-', rest @ ..] | rest => digits(rest),
    });
    let mantissa =
        mantissa.split(|b| *b == b'.').count() <= 2 && mantissa.split(|b| *b == b'.').all(digits);
    matches!(number, b"inf" | b"nan") || mantissa && exponent
}

/// The operand of GET and PUT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Index<'a> {
    /// An index that every unpickler can hold.
    Near(u64),
    /// One beyond 63 bits, by its digits: only the pure-Python unpickler has such memo entries.
    Beyond(Cow<'a, [u8]>),
    /// No index: no integer, or a negative one.
    No,
}

/// The operand of GET and PUT: base 10, with sign, spaces and single underscores, as `int(text)` has it.
pub(super) fn memo_index(line: &[u8]) -> Index<'_> {
    let text = until_nul(line);
    if !is_python_int(text, 10) {
        return Index::No;
    }
    let digits = trim_space(text);
    let (negative, digits) = match digits.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, digits),
    };
    let mut value: Option<u64> = Some(0);
    for digit in digits.iter().filter(|b| **b != b'_') {
        value = value
            .and_then(|value| value.checked_mul(10))
            .and_then(|value| value.checked_add(u64::from(digit.wrapping_sub(b'0'))))
            .filter(|value| *value <= i64::MAX.unsigned_abs());
    }
    match value {
        Some(0) => Index::Near(0),
        _ if negative => Index::No,
        Some(value) => Index::Near(value),
        None => {
            let plain: Vec<u8> = digits.iter().copied().filter(|b| *b != b'_').collect();
            let zeros = plain.iter().take_while(|b| **b == b'0').count();
            Index::Beyond(Cow::Owned(plain.get(zeros..).unwrap_or_default().to_vec()))
        }
    }
}

fn until_nul(line: &[u8]) -> &[u8] {
    line.split(|b| *b == 0).next().unwrap_or_default()
}

/// What C's `isspace` and Python's own table call white space.
fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t'..=b'\r')
}

fn trim_space(mut text: &[u8]) -> &[u8] {
    while let Some((first, rest)) = text.split_first().filter(|(b, _)| is_space(**b)) {
        let _ = first;
        text = rest;
    }
    while let Some((last, rest)) = text.split_last().filter(|(b, _)| is_space(**b)) {
        let _ = last;
        text = rest;
    }
    text
}

/// `strtol(text, &end, 0)` with `end` at the line's end, and no overflow.
fn strtol_consumes(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some((_, after)) = rest.split_first().filter(|(b, _)| is_space(**b)) {
        rest = after;
    }
    if let Some((b'+' | b'-', after)) = rest.split_first() {
        rest = after;
    }
    let (digits, base) = match rest {
        [b'0', b'x' | b'X', hex @ ..] if hex.first().is_some_and(u8::is_ascii_hexdigit) => {
            (hex, 16)
        }
        [b'0', ..] => (rest, 8),
        _ => (rest, 10),
    };
    let mut value: i64 = 0;
    !digits.is_empty()
        && digits.iter().all(|b| {
            let digit = char::from(*b).to_digit(base);
            let next = digit.and_then(|d| {
                value
                    .checked_mul(i64::from(base))?
                    .checked_add(i64::from(d))
            });
            value = next.unwrap_or(value);
            next.is_some()
        })
}

/// What `int(text, base)` accepts for base 0 or 10.
fn is_python_int(text: &[u8], base: u32) -> bool {
    let text = trim_space(text);
    let text = text
        .strip_prefix(b"+")
        .or_else(|| text.strip_prefix(b"-"))
        .unwrap_or(text);
    let (digits, radix, prefixed) = match text {
        [b'0', b'x' | b'X', rest @ ..] if base == 0 => (rest, 16, true),
        [b'0', b'o' | b'O', rest @ ..] if base == 0 => (rest, 8, true),
        [b'0', b'b' | b'B', rest @ ..] if base == 0 => (rest, 2, true),
        _ => (text, 10, false),
    };
    // One underscore may stand between digits, and after a prefix.
    let digits = if prefixed {
        digits.strip_prefix(b"_").unwrap_or(digits)
    } else {
        digits
    };
    let grouped = digits
        .split(|b| *b == b'_')
        .all(|group| !group.is_empty() && group.iter().all(|b| char::from(*b).is_digit(radix)));
    // "Old" octal: a leading zero is an error in base 0 unless all digits are zero.
    let old_octal = base == 0 && !prefixed && digits.len() > 1 && digits.starts_with(b"0");
    grouped && !(old_octal && digits.iter().any(|b| !matches!(b, b'0' | b'_')))
}

/// The operand of STRING: quotes taken off and escapes undone, as bytes. `Err` says what is wrong with it.
pub(super) fn decode_string(line: &[u8]) -> Result<Cow<'_, [u8]>, PickleFault> {
    let inner = match line {
        [first @ (b'\'' | b'"'), inner @ .., last] if first == last => inner,
        [b'\'' | b'"', .., b'\'' | b'"', b'\r'] => {
            return Err(PickleFault::Crlf);
        }
        _ => return Err(PickleFault::StringNotQuoted),
    };
    if !inner.contains(&b'\\') {
        return Ok(Cow::Borrowed(inner));
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        let (escape, after) = rest
            .split_first()
            .ok_or(PickleFault::EscapeCutOff { op: Op::STRING })?;
        rest = after;
        match escape {
            b'\n' => {}
            b'\\' | b'\'' | b'"' => out.push(*escape),
            b'b' => out.push(0x08),
            b'f' => out.push(0x0c),
            b't' => out.push(b'\t'),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b'v' => out.push(0x0b),
            b'a' => out.push(0x07),
            b'0'..=b'7' => {
                let mut value = u32::from(escape.wrapping_sub(b'0'));
                for _ in 0..2 {
                    let Some((digit @ b'0'..=b'7', after)) = rest.split_first() else {
                        break;
                    };
                    value = value
                        .wrapping_mul(8)
                        .wrapping_add(u32::from(digit.wrapping_sub(b'0')));
                    rest = after;
                }
                let [low, ..] = value.to_le_bytes();
                out.push(low);
            }
            b'x' => {
                let (high, low, after) = match rest {
                    [high, low, after @ ..] => (hex(*high), hex(*low), after),
                    _ => return Err(PickleFault::EscapeCutOff { op: Op::STRING }),
                };
                let (Some(high), Some(low)) = (high, low) else {
                    return Err(PickleFault::EscapeNotHex { op: Op::STRING });
                };
                out.push(high.wrapping_shl(4) | low);
                rest = after;
            }
            other => out.extend([b'\\', *other]),
        }
    }
    Ok(Cow::Owned(out))
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

/// The operand of UNICODE: `raw-unicode-escape`, given back as UTF-8 (surrogates in their three-byte form).
pub(super) fn decode_unicode(line: &[u8]) -> Result<Cow<'_, [u8]>, PickleFault> {
    if line.is_ascii() && !line.contains(&b'\\') {
        return Ok(Cow::Borrowed(line));
    }
    let mut out = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let digits = match (*byte, after.first()) {
            (b'\\', Some(b'u')) => 4,
            (b'\\', Some(b'U')) => 8,
            (b'\\', Some(second)) => {
                push_scalar(&mut out, u32::from(*byte));
                push_scalar(&mut out, u32::from(*second));
                rest = after.get(1..).unwrap_or_default();
                continue;
            }
            (byte, _) => {
                push_scalar(&mut out, u32::from(byte));
                continue;
            }
        };
        let digits_at = after.get(1..).unwrap_or_default();
        let (text, after) = digits_at
            .split_at_checked(digits)
            .ok_or(PickleFault::EscapeCutOff { op: Op::UNICODE })?;
        let mut scalar: u32 = 0;
        for digit in text {
            let digit = hex(*digit).ok_or(PickleFault::EscapeNotHex { op: Op::UNICODE })?;
            scalar = scalar.wrapping_shl(4) | u32::from(digit);
        }
        if scalar > 0x10_ffff {
            return Err(PickleFault::EscapeTooLarge);
        }
        push_scalar(&mut out, scalar);
        rest = after;
    }
    Ok(Cow::Owned(out))
}

/// UTF-8 text whose characters are all below U+0100, as those bytes; cut at the first that is not.
pub(super) fn latin1(utf8: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(utf8).unwrap_or_default();
    text.chars()
        .map_while(|c| u8::try_from(u32::from(c)).ok())
        .collect()
}

fn push_scalar(out: &mut Vec<u8>, scalar: u32) {
    if let Some(c) = char::from_u32(scalar) {
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        // A lone surrogate: three bytes, as `surrogatepass` writes it.
        let [low, high, ..] = scalar.to_le_bytes();
        let middle = (high & 0x0f).wrapping_shl(2) | low.wrapping_shr(6);
        out.extend([
            0xe0 | high.wrapping_shr(4),
            0x80 | middle,
            0x80 | (low & 0x3f),
        ]);
    }
}

/// Whether bytes are UTF-8, lone surrogates admitted (`surrogatepass`). Returns how many bytes at the end could still be
/// the beginning of a character, if nothing before them is wrong.
pub(super) fn utf8_surrogatepass(mut bytes: &[u8]) -> Result<usize, ()> {
    loop {
        let Err(error) = std::str::from_utf8(bytes) else {
            return Ok(0);
        };
        let rest = bytes.get(error.valid_up_to()..).unwrap_or_default();
        match rest {
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, after @ ..] => bytes = after,
            [0xed, 0xa0..=0xbf] => return Ok(2),
            _ if error.error_len().is_none() => return Ok(rest.len()),
            _ => return Err(()),
        }
    }
}

/// Whether a text looks like a module path or a qualified name, which is what is worth interning. Others are still
/// resolved exactly, by reading them again.
#[inline]
pub(super) fn is_name_like(text: &[u8]) -> bool {
    const LONGEST: usize = 200;
    if text.len() > LONGEST {
        return false;
    }
    // Whole pieces are compared at once; the last of them overlaps the one before.
    let (pieces, rest) = text.as_chunks::<16>();
    match (
        text.last_chunk::<16>(),
        text.first_chunk::<8>(),
        text.last_chunk::<8>(),
    ) {
        (Some(last), ..) => pieces.iter().all(is_of_names) && is_of_names(last),
        (None, Some(first), Some(last)) => is_of_names(first) && is_of_names(last),
        _ => !rest.is_empty() && rest.iter().all(|byte| is_in_names(*byte)),
    }
}

#[allow(
    clippy::needless_bitwise_bool,
    reason = "what has no branches is done for many bytes at once"
)]
#[inline]
fn is_of_names<const N: usize>(piece: &[u8; N]) -> bool {
    piece
        .iter()
        .fold(true, |all, byte| all & is_in_names(*byte))
}

#[allow(
    clippy::needless_bitwise_bool,
    reason = "what has no branches is done for many bytes at once"
)]
#[inline]
fn is_in_names(byte: u8) -> bool {
    let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    letter | (byte.wrapping_sub(b'0') < 10) | (byte == b'_') | (byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_plain_odd_or_none() {
        for plain in ["0", "7", "-12", "99999999999999999999", "00", "01"] {
            assert_eq!(int(plain.as_bytes()), Spelling::Plain, "{plain:?}");
        }
        for odd in [
            "0x10", "010", " 7", "+1", "+0", "0xf", "0b1", "0o7", "1_000", "08", "5\0junk",
            "-0x1F ", "-0", "\u{661}",
        ] {
            assert_eq!(int(odd.as_bytes()), Spelling::Odd, "{odd:?}");
        }
        for no in ["", "1__0", "_1", "1_", "0x", "abc", "1 2", " ", "f you"] {
            assert_eq!(int(no.as_bytes()), Spelling::No, "{no:?}");
        }
        assert_eq!(long(b"12L"), Spelling::Plain);
        assert_eq!(long(b"12"), Spelling::Plain);
        assert_eq!(long(b"0x10L"), Spelling::Odd);
        assert_eq!(long(b"L"), Spelling::No);
    }

    #[test]
    fn floats_are_plain_odd_or_none() {
        for plain in ["1.0", "-2.5", "1e+16", "1e-05", "1", "inf", "-inf", "nan"] {
            assert_eq!(float(plain.as_bytes()), Spelling::Plain, "{plain:?}");
        }
        for odd in ["\x0b1.0", "1_0.0", "+1.0", ".5", "1.", "1E5", "Infinity"] {
            assert_eq!(float(odd.as_bytes()), Spelling::Odd, "{odd:?}");
        }
        for no in ["", "x", "1.2.3", "or each"] {
            assert_eq!(float(no.as_bytes()), Spelling::No, "{no:?}");
        }
    }

    #[test]
    fn memo_indexes_are_base_ten() {
        assert_eq!(memo_index(b"1_0"), Index::Near(10));
        assert_eq!(memo_index(b" +5 "), Index::Near(5));
        assert_eq!(memo_index(b"007"), Index::Near(7));
        assert_eq!(memo_index(b"-0"), Index::Near(0));
        assert_eq!(memo_index(b"-1"), Index::No);
        assert_eq!(memo_index(b"0x1"), Index::No);
        assert_eq!(
            memo_index(b"00_99999999999999999999"),
            Index::Beyond(b"99999999999999999999".as_slice().into())
        );
    }

    #[test]
    fn strings_lose_their_escapes() {
        assert_eq!(decode_string(br"'\x6fs'").unwrap().as_ref(), b"os");
        assert_eq!(
            decode_string(br#""a\'\101\q""#).unwrap().as_ref(),
            br"a'A\q"
        );
        assert!(
            decode_string(br"'\x6'").is_err()
                && decode_string(b"os").is_err()
                && decode_string(b"'").is_err()
        );
        assert_eq!(
            decode_unicode(br"\u006fs\\u0041").unwrap().as_ref(),
            br"os\\u0041"
        );
        assert_eq!(decode_unicode(b"\xe9").unwrap().as_ref(), "é".as_bytes());
        assert_eq!(
            decode_unicode(br"\ud800").unwrap().as_ref(),
            b"\xed\xa0\x80"
        );
    }

    #[test]
    fn surrogates_pass() {
        assert_eq!(utf8_surrogatepass(b"a\xed\xa0\x80b"), Ok(0));
        assert_eq!(utf8_surrogatepass(b"a\xc3"), Ok(1));
        assert_eq!(utf8_surrogatepass(b"\xff"), Err(()));
    }
}
