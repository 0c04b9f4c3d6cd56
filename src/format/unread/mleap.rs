//! `MLeap`: pipelines of Spark and scikit-learn for other programs.

use crate::format::{Format, Read, Recognise, Runs, zip::Directory};

/// Zip archives with the description of a bundle.
pub static FORMAT: Format = Format {
    id: "mleap",
    title: "MLeap bundle",
    doc: DOC,
    suffixes: &[],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Zip(claims),
    read: Read::Not {
        instead: "keep the pipeline as Spark ML saves it, or as ONNX",
    },
};

const DOC: &str = "\
## What it is

A zip archive of `bundle.json` and a folder `root` with the stages of a pipeline, each as JSON or protobuf.

## What loading it does

MLeap looks the operators of the stages up among those that are registered with it. TensorFlow's graphs may be among them.

## How it is recognised

By `bundle.json` and the first stage.

## What to prefer

Spark ML's own folders (`spark-ml`), or ONNX.
";

fn claims(directory: &Directory) -> bool {
    let has = |what: &[u8]| {
        let mut members = directory.members.iter();
        members.any(|member| member.name.as_bytes() == what)
    };
    has(b"bundle.json") && (has(b"root/model.json") || has(b"root/model.pb"))
}
