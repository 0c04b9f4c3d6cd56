//! Objects of R: what `saveRDS`, `save` and `serialize` write, in each of R's encodings.
//!
//! The format is a tree of items that is read to its end, without recursion. Data is stepped over; what R evaluates, and what it loads for
//! an item, is recorded with its place.

mod form;
mod walk;

use super::{Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix};
use crate::{
    bytes::{ReadError, Window},
    fact::{Anomaly, Payload, Place, TableFault, Unsupported},
};
use form::{Encoding, Source};

/// What `saveRDS` and `save` write, compressed or not.
pub static FORMAT: Format = Format {
    id: "r-data",
    title: "R object (RDS or RData)",
    doc: DOC,
    suffixes: &[
        Suffix::plain("rds"),
        Suffix::plain("rda"),
        Suffix::plain("rdata"),
    ],
    container: None,
    runs: Runs::WhatPicklesName,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

One object (`saveRDS`, `.rds`) or several with their names (`save`, `.rda`, `.RData`), usually compressed.

## What loading it does

`readRDS` and `load` rebuild vectors, lists and data frames, and as well functions, calls, environments and promises. A promise is evaluated
as soon as its value is used, a function when it is called, and a call wherever R evaluates what a model says of itself: `predict` evaluates the
terms of a linear model. The namespace of a package that an item names is loaded, and so is the package of a class of alternative vectors, which
rebuilds its items.

## How it is recognised

By the letter of its encoding and the version behind that, under any name, also behind `RDX2`, `RDX3` and the like, compressed or not. Text, and a
letter without its line feed, are known under R's own suffixes, or by the releases that follow the version. Data alone is not reported, unless its name is that of a model.

## What is checked

All of it is read: data frames, lists, vectors and the attributes of all of these are data, and so are S4 objects, whose classes are not in the
file, and external pointers, which R restores as none. Functions, bytecode, calls, promises, primitive functions, packages and classes of
alternative vectors that are not R's own for data are refused, each with its place. So are a beginning that R does not write, and workspaces of
releases before 1.4.0 (`RDX1`), which are not read.

## What to prefer

CSV or Parquet for tables, npy for arrays, and the model's own format.
";

fn probe(head: &Head<'_>) -> Certainty {
    let front = head.front.as_slice();
    let is_named = FORMAT.suffix_of(head.name).is_some();
    let is_any = || {
        let found = Encoding::of_any(front);
        found.is_some_and(|(encoding, start)| is_named || encoding.is_told(front, start))
    };
    Certainty::sure_if(is_first(front) || Encoding::of(front).is_some() || is_any())
}

/// Whether a file is of the first version.
fn is_first(front: &[u8]) -> bool {
    matches!(front, [b'R', b'D', b'X' | b'A' | b'B', b'1', b'\n', ..])
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let front = window.bytes_at(0, 64)?;
    if is_first(&front) {
        return Err(ReadError::unsupported(Unsupported::FirstRVersion));
    }
    let written = Encoding::of(&front);
    let Some((encoding, start)) = written.or_else(|| Encoding::of_any(&front)) else {
        reading.disclaim();
        return Ok(());
    };
    let before = reading.recorder.checkpoint();
    let mut source = Source::new(window, encoding, start);
    walk::read(&mut source, reading)?;
    source.end()?;
    if written.is_none() {
        let name = "version".into();
        return Err(ReadError::malformed(TableFault::Value { name, at: start }));
    }
    let end = source.offset();
    if window.reaches(end.saturating_add(1))? {
        let bytes = window.len().saturating_sub(end);
        let after = Payload::Object;
        let anomaly = Anomaly::TrailingData { bytes, after };
        reading.recorder.anomaly(anomaly, Place::Whole);
    }
    reading.disclaim_data(before);
    Ok(())
}
