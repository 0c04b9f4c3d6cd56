//! Bytes as constants spell them: characters of UTF-8, and the escapes of protocol 0, which stands in lines.
//!
//! An array may have gigabytes, so a constant is decoded as it is read, whatever stands at the end of a piece.

/// How a constant spells bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::format::pickle) enum Form {
    /// As they are.
    Plain,
    /// Each as a character of UTF-8.
    Utf8,
    /// Each as a character of a `UNICODE` line.
    Raw,
    /// Between the quotes of a `STRING` line.
    Quoted,
}

/// Decodes pieces of a constant.
#[derive(Debug)]
pub(super) struct Decoder {
    form: Form,
    /// The beginning of something that takes several bytes.
    open: Vec<u8>,
    /// The quote in front.
    quote: Option<u8>,
}

impl Decoder {
    pub(super) fn new(form: Form) -> Self {
        Self {
            form,
            open: Vec::new(),
            quote: None,
        }
    }

    /// Decodes a piece; `None` where it spells something else than bytes.
    pub(super) fn feed(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Option<()> {
        match self.form {
            Form::Plain => out.extend_from_slice(piece),
            Form::Utf8 => {
                for byte in piece {
                    self.utf8(*byte, out)?;
                }
            }
            Form::Raw => {
                for byte in piece {
                    self.raw(*byte, out)?;
                }
            }
            Form::Quoted => {
                for byte in piece {
                    self.quoted(*byte, out)?;
                }
            }
        }
        Some(())
    }

    /// Whether a constant may end here.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Option<()> {
        match (self.form, self.open.as_slice()) {
            // The quote that is left is that behind.
            (Form::Quoted, [last]) => (Some(*last) == self.quote).then_some(()),
            (Form::Quoted, _) => None,
            // A backslash at the end of a line is one.
            (Form::Raw, [b'\\']) => {
                out.push(b'\\');
                Some(())
            }
            (_, open) => open.is_empty().then_some(()),
        }
    }

    /// None of the characters is beyond Latin-1.
    fn utf8(&mut self, byte: u8, out: &mut Vec<u8>) -> Option<()> {
        match (self.open.pop(), byte) {
            (None, 0..=0x7f) => out.push(byte),
            (None, 0xc2 | 0xc3) => self.open.push(byte),
            (Some(first), 0x80..=0xbf) => out.push((first & 3).wrapping_shl(6) | (byte & 0x3f)),
            _ => return None,
        }
        Some(())
    }

    fn raw(&mut self, byte: u8, out: &mut Vec<u8>) -> Option<()> {
        match (self.open.as_slice(), byte) {
            ([], b'\\') | ([b'\\'], b'u' | b'U') => self.open.push(byte),
            ([], _) => out.push(byte),
            ([_], _) => {
                self.open.clear();
                out.extend([b'\\', byte]);
            }
            ([_, kind, digits @ ..], _) => {
                hex(byte)?;
                let missing = if *kind == b'u' { 4 } else { 8 };
                if digits.len().saturating_add(1) < missing {
                    self.open.push(byte);
                } else {
                    let mut digits = digits.iter().copied().chain([byte]);
                    let scalar = digits.try_fold(0_u32, |scalar, digit| {
                        Some(scalar.wrapping_shl(4) | u32::from(hex(digit)?))
                    });
                    out.push(u8::try_from(scalar?).ok()?);
                    self.open.clear();
                }
            }
        }
        Some(())
    }

    fn quoted(&mut self, byte: u8, out: &mut Vec<u8>) -> Option<()> {
        if self.quote.is_none() {
            self.quote = Some(byte).filter(|byte| matches!(byte, b'\'' | b'"'));
            return self.quote.map(|_| ());
        }
        match (self.open.as_slice(), byte) {
            // A quote is kept until it is known whether the line ends behind it.
            ([], b'\\' | b'\'' | b'"') => self.open.push(byte),
            ([], _) => out.push(byte),
            ([b'\\'], _) => self.escape(byte, out),
            ([b'\\', b'x'], _) => {
                hex(byte)?;
                self.open.push(byte);
            }
            ([b'\\', b'x', high], _) => {
                out.push(hex(*high)?.wrapping_shl(4) | hex(byte)?);
                self.open.clear();
            }
            ([b'\\', digits @ ..], b'0'..=b'7') if digits.len() < 3 => self.open.push(byte),
            ([b'\\', digits @ ..], _) => {
                let octal = digits.iter().fold(0_u32, |octal, digit| {
                    octal.wrapping_shl(3) | u32::from(digit.wrapping_sub(b'0'))
                });
                let [low, ..] = octal.to_le_bytes();
                out.push(low);
                self.open.clear();
                return self.quoted(byte, out);
            }
            ([quote, ..], _) => {
                out.push(*quote);
                self.open.clear();
                return self.quoted(byte, out);
            }
        }
        Some(())
    }

    fn escape(&mut self, byte: u8, out: &mut Vec<u8>) {
        let one = match byte {
            b'\\' | b'\'' | b'"' => byte,
            b'b' => 0x08,
            b'f' => 0x0c,
            b't' => b'\t',
            b'n' => b'\n',
            b'r' => b'\r',
            b'v' => 0x0b,
            b'a' => 0x07,
            b'x' | b'0'..=b'7' => return self.open.push(byte),
            other => {
                self.open.clear();
                return out.extend([b'\\', other]);
            }
        };
        self.open.clear();
        out.push(one);
    }
}

fn hex(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

#[cfg(test)]
mod tests {
    use super::{Decoder, Form};
    use crate::format::pickle::text;

    fn decoded(form: Form, text: &[u8], at: usize) -> Option<Vec<u8>> {
        let (mut decoder, mut out) = (Decoder::new(form), Vec::new());
        let (first, second) = text.split_at(at);
        decoder.feed(first, &mut out)?;
        decoder.feed(second, &mut out)?;
        decoder.finish(&mut out)?;
        Some(out)
    }

    /// Wherever a piece ends, what is decoded is what the unpickler decodes.
    #[test]
    fn a_line_is_decoded_as_the_unpickler_decodes_it() {
        let quoted: &[&[u8]] = &[
            b"''",
            b"'abc'",
            b"\"it's\"",
            b"'a\\x00\\xff\\n\\t\\\\\\'\\\"\\r\\v\\a\\b\\f'",
            b"'\\0\\12\\377\\1234\\8'",
            b"'\\q\\z'",
            b"'a\"b'",
            b"'a'b'",
            b"'\\0'",
            b"'",
            b"'a",
            b"'a\"",
            b"'a\\'",
            b"'\\x1'",
            b"'\\xg0'",
            b"a'",
            b"",
        ];
        for line in quoted {
            let expected = text::decode_string(line).ok().map(|text| text.to_vec());
            for at in 0..=line.len() {
                let got = decoded(Form::Quoted, line, at);
                assert_eq!(got, expected, "{:?} at {at}", line.escape_ascii());
            }
        }
        let raw: &[&[u8]] = &[
            b"abc",
            b"\\u0000\\u005c\\u000a\xff\x80",
            b"\\\\u0041\\",
            b"\\x41\\U000000e9",
            b"\\u01ff",
            b"\\u12",
            b"\\uzzzz",
        ];
        for line in raw {
            let text = text::decode_unicode(line).ok();
            let expected = text.and_then(|text| {
                let text = std::str::from_utf8(&text).ok()?;
                text.chars()
                    .map(|c| u8::try_from(u32::from(c)).ok())
                    .collect()
            });
            for at in 0..=line.len() {
                let got = decoded(Form::Raw, line, at);
                assert_eq!(got, expected, "{:?} at {at}", line.escape_ascii());
            }
        }
    }
}
