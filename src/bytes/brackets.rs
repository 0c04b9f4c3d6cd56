//! How deep a text in YAML goes, before anything parses it.

use crate::limits;

/// Whether lists and mappings in brackets stand deeper in one another than any reader of YAML goes.
pub fn is_deep(yaml: &[u8]) -> bool {
    let mut depth: usize = 0;
    // Whether a value may begin here.
    let mut begins = true;
    let mut rest = yaml;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'[' | b'{' if begins || depth > 0 => {
                depth = depth.saturating_add(1);
                if depth > limits::CONFIG_DEPTH {
                    return true;
                }
                begins = true;
            }
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                begins = false;
            }
            b'"' | b'\'' if begins => {
                if let Some(end) = end_of_text(*byte, after) {
                    rest = after.get(end..).unwrap_or_default();
                }
                begins = false;
            }
            b'!' | b'&' if begins => {
                let end = after.iter().position(u8::is_ascii_whitespace);
                rest = after.get(end.unwrap_or(after.len())..).unwrap_or_default();
            }
            b' ' | b'\t' => {}
            b'\n' | b'\r' | b',' | b':' | b'-' | b'?' => begins = true,
            _ => begins = false,
        }
    }
    false
}

/// Where a text in quotation marks ends, if it is short: a longer one may be none.
fn end_of_text(quote: u8, text: &[u8]) -> Option<usize> {
    let near = text.get(..4096.min(text.len())).unwrap_or_default();
    let mut bytes = near.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        if quote == b'"' && *byte == b'\\' {
            bytes.next();
        } else if *byte == quote {
            return Some(at.saturating_add(1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::is_deep;

    #[test]
    fn depth_is_that_of_brackets() {
        assert!(is_deep("[".repeat(1000).as_bytes()));
        assert!(is_deep("a: [\n".repeat(1000).as_bytes()));
        assert!(is_deep("a: &x [!t {k: ".repeat(1000).as_bytes()));
        assert!(is_deep(
            format!("a: |\n  \"\nb: {}\"", "[".repeat(100_000)).as_bytes()
        ));
        for text in [
            "- [a, b]\n",
            "a: x [ y\n",
            "a: \"[[[[\"\n",
            "a: '[' # ' [\n",
        ] {
            assert!(!is_deep(text.repeat(1000).as_bytes()), "{text}");
        }
    }
}
