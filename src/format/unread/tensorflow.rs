//! TensorFlow: graphs as protobuf messages.

use crate::format::{Format, Read, Recognise, Runs, Suffix};

/// Files that are called so: a protobuf message has no magic.
pub static FORMAT: Format = Format {
    id: "tensorflow",
    title: "TensorFlow graph",
    doc: DOC,
    suffixes: &[Suffix::own("pb")],
    container: None,
    runs: Runs::Code,
    recognise: Recognise::Name,
    read: Read::Not {
        instead: "keep the weights as safetensors, and build the graph in code that is reviewed",
    },
};

const DOC: &str = "\
## What it is

A `SavedModel` (`saved_model.pb` and its variables) or a frozen graph: protobuf messages.

## What loading it does

TensorFlow runs the operators of the graph. Some read and write files, and one calls Python (`PyFunc`).

## How it is recognised

By its name.

## What to prefer

The weights as safetensors.
";
