//! Shards of a distributed checkpoint: what `torch.save` wrote of many tensors, one archive after another.
//!
//! Nothing in the file says where each begins: the index beside it, `.metadata`, does. Here they are found from the end: each archive's
//! end record says how long it is. The parts that the index names are compared when all files of a view are known (`link`).

use crate::{
    bytes::{Cursor, ReadError, Window},
    fact::{Fact, Hop, Piece, ZipFault},
    format::{
        Certainty, Expect, Format, Head, Loader, Read, Reading, Recognise, Runs, Suffix, pickle,
        suffix::ends_in, zip,
    },
    limits,
};

/// A run of torch's archives, known by its name.
pub(in crate::format) static FORMAT: Format = Format {
    id: "torch-distributed",
    title: "PyTorch distributed checkpoint",
    doc: DOC,
    suffixes: &[Suffix::own("distcp")],
    container: None,
    runs: Runs::WhatPicklesName,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

What `torch.distributed.checkpoint.save` writes: shards (`__0_0.distcp`), each of which is the archives that `torch.save` makes of tensors
and of other values, one after another; and their index `.metadata`, a pickle that names the file, the offset and the length of each.

## What loading it does

`torch.distributed.checkpoint.load` unpickles `.metadata` without any restriction, and gives the bytes that it names to `torch.load`:
tensors with `weights_only=True`, everything else with `weights_only=False`.

## How it is recognised

A shard by its name and the signature of a zip archive in front; an index by its name and the parts of files that the pickle names.

## What is checked

The index: everything that is checked in a pickle. The pack `torch-distributed` lists the classes that it consists of. Each shard: each
archive is read as a checkpoint of its own, and together they have to fill the file. Shards of other serialization formats, and
compressed ones, are not read.

An index decides which bytes are loaded, so it has to name whole archives of shards beside it (`distributed-index`). An index without
its shards, or a shard without an index (`shard-without-index`), was not compared.

## What to prefer

safetensors: `torch.distributed.checkpoint.HuggingFaceStorageWriter`, or the whole state dict after `dcp_to_torch_save`.
";

fn is_shard(name: &[u8]) -> bool {
    ends_in(name, "distcp")
}

fn probe(head: &Head<'_>) -> Certainty {
    Certainty::sure_if(is_shard(head.name) && head.front.starts_with(b"PK\x03\x04"))
}

/// A run of archives in place of one.
#[derive(Debug)]
struct Shard;

/// A pickle that may name parts of shards.
#[derive(Debug)]
struct Index;

/// What reads a file of this format and name instead, if it is a shard, which no loader opens as one archive, or an index.
pub(super) fn loader_of(format: &Format, name: &[u8]) -> Option<&'static dyn Loader> {
    if format.id == zip::FORMAT.id && is_shard(name) {
        Some(&Shard)
    } else if format.id == pickle::FORMAT.id && ends_in(name, "metadata") {
        Some(&Index)
    } else {
        None
    }
}

impl Loader for Index {
    fn read(&self, window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
        if let Some(index) = pickle::read_shard_index(window, reading) {
            reading.is(FORMAT.id);
            reading.record(Fact::ShardIndex(Box::new(index)));
        }
        Ok(())
    }
}

impl Loader for Shard {
    fn read(&self, window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
        if window.bytes_at(0, 4)? == b"PK\x03\x04" {
            reading.disclaim();
            Ok(())
        } else {
            zip::FORMAT.read(window, reading)
        }
    }
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let mut starts = Vec::new();
    let mut end = window.len();
    while end > 0 {
        if starts.len() >= limits::STREAMS {
            return Err(ReadError::Limit(limits::Id::STREAMS));
        }
        let start = start_of(window, end)?;
        starts.push((start, end));
        end = start;
    }
    for (start, end) in starts.into_iter().rev() {
        if let Some(archive) = window.sub(start..end) {
            reading.descend(Hop::From(start), b"", &archive, Expect::Named);
        }
    }
    Ok(())
}

/// Where the archive begins that ends here, without a comment.
fn start_of(window: &Window, end: u64) -> Result<u64, ReadError> {
    const END: u64 = 22;
    const LOCATOR: u64 = 20;
    const RECORD: u64 = 56;
    let no_end = || ReadError::malformed(ZipFault::NoEndRecord);
    let at = end.checked_sub(END).ok_or_else(no_end)?;
    let record = window.exact(at..end, Piece::ZipEnd)?;
    let mut cursor = Cursor::new(&record, Piece::ZipEnd);
    if cursor.take(4)? != b"PK\x05\x06" {
        return Err(no_end());
    }
    cursor.take(8)?;
    let (mut size, mut offset) = (u64::from(cursor.u32()?), u64::from(cursor.u32()?));
    let mut directory_end = at;
    let long = at.checked_sub(LOCATOR.saturating_add(RECORD));
    if let Some(long) = long {
        let records = window.exact(long..at, Piece::Zip64)?;
        let mut cursor = Cursor::new(&records, Piece::Zip64);
        let begins = cursor.take(4)? == b"PK\x06\x06";
        cursor.take(36)?;
        let (long_size, long_offset) = (cursor.u64()?, cursor.u64()?);
        if begins && cursor.take(4)? == b"PK\x06\x07" {
            (size, offset, directory_end) = (long_size, long_offset, long);
        }
    }
    size.checked_add(offset)
        .and_then(|length| directory_end.checked_sub(length))
        .filter(|start| *start < end)
        .ok_or_else(|| ReadError::malformed(ZipFault::NoDirectory))
}
