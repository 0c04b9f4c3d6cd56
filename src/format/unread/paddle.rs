//! PaddlePaddle: programs and parameters.

use crate::format::{Format, Read, Recognise, Runs, Suffix};

/// Programs, and parameters in raw form. Parameters that `paddle.save` writes are pickles, and read as such.
pub static FORMAT: Format = Format {
    id: "paddle",
    title: "PaddlePaddle model",
    doc: DOC,
    suffixes: &[Suffix::own("pdmodel"), Suffix::own("pdiparams")],
    container: None,
    runs: Runs::Code,
    recognise: Recognise::Name,
    read: Read::Not {
        instead: "convert the parameters to safetensors",
    },
};

const DOC: &str = "\
## What it is

Programs (`.pdmodel`, a protobuf message) and their parameters (`.pdiparams`, raw). What `paddle.save` writes (`.pdparams`, `.pdopt`) is a
`pickle`.

## What loading it does

A program runs its operators, and one of them calls Python (`py_func`).

## How it is recognised

By its name.

## What to prefer

safetensors.
";
