//! Values written as YAML, on one line.

use std::fmt::Write as _;

use super::node::Node;
use crate::fact::Text;

/// A value on one line.
pub(super) fn flow(node: &Node) -> String {
    match node {
        Node::Null => "null".to_owned(),
        Node::Bool(value) => value.to_string(),
        Node::Int(value) => value.to_string(),
        Node::Float(value) => value.to_string(),
        Node::Str(text) => scalar(text),
        Node::Seq(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Node::Map(pairs) => {
            let pairs: Vec<String> = pairs
                .iter()
                .map(|(key, value)| format!("{}: {}", scalar(key), flow(value)))
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
    }
}

/// A text: plain where every reader of YAML takes it for that text, quoted otherwise.
pub(super) fn scalar(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    quoted(text)
}

/// A text between double quotes.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        let is_harmless =
            matches!(c, ' '..='~') || Text::from(c.to_string()).to_string() == c.to_string();
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if is_harmless => quoted.push(c),
            c => {
                let _ = write!(quoted, "\\U{:08X}", u32::from(c));
            }
        }
    }
    quoted.push('"');
    quoted
}

/// Whether a text needs no quotes, in a flow as well: words of letters, digits and a few signs that mean nothing there.
fn is_plain(text: &str) -> bool {
    const WORDS: &[&str] = &["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let begins = |c: char| c.is_ascii_alphabetic() || c == '_';
    let holds = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/' | '*');
    let mut inner = text.split(':').peekable();
    // A colon is one of a name such as `module:Outer.Inner`.
    let is_name = |part: &str| !part.is_empty() && part.chars().all(holds);
    text.starts_with(begins)
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
        && inner.all(is_name)
}

#[cfg(test)]
mod tests {
    use super::scalar;

    #[test]
    fn a_text_is_quoted_where_it_would_be_something_else() {
        for (text, wanted) in [
            ("pickle-load", "pickle-load"),
            ("myapp:Outer.Inner", "myapp:Outer.Inner"),
            ("torch.hub.*", "torch.hub.*"),
            ("*.pt", "\"*.pt\""),
            ("2.10", "\"2.10\""),
            ("No", "\"No\""),
            ("a b", "\"a b\""),
            ("a:", "\"a:\""),
            ("a: b", "\"a: b\""),
            ("a#b", "\"a#b\""),
            ("", "\"\""),
            ("é", "\"é\""),
            ("\u{202e}", "\"\\U0000202E\""),
            ("say \"x\\\"\n", "\"say \\\"x\\\\\\\"\\n\""),
        ] {
            assert_eq!(scalar(text), wanted);
        }
    }
}
