//! Orbax: checkpoints of JAX. JSON says what there is, and `TensorStore` keeps the arrays: as zarr, or in one tree of keys (OCDBT).
//!
//! Of the tree, the manifest is read, which names the files of its root. What these hold is data of arrays and nodes that lead to it.

use std::sync::Arc;

use super::{
    Certainty, Format, Head, Read, Reading, Recognise, Runs,
    json::{Document, Node},
};
use crate::{
    bytes::{ByteSource, Codec, Cursor, Inflated, ReadError, Window, narrow, wide},
    fact::{ArraysFault, Fact, FileReference, FileRole, Piece, Place, Short, Text},
    limits,
};

/// The JSON of a checkpoint, and the manifest of a tree.
pub static FORMAT: Format = Format {
    id: "orbax",
    title: "Orbax checkpoint description",
    doc: DOC,
    suffixes: &[],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

What stands in the folder of a checkpoint that Orbax wrote for JAX or Flax: `_METADATA` and `_CHECKPOINT_METADATA`, which are JSON, and
`manifest.ocdbt`, with which TensorStore finds arrays in the files under `d`.

## What loading it does

Orbax looks the handlers that the JSON names up in a list of its own, and imports nothing. TensorStore reads arrays of numbers and texts from the
files that the manifest names, and from those that these name.

## How it is recognised

By the names and the keys of the JSON, and by the first four bytes of the manifest.

## What is checked

The JSON, and of the manifest what names files: a path that leaves the folder is refused, and a file that is not there is a warning. The files
under `d` are data and are not read. Arrays that lie beside the JSON as zarr are read as [`zarr`](#zarr).

## What to prefer

This, or safetensors.
";

/// What a manifest begins with.
const MAGIC: &[u8; 4] = b"\x0c\xdb\x3a\x2a";
/// Bytes before the version: the magic and the length.
const HEAD: usize = 12;
/// A checksum stands behind the body.
const CHECKSUM: u64 = 4;
/// The longest path.
const LONGEST: u64 = 65_535;

fn probe(head: &Head<'_>) -> Certainty {
    let has = |key: &[u8]| memchr::memmem::find(&head.front, key).is_some();
    let is_json = head.front.trim_ascii_start().starts_with(b"{");
    let is_description = match head.file_name() {
        b"_METADATA" => has(b"\"tree_metadata\"") || has(b"\"use_ocdbt\""),
        b"_CHECKPOINT_METADATA" => has(b"\"item_handlers\"") || has(b"\"commit_timestamp_nsecs\""),
        _ => false,
    };
    let is_manifest = head.front.starts_with(MAGIC) && head.file_name() == b"manifest.ocdbt";
    Certainty::sure_if(is_json && is_description || is_manifest)
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    if window.bytes_at(0, MAGIC.len())? == MAGIC {
        return manifest(window, reading);
    }
    let document = Document::read(window)?;
    let root = &document.root;
    let kinds = ["tree_metadata", "custom_metadata", "metrics"];
    // Tables of names, or nothing.
    let is_table =
        |node: &Node| node.is_object() || document.bytes().get(node.range.clone()) == Some(b"null");
    let wrong = kinds
        .iter()
        .find(|name| root.get(name).is_some_and(|node| !is_table(node)));
    match wrong {
        Some(name) => Err(fault(name)),
        None if !root.is_object() => Err(fault("_METADATA")),
        None => Ok(()),
    }
}

fn fault(name: &str) -> ReadError {
    let name = Short::from(name);
    ReadError::malformed(ArraysFault::Value { name })
}

/// Reads the manifest: a head, a body that may be compressed, and a checksum, which is not compared.
fn manifest(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let front = window.exact(0..wide(HEAD).saturating_add(2), Piece::Content)?;
    let mut head = Cursor::new(&front, Piece::Content);
    head.take(MAGIC.len())?;
    let length = head.u64()?;
    let (version, compression) = (head.u8()?, head.u8()?);
    if version != 0 {
        return Err(fault("version"));
    }
    let found = window.len();
    if length != found {
        return Err(ReadError::malformed(ArraysFault::Size {
            name: Short::from("manifest"),
            expected: length,
            found,
        }));
    }
    let start = wide(front.len());
    let end = length.saturating_sub(CHECKSUM);
    let body = window.sub(start..end).ok_or_else(|| fault("manifest"))?;
    let most = narrow(limits::CONFIG_BYTES);
    let bytes = match compression {
        0 => body.bytes_at(0, most.saturating_add(1))?,
        1 => {
            let inflated = Inflated::open(body, Codec::Zstd, most, reading.budget());
            let inflated = Arc::new(inflated);
            let source: Arc<dyn ByteSource> = inflated.clone();
            let bytes = Window::shared(source).bytes_at(0, most.saturating_add(1))?;
            if let Some(error) = inflated.stopped() {
                return Err(error);
            }
            bytes
        }
        _ => return Err(fault("compression_format")),
    };
    if bytes.len() > most {
        return Err(ReadError::Limit(limits::Id::CONFIG_BYTES));
    }
    let mut body = Cursor::new(&bytes, Piece::Content);
    // The number of the tree.
    body.take(16)?;
    let kind = varint(&mut body)?;
    // How large values in nodes are, and nodes.
    varint(&mut body)?;
    varint(&mut body)?;
    body.u8()?;
    match varint(&mut body)? {
        0 => {}
        1 => {
            body.u32()?;
        }
        _ => return Err(fault("compression_method")),
    }
    // A manifest with a number has no list: the numbered ones beside it have.
    if kind == 0 {
        for path in files(&mut body)? {
            let reference = FileReference::new(FileRole::Weights, Text::new(path));
            let fact = Fact::FileReference(Box::new(reference));
            reading.record_at(fact, Place::Whole, None);
        }
    }
    Ok(())
}

/// The table of files: each path begins with a part of the one before.
fn files(body: &mut Cursor<'_>) -> Result<Vec<Vec<u8>>, ReadError> {
    let count = varint(body)?;
    // Each takes a byte of its own at least.
    if count > wide(body.rest().len()) {
        return Err(fault("num_files"));
    }
    let mut numbers =
        |count: u64| -> Result<Vec<u64>, ReadError> { (0..count).map(|_| varint(body)).collect() };
    let mut prefixes = vec![0];
    prefixes.extend(numbers(count.saturating_sub(1))?);
    let (suffixes, _) = (numbers(count)?, numbers(count)?);
    let mut paths: Vec<Vec<u8>> = Vec::new();
    let mut bytes: u64 = 0;
    for (prefix, suffix) in prefixes.into_iter().zip(suffixes) {
        let before = paths.last().map_or(&[][..], Vec::as_slice);
        let shared = before.get(..narrow(prefix));
        let shared = shared.ok_or_else(|| fault("path_prefix_length"))?;
        let path = [shared, body.take(narrow(suffix))?].concat();
        bytes = bytes.saturating_add(wide(path.len()));
        if wide(path.len()) > LONGEST || bytes > limits::JSON_BYTES {
            return Err(fault("path_suffix_length"));
        }
        paths.push(path);
    }
    Ok(paths)
}

/// A number of seven bits in each byte.
fn varint(body: &mut Cursor<'_>) -> Result<u64, ReadError> {
    let mut number: u64 = 0;
    for at in 0..10_u32 {
        let byte = body.u8()?;
        let bits = u64::from(byte & 0x7f).checked_shl(at.saturating_mul(7));
        number |= bits.unwrap_or_default();
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(fault("varint"))
}
