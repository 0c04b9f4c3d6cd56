//! The types of values and of tensors, by their numbers.

/// A type of a value in the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueType {
    /// A number of so many bytes, which may be signed or have a fraction.
    Number(u64),
    /// An unsigned number of so many bytes.
    Unsigned(u64),
    Bool,
    Text,
    Array,
}

impl ValueType {
    pub(super) fn of(number: u32) -> Option<Self> {
        Some(match number {
            0 => Self::Unsigned(1),
            1 => Self::Number(1),
            2 => Self::Unsigned(2),
            3 => Self::Number(2),
            4 => Self::Unsigned(4),
            5 | 6 => Self::Number(4),
            7 => Self::Bool,
            8 => Self::Text,
            9 => Self::Array,
            10 => Self::Unsigned(8),
            11 | 12 => Self::Number(8),
            _ => return None,
        })
    }
}

/// How elements of a tensor are stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct TensorType {
    pub(super) name: &'static str,
    /// Elements of a block.
    pub(super) block: u64,
    /// Bytes of a block.
    pub(super) bytes: u64,
}

/// Number, name, elements and bytes of a block. Numbers 4 and 5 were gone before there was GGUF; those from 31 to 33 and from 36 to 38
/// are layouts of `Q4_0` and `IQ4_NL` for certain processors, in files that older releases wrote.
const TENSOR_TYPES: &[(u32, &str, u64, u64)] = &[
    (0, "F32", 1, 4),
    (1, "F16", 1, 2),
    (2, "Q4_0", 32, 18),
    (3, "Q4_1", 32, 20),
    (6, "Q5_0", 32, 22),
    (7, "Q5_1", 32, 24),
    (8, "Q8_0", 32, 34),
    (9, "Q8_1", 32, 40),
    (10, "Q2_K", 256, 84),
    (11, "Q3_K", 256, 110),
    (12, "Q4_K", 256, 144),
    (13, "Q5_K", 256, 176),
    (14, "Q6_K", 256, 210),
    (15, "Q8_K", 256, 292),
    (16, "IQ2_XXS", 256, 66),
    (17, "IQ2_XS", 256, 74),
    (18, "IQ3_XXS", 256, 98),
    (19, "IQ1_S", 256, 50),
    (20, "IQ4_NL", 32, 18),
    (21, "IQ3_S", 256, 110),
    (22, "IQ2_S", 256, 82),
    (23, "IQ4_XS", 256, 136),
    (24, "I8", 1, 1),
    (25, "I16", 1, 2),
    (26, "I32", 1, 4),
    (27, "I64", 1, 8),
    (28, "F64", 1, 8),
    (29, "IQ1_M", 256, 56),
    (30, "BF16", 1, 2),
    (31, "Q4_0_4_4", 32, 18),
    (32, "Q4_0_4_8", 32, 18),
    (33, "Q4_0_8_8", 32, 18),
    (34, "TQ1_0", 256, 54),
    (35, "TQ2_0", 256, 66),
    (36, "IQ4_NL_4_4", 32, 18),
    (37, "IQ4_NL_4_8", 32, 18),
    (38, "IQ4_NL_8_8", 32, 18),
    (39, "MXFP4", 32, 17),
    (40, "NVFP4", 64, 36),
    (41, "Q1_0", 128, 18),
];

impl TensorType {
    pub(super) fn of(number: u32) -> Option<Self> {
        let row = TENSOR_TYPES.iter().find(|row| row.0 == number)?;
        let (_, name, block, bytes) = *row;
        Some(Self { name, block, bytes })
    }
}
