//! ggml: weights for llama.cpp before GGUF.

use crate::format::{Certainty, Format, Head, Read, Recognise, Runs, Suffix};

/// Files with one of the magics that preceded GGUF.
pub static FORMAT: Format = Format {
    id: "ggml",
    title: "GGML model",
    doc: DOC,
    suffixes: &[Suffix::own("ggml")],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Not {
        instead: "convert it to safetensors, or to GGUF with llama.cpp",
    },
};

const DOC: &str = "\
## What it is

Weights for llama.cpp and whisper.cpp before GGUF.

## What loading it does

Native code reads it. It names no Python code; old readers trust its sizes.

## How it is recognised

By `lmgg`, `fmgg`, `tjgg` or `algg` as its first bytes and a small number in the next four.

## What to prefer

safetensors.
";

fn probe(head: &Head<'_>) -> Certainty {
    let magic = head.front.get(..4).unwrap_or_default();
    // The version, or the size of the vocabulary: below 2^24.
    let small = head.front.get(7) == Some(&0);
    Certainty::sure_if(
        small
            && [b"lmgg", b"fmgg", b"tjgg", b"algg"]
                .iter()
                .any(|known| magic == *known),
    )
}
