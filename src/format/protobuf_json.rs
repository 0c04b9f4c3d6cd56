//! Protobuf messages that are written as JSON: rewritten as the bytes that they stand for, as those in text are.
//!
//! Follows the parser of protobuf: names as they are declared or in camel case, whole numbers as numbers or texts, bytes in base64, and
//! no field that a message does not have.

use std::{ops::Range, sync::LazyLock};

use data_encoding::Encoding;

use super::{
    json::{Document, Node, Value},
    protobuf_text::{Kind, Output, Table, fault_at, number_of},
};
use crate::{bytes::ReadError, limits};

/// The bytes of the message that a text is.
pub(super) fn rewritten(text: Vec<u8>, root: &'static Table) -> Result<Vec<u8>, ReadError> {
    let document = Document::parse(text)?;
    let mut reader = FromJson {
        document: &document,
        output: Output::default(),
    };
    reader.message(&document.root, Some(root), 0)?;
    Ok(reader.output.bytes)
}

#[derive(Debug)]
struct FromJson<'d> {
    document: &'d Document,
    output: Output,
}

impl FromJson<'_> {
    fn fault<T>(&self, what: &str, range: &Range<usize>) -> Result<T, ReadError> {
        Err(fault_at(self.document.bytes(), range, what))
    }

    fn message(
        &mut self,
        node: &Node,
        table: Option<&'static Table>,
        depth: usize,
    ) -> Result<(), ReadError> {
        if depth > limits::PROTOBUF_DEPTH {
            return Err(ReadError::Limit(limits::Id::PROTOBUF_DEPTH));
        }
        if !node.is_object() {
            return self.fault("no message, where one has to be", &node.range);
        }
        // Nobody looks at what is in the others.
        let Some(table) = table else { return Ok(()) };
        for (key, value) in node.entries() {
            let named = table.field(key.text.as_bytes());
            let Some((number, kind)) = named.or_else(|| table.field_in_camel_case(&key.text))
            else {
                let what = format!("a field that `{}` does not have", table.name);
                return self.fault(&what, &key.range);
            };
            match &value.value {
                Value::Null => {}
                Value::Array(items) => {
                    for item in items {
                        self.value(item, number, kind, depth)?;
                    }
                }
                _ => self.value(value, number, kind, depth)?,
            }
        }
        Ok(())
    }

    fn value(
        &mut self,
        node: &Node,
        number: u32,
        kind: Kind,
        depth: usize,
    ) -> Result<(), ReadError> {
        let field = Some(number);
        match kind {
            Kind::Message(_) | Kind::Passed => {
                let table = match kind {
                    Kind::Message(table) => Some(table),
                    _ => None,
                };
                let length = self.output.begin(field);
                self.message(node, table, depth.saturating_add(1))?;
                if let Some(at) = length {
                    self.output.end(at);
                }
            }
            Kind::Text => match node.text() {
                Some(text) => self.output.text(field, text.as_bytes()),
                None => return self.fault("no text, where one has to be", &node.range),
            },
            Kind::Bytes => match node.text().and_then(decoded) {
                Some(bytes) => self.output.text(field, &bytes),
                None => return self.fault("no bytes in base64", &node.range),
            },
            Kind::Float | Kind::Double => {
                if !matches!(node.value, Value::Number | Value::Text(_)) {
                    return self.fault("no number", &node.range);
                }
                self.output.fraction(field, matches!(kind, Kind::Double));
            }
            Kind::Number | Kind::Words(_) => {
                let value = match (&node.value, kind) {
                    (Value::Bool(value), _) => Some(u64::from(*value)),
                    (Value::Text(text), Kind::Words(known)) if is_word(text) => {
                        Some(number_of(text, known))
                    }
                    (Value::Text(text), _) if is_word(text) => Some(0),
                    (Value::Text(text), _) => whole(text),
                    _ => self.document.number(node).and_then(whole),
                };
                match value {
                    Some(value) => self.output.number(field, value),
                    None => return self.fault("no whole number", &node.range),
                }
            }
        }
        Ok(())
    }
}

/// Whether a text is the word for a number.
fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// A whole number as a field stores it.
fn whole(digits: &str) -> Option<u64> {
    let digits = digits.strip_suffix(".0").unwrap_or(digits);
    let negative = || digits.parse::<i64>().ok().map(i64::cast_unsigned);
    digits.parse().ok().or_else(negative)
}

/// Base64 as the parser of protobuf takes it: of either alphabet, with its end filled up or not.
static BASE64: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = data_encoding::BASE64_NOPAD.specification();
    specification.check_trailing_bits = false;
    specification.translate.from.push_str("-_");
    specification.translate.to.push_str("+/");
    specification
        .encoding()
        .unwrap_or(data_encoding::BASE64_NOPAD)
});

/// The bytes of a text in base64.
fn decoded(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.trim_end_matches('=').as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::{decoded, whole};

    #[test]
    fn bytes_in_base64_are_decoded() {
        for (text, bytes) in [
            ("", &b""[..]),
            ("AA==", b"\0"),
            ("_-8", b"\xff\xef"),
            ("/+8=", b"\xff\xef"),
            ("bW9kZWw=", b"model"),
        ] {
            assert_eq!(decoded(text).as_deref(), Some(bytes), "{text}");
        }
        assert_eq!(decoded("a b"), None);
    }

    #[test]
    fn whole_numbers_have_a_sign() {
        assert_eq!(whole("-1"), Some(u64::MAX));
        assert_eq!(whole("18446744073709551615"), Some(u64::MAX));
        assert_eq!(whole("3.0"), Some(3));
        assert_eq!(whole("3.5"), None);
    }
}
