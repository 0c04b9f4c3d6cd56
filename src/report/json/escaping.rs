//! JSON that does no harm where it is shown.

use std::io::{self, Write};

use crate::fact;

/// Exact as JSON, harmless on a terminal and in a log: characters that deceive, and `##`, are written as `\uNNNN`. They
/// can only stand inside strings, so the value stays the same.
pub(crate) struct Escaping<'a>(pub(crate) &'a mut dyn Write);

impl Write for Escaping<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        // serde_json writes whole fragments of strings: a character never spans two calls.
        let Ok(text) = std::str::from_utf8(bytes) else {
            return self.0.write_all(bytes);
        };
        let mut done = 0;
        for (at, c) in text.char_indices() {
            let command = c == '#' && text.get(at..).is_some_and(|rest| rest.starts_with("##"));
            if c == '\n' || !command && !fact::deceives(c) {
                continue;
            }
            self.0.write_all(bytes.get(done..at).unwrap_or_default())?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(self.0, "\\u{unit:04x}")?;
            }
            done = at + c.len_utf8();
        }
        self.0.write_all(bytes.get(done..).unwrap_or_default())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
