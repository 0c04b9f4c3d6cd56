//! A tensor of a graph: its data is not read, only whether it can be what the shape says.

use super::schema::{ENTRY, TENSOR, entry, tensor};
use crate::{
    bytes::ReadError,
    fact::{GraphTensorFault, Malformed, Short, Text},
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
    /// The other files that it names: parsers take the last.
    pub(super) locations: Vec<Text>,
    length: Option<u64>,
    bad_extent: bool,
}

impl Tensor {
    pub(super) fn read(message: Message<'_>) -> Result<Self, ReadError> {
        let mut read = Self::default();
        for field in message.fields(&TENSOR) {
            let field = field?;
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
            b"offset" => self.bad_extent |= number().is_none(),
            b"length" => {
                self.length = number();
                self.bad_extent |= self.length.is_none();
            }
            _ => {}
        }
        Ok(())
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
        let Some(elements) = elements(&self.dimensions) else {
            return Some(GraphTensorFault::Shape);
        };
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
