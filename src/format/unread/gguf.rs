//! GGUF: weights and settings for llama.cpp.

use crate::format::{Certainty, Format, Head, Read, Recognise, Runs, Suffix};

/// Files that begin with `GGUF` and a version.
pub static FORMAT: Format = Format {
    id: "gguf",
    title: "GGUF model",
    doc: DOC,
    suffixes: &[Suffix::own("gguf")],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Not {
        instead: "keep the weights as safetensors, and convert them where they are deployed",
    },
};

const DOC: &str = "\
## What it is

Weights, a vocabulary and settings in one file, for llama.cpp and what is built on it.

## What loading it does

Native code maps it. Its chat template is a Jinja program, which some readers run without a sandbox.

## How it is recognised

By `GGUF` and a version below 256, in either byte order, as its first eight bytes.

## What to prefer

safetensors.
";

fn probe(head: &Head<'_>) -> Certainty {
    let version = head.front.get(4..8).unwrap_or_default();
    let is_version = matches!(version, [small, 0, 0, 0] | [0, 0, 0, small] if *small > 0);
    Certainty::sure_if(head.front.starts_with(b"GGUF") && is_version)
}
