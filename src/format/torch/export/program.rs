//! The JSON of an exported program and of its weights: which operators it calls, which expressions it has Python evaluate, and which
//! members `torch.load` opens.
//!
//! Follows `torch/_export/serde` and `torch/export/pt2_archive` (torch 2.15). A target is a path from `torch`, `_operator` or `math`,
//! whatever that leads to. Sizes and guards are expressions that are evaluated as Python.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::expression::{is_arithmetic, is_guard};
use crate::fact::{Native, Short, SyntaxFault, Text};

/// What the JSON of an archive says, as far as it matters.
#[derive(Debug, Default)]
pub(super) struct Program {
    /// What it calls and has evaluated, in order.
    pub(super) natives: Vec<Native>,
    /// Names of members that are pickles.
    pub(super) pickled: Vec<String>,
}

impl Program {
    /// Reads one file of JSON.
    pub(super) fn read(json: &[u8]) -> (Self, Result<(), SyntaxFault>) {
        let mut program = Self::default();
        let mut reader = serde_json::Deserializer::from_slice(json);
        let value = Value {
            key: Key::Other,
            program: &mut program,
        };
        let result = value
            .deserialize(&mut reader)
            .and_then(|_| reader.end())
            .map_err(|error| SyntaxFault {
                message: Short::new(message(&error).as_bytes()),
                line: u64::try_from(error.line()).unwrap_or(u64::MAX),
                column: u64::try_from(error.column()).unwrap_or(u64::MAX),
            });
        (program, result)
    }

    fn target(&mut self, target: &str) {
        let mut parts = target.split('.');
        let native = match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("torch"), Some("ops"), Some(namespace), Some(name)) => {
                // An overload follows, and nothing else.
                let (_, more) = (parts.next(), parts.next());
                if more.is_some() {
                    Native::Function(Text::from(target))
                } else {
                    Native::operator(namespace.as_bytes(), name.as_bytes())
                }
            }
            (Some(module), ..)
                if module.starts_with("torch")
                    || module.starts_with("_operator")
                    || module.starts_with("math") =>
            {
                Native::Function(Text::from(target))
            }
            _ if target.starts_with('#') => Native::operator(target.as_bytes(), b""),
            _ => return,
        };
        self.natives.push(native);
    }

    fn expression(&mut self, expression: &str) {
        if !is_arithmetic(expression.as_bytes()) {
            self.evaluated(expression);
        }
    }

    fn guard(&mut self, guard: &str) {
        if !is_guard(guard.as_bytes()) {
            self.evaluated(guard);
        }
    }

    fn evaluated(&mut self, code: &str) {
        let native = Native::Expression(Short::new(code.as_bytes()));
        self.natives.push(native);
    }
}

/// The parser's message, without its place.
fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(at) => text.get(..at).unwrap_or_default().to_owned(),
        None => text,
    }
}

/// Keys whose values matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    /// What a node calls.
    Target,
    /// A size.
    Expression,
    /// Conditions of inputs.
    Guards,
    /// Whether a payload is a pickle.
    UsePickle,
    /// The member that a payload is.
    PathName,
    Other,
}

impl Key {
    fn of(key: &str) -> Self {
        match key {
            "target" => Self::Target,
            "expr_str" => Self::Expression,
            "guards_code" => Self::Guards,
            "use_pickle" => Self::UsePickle,
            "path_name" => Self::PathName,
            _ => Self::Other,
        }
    }
}

/// What a value says to the object around it.
#[derive(Debug)]
enum Said {
    /// The name of a member.
    Path(String),
    /// What is falsy in Python.
    No,
    Other,
}

/// Any value, under a key.
struct Value<'p> {
    key: Key,
    program: &'p mut Program,
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Said;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Said, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = Said;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Said, E> {
        Ok(Said::No)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Said, E> {
        Ok(if value { Said::Other } else { Said::No })
    }

    fn visit_i64<E>(self, _: i64) -> Result<Said, E> {
        Ok(Said::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Said, E> {
        Ok(Said::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Said, E> {
        Ok(Said::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Said, E> {
        match self.key {
            Key::Target => self.program.target(text),
            Key::Expression => self.program.expression(text),
            Key::Guards => self.program.guard(text),
            Key::PathName => return Ok(Said::Path(text.to_owned())),
            Key::UsePickle | Key::Other => {}
        }
        Ok(Said::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Said, A::Error> {
        while items
            .next_element_seed(Value {
                key: self.key,
                program: self.program,
            })?
            .is_some()
        {}
        Ok(Said::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Said, A::Error> {
        let (mut paths, mut pickled) = (Vec::new(), false);
        while let Some(key) = entries.next_key::<std::borrow::Cow<'_, str>>()? {
            let key = Key::of(&key);
            let said = entries.next_value_seed(Value {
                key,
                program: self.program,
            })?;
            match (key, said) {
                (Key::PathName, Said::Path(path)) => paths.push(path),
                (Key::UsePickle, said) => pickled |= !matches!(said, Said::No),
                _ => {}
            }
        }
        if pickled {
            self.program.pickled.append(&mut paths);
        }
        Ok(Said::Other)
    }
}
