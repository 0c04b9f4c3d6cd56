//! Compressed files: gzip, zlib, bzip2, xz, LZMA, zstd, lz4 and what joblib once wrote.
//!
//! Loaders open them by content (`joblib.load`) or by name (`pandas.read_pickle`), so the name says little. The front is
//! decompressed first; only what could be an artifact is decompressed further. What holds no artifact is not reported.

use super::{
    Certainty, Container, Expect, FORMATS, Format, Head, Read, Reading, Recognise, Suffix,
    is_artifact_name, suffix::ends_in_one, unwrapped,
};
use crate::{
    bytes::{Budget, ByteSource as _, Codec, Inflated, Method, ReadError, Window, narrow, wide},
    fact::{Hop, Text},
    limits,
};
use std::sync::Arc;

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
    executes: false,
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
artifact. Logs, manuals and sources that are compressed are not reported.

## What is checked

What it decompresses to, as if it stood there uncompressed. Streams that follow one another are read as one, as Python reads
them. Data that does not decompress to its end is reported if it holds an artifact.

## What to prefer

safetensors or npy, which need no unpickling; weights hardly compress.
";

/// How much is decompressed to see whether it could be an artifact.
const FRONT: u64 = 64 << 10;
/// `ZF` and a length of 19 characters; joblib tells from the byte behind whether it is one more.
const ZF: &[u8] = b"ZF0x";
const ZF_HEADER: u64 = 21;

/// Which compression the first bytes say.
fn codec(front: &[u8]) -> Option<Codec> {
    Some(match front {
        [0x1f, 0x8b, 8, ..] => Codec::Gzip,
        [0x78, flags, ..] if is_zlib(*flags) => Codec::Zlib,
        [
            b'B',
            b'Z',
            b'h',
            b'1'..=b'9',
            0x31,
            0x41,
            0x59,
            0x26,
            0x53,
            0x59,
            ..,
        ]
        | [
            b'B',
            b'Z',
            b'h',
            b'1'..=b'9',
            0x17,
            0x72,
            0x45,
            0x38,
            0x50,
            0x90,
            ..,
        ] => Codec::Bzip2,
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Codec::Xz,
        [0x5d, 0, _, _, _, ..] => Codec::Lzma,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Codec::Zstd,
        [0x04, 0x22, 0x4d, 0x18, ..] => Codec::Lz4,
        _ if front.starts_with(ZF) => Codec::Zlib,
        _ => return None,
    })
}

/// The check bits of a zlib header, and no preset dictionary, which no loader of files has.
fn is_zlib(flags: u8) -> bool {
    let header = 0x7800_u16 | u16::from(flags);
    header.is_multiple_of(31) && flags & 0x20 == 0
}

fn probe(head: &Head<'_>) -> Certainty {
    Certainty::sure_if(codec(&head.front).is_some())
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    // A constant or a tensor is not decompressed by what loads the rest.
    if matches!(reading.expect, Expect::Payload) {
        reading.disclaim();
        return Ok(());
    }
    let front = window.bytes_at(0, 32)?;
    let Some(codec) = codec(&front) else {
        reading.disclaim();
        return Ok(());
    };
    let packed = if front.starts_with(ZF) {
        let longer = front.get(narrow(ZF_HEADER)) == Some(&b' ');
        window.from(ZF_HEADER.saturating_add(u64::from(longer)))
    } else {
        window.clone()
    };
    let name = inner_name(reading.name.as_bytes());
    // The bytes of an array, of which the pickle beside it says the rest: only what they are counts, not what they are called.
    let array_of_old_joblib = front.starts_with(ZF) && name.ends_with(b".npy");
    let (content, error) = decompress(&packed, codec, &reading.budget(), |content| {
        is_worth_reading(content, &name)
    });
    let Some(content) = content else {
        reading.disclaim();
        return Ok(());
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
    let limit = error.as_ref().is_some_and(ReadError::is_limit);
    let expect = if array_of_old_joblib {
        Expect::Aside
    } else {
        Expect::Named
    };
    reading.descend(hop, &name, &content, expect);
    if !limit && !reading.found_since(before) {
        reading.disclaim();
        return Ok(());
    }
    error.map_or(Ok(()), Err)
}

/// The name of the content: that of the file, without the suffix of its compression.
fn inner_name(name: &[u8]) -> Vec<u8> {
    let stem = unwrapped(name).unwrap_or(name);
    if ends_in_one(name, &["tgz", "tbz2", "txz"]) {
        return [stem, b".tar"].concat();
    }
    stem.to_vec()
}

/// Decompresses the front, and if it is `worth` it the rest: the content, as far as it decompresses, and what stopped it.
fn decompress(
    packed: &Window,
    codec: Codec,
    budget: &Arc<Budget>,
    worth: impl Fn(&Window) -> bool,
) -> (Option<Window>, Option<ReadError>) {
    let source = |len: u64, budget: Arc<Budget>| {
        Inflated::new(packed.clone(), Method::File(codec), len, budget)
    };
    // What is decompressed to find the length is decompressed again to be read.
    let first = source(u64::MAX, Arc::new(Budget::default()));
    let mut held: Vec<u8> = Vec::new();
    let mut chunk = vec![0; 32 << 10];
    let mut length: u64 = 0;
    let mut asked = false;
    let error = loop {
        let (n, error) = match first.read_at(length, &mut chunk) {
            Ok(n) => (n, None),
            Err(error) => (0, Some(error.into())),
        };
        if length <= limits::HELD_BYTES {
            held.extend_from_slice(chunk.get(..n).unwrap_or_default());
        }
        length = length.saturating_add(wide(n));
        if !asked && (n == 0 || length >= FRONT) {
            asked = true;
            if length == 0 || !worth(&Window::new(held.clone())) {
                return (None, error);
            }
        }
        if n == 0 {
            break error;
        }
    };
    let content = if length <= limits::HELD_BYTES {
        Window::new(held)
    } else {
        Window::new(source(length, Arc::clone(budget)))
    };
    (Some(content), error)
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
