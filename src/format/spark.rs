//! Spark ML: folders of pipelines and models, whose metadata names the class of each stage.

use std::borrow::Cow;

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

`metadata/part-00000` in the folder of a pipeline, a stage or a model of Spark ML: a line of JSON with the class and its parameters. Spark 4 adds
an identifier to the name. The data beside it is [`parquet`](#parquet).

## What loading it does

`PipelineModel.load` loads each stage: Spark finds its class by the name in the metadata, and in Python imports the module of that name. The
folder of a stage is found by the identifier that the pipeline has of it.

## How it is recognised

By the keys that Spark writes, under any name; as `part-00000`, by a class and an identifier. Metadata of Spark's own classes is data, and not
reported, but for `SQLTransformer`.

## What is checked

The class, which is a global that a configuration has called unless it is one of `org.apache.spark.ml` or `pyspark.ml`, at its column; and identifiers of
stages that lead out of the folder. A `SQLTransformer` is such a global as well: its statement can call any method in Java and read any file.

## What to prefer

Stages of Spark itself, or ONNX.
";

/// Packages of Spark's own stages.
const OWN: [&str; 2] = ["org.apache.spark.ml.", "pyspark.ml."];

/// The stage that runs what its metadata says in SQL.
const SQL: &str = ".SQLTransformer";

/// What follows the number in a name of a part of what Spark writes.
fn after_part(name: &[u8]) -> Option<&[u8]> {
    let (number, after) = name.strip_prefix(b"part-")?.split_at_checked(5)?;
    number.iter().all(u8::is_ascii_digit).then_some(after)
}

/// What Hadoop and Python take for the text: all but a mark of its encoding.
fn unmarked(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// Whether there are the keys of what Spark writes.
fn has_keys(front: &[u8]) -> bool {
    let front = unescaped(front);
    let has = |key: &str| memchr::memmem::find(&front, key.as_bytes()).is_some();
    has("\"class\"") && has("\"uid\"") && (has("\"sparkVersion\"") || has("\"paramMap\""))
}

/// A text in JSON with the ASCII characters that it has as escapes.
fn unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    let mut escapes = memchr::memmem::find_iter(text, b"\\u00").peekable();
    if escapes.peek().is_none() {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut done = 0;
    for at in escapes {
        let end = at.saturating_add(6);
        let digits = text.get(at.saturating_add(4)..end);
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(byte) = byte.filter(u8::is_ascii) {
            plain.extend(text.get(done..at).unwrap_or_default());
            plain.push(byte);
            done = end;
        }
    }
    plain.extend(text.get(done..).unwrap_or_default());
    Cow::Owned(plain)
}

fn probe(head: &Head<'_>) -> Certainty {
    let front = unmarked(&head.front).trim_ascii_start();
    let is_object = front.starts_with(b"{");
    Certainty::sure_if(is_object && (after_part(head.name).is_some() || has_keys(front)))
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let before = reading.recorder.checkpoint();
    let most = narrow(limits::CONFIG_BYTES);
    let text = window.bytes_at(0, most)?;
    let text = unmarked(&text);
    // Spark reads one line, which ends as Hadoop ends lines.
    let end = memchr::memchr2(b'\n', b'\r', text).unwrap_or(text.len());
    if end.saturating_add(3) >= most {
        return Err(ReadError::Limit(limits::Id::CONFIG_BYTES));
    }
    let line = text.get(..end).unwrap_or_default();
    let sha256: [u8; 32] = Sha256::digest(line).into();
    let document = match Document::parse(line.to_vec()) {
        Ok(document) => document,
        Err(fault) if has_keys(line) => return Err(fault),
        Err(_) => {
            reading.disclaim();
            return Ok(());
        }
    };
    let root = &document.root;
    let (Some(class), Some(_)) = (root.get("class"), root.get("uid")) else {
        reading.disclaim();
        return Ok(());
    };
    // Rows of a table may be called so as well.
    let is_bare = after_part(reading.name.as_bytes()).is_some_and(<[u8]>::is_empty);
    if !is_bare && root.get("sparkVersion").is_none() && root.get("paramMap").is_none() {
        reading.disclaim();
        return Ok(());
    }
    let mut places = document.places();
    if let Some(name) = class.text()
        && (name.ends_with(SQL) || !OWN.iter().any(|own| name.starts_with(own)))
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
        let file = FileReference::new(
            FileRole::Model,
            Text::from(format!("stages/{number}_{uid}")),
        );
        let fact = Fact::FileReference(Box::new(file));
        reading.record_at(fact, place, Some(excerpt));
    }
    reading.disclaim_data(before);
    Ok(())
}
