//! Keras 3: a zip of a configuration and weights.

use crate::format::{Format, Read, Recognise, Runs, Suffix, zip::Directory};

/// Zip archives with the three members that Keras writes.
pub static FORMAT: Format = Format {
    id: "keras",
    title: "Keras model",
    doc: DOC,
    suffixes: &[Suffix::own("keras")],
    container: None,
    runs: Runs::Code,
    recognise: Recognise::Zip(claims),
    read: Read::Not {
        instead: "save the weights as safetensors, and build the model in code that is reviewed",
    },
};

const DOC: &str = "\
## What it is

A zip archive of `config.json`, `metadata.json` and `model.weights.h5`, as `keras.Model.save` writes it.

## What loading it does

`keras.models.load_model` imports and calls the classes that the configuration names. A `Lambda` layer brings Python
bytecode, which runs with `safe_mode=False`.

## How it is recognised

By these three members in its root, or by its name.

## What to prefer

The weights as safetensors, and the architecture in code.
";

fn claims(directory: &Directory) -> bool {
    let has = |name: &[u8]| {
        let mut members = directory.members.iter();
        members.any(|member| member.name.as_bytes() == name)
    };
    has(b"config.json") && has(b"metadata.json") && has(b"model.weights.h5")
}
