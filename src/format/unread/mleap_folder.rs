//! `MLeap`: the same pipelines in a folder.

use crate::format::{Certainty, Format, Head, Read, Recognise, Runs};

/// The description of a bundle that is not packed.
pub static FORMAT: Format = Format {
    id: "mleap-folder",
    title: "MLeap bundle in a folder",
    doc: DOC,
    suffixes: &[],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Not {
        instead: "keep the pipeline as Spark ML saves it, or as ONNX",
    },
};

const DOC: &str = "\
## What it is

`bundle.json`, in a folder with the stages of a pipeline under `root`, each as JSON or protobuf.

## What loading it does

MLeap looks the operators of the stages up among those that are registered with it. TensorFlow's graphs may be among them.

## How it is recognised

By the name, and the keys `uid`, `name`, `format`, `version` and `timestamp`.

## What to prefer

Spark ML's own folders (`spark-ml`), or ONNX.
";

/// Keys of the description.
const KEYS: [&[u8]; 5] = [
    b"\"uid\"",
    b"\"name\"",
    b"\"format\"",
    b"\"version\"",
    b"\"timestamp\"",
];

fn probe(head: &Head<'_>) -> Certainty {
    let has = |key: &&[u8]| memchr::memmem::find(&head.front, key).is_some();
    let is_text = head.front.trim_ascii_start().starts_with(b"{");
    Certainty::sure_if(head.file_name() == b"bundle.json" && is_text && KEYS.iter().all(has))
}
