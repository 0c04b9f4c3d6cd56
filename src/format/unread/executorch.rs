//! ExecuTorch: a compiled program as a flatbuffer.

use crate::format::{Certainty, Format, Head, Read, Recognise, Suffix};

/// Flatbuffers with the identifier `ET` and a version of two digits.
pub static FORMAT: Format = Format {
    id: "executorch",
    title: "ExecuTorch program",
    doc: DOC,
    suffixes: &[Suffix::own("pte")],
    container: None,
    executes: true,
    recognise: Recognise::Probe(probe),
    read: Read::Not {
        instead: "keep the weights as safetensors, and export the program where it is deployed",
    },
};

const DOC: &str = "\
## What it is

A program that `executorch` compiles from an exported PyTorch module.

## What loading it does

The runtime maps it and runs its instructions: operators, and delegates with payloads of their own.

## How it is recognised

By `ET` and two digits as its fifth to eighth byte.

## What to prefer

The weights as safetensors.
";

fn probe(head: &Head<'_>) -> Certainty {
    let identifier = head.front.get(4..8).unwrap_or_default();
    Certainty::sure_if(
        matches!(identifier, [b'E', b'T', major, minor] if major.is_ascii_digit() && minor.is_ascii_digit()),
    )
}
