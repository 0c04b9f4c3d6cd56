//! Core ML: models that were compiled for devices.

use crate::format::{Certainty, Format, Head, Read, Recognise, Runs};

/// The programs, networks and descriptions in folders of compiled models.
pub static FORMAT: Format = Format {
    id: "coreml-compiled",
    title: "compiled Core ML model",
    doc: DOC,
    suffixes: &[],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Not {
        instead: "keep the `.mlpackage` or the `.mlmodel` and compile it where it is deployed, with `xcrun coremlcompiler compile`",
    },
};

const DOC: &str = "\
## What it is

A program (`model.mil`), a network (`model.espresso.net`) and their description (`coremldata.bin`) in a folder `NAME.mlmodelc`, which Core ML's compiler makes.

## What loading it does

Core ML runs it. Its custom layers are classes of the application.

## How it is recognised

By how the program begins, by the file in which the network keeps its weights, or by the name of the description.

## What to prefer

The model before it was compiled (`coreml`), which is read.
";

fn probe(head: &Head<'_>) -> Certainty {
    let holds = |what: &[u8]| memchr::memmem::find(&head.front, what).is_some();
    let program = head.front.starts_with(b"program(") && holds(b"[buildInfo = dict<");
    let network = head.front.trim_ascii_start().starts_with(b"{")
        && holds(b"\"storage\"")
        && holds(b".espresso.weights\"");
    // Trees and other models that are no networks have nothing but this file.
    let description = head.file_name() == b"coremldata.bin" && !head.front.is_empty();
    Certainty::sure_if(program || network || description)
}
