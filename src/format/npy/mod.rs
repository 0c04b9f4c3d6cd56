//! npy: one numpy array (NEP 1), versions 1, 2 and 3.
//!
//! Reads the header: a Python dict literal of dtype, order and shape. An array of numbers is data whose length the header
//! gives; an array with an object anywhere in its dtype is a pickle, which is read as one. Data is never read.

mod dtype;
mod literal;

use std::{cell::Cell, ops::Range, str::Utf8Error};

use dtype::Dtype;
pub(in crate::format) use literal::Literal;

use super::{
    Certainty, Expect, Format, Head, Loader, Read, Reading, Recognise, Runs, Suffix, pickle,
    saved::Saved,
};
use crate::{
    bytes::{Cursor, ReadError, Window, wide},
    fact::{Anomaly, Hop, NpyFault, Payload, Piece, Place, Unsupported},
    limits,
};

/// The format.
pub static FORMAT: Format = Format {
    id: "npy",
    title: "NumPy array",
    doc: DOC,
    suffixes: &[Suffix::own("npy")],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

fn probe(head: &Head<'_>) -> Certainty {
    Certainty::sure_if(head.front.starts_with(MAGIC))
}

const DOC: &str = "\
## What it is

One NumPy array: a magic string, a header that is a Python dict of dtype, order and shape, and the data.

## What loading it does

An array of numbers is copied or mapped. If its dtype is or contains `object`, the data is a pickle, and `numpy.load`
with `allow_pickle=True` runs it. A file without the magic is a pickle to `numpy.load` as well.

## How it is recognised

By `\\x93NUMPY` at the front.

## What is checked

The header is parsed, never evaluated. Data shorter than dtype and shape say is malformed. An object array's pickle is
read like any other. Several arrays that were saved into one file are read one after another, as `numpy.load` would.
Reported as anomalies:

- `trailing-data`: bytes after the array that are no other array, which are read by content
- `oversized-header`: a header past the 10,000 bytes that NumPy takes from files it is not told to trust

## What to prefer

Arrays without an object dtype, loaded with `allow_pickle=False` (the default since NumPy 1.16.3), or safetensors.
";

const MAGIC: &[u8] = b"\x93NUMPY";
/// What numpy takes unless it is told to trust the file.
const NUMPYS_LIMIT: u64 = 10_000;

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let saved = Saved {
        begins,
        read: read_array,
        hop: |_, at| Hop::From(at),
        anomaly: |bytes| Anomaly::TrailingData {
            bytes,
            after: Payload::Array,
        },
        second: 1,
    };
    saved.read_all(window, reading)
}

/// Whether an array begins there.
fn begins(window: &Window) -> Result<bool, ReadError> {
    Ok(window.bytes_at(0, MAGIC.len())? == MAGIC)
}

/// Reads one array. Returns where it ends, if that is known.
fn read_array(window: &Window, reading: &mut Reading<'_>) -> Result<Option<u64>, ReadError> {
    let (version, range) = header_range(window)?;
    let (at, data) = (range.start, range.end);
    let length = data.saturating_sub(at);
    if length > limits::NPY_HEADER {
        read_anyhow(window, data, reading);
        return Err(ReadError::Limit(limits::Id::NPY_HEADER));
    }
    if length > NUMPYS_LIMIT {
        let anomaly = Anomaly::OversizedHeader {
            bytes: length,
            accepted: NUMPYS_LIMIT,
        };
        let place = Place::Bytes {
            start: at,
            end: data,
        };
        reading.recorder.anomaly(anomaly, place);
    }
    let header = window.exact(range, Piece::NpyHeader)?;
    match parse(&header, version).and_then(|header| header.measured()) {
        Ok((Dtype::Object, _)) => Ok(read_objects(window, data, reading)),
        Ok((Dtype::Plain(item), count)) => {
            let length = count.checked_mul(item).ok_or_else(|| {
                ReadError::malformed(NpyFault::TooLarge {
                    elements: count,
                    bytes: item,
                })
            })?;
            let left = window.len().saturating_sub(data);
            if length > left {
                return Err(ReadError::truncated(Piece::NpyData, length, left));
            }
            Ok(data.checked_add(length))
        }
        Err(error) => {
            read_anyhow(window, data, reading);
            Err(error)
        }
    }
}

/// What a header says of an array of data.
#[derive(Debug)]
pub(in crate::format) struct Described {
    /// The type of its items.
    pub(in crate::format) descr: Literal,
    /// Whether the first of several axes runs fastest.
    pub(in crate::format) fortran: bool,
    /// Its sizes.
    pub(in crate::format) shape: Vec<u64>,
    /// Where its data begins.
    pub(in crate::format) start: u64,
    /// Bytes of its data.
    pub(in crate::format) length: u64,
}

/// Reads the header of an array without objects.
///
/// # Errors
/// As reading all of it.
pub(in crate::format) fn described(window: &Window) -> Result<Described, ReadError> {
    let (version, header) = header_range(window)?;
    let length = header.end.saturating_sub(header.start);
    if length > limits::NPY_HEADER {
        return Err(ReadError::Limit(limits::Id::NPY_HEADER));
    }
    let start = header.end;
    let header = parse(&window.exact(header, Piece::NpyHeader)?, version)?;
    let (dtype, count) = header.measured()?;
    let Dtype::Plain(item) = dtype else {
        let descr = header.descr.shown();
        return Err(ReadError::malformed(NpyFault::Dtype(descr)));
    };
    let length = count.checked_mul(item);
    let size = |size: &Literal| match size {
        Literal::Int(size) => u64::try_from(*size).ok(),
        _ => None,
    };
    let shape: Option<Vec<u64>> = header.shape.iter().map(size).collect();
    Ok(Described {
        descr: header.descr,
        fortran: header.fortran,
        shape: shape.ok_or_else(|| ReadError::malformed(NpyFault::Size))?,
        start,
        length: length.ok_or_else(|| {
            ReadError::malformed(NpyFault::TooLarge {
                elements: count,
                bytes: item,
            })
        })?,
    })
}

/// The version of the format, and where the header stands.
fn header_range(window: &Window) -> Result<(u8, Range<u64>), ReadError> {
    let start = window.bytes_at(0, 12)?;
    let mut cursor = Cursor::new(&start, Piece::NpyHead);
    cursor.take(6)?;
    let version = (cursor.u8()?, cursor.u8()?);
    let (length, at): (u64, u64) = match version {
        (1, 0) => (cursor.u16()?.into(), 10),
        (2 | 3, 0) => (cursor.u32()?.into(), 12),
        (major, minor) => {
            return Err(ReadError::unsupported(Unsupported::NpyVersion {
                major,
                minor,
            }));
        }
    };
    let data = at.saturating_add(length);
    if data > window.len() {
        let left = window.len().saturating_sub(at);
        return Err(ReadError::truncated(Piece::NpyHeader, length, left));
    }
    Ok((version.0, at..data))
}

/// What a header says, as it is written.
struct Header {
    descr: Literal,
    fortran: bool,
    shape: Vec<Literal>,
}

impl Header {
    /// The dtype and the number of elements.
    fn measured(&self) -> Result<(Dtype, u64), ReadError> {
        let dtype = Dtype::of(&self.descr)?;
        if let (Literal::Tuple(_), Dtype::Plain(_)) = (&self.descr, dtype) {
            return Err(ReadError::malformed(NpyFault::Subarray));
        }
        Ok((dtype, dtype::count(&self.shape)?))
    }
}

/// The dict that a header is.
fn parse(header: &[u8], version: u8) -> Result<Header, ReadError> {
    let text = match version {
        3 => std::str::from_utf8(header)
            .map_err(|e| not_utf8(&e))?
            .to_owned(),
        _ => header.iter().copied().map(char::from).collect(),
    };
    let parsed = literal::parse(&text, version < 3)?;
    let Literal::Dict(pairs) = parsed else {
        return Err(ReadError::malformed(NpyFault::NotDict));
    };
    let (mut descr, mut order, mut shape) = (None, None, None);
    for (key, value) in pairs {
        match key {
            Literal::Str(key) if key == "descr" => descr = Some(value),
            Literal::Str(key) if key == "fortran_order" => order = Some(value),
            Literal::Str(key) if key == "shape" => shape = Some(value),
            key => {
                return Err(ReadError::malformed(NpyFault::UnknownKey(key.shown())));
            }
        }
    }
    let (Some(descr), Some(order), Some(shape)) = (descr, order, shape) else {
        return Err(ReadError::malformed(NpyFault::MissingKey));
    };
    let Literal::Bool(fortran) = order else {
        return Err(ReadError::malformed(NpyFault::FortranOrder(order.shown())));
    };
    let Literal::Tuple(shape) = shape else {
        return Err(ReadError::malformed(NpyFault::Shape(shape.shown())));
    };
    Ok(Header {
        descr,
        fortran,
        shape,
    })
}

/// An array of objects: a pickle. Returns where it ends, if another array follows it.
fn read_objects(window: &Window, data: u64, reading: &mut Reading<'_>) -> Option<u64> {
    let objects = Objects::default();
    let expect = Expect::Loaded(&pickle::FORMAT, &objects);
    reading.descend(Hop::From(data), b"", &window.from(data), expect);
    data.checked_add(objects.end.get()?)
}

/// `numpy.load`, which goes on behind the pickle of an array.
#[derive(Debug, Default)]
struct Objects {
    /// Where the pickle ends, if an array follows it.
    end: Cell<Option<u64>>,
}

impl Loader for Objects {
    fn read(&self, window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
        let first = pickle::read_first(window, reading);
        match first.only_end() {
            Some(end) if begins(&window.from(end))? => self.end.set(Some(end)),
            _ => pickle::read_following(window, first, pickle::LoadedBy::Pickle, reading),
        }
        Ok(())
    }
}

fn not_utf8(error: &Utf8Error) -> ReadError {
    let at = wide(error.valid_up_to());
    ReadError::malformed(NpyFault::NotUtf8 { at })
}

/// What follows a header that is not understood: whatever numpy would make of it, it may be a pickle.
fn read_anyhow(window: &Window, data: u64, reading: &mut Reading<'_>) {
    reading.descend(Hop::From(data), b"", &window.from(data), Expect::Named);
}
