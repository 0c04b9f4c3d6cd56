//! Objects of Java that were serialised.

use crate::format::{Certainty, Format, Head, Read, Recognise, Runs};

/// What `ObjectOutputStream` writes: models of Weka among others.
pub static FORMAT: Format = Format {
    id: "java-object",
    title: "serialised Java object",
    doc: DOC,
    suffixes: &[],
    container: None,
    runs: Runs::Code,
    recognise: Recognise::Probe(probe),
    read: Read::Not {
        instead: "export the model as data that names no class: PMML, or the parameters as JSON",
    },
};

const DOC: &str = "\
## What it is

An object of Java with all that it refers to, as `ObjectOutputStream` writes it. Weka saves its models (`.model`) so.

## What loading it does

`readObject` finds each class that the stream names on the class path and has its `readObject` and `readResolve` run. Which classes
are there decides what a stream can do: it is the same danger as that of a pickle.

## How it is recognised

By the magic and version of a stream and the object that follows, if its name says that a model is in it.

## What to prefer

PMML, or parameters as JSON.
";

fn probe(head: &Head<'_>) -> Certainty {
    // The magic, version 5, and an object, a string, an array, a class or a block of data.
    let begins = matches!(head.front.as_slice(), [0xac, 0xed, 0, 5, 0x70..=0x7e, ..]);
    Certainty::maybe_if(begins)
}
