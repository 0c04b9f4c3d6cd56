//! Constants of a graph, for a listing: their data is not read.

use super::{
    checkpoint::{shape_of, type_name, type_of},
    schema::{ENTRY, NODE, TENSOR, VALUE, entry, node, tensor, value},
};
use crate::{
    bytes::ReadError,
    fact::{Tensor, Text},
    format::protobuf::{Message, Value},
};

/// What a listing says of the constant that a node is; `None` of a single value, which graphs have for everything.
pub(super) fn constant(message: Message<'_>, name: &Text) -> Result<Option<Tensor>, ReadError> {
    for field in message.fields(&NODE) {
        let field = field?;
        let (node::ATTRIBUTES, Value::Bytes(of)) = (field.number, field.value) else {
            continue;
        };
        let (mut key, mut given) = (Text::default(), None);
        for field in of.fields(&ENTRY) {
            let field = field?;
            match (field.number, field.value) {
                (entry::KEY, Value::Bytes(of)) => key = of.text()?,
                (entry::VALUE, Value::Bytes(of)) => given = Some(of),
                _ => {}
            }
        }
        let Some(given) = given.filter(|_| key.as_bytes() == b"value") else {
            continue;
        };
        for field in given.fields(&VALUE) {
            let field = field?;
            if let (value::TENSOR, Value::Bytes(of)) = (field.number, field.value) {
                return listed(of, name);
            }
        }
    }
    Ok(None)
}

fn listed(message: Message<'_>, name: &Text) -> Result<Option<Tensor>, ReadError> {
    let (mut number, mut dimensions) = (0, Vec::new());
    for field in message.fields(&TENSOR) {
        let field = field?;
        match (field.number, field.value) {
            (tensor::TYPE, Value::Number(of)) => number = of,
            (tensor::SHAPE, Value::Bytes(of)) => dimensions = shape_of(of)?,
            _ => {}
        }
    }
    let shape: Vec<u64> = dimensions.into_iter().flatten().collect();
    let elements = shape.iter().try_fold(1_u64, |all, n| all.checked_mul(*n));
    let each = type_of(number).and_then(|(_, bytes)| bytes);
    let bytes = elements
        .zip(each)
        .and_then(|(elements, each)| elements.checked_mul(each));
    Ok((!shape.is_empty()).then(|| Tensor {
        name: name.clone(),
        dtype: type_name(number),
        shape,
        bytes: bytes.unwrap_or_default(),
    }))
}
