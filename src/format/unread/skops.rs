//! skops: scikit-learn models as a zip of a schema and arrays.

use crate::format::{Format, Read, Recognise, Runs, Suffix};

/// Files that are called so: any zip may have a `schema.json`.
pub static FORMAT: Format = Format {
    id: "skops",
    title: "skops model",
    doc: DOC,
    suffixes: &[Suffix::own("skops")],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Name,
    read: Read::Not {
        instead: "exclude it in the policy with a reason, and load it with `skops.io.load(path, trusted=[...])`",
    },
};

const DOC: &str = "\
## What it is

A zip archive of `schema.json` and arrays, as `skops.io.dump` writes it.

## What loading it does

`skops.io.load` builds the objects that the schema names, if their types are trusted by default or by the caller.

## How it is recognised

By its name.

## What to prefer

skops is what to prefer for scikit-learn models; weighbridge does not read it yet.
";
