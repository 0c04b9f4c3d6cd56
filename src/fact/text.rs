//! Text from a file: kept exactly, shown harmlessly.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Bytes that a file, an archive or a path said. Comparison is exact; [`Display`](fmt::Display) escapes whatever
/// could forge output: control characters, line ends, bidirectional and zero-width characters, unassigned and
/// private ones, and bytes that are not UTF-8 (as `\xNN`). A backslash is doubled, so the display is unambiguous.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Text(Box<[u8]>);

impl Text {
    /// Takes the bytes as they are.
    pub fn new(bytes: impl AsRef<[u8]>) -> Self {
        Self(bytes.as_ref().into())
    }

    /// The exact bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text, if it is UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text that shows itself so: the inverse of [`Display`](fmt::Display). `None` if none does.
    pub fn from_shown(shown: &str) -> Option<Self> {
        let mut bytes = Vec::with_capacity(shown.len());
        let mut rest = shown;
        while let Some((before, after)) = rest.split_once('\\') {
            bytes.extend_from_slice(before.as_bytes());
            let mut chars = after.chars();
            match chars.next()? {
                '\\' => bytes.push(b'\\'),
                'n' => bytes.push(b'\n'),
                'r' => bytes.push(b'\r'),
                't' => bytes.push(b'\t'),
                'x' => {
                    bytes.push(u8::from_str_radix(after.get(1..3)?, 16).ok()?);
                    chars = after.get(3..)?.chars();
                }
                'u' => {
                    let (code, after) = after.strip_prefix("u{")?.split_once('}')?;
                    let c = char::from_u32(u32::from_str_radix(code, 16).ok()?)?;
                    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    chars = after.chars();
                }
                _ => return None,
            }
            rest = chars.as_str();
        }
        bytes.extend_from_slice(rest.as_bytes());
        let text = Self(bytes.into());
        // Of several spellings of one text, only its own is taken.
        let own = text.to_string();
        (own == shown).then_some(text)
    }
}

/// Whether `c` could change what the reader of a terminal or page believes to see.
pub fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0x00ad | 0x034f | 0x061c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f
            | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0
            | 0xfff0..=0xfffb | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a | 0xe000..=0xf8ff | 0xe0000..=0x0010_ffff)
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '\\' => f.write_str("\\\\")?,
                    '\n' => f.write_str("\\n")?,
                    '\r' => f.write_str("\\r")?,
                    '\t' => f.write_str("\\t")?,
                    c if deceives(c) => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                    c => f.write_char(c)?,
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({self})")
    }
}

impl From<&str> for Text {
    fn from(s: &str) -> Self {
        Self::new(s)
    }
}

impl From<Vec<u8>> for Text {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl From<String> for Text {
    fn from(s: String) -> Self {
        Self(s.into_bytes().into())
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other.as_bytes()
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        *self.0 == *other.as_bytes()
    }
}

/// The front of a [`Text`] that may be long: as much of a name as a message shows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Short {
    front: Text,
    cut: bool,
}

impl Short {
    /// Characters at most; of bytes that are not UTF-8, each counts as one.
    const CHARACTERS: usize = 120;

    /// The front of these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        let mut left = Self::CHARACTERS;
        let mut end = 0;
        for chunk in bytes.utf8_chunks() {
            let widths = chunk.valid().chars().map(char::len_utf8);
            for width in widths.chain(chunk.invalid().iter().map(|_| 1)) {
                if left == 0 {
                    return Self {
                        front: Text::new(&bytes[..end]),
                        cut: true,
                    };
                }
                left -= 1;
                end += width;
            }
        }
        Self {
            front: Text::new(bytes),
            cut: false,
        }
    }
}

impl Short {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.front.is_empty()
    }
}

impl From<&str> for Short {
    fn from(text: &str) -> Self {
        Self::new(text.as_bytes())
    }
}

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.front.fmt(f)?;
        f.write_str(if self.cut { "…" } else { "" })
    }
}

/// In a format for people, UTF-8 is stored as itself and anything else as a list of bytes; in a binary one, both are bytes.
impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return serializer.serialize_bytes(&self.0);
        }
        match self.as_str() {
            Some(s) => serializer.serialize_str(s),
            None => self.0.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Stored {
            Utf8(String),
            Bytes(Vec<u8>),
        }
        if !deserializer.is_human_readable() {
            return deserializer.deserialize_bytes(TextBytes);
        }
        Ok(match Stored::deserialize(deserializer)? {
            Stored::Utf8(s) => s.into(),
            Stored::Bytes(b) => Self(b.into()),
        })
    }
}

/// Takes the bytes of a [`Text`] from a binary format.
struct TextBytes;

impl de::Visitor<'_> for TextBytes {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Text, E> {
        Ok(Text::new(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::{Short, Text};

    #[test]
    fn a_name_cannot_forge_a_line() {
        assert_eq!(
            Text::new("a\r\n::error::x").to_string(),
            "a\\r\\n::error::x"
        );
        assert_eq!(
            Text::new("\u{1b}[2J\u{202e}cod\u{200b}").to_string(),
            "\\u{1b}[2J\\u{202e}cod\\u{200b}"
        );
        assert_eq!(Text::new(b"caf\xc3\xa9 \xff").to_string(), "café \\xff");
    }

    #[test]
    fn what_is_shown_says_the_bytes() {
        for bytes in [
            &b"plain"[..],
            b"a\\x41\n\t\r",
            b"caf\xc3\xa9 \xff\x00",
            "\u{202e}".as_bytes(),
        ] {
            let text = Text::new(bytes);
            assert_eq!(Text::from_shown(&text.to_string()), Some(text));
        }
        for shown in [
            "\\",
            "\\x4",
            "\\x41",
            "\\u{41}",
            "\\u{d800}",
            "\\q",
            "\n",
            "\\x+1",
        ] {
            assert_eq!(Text::from_shown(shown), None, "{shown}");
        }
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        assert_eq!(Short::new(b"caf\xc3\xa9 \xff").to_string(), "café \\xff");
        let long = Short::from("é".repeat(121).as_str()).to_string();
        assert_eq!(long, format!("{}…", "é".repeat(120)));
        let exact = Short::from("é".repeat(120).as_str()).to_string();
        assert_eq!(exact, "é".repeat(120));
    }

    #[test]
    fn storing_loses_nothing() {
        for bytes in [&b"plain"[..], b"\xff\x00", "é".as_bytes()] {
            let text = Text::new(bytes);
            let json = serde_json::to_string(&text).unwrap();
            assert_eq!(serde_json::from_str::<Text>(&json).unwrap(), text);
        }
    }
}
