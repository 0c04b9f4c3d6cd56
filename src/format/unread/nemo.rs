//! NeMo: a tar of a configuration, weights and what the tokenizer needs.

use crate::format::{Format, Read, Recognise, Suffix};

/// Tar archives with NeMo's configuration.
pub static FORMAT: Format = Format {
    id: "nemo",
    title: "NeMo model",
    doc: DOC,
    suffixes: &[Suffix::own("nemo")],
    container: None,
    executes: true,
    recognise: Recognise::Tar(&[b"model_config.yaml", b"model_weights.ckpt"]),
    read: Read::Not {
        instead: "keep its weights as safetensors, and its configuration in the repository",
    },
};

const DOC: &str = "\
## What it is

A tar archive, compressed or not, of `model_config.yaml`, `model_weights.ckpt` and files for the tokenizer.

## What loading it does

`restore_from` instantiates the classes that the configuration names under `_target_`, with the arguments that it
gives, and gives the weights to `torch.load`.

## How it is recognised

By members `model_config.yaml` and `model_weights.ckpt`, or by its name.

## What to prefer

The weights as safetensors, and the configuration where it is reviewed.
";
