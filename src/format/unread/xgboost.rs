//! XGBoost: trees as UBJSON or in the binary form of old releases.

use crate::format::{Certainty, Format, Head, Read, Recognise, Runs, Suffix};

/// Files that begin as XGBoost's writers begin.
pub static FORMAT: Format = Format {
    id: "xgboost",
    title: "XGBoost model",
    doc: DOC,
    suffixes: &[
        Suffix::own("ubj"),
        Suffix::shared(
            "model",
            "SentencePiece vocabularies and models of other tools",
        ),
    ],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Not {
        instead: "save it as JSON with `model.save_model(\"model.json\")`",
    },
};

const DOC: &str = "\
## What it is

Gradient-boosted trees, as `save_model` writes them: UBJSON, or the binary form of releases before 3.1.

## What loading it does

`load_model` reads it in native code. It names no Python code; releases trusted the sizes of the binary form.

## How it is recognised

By an object with `learner` as its first key, or by `binf` under the name of a model.

## What to prefer

The JSON form of the same model.
";

fn probe(head: &Head<'_>) -> Certainty {
    let front = head
        .front
        .get(..head.front.len().min(32))
        .unwrap_or_default();
    let ubjson = matches!(front, [b'{', b'L' | b'i', ..])
        && memchr::memmem::find(front, b"learner").is_some();
    if ubjson {
        Certainty::Sure
    } else {
        Certainty::maybe_if(front.starts_with(b"binf"))
    }
}
