//! What breaks a GGUF file.

use std::fmt;

use crate::fact::{GgufCounted, GgufFault, GgufTensorFault};

impl fmt::Display for GgufFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count {
                of,
                announced,
                left,
            } => write!(
                f,
                "it announces {announced} {of}, and {left} bytes are left"
            ),
            Self::NotUtf8(GgufCounted::Tensors) => f.write_str("the name of a tensor is not UTF-8"),
            Self::NotUtf8(_) => f.write_str("a key is not UTF-8"),
            Self::EmptyKey => f.write_str("a key is empty"),
            Self::ZeroInKey => f.write_str("a key has a zero byte, at which some readers end it"),
            Self::DuplicateKey(key) => write!(f, "`{key}` has two values"),
            Self::ValueType { key, number } => {
                write!(f, "the value of `{key}` is of type {number}, which is none")
            }
            Self::NestedArray(key) => write!(f, "`{key}` is an array of arrays"),
            Self::Bool { key, byte } => {
                write!(
                    f,
                    "`{key}` is the truth value {byte}, which is neither 0 nor 1"
                )
            }
            Self::KeyType(key) => write!(f, "`{key}` is of another type than readers take"),
            Self::Alignment(alignment) => {
                write!(f, "its alignment {alignment} is no power of two")
            }
            Self::Split { part, parts } => write!(
                f,
                "it says that it is part {part} of {parts}, which count from 0"
            ),
            Self::Tensor { name, fault } => write!(f, "tensor `{name}`: {fault}"),
        }
    }
}

impl fmt::Display for GgufCounted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keys => "keys",
            Self::Tensors => "tensors",
            Self::Elements => "elements of an array",
        })
    }
}

impl fmt::Display for GgufTensorFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate => f.write_str("another one has the same name"),
            Self::Dimensions(number) => write!(f, "{number} dimensions; ggml has 4 at most"),
            Self::ShapeOverflow => f.write_str("the product of its shape overflows"),
            Self::Blocks { row, block } => write!(
                f,
                "rows of {row} elements, which are stored in blocks of {block}"
            ),
            Self::Offset { offset, expected } => write!(
                f,
                "its data is at {offset}, and the tensor before ends at {expected}"
            ),
        }
    }
}
