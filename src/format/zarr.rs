//! zarr: descriptions of arrays in chunks, and of the codecs that chunks go through.

use sha2::{Digest as _, Sha256};

use super::{
    Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix, called,
    json::{Document, Node},
};
use crate::{
    bytes::{ReadError, Window},
    fact::{Global, GlobalName},
};

/// The JSON files of a store that describe arrays.
pub static FORMAT: Format = Format {
    id: "zarr",
    title: "zarr array description",
    doc: DOC,
    suffixes: &[Suffix::plain("json")],
    container: None,
    runs: Runs::WhatPicklesName,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

The JSON that describes an array of a zarr store: `.zarray`, `zarr.json`, or `.zmetadata` for all arrays of one; `attributes.json` where zarr
writes N5. The data lies beside it in files
of its own, one for each chunk.

## What loading it does

Each chunk goes through the codecs that the description names. The codec `pickle` unpickles it; the others decompress, or make texts and numbers of
bytes.

## How it is recognised

By its name, and by a key `zarr_format` in it; in N5, by `dimensions` and `blockSize`.

## What is checked

The codecs: `pickle` is a global that a configuration has called, at its line and column, and so is a codec whose name is that of none of
zarr's or numcodecs' own. Chunks are read as files: pickles that are not compressed are found in them.

## What to prefer

Arrays of numbers or of fixed texts, with codecs that only compress.
";

/// Names of the files.
const NAMES: [&[u8]; 4] = [b".zarray", b".zmetadata", N5, b"zarr.json"];
/// The file of an array in N5.
const N5: &[u8] = b"attributes.json";
/// Codecs that N5 has under other names.
const OF_N5: &[&str] = &["bzip2", "raw", "xz"];
/// How deep descriptions of arrays stand in one of a store.
const DEPTH: usize = 64;

/// Codecs that make data of data, in either version of the format.
const CODECS: &[&str] = &[
    "adler32",
    "astype",
    "base64",
    "bitround",
    "blosc",
    "bytes",
    "bz2",
    "cast_value",
    "categorize",
    "crc32",
    "crc32c",
    "delta",
    "fixedscaleoffset",
    "fletcher32",
    "gzip",
    "jenkins_lookup3",
    "json2",
    "lz4",
    "lzma",
    "msgpack2",
    "n5_wrapper",
    "packbits",
    "pcodec",
    "quantize",
    "scale_offset",
    "sharding_indexed",
    "shuffle",
    "transpose",
    "vlen-array",
    "vlen-bytes",
    "vlen-utf8",
    "zfpy",
    "zlib",
    "zstd",
];

fn probe(head: &Head<'_>) -> Certainty {
    let front = head.front.trim_ascii_start();
    // JSON may also be UTF-16 or UTF-32 there, which has a mark or a zero in front. Whether the key stands in it is for the reader to see: it may be
    // escaped, or behind what a probe sees.
    let is_wide = front.iter().take(2).any(|byte| *byte == 0)
        || [&b"\xef\xbb\xbf"[..], b"\xff\xfe", b"\xfe\xff"]
            .iter()
            .any(|mark| front.starts_with(mark));
    let is_named = NAMES.iter().any(|name| head.name.ends_with(name));
    Certainty::sure_if(is_named && (front.starts_with(b"{") || is_wide))
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let document = Document::read(window)?;
    let root = &document.root;
    let is_n5 = reading.name.as_bytes().ends_with(N5);
    let is_one = if is_n5 {
        root.get("dimensions").is_some() && root.get("blockSize").is_some()
    } else {
        has_format(root, 0)
    };
    if !is_one {
        reading.disclaim();
        return Ok(());
    }
    let mut codecs = Vec::new();
    if !is_n5 {
        find(root, 0, &mut codecs);
    } else if let Some(kind) = root.get("compression").and_then(|it| it.get("type"))
        && let Some(name) = kind.text().filter(|name| !OF_N5.contains(name))
    {
        codecs.push((name, kind));
    }
    let sha256: [u8; 32] = Sha256::digest(document.bytes()).into();
    let mut places = document.places();
    codecs.sort_by_key(|(_, node)| node.range.start);
    for (name, node) in codecs {
        let bare = name.strip_prefix("numcodecs.").unwrap_or(name);
        if CODECS.contains(&bare) {
            continue;
        }
        let global = match bare {
            "pickle" => GlobalName::new("numcodecs.pickles", "Pickle"),
            _ => GlobalName::new("numcodecs.registry", name),
        };
        let (place, excerpt) = places.at(&node.range);
        let shown = (place, Some(excerpt));
        called::record(Global::Named(global), 1, shown, sha256, reading);
    }
    Ok(())
}

/// Whether a description says which version of the format it is, at its top or for each array.
fn has_format(node: &Node, depth: usize) -> bool {
    let inside = |node: &Node| {
        let mut entries = node.entries().iter();
        depth < 3 && entries.any(|(_, value)| has_format(value, depth.saturating_add(1)))
    };
    node.get("zarr_format").is_some() || inside(node)
}

/// Every codec that is named, with the text that names it.
fn find<'d>(node: &'d Node, depth: usize, codecs: &mut Vec<(&'d str, &'d Node)>) {
    if depth > DEPTH {
        return;
    }
    for (key, value) in node.entries() {
        match key.text.as_str() {
            "compressor" | "codec" => codec(value, codecs),
            "filters" | "codecs" | "index_codecs" => {
                for item in value.items() {
                    codec(item, codecs);
                }
            }
            // What a user keeps with an array.
            "attributes" => continue,
            name if name.ends_with(".zattrs") => continue,
            _ => {}
        }
        find(value, depth.saturating_add(1), codecs);
    }
    for item in node.items() {
        find(item, depth.saturating_add(1), codecs);
    }
}

/// The name of a codec: a text, or an object with one. Version 2 looks at one key and version 3 at the other.
fn codec<'d>(node: &'d Node, codecs: &mut Vec<(&'d str, &'d Node)>) {
    for named in [Some(node), node.get("id"), node.get("name")] {
        codecs.extend(named.and_then(|named| Some((named.text()?, named))));
    }
}
