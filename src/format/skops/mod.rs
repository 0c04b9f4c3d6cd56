//! skops: models of scikit-learn as a zip of a schema in JSON and arrays.
//!
//! The schema says which classes and functions are resolved, called and given their state. Loading it does what loading a pickle with the same
//! names does, so it is written as that pickle (`program`) and judged as one, by the same packs and shapes; each fact then gets the
//! place in the schema.

mod arrays;
mod containers;
mod loaders;
mod nodes;
mod objects;

use std::sync::Arc;

use super::{
    Expect, Format, Read, Reading, Recognise, Runs, Suffix,
    json::Document,
    program::{Shown, run},
    zip::{Directory, Member, python_name, read_members},
};
use crate::{
    bytes::{Budget, ByteSource, ReadError, Window},
    fact::{Fact, Global, Observation, Place, Text, Usage},
};
use nodes::{Files, Schema};

/// Zip archives with a schema of skops.
pub static FORMAT: Format = Format {
    id: "skops",
    title: "skops model",
    doc: DOC,
    suffixes: &[Suffix::own("skops")],
    container: None,
    runs: Runs::WhatPicklesName,
    recognise: Recognise::ZipContent(claims),
    read: Read::Zip(read_layout),
};

/// The member that says what everything is.
const SCHEMA: &str = "schema.json";

const DOC: &str = "\
## What it is

A zip archive of `schema.json` and the arrays of a model, as `skops.io.dump` writes it.

## What loading it does

The schema names a class or a function at each of its nodes, and the loader that makes it: `skops.io.load` resolves, calls and fills them, as
`pickle` would, but only if the caller or skops itself trusts each of the names. skops trusts the estimators of scikit-learn, ufuncs and
plain containers. Releases before 0.12 missed names at some nodes (`OperatorFuncNode`, `MethodNode`), and those before 0.10 took
`trusted=True`.

## How it is recognised

A zip archive whose `schema.json` is an object with a `__loader__`, whatever the archive is called.

## What is checked

Every node of the schema, as the loaders of protocols 0 to 2 take it: names that are resolved, constructors that are called, methods that are
looked up, functions of `operator`, partial functions, types of keys, the bit generator of a random generator. The policy judges them as those
of a pickle, so that a pack allows in a schema what it allows in a pickle, with the same state: of trees, support vectors and the like the
arrays are read. A finding says the line and column of the key. What skops always makes of a node (a list, a dict, an array, a number of
numpy) needs no entry. Nodes that no release writes, loaders that none has and files that are missing are malformed. Arrays are read as
`npy`, without pickles, and all other members as files.

## What to prefer

This, with `skops.io.load(path, trusted=[...])` and a list of names that was reviewed.
";

/// Whether the schema of an archive is one of skops.
fn claims(window: &Window, directory: &Directory, budget: &Arc<Budget>) -> bool {
    let schema = schema(directory).and_then(|member| member.body(window, budget).ok());
    let Some(schema) = schema else {
        return false;
    };
    match Document::read(&schema) {
        Ok(document) => document.root.get("__loader__").is_some(),
        // What is too large or broken is what it seems to be, in UTF-16 and UTF-32 as well: Python's `json` reads bytes in these.
        Err(_) => schema.bytes_at(0, 16 << 10).is_ok_and(|mut front| {
            front.retain(|byte| *byte != 0);
            memchr::memmem::find(&front, b"\"__loader__\"").is_some()
        }),
    }
}

/// The member that loaders take: the last of several of a name.
fn schema(directory: &Directory) -> Option<&Member> {
    member(directory, SCHEMA)
}

fn member<'d>(directory: &'d Directory, name: &str) -> Option<&'d Member> {
    let mut members = directory.members.iter().rev();
    let is_it = |member: &&Member| python_name(member.name.as_bytes()) == name.as_bytes();
    members.find(|member| !member.is_orphan() && is_it(member))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the signature is that of every reader"
)]
fn read_layout(
    window: &Window,
    directory: &Directory,
    reading: &mut Reading<'_>,
) -> Result<(), ReadError> {
    read_members(window, directory, reading, |member| {
        (python_name(member.name.as_bytes()) == SCHEMA.as_bytes()).then_some(Expect::Aside)
    });
    let Some(schema) = schema(directory) else {
        return Ok(());
    };
    reading.recorder.enter(schema.hop());
    let archive = Archive {
        window,
        directory,
        budget: reading.budget(),
    };
    let body = schema.body(window, &archive.budget);
    if let Err(error) = body.and_then(|body| read_schema(&body, &archive, reading)) {
        reading.unread(error, Place::Whole);
    }
    reading.recorder.leave();
    Ok(())
}

/// The archive around a schema.
struct Archive<'a> {
    window: &'a Window,
    directory: &'a Directory,
    budget: Arc<Budget>,
}

impl Files for Archive<'_> {
    fn open(&self, name: &str) -> Option<Result<Window, ReadError>> {
        let member = member(self.directory, name)?;
        Some(member.body(self.window, &self.budget))
    }
}

fn read_schema(
    body: &Window,
    archive: &Archive<'_>,
    reading: &mut Reading<'_>,
) -> Result<(), ReadError> {
    let document = Document::read(body)?;
    let mut schema = Schema::new(&document, archive, loaders::make);
    schema.walk();
    if let Some(version) = document.root.get("_skops_version").and_then(|v| v.text()) {
        reading.record(Fact::Library {
            name: "skops".to_owned(),
            version: Some(Text::from(version)),
        });
    }
    let Schema {
        program,
        named,
        faults,
        ..
    } = schema;
    let program = Arc::new(program);
    let source: Arc<dyn ByteSource> = program.clone();
    let seen = run(&Window::shared(source));
    let origin = |observation: &Observation| program.origin_of(observation);
    let ranges = named.iter().map(|(_, range)| range.clone());
    let ranges = ranges.chain(faults.iter().map(|(_, range)| range.clone()));
    let shown = Shown::new(document.places(), ranges.chain(seen.iter().map(origin)));
    for (error, range) in faults {
        let (place, excerpt) = shown.at(&range);
        match error.as_fact() {
            Some(unread) => reading.record_at(Fact::Unread(unread), place, excerpt),
            None => reading.unread(error, place),
        }
    }
    for (name, range) in named {
        let (place, excerpt) = shown.at(&range);
        let global = Global::Named(name);
        let usage = Usage::Import;
        reading.record_at(Fact::Global { global, usage }, place, excerpt);
    }
    for observation in seen {
        let (place, excerpt) = shown.at(&origin(&observation));
        let Observation { fact, count, .. } = observation;
        reading.recorder.record_times(fact, place, excerpt, count);
    }
    Ok(())
}
