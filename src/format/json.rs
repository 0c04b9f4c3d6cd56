//! JSON as Python's `json` reads it, with the place of every key and value: configurations and schemas of models.
//!
//! A document becomes a tree whose size is bounded. What Python takes besides the standard (`NaN`, `Infinity`, a key that is
//! repeated) is taken as well; lone surrogates are not. Readers of documents with more values than the limit drive `jiter` themselves.

use std::ops::Range;

use jiter::{Jiter, JiterError, Peek};

use super::lines::Lines;
use crate::{
    bytes::{ReadError, Window, narrow, wide},
    fact::{Excerpt, Malformed, Place, SyntaxFault},
    limits,
};

/// A document: its bytes and what stands in them.
#[derive(Debug)]
pub(super) struct Document {
    bytes: Vec<u8>,
    /// The value that it is.
    pub(super) root: Node,
}

/// A value.
#[derive(Debug)]
pub(super) struct Node {
    /// Its bytes in the document.
    pub(super) range: Range<usize>,
    /// What it is.
    pub(super) value: Value,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// Any number: [`Document::number`] has its digits.
    Number,
    Text(String),
    Array(Vec<Node>),
    /// Every key with its value, in order; one may be repeated.
    Object(Vec<(Key, Node)>),
}

/// A key of an object.
#[derive(Debug)]
pub(super) struct Key {
    /// Its bytes in the document, with the quotation marks.
    pub(super) range: Range<usize>,
    /// Its text.
    pub(super) text: String,
}

impl Document {
    /// Reads all of a window as JSON.
    ///
    /// # Errors
    /// What ended the reading: an error of the grammar with its line and column, or a limit.
    pub(super) fn read(window: &Window) -> Result<Self, ReadError> {
        let most = narrow(limits::JSON_BYTES);
        let bytes = window.bytes_at(0, most.saturating_add(1))?;
        if bytes.len() > most {
            return Err(ReadError::Limit(limits::Id::JSON_BYTES));
        }
        Self::parse(bytes)
    }

    /// The same for bytes that stand in something else.
    ///
    /// # Errors
    /// As [`Document::read`].
    pub(super) fn parse(bytes: Vec<u8>) -> Result<Self, ReadError> {
        let mut parser = Parser {
            json: Jiter::new(&bytes).with_allow_inf_nan(),
            bytes: &bytes,
            values: 0,
        };
        let root = parser.whole()?;
        Ok(Self { bytes, root })
    }

    /// The digits of a number, as they are written.
    pub(super) fn number(&self, node: &Node) -> Option<&str> {
        let Value::Number = node.value else {
            return None;
        };
        std::str::from_utf8(self.bytes.get(node.range.clone())?).ok()
    }

    /// Asks for places: cheapest in the order in which they stand.
    pub(super) fn places(&self) -> Places<'_> {
        Places {
            bytes: &self.bytes,
            lines: Lines::default(),
            last: 0,
        }
    }

    /// What was parsed.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Node {
    /// The value of a key in an object: the last of that name, as Python takes it.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let mut entries = self.entries().iter().rev();
        entries
            .find(|(key, _)| key.text == name)
            .map(|(_, value)| value)
    }

    /// The keys and values of an object; none of another value.
    pub(super) fn entries(&self) -> &[(Key, Self)] {
        match &self.value {
            Value::Object(entries) => entries,
            _ => &[],
        }
    }

    /// The values of an array; none of another value.
    pub(super) fn items(&self) -> &[Self] {
        match &self.value {
            Value::Array(items) => items,
            _ => &[],
        }
    }

    /// The text that it is.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is an object.
    pub(super) fn is_object(&self) -> bool {
        matches!(self.value, Value::Object(_))
    }
}

/// Lines and columns of a document.
#[derive(Debug)]
pub(super) struct Places<'d> {
    bytes: &'d [u8],
    lines: Lines,
    last: usize,
}

impl Places<'_> {
    /// The place of a range, and the line to show for it.
    pub(super) fn at(&mut self, range: &Range<usize>) -> (Place, Excerpt) {
        if range.start < self.last {
            self.lines = Lines::default();
        }
        self.last = range.start;
        let place = self.lines.place(self.bytes, range);
        (place, self.lines.excerpt(self.bytes, range))
    }
}

/// A parse in progress.
struct Parser<'b> {
    json: Jiter<'b>,
    bytes: &'b [u8],
    values: u64,
}

impl Parser<'_> {
    fn whole(&mut self) -> Result<Node, ReadError> {
        let peek = self.json.peek().map_err(|error| self.fault(&error))?;
        let root = self.value(peek, 0)?;
        let end = self.json.finish();
        end.map_err(|error| self.fault(&error))?;
        Ok(root)
    }

    /// A value of which the first byte is known.
    fn value(&mut self, peek: Peek, depth: usize) -> Result<Node, ReadError> {
        self.values = self.values.saturating_add(1);
        if self.values > limits::JSON_VALUES {
            return Err(ReadError::Limit(limits::Id::JSON_VALUES));
        }
        if depth > limits::JSON_DEPTH {
            return Err(ReadError::Limit(limits::Id::JSON_DEPTH));
        }
        let start = self.json.current_index();
        let value = match peek {
            Peek::Array => Value::Array(self.array(depth)?),
            Peek::Object => Value::Object(self.object(depth)?),
            Peek::String => {
                let text = self.json.known_str().map(str::to_owned);
                Value::Text(text.map_err(|error| self.fault(&error))?)
            }
            Peek::True | Peek::False => {
                let value = self.json.known_bool(peek);
                Value::Bool(value.map_err(|error| self.fault(&error))?)
            }
            Peek::Null => {
                let null = self.json.known_null();
                null.map_err(|error| self.fault(&error))?;
                Value::Null
            }
            _ => {
                let number = self.json.known_skip(peek);
                number.map_err(|error| self.fault(&error))?;
                Value::Number
            }
        };
        let range = start..self.json.current_index();
        Ok(Node { range, value })
    }

    fn array(&mut self, depth: usize) -> Result<Vec<Node>, ReadError> {
        let mut items = Vec::new();
        let mut next = self.json.known_array();
        while let Some(peek) = next.map_err(|error| self.fault(&error))? {
            items.push(self.value(peek, depth.saturating_add(1))?);
            next = self.json.array_step();
        }
        Ok(items)
    }

    fn object(&mut self, depth: usize) -> Result<Vec<(Key, Node)>, ReadError> {
        let mut entries = Vec::new();
        let mut before = self.json.current_index();
        let mut next = self.json.known_object().map(|key| key.map(str::to_owned));
        while let Some(text) = next.map_err(|error| self.fault(&error))? {
            let range = self.key_range(before);
            let peek = self.json.peek().map_err(|error| self.fault(&error))?;
            let value = self.value(peek, depth.saturating_add(1))?;
            entries.push((Key { range, text }, value));
            before = self.json.current_index();
            next = self.json.next_key().map(|key| key.map(str::to_owned));
        }
        Ok(entries)
    }

    /// Where the key stands that was read from here on: between the quotation marks, the first and the last before the colon.
    fn key_range(&self, before: usize) -> Range<usize> {
        let read = before..self.json.current_index();
        let bytes = self.bytes.get(read.clone()).unwrap_or_default();
        let at = |found: Option<usize>| found.map(|at| before.saturating_add(at));
        let start = at(memchr::memchr(b'"', bytes)).unwrap_or(read.start);
        let end = at(memchr::memrchr(b'"', bytes)).map_or(read.end, |end| end.saturating_add(1));
        start..end
    }

    fn fault(&self, error: &JiterError) -> ReadError {
        let position = error.get_position(&self.json);
        ReadError::malformed(Malformed::Configuration(SyntaxFault {
            message: error.error_type.to_string().as_str().into(),
            line: wide(position.line),
            column: wide(position.column),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::{Document, Node, Value};
    use crate::fact::Place;

    fn parse(text: &str) -> Result<Document, String> {
        Document::parse(text.as_bytes().to_vec()).map_err(|error| format!("{error:?}"))
    }

    /// The tree written again, by the values and by the bytes of each range.
    fn written(document: &Document, node: &Node) -> serde_json::Value {
        let own: serde_json::Value =
            serde_json::from_slice(&document.bytes()[node.range.clone()]).unwrap();
        let value: serde_json::Value = match &node.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number => serde_json::from_str(document.number(node).unwrap()).unwrap(),
            Value::Text(text) => text.clone().into(),
            Value::Array(items) => items.iter().map(|item| written(document, item)).collect(),
            Value::Object(entries) => {
                let entry = |(key, value): &(super::Key, Node)| {
                    let own: String =
                        serde_json::from_slice(&document.bytes()[key.range.clone()]).unwrap();
                    assert_eq!(own, key.text);
                    (own, written(document, value))
                };
                serde_json::Value::Object(entries.iter().map(entry).collect())
            }
        };
        assert_eq!(own, value);
        value
    }

    #[test]
    fn every_range_holds_what_its_node_says() {
        let text =
            r#" { "a" : [1, -2.5e3, "x\"y", null, true , {}], "b:\"" :{"c":"\u00e9é"}, "":[[]]} "#;
        let document = parse(text).unwrap();
        let expected: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(written(&document, &document.root), expected);
    }

    #[test]
    fn places_are_lines_and_columns_in_any_order() {
        let document = parse("{\n  \"é\": {\"module\": \"os\"},\n  \"b\": 1}").unwrap();
        let inner = document.root.get("é").unwrap().get("module").unwrap();
        let last = document.root.get("b").unwrap();
        let mut places = document.places();
        let mut start = |node: &Node| match places.at(&node.range).0 {
            Place::Span { line, column, .. } => (line, column),
            _ => (0, 0),
        };
        assert_eq!((start(last), start(inner)), ((3, 8), (2, 19)));
    }

    #[test]
    fn the_last_of_repeated_keys_counts() {
        let document = parse(r#"{"a": 1, "a": "x"}"#).unwrap();
        assert_eq!(document.root.get("a").unwrap().text(), Some("x"));
        assert_eq!(document.root.entries().len(), 2);
    }

    #[test]
    fn what_is_no_json_is_refused_where_it_breaks() {
        for (text, place) in [
            ("{\"a\": 1,}", "line: 1"),
            ("[1, 2\n x]", "line: 2"),
            ("{} {}", "line: 1"),
            ("", "line: 1"),
            ("\"\u{1}\"", "line: 1"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(place), "{text:?}: {error}");
        }
        assert!(
            parse(&"[".repeat(100_000))
                .unwrap_err()
                .contains("JSON_DEPTH")
        );
        assert!(parse("[NaN, Infinity, -Infinity]").is_ok());
    }
}
