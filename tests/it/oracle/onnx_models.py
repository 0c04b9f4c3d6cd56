"""Writes models of ONNX into the folder that is named, and changed ones; prints for each which operators and files the library finds in it.

    onnx_models.py FOLDER COUNT SEED
"""

import json
import os
import random
import sys
import warnings

warnings.simplefilter("ignore")

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

FOLDER, COUNT, SEED = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
RANDOM = random.Random(SEED)

STANDARD = sorted({schema.name for schema in onnx.defs.get_all_schemas() if schema.domain == ""})
CLASSIC = sorted({schema.name for schema in onnx.defs.get_all_schemas() if schema.domain == "ai.onnx.ml"})
RUNTIME = ["MatMulNBits", "FusedConv", "QAttention", "SkipLayerNormalization", "Gelu"]
TYPES = [
    value
    for name, value in TensorProto.DataType.items()
    if name not in ("UNDEFINED", "STRING") and not name.startswith("FLOAT6")
]


def name(prefix):
    return f"{prefix}{RANDOM.randrange(1000)}"


def tensor(depth=0):
    kind = RANDOM.randrange(5)
    shape = [RANDOM.randrange(5) for _ in range(RANDOM.randrange(4))]
    if kind == 0:
        count = int(numpy.prod(shape, dtype=int))
        return helper.make_tensor(name("t"), TensorProto.STRING, shape, [b"text"] * count)
    data_type = RANDOM.choice(TYPES)
    if kind == 1:
        array = numpy.zeros(shape, helper.tensor_dtype_to_np_dtype(RANDOM.choice([1, 6, 7, 11, 9, 10])))
        return numpy_helper.from_array(array, name("t"))
    dtype = helper.tensor_dtype_to_np_dtype(data_type)
    array = numpy.zeros(shape, dtype)
    if kind == 2:
        return helper.make_tensor(name("t"), data_type, shape, array.flatten().tolist())
    made = numpy_helper.from_array(array, name("t"))
    if kind == 3 and made.HasField("raw_data"):
        made.doc_string = "of a test"
        onnx.external_data_helper.set_external_data(
            made, location=f"{name('w')}.data", offset=RANDOM.choice([None, 0, 4096]), length=len(made.raw_data)
        )
        made.ClearField("raw_data")
        made.data_location = TensorProto.EXTERNAL
    return made


def sparse():
    values = helper.make_tensor(name("v"), TensorProto.FLOAT, [2], [1.0, 2.0])
    indices = helper.make_tensor(name("i"), TensorProto.INT64, [2], [0, 3])
    return helper.make_sparse_tensor(values, indices, [5])


def node(depth, own):
    domain, operator = RANDOM.choice(
        [
            ("", RANDOM.choice(STANDARD)),
            ("ai.onnx.ml", RANDOM.choice(CLASSIC)),
            ("com.microsoft", RANDOM.choice(RUNTIME)),
            ("my.domain", name("Custom")),
            *([RANDOM.choice(own)] if own else []),
        ]
    )
    made = helper.make_node(
        operator,
        [name("x") for _ in range(RANDOM.randrange(4))],
        [name("y")],
        name=RANDOM.choice([None, name("node")]),
        domain=domain,
        axis=RANDOM.randrange(-3, 3),
        scale=0.5,
        mode="linear",
        sizes=[1, 2, 3],
        rates=[0.1, 0.2],
        words=["a", "b"],
    )
    if RANDOM.random() < 0.3:
        made.attribute.append(helper.make_attribute("value", tensor()))
    if RANDOM.random() < 0.1:
        made.attribute.append(helper.make_attribute("sparse_value", sparse()))
    if depth < 3 and RANDOM.random() < 0.3:
        made.attribute.append(helper.make_attribute("body", graph(depth + 1, own)))
    if depth < 3 and RANDOM.random() < 0.1:
        made.attribute.append(helper.make_attribute("bodies", [graph(depth + 1, own), graph(depth + 1, own)]))
    return made


def graph(depth, own):
    return helper.make_graph(
        [node(depth, own) for _ in range(RANDOM.randrange(6))],
        name("graph"),
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 3])],
        initializer=[tensor() for _ in range(RANDOM.randrange(3))],
        sparse_initializer=[sparse() for _ in range(RANDOM.randrange(2))],
        doc_string=RANDOM.choice([None, "a graph"]),
    )


def model():
    own = [("of.mine", name("Function")) for _ in range(RANDOM.randrange(3))]
    functions = [
        helper.make_function(domain, of, ["x"], ["y"], [node(2, [])], [helper.make_opsetid("", 21)])
        for domain, of in dict.fromkeys(own)
    ]
    made = helper.make_model(
        graph(0, own),
        functions=functions,
        producer_name=RANDOM.choice(["pytorch", "skl2onnx", ""]),
        producer_version="1",
        opset_imports=[helper.make_opsetid(domain, 1) for domain in ("", "ai.onnx.ml", "com.microsoft", "my.domain")],
        ir_version=RANDOM.randrange(3, 12),
    )
    helper.set_model_props(made, {"key": "value"})
    if RANDOM.random() < 0.2:
        training = made.training_info.add()
        training.algorithm.CopyFrom(graph(2, own))
        training.initialization.CopyFrom(graph(2, own))
    return made


def operators(made):
    """Every operator that nodes name, but those that are functions of the model; every file that tensors name."""
    functions = {(function.domain, function.name) for function in made.functions}
    found, files = set(), set()

    def of_tensor(tensor):
        if onnx.external_data_helper.uses_external_data(tensor):
            for entry in tensor.external_data:
                if entry.key == "location" and isinstance(entry.value, str):
                    files.add(entry.value)

    def of_sparse(tensor):
        of_tensor(tensor.values)
        of_tensor(tensor.indices)

    def of_attribute(attribute):
        for tensor in [attribute.t, *attribute.tensors]:
            of_tensor(tensor)
        for tensor in [attribute.sparse_tensor, *attribute.sparse_tensors]:
            of_sparse(tensor)
        for graph in [attribute.g, *attribute.graphs]:
            of_graph(graph)

    def of_node(node):
        # What is not UTF-8 comes as bytes.
        is_text = isinstance(node.domain, str) and isinstance(node.op_type, str)
        if is_text and (node.domain, node.op_type) not in functions:
            found.add(f"{node.domain or 'ai.onnx'}::{node.op_type}")
        for attribute in node.attribute:
            of_attribute(attribute)

    def of_graph(graph):
        for node in graph.node:
            of_node(node)
        for tensor in graph.initializer:
            of_tensor(tensor)
        for tensor in graph.sparse_initializer:
            of_sparse(tensor)

    of_graph(made.graph)
    for function in made.functions:
        for node in function.node:
            of_node(node)
        for attribute in function.attribute_proto:
            of_attribute(attribute)
    for training in made.training_info:
        of_graph(training.algorithm)
        of_graph(training.initialization)
    return {"operators": sorted(found), "files": sorted(files)}


def changed(data):
    data = bytearray(data)
    for _ in range(RANDOM.choice([1, 1, 1, 2, 5])):
        at = RANDOM.randrange(len(data))
        kind = RANDOM.randrange(5)
        if kind == 0:
            data[at] = RANDOM.randrange(256)
        elif kind == 1:
            data[at] ^= 1 << RANDOM.randrange(8)
        elif kind == 2:
            del data[at : at + RANDOM.randrange(1, 9)]
        elif kind == 3:
            data[at:at] = data[at : at + RANDOM.randrange(1, 40)]
        else:
            data[at:at] = RANDOM.randbytes(RANDOM.randrange(1, 4))
        if not data:
            data = bytearray(b"\0")
    return bytes(data)


def write(file, data, genuine):
    with open(os.path.join(FOLDER, file), "wb") as out:
        out.write(data)
    answer = {"file": file, "genuine": genuine, "loads": False, "operators": [], "files": []}
    try:
        made = onnx.load_model_from_string(data)
        answer |= {"loads": True, **operators(made)}
    except Exception as error:
        answer["error"] = type(error).__name__
    print(json.dumps(answer))


def main():
    for n in range(max(COUNT // 8, 40)):
        data = model().SerializeToString()
        write(f"genuine{n}.onnx", data, True)
        for m in range(7):
            write(f"changed{n}_{m}.onnx", changed(data), False)


if __name__ == "__main__":
    main()
