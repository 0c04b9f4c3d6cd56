//! The messages in tables (TensorFlow 2.21): their fields by number.

use crate::format::protobuf::{
    Schema,
    Times::{Many, One},
    Wire::{Bytes, Fixed32, Varint},
    message,
};

message!(
    BUNDLE_HEADER = "BundleHeaderProto", bundle_header { SHARDS = 1, ORDER = 2 },
    [(1, Varint, One), (2, Varint, One), (3, Bytes, One)]
);
message!(
    BUNDLE_ENTRY = "BundleEntryProto",
    bundle_entry { TYPE = 1, SHAPE = 2, SHARD = 3, OFFSET = 4, SIZE = 5, SLICES = 7 },
    [
        (1, Varint, One),
        (2, Bytes, One),
        (3, Varint, One),
        (4, Varint, One),
        (5, Varint, One),
        (6, Fixed32, One),
        (7, Bytes, Many),
    ]
);
message!(
    SHAPE = "TensorShapeProto", shape { DIMENSIONS = 2 },
    [(2, Bytes, Many), (3, Varint, One)]
);
message!(
    DIMENSION = "Dim", dimension { SIZE = 1 },
    [(1, Varint, One), (2, Bytes, One)]
);
message!(
    SLICES = "SavedTensorSlices", slices { META = 1, DATA = 2 },
    [(1, Bytes, One), (2, Bytes, One)]
);
message!(
    SLICES_META = "SavedTensorSliceMeta", slices_meta { TENSORS = 1 },
    [(1, Bytes, Many), (2, Bytes, One)]
);
message!(
    SLICE_META = "SavedSliceMeta", slice_meta { NAME = 1, SHAPE = 2, TYPE = 3 },
    [(1, Bytes, One), (2, Bytes, One), (3, Varint, One), (4, Bytes, Many)]
);

/// A part of a tensor.
pub(super) static SLICE: Schema = Schema {
    name: "SavedSlice",
    fields: &[(1, Bytes, One), (2, Bytes, One), (3, Bytes, One)],
};
