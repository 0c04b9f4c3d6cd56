//! How the fields of ONNX's messages are called (ONNX 1.23), for models that are written as text. [`schema`](super::schema) has what of them is
//! read.

use crate::format::protobuf_text::{
    Kind::{Bytes, Double, Float, Message, Number, Passed, Text, Words},
    table,
};

table!(
    MODEL_PROTO = "ModelProto",
    [
        ("ir_version", 1, Number),
        ("producer_name", 2, Text),
        ("producer_version", 3, Text),
        ("domain", 4, Text),
        ("model_version", 5, Number),
        ("doc_string", 6, Text),
        ("graph", 7, Message(&GRAPH_PROTO)),
        ("opset_import", 8, Message(&OPERATOR_SET_ID_PROTO)),
        ("metadata_props", 14, Message(&STRING_STRING_ENTRY_PROTO)),
        ("training_info", 20, Message(&TRAINING_INFO_PROTO)),
        ("functions", 25, Message(&FUNCTION_PROTO)),
        ("configuration", 26, Passed),
    ]
);

table!(
    OPERATOR_SET_ID_PROTO = "OperatorSetIdProto",
    [("domain", 1, Text), ("version", 2, Number),]
);

table!(
    GRAPH_PROTO = "GraphProto",
    [
        ("node", 1, Message(&NODE_PROTO)),
        ("name", 2, Text),
        ("initializer", 5, Message(&TENSOR_PROTO)),
        ("doc_string", 10, Text),
        ("input", 11, Passed),
        ("output", 12, Passed),
        ("value_info", 13, Passed),
        ("quantization_annotation", 14, Passed),
        ("sparse_initializer", 15, Message(&SPARSE_TENSOR_PROTO)),
        ("metadata_props", 16, Message(&STRING_STRING_ENTRY_PROTO)),
    ]
);

table!(
    STRING_STRING_ENTRY_PROTO = "StringStringEntryProto",
    [("key", 1, Text), ("value", 2, Text),]
);

table!(
    TRAINING_INFO_PROTO = "TrainingInfoProto",
    [
        ("initialization", 1, Message(&GRAPH_PROTO)),
        ("algorithm", 2, Message(&GRAPH_PROTO)),
        (
            "initialization_binding",
            3,
            Message(&STRING_STRING_ENTRY_PROTO)
        ),
        ("update_binding", 4, Message(&STRING_STRING_ENTRY_PROTO)),
    ]
);

table!(
    FUNCTION_PROTO = "FunctionProto",
    [
        ("name", 1, Text),
        ("input", 4, Text),
        ("output", 5, Text),
        ("attribute", 6, Text),
        ("node", 7, Message(&NODE_PROTO)),
        ("doc_string", 8, Text),
        ("opset_import", 9, Message(&OPERATOR_SET_ID_PROTO)),
        ("domain", 10, Text),
        ("attribute_proto", 11, Message(&ATTRIBUTE_PROTO)),
        ("value_info", 12, Passed),
        ("overload", 13, Text),
        ("metadata_props", 14, Message(&STRING_STRING_ENTRY_PROTO)),
    ]
);

table!(
    NODE_PROTO = "NodeProto",
    [
        ("input", 1, Text),
        ("output", 2, Text),
        ("name", 3, Text),
        ("op_type", 4, Text),
        ("attribute", 5, Message(&ATTRIBUTE_PROTO)),
        ("doc_string", 6, Text),
        ("domain", 7, Text),
        ("overload", 8, Text),
        ("metadata_props", 9, Message(&STRING_STRING_ENTRY_PROTO)),
        ("device_configurations", 10, Passed),
    ]
);

table!(
    TENSOR_PROTO = "TensorProto",
    [
        ("dims", 1, Number),
        ("data_type", 2, Number),
        ("segment", 3, Passed),
        ("float_data", 4, Float),
        ("int32_data", 5, Number),
        ("string_data", 6, Bytes),
        ("int64_data", 7, Number),
        ("name", 8, Text),
        ("raw_data", 9, Bytes),
        ("double_data", 10, Double),
        ("uint64_data", 11, Number),
        ("doc_string", 12, Text),
        ("external_data", 13, Message(&STRING_STRING_ENTRY_PROTO)),
        ("data_location", 14, Words(&[("EXTERNAL", 1)])),
        ("metadata_props", 16, Message(&STRING_STRING_ENTRY_PROTO)),
    ]
);

table!(
    SPARSE_TENSOR_PROTO = "SparseTensorProto",
    [
        ("values", 1, Message(&TENSOR_PROTO)),
        ("indices", 2, Message(&TENSOR_PROTO)),
        ("dims", 3, Number),
    ]
);

table!(
    ATTRIBUTE_PROTO = "AttributeProto",
    [
        ("name", 1, Text),
        ("f", 2, Float),
        ("i", 3, Number),
        ("s", 4, Bytes),
        ("t", 5, Message(&TENSOR_PROTO)),
        ("g", 6, Message(&GRAPH_PROTO)),
        ("floats", 7, Float),
        ("ints", 8, Number),
        ("strings", 9, Bytes),
        ("tensors", 10, Message(&TENSOR_PROTO)),
        ("graphs", 11, Message(&GRAPH_PROTO)),
        ("doc_string", 13, Text),
        ("tp", 14, Passed),
        ("type_protos", 15, Passed),
        ("type", 20, Number),
        ("ref_attr_name", 21, Text),
        ("sparse_tensor", 22, Message(&SPARSE_TENSOR_PROTO)),
        ("sparse_tensors", 23, Message(&SPARSE_TENSOR_PROTO)),
    ]
);
