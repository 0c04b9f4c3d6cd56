//! The tokens of TorchScript's code, as torch's own lexer (`torch/csrc/jit/frontend/lexer.h`) divides them.
//!
//! Comments, white space and line ends are left out: a chain of names goes on over them inside brackets, and outside of them
//! what follows would be no code.

use std::ops::Range;

/// A token with its place.
#[derive(Debug, Clone)]
pub(super) struct Token<'s> {
    pub(super) kind: Kind<'s>,
    /// The bytes that it takes.
    pub(super) range: Range<usize>,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind<'s> {
    /// A name or a keyword.
    Name(&'s [u8]),
    /// A string.
    Text,
    /// A number, or what looks like its beginning.
    Number,
    /// One byte of punctuation, or of anything else.
    Mark(u8),
    /// `==`, which is no `=`.
    Equals,
}

/// Divides code into tokens.
#[derive(Debug)]
pub(super) struct Tokens<'s> {
    code: &'s [u8],
    at: usize,
}

impl<'s> Tokens<'s> {
    pub(super) fn of(code: &'s [u8]) -> Self {
        Self { code, at: 0 }
    }

    fn rest(&self) -> &'s [u8] {
        self.code.get(self.at..).unwrap_or_default()
    }

    /// Passes over what is no token.
    fn skip(&mut self) {
        loop {
            let skipped = match self.rest() {
                [b' ' | b'\t' | b'\r' | b'\n' | b'\x0b' | b'\x0c', ..] => 1,
                [b'\\', b'\n', ..] => 2,
                [b'#', comment @ ..] => {
                    let end = memchr::memchr(b'\n', comment);
                    end.unwrap_or(comment.len()).saturating_add(1)
                }
                _ => return,
            };
            self.at = self.at.saturating_add(skipped);
        }
    }
}

impl<'s> Iterator for Tokens<'s> {
    type Item = Token<'s>;

    fn next(&mut self) -> Option<Token<'s>> {
        self.skip();
        let start = self.at;
        let rest = self.rest();
        let (kind, length) = match rest {
            [] => return None,
            [b'=', b'=', ..] => (Kind::Equals, 2),
            [b'\'' | b'"', ..] => match text(rest) {
                Some(length) => (Kind::Text, length),
                None => (Kind::Mark(b'"'), 1),
            },
            [first, ..] if is_word(*first) => {
                let length = rest.iter().take_while(|byte| is_word(**byte)).count();
                let word = rest.get(..length).unwrap_or_default();
                if first.is_ascii_digit() {
                    (Kind::Number, length)
                } else {
                    (Kind::Name(word), length)
                }
            }
            [other, ..] => (Kind::Mark(*other), 1),
        };
        self.at = start.saturating_add(length);
        let range = start..self.at;
        Some(Token { kind, range })
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The length of the string that begins here, with its quotes; `None` if it does not end.
fn text(rest: &[u8]) -> Option<usize> {
    let quote = *rest.first()?;
    let triple = rest.starts_with(&[quote; 3]);
    let quotes = if triple { 3 } else { 1 };
    let closing = [quote; 3];
    let closing = closing.get(..quotes)?;
    let mut at: usize = quotes;
    loop {
        let here = rest.get(at..)?;
        match here {
            [] => return None,
            [b'\\', _, ..] => at = at.saturating_add(2),
            [b'\n', ..] if !triple => return None,
            _ if here.starts_with(closing) => {
                return Some(at.saturating_add(quotes));
            }
            _ => at = at.saturating_add(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Tokens};

    fn kinds(code: &str) -> Vec<Kind<'_>> {
        Tokens::of(code.as_bytes())
            .map(|token| token.kind)
            .collect()
    }

    #[test]
    fn strings_and_comments_are_no_code() {
        use Kind::{Mark, Name, Number, Text};
        assert_eq!(
            kinds("x = \"torch.save(\\\"\" # torch.save\ny"),
            [Name(b"x"), Mark(b'='), Text, Name(b"y")]
        );
        assert_eq!(kinds("'''a\n'b'''.c"), [Text, Mark(b'.'), Name(b"c")]);
        // A string that does not end on its line is none.
        assert_eq!(kinds("'a\nb"), [Mark(b'"'), Name(b"a"), Name(b"b")]);
        assert_eq!(
            kinds("1.0.save"),
            [Number, Mark(b'.'), Number, Mark(b'.'), Name(b"save")]
        );
        assert_eq!(kinds("a \\\n.b"), [Name(b"a"), Mark(b'.'), Name(b"b")]);
    }
}
