//! CatBoost: gradient-boosted trees as a flatbuffer behind a magic.

use crate::format::{Certainty, Format, Head, Read, Recognise, Runs, Suffix};

/// Files that begin with `CBM1`.
pub static FORMAT: Format = Format {
    id: "catboost",
    title: "CatBoost model",
    doc: DOC,
    suffixes: &[Suffix::own("cbm")],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Not {
        instead: "save it as JSON with `model.save_model(path, format=\"json\")`",
    },
};

const DOC: &str = "\
## What it is

A model of gradient-boosted trees, as `CatBoost.save_model` writes it by default.

## What loading it does

`CatBoost.load_model` reads it in native code. It names no Python code.

## How it is recognised

By `CBM1` and a size as its first eight bytes.

## What to prefer

The JSON form of the same model.
";

fn probe(head: &Head<'_>) -> Certainty {
    // The size of the model follows, which no text could be.
    let size = head.front.get(4..8).unwrap_or_default();
    Certainty::sure_if(head.front.starts_with(b"CBM1") && size.contains(&0))
}
