//! Models of thinc, as pipelines of spaCy hold them: `msgpack` in which the weights of other libraries are files of their own.

use super::{
    Certainty, Expect, Format, Head, Read, Reading, Recognise, Runs,
    msgpack::{Unpacker, Value, starts_map},
};
use crate::{
    bytes::{ReadError, Window},
    fact::{ArraysFault, Hop},
    limits,
};

/// Mappings with the keys of a model.
pub static FORMAT: Format = Format {
    id: "thinc",
    title: "thinc model",
    doc: DOC,
    suffixes: &[],
    container: None,
    runs: Runs::WhatPicklesName,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

A model as `thinc.model.Model.to_bytes` writes it: `model` in the folder of each trained component of a pipeline of spaCy. A mapping in `msgpack`
with the keys `nodes`, `attrs`, `params` and `shims`.

## What loading it does

Arrays, numbers and texts are set on a model that the configuration made. A shim, the wrapper of a model of another library, hands bytes to that
library: `torch.load`, `torch.jit.load` or the loader of Keras.

## How it is recognised

By a mapping that begins with one of those keys. In a file named `model`, by a mapping with a key `nodes`, wherever it stands.

## What is checked

The encoding, to its end. Each piece of bytes in a shim is read as the file that it is to its loader: a checkpoint of torch in it is judged like any
other. Data of arrays is not read.

## What to prefer

Components without a wrapped model hold arrays alone.
";

/// The name of the file in a pipeline.
const NAME: &[u8] = b"model";
const NODES: &[u8] = b"nodes";
const SHIMS: &[u8] = b"shims";
const KEYS: [&[u8]; 4] = [NODES, b"attrs", b"params", SHIMS];

fn probe(head: &Head<'_>) -> Certainty {
    let front = head.front.as_slice();
    // The first key stands in the first bytes, in whatever width its length is written.
    let start = front.get(..16).unwrap_or(front);
    let has_key = |key: &[u8]| memchr::memmem::find(start, key).is_some();
    let is_named = head.name == NAME;
    Certainty::sure_if(starts_map(front) && (is_named || KEYS.iter().any(|key| has_key(key))))
}

/// Whether all of the bytes are one model: an archive at their end is a part of it.
pub(super) fn is_whole(head: &Head<'_>) -> bool {
    let mut found = Found::default();
    probe(head) == Certainty::Sure && found.values(head.window, 0).is_ok() && found.has_nodes
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let mut found = Found::default();
    let done = found.values(window, 0);
    if !found.has_nodes {
        reading.disclaim();
        return Ok(());
    }
    for (name, part) in found.parts {
        let hop = Hop::Key(String::from_utf8_lossy(&name).as_ref().into());
        reading.descend(hop, &file_name(&name), &part, Expect::Named);
    }
    done
}

/// The name that a loader's own file would have, of bytes at a path in a model.
fn file_name(path: &[u8]) -> Vec<u8> {
    let key = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    if key.contains(&b'.') {
        // A file of a tokenizer.
        key.to_vec()
    } else if path == SHIMS {
        b"model.h5".to_vec()
    } else {
        b"state.pt".to_vec()
    }
}

/// What a model holds that another library loads.
#[derive(Debug, Default)]
struct Found {
    has_nodes: bool,
    /// Bytes in shims, each with the keys that lead there.
    parts: Vec<(Vec<u8>, Window)>,
    values: u64,
}

/// A mapping or a list that is being read.
struct Level {
    /// Values that are left; of a mapping, keys with their values.
    left: u64,
    is_map: bool,
    /// Bytes of the path that its name took.
    before: usize,
}

impl Found {
    /// The values of a model, or of a mapping in the bytes of a shim.
    fn values(&mut self, window: &Window, start: usize) -> Result<(), ReadError> {
        let mut walk = Unpacker::new(window);
        let mut path = if start == 0 {
            Vec::new()
        } else {
            SHIMS.to_vec()
        };
        let mut levels: Vec<Level> = Vec::new();
        loop {
            let before = path.len();
            if let Some(level) = levels.last_mut() {
                let Some(left) = level.left.checked_sub(1) else {
                    path.truncate(level.before);
                    levels.pop();
                    if levels.is_empty() {
                        return end(&walk);
                    }
                    continue;
                };
                level.left = left;
                let is_map = level.is_map;
                if is_map {
                    key(&mut walk, &mut path)?;
                    self.has_nodes |= start == 0 && levels.len() == 1 && path == NODES;
                }
            }
            self.values = self.values.saturating_add(1);
            if self.values > limits::MSGPACK_VALUES {
                return Err(ReadError::Limit(limits::Id::MSGPACK_VALUES));
            }
            let opened = match walk.value()? {
                Value::Plain | Value::Number(_) => None,
                Value::Text(length) | Value::Extension(_, length) => {
                    walk.pass(length)?;
                    None
                }
                Value::Bytes(length) => {
                    let part = window.up_to(walk.stream.offset(), length);
                    walk.pass(length)?;
                    if path.starts_with(SHIMS) {
                        self.part(&path, part, start)?;
                    }
                    None
                }
                Value::Array(left) => Some((left, false)),
                Value::Map(left) => Some((left, true)),
            };
            match opened {
                Some((left, is_map)) if levels.len() < limits::MSGPACK_DEPTH => {
                    levels.push(Level {
                        left,
                        is_map,
                        before,
                    });
                }
                Some(_) => return Err(ReadError::Limit(limits::Id::MSGPACK_DEPTH)),
                None if levels.is_empty() => return end(&walk),
                None => path.truncate(before),
            }
        }
    }

    /// Bytes of a shim: a mapping with such bytes, or a file.
    fn part(&mut self, path: &[u8], part: Window, start: usize) -> Result<(), ReadError> {
        if start == 0 && starts_map(&part.bytes_at(0, 8)?) {
            return self.values(&part, 1);
        }
        if self.parts.len() >= limits::MSGPACK_PARTS {
            return Err(ReadError::Limit(limits::Id::MSGPACK_PARTS));
        }
        self.parts.push((path.to_vec(), part));
        Ok(())
    }
}

/// Nothing follows.
fn end(walk: &Unpacker) -> Result<(), ReadError> {
    match walk.stream.left() {
        0 => Ok(()),
        bytes => Err(ReadError::malformed(ArraysFault::Trailing { bytes })),
    }
}

/// The key of a value, which is added to the path. Those of arrays are bytes.
fn key(walk: &mut Unpacker, path: &mut Vec<u8>) -> Result<(), ReadError> {
    if !path.is_empty() {
        path.push(b'/');
    }
    match walk.value()? {
        Value::Text(length) | Value::Bytes(length) => {
            path.extend_from_slice(walk.text(length)?.as_bytes());
        }
        Value::Plain | Value::Number(_) => {}
        _ => {
            let at = walk.stream.offset();
            return Err(ReadError::malformed(ArraysFault::Encoding { at }));
        }
    }
    Ok(())
}
