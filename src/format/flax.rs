//! Flax: the parameters of a model as `msgpack`, whose extension types hold arrays.
//!
//! Follows `flax.serialization`: a tree of mappings with texts as keys, arrays as extension 1, complex numbers as 2, scalars of NumPy as 3.
//! Data of arrays is stepped over.

use super::{
    Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix,
    msgpack::{Unpacker, Value, Visitor, starts_map, walk},
};
use crate::{
    bytes::{ReadError, Window},
    fact::{ArraysFault, Short, Tensor, Text},
    limits,
};

/// Mappings with texts as keys, under the suffix of `msgpack`.
pub static FORMAT: Format = Format {
    id: "flax",
    title: "Flax checkpoint",
    doc: DOC,
    suffixes: &[Suffix::shared(
        "msgpack",
        "data that other programs exchange or keep in `msgpack`",
    )],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

The parameters of a model as `flax.serialization.to_bytes` writes them: `flax_model.msgpack` beside models of Hugging Face, `checkpoint` files of
`flax.training`. A tree of mappings in `msgpack`, with arrays in extension types.

## What loading it does

`flax.serialization.msgpack_restore` makes arrays, numbers and texts of it. It names no Python code.

## How it is recognised

By the suffix `.msgpack` and a mapping whose first key is a text. `msgpack` has no magic, so other names tell nothing.

## What is checked

The encoding, to its end: keys are texts, extension types are those that Flax writes, and each array has as many bytes as its shape and its dtype
say. An array of objects is refused, as NumPy refuses it. Data of arrays is not read.

## What to prefer

safetensors, which other libraries read as well.
";

/// The extension types.
const ARRAY: i8 = 1;
const COMPLEX: i8 = 2;
const SCALAR: i8 = 3;

fn fault(fault: ArraysFault) -> ReadError {
    ReadError::malformed(fault)
}

fn probe(head: &Head<'_>) -> Certainty {
    let is_named = FORMAT.suffix_of(head.name).is_some();
    Certainty::sure_if(is_named && starts_map(&head.front))
}

impl Unpacker {
    /// An array: its shape, the name of its dtype, and its data, which are `length` bytes together.
    fn array(&mut self, name: &Text, length: u64) -> Result<Tensor, ReadError> {
        let wrong = || {
            let name = Short::from(name.to_string().as_str());
            fault(ArraysFault::Value { name })
        };
        let end = self.stream.offset().saturating_add(length);
        let (Value::Array(3), Value::Array(rank)) = (self.value()?, self.value()?) else {
            return Err(wrong());
        };
        if rank > limits::MSGPACK_RANK {
            return Err(ReadError::Limit(limits::Id::MSGPACK_RANK));
        }
        let mut shape = Vec::new();
        for _ in 0..rank {
            let Value::Number(size) = self.value()? else {
                return Err(wrong());
            };
            shape.push(size);
        }
        let dtype = match self.value()? {
            Value::Text(length) | Value::Bytes(length) => self.text(length)?,
            _ => return Err(wrong()),
        };
        let width = dtype.as_str().and_then(width).ok_or_else(wrong)?;
        let (Value::Bytes(bytes) | Value::Text(bytes)) = self.value()? else {
            return Err(wrong());
        };
        let sizes = shape.iter().copied();
        let expected = sizes.fold(width, u64::saturating_mul);
        if expected != bytes {
            return Err(fault(ArraysFault::Size {
                name: Short::from(name.to_string().as_str()),
                expected,
                found: bytes,
            }));
        }
        self.pass(bytes)?;
        if self.stream.offset() != end {
            return Err(wrong());
        }
        Ok(Tensor {
            name: name.clone(),
            dtype: dtype.to_string(),
            shape,
            bytes,
        })
    }
}

/// Bytes of an element, by the name that NumPy or `ml_dtypes` gives a dtype. `V2` is what old releases wrote of `bfloat16`.
fn width(dtype: &str) -> Option<u64> {
    Some(match dtype {
        "bool" | "int8" | "uint8" | "int4" | "uint4" | "int2" | "uint2" => 1,
        "int16" | "uint16" | "float16" | "bfloat16" | "V2" | "|V2" => 2,
        "int32" | "uint32" | "float32" => 4,
        "int64" | "uint64" | "float64" | "complex64" => 8,
        "complex128" => 16,
        _ if dtype.starts_with("float8_")
            || dtype.starts_with("float4_")
            || dtype.starts_with("float6_") =>
        {
            1
        }
        _ => return None,
    })
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let mut parameters = Parameters::default();
    let done = walk(&mut Unpacker::new(window), Vec::new(), &mut parameters);
    reading.recorder.list_tensors(|| parameters.tensors);
    done
}

/// What a checkpoint holds.
#[derive(Debug, Default)]
struct Parameters {
    tensors: Vec<Tensor>,
    values: u64,
}

impl Visitor for Parameters {
    fn values(&mut self) -> &mut u64 {
        &mut self.values
    }

    fn key(&mut self, from: &mut Unpacker, path: &mut Vec<u8>, _: usize) -> Result<(), ReadError> {
        let at = from.stream.offset();
        let Value::Text(length) = from.value()? else {
            return Err(fault(ArraysFault::Encoding { at }));
        };
        let key = from.text(length)?;
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(key.as_bytes());
        Ok(())
    }

    fn value(
        &mut self,
        from: &mut Unpacker,
        head: Value,
        path: &[u8],
        at: u64,
    ) -> Result<(), ReadError> {
        match head {
            Value::Text(length) | Value::Bytes(length) => from.pass(length),
            Value::Extension(ARRAY | SCALAR, length) => {
                let tensor = from.array(&Text::new(path), length)?;
                if self.tensors.len() < limits::TENSORS_LISTED {
                    self.tensors.push(tensor);
                }
                Ok(())
            }
            Value::Extension(COMPLEX, length) => complex(from, length, at),
            Value::Extension(code, _) => Err(fault(ArraysFault::Extension { code, at })),
            Value::Plain | Value::Number(_) | Value::Array(_) | Value::Map(_) => Ok(()),
        }
    }
}

/// A complex number: two numbers in a list.
fn complex(walk: &mut Unpacker, length: u64, at: u64) -> Result<(), ReadError> {
    let wrong = || fault(ArraysFault::Encoding { at });
    let end = walk.stream.offset().saturating_add(length);
    if walk.value()? != Value::Array(2) {
        return Err(wrong());
    }
    for _ in 0..2 {
        match walk.value()? {
            Value::Plain | Value::Number(_) => {}
            _ => return Err(wrong()),
        }
    }
    if walk.stream.offset() == end {
        Ok(())
    } else {
        Err(wrong())
    }
}
