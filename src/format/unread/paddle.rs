//! PaddlePaddle: programs and parameters.

use crate::format::{Certainty, Format, Head, Read, Recognise, Runs, Suffix};

/// Programs, and parameters in raw form. Parameters that `paddle.save` writes are pickles, and read as such.
pub static FORMAT: Format = Format {
    id: "paddle",
    title: "PaddlePaddle model",
    doc: DOC,
    suffixes: &[Suffix::own("pdmodel"), Suffix::own("pdiparams")],
    container: None,
    runs: Runs::Code,
    recognise: Recognise::Probe(probe),
    read: Read::Not {
        instead: "convert the parameters to safetensors",
    },
};

const DOC: &str = "\
## What it is

Programs (`.pdmodel`, a protobuf message, or `inference.json` since PaddlePaddle 3) and their parameters (`.pdiparams`, raw). What `paddle.save` writes (`.pdparams`, `.pdopt`) is a
`pickle`.

## What loading it does

A program runs its operators, and one of them calls Python (`py_func`).

## How it is recognised

By its name; a program as JSON by `base_code` and `pir` in front, under any name.

## What to prefer

safetensors.
";

fn probe(head: &Head<'_>) -> Certainty {
    let front = head.front.trim_ascii_start();
    let has = |word: &[u8]| memchr::memmem::find(front, word).is_some();
    if front.starts_with(b"{") && has(b"\"base_code\"") && has(b"\"pir\"") {
        return Certainty::Sure;
    }
    Certainty::maybe_if(FORMAT.suffix_of(head.name).is_some() && !front.is_empty())
}
