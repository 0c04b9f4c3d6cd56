//! Compressed files: gzip, zlib, bzip2, xz, LZMA, zstd, lz4 and what joblib once wrote.
//!
//! Loaders open them by content (`joblib.load`) or by name (`pandas.read_pickle`), so the name says little. The front is
//! decompressed first; only what could be an artifact is decompressed further. What holds no artifact is not reported.

use super::{
    Certainty, Container, Expect, FORMATS, Format, Head, Read, Reading, Recognise, Runs, Suffix,
    is_artifact_name, suffix::ends_in_one, unwrapped,
};
use crate::{
    bytes::{ByteSource, Codec, Inflated, ReadError, Window, narrow, wide},
    fact::{Hop, Text},
};
use std::{io, sync::Arc};

/// Compressed artifacts.
pub static FORMAT: Format = Format {
    id: "compressed",
    title: "compressed file",
    doc: DOC,
    suffixes: &[
        Suffix::wrapping("gz"),
        Suffix::wrapping("bz2"),
        Suffix::wrapping("xz"),
        Suffix::wrapping("lzma"),
        Suffix::wrapping("zst"),
        Suffix::wrapping("z"),
        Suffix::wrapping("lz4"),
        Suffix::wrapping("tgz"),
        Suffix::wrapping("tbz2"),
        Suffix::wrapping("txz"),
    ],
    container: Some(Container::Compressed),
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

An artifact that is compressed as a whole: `model.pkl.gz`, or what `joblib.dump(..., compress=3)` writes under any name.

## What loading it does

What loading its content does: `joblib.load` goes by the first bytes, `pandas.read_pickle` by the name, and both decompress
before they unpickle.

## How it is recognised

By the magic of gzip, zlib, bzip2, xz, LZMA, zstd, lz4 and of old joblib (`ZF`), whatever the name, if what it holds is an
artifact. Logs and manuals that are compressed are not reported. A stream of LZMA alone says little in its first bytes: one with
settings that are not the usual ones counts if its name ends in `.xz` or `.lzma`.

## What is checked

What it decompresses to, as if it stood there uncompressed. Streams that follow one another are read as one, as Python reads
them; what follows the last one is passed over behind bzip2, xz, LZMA and zstd, as Python's modules pass over it, and breaks the
others. Data that does not decompress to its end is reported if it holds an artifact.

## What to prefer

safetensors or npy, which need no unpickling; weights hardly compress.
";

/// How much is decompressed to see whether it could be an artifact.
const FRONT: usize = 64 << 10;
/// `ZF` and a length of 19 characters; joblib tells from the byte behind whether it is one more.
const ZF: &[u8] = b"ZF0x";
const ZF_HEADER: u64 = 21;

/// How the bytes are compressed, and where that begins. Headers that say little count under the name that a loader goes by.
fn packed(window: &Window, front: &[u8], name: &[u8]) -> io::Result<Option<(Codec, u64)>> {
    if front.starts_with(ZF) {
        let longer = front.get(narrow(ZF_HEADER)) == Some(&b' ');
        let start = ZF_HEADER.saturating_add(u64::from(longer));
        return Ok(Some((Codec::Zlib, start)));
    }
    let by_name = || {
        let lzma = ends_in_one(name, &["xz", "lzma"]) && Codec::is_lzma(front);
        lzma.then_some(Codec::Lzma)
    };
    let codec = Codec::of(window, front)?.or_else(by_name);
    Ok(codec.map(|codec| (codec, 0)))
}

fn probe(head: &Head<'_>) -> Certainty {
    let packed = packed(head.window, &head.front, head.name);
    Certainty::sure_if(packed.is_ok_and(|packed| packed.is_some()))
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    // A constant or a tensor is not decompressed by what loads the rest.
    if matches!(reading.expect, Expect::Payload) {
        reading.disclaim();
        return Ok(());
    }
    let front = window.bytes_at(0, 32)?;
    let name = reading.name.clone();
    let Some((codec, start)) = packed(window, &front, name.as_bytes())? else {
        reading.disclaim();
        return Ok(());
    };
    let name = inner_name(name.as_bytes());
    // The bytes of an array, of which the pickle beside it says the rest: only what they are counts, not what they are called.
    let array_of_old_joblib = front.starts_with(ZF) && name.ends_with(b".npy");
    let hold = reading.may_hold();
    let inflated = Inflated::open(window.from(start), codec, hold, reading.budget());
    let inflated = Arc::new(inflated);
    let source: Arc<dyn ByteSource> = inflated.clone();
    let all = Window::shared(source);
    let front = Window::new(all.bytes_at(0, FRONT)?);
    if front.is_empty() || !is_worth_reading(&front, &name) {
        reading.disclaim();
        return Ok(());
    }
    let content = if all.reaches(wide(hold).saturating_add(1))? {
        all
    } else {
        Window::new(inflated.take_held())
    };
    let before = reading.recorder.checkpoint();
    let hop = Hop::Member {
        name: Text::new(if name.is_empty() {
            b"decompressed"
        } else {
            name.as_slice()
        }),
        copy: 0,
    };
    let expect = if array_of_old_joblib {
        Expect::Aside
    } else {
        Expect::Named
    };
    reading.descend(hop, &name, &content, expect);
    let found = reading.found_since(before);
    let is_artifact = found || array_of_old_joblib;
    if is_artifact {
        // What holds an artifact decompresses to its end, or that is said.
        content.len();
    }
    match inflated.stopped() {
        Some(error) if is_artifact || error.is_limit() => Err(error),
        _ if is_artifact => Ok(()),
        _ => {
            reading.disclaim();
            Ok(())
        }
    }
}

/// The name of the content: that of the file, without the suffix of its compression.
fn inner_name(name: &[u8]) -> Vec<u8> {
    let stem = unwrapped(name).unwrap_or(name);
    if ends_in_one(name, &["tgz", "tbz2", "txz"]) {
        return [stem, b".tar"].concat();
    }
    stem.to_vec()
}

/// Whether content that begins so could be an artifact.
fn is_worth_reading(front: &Window, name: &[u8]) -> bool {
    if is_artifact_name(name) {
        return true;
    }
    let Ok(head) = Head::read(front, name) else {
        return false;
    };
    FORMATS.iter().any(|format| match format.probe(&head) {
        Certainty::Sure => true,
        Certainty::Maybe if !format.is_read() => false,
        Certainty::Maybe => format.id != super::pickle::FORMAT.id || !super::pickle::is_text(front),
        Certainty::No => false,
    })
}
