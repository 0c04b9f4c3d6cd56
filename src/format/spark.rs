//! Spark ML: folders of pipelines and models, whose metadata names the class of each stage.

use sha2::{Digest as _, Sha256};

use super::{Certainty, Format, Head, Read, Reading, Recognise, Runs, called, json::Document};
use crate::{
    bytes::{ReadError, Window, narrow},
    fact::{Fact, FileReference, FileRole, Global, GlobalName, Text},
    limits,
};

/// Lines of JSON in files that are called `part-00000`, and others that say which release of Spark wrote them.
pub static FORMAT: Format = Format {
    id: "spark-ml",
    title: "Spark ML metadata",
    doc: DOC,
    suffixes: &[],
    container: None,
    runs: Runs::WhatPicklesName,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

`metadata/part-00000` in the folder of a pipeline, a stage or a model of Spark ML: a line of JSON with the class and its parameters. The data beside it
is [`parquet`](#parquet).

## What loading it does

`PipelineModel.load` loads each stage: Spark finds its class by the name in the metadata, and in Python imports the module of that name. The
folder of a stage is found by the identifier that the pipeline has of it.

## How it is recognised

By the keys that Spark writes, under any name; as `part-00000`, by a class and an identifier. Metadata of Spark's own classes is data, and not reported.

## What is checked

The class, which is a global that a configuration has called unless it is one of `org.apache.spark.ml` or `pyspark.ml`, at its column; and identifiers of
stages that lead out of the folder.

## What to prefer

Stages of Spark itself, or ONNX.
";

/// Packages of Spark's own stages.
const OWN: [&str; 2] = ["org.apache.spark.ml.", "pyspark.ml."];

/// Whether a name is that of the first part of what Spark writes.
fn is_part(name: &[u8]) -> bool {
    name.strip_prefix(b"part-")
        .is_some_and(|rest| rest.len() == 5 && rest.iter().all(u8::is_ascii_digit))
}

fn probe(head: &Head<'_>) -> Certainty {
    let front = head.front.trim_ascii_start();
    if !front.starts_with(b"{") {
        return Certainty::No;
    }
    let has = |key: &[u8]| memchr::memmem::find(front, key).is_some();
    let is_written = has(b"\"class\":\"") && has(b"\"sparkVersion\":\"") && has(b"\"uid\":\"");
    Certainty::sure_if(is_written || is_part(head.name))
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let before = reading.recorder.checkpoint();
    let most = narrow(limits::CONFIG_BYTES);
    let text = window.bytes_at(0, most)?;
    // Spark reads one line.
    let end = memchr::memchr(b'\n', &text).unwrap_or(text.len());
    if end >= most {
        return Err(ReadError::Limit(limits::Id::CONFIG_BYTES));
    }
    let line = text.get(..end).unwrap_or_default();
    let sha256: [u8; 32] = Sha256::digest(line).into();
    let Ok(document) = Document::parse(line.to_vec()) else {
        reading.disclaim();
        return Ok(());
    };
    let root = &document.root;
    let (Some(class), Some(_)) = (root.get("class"), root.get("uid")) else {
        reading.disclaim();
        return Ok(());
    };
    let mut places = document.places();
    if let Some(name) = class.text()
        && !OWN.iter().any(|own| name.starts_with(own))
    {
        let (module, name) = name.rsplit_once('.').unwrap_or(("", name));
        let global = Global::Named(GlobalName::new(module, name));
        let (place, excerpt) = places.at(&class.range);
        called::record(global, 1, (place, Some(excerpt)), sha256, reading);
    }
    let stages = root.get("paramMap").and_then(|of| of.get("stageUids"));
    for (number, stage) in stages
        .into_iter()
        .flat_map(super::json::Node::items)
        .enumerate()
    {
        let Some(uid) = stage.text().filter(|uid| uid.contains(['/', '\\'])) else {
            continue;
        };
        let (place, excerpt) = places.at(&stage.range);
        let file = FileReference {
            role: FileRole::Model,
            path: Text::from(format!("stages/{number}_{uid}")),
        };
        let fact = Fact::FileReference(Box::new(file));
        reading.record_at(fact, place, Some(excerpt));
    }
    reading.disclaim_data(before);
    Ok(())
}
