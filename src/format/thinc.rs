//! Models of thinc, as pipelines of spaCy hold them: `msgpack` in which the weights of other libraries are files of their own.

use super::{
    Certainty, Expect, Format, Head, Read, Reading, Recognise, Runs,
    msgpack::{Unpacker, Value, Visitor, starts_any_map, starts_map, walk},
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
    // In a model that is called so, the first key may be any.
    let is_named = head.name == NAME && starts_any_map(front);
    let has_keys = || starts_map(front) && KEYS.iter().any(|key| has_key(key));
    Certainty::sure_if(is_named || has_keys())
}

/// Whether all of the bytes are one model: an archive at their end is a part of it.
pub(super) fn is_whole(head: &Head<'_>) -> bool {
    let mut found = Found::default();
    probe(head) == Certainty::Sure && found.model(head.window).is_ok() && found.has_nodes
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let mut found = Found::default();
    let done = found.model(window);
    // What nests deeper than is read may be a model all the same.
    let is_past_limit = matches!(done, Err(ReadError::Limit(_)));
    if !found.has_nodes && !is_past_limit {
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

/// What the bytes of a shim may be: files of other libraries, in a mapping of their own or not.
struct Part<'f> {
    found: &'f mut Found,
    window: &'f Window,
    is_inner: bool,
}

impl Found {
    /// The values of a model.
    fn model(&mut self, window: &Window) -> Result<(), ReadError> {
        self.walk(window, Vec::new())
    }

    /// The values of a model, or of a mapping in the bytes of a shim, whose path is not empty.
    fn walk(&mut self, window: &Window, path: Vec<u8>) -> Result<(), ReadError> {
        let mut part = Part {
            found: self,
            window,
            is_inner: !path.is_empty(),
        };
        walk(&mut Unpacker::new(window), path, &mut part)
    }
}

impl Visitor for Part<'_> {
    fn values(&mut self) -> &mut u64 {
        &mut self.found.values
    }

    /// The key of a value. Those of arrays are bytes.
    fn key(
        &mut self,
        from: &mut Unpacker,
        path: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), ReadError> {
        if !path.is_empty() {
            path.push(b'/');
        }
        let at = from.stream.offset();
        match from.value()? {
            Value::Text(length) | Value::Bytes(length) => {
                path.extend_from_slice(from.text(length)?.as_bytes());
            }
            Value::Plain | Value::Number(_) => {}
            Value::Extension(_, length) => from.pass(length)?,
            Value::Array(_) | Value::Map(_) => {
                return Err(ReadError::malformed(ArraysFault::Encoding { at }));
            }
        }
        self.found.has_nodes |= !self.is_inner && depth == 1 && path == NODES;
        Ok(())
    }

    fn value(
        &mut self,
        from: &mut Unpacker,
        head: Value,
        path: &[u8],
        _: u64,
    ) -> Result<(), ReadError> {
        match head {
            Value::Text(length) | Value::Extension(_, length) => from.pass(length),
            Value::Bytes(length) => {
                let part = self.window.up_to(from.stream.offset(), length);
                from.pass(length)?;
                if path.starts_with(SHIMS) {
                    self.part(path, part)?;
                }
                Ok(())
            }
            Value::Plain | Value::Number(_) | Value::Array(_) | Value::Map(_) => Ok(()),
        }
    }
}

impl Part<'_> {
    /// Bytes of a shim: a mapping with such bytes, or a file.
    fn part(&mut self, path: &[u8], part: Window) -> Result<(), ReadError> {
        if !self.is_inner && starts_map(&part.bytes_at(0, 8)?) {
            return self.found.walk(&part, SHIMS.to_vec());
        }
        if self.found.parts.len() >= limits::MSGPACK_PARTS {
            return Err(ReadError::Limit(limits::Id::MSGPACK_PARTS));
        }
        self.found.parts.push((path.to_vec(), part));
        Ok(())
    }
}
