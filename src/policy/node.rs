//! A YAML value as a policy may hold one: read from the text or from the JSON of a bundled policy alike.
//!
//! A key that occurs twice is kept, so that it can be reported where it stands; nesting and the number of values are
//! bounded while reading, so that aliases cannot multiply.

use std::{cell::Cell, fmt};

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// Values of one policy, those of aliases counted as often as they are used.
const VALUES: usize = 200_000;
/// Levels of nesting; a policy needs seven.
const NESTING: usize = 16;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Int(i64),
    /// A number that is not a whole one: what a policy means by it is in its spelling.
    Float(f64),
    Str(Box<str>),
    Seq(Vec<Node>),
    Map(Vec<(Box<str>, Node)>),
}

impl Node {
    /// The value of a key, if this is a mapping that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(pairs) = self else {
            return None;
        };
        let (_, value) = pairs.iter().find(|(name, _)| **name == *key)?;
        Some(value)
    }

    /// What it is, for a sentence: `a list`.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a truth value",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Str(_) => "a text",
            Self::Seq(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

/// Reads a node and charges a budget for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    left: &'a Cell<usize>,
    depth: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(left: &'a Cell<usize>) -> Self {
        left.set(VALUES);
        Self { left, depth: 0 }
    }

    fn inner<E: de::Error>(self) -> Result<Self, E> {
        if self.depth == NESTING {
            return Err(E::custom(format!(
                "values are nested more than {NESTING} levels deep"
            )));
        }
        Ok(Self {
            depth: self.depth.saturating_add(1),
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        let Some(left) = self.left.get().checked_sub(1) else {
            return Err(de::Error::custom(format!(
                "there are more than {VALUES} values, aliases counted"
            )));
        };
        self.left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value without a tag")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Int(i64::try_from(value).unwrap_or(i64::MAX)))
    }

    fn visit_u128<E>(self, _: u128) -> Result<Node, E> {
        Ok(Node::Int(i64::MAX))
    }

    fn visit_i128<E>(self, _: i128) -> Result<Node, E> {
        Ok(Node::Int(i64::MIN))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Str(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let inner = self.inner()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Node::Seq(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let inner = self.inner()?;
        let mut pairs = Vec::new();
        while let Some(key) = access.next_key::<Box<str>>()? {
            pairs.push((key, access.next_value_seed(inner)?));
        }
        Ok(Node::Map(pairs))
    }
}
