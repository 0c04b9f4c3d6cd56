//! How a GGUF file breaks its format.

use serde::{Deserialize, Serialize};

use crate::fact::Short;

/// How a GGUF file breaks its format.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GgufFault {
    /// More keys, tensors or elements than the bytes that are left can hold.
    Count {
        /// Of what.
        of: GgufCounted,
        /// How many are announced.
        announced: u64,
        /// Bytes that are left.
        left: u64,
    },
    /// A key or a name that is not UTF-8.
    NotUtf8(GgufCounted),
    /// A key without a character.
    EmptyKey,
    /// A key with a zero byte, at which readers in C end it.
    ZeroInKey,
    /// Two values of one key.
    DuplicateKey(Short),
    /// The value of a key is of a type that the format does not have.
    ValueType {
        /// The key.
        key: Short,
        /// The number of the type.
        number: u32,
    },
    /// An array of arrays.
    NestedArray(Short),
    /// A truth value that is neither 0 nor 1.
    Bool {
        /// The key.
        key: Short,
        /// The byte.
        byte: u8,
    },
    /// A key that readers rely on has a value of another type than they take.
    KeyType(Short),
    /// The alignment is no power of two.
    Alignment(u64),
    /// The number of this part of a split model is not below the number of parts.
    Split {
        /// Which part it says it is, from 0.
        part: u64,
        /// How many there are.
        parts: u64,
    },
    /// A tensor breaks a rule.
    Tensor {
        /// Its name.
        name: Short,
        /// How.
        fault: GgufTensorFault,
    },
}

/// What a GGUF file has many of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GgufCounted {
    /// Keys with their values.
    Keys,
    /// Tensors.
    Tensors,
    /// Elements of an array.
    Elements,
}

/// How a tensor of a GGUF file breaks a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GgufTensorFault {
    /// Another tensor has the same name.
    Duplicate,
    /// More dimensions than ggml has.
    Dimensions(u32),
    /// The product of its shape overflows.
    ShapeOverflow,
    /// Its rows are no whole number of blocks of its type.
    Blocks {
        /// Elements of a row.
        row: u64,
        /// Elements of a block.
        block: u64,
    },
    /// Its data is not where the one before ends.
    Offset {
        /// Where it is, from the start of the data.
        offset: u64,
        /// Where the tensor before ends, aligned.
        expected: u64,
    },
}
