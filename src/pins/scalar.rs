//! Values of the lock file: one line of YAML each.
//!
//! A value is a [`Text`] as it displays itself, so that bytes that are not UTF-8 and characters that deceive are spelled out and
//! come back exactly. YAML sees a plain scalar where it takes one for a text, else one in single quotes, which has no escapes but
//! the quote itself.

use crate::fact::Text;

/// Plain words that YAML takes for something else than a text.
const WORDS: &[&str] = &["null", "true", "false", "yes", "no", "on", "off", "y", "n"];

/// A text as a scalar.
pub(super) fn scalar(text: &Text) -> String {
    quoted(&text.to_string())
}

fn quoted(shown: &str) -> String {
    if is_plain(shown) {
        return shown.to_owned();
    }
    format!("'{}'", shown.replace('\'', "''"))
}

/// Whether YAML reads it as the same text without quotes, in a block and in brackets.
fn is_plain(text: &str) -> bool {
    let first = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let inner = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '+' | '@' | '=' | '-' | ' ')
    };
    // A colon is part of a name only between characters of one.
    let colons = !text.contains(": ") && !text.ends_with(':') && !text.ends_with(' ');
    first
        && colons
        && text.chars().all(|c| inner(c) || c == ':')
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// A digest as a scalar: in quotes where YAML would take it for a number.
pub(super) fn digest(hex: &str) -> String {
    if hex.bytes().any(|b| matches!(b, b'a'..=b'd' | b'f')) {
        hex.to_owned()
    } else {
        format!("'{hex}'")
    }
}

/// The digest that a scalar says.
///
/// # Errors
/// What is wrong with it.
pub(super) fn unquoted_digest(written: &str) -> Result<String, &'static str> {
    let inner = written
        .strip_prefix('\'')
        .and_then(|inner| inner.strip_suffix('\''))
        .unwrap_or(written);
    if inner.len() != 64 || !inner.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err("a sha256 has 64 hexadecimal digits");
    }
    if inner.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err("a sha256 is written with lower-case digits");
    }
    Ok(inner.to_owned())
}

/// The text that a scalar stands for: plain, in single quotes, or in double quotes without escapes but `\\` and `\"`.
pub(super) fn text(written: &str) -> Option<Text> {
    Text::from_shown(&unquoted(written)?)
}

/// What a scalar says to YAML; `None` if it is none that a lock file has.
pub(super) fn unquoted(written: &str) -> Option<String> {
    if let Some(inner) = written.strip_prefix('\'') {
        let inner = inner.strip_suffix('\'')?;
        let whole = inner.replace("''", "");
        return (!whole.contains('\'')).then(|| inner.replace("''", "'"));
    }
    if let Some(inner) = written.strip_prefix('"') {
        let inner = inner.strip_suffix('"')?;
        let mut out = String::with_capacity(inner.len());
        let mut chars = inner.chars();
        while let Some(c) = chars.next() {
            match c {
                '"' => return None,
                '\\' => match chars.next()? {
                    escaped @ ('\\' | '"') => out.push(escaped),
                    _ => return None,
                },
                c => out.push(c),
            }
        }
        return Some(out);
    }
    is_plain(written).then(|| written.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{scalar, text};
    use crate::fact::Text;

    #[test]
    fn every_text_comes_back() {
        for bytes in [
            &b"models/a.pt"[..],
            b"true",
            b"12",
            b"a b/c.pt",
            b"a: b",
            b"a:",
            b" a",
            b"a ",
            b"it's",
            b"''",
            b"\"x\"",
            b"a\\b",
            b"caf\xc3\xa9.pt",
            b"caf\xe9.pt",
            b"a\nb",
            b"# a",
            b"- a",
            b"\xff\x00",
            b"",
            "a\u{202e}b".as_bytes(),
        ] {
            let whole = Text::new(bytes);
            let written = scalar(&whole);
            assert!(!written.contains('\n'), "{written}");
            assert_eq!(text(&written), Some(whole), "{written}");
        }
        for wrong in [
            "'a", "'a'b'", "\"a\\n\"", "[a]", "{a: b}", "*a", "a #b", "12", "",
        ] {
            assert_eq!(text(wrong), None, "{wrong}");
        }
    }
}
