//! PMML: models as XML. What matters before any element is what a parser opens: entities and grammars outside of the file. What matters in the
//! elements are inclusions and names of classes.

mod body;

use super::{
    Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix,
    xml::{Prolog, line_of, malformed, narrowed},
};
use crate::{
    bytes::{ReadError, Window, narrow, wide},
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

By its first element, `PMML`, also in UTF-16 and UTF-32.

## What is checked

All that stands before the first element. No writer writes a document type: one is malformed, and the files that its entities name are
reported with their paths. The elements are data, whatever extensions they have, but for two: an inclusion of another file (`xi:include`) is
malformed, and reported with its path; and a function that is called by the name of a class (`<Apply function=\"com.example.Score\">`), which engines in
Java load and make an instance of, is a global that a configuration has called, unless the model defines a function of that name. Text in UTF-16
or UTF-32, or in an encoding in which the marks of XML are others than in ASCII, is refused as not read.

## What to prefer

This, read with a parser that resolves no entities.
";

/// What a probe sees of a text.
const FRONT: usize = 4096;
/// The name of the first element.
const ROOT: &str = "PMML";

fn probe(head: &Head<'_>) -> Certainty {
    if let Some(text) = narrowed(&head.front) {
        let prolog = Prolog::of(&text);
        return Certainty::sure_if(prolog.is_some_and(|prolog| prolog.is_root(&text, ROOT)));
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
    if let Some(prolog) = Prolog::of(front) {
        return Certainty::sure_if(prolog.is_root(front, ROOT));
    }
    let is_named = || {
        let suffix = FORMAT.suffix_of(head.name);
        suffix.is_some_and(|suffix| suffix.text == "pmml")
    };
    if front.len() < FRONT {
        return Certainty::maybe_if(is_named());
    }
    // A long comment or document type.
    let text = head
        .window
        .bytes_at(0, narrow(limits::CONFIG_BYTES))
        .unwrap_or_default();
    let is_root = Prolog::of(&text).is_some_and(|prolog| prolog.is_root(&text, ROOT));
    if is_root {
        return Certainty::Sure;
    }
    Certainty::maybe_if(is_named())
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
    if !prolog.is_root(&text, ROOT) {
        return Err(malformed("the first element is not PMML", 1));
    }
    let root = prolog.root;
    prolog.check(&text, "PMML", reading)?;
    let line = u32::try_from(line_of(&text, root)).unwrap_or(u32::MAX);
    body::read(window, wide(root), line, reading)
}
