//! The messages of `onnx.proto` (ONNX 1.23): their fields by number.

use crate::format::protobuf::{
    Schema,
    Times::{Many, One},
    Wire::{Bytes, Fixed32, Fixed64, Varint},
};

/// Fields of [`MODEL`].
pub(super) mod model {
    pub(in crate::format::onnx) const IR_VERSION: u32 = 1;
    pub(in crate::format::onnx) const PRODUCER: u32 = 2;
    pub(in crate::format::onnx) const PRODUCER_VERSION: u32 = 3;
    pub(in crate::format::onnx) const DOMAIN: u32 = 4;
    pub(in crate::format::onnx) const GRAPH: u32 = 7;
    pub(in crate::format::onnx) const OPERATOR_SETS: u32 = 8;
    pub(in crate::format::onnx) const TRAINING: u32 = 20;
    pub(in crate::format::onnx) const FUNCTIONS: u32 = 25;
}

pub(super) static MODEL: Schema = Schema {
    name: "ModelProto",
    fields: &[
        (model::IR_VERSION, Varint, One),
        (model::PRODUCER, Bytes, One),
        (model::PRODUCER_VERSION, Bytes, One),
        (model::DOMAIN, Bytes, One),
        (5, Varint, One),
        (6, Bytes, One),
        (model::GRAPH, Bytes, One),
        (model::OPERATOR_SETS, Bytes, Many),
        (14, Bytes, Many),
        (model::TRAINING, Bytes, Many),
        (model::FUNCTIONS, Bytes, Many),
        (26, Bytes, Many),
    ],
};

/// Fields of [`TRAINING`].
pub(super) mod training {
    pub(in crate::format::onnx) const INITIALIZATION: u32 = 1;
    pub(in crate::format::onnx) const ALGORITHM: u32 = 2;
}

pub(super) static TRAINING: Schema = Schema {
    name: "TrainingInfoProto",
    fields: &[
        (training::INITIALIZATION, Bytes, One),
        (training::ALGORITHM, Bytes, One),
        (3, Bytes, Many),
        (4, Bytes, Many),
    ],
};

/// Fields of [`FUNCTION`].
pub(super) mod function {
    pub(in crate::format::onnx) const NAME: u32 = 1;
    pub(in crate::format::onnx) const NODES: u32 = 7;
    pub(in crate::format::onnx) const DOMAIN: u32 = 10;
    pub(in crate::format::onnx) const ATTRIBUTES: u32 = 11;
    pub(in crate::format::onnx) const OVERLOAD: u32 = 13;
}

pub(super) static FUNCTION: Schema = Schema {
    name: "FunctionProto",
    fields: &[
        (function::NAME, Bytes, One),
        // Of the first versions of functions: since when, and whether it is stable.
        (2, Varint, One),
        (3, Varint, One),
        (4, Bytes, Many),
        (5, Bytes, Many),
        (6, Bytes, Many),
        (function::NODES, Bytes, Many),
        (8, Bytes, One),
        (9, Bytes, Many),
        (function::DOMAIN, Bytes, One),
        (function::ATTRIBUTES, Bytes, Many),
        (12, Bytes, Many),
        (function::OVERLOAD, Bytes, One),
        (14, Bytes, Many),
    ],
};

/// Fields of [`GRAPH`].
pub(super) mod graph {
    pub(in crate::format::onnx) const NODES: u32 = 1;
    pub(in crate::format::onnx) const INITIALIZERS: u32 = 5;
    pub(in crate::format::onnx) const SPARSE_INITIALIZERS: u32 = 15;
}

pub(super) static GRAPH: Schema = Schema {
    name: "GraphProto",
    fields: &[
        (graph::NODES, Bytes, Many),
        (2, Bytes, One),
        (graph::INITIALIZERS, Bytes, Many),
        (10, Bytes, One),
        (11, Bytes, Many),
        (12, Bytes, Many),
        (13, Bytes, Many),
        (14, Bytes, Many),
        (graph::SPARSE_INITIALIZERS, Bytes, Many),
        (16, Bytes, Many),
    ],
};

/// Fields of [`NODE`].
pub(super) mod node {
    pub(in crate::format::onnx) const NAME: u32 = 3;
    pub(in crate::format::onnx) const OP_TYPE: u32 = 4;
    pub(in crate::format::onnx) const ATTRIBUTES: u32 = 5;
    pub(in crate::format::onnx) const DOMAIN: u32 = 7;
    pub(in crate::format::onnx) const OVERLOAD: u32 = 8;
}

pub(super) static NODE: Schema = Schema {
    name: "NodeProto",
    fields: &[
        (1, Bytes, Many),
        (2, Bytes, Many),
        (node::NAME, Bytes, One),
        (node::OP_TYPE, Bytes, One),
        (node::ATTRIBUTES, Bytes, Many),
        (6, Bytes, One),
        (node::DOMAIN, Bytes, One),
        (node::OVERLOAD, Bytes, One),
        (9, Bytes, Many),
        (10, Bytes, Many),
    ],
};

/// Fields of [`ATTRIBUTE`].
pub(super) mod attribute {
    pub(in crate::format::onnx) const NAME: u32 = 1;
    pub(in crate::format::onnx) const NUMBER: u32 = 3;
    pub(in crate::format::onnx) const TEXT: u32 = 4;
    pub(in crate::format::onnx) const TENSOR: u32 = 5;
    pub(in crate::format::onnx) const GRAPH: u32 = 6;
    pub(in crate::format::onnx) const TENSORS: u32 = 10;
    pub(in crate::format::onnx) const GRAPHS: u32 = 11;
    pub(in crate::format::onnx) const SPARSE_TENSOR: u32 = 22;
    pub(in crate::format::onnx) const SPARSE_TENSORS: u32 = 23;
}

pub(super) static ATTRIBUTE: Schema = Schema {
    name: "AttributeProto",
    fields: &[
        (attribute::NAME, Bytes, One),
        (2, Fixed32, One),
        (attribute::NUMBER, Varint, One),
        (attribute::TEXT, Bytes, One),
        (attribute::TENSOR, Bytes, One),
        (attribute::GRAPH, Bytes, One),
        (7, Fixed32, Many),
        (8, Varint, Many),
        (9, Bytes, Many),
        (attribute::TENSORS, Bytes, Many),
        (attribute::GRAPHS, Bytes, Many),
        (13, Bytes, One),
        (14, Bytes, One),
        (15, Bytes, Many),
        (20, Varint, One),
        (21, Bytes, One),
        (attribute::SPARSE_TENSOR, Bytes, One),
        (attribute::SPARSE_TENSORS, Bytes, Many),
    ],
};

/// Fields of [`TENSOR`].
pub(in crate::format) mod tensor {
    pub(in crate::format) const DIMENSIONS: u32 = 1;
    pub(in crate::format) const DATA_TYPE: u32 = 2;
    pub(in crate::format::onnx) const FLOATS: u32 = 4;
    pub(in crate::format::onnx) const INTEGERS: u32 = 5;
    pub(in crate::format::onnx) const TEXTS: u32 = 6;
    pub(in crate::format::onnx) const LONGS: u32 = 7;
    pub(in crate::format::onnx) const NAME: u32 = 8;
    pub(in crate::format::onnx) const RAW_DATA: u32 = 9;
    pub(in crate::format::onnx) const DOUBLES: u32 = 10;
    pub(in crate::format::onnx) const UNSIGNED: u32 = 11;
    pub(in crate::format::onnx) const EXTERNAL_DATA: u32 = 13;
    pub(in crate::format::onnx) const DATA_LOCATION: u32 = 14;
}

pub(in crate::format) static TENSOR: Schema = Schema {
    name: "TensorProto",
    fields: &[
        (tensor::DIMENSIONS, Varint, Many),
        (tensor::DATA_TYPE, Varint, One),
        (3, Bytes, One),
        (4, Fixed32, Many),
        (5, Varint, Many),
        (6, Bytes, Many),
        (7, Varint, Many),
        (tensor::NAME, Bytes, One),
        (tensor::RAW_DATA, Bytes, One),
        (10, Fixed64, Many),
        (11, Varint, Many),
        (12, Bytes, One),
        (tensor::EXTERNAL_DATA, Bytes, Many),
        (tensor::DATA_LOCATION, Varint, One),
        (16, Bytes, Many),
    ],
};

/// Fields of [`SPARSE_TENSOR`].
pub(super) mod sparse_tensor {
    pub(in crate::format::onnx) const VALUES: u32 = 1;
    pub(in crate::format::onnx) const INDICES: u32 = 2;
}

pub(super) static SPARSE_TENSOR: Schema = Schema {
    name: "SparseTensorProto",
    fields: &[
        (sparse_tensor::VALUES, Bytes, One),
        (sparse_tensor::INDICES, Bytes, One),
        (3, Varint, Many),
    ],
};

pub(super) static OPERATOR_SET: Schema = Schema {
    name: "OperatorSetIdProto",
    fields: &[(1, Bytes, One), (2, Varint, One)],
};

/// Fields of [`ENTRY`].
pub(super) mod entry {
    pub(in crate::format::onnx) const KEY: u32 = 1;
    pub(in crate::format::onnx) const VALUE: u32 = 2;
}

pub(super) static ENTRY: Schema = Schema {
    name: "StringStringEntryProto",
    fields: &[(entry::KEY, Bytes, One), (entry::VALUE, Bytes, One)],
};
