//! Bytes of a source file to text, as PEP 263 has it: a byte order mark, an encoding declaration in the first two
//! lines, UTF-8 otherwise. What cannot be decoded is replaced, and said.

use std::borrow::Cow;

use crate::fact::SourceFault;

/// Source as text.
#[derive(Debug)]
pub(super) struct Decoded<'a> {
    /// The text, without a byte order mark.
    pub(super) text: Cow<'a, str>,
    /// What was lost on the way.
    pub(super) loss: Option<SourceFault>,
    /// Whether it is in an encoding that is not known here: then the text need not be what the interpreter reads.
    pub(super) foreign: bool,
}

/// Decodes a source file.
pub(super) fn decode(source: &[u8]) -> Decoded<'_> {
    let marked = source.strip_prefix(b"\xef\xbb\xbf");
    let bytes = marked.unwrap_or(source);
    let declared = if marked.is_some() {
        None
    } else {
        declaration(bytes)
    };
    match declared.as_deref().map(normalise) {
        Some(Encoding::Latin1) => Decoded {
            text: bytes.iter().copied().map(char::from).collect(),
            loss: None,
            foreign: false,
        },
        Some(Encoding::Other) => Decoded {
            text: String::from_utf8_lossy(bytes),
            loss: declared.map(|name| SourceFault::Encoding(name.into())),
            foreign: true,
        },
        Some(Encoding::Utf8) | None => {
            // Nearly all source is valid, and this sees it several times as fast.
            let text = match std::str::from_utf8(bytes) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => String::from_utf8_lossy(bytes),
            };
            let loss = matches!(text, Cow::Owned(_)).then_some(SourceFault::NotUtf8);
            Decoded {
                text,
                loss,
                foreign: false,
            }
        }
    }
}

enum Encoding {
    Utf8,
    /// Close enough in every byte that can be part of a name or a keyword.
    Latin1,
    Other,
}

fn normalise(name: &str) -> Encoding {
    let name = name.to_ascii_lowercase().replace('_', "-");
    match name.as_str() {
        "utf-8" | "utf8" | "utf-8-sig" | "u8" | "ascii" | "us-ascii" => Encoding::Utf8,
        "latin-1" | "latin1" | "l1" | "iso-8859-1" | "iso8859-1" | "iso-latin-1"
        | "iso-8859-15" | "latin-9" | "cp1252" | "windows-1252" => Encoding::Latin1,
        name if name.starts_with("utf-8-") => Encoding::Utf8,
        name if name.starts_with("latin-1-") || name.starts_with("iso-8859-1-") => Encoding::Latin1,
        _ => Encoding::Other,
    }
}

/// The declared encoding: `coding[:=]\s*([-\w.]+)` in a comment of the first two lines.
fn declaration(bytes: &[u8]) -> Option<String> {
    let mut lines = bytes.split(|b| matches!(b, b'\n' | b'\r'));
    for _ in 0..2 {
        let line = lines.next()?;
        let start = line
            .iter()
            .position(|b| !matches!(b, b' ' | b'\t' | b'\x0c'));
        let Some(comment) = start.and_then(|at| line.get(at..)) else {
            continue;
        };
        if !comment.starts_with(b"#") {
            return None;
        }
        for at in memchr::memmem::find_iter(comment, b"coding") {
            let after = comment
                .get(at..)
                .and_then(|rest| rest.strip_prefix(b"coding"));
            let Some((b':' | b'=', name)) = after.and_then(<[u8]>::split_first) else {
                continue;
            };
            let name: Vec<u8> = name
                .iter()
                .skip_while(|b| matches!(b, b' ' | b'\t'))
                .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
                .take(40)
                .copied()
                .collect();
            if !name.is_empty() {
                return String::from_utf8(name).ok();
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn encodings_are_decoded_or_the_loss_is_said() {
        let latin = decode(b"# -*- coding: latin-1 -*-\nx = '\xe9'\n");
        assert!(latin.text.contains('é') && latin.loss.is_none());
        let second = decode(b"#!/usr/bin/python\n# vim: set fileencoding=iso-8859-1 :\n'\xe9'");
        assert!(second.text.contains('é') && second.loss.is_none());
        let third = decode(b"\n\n# coding: latin-1\n'\xe9'");
        assert!(
            third.loss.is_some(),
            "a declaration in line 3 does not count"
        );
        assert!(decode(b"# coding: utf-7\n+AGk-").loss.is_some());
        assert!(decode(b"x = '\xff'").loss.is_some());
        assert_eq!(decode(b"\xef\xbb\xbfx").text, "x");
    }
}
