//! PMML: models as XML. What matters before any element is what a parser opens: entities and grammars outside of the file. What matters in the
//! elements are inclusions and names of classes.

mod body;

use super::{Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix, lines::Lines};
use crate::{
    bytes::{ReadError, Window, narrow, wide},
    fact::{Fact, FileReference, FileRole, Malformed, SyntaxFault, Text},
    limits,
};

/// XML whose first element is `PMML`.
pub static FORMAT: Format = Format {
    id: "pmml",
    title: "PMML model",
    doc: DOC,
    suffixes: &[Suffix::own("pmml"), Suffix::plain("xml")],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

A model as XML in the Predictive Model Markup Language: trees, regressions, networks and the transformations before them.

## What loading it does

A parser reads the elements, and a scoring engine computes with them. A document type before them can make a parser open files and URLs
(external entities), or expand a few lines to gigabytes.

## How it is recognised

By its first element, `PMML`, also in UTF-16.

## What is checked

All that stands before the first element. No writer writes a document type: one is malformed, and the files that its entities name are
reported with their paths. The elements are data, whatever extensions they have, but for two: an inclusion of another file (`xi:include`) is
malformed, and reported with its path; and a function that is called by the name of a class (`<Apply function=\"com.example.Score\">`), which engines in
Java load and make an instance of, is a global that a configuration has called, unless the model defines a function of that name. Text in UTF-16,
or in an encoding in which the marks of XML are others than in ASCII, is refused as not read.

## What to prefer

This, read with a parser that resolves no entities.
";

/// The front of a text in UTF-16, as far as its characters are ASCII, without the mark that begins it.
fn narrowed(front: &[u8]) -> Option<Vec<u8>> {
    let (first, rest) = match front {
        [0xff, 0xfe, rest @ ..] => (0, rest),
        [0xfe, 0xff, rest @ ..] => (1, rest),
        [b'<', 0, ..] => (0, front),
        [0, b'<', ..] => (1, front),
        _ => return None,
    };
    Some(rest.iter().skip(first).step_by(2).copied().collect())
}

fn probe(head: &Head<'_>) -> Certainty {
    if let Some(text) = narrowed(&head.front) {
        let prolog = Prolog::of(&text);
        return Certainty::sure_if(prolog.is_some_and(|prolog| prolog.is_root(&text)));
    }
    let front = head.front.as_slice();
    let is_xml = front
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(front)
        .trim_ascii_start()
        .starts_with(b"<");
    if !is_xml {
        return Certainty::No;
    }
    match Prolog::of(front) {
        Some(prolog) => Certainty::sure_if(prolog.is_root(front)),
        // A long comment or document type: the name tells.
        None => Certainty::maybe_if(
            FORMAT
                .suffix_of(head.name)
                .is_some_and(|s| s.text == "pmml"),
        ),
    }
}

/// What stands before the first element.
#[derive(Debug, Default)]
struct Prolog {
    /// Where the first element begins.
    root: usize,
    /// Where document types begin and end.
    types: Vec<(usize, usize)>,
}

impl Prolog {
    /// Reads a prolog; `None` if it does not end.
    fn of(text: &[u8]) -> Option<Self> {
        let mut prolog = Self::default();
        let mut at: usize = 0;
        loop {
            let rest = text.get(at..)?;
            let start = memchr::memchr(b'<', rest)?;
            let here = at.saturating_add(start);
            let tag = text.get(here..)?;
            let length = if tag.starts_with(b"<?") {
                memchr::memmem::find(tag, b"?>")?.saturating_add(2)
            } else if tag.starts_with(b"<!--") {
                let body = tag.get(4..)?;
                memchr::memmem::find(body, b"-->")?.saturating_add(7)
            } else if tag.starts_with(b"<!") {
                let length = end_of_type(tag)?;
                prolog.types.push((here, here.saturating_add(length)));
                length
            } else {
                prolog.root = here;
                return Some(prolog);
            };
            at = here.saturating_add(length);
        }
    }

    /// Whether the first element is `PMML`, in a namespace or not.
    fn is_root(&self, text: &[u8]) -> bool {
        let tag = text.get(self.root.saturating_add(1)..).unwrap_or_default();
        let end = tag
            .iter()
            .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/'));
        let Some(name) = end.and_then(|end| tag.get(..end)) else {
            return false;
        };
        name == b"PMML" || name.ends_with(b":PMML")
    }
}

/// Bytes of a document type: texts in it may hold any bracket.
fn end_of_type(tag: &[u8]) -> Option<usize> {
    let mut depth: usize = 0;
    let mut at: usize = 0;
    loop {
        let rest = tag.get(at..)?;
        at = at.saturating_add(match rest {
            [b'<', b'!', b'-', b'-', body @ ..] => {
                memchr::memmem::find(body, b"-->")?.saturating_add(7)
            }
            [quote @ (b'"' | b'\''), body @ ..] => memchr::memchr(*quote, body)?.saturating_add(2),
            [b'<' | b'[', ..] => {
                depth = depth.saturating_add(1);
                1
            }
            [b'>' | b']', ..] => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at.saturating_add(1));
                }
                1
            }
            [_, ..] => 1,
            [] => return None,
        });
    }
}

/// Encodings in which the marks of XML are what they are in ASCII.
const ENCODINGS: [&str; 5] = ["utf-8", "us-ascii", "ascii", "iso-8859-1", "windows-1252"];

/// Whether the declaration names an encoding in which it could say something else.
fn is_encoded(text: &[u8]) -> bool {
    let end = memchr::memmem::find(text, b"?>").unwrap_or(0);
    let declaration = text.get(..end).unwrap_or_default();
    let Some(at) = memchr::memmem::find(declaration, b"encoding") else {
        return false;
    };
    let value = declaration.get(at..).unwrap_or_default();
    let mut parts = value.split(|byte| matches!(byte, b'"' | b'\''));
    let name = parts.nth(1).map(String::from_utf8_lossy);
    let name = name.unwrap_or_default().to_ascii_lowercase();
    !ENCODINGS.contains(&name.as_str())
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let most = narrow(limits::CONFIG_BYTES);
    let text = window.bytes_at(0, most)?;
    if narrowed(&text).is_some() {
        return Err(malformed("an encoding that is not read", 1));
    }
    let Some(prolog) = Prolog::of(&text) else {
        return Err(if text.len() < most {
            malformed("the text ends before its first element", 1)
        } else {
            ReadError::Limit(limits::Id::CONFIG_BYTES)
        });
    };
    if !prolog.is_root(&text) {
        return Err(malformed("the first element is not PMML", 1));
    }
    if is_encoded(&text) {
        return Err(malformed("an encoding that is not read", 1));
    }
    let root = prolog.root;
    let mut lines = Lines::default();
    let mut first = None;
    for (start, end) in prolog.types {
        let line = memchr::memchr_iter(b'\n', text.get(..start).unwrap_or_default()).count();
        first.get_or_insert(wide(line).saturating_add(1));
        for range in identifiers(&text, start, end) {
            let path = Text::new(text.get(range.clone()).unwrap_or_default());
            let role = FileRole::Entity;
            let place = lines.place(&text, &range);
            let excerpt = Some(lines.excerpt(&text, &range));
            let fact = Fact::FileReference(Box::new(FileReference { role, path }));
            reading.record_at(fact, place, excerpt);
        }
    }
    if let Some(line) = first {
        Err(malformed(
            "a document type, which no writer of PMML writes",
            line,
        ))
    } else {
        let before = text.get(..root).unwrap_or_default();
        let line = memchr::memchr_iter(b'\n', before).count();
        let line = u32::try_from(line).unwrap_or(u32::MAX).saturating_add(1);
        body::read(window, wide(root), line, reading)
    }
}

/// The system identifiers of a document type: the last text after `SYSTEM` or `PUBLIC`.
fn identifiers(text: &[u8], start: usize, end: usize) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut at = start;
    let mut wanted: usize = 0;
    while at < end {
        let rest = text.get(at..end).unwrap_or_default();
        match rest {
            [quote @ (b'"' | b'\''), body @ ..] => {
                let length = memchr::memchr(*quote, body).unwrap_or(body.len());
                let from = at.saturating_add(1);
                let to = from.saturating_add(length);
                if wanted == 1 {
                    found.push(from..to);
                }
                wanted = wanted.saturating_sub(1);
                at = to.saturating_add(1);
            }
            _ if rest.starts_with(b"SYSTEM") => {
                wanted = 1;
                at = at.saturating_add(6);
            }
            _ if rest.starts_with(b"PUBLIC") => {
                wanted = 2;
                at = at.saturating_add(6);
            }
            _ => at = at.saturating_add(1),
        }
    }
    found
}

fn malformed(message: &str, line: u64) -> ReadError {
    ReadError::malformed(Malformed::Configuration(SyntaxFault {
        message: message.into(),
        line,
        column: 1,
    }))
}
