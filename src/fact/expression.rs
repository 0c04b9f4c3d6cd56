//! What a pickle gives to a call, sets as a state or loads as an id: a small tree of what the stream proves.
//!
//! Bounded whatever the file holds: long texts and bytes keep their beginning, containers their first items, and both say how
//! long they are.

use serde::{Deserialize, Serialize};

use super::{Global, Text};

/// A value, as far as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expression {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An integer that fits.
    Int(i64),
    /// An integer that is too long to be spelled out.
    LongInt {
        /// How many bytes it has.
        bytes: u64,
    },
    /// A float, by its bits.
    Float(u64),
    /// A number as a line of the file spells it, or a string of such a line that is too long to be decoded.
    Spelled(Literal),
    /// A string.
    Str(Literal),
    /// Bytes.
    Bytes(Literal),
    /// A container.
    Container {
        /// Its kind.
        kind: ContainerKind,
        /// Its first items; keys and values of a dict alternate.
        items: Box<[Expression]>,
        /// How many items it has (twice as many as pairs, for a dict); `None` where that is not known any more.
        length: Option<u64>,
    },
    /// A global itself.
    Global(Global),
    /// What a call of this global made.
    Made(Global),
    /// What the loader makes of a persistent id.
    Persistent,
    /// What the extension registry of the loader holds.
    Extension,
    /// A buffer that is not in the file.
    Buffer,
    /// The memo entry of an earlier pickle.
    EarlierMemo,
    /// Something that is not known, or not kept.
    Elided,
}

/// The kinds of containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContainerKind {
    /// `()`
    Tuple,
    /// `[]`
    List,
    /// `{}` of pairs
    Dict,
    /// `{}` of items
    Set,
    /// `frozenset()`
    FrozenSet,
}

/// The beginning of a literal and its true length.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Literal {
    /// Its first characters, or bytes.
    pub start: Text,
    /// How many bytes all of it has.
    pub length: u64,
}

/// What a call is given.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CallArguments {
    /// The positional arguments: a tuple wherever it is known what they come in.
    pub positional: Expression,
    /// The keywords, a dict, where there are any.
    pub keywords: Option<Expression>,
}

/// A call of something with what it is given, to be shown.
#[derive(Debug, Clone, Copy)]
pub struct ShownCall<'a> {
    /// What is called.
    pub callee: &'a Global,
    /// What it is given.
    pub given: &'a CallArguments,
}

impl Expression {
    /// How many characters of an expression are shown; what would stand behind them is not kept.
    pub const SHOWN: usize = 240;
}

impl Literal {
    /// How many characters of a literal are kept and shown.
    pub const SHOWN: usize = 80;

    /// A text of which `start` is the beginning; no more of it is kept than is shown.
    pub fn text(start: &[u8], length: u64) -> Self {
        let mut kept = 0_usize;
        let mut left = Self::SHOWN;
        for chunk in start.utf8_chunks() {
            let valid = chunk.valid();
            if let Some((cut, _)) = valid.char_indices().nth(left) {
                kept = kept.saturating_add(cut);
                break;
            }
            left = left.saturating_sub(valid.chars().count());
            let invalid = chunk.invalid().len().min(left);
            left = left.saturating_sub(invalid);
            kept = kept.saturating_add(valid.len()).saturating_add(invalid);
        }
        Self {
            start: Text::new(start.get(..kept).unwrap_or(start)),
            length,
        }
    }

    /// Bytes of which `start` is the beginning; no more of them are kept than are shown.
    pub fn bytes(start: &[u8], length: u64) -> Self {
        Self {
            start: Text::new(start.get(..Self::SHOWN).unwrap_or(start)),
            length,
        }
    }

    /// Whether all of it is kept.
    pub fn is_whole(&self) -> bool {
        u64::try_from(self.start.as_bytes().len()) == Ok(self.length)
    }
}

impl CallArguments {
    /// Arguments of which nothing is known.
    pub fn unknown() -> Self {
        Self {
            positional: Expression::Container {
                kind: ContainerKind::Tuple,
                items: Box::default(),
                length: None,
            },
            keywords: None,
        }
    }

    /// No arguments.
    pub fn none() -> Self {
        Self {
            positional: Expression::Container {
                kind: ContainerKind::Tuple,
                items: Box::default(),
                length: Some(0),
            },
            keywords: None,
        }
    }

    /// The call of something with these arguments.
    pub fn of<'a>(&'a self, callee: &'a Global) -> ShownCall<'a> {
        ShownCall {
            callee,
            given: self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Expression, Literal};

    #[test]
    fn an_expression_is_small() {
        assert!(size_of::<Expression>() <= 40, "{}", size_of::<Expression>());
    }

    #[test]
    fn a_literal_keeps_what_is_shown() {
        for (text, kept) in [
            ("a".repeat(80), 80),
            ("a".repeat(81), 80),
            ("é".repeat(200), 160),
            ("ab".to_owned(), 2),
        ] {
            let length = u64::try_from(text.len()).unwrap();
            let literal = Literal::text(text.as_bytes(), length);
            assert_eq!(literal.start.as_bytes().len(), kept, "{text}");
            assert_eq!(literal.is_whole(), kept == text.len());
        }
        let broken = Literal::text(&[0xff; 300], 300);
        assert_eq!(broken.start.as_bytes(), [0xff; 80]);
        let mixed = [b"abc".repeat(20), vec![0xff; 50]].concat();
        assert_eq!(Literal::text(&mixed, 110).start.as_bytes(), &mixed[..80]);
    }
}
