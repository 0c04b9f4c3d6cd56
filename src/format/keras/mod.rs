//! Keras: models as a zip of a configuration and weights, and the same configuration in attributes of HDF5.

mod configuration;
mod registry;

use super::{
    Expect, Format, Read, Reading, Recognise, Runs, Suffix,
    json::Document,
    zip::{self, Directory},
};
use crate::{
    bytes::{ReadError, Window},
    fact::Place,
};

/// Zip archives with the members that Keras writes.
pub static FORMAT: Format = Format {
    id: "keras",
    title: "Keras model",
    doc: DOC,
    suffixes: &[Suffix::own("keras")],
    container: None,
    runs: Runs::WhatPicklesName,
    recognise: Recognise::Zip(claims),
    read: Read::Zip(read),
};

const DOC: &str = "\
## What it is

A zip archive of `config.json`, `metadata.json` and `model.weights.h5` (or `.npz`), as `keras.Model.save` writes it since Keras 2.12. Before that,
models were HDF5 files with the same configuration in an attribute (`weighbridge explain hdf5`).

## What loading it does

`keras.models.load_model` makes an object of every class that the configuration names under `class_name` and `module`, with the values that
stand under `config`, and compiles the model as `compile_config` says.

- A `Lambda` layer and a `__lambda__` bring Python bytecode (`marshal`). `safe_mode`, which is on by default, refuses them in `.keras` files;
  in HDF5 files only since 3.11.3.
- Releases before 3.9 import any module that `module` names, and take what it has under `class_name` or `registered_name`. Until 3.11, functions of
  Keras itself could be called so, such as `keras.utils.get_file` and `keras.config.enable_unsafe_deserialization`, which turns `safe_mode` off.
- `TorchModuleWrapper` unpickles, and `TFSMLayer` loads a SavedModel. `safe_mode` refuses the one since 3.11.3, the other since 3.13.2.
- `StringLookup`, `IntegerLookup` and `TextVectorization` read a vocabulary from the file that the configuration names.
- A class of your own is found by its package and name (`my_package>MyLayer`) among those that the program registered.

## How it is recognised

By `config.json` with `metadata.json` or weights beside it in the root of the archive, or by its name. So is a
configuration in a file of its own: in a folder that was saved without a zip (`config.json`), in a preset of `keras_hub` (`task.json`), or
written by `to_json` under any name that ends in `.json`. The index of sharded weights (`model.weights.json`) names files of its own folder.

## What is checked

The configuration, to any depth: every class and every function is a global that loading calls (`configure`). One without a module is
looked up as Keras does: `Dense` is `keras.layers.Dense`. Registered classes are `package.Name`, and `Custom.Name` if nothing says a package. The pack
`keras-layers` lists what computes with tensors alone; everything else needs an entry. Bytecode is refused as such, a pickle is read as
one, and a vocabulary has to lie in the folder of the model. Weights and assets are read as files of their own.

## What to prefer

The weights as safetensors, and the architecture in code. To keep a model whole, replace `Lambda` by registered layers.
";

/// The member that describes the model.
const CONFIGURATION: &[u8] = b"config.json";

/// Members beside it, by which an archive is known.
const BESIDE: &[&[u8]] = &[b"metadata.json", b"model.weights.h5", b"model.weights.npz"];

/// Whether a name is that of the configuration.
fn is_configuration(name: &[u8]) -> bool {
    zip::python_name(name) == CONFIGURATION
}

fn claims(directory: &Directory) -> bool {
    zip::has_member(directory, is_configuration)
        && zip::has_member(directory, |name| BESIDE.contains(&name))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the signature is that of every reader"
)]
fn read(
    window: &Window,
    directory: &Directory,
    reading: &mut Reading<'_>,
) -> Result<(), ReadError> {
    for member in &directory.members {
        let names = [Some(&member.name), member.other_name.as_ref()];
        let mut names = names.into_iter().flatten();
        if !names.any(|name| is_configuration(name.as_bytes())) {
            continue;
        }
        for body in member.bodies(window, 0, &reading.budget()) {
            reading.recorder.enter(member.hop());
            let read = body.and_then(|body| configuration::read(&Document::read(&body)?, reading));
            if let Err(error) = read {
                reading.unread(error, Place::Whole);
            }
            reading.recorder.leave();
        }
    }
    // The configuration has been read: by its name alone it would be read once more.
    zip::read_members(window, directory, reading, |member| {
        is_configuration(member.name.as_bytes()).then_some(Expect::Aside)
    });
    Ok(())
}

/// Whether JSON in a file of its own describes a model.
pub(super) fn is_model(document: &Document) -> bool {
    ["class_name", "config"]
        .iter()
        .all(|key| document.root.get(key).is_some())
}

/// Whether JSON under any name is what Keras writes of a model: what `is_model` says, with a key that stands beside it in each release, or
/// with layers, which are all that it reads.
pub(super) fn is_written_model(document: &Document) -> bool {
    let root = &document.root;
    let has = |key: &str| root.get(key).is_some();
    let has_layers = || {
        let config = root.get("config");
        let layers = config.map(|config| config.get("layers").unwrap_or(config));
        layers.is_some_and(|layers| {
            layers
                .items()
                .iter()
                .any(|it| it.get("class_name").is_some())
        })
    };
    is_model(document)
        && (has("registered_name") || has("keras_version") || has("module") || has_layers())
}

/// Reads such a file.
pub(super) fn read_configuration(
    document: &Document,
    reading: &mut Reading<'_>,
) -> Result<(), ReadError> {
    configuration::read(document, reading)
}

/// Whether an attribute of an HDF5 file's root describes a model or how it is compiled.
pub(super) fn is_attribute(name: &[u8]) -> bool {
    matches!(name, b"model_config" | b"training_config")
}

/// Reads such an attribute.
pub(super) fn read_attribute(text: Vec<u8>, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    configuration::read(&Document::parse(text)?, reading)
}
