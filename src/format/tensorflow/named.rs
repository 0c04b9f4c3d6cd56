//! How the fields of TensorFlow's messages are called (TensorFlow 2.21), for graphs that are written as text. [`schema`](super::schema) has
//! what of them is read.

use crate::format::protobuf_text::{
    Kind::{Double, Float, Message, Number, Passed, Text, Words},
    table,
};

/// Types of tensors.
const TYPES: &[(&str, u64)] = &[
    ("DT_FLOAT", 1),
    ("DT_DOUBLE", 2),
    ("DT_INT32", 3),
    ("DT_UINT8", 4),
    ("DT_INT16", 5),
    ("DT_INT8", 6),
    ("DT_STRING", 7),
    ("DT_COMPLEX64", 8),
    ("DT_INT64", 9),
    ("DT_BOOL", 10),
    ("DT_QINT8", 11),
    ("DT_QUINT8", 12),
    ("DT_QINT32", 13),
    ("DT_BFLOAT16", 14),
    ("DT_QINT16", 15),
    ("DT_QUINT16", 16),
    ("DT_UINT16", 17),
    ("DT_COMPLEX128", 18),
    ("DT_HALF", 19),
    ("DT_RESOURCE", 20),
    ("DT_VARIANT", 21),
    ("DT_UINT32", 22),
    ("DT_UINT64", 23),
];

table!(
    SAVED_MODEL = "SavedModel",
    [
        ("saved_model_schema_version", 1, Number),
        ("meta_graphs", 2, Message(&META_GRAPH_DEF)),
    ]
);

table!(
    META_GRAPH_DEF = "MetaGraphDef",
    [
        ("meta_info_def", 1, Message(&META_INFO_DEF)),
        ("graph_def", 2, Message(&GRAPH_DEF)),
        ("saver_def", 3, Message(&SAVER_DEF)),
        ("collection_def", 4, Message(&COLLECTION_ENTRY)),
        ("signature_def", 5, Message(&SIGNATURE_ENTRY)),
        ("asset_file_def", 6, Message(&ASSET_FILE_DEF)),
        ("object_graph_def", 7, Message(&SAVED_OBJECT_GRAPH)),
    ]
);

table!(
    GRAPH_DEF = "GraphDef",
    [
        ("node", 1, Message(&NODE_DEF)),
        ("library", 2, Message(&FUNCTION_DEF_LIBRARY)),
        ("version", 3, Number),
        ("versions", 4, Message(&VERSION_DEF)),
        ("debug_info", 5, Passed),
    ]
);

table!(
    SAVER_DEF = "SaverDef",
    [
        ("filename_tensor_name", 1, Text),
        ("save_tensor_name", 2, Text),
        ("restore_op_name", 3, Text),
        ("max_to_keep", 4, Number),
        ("sharded", 5, Number),
        ("keep_checkpoint_every_n_hours", 6, Float),
        ("version", 7, Number),
    ]
);

table!(
    COLLECTION_ENTRY = "CollectionDefEntry",
    [("key", 1, Text), ("value", 2, Message(&COLLECTION_DEF)),]
);

table!(
    SIGNATURE_ENTRY = "SignatureDefEntry",
    [("key", 1, Text), ("value", 2, Message(&SIGNATURE_DEF)),]
);

table!(
    ASSET_FILE_DEF = "AssetFileDef",
    [
        ("tensor_info", 1, Message(&TENSOR_INFO)),
        ("filename", 2, Text),
    ]
);

table!(
    SAVED_OBJECT_GRAPH = "SavedObjectGraph",
    [
        ("nodes", 1, Message(&SAVED_OBJECT)),
        ("concrete_functions", 2, Message(&CONCRETE_FUNCTION_ENTRY)),
    ]
);

table!(
    NODE_DEF = "NodeDef",
    [
        ("name", 1, Text),
        ("op", 2, Text),
        ("input", 3, Text),
        ("device", 4, Text),
        ("attr", 5, Message(&ATTR_ENTRY)),
        ("experimental_debug_info", 6, Passed),
        ("experimental_type", 7, Passed),
    ]
);

table!(
    FUNCTION_DEF_LIBRARY = "FunctionDefLibrary",
    [
        ("function", 1, Message(&FUNCTION_DEF)),
        ("gradient", 2, Passed),
        ("registered_gradients", 3, Passed),
    ]
);

table!(
    COLLECTION_DEF = "CollectionDef",
    [
        ("node_list", 1, Passed),
        ("bytes_list", 2, Passed),
        ("int64_list", 3, Passed),
        ("float_list", 4, Passed),
        ("any_list", 5, Message(&ANY_LIST)),
    ]
);

table!(
    SIGNATURE_DEF = "SignatureDef",
    [
        ("inputs", 1, Message(&SIGNATURE_DEF_INPUTS_ENTRY)),
        ("outputs", 2, Message(&SIGNATURE_DEF_OUTPUTS_ENTRY)),
        ("method_name", 3, Text),
        ("defaults", 4, Message(&SIGNATURE_DEF_DEFAULTS_ENTRY)),
    ]
);

table!(
    TENSOR_INFO = "TensorInfo",
    [
        ("name", 1, Text),
        ("dtype", 2, Number),
        ("tensor_shape", 3, Passed),
        ("coo_sparse", 4, Passed),
        ("composite_tensor", 5, Passed),
    ]
);

table!(
    SAVED_OBJECT = "SavedObject",
    [
        ("children", 1, Passed),
        ("slot_variables", 3, Passed),
        ("user_object", 4, Message(&SAVED_USER_OBJECT)),
        ("asset", 5, Passed),
        ("function", 6, Passed),
        ("variable", 7, Passed),
        ("bare_concrete_function", 8, Passed),
        ("constant", 9, Passed),
        ("resource", 10, Passed),
        ("saveable_objects", 11, Passed),
        ("captured_tensor", 12, Passed),
        ("registered_name", 13, Text),
        ("serialized_user_proto", 14, Message(&ANY)),
        ("dependencies", 15, Passed),
        ("registered_saver", 16, Text),
    ]
);

table!(
    CONCRETE_FUNCTION_ENTRY = "ConcreteFunctionsEntry",
    [
        ("key", 1, Text),
        ("value", 2, Message(&SAVED_CONCRETE_FUNCTION)),
    ]
);

table!(
    ATTR_ENTRY = "AttrEntry",
    [("key", 1, Text), ("value", 2, Message(&ATTR_VALUE)),]
);

table!(
    FUNCTION_DEF = "FunctionDef",
    [
        ("signature", 1, Message(&OP_DEF)),
        ("node_def", 3, Message(&NODE_DEF)),
        ("ret", 4, Passed),
        ("attr", 5, Message(&ATTR_ENTRY)),
        ("control_ret", 6, Passed),
        ("arg_attr", 7, Passed),
        ("resource_arg_unique_id", 8, Passed),
    ]
);

table!(ANY_LIST = "AnyList", [("value", 1, Message(&ANY)),]);

table!(
    SIGNATURE_DEF_INPUTS_ENTRY = "InputsEntry",
    [("key", 1, Text), ("value", 2, Message(&TENSOR_INFO)),]
);

table!(
    SIGNATURE_DEF_OUTPUTS_ENTRY = "OutputsEntry",
    [("key", 1, Text), ("value", 2, Message(&TENSOR_INFO)),]
);

table!(
    SIGNATURE_DEF_DEFAULTS_ENTRY = "DefaultsEntry",
    [("key", 1, Text), ("value", 2, Message(&TENSOR_PROTO)),]
);

table!(
    SAVED_USER_OBJECT = "SavedUserObject",
    [
        ("identifier", 1, Text),
        ("version", 2, Passed),
        ("metadata", 3, Text),
    ]
);

table!(ANY = "Any", [
        ("type_url", 1, Text),
        ("value", 2, Text),
], any: ("/tensorflow.AssetFileDef", &ASSET_FILE_DEF));

table!(
    SAVED_CONCRETE_FUNCTION = "SavedConcreteFunction",
    [
        ("bound_inputs", 2, Number),
        ("canonicalized_input_signature", 3, Passed),
        ("output_signature", 4, Passed),
    ]
);

table!(
    ATTR_VALUE = "AttrValue",
    [
        ("list", 1, Message(&LIST_VALUE)),
        ("s", 2, Text),
        ("i", 3, Number),
        ("f", 4, Float),
        ("b", 5, Number),
        ("type", 6, Number),
        ("shape", 7, Passed),
        ("tensor", 8, Message(&TENSOR_PROTO)),
        ("placeholder", 9, Text),
        ("func", 10, Message(&NAME_ATTR_LIST)),
    ]
);

table!(
    OP_DEF = "OpDef",
    [
        ("name", 1, Text),
        ("input_arg", 2, Message(&OP_DEF_ARG_DEF)),
        ("output_arg", 3, Message(&OP_DEF_ARG_DEF)),
        ("attr", 4, Passed),
        ("summary", 5, Text),
        ("description", 6, Text),
        ("deprecation", 8, Passed),
        ("is_aggregate", 16, Number),
        ("is_stateful", 17, Number),
        ("is_commutative", 18, Number),
        ("allows_uninitialized_input", 19, Number),
        ("control_output", 20, Text),
        ("is_distributed_communication", 21, Number),
    ]
);

table!(
    TENSOR_PROTO = "TensorProto",
    [
        ("dtype", 1, Words(TYPES)),
        ("tensor_shape", 2, Message(&TENSOR_SHAPE)),
        ("version_number", 3, Number),
        ("tensor_content", 4, Text),
        ("float_val", 5, Float),
        ("double_val", 6, Double),
        ("int_val", 7, Number),
        ("string_val", 8, Text),
        ("scomplex_val", 9, Float),
        ("int64_val", 10, Number),
        ("bool_val", 11, Number),
        ("dcomplex_val", 12, Double),
        ("half_val", 13, Number),
        ("resource_handle_val", 14, Passed),
        ("variant_val", 15, Passed),
        ("uint32_val", 16, Number),
        ("uint64_val", 17, Number),
        ("float8_val", 18, Text),
    ]
);

table!(
    LIST_VALUE = "ListValue",
    [
        ("s", 2, Text),
        ("i", 3, Number),
        ("f", 4, Float),
        ("b", 5, Number),
        ("type", 6, Number),
        ("shape", 7, Passed),
        ("tensor", 8, Message(&TENSOR_PROTO)),
        ("func", 9, Message(&NAME_ATTR_LIST)),
    ]
);

table!(
    NAME_ATTR_LIST = "NameAttrList",
    [("name", 1, Text), ("attr", 2, Message(&ATTR_ENTRY)),]
);

table!(
    OP_DEF_ARG_DEF = "ArgDef",
    [
        ("name", 1, Text),
        ("description", 2, Text),
        ("type", 3, Number),
        ("type_attr", 4, Text),
        ("number_attr", 5, Text),
        ("type_list_attr", 6, Text),
        ("handle_data", 7, Passed),
        ("is_ref", 16, Number),
        ("experimental_full_type", 17, Passed),
    ]
);

table!(
    META_INFO_DEF = "MetaInfoDef",
    [
        ("meta_graph_version", 1, Text),
        ("stripped_op_list", 2, Passed),
        ("any_info", 3, Passed),
        ("tags", 4, Text),
        ("tensorflow_version", 5, Text),
        ("tensorflow_git_version", 6, Text),
        ("stripped_default_attrs", 7, Number),
        ("function_aliases", 8, Passed),
    ]
);

table!(
    VERSION_DEF = "VersionDef",
    [
        ("producer", 1, Number),
        ("min_consumer", 2, Number),
        ("bad_consumers", 3, Number),
    ]
);

table!(
    TENSOR_SHAPE = "TensorShapeProto",
    [("dim", 2, Message(&DIMENSION)), ("unknown_rank", 3, Number),]
);

table!(DIMENSION = "Dim", [("size", 1, Number), ("name", 2, Text),]);
