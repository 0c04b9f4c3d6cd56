//! Core ML: a protobuf message without a magic.

use crate::format::{Format, Read, Recognise, Runs, Suffix};

/// Files that are called so: a protobuf message has no magic.
pub static FORMAT: Format = Format {
    id: "coreml",
    title: "Core ML model",
    doc: DOC,
    suffixes: &[Suffix::own("mlmodel")],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Name,
    read: Read::Not {
        instead: "keep the model it was converted from as safetensors, and convert it where it is deployed",
    },
};

const DOC: &str = "\
## What it is

A model for Apple's frameworks, as coremltools writes it: a protobuf message.

## What loading it does

Core ML compiles it. A custom layer names a class of the application, which then runs.

## How it is recognised

By its name.

## What to prefer

The weights as safetensors, converted where they are deployed.
";
