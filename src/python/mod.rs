//! Python source to facts: which loaders it calls, passes on or replaces, with what arguments, and which environment
//! switches it sets. And which releases of libraries a repository asks for (`requirements`), and which switches the files set that
//! start programs (`environment`).
//!
//! Bytes are decoded (`decode`), parsed with the grammar of the interpreter (`parse`), names are bound in scopes
//! (`scope`) and resolved to qualified names (`resolve`); only names of the catalogue (`loader`) are recorded
//! (`observe`), each with the lines that show it (`excerpt`). Nothing is imported or run, no other file is read,
//! and whether a call is allowed is for rules to say.
#![deny(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]
#![cfg_attr(
    test,
    allow(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::unwrap_used,
        reason = "tests may fail loudly"
    )
)]

mod arguments;
mod binder;
mod called;
mod constants;
mod decode;
mod environment;
mod excerpt;
mod handing;
mod helper;
mod imports;
mod lines;
mod magic;
mod names;
mod notebook;
mod notes;
mod observe;
mod opened;
mod outline;
mod parse;
mod pieces;
mod prefilter;
mod qualified;
mod refusal;
mod related;
mod requirements;
mod resolve;
mod scope;
mod suppressions;
mod surely;
mod trail;
mod uses;
mod walk;
mod words;
mod writers;
mod written;

pub use environment::{read_environment, sets_environment};
pub use requirements::{Manifest, manifest, read as read_requirements};

use outline::Parts;
use parse::Tokens;
use prefilter::Look;

use crate::{
    fact::{Fact, Hop, Place, Short, SourceFault, Text, Unread},
    limits,
    record::Recorder,
};

/// A piece of source with one parse: a file, or a cell of a notebook.
struct Unit<'a> {
    text: &'a str,
    cell: Option<u32>,
}

/// Records what a source file does with models. `notebook`: the bytes are a Jupyter notebook (`.ipynb`), not Python.
///
/// Source that breaks the grammar is judged as far as it parses, and that is a fact ([`Fact::Partial`]). Source larger
/// than [`limits::SOURCE_BYTES`], of more tokens than [`limits::SOURCE_TOKENS`] that matter, or nested deeper than
/// [`limits::SOURCE_NESTING`], is not parsed ([`Unread::Limit`]).
///
/// Only what could make a fact is parsed: [`read_all`] does without that, and says the same.
pub fn read(source: &[u8], notebook: bool, recorder: &mut Recorder) {
    read_parts(source, notebook, false, recorder);
}

/// Records the same as [`read`], with everything parsed: for tests, which compare the two.
pub fn read_all(source: &[u8], notebook: bool, recorder: &mut Recorder) {
    read_parts(source, notebook, true, recorder);
}

fn read_parts(source: &[u8], notebook: bool, all: bool, recorder: &mut Recorder) {
    if crate::bytes::wide(source.len()) > limits::SOURCE_BYTES {
        recorder.record(Fact::Unread(Unread::Limit(limits::Id::SOURCE_BYTES)));
        return;
    }
    if notebook {
        return match notebook::cells(source) {
            Ok(cells) => {
                read_cells(&cells, all, recorder);
                for cell in cells.iter().filter(|cell| cell.python) {
                    let unit = Unit {
                        text: &cell.source,
                        cell: Some(cell.index),
                    };
                    suppressions::record(&unit, recorder);
                }
            }
            Err(unread) => recorder.record(Fact::Unread(unread)),
        };
    }
    let decoded = decode::decode(source);
    read_script(&decoded, all, recorder);
    let unit = Unit {
        text: &decoded.text,
        cell: None,
    };
    // What the interpreter takes for a comment is not known there.
    if !decoded.foreign {
        suppressions::record(&unit, recorder);
    }
}

fn read_script(decoded: &decode::Decoded<'_>, all: bool, recorder: &mut Recorder) {
    let parts = if all || decoded.foreign {
        Parts::All
    } else {
        outline::parts(&decoded.text, &Look::at(&decoded.text))
    };
    if matches!(parts, Parts::None) {
        return;
    }
    if let Some(loss) = &decoded.loss {
        recorder.record(Fact::Partial(loss.clone()));
    }
    let unit = Unit {
        text: &decoded.text,
        cell: None,
    };
    let tree = match &parts {
        // Where they break the grammar, all of it is told.
        Parts::Some(text) => parse::parse(text, false, &mut Tokens::default())
            .ok()
            .filter(|tree| tree.error.is_none()),
        _ => None,
    };
    read_units(&[unit], tree, recorder);
}

fn read_cells(cells: &[notebook::Cell], every: bool, recorder: &mut Recorder) {
    // Names carry from cell to cell.
    let all: Vec<&str> = cells.iter().map(|cell| cell.source.as_str()).collect();
    let all = all.join("\n");
    if !every && !Look::at(&all).may_matter(&all) {
        return;
    }
    for cell in cells.iter().filter(|cell| !cell.python) {
        for (name, value) in observe::settings(&cell.source) {
            let fact = Fact::Env {
                name: Text::from(name),
                value: Some(Text::from(value)),
            };
            let start = cell.source.find(name).unwrap_or_default();
            let at = start..start.saturating_add(name.len());
            let lines = excerpt::Lines::new(&cell.source);
            let excerpt = lines.show(&at).finish(&at);
            recorder.within(Hop::Cell(cell.index), |recorder| {
                recorder.record_at(fact, lines.place(&at), Some(excerpt));
            });
        }
    }
    let units: Vec<_> = cells
        .iter()
        .filter(|cell| cell.python)
        .map(|cell| Unit {
            text: &cell.source,
            cell: Some(cell.index),
        })
        .collect();
    read_units(&units, None, recorder);
}

/// Reads units that share one module scope, in order. `parsed`: what of the first one matters, if that is known.
fn read_units(units: &[Unit<'_>], mut parsed: Option<parse::Tree>, recorder: &mut Recorder) {
    let mut trees = Vec::new();
    let mut tokens = Tokens::default();
    for unit in units {
        let within = |fact, place, excerpt, recorder: &mut Recorder| match unit.cell {
            Some(cell) => recorder.within(Hop::Cell(cell), |recorder| {
                recorder.record_at(fact, place, excerpt);
            }),
            None => recorder.record_at(fact, place, excerpt),
        };
        let tree = parsed.take().map_or_else(
            || parse::parse(unit.text, unit.cell.is_some(), &mut tokens),
            Ok,
        );
        let tree = match tree {
            Ok(tree) => Some(tree),
            Err(unread) => {
                within(Fact::Unread(unread), Place::Whole, None, recorder);
                None
            }
        };
        if let Some((message, at)) = tree.as_ref().and_then(|tree| tree.error.as_ref()) {
            let lines = excerpt::Lines::new(unit.text);
            let at = at.start.min(unit.text.len())..at.end.min(unit.text.len());
            let excerpt = lines.show(&at).finish(&at);
            let fault = SourceFault::Syntax(Short::from(message.as_str()));
            let place = lines.place(&at);
            within(Fact::Partial(fault), place, Some(excerpt), recorder);
        }
        trees.push(tree);
    }
    let mut module = scope::Module::new();
    for (unit, tree) in (0..).zip(&trees) {
        if let Some(tree) = tree {
            walk::add(&mut module, tree.body(), unit);
        }
    }
    observe::observe(&module, units, recorder);
}
