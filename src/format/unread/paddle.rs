//! PaddlePaddle: programs and parameters.

use crate::format::{Format, Read, Recognise, Suffix};

/// Files that are called so; parameters that are a pickle are read as one.
pub static FORMAT: Format = Format {
    id: "paddle",
    title: "PaddlePaddle model",
    doc: DOC,
    suffixes: &[
        Suffix::own("pdmodel"),
        Suffix::own("pdparams"),
        Suffix::own("pdopt"),
        Suffix::own("pdiparams"),
    ],
    container: None,
    executes: true,
    recognise: Recognise::Name,
    read: Read::Not {
        instead: "convert the parameters to safetensors",
    },
};

const DOC: &str = "\
## What it is

Programs (`.pdmodel`, a protobuf message) and parameters (`.pdparams` and `.pdopt`, pickles; `.pdiparams`, raw).

## What loading it does

`paddle.load` unpickles parameters without a list of allowed names. A program runs its operators, and one of them
calls Python (`py_func`).

## How it is recognised

By its name. Parameters that are a pickle are read as a `pickle`.

## What to prefer

safetensors.
";
