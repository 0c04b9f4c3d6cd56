//! Why a tensor is not made, or reaches memory outside its storage.

use serde::{Deserialize, Serialize};

use super::TorchType;
use crate::fact::Text;

/// Sizes or strides, as many as a message shows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sizes {
    /// The first of them.
    pub first: Vec<i64>,
    /// Whether there are more.
    pub more: bool,
}

impl From<&[i64]> for Sizes {
    fn from(sizes: &[i64]) -> Self {
        const SHOWN: usize = 6;
        Self {
            first: sizes.iter().take(SHOWN).copied().collect(),
            more: sizes.len() > SHOWN,
        }
    }
}

/// Why a tensor is not made, or reaches outside its storage.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TensorReason {
    /// More elements than can be counted.
    TooManyElements {
        /// Its sizes.
        sizes: Sizes,
    },
    /// Its sizes are something else.
    SizesNotIntegers(TorchType),
    /// Its strides are something else.
    StridesNotIntegers(TorchType),
    /// Its offset is something else.
    OffsetNotInteger(TorchType),
    /// It is made of something that is no storage.
    NotOfStorage(TorchType),
    /// Sizes or strides that are symbolic to torch.
    Symbolic,
    /// Not as many strides as sizes.
    Dimensions {
        /// How many sizes.
        sizes: u64,
        /// How many strides.
        strides: u64,
    },
    /// A negative size.
    NegativeSize {
        /// Its sizes.
        sizes: Sizes,
    },
    /// A negative offset.
    NegativeOffset(i64),
    /// It reaches further than memory can.
    BeyondMemory {
        /// Its sizes.
        sizes: Sizes,
        /// Its strides.
        strides: Sizes,
    },
    /// It reaches outside its storage.
    OutsideStorage {
        /// Its sizes.
        sizes: Sizes,
        /// Its strides.
        strides: Sizes,
        /// Its offset.
        offset: i64,
        /// The bytes that it needs; `None` for more than can be counted.
        needed: Option<u64>,
        /// The bytes of its storage.
        storage: u64,
    },
    /// No memory holds it.
    TooLarge,
    /// Its dtype is something else.
    Dtype(TorchType),
    /// A type without gradients requires them.
    Gradient {
        /// The type.
        dtype: Text,
    },
    /// `requires_grad` is something else.
    RequiresGrad(TorchType),
    /// `_rebuild_tensor_v3` makes none that require gradients.
    GradientOfV3,
    /// Its metadata are not known.
    MetadataUnknown,
    /// Its metadata are no dict.
    MetadataNotDict(TorchType),
    /// A name in its metadata is no text.
    MetadataName,
    /// A flag in its metadata is no bool.
    MetadataFlag,
    /// A type that is not complex is conjugated.
    Conjugated {
        /// The type.
        dtype: Text,
    },
    /// A parameter is made of something else.
    ParameterOf(TorchType),
    /// It is converted from something else.
    ConvertedFrom(TorchType),
    /// A sparse or quantized tensor is converted.
    Converted,
    /// It is moved to something that is no device.
    MovedTo(TorchType),
}

/// Why a quantized tensor is not made, or reaches outside its memory.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QuantizedReason {
    /// It is on the meta device.
    Meta,
    /// No memory holds it.
    TooLarge,
    /// Its type is not a quantized one.
    Type {
        /// The type.
        dtype: Text,
    },
    /// Its parameters are none that torch takes.
    Parameters,
    /// Its scale and zero point are no numbers.
    ScaleAndZeroPoint,
    /// Its axis is no integer.
    Axis,
    /// Its scales have not one dimension.
    ScaleDimensions,
    /// Its scales are neither list nor tensor.
    Scales,
    /// Its scales are no numbers.
    ScalesNotNumbers,
    /// Not as many zero points as scales.
    ZeroPoints,
    /// Not as many scales as it is long along its axis.
    ScaleCount {
        /// Its sizes.
        sizes: Sizes,
        /// Its axis.
        axis: i64,
        /// How many scales.
        scales: u64,
    },
}

/// Why a sparse tensor is not made, or has indices that do not fit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SparseReason {
    /// It is not made of a layout and parts.
    Arguments,
    /// Its parts are no tuple.
    NotATuple,
    /// It has not the parts of its layout.
    Parts,
    /// Its layout is something else.
    Layout(TorchType),
    /// A part is something else.
    PartOf(TorchType),
    /// `is_coalesced` is something else.
    IsCoalesced(TorchType),
    /// Its size is no tuple of integers.
    Size,
    /// Its indices have not two dimensions.
    IndexDimensions,
    /// Its indices have no dimension.
    NoIndexDimension,
    /// Its indices are no integers.
    IndexType,
    /// Its indices are not both of the type int32 or int64.
    IndexTypes,
    /// Its values have no dimension.
    NoValueDimension,
    /// Its values have too few dimensions.
    ValueDimensions,
    /// It has too few dimensions.
    Dimensions,
    /// Its size is not that of its indices and values.
    SizeDiffers,
    /// Not as many values as indices.
    ValueCount,
    /// Its parts have other batches than its size.
    Batches,
    /// Its size is no multiple of its blocks.
    Blocks,
    /// Not a compressed index for each row.
    CompressedCount,
    /// Its parts are on two devices.
    TwoDevices,
    /// Its indices are not in the archive.
    IndicesElsewhere,
    /// Its indices are longer than is read.
    IndicesTooLong {
        /// The most that is read.
        bytes: u64,
    },
    /// Its indices cannot be read.
    IndicesUnread,
    /// An index outside a dimension.
    Index {
        /// It.
        index: i64,
        /// The dimension, if there are several that it could be.
        dimension: Option<u64>,
        /// Its size.
        size: i64,
    },
    /// It is called coalesced and is not.
    NotCoalesced,
    /// The first compressed index is not 0.
    FirstCompressed,
    /// The last compressed index is not the number of values.
    LastCompressed,
    /// The compressed indices are not in order.
    CompressedOrder,
    /// A compressed index is outside the values.
    CompressedOutside,
    /// The indices are not in order.
    IndexOrder,
}
