//! 7z archives.

use crate::format::{Certainty, Container, Format, Head, Read, Recognise, Suffix};

/// 7z archives.
pub static FORMAT: Format = Format {
    id: "seven-zip",
    title: "7z archive",
    doc: DOC,
    suffixes: &[Suffix::wrapping("7z")],
    container: Some(Container::Other),
    executes: false,
    recognise: Recognise::Probe(probe),
    read: Read::UNPACK,
};

const DOC: &str = "\
## What it is

An archive of files.

## What loading it does

Unpacking writes files; what loads those decides what runs. No model is loaded from one.

## How it is recognised

By its signature of six bytes, if its name says that a model is in it, as `model.pkl.7z` does.

## What to prefer

The files themselves.
";

fn probe(head: &Head<'_>) -> Certainty {
    Certainty::maybe_if(head.front.starts_with(b"7z\xbc\xaf\x27\x1c"))
}
