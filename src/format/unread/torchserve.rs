//! TorchServe: a zip of a handler, weights and what they need.

use crate::format::{Format, Read, Recognise, Suffix, zip::Directory};

/// Zip archives with TorchServe's manifest.
pub static FORMAT: Format = Format {
    id: "torchserve",
    title: "TorchServe archive",
    doc: DOC,
    suffixes: &[Suffix::own("mar")],
    container: None,
    executes: true,
    recognise: Recognise::Zip(claims),
    read: Read::Not {
        instead: "keep the handler in the repository and the weights as safetensors, and build the archive where it is deployed",
    },
};

const DOC: &str = "\
## What it is

A zip archive of `MAR-INF/MANIFEST.json`, a handler in Python, weights and other files, as `torch-model-archiver`
writes it.

## What loading it does

TorchServe imports the handler, and may install the requirements that the archive brings.

## How it is recognised

By its manifest, or by its name.

## What to prefer

The handler where it is reviewed, and the weights as safetensors.
";

fn claims(directory: &Directory) -> bool {
    let mut members = directory.members.iter();
    members.any(|member| member.name.as_bytes() == b"MAR-INF/MANIFEST.json")
}
