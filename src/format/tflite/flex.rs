//! The node of TensorFlow that a Flex operator is given: a flexbuffer of two texts, the second of which is a `NodeDef`.

use crate::{
    bytes::{Window, narrow, wide},
    fact::Text,
    format::{protobuf::Protobuf, tensorflow},
    limits,
};

/// An untyped vector, whose elements have types behind them.
const VECTOR: u8 = 10;
/// A vector of texts.
const VECTOR_OF_TEXTS: u8 = 15;

/// The operator that a payload names; `None` if it is no payload of such a node.
pub(super) fn operator(payload: &Window) -> Option<Text> {
    let length = payload.known_len()?;
    if length > limits::FLATBUFFER_TEXT {
        return None;
    }
    let bytes = payload.bytes_at(0, narrow(length)).ok()?;
    let (start, end) = second(&bytes)?;
    let protobuf = Protobuf::new(&payload.sub(wide(start)..wide(end))?);
    let operator = tensorflow::operator(protobuf.root().ok()?).ok()?;
    (!operator.is_empty()).then_some(operator)
}

/// Where the second text of a vector is: the root is the vector, told by the last bytes.
fn second(bytes: &[u8]) -> Option<(usize, usize)> {
    let (width, rest) = bytes.split_last()?;
    let (packed, rest) = rest.split_last()?;
    let root = rest.len().checked_sub(usize::from(*width))?;
    let vector = root.checked_sub(number(bytes, root, usize::from(*width))?)?;
    let width = 1_usize.checked_shl(u32::from(packed & 3))?;
    let count = number(bytes, vector.checked_sub(width)?, width)?;
    if count != 2 {
        return None;
    }
    let element = vector.checked_add(width)?;
    let start = element.checked_sub(number(bytes, element, width)?)?;
    let length_width = match packed >> 2 {
        VECTOR => {
            let types = vector.checked_add(width.checked_mul(2)?)?;
            let of = bytes.get(types.checked_add(1)?)?;
            1_usize.checked_shl(u32::from(of & 3))?
        }
        VECTOR_OF_TEXTS => width,
        _ => return None,
    };
    let length = number(bytes, start.checked_sub(length_width)?, length_width)?;
    let end = start.checked_add(length)?;
    (end <= bytes.len()).then_some((start, end))
}

/// A number of so many bytes, the lowest first.
fn number(bytes: &[u8], at: usize, width: usize) -> Option<usize> {
    let of = bytes.get(at..at.checked_add(width)?)?;
    let mut number: u64 = 0;
    for byte in of.iter().rev() {
        number = number.checked_mul(256)?.checked_add(u64::from(*byte))?;
    }
    matches!(width, 1 | 2 | 4 | 8)
        .then(|| usize::try_from(number).ok())
        .flatten()
}
