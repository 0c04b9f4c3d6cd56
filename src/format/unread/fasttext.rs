//! fastText: a dictionary and matrices behind a magic number.

use crate::format::{Certainty, Format, Head, Read, Recognise, Runs, Suffix};

/// Files that begin with fastText's magic number.
pub static FORMAT: Format = Format {
    id: "fasttext",
    title: "fastText model",
    doc: DOC,
    suffixes: &[Suffix::own("ftz")],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Not {
        instead: "store the vectors as safetensors or npy",
    },
};

const DOC: &str = "\
## What it is

Word vectors or a classifier, as fastText writes them (`.bin`, quantized `.ftz`).

## What loading it does

`fasttext.load_model` reads it in native code. It names no Python code.

## How it is recognised

By its magic number, 793712314 in four bytes.

## What to prefer

The vectors as safetensors or npy.
";

fn probe(head: &Head<'_>) -> Certainty {
    Certainty::sure_if(head.front.starts_with(&793_712_314_u32.to_le_bytes()))
}
