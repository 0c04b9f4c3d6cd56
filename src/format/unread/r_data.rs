//! Objects of R.

use crate::format::{Certainty, Format, Head, Read, Recognise, Runs};

/// What `saveRDS` and `save` write, in each of R's encodings.
pub static FORMAT: Format = Format {
    id: "r-data",
    title: "R object (RDS or RData)",
    doc: DOC,
    suffixes: &[],
    container: None,
    runs: Runs::Code,
    recognise: Recognise::Probe(probe),
    read: Read::Not {
        instead: "store data frames as CSV or Parquet, and arrays as npy",
    },
};

const DOC: &str = "\
## What it is

One object (`saveRDS`, `.rds`) or several with their names (`save`, `.rda`, `.RData`), usually compressed.

## What loading it does

`readRDS` and `load` rebuild objects of any class, functions and promises among them. A promise is evaluated when its value is used.

## How it is recognised

By its first bytes, if its name says that a model for Python is in it, compressed or not. Files that are named as R names them are
passed over: they are data of R.

## What to prefer

CSV or Parquet for tables, npy for arrays.
";

fn probe(head: &Head<'_>) -> Certainty {
    let front = head.front.as_slice();
    let object = match front {
        [
            b'R',
            b'D',
            b'X' | b'A' | b'B',
            b'2' | b'3',
            b'\n',
            rest @ ..,
        ] => rest,
        other => other,
    };
    // Big-endian, little-endian and text: the version of the format is 2 or 3.
    let is_object = matches!(
        object,
        [b'X', b'\n', 0, 0, 0, 2 | 3, ..]
            | [b'B', b'\n', 2 | 3, 0, 0, 0, ..]
            | [b'A', b'\n', b'2' | b'3', b'\n', ..]
    );
    Certainty::maybe_if(is_object)
}
