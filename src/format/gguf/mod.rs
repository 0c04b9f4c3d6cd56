//! GGUF: weights, a vocabulary and settings for llama.cpp and what is built on it.
//!
//! The header is read as llama.cpp reads it: what that refuses is refused, and so is what another reader refuses that looks further.
//! Vocabularies are stepped over; tensors are not read.

mod kinds;
mod stream;

use rustc_hash::FxHashSet;

use kinds::{TensorType, ValueType};
use stream::{Layout, Stream};

use super::{Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix, template};
use crate::{
    bytes::{ReadError, Window},
    fact::{GgufCounted, GgufFault, GgufTensorFault, Hop, Piece, Short, Tensor, Text, Unsupported},
    limits,
};

/// Files that begin with `GGUF` and a version.
pub static FORMAT: Format = Format {
    id: "gguf",
    title: "GGUF model",
    doc: DOC,
    suffixes: &[Suffix::own("gguf")],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

Weights, a vocabulary and settings in one file, for llama.cpp and what is built on it: keys with values, a list of tensors, and their
bytes.

## What loading it does

Native code reads the header and maps the rest. Nothing in it can run, except its chat template: a Jinja program, which some readers run
without a sandbox.

## How it is recognised

By `GGUF` and a version below 256, in either byte order, as its first eight bytes.

## What is checked

Versions 1 to 3 in both byte orders. A file is malformed that has counts or lengths which it cannot hold, types that do not exist, arrays of arrays, keys with a zero byte, two values of one key, two tensors of one name, an alignment that is no
power of two, more than four dimensions, shapes whose product overflows, rows that are no whole number of blocks, tensors that are not
one behind the other, or data past the end. A tensor of a type that is newer than this program is not read. Reported as an anomaly:

- `trailing-data`: bytes after the last tensor

## What to prefer

This format for llama.cpp, safetensors elsewhere.
";

fn probe(head: &Head<'_>) -> Certainty {
    let version = head.front.get(4..8).unwrap_or_default();
    let is_version = matches!(version, [small, 0, 0, 0] | [0, 0, 0, small] if *small > 0);
    Certainty::sure_if(head.front.starts_with(b"GGUF") && is_version)
}

/// Where the keys begin behind the magic and the version.
const FRONT: u64 = 8;
/// The alignment of a file that says none.
const ALIGNMENT: u64 = 32;
/// Dimensions of a tensor.
const DIMENSIONS: u32 = 4;
/// The highest product of dimensions, and the size of the largest file.
const LARGEST: u64 = i64::MAX.unsigned_abs();

/// The key of a chat template; those with another name have the name behind it.
const CHAT_TEMPLATE: &str = "tokenizer.chat_template";

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let version = window.exact(4..FRONT, Piece::GgufHeader)?;
    let version = version.first_chunk().map_or(0, |b| u32::from_le_bytes(*b));
    let big_endian = version.trailing_zeros() >= u16::BITS;
    let version = if big_endian {
        version.swap_bytes()
    } else {
        version
    };
    if !(1..=3).contains(&version) {
        return Err(ReadError::unsupported(Unsupported::GgufVersion(version)));
    }
    let layout = Layout {
        big_endian,
        narrow: version == 1,
    };
    let mut stream = Stream::new(window, FRONT, layout);
    // A tensor has a name, a number of dimensions, a type and an offset; a key has a character, a type and a value.
    let (tensor, key) = if layout.narrow { (20, 10) } else { (24, 14) };
    let tensors = stream.count(GgufCounted::Tensors, tensor)?;
    let keys = stream.count(GgufCounted::Keys, key)?;
    let settings = read_keys(&mut stream, keys, reading)?;
    let alignment = settings.alignment()?;
    settings.check_parts()?;
    let tensors = read_tensors(&mut stream, tensors)?;
    let data = padded(stream.position(), alignment);
    let (used, end) = lay_out(&tensors, alignment)?;
    reading.recorder.list_tensors(|| list(tensors));
    check_end(window, stream.position(), (data, used, end), reading)
}

/// Rounds up to a multiple of a power of two.
fn padded(number: u64, alignment: u64) -> u64 {
    number
        .checked_next_multiple_of(alignment)
        .unwrap_or(u64::MAX)
}

/// What readers rely on among the values.
#[derive(Debug, Default)]
struct Settings {
    alignment: Option<Value>,
    part: Option<Value>,
    parts: Option<Value>,
}

/// A value, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Unsigned { number: u64, bytes: u64 },
    Text(Text),
    Other,
}

impl Settings {
    fn alignment(&self) -> Result<u64, ReadError> {
        let alignment = match self.alignment {
            None => ALIGNMENT,
            Some(Value::Unsigned { number, bytes: 4 }) => number,
            Some(_) => return Err(key_type("general.alignment")),
        };
        if !alignment.is_power_of_two() {
            return Err(ReadError::malformed(GgufFault::Alignment(alignment)));
        }
        Ok(alignment)
    }

    /// Which part of a split model it is.
    fn check_parts(&self) -> Result<(), ReadError> {
        let number = |value: &Option<Value>, key| match value {
            None => Ok(None),
            Some(Value::Unsigned { number, .. }) => Ok(Some(*number)),
            Some(_) => Err(key_type(key)),
        };
        let part = number(&self.part, "split.no")?.unwrap_or(0);
        match number(&self.parts, "split.count")? {
            Some(parts) if parts > 0 && part >= parts => {
                Err(ReadError::malformed(GgufFault::Split { part, parts }))
            }
            _ => Ok(()),
        }
    }
}

fn key_type(key: &str) -> ReadError {
    ReadError::malformed(GgufFault::KeyType(Short::from(key)))
}

fn read_keys(
    stream: &mut Stream<'_>,
    count: u64,
    reading: &mut Reading<'_>,
) -> Result<Settings, ReadError> {
    let mut settings = Settings::default();
    let mut known: FxHashSet<Text> = FxHashSet::default();
    for _ in 0..count {
        let key = stream.text(limits::GGUF_KEY, limits::Id::GGUF_KEY)?;
        let Some(name) = key.as_str() else {
            return Err(ReadError::malformed(GgufFault::NotUtf8(GgufCounted::Keys)));
        };
        if name.is_empty() {
            return Err(ReadError::malformed(GgufFault::EmptyKey));
        }
        if name.contains('\0') {
            return Err(ReadError::malformed(GgufFault::ZeroInKey));
        }
        if known.contains(&key) {
            return Err(ReadError::malformed(GgufFault::DuplicateKey(Short::from(
                name,
            ))));
        }
        let is_template = name
            .strip_prefix(CHAT_TEMPLATE)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        let value = read_value(stream, name, is_template)?;
        if is_template {
            read_template(&key, &value, reading)?;
        } else {
            match name {
                "general.alignment" => settings.alignment = Some(value),
                "split.no" => settings.part = Some(value),
                "split.count" => settings.parts = Some(value),
                _ => {}
            }
        }
        known.insert(key);
    }
    Ok(settings)
}

/// Reads a value. Texts are kept where they matter, and passed over elsewhere.
fn read_value(stream: &mut Stream<'_>, key: &str, keeps_text: bool) -> Result<Value, ReadError> {
    let of_type = |number: u32| {
        let key = Short::from(key);
        ValueType::of(number)
            .ok_or_else(|| ReadError::malformed(GgufFault::ValueType { key, number }))
    };
    match of_type(stream.u32()?)? {
        ValueType::Unsigned(bytes) => {
            let number = match bytes {
                1 => stream.u8()?.into(),
                2 => stream.u16()?.into(),
                4 => stream.u32()?.into(),
                _ => stream.u64()?,
            };
            return Ok(Value::Unsigned { number, bytes });
        }
        ValueType::Number(bytes) => stream.skip(bytes)?,
        ValueType::Bool => {
            let byte = stream.u8()?;
            if byte > 1 {
                let key = Short::from(key);
                return Err(ReadError::malformed(GgufFault::Bool { key, byte }));
            }
        }
        ValueType::Text if keeps_text => {
            let text = stream.text(limits::TEMPLATE_BYTES, limits::Id::TEMPLATE_BYTES)?;
            return Ok(Value::Text(text));
        }
        ValueType::Text => stream.skip_text()?,
        ValueType::Array => {
            let elements = of_type(stream.u32()?)?;
            let width = if stream.layout.narrow { 4 } else { 8 };
            match elements {
                ValueType::Array => {
                    let key = Short::from(key);
                    return Err(ReadError::malformed(GgufFault::NestedArray(key)));
                }
                ValueType::Text => {
                    for _ in 0..stream.count(GgufCounted::Elements, width)? {
                        stream.skip_text()?;
                    }
                }
                ValueType::Unsigned(bytes) | ValueType::Number(bytes) => {
                    let count = stream.count(GgufCounted::Elements, bytes)?;
                    stream.skip(count.saturating_mul(bytes))?;
                }
                ValueType::Bool => {
                    let count = stream.count(GgufCounted::Elements, 1)?;
                    stream.skip(count)?;
                }
            }
        }
    }
    Ok(Value::Other)
}

fn read_template(key: &Text, value: &Value, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let name = key.as_str().unwrap_or_default();
    let Value::Text(text) = value else {
        return Err(key_type(name));
    };
    let Some(text) = text.as_str() else {
        return Err(key_type(name));
    };
    reading.recorder.enter(Hop::Key(key.clone()));
    template::read(text, reading);
    reading.recorder.leave();
    Ok(())
}

/// A tensor of the list.
#[derive(Debug)]
struct Described {
    name: Text,
    of_type: TensorType,
    shape: Vec<u64>,
    bytes: u64,
    /// From the start of the data.
    offset: u64,
}

fn read_tensors(stream: &mut Stream<'_>, count: u64) -> Result<Vec<Described>, ReadError> {
    let mut known: FxHashSet<Text> = FxHashSet::default();
    let mut tensors = Vec::new();
    for _ in 0..count {
        let name = stream.text(limits::GGUF_KEY, limits::Id::GGUF_KEY)?;
        if name.as_str().is_none() {
            return Err(ReadError::malformed(GgufFault::NotUtf8(
                GgufCounted::Tensors,
            )));
        }
        let broken = |fault| {
            let name = Short::new(name.as_bytes());
            ReadError::malformed(GgufFault::Tensor { name, fault })
        };
        if !known.insert(name.clone()) {
            return Err(broken(GgufTensorFault::Duplicate));
        }
        let dimensions = stream.u32()?;
        if dimensions > DIMENSIONS {
            return Err(broken(GgufTensorFault::Dimensions(dimensions)));
        }
        let mut shape = Vec::new();
        for _ in 0..dimensions {
            shape.push(stream.size()?);
        }
        let number = stream.u32()?;
        let of_type = TensorType::of(number)
            .ok_or_else(|| ReadError::unsupported(Unsupported::TensorType(number)))?;
        let offset = stream.u64()?;
        let bytes = size(&shape, of_type).map_err(broken)?;
        tensors.push(Described {
            name,
            of_type,
            shape,
            bytes,
            offset,
        });
    }
    Ok(tensors)
}

/// Bytes of the data of a tensor.
fn size(shape: &[u64], of_type: TensorType) -> Result<u64, GgufTensorFault> {
    let TensorType { block, bytes, .. } = of_type;
    // Of a tensor that is empty by one of its dimensions, the others must make sense as well.
    let mut full = shape.iter().map(|size| (*size).max(1));
    let elements = full
        .try_fold(1, u64::checked_mul)
        .filter(|elements| *elements <= LARGEST)
        .ok_or(GgufTensorFault::ShapeOverflow)?;
    let row = shape.first().copied().unwrap_or(1);
    if row.checked_rem(block) != Some(0) {
        return Err(GgufTensorFault::Blocks { row, block });
    }
    if shape.contains(&0) {
        return Ok(0);
    }
    elements
        .checked_div(block)
        .and_then(|blocks| blocks.checked_mul(bytes))
        .filter(|bytes| *bytes <= LARGEST)
        .ok_or(GgufTensorFault::ShapeOverflow)
}

/// Where the last tensor ends, from the start of the data, and where its padding does. Each begins where the one before ends.
fn lay_out(tensors: &[Described], alignment: u64) -> Result<(u64, u64), ReadError> {
    let (mut used, mut end) = (0, 0);
    for tensor in tensors {
        let broken = |fault| {
            let name = Short::new(tensor.name.as_bytes());
            ReadError::malformed(GgufFault::Tensor { name, fault })
        };
        if tensor.offset != end {
            return Err(broken(GgufTensorFault::Offset {
                offset: tensor.offset,
                expected: end,
            }));
        }
        used = end
            .checked_add(tensor.bytes)
            .filter(|used| *used <= LARGEST)
            .ok_or_else(|| broken(GgufTensorFault::ShapeOverflow))?;
        end = padded(used, alignment);
    }
    Ok((used, end))
}

fn list(tensors: Vec<Described>) -> Vec<Tensor> {
    let tensors = tensors.into_iter();
    tensors
        .map(|tensor| Tensor {
            name: tensor.name,
            dtype: tensor.of_type.name.to_owned(),
            // The first dimension is that of rows, which others write last.
            shape: tensor.shape.into_iter().rev().collect(),
            bytes: tensor.bytes,
        })
        .collect()
}

/// The file ends behind its last tensor, with or without what pads that; one without tensors, behind its header.
fn check_end(
    window: &Window,
    header: u64,
    (data, used, end): (u64, u64, u64),
    reading: &mut Reading<'_>,
) -> Result<(), ReadError> {
    let begins = if used == 0 { header } else { data };
    if begins.saturating_add(used) > window.len() {
        let left = window.len().saturating_sub(data);
        return Err(ReadError::truncated(Piece::GgufData, used, left));
    }
    let end = data.saturating_add(end);
    reading.after_tensors(window, end);
    Ok(())
}
