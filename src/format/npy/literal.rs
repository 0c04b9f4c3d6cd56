//! Python literals, as far as npy headers use them: strings, integers, booleans, `None`, tuples, lists, dicts.
//!
//! A parser, not an evaluator: no operators, no names, no calls. Nesting is limited.

use crate::{
    bytes::ReadError,
    fact::{NpyFault, NpyToken, NpyValue, Short},
    limits,
};

/// A literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::format) enum Literal {
    /// A string.
    Str(String),
    /// An integer.
    Int(i128),
    /// `True` or `False`.
    Bool(bool),
    /// `None`.
    None,
    /// A tuple.
    Tuple(Vec<Literal>),
    /// A list.
    List(Vec<Literal>),
    /// A dict, with duplicates; later keys win.
    Dict(Vec<(Literal, Literal)>),
}

impl Literal {
    /// It as facts have it.
    pub(in crate::format) fn shown(&self) -> NpyValue {
        match self {
            Self::Str(text) => NpyValue::Str(Short::from(text.as_str())),
            Self::Int(number) => NpyValue::Int(*number),
            Self::Bool(value) => NpyValue::Bool(*value),
            Self::None => NpyValue::None,
            Self::Tuple(_) => NpyValue::Tuple,
            Self::List(_) => NpyValue::List,
            Self::Dict(_) => NpyValue::Dict,
        }
    }
}

/// Parses one literal and the white space around it. `longs`: integers may end in Python 2's `L`.
pub(super) fn parse(text: &str, longs: bool) -> Result<Literal, ReadError> {
    let mut parser = Parser {
        // Like Python's `literal_eval`, which strips spaces and tabs in front.
        rest: text.trim_start_matches([' ', '\t']),
        longs,
        depth: 0,
    };
    let literal = parser.value()?;
    parser.space();
    if parser.rest.is_empty() {
        Ok(literal)
    } else {
        Err(parser.unexpected(NpyToken::End))
    }
}

struct Parser<'t> {
    rest: &'t str,
    longs: bool,
    depth: usize,
}

impl Parser<'_> {
    fn space(&mut self) {
        self.rest = self
            .rest
            .trim_start_matches([' ', '\t', '\n', '\r', '\x0c']);
    }

    fn unexpected(&self, wanted: NpyToken) -> ReadError {
        let found: String = self.rest.chars().take(16).collect();
        let found = Short::from(found.as_str());
        ReadError::malformed(NpyFault::Unexpected { found, wanted })
    }

    fn eat(&mut self, token: &str) -> bool {
        self.space();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn value(&mut self) -> Result<Literal, ReadError> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > limits::NPY_NESTING {
            return Err(ReadError::Limit(limits::Id::NPY_NESTING));
        }
        self.space();
        let value = match self.rest.chars().next() {
            Some('{') => self.dict(),
            Some('[') => self.list(),
            Some('(') => self.tuple(),
            Some('\'' | '"') => self.string(),
            Some('u' | 'b') if matches!(self.rest.as_bytes().get(1), Some(b'\'' | b'"')) => {
                self.rest = self.rest.get(1..).unwrap_or_default();
                self.string()
            }
            Some('-' | '0'..='9') => self.integer(),
            _ => self.word(),
        };
        self.depth = self.depth.saturating_sub(1);
        value
    }

    fn word(&mut self) -> Result<Literal, ReadError> {
        let end = self
            .rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at_checked(end).unwrap_or_default();
        let literal = match word {
            "True" => Literal::Bool(true),
            "False" => Literal::Bool(false),
            "None" => Literal::None,
            _ => return Err(self.unexpected(NpyToken::Value)),
        };
        self.rest = rest;
        Ok(literal)
    }

    fn integer(&mut self) -> Result<Literal, ReadError> {
        let end = self
            .rest
            .char_indices()
            .find(|(i, c)| !(c.is_ascii_digit() || *i == 0 && *c == '-'))
            .map_or(self.rest.len(), |(i, _)| i);
        let (digits, rest) = self.rest.split_at_checked(end).unwrap_or_default();
        let plain = digits.trim_start_matches('-');
        // Python 3 has no octal `010`.
        let octal = plain.len() > 1 && plain.starts_with('0') && plain.bytes().any(|b| b != b'0');
        let Ok(value) = digits.parse() else {
            return Err(self.unexpected(NpyToken::Integer));
        };
        if octal {
            return Err(self.unexpected(NpyToken::Integer));
        }
        self.rest = rest;
        if self.longs {
            self.rest = self.rest.strip_prefix('L').unwrap_or(self.rest);
        }
        match self.rest.chars().next() {
            Some(c) if c.is_alphanumeric() || c == '_' || c == '.' => {
                Err(self.unexpected(NpyToken::IntegerEnd))
            }
            _ => Ok(Literal::Int(value)),
        }
    }

    fn string(&mut self) -> Result<Literal, ReadError> {
        let mut chars = self.rest.chars();
        let quote = chars.next().unwrap_or('\'');
        let mut value = String::new();
        loop {
            match chars.next() {
                None | Some('\n') => return Err(self.unexpected(NpyToken::StringEnd)),
                Some(c) if c == quote => break,
                Some('\\') => match chars.next() {
                    Some(c @ ('\\' | '\'' | '"')) => value.push(c),
                    Some('n') => value.push('\n'),
                    Some('t') => value.push('\t'),
                    Some('r') => value.push('\r'),
                    Some('x') => value.push(code(&mut chars, 2)?),
                    Some('u') => value.push(code(&mut chars, 4)?),
                    Some('U') => value.push(code(&mut chars, 8)?),
                    _ => return Err(self.unexpected(NpyToken::SimpleEscape)),
                },
                Some(c) => value.push(c),
            }
        }
        if value.is_empty() && chars.as_str().starts_with(quote) {
            return Err(self.unexpected(NpyToken::OneLine));
        }
        self.rest = chars.as_str();
        Ok(Literal::Str(value))
    }

    fn items(&mut self, close: &str) -> Result<(Vec<Literal>, bool), ReadError> {
        let mut items = Vec::new();
        let mut comma = false;
        while !self.eat(close) {
            if !items.is_empty() && !comma {
                return Err(self.unexpected(NpyToken::Comma));
            }
            items.push(self.value()?);
            comma = self.eat(",");
        }
        Ok((items, comma))
    }

    fn list(&mut self) -> Result<Literal, ReadError> {
        self.eat("[");
        self.items("]").map(|(items, _)| Literal::List(items))
    }

    /// A tuple, or a value in parentheses.
    fn tuple(&mut self) -> Result<Literal, ReadError> {
        self.eat("(");
        let (mut items, comma) = self.items(")")?;
        match items.pop() {
            Some(only) if items.is_empty() && !comma => Ok(only),
            last => {
                items.extend(last);
                Ok(Literal::Tuple(items))
            }
        }
    }

    fn dict(&mut self) -> Result<Literal, ReadError> {
        self.eat("{");
        let mut pairs = Vec::new();
        let mut comma = true;
        while !self.eat("}") {
            if !comma {
                return Err(self.unexpected(NpyToken::Comma));
            }
            let key = self.value()?;
            if !self.eat(":") {
                return Err(self.unexpected(NpyToken::Colon));
            }
            pairs.push((key, self.value()?));
            comma = self.eat(",");
        }
        Ok(Literal::Dict(pairs))
    }
}

/// The character of an escape of `n` hexadecimal digits.
fn code(chars: &mut std::str::Chars<'_>, n: usize) -> Result<char, ReadError> {
    let digits: String = chars.by_ref().take(n).collect();
    let value = if digits.len() == n && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        u32::from_str_radix(&digits, 16).ok()
    } else {
        None
    };
    value
        .and_then(char::from_u32)
        .ok_or_else(|| ReadError::malformed(NpyFault::Escape(Short::from(digits.as_str()))))
}

#[cfg(test)]
mod tests {
    use super::{Literal, parse};

    #[test]
    fn what_numpy_writes() {
        let header = "{'descr': [('a', '<f8'), (('t', 'b'), '|O')], 'fortran_order': False, 'shape': (3L, 4), }   \n";
        let Literal::Dict(pairs) = parse(header, true).unwrap() else {
            panic!("not a dict")
        };
        assert_eq!(
            pairs[2].1,
            Literal::Tuple(vec![Literal::Int(3), Literal::Int(4)])
        );
        assert!(parse(header, false).is_err(), "no longs in version 3");
    }

    #[test]
    fn nothing_is_evaluated() {
        for text in [
            "__import__('os')",
            "(1)+(2)",
            "{'a': x}",
            "[1 for x in y]",
            "f''",
            "1.5",
            "(,)",
        ] {
            assert!(parse(text, true).is_err(), "{text}");
        }
        assert!(parse(&"(".repeat(100_000), true).is_err());
    }
}
