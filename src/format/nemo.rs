//! NeMo: a tar of a configuration, weights and what the tokenizer needs.

use super::{
    Format, Read, Recognise, Runs, Suffix,
    tar::{Layout, MemberName, Takes},
};

/// Tar archives with NeMo's configuration and weights.
pub static FORMAT: Format = Format {
    id: "nemo",
    title: "NeMo model",
    doc: DOC,
    suffixes: &[Suffix::own("nemo")],
    container: None,
    runs: Runs::Code,
    recognise: Recognise::Tar(&[&[CONFIGURATION], &[WEIGHTS, SHARDS]]),
    read: Read::Tar(Layout {
        takes,
        verdict: None,
        compressed: true,
    }),
};

const CONFIGURATION: MemberName = MemberName::File(b"model_config.yaml");
const WEIGHTS: MemberName = MemberName::File(b"model_weights.ckpt");
/// Where a distributed checkpoint of the weights lies.
const SHARDS: MemberName = MemberName::In(b"model_weights");

const DOC: &str = "\
## What it is

A tar archive, compressed or not, of `model_config.yaml`, the weights and files for the tokenizer. The weights are a file
`model_weights.ckpt`, one for each part of the model, or a distributed checkpoint in a folder `model_weights`.

## What loading it does

`restore_from` imports the class that the configuration names under `target`, makes the model of it, and has hydra call what
nested parts name under `_target_`, with the arguments that they give. The weights go to `torch.load`, those of a folder to
`torch.distributed.checkpoint` or `zarr`, and `common.pt` beside them to `torch.load`.

## How it is recognised

By members `model_config.yaml` and `model_weights.ckpt`, or one in a folder `model_weights`, in whatever folder.

## What is checked

The configuration: every name under `_target_`, and every path under `target`, `cls` and `class`, is a global that loading imports and
calls (`configure`). What a pack lists for pickles is not allowed by it: what a configuration gives a function is up to the file, so an
entry of the policy has to list the name. A name that an interpolation computes, and a resolver that can make a mapping out of text, cannot be allowed. What the
configuration gives its classes (paths, names of other models) is not judged. The weights, and all other members, are read as files of their
own. A link in place of the configuration or of weights is refused.

## What to prefer

The weights as safetensors, and the configuration where it is reviewed.
";

fn takes(path: &[u8]) -> Takes {
    if CONFIGURATION.is(path) {
        Takes::Configuration
    } else if WEIGHTS.is(path) || SHARDS.is(path) {
        Takes::Followed
    } else {
        Takes::File
    }
}
