//! The messages of TensorFlow's graphs (TensorFlow 2.21): their fields by number.

use crate::format::protobuf::{
    Schema,
    Times::{Many, One},
    Wire::{Bytes, Fixed32, Fixed64, Varint},
    message,
};

/// What is said of a saved model as a whole: digests, and which release wrote it.
pub(super) static FINGERPRINT: Schema = Schema {
    name: "FingerprintDef",
    fields: &[
        (1, Varint, One),
        (2, Varint, One),
        (3, Varint, One),
        (4, Varint, One),
        (5, Varint, One),
        (6, Bytes, One),
        (7, Bytes, One),
    ],
};

message!(
    SAVED_MODEL = "SavedModel", saved_model { META_GRAPHS = 2 },
    [(1, Varint, One), (2, Bytes, Many)]
);
message!(
    META_GRAPH = "MetaGraphDef",
    meta_graph { GRAPH = 2, SAVER = 3, COLLECTIONS = 4, SIGNATURES = 5, ASSETS = 6, OBJECTS = 7 },
    [
        (1, Bytes, One),
        (2, Bytes, One),
        (3, Bytes, One),
        (4, Bytes, Many),
        (5, Bytes, Many),
        (6, Bytes, Many),
        (7, Bytes, One),
    ]
);
message!(
    SAVER = "SaverDef", saver { FILENAME = 1, SAVE = 2, RESTORE = 3 },
    [
        (1, Bytes, One),
        (2, Bytes, One),
        (3, Bytes, One),
        (4, Varint, One),
        (5, Varint, One),
        (6, Fixed32, One),
        (7, Varint, One),
    ]
);
message!(
    ASSET = "AssetFileDef", asset { TENSOR = 1, FILENAME = 2 },
    [(1, Bytes, One), (2, Bytes, One)]
);
message!(
    COLLECTION = "CollectionDef", collection { ANY = 5 },
    [
        (1, Bytes, One),
        (2, Bytes, One),
        (3, Bytes, One),
        (4, Bytes, One),
        (5, Bytes, One),
    ]
);
message!(
    ANY_LIST = "AnyList", any_list { VALUES = 1 },
    [(1, Bytes, Many)]
);
message!(
    ANY = "Any", any { TYPE = 1, VALUE = 2 },
    [(1, Bytes, One), (2, Bytes, One)]
);
message!(
    SIGNATURE_DEF = "SignatureDef", signature_def { OUTPUTS = 2 },
    [(1, Bytes, Many), (2, Bytes, Many), (3, Bytes, One), (4, Bytes, Many)]
);
message!(
    TENSOR_INFO = "TensorInfo", tensor_info { NAME = 1 },
    [
        (1, Bytes, One),
        (2, Varint, One),
        (3, Bytes, One),
        (4, Bytes, One),
        (5, Bytes, One),
    ]
);
message!(
    OBJECTS = "SavedObjectGraph", objects { NODES = 1, FUNCTIONS = 2 },
    [(1, Bytes, Many), (2, Bytes, Many)]
);
message!(
    OBJECT = "SavedObject", object { USER = 4, ASSET = 5, VARIABLE = 7, RESOURCE = 10 },
    [
        (1, Bytes, Many),
        (3, Bytes, Many),
        (4, Bytes, One),
        (5, Bytes, One),
        (6, Bytes, One),
        (7, Bytes, One),
        (8, Bytes, One),
        (9, Bytes, One),
        (10, Bytes, One),
        (11, Bytes, Many),
        (12, Bytes, One),
        (13, Bytes, One),
        (14, Bytes, One),
        (15, Bytes, Many),
        (16, Bytes, One),
    ]
);
message!(
    USER_OBJECT = "SavedUserObject", user_object { KIND = 1, CONFIGURATION = 3 },
    [(1, Bytes, One), (2, Bytes, One), (3, Bytes, One)]
);
message!(
    LAYERS = "SavedMetadata", layers { NODES = 1 },
    [(1, Bytes, Many)]
);
message!(
    LAYER = "SavedObject", layer { PATH = 3, CONFIGURATION = 5 },
    [
        (2, Varint, One),
        (3, Bytes, One),
        (4, Bytes, One),
        (5, Bytes, One),
        (6, Bytes, One),
    ]
);
message!(
    CONCRETE_FUNCTION = "SavedConcreteFunction", concrete_function { BOUND = 2 },
    [(2, Varint, Many), (3, Bytes, One), (4, Bytes, One)]
);
message!(
    GRAPH = "GraphDef", graph { NODES = 1, LIBRARY = 2 },
    [
        (1, Bytes, Many),
        (2, Bytes, One),
        (3, Varint, One),
        (4, Bytes, One),
        (5, Bytes, One),
    ]
);
message!(
    LIBRARY = "FunctionDefLibrary", library { FUNCTIONS = 1 },
    [(1, Bytes, Many), (2, Bytes, Many), (3, Bytes, Many)]
);
message!(
    FUNCTION = "FunctionDef", function { SIGNATURE = 1, NODES = 3 },
    [
        (1, Bytes, One),
        (3, Bytes, Many),
        (4, Bytes, Many),
        (5, Bytes, Many),
        (6, Bytes, Many),
        (7, Bytes, Many),
        (8, Bytes, Many),
    ]
);
message!(
    SIGNATURE = "OpDef", signature { NAME = 1, INPUTS = 2 },
    [
        (1, Bytes, One),
        (2, Bytes, Many),
        (3, Bytes, Many),
        (4, Bytes, Many),
        (5, Bytes, One),
        (6, Bytes, One),
        (8, Bytes, One),
        (16, Varint, One),
        (17, Varint, One),
        (18, Varint, One),
        (19, Varint, One),
        (20, Bytes, Many),
        (21, Varint, One),
    ]
);
message!(
    ARGUMENT = "ArgDef", argument { NAME = 1 },
    [
        (1, Bytes, One),
        (2, Bytes, One),
        (3, Varint, One),
        (4, Bytes, One),
        (5, Bytes, One),
        (6, Bytes, One),
        (7, Bytes, Many),
        (16, Varint, One),
        (17, Bytes, One),
    ]
);
message!(
    NODE = "NodeDef", node { NAME = 1, OPERATOR = 2, INPUTS = 3, ATTRIBUTES = 5 },
    [
        (1, Bytes, One),
        (2, Bytes, One),
        (3, Bytes, Many),
        (4, Bytes, One),
        (5, Bytes, Many),
        (6, Bytes, One),
        (7, Bytes, One),
    ]
);
message!(
    ENTRY = "AttrEntry", entry { KEY = 1, VALUE = 2 },
    [(1, Bytes, One), (2, Bytes, One)]
);
message!(
    VALUE = "AttrValue",
    value { LIST = 1, TEXT = 2, TENSOR = 8, PLACEHOLDER = 9, FUNCTION = 10 },
    [
        (1, Bytes, One),
        (2, Bytes, One),
        (3, Varint, One),
        (4, Fixed32, One),
        (5, Varint, One),
        (6, Varint, One),
        (7, Bytes, One),
        (8, Bytes, One),
        (9, Bytes, One),
        (10, Bytes, One),
    ]
);
message!(
    LIST = "ListValue", list { FUNCTIONS = 9 },
    [
        (2, Bytes, Many),
        (3, Varint, Many),
        (4, Fixed32, Many),
        (5, Varint, Many),
        (6, Varint, Many),
        (7, Bytes, Many),
        (8, Bytes, Many),
        (9, Bytes, Many),
    ]
);
message!(
    NAMED = "NameAttrList", named { NAME = 1, ATTRIBUTES = 2 },
    [(1, Bytes, One), (2, Bytes, Many)]
);
message!(
    TENSOR = "TensorProto", tensor { TYPE = 1, SHAPE = 2, TEXTS = 8 },
    [
        (1, Varint, One),
        (2, Bytes, One),
        (3, Varint, One),
        (4, Bytes, One),
        (5, Fixed32, Many),
        (6, Fixed64, Many),
        (7, Varint, Many),
        (8, Bytes, Many),
        (9, Fixed32, Many),
        (10, Varint, Many),
        (11, Varint, Many),
        (12, Fixed64, Many),
        (13, Varint, Many),
        (14, Bytes, Many),
        (15, Bytes, Many),
        (16, Varint, Many),
        (17, Varint, Many),
        (18, Bytes, One),
    ]
);
