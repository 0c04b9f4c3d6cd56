//! MOJO: models of H2O.

use crate::format::{Format, Read, Recognise, Runs, zip::Directory};

/// Zip archives with the description that H2O writes.
pub static FORMAT: Format = Format {
    id: "h2o-mojo",
    title: "H2O MOJO",
    doc: DOC,
    suffixes: &[],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Zip(claims),
    read: Read::Not {
        instead: "export the model as PMML or ONNX, which are read",
    },
};

const DOC: &str = "\
## What it is

A zip archive of `model.ini`, trees or coefficients, and the words of categories, as H2O's `download_mojo` writes it.

## What loading it does

H2O and its library for Java build the model that `model.ini` names, of a list of their own. Some models hold others, and pipelines of
Driverless AI hold code.

## How it is recognised

By `model.ini`, and folders with domains, trees or details beside it.

## What to prefer

PMML or ONNX.
";

fn claims(directory: &Directory) -> bool {
    let has = |is: fn(&[u8]) -> bool| {
        let mut members = directory.members.iter();
        members.any(|member| is(member.name.as_bytes()))
    };
    has(|name| name == b"model.ini")
        && has(|name| {
            [
                &b"domains/"[..],
                b"trees/",
                b"experimental/modelDetails.json",
            ]
            .iter()
            .any(|front| name.starts_with(front))
        })
}
