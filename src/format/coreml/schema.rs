//! The messages of Core ML (`Model.proto`, `NeuralNetwork.proto` and `MIL.proto` of coremltools 9): their fields by number.

use crate::format::protobuf::{
    Times::{Many, One},
    Wire::{Bytes, Varint},
    message,
};

/// The first number of a field that says what a model is.
pub(super) const KINDS: u32 = 200;

message!(
    MODEL = "Model",
    model {
        DESCRIPTION = 2,
        PIPELINE_CLASSIFIER = 200,
        PIPELINE_REGRESSOR = 201,
        PIPELINE = 202,
        NETWORK_REGRESSOR = 303,
        NETWORK_CLASSIFIER = 403,
        NETWORK = 500,
        PROGRAM = 502,
        CUSTOM = 555,
        LINKED = 556,
        SERIALIZED = 3000,
    },
    [
        (1, Varint, One),
        (2, Bytes, One),
        (10, Varint, One),
        (200, Bytes, One), (201, Bytes, One), (202, Bytes, One), (300, Bytes, One),
        (301, Bytes, One), (302, Bytes, One), (303, Bytes, One), (304, Bytes, One),
        (400, Bytes, One), (401, Bytes, One), (402, Bytes, One), (403, Bytes, One),
        (404, Bytes, One), (500, Bytes, One), (501, Bytes, One), (502, Bytes, One),
        (555, Bytes, One), (556, Bytes, One), (560, Bytes, One), (600, Bytes, One),
        (601, Bytes, One), (602, Bytes, One), (603, Bytes, One), (604, Bytes, One),
        (606, Bytes, One), (607, Bytes, One), (609, Bytes, One), (610, Bytes, One),
        (900, Bytes, One), (2000, Bytes, One), (2001, Bytes, One), (2002, Bytes, One),
        (2003, Bytes, One), (2004, Bytes, One), (2005, Bytes, One), (2006, Bytes, One),
        (3000, Bytes, One),
    ]
);
message!(
    PIPELINE = "Pipeline", pipeline { MODELS = 1 },
    [(1, Bytes, Many), (2, Bytes, Many)]
);
message!(
    PIPELINE_OF = "PipelineClassifier", pipeline_of { PIPELINE = 1 },
    [(1, Bytes, One)]
);
message!(
    NETWORK = "NeuralNetwork", network { LAYERS = 1 },
    [
        (1, Bytes, Many),
        (2, Bytes, Many),
        (5, Varint, One),
        (6, Varint, One),
        (10, Bytes, One),
        (100, Bytes, One),
        (101, Bytes, One),
        (200, Bytes, One),
    ]
);
message!(
    LAYER = "NeuralNetworkLayer", layer { NAME = 1, CUSTOM = 500, BRANCH = 605, LOOP = 615 },
    [
        (1, Bytes, One),
        (2, Bytes, Many),
        (3, Bytes, Many),
        (4, Bytes, Many),
        (5, Bytes, Many),
        (10, Varint, One),
        (100, Bytes, One), (120, Bytes, One), (130, Bytes, One), (140, Bytes, One),
        (150, Bytes, One), (160, Bytes, One), (165, Bytes, One), (170, Bytes, One),
        (175, Bytes, One), (180, Bytes, One), (190, Bytes, One), (200, Bytes, One),
        (210, Bytes, One), (211, Bytes, One), (212, Bytes, One), (220, Bytes, One),
        (230, Bytes, One), (231, Bytes, One), (240, Bytes, One), (245, Bytes, One),
        (250, Bytes, One), (260, Bytes, One), (261, Bytes, One), (270, Bytes, One),
        (280, Bytes, One), (290, Bytes, One), (300, Bytes, One), (301, Bytes, One),
        (310, Bytes, One), (320, Bytes, One), (330, Bytes, One), (340, Bytes, One),
        (345, Bytes, One), (350, Bytes, One), (400, Bytes, One), (410, Bytes, One),
        (420, Bytes, One), (430, Bytes, One), (500, Bytes, One), (600, Bytes, One),
        (605, Bytes, One), (615, Bytes, One), (620, Bytes, One), (625, Bytes, One),
        (635, Bytes, One), (640, Bytes, One), (660, Bytes, One), (665, Bytes, One),
        (670, Bytes, One), (680, Bytes, One), (685, Bytes, One), (700, Bytes, One),
        (710, Bytes, One), (715, Bytes, One), (720, Bytes, One), (730, Bytes, One),
        (735, Bytes, One), (740, Bytes, One), (750, Bytes, One), (755, Bytes, One),
        (760, Bytes, One), (770, Bytes, One), (775, Bytes, One), (780, Bytes, One),
        (790, Bytes, One), (795, Bytes, One), (815, Bytes, One), (820, Bytes, One),
        (825, Bytes, One), (827, Bytes, One), (830, Bytes, One), (832, Bytes, One),
        (840, Bytes, One), (845, Bytes, One), (850, Bytes, One), (855, Bytes, One),
        (865, Bytes, One), (870, Bytes, One), (875, Bytes, One), (880, Bytes, One),
        (885, Bytes, One), (890, Bytes, One), (895, Bytes, One), (900, Bytes, One),
        (905, Bytes, One), (920, Bytes, One), (925, Bytes, One), (930, Bytes, One),
        (935, Bytes, One), (940, Bytes, One), (945, Bytes, One), (950, Bytes, One),
        (952, Bytes, One), (954, Bytes, One), (960, Bytes, One), (965, Bytes, One),
        (975, Bytes, One), (980, Bytes, One), (985, Bytes, One), (995, Bytes, One),
        (1000, Bytes, One), (1005, Bytes, One), (1015, Bytes, One), (1020, Bytes, One),
        (1025, Bytes, One), (1040, Bytes, One), (1045, Bytes, One), (1065, Bytes, One),
        (1070, Bytes, One), (1080, Bytes, One), (1085, Bytes, One), (1090, Bytes, One),
        (1100, Bytes, One), (1105, Bytes, One), (1110, Bytes, One), (1120, Bytes, One),
        (1125, Bytes, One), (1130, Bytes, One), (1135, Bytes, One), (1140, Bytes, One),
        (1145, Bytes, One), (1150, Bytes, One), (1155, Bytes, One), (1170, Bytes, One),
        (1175, Bytes, One), (1180, Bytes, One), (1190, Bytes, One), (1195, Bytes, One),
        (1200, Bytes, One), (1210, Bytes, One), (1215, Bytes, One), (1220, Bytes, One),
        (1230, Bytes, One), (1250, Bytes, One), (1255, Bytes, One), (1260, Bytes, One),
        (1265, Bytes, One), (1270, Bytes, One), (1275, Bytes, One), (1280, Bytes, One),
        (1285, Bytes, One), (1290, Bytes, One), (1295, Bytes, One), (1313, Bytes, One),
        (1315, Bytes, One), (1320, Bytes, One), (1325, Bytes, One), (1330, Bytes, One),
        (1350, Bytes, One), (1400, Bytes, One), (1450, Bytes, One), (1455, Bytes, One),
        (1460, Bytes, One), (1461, Bytes, One), (1465, Bytes, One), (1466, Bytes, One),
        (1470, Bytes, One), (1471, Bytes, One),
    ]
);
message!(
    BRANCH = "BranchLayerParams", branch { THEN = 1, OTHERWISE = 2 },
    [(1, Bytes, One), (2, Bytes, One)]
);
message!(
    LOOP = "LoopLayerParams", loop_ { CONDITION = 3, BODY = 4 },
    [(1, Varint, One), (2, Bytes, One), (3, Bytes, One), (4, Bytes, One)]
);
message!(
    CUSTOM = "CustomLayerParams", custom { CLASS = 10 },
    [(10, Bytes, One), (20, Bytes, Many), (30, Bytes, Many), (40, Bytes, One)]
);
message!(
    LINKED = "LinkedModel", linked { FILE = 1 },
    [(1, Bytes, One)]
);
message!(
    LINKED_FILE = "LinkedModelFile", linked_file { NAME = 1, PATHS = 2 },
    [(1, Bytes, One), (2, Bytes, One)]
);
message!(
    PARAMETER = "StringParameter", parameter { DEFAULT = 1 },
    [(1, Bytes, One)]
);
message!(
    SERIALIZED = "SerializedModel", serialized { IDENTIFIER = 1 },
    [(1, Bytes, One), (2, Bytes, One)]
);
message!(
    PROGRAM = "Program", program { FUNCTIONS = 2, ATTRIBUTES = 4 },
    [(1, Varint, One), (2, Bytes, Many), (3, Bytes, One), (4, Bytes, Many)]
);
message!(
    ENTRY = "MapEntry", entry { KEY = 1, VALUE = 2 },
    [(1, Bytes, One), (2, Bytes, One)]
);
message!(
    FUNCTION = "Function", function { BLOCKS = 3, ATTRIBUTES = 4 },
    [(1, Bytes, Many), (2, Bytes, One), (3, Bytes, Many), (4, Bytes, Many)]
);
message!(
    BLOCK = "Block", block { OPERATIONS = 3, ATTRIBUTES = 4 },
    [(1, Bytes, Many), (2, Bytes, Many), (3, Bytes, Many), (4, Bytes, Many)]
);
message!(
    OPERATION = "Operation",
    operation { TYPE = 1, INPUTS = 2, OUTPUTS = 3, BLOCKS = 4, ATTRIBUTES = 5 },
    [
        (1, Bytes, One),
        (2, Bytes, Many),
        (3, Bytes, Many),
        (4, Bytes, Many),
        (5, Bytes, Many),
    ]
);
message!(
    NAMED_TYPE = "NamedValueType", named_type { NAME = 1 },
    [(1, Bytes, One), (2, Bytes, One)]
);
message!(
    ARGUMENT = "Argument", argument { BINDINGS = 1 },
    [(1, Bytes, Many)]
);
message!(
    BINDING = "Binding", binding { VALUE = 2 },
    [(1, Bytes, One), (2, Bytes, One)]
);
message!(
    VALUE = "Value", value { IMMEDIATE = 3, FILE = 5 },
    [(1, Bytes, One), (2, Bytes, One), (3, Bytes, One), (5, Bytes, One)]
);
message!(
    FILE = "BlobFileValue", file { NAME = 1 },
    [(1, Bytes, One), (2, Varint, One)]
);
message!(
    IMMEDIATE = "ImmediateValue", immediate { TENSOR = 1, TUPLE = 2, LIST = 3, DICTIONARY = 4 },
    [(1, Bytes, One), (2, Bytes, One), (3, Bytes, One), (4, Bytes, One)]
);
message!(
    VALUES = "ListValue", values { VALUES = 1 },
    [(1, Bytes, Many)]
);
message!(
    TENSOR = "TensorValue", tensor { TEXTS = 4 },
    [
        (1, Bytes, One),
        (2, Bytes, One),
        (3, Bytes, One),
        (4, Bytes, One),
        (5, Bytes, One),
        (6, Bytes, One),
        (7, Bytes, One),
    ]
);
