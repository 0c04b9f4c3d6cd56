//! A tensor of a graph: its data is not read, only whether it can be what the shape says.

use super::schema::{ENTRY, TENSOR, entry, tensor};
use crate::{
    bytes::{ReadError, narrow},
    fact::{GraphTensorFault, Malformed, Short, Tensor as Listed, Text},
    format::protobuf::{Message, Value},
    limits,
};

/// Where a runtime puts the data of its own tensors: no file may say so.
const ADDRESS: &[u8] = b"_ORT_MEM_";
/// The value of `data_location` that means another file.
const EXTERNAL: u64 = 1;

/// What is known of a tensor.
#[derive(Debug, Default)]
pub(super) struct Tensor {
    name: Option<Text>,
    dimensions: Vec<u64>,
    data_type: u64,
    /// Bytes of its raw data.
    raw: Option<u64>,
    is_external: bool,
    /// The fields that have data of it, each once.
    fields: Vec<u32>,
    /// The other files that it names: parsers take the last.
    pub(super) locations: Vec<Text>,
    offset: u64,
    length: Option<u64>,
    bad_extent: bool,
}

impl Tensor {
    pub(super) fn read(message: Message<'_>) -> Result<Self, ReadError> {
        let mut read = Self::default();
        for field in message.fields(&TENSOR) {
            let field = field?;
            // A list may be there without anything in it.
            let is_empty = field.value.bytes().is_some_and(|of| of.len() == 0);
            let is_text = field.number == tensor::TEXTS;
            if of_data(field.number).is_some()
                && (is_text || !is_empty)
                && !read.fields.contains(&field.number)
            {
                read.fields.push(field.number);
            }
            match (field.number, field.value) {
                (tensor::DIMENSIONS, Value::Number(dimension)) => read.dimension(dimension)?,
                (tensor::DIMENSIONS, Value::Bytes(packed)) => {
                    for dimension in packed.numbers(limits::TENSOR_DIMENSIONS)? {
                        read.dimension(dimension)?;
                    }
                }
                (tensor::DATA_TYPE, Value::Number(data_type)) => read.data_type = data_type,
                (tensor::NAME, Value::Bytes(name)) => read.name = Some(name.text()?),
                (tensor::RAW_DATA, Value::Bytes(raw)) => read.raw = Some(raw.len()),
                (tensor::EXTERNAL_DATA, Value::Bytes(of)) => read.external(of)?,
                (tensor::DATA_LOCATION, Value::Number(location)) => {
                    read.is_external = location == EXTERNAL;
                }
                _ => {}
            }
        }
        Ok(read)
    }

    fn dimension(&mut self, dimension: u64) -> Result<(), ReadError> {
        if self.dimensions.len() >= limits::TENSOR_DIMENSIONS {
            return Err(ReadError::Limit(limits::Id::TENSOR_DIMENSIONS));
        }
        self.dimensions.push(dimension);
        Ok(())
    }

    /// One thing that it says about its data in another file.
    fn external(&mut self, message: Message<'_>) -> Result<(), ReadError> {
        let (mut key, mut value) = (Text::default(), Text::default());
        for field in message.fields(&ENTRY) {
            let field = field?;
            match (field.number, field.value) {
                (entry::KEY, Value::Bytes(text)) => key = text.text()?,
                (entry::VALUE, Value::Bytes(text)) => value = text.text()?,
                _ => {}
            }
        }
        let number = || value.as_str().and_then(|text| text.parse::<u64>().ok());
        match key.as_bytes() {
            b"location" => self.locations.push(value),
            b"offset" => {
                self.offset = number().unwrap_or_default();
                self.bad_extent |= number().is_none();
            }
            b"length" => {
                self.length = number();
                self.bad_extent |= self.length.is_none();
            }
            _ => {}
        }
        Ok(())
    }

    /// What a listing says of it, if it has a name.
    pub(super) fn listed(&self) -> Option<Listed> {
        let name = self.name.clone().filter(|name| !name.is_empty())?;
        Some(Listed {
            name,
            dtype: type_name(self.data_type),
            shape: self.dimensions.clone(),
            bytes: self.bytes().unwrap_or_default(),
        })
    }

    /// Bytes of its data, if its type and shape tell.
    fn bytes(&self) -> Option<u64> {
        let bits = elements(&self.dimensions)?.checked_mul(bits(self.data_type)?)?;
        Some(bits.div_ceil(8))
    }

    /// Where its data ends in another file, if it is in one; a tensor without data is read nowhere.
    pub(super) fn end(&self) -> u64 {
        let length = self.length.or_else(|| self.bytes()).unwrap_or_default();
        if length == 0 || !self.is_external {
            return 0;
        }
        self.offset.saturating_add(length)
    }

    /// What is wrong with it, if something is.
    pub(super) fn fault(&self) -> Option<Malformed> {
        let fault = self.first_fault()?;
        let name = self.name.as_ref().map_or(&b""[..], Text::as_bytes);
        Some(Malformed::GraphTensor {
            name: Short::new(name),
            fault,
        })
    }

    fn first_fault(&self) -> Option<GraphTensorFault> {
        if self.locations.iter().any(is_address) {
            return Some(GraphTensorFault::Address);
        }
        if self.is_external && !self.locations.iter().any(|path| !path.is_empty()) {
            return Some(GraphTensorFault::NoLocation);
        }
        if self.bad_extent {
            return Some(GraphTensorFault::Extent);
        }
        if self.data_type == 0 {
            return Some(GraphTensorFault::Untyped);
        }
        let fits = |field: &u32| of_data(*field).is_some_and(|fits| fits(self.data_type));
        let most = usize::from(!self.is_external);
        if self.fields.len() > most || !self.fields.iter().all(fits) {
            return Some(GraphTensorFault::Fields);
        }
        let Some(elements) = elements(&self.dimensions) else {
            return Some(GraphTensorFault::Shape);
        };
        if elements == 0 && !self.fields.is_empty() {
            return Some(GraphTensorFault::Empty);
        }
        let bits = bits(self.data_type)?;
        let Some(needed) = elements.checked_mul(bits) else {
            return Some(GraphTensorFault::Shape);
        };
        let needed = needed.div_ceil(8);
        let has = if self.is_external {
            self.length?
        } else {
            self.raw?
        };
        (has != needed).then_some(GraphTensorFault::Size { needed, has })
    }
}

/// Whether a field has data of tensors, and of which data types.
fn of_data(field: u32) -> Option<fn(u64) -> bool> {
    Some(match field {
        tensor::FLOATS => |of| matches!(of, 1 | 14),
        tensor::INTEGERS => |of| matches!(of, 2..=6 | 9 | 10 | 16..),
        tensor::TEXTS => |of| of == 8,
        tensor::LONGS => |of| of == 7,
        tensor::RAW_DATA => |of| of != 8,
        tensor::DOUBLES => |of| matches!(of, 11 | 15),
        tensor::UNSIGNED => |of| matches!(of, 12 | 13),
        _ => return None,
    })
}

fn is_address(location: &Text) -> bool {
    memchr::memmem::find(location.as_bytes(), ADDRESS).is_some()
}

/// Elements of a shape; `None` if it has a negative dimension or too many elements to count.
fn elements(dimensions: &[u64]) -> Option<u64> {
    let mut elements: u64 = 1;
    for dimension in dimensions {
        i64::try_from(*dimension).ok()?;
        elements = elements.checked_mul(*dimension)?;
    }
    Some(elements)
}

/// The name of a data type, as ONNX spells it.
fn type_name(data_type: u64) -> String {
    const NAMES: [&str; 27] = [
        "UNDEFINED",
        "FLOAT",
        "UINT8",
        "INT8",
        "UINT16",
        "INT16",
        "INT32",
        "INT64",
        "STRING",
        "BOOL",
        "FLOAT16",
        "DOUBLE",
        "UINT32",
        "UINT64",
        "COMPLEX64",
        "COMPLEX128",
        "BFLOAT16",
        "FLOAT8E4M3FN",
        "FLOAT8E4M3FNUZ",
        "FLOAT8E5M2",
        "FLOAT8E5M2FNUZ",
        "UINT4",
        "INT4",
        "FLOAT4E2M1",
        "FLOAT8E8M0",
        "UINT2",
        "INT2",
    ];
    let name = NAMES.get(narrow(data_type));
    name.map_or_else(|| data_type.to_string(), |name| (*name).to_owned())
}

/// Bits of an element of a data type, if they are known.
fn bits(data_type: u64) -> Option<u64> {
    Some(match data_type {
        // float, int32, uint32
        1 | 6 | 12 => 32,
        // uint8, int8, bool, and floats of 8 bits
        2 | 3 | 9 | 17..=20 | 24 => 8,
        // uint16, int16, float16, bfloat16
        4 | 5 | 10 | 16 => 16,
        // int64, double, uint64, complex64
        7 | 11 | 13 | 14 => 64,
        // complex128
        15 => 128,
        // uint4, int4, float4e2m1
        21..=23 => 4,
        // uint2, int2
        25 | 26 => 2,
        _ => return None,
    })
}
