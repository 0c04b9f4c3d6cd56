//! POJO: models of H2O as source of Java.

use crate::format::{Certainty, Format, Head, Read, Recognise, Runs};

/// Source of Java that H2O made of a model.
pub static FORMAT: Format = Format {
    id: "h2o-pojo",
    title: "H2O POJO",
    doc: DOC,
    suffixes: &[],
    container: None,
    runs: Runs::Code,
    recognise: Recognise::Probe(probe),
    read: Read::Not {
        instead: "export the model as PMML or ONNX, which are read",
    },
};

const DOC: &str = "\
## What it is

A class of Java that computes what a model predicts, as H2O's `download_pojo` writes it.

## What loading it does

It is code: it is compiled and run, also by `h2o.upload_model`, which takes such a file and compiles it in the server. What it does is not read.

## How it is recognised

By the class that it imports from H2O, and the note `@ModelPojo`.

## What to prefer

PMML or ONNX.
";

fn probe(head: &Head<'_>) -> Certainty {
    let holds = |what: &[u8]| memchr::memmem::find(&head.front, what).is_some();
    Certainty::sure_if(holds(b"import hex.genmodel.GenModel;") && holds(b"@ModelPojo("))
}
