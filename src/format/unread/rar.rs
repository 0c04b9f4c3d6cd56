//! RAR archives.

use crate::format::{Certainty, Container, Format, Head, Read, Recognise, Runs, Suffix};

/// RAR archives of version 4 and 5.
pub static FORMAT: Format = Format {
    id: "rar",
    title: "Roshal archive (RAR)",
    doc: DOC,
    suffixes: &[Suffix::wrapping("rar")],
    container: Some(Container::Other),
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::UNPACK,
};

const DOC: &str = "\
## What it is

An archive of files.

## What loading it does

Unpacking writes files; what loads those decides what runs. No model is loaded from one.

## How it is recognised

By `Rar!` as its first bytes, if its name says that a model is in it, as `model.pkl.rar` does.

## What to prefer

The files themselves.
";

fn probe(head: &Head<'_>) -> Certainty {
    Certainty::maybe_if(head.front.starts_with(b"Rar!\x1a\x07"))
}
