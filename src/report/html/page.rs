//! Writing HTML that nothing from a file can break out of: what is not known when the program is built is escaped, and there
//! is no way around it.

use std::{
    fmt::{self, Write as _},
    io::{self, Write},
};

use data_encoding::BASE64;

use crate::fact::deceives;

/// A page in the making.
pub(crate) struct Page<'a> {
    out: &'a mut dyn Write,
}

/// Text with everything escaped that means something in HTML, in an element or in a quoted attribute, and everything shown
/// that would deceive.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = '\n';
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '`' => f.write_str("&#96;")?,
                // A page may be written to the log of a runner, which takes some lines for commands.
                ':' if before == ':' => f.write_str("&#58;")?,
                '#' if before == '#' => f.write_str("&#35;")?,
                '\t' => f.write_str("&#9;")?,
                '\n' => f.write_char(c)?,
                c if deceives(c) => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                c => f.write_char(c)?,
            }
            before = c;
        }
        Ok(())
    }
}

impl<'a> Page<'a> {
    pub(crate) fn new(out: &'a mut dyn Write) -> Self {
        Self { out }
    }

    /// Markup, as the program has it.
    pub(crate) fn raw(&mut self, markup: &'static str) -> io::Result<()> {
        self.out.write_all(markup.as_bytes())
    }

    /// Bytes for a script of the page, in base64: whatever they are, they stand for nothing else.
    pub(crate) fn encoded(&mut self, bytes: &[u8]) -> io::Result<()> {
        // A multiple of three bytes ends at the end of a letter.
        for chunk in bytes.chunks(3 << 14) {
            self.out.write_all(BASE64.encode(chunk).as_bytes())?;
        }
        Ok(())
    }

    /// Text.
    pub(crate) fn text(&mut self, text: impl fmt::Display) -> io::Result<()> {
        write!(self.out, "{}", Escaped(&text.to_string()))
    }

    /// An attribute of the tag that is open.
    pub(crate) fn attribute(
        &mut self,
        name: &'static str,
        value: impl fmt::Display,
    ) -> io::Result<()> {
        write!(self.out, " {name}=\"{}\"", Escaped(&value.to_string()))
    }

    /// An element with text in it.
    pub(crate) fn element(
        &mut self,
        open: &'static str,
        text: impl fmt::Display,
        close: &'static str,
    ) -> io::Result<()> {
        self.raw(open)?;
        self.text(text)?;
        self.raw(close)
    }

    /// Text in which what stands between backquotes is code.
    pub(crate) fn inline(&mut self, text: &str) -> io::Result<()> {
        let pieces: Vec<&str> = text.split('`').collect();
        let last = pieces.len().saturating_sub(1);
        for (i, piece) in pieces.into_iter().enumerate() {
            match (i % 2, i == last) {
                (1, false) => self.element("<code>", piece, "</code>")?,
                // A backquote that nothing closes.
                (1, true) => {
                    self.text("`")?;
                    self.text(piece)?;
                }
                _ => self.text(piece)?,
            }
        }
        Ok(())
    }

    /// Our own Markdown: headings, paragraphs, lists, code.
    pub(crate) fn markdown(&mut self, markdown: &str) -> io::Result<()> {
        let mut lines = markdown.lines().peekable();
        while let Some(line) = lines.next() {
            if line.trim_start().starts_with("```") {
                self.raw("<pre tabindex=\"0\"><code>")?;
                for line in lines.by_ref() {
                    if line.trim_start().starts_with("```") {
                        break;
                    }
                    self.text(line)?;
                    self.raw("\n")?;
                }
                self.raw("</code></pre>")?;
            } else if let Some(title) = line.trim_start_matches('#').strip_prefix(' ')
                && line.starts_with('#')
            {
                self.raw("<h4>")?;
                self.inline(title)?;
                self.raw("</h4>")?;
            } else if !line.trim().is_empty() {
                let item = |line: &str| line.starts_with("- ") || line.starts_with("* ");
                let list = item(line);
                self.raw(if list { "<ul><li>" } else { "<p>" })?;
                self.inline(line.get(if list { 2 } else { 0 }..).unwrap_or_default())?;
                while let Some(next) = lines.peek() {
                    if next.trim().is_empty() || next.starts_with('#') || next.starts_with("```") {
                        break;
                    }
                    if list && item(next) {
                        self.raw("</li><li>")?;
                        self.inline(next.get(2..).unwrap_or_default())?;
                    } else if item(next) {
                        break;
                    } else {
                        self.raw(" ")?;
                        self.inline(next.trim())?;
                    }
                    lines.next();
                }
                self.raw(if list { "</li></ul>" } else { "</p>" })?;
            }
        }
        Ok(())
    }
}
