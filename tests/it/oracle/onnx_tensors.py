"""Writes models of ONNX with one tensor each into the folder that is named, most of them wrong in some way; prints for each what the library's
checker says of it, and whether the loader of external data opens what it names.

    onnx_tensors.py FOLDER COUNT SEED
"""

import json
import os
import random
import sys
import warnings

warnings.simplefilter("ignore")

import onnx
from onnx import TensorProto, helper

FOLDER, COUNT, SEED = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
RANDOM = random.Random(SEED)
WIDTHS = {
    TensorProto.FLOAT: 4,
    TensorProto.UINT8: 1,
    TensorProto.INT8: 1,
    TensorProto.INT32: 4,
    TensorProto.INT64: 8,
    TensorProto.FLOAT16: 2,
    TensorProto.BFLOAT16: 2,
    TensorProto.DOUBLE: 8,
    TensorProto.BOOL: 1,
    TensorProto.COMPLEX64: 8,
}
PATHS = ["../outside.bin", "/etc/hostname", "sub/../../outside.bin", "no_such_file.bin", "", ".", "a\0b", "weights.bin", "sub/weights.bin", "./weights.bin"]


def tensor():
    made = TensorProto(name="w", data_type=RANDOM.choice(list(WIDTHS)))
    made.dims.extend(RANDOM.randrange(0, 4) for _ in range(RANDOM.randrange(0, 4)))
    elements = 1
    for size in made.dims:
        elements *= size
    size = elements * WIDTHS[made.data_type]
    kind = RANDOM.randrange(10)
    if kind < 3:
        made.raw_data = bytes(max(0, size + RANDOM.choice([0, 0, -1, 1, 4])))
    elif kind < 7:
        made.data_location = TensorProto.EXTERNAL
        entries = {"location": RANDOM.choice(PATHS), "offset": "0", "length": str(size)}
        for key in RANDOM.sample(["location", "offset", "length"], RANDOM.choice([0, 0, 1])):
            del entries[key]
        if RANDOM.random() < 0.2:
            entries[RANDOM.choice(["offset", "length"])] = RANDOM.choice(["-1", "x", "99999999", str(2**64)])
        for key, value in entries.items():
            made.external_data.add(key=key, value=value)
        if RANDOM.random() < 0.1:
            made.raw_data = bytes(4)
    elif kind == 7:
        field = {TensorProto.FLOAT: made.float_data, TensorProto.INT32: made.int32_data, TensorProto.INT64: made.int64_data}.get(made.data_type)
        count = max(0, elements + RANDOM.choice([0, 0, -1, 1]))
        (made.int32_data if field is None else field).extend([1] * count)
    elif kind == 8:
        made.data_type = RANDOM.choice([0, 8, 99])
        made.raw_data = bytes(4)
    else:
        made.raw_data = bytes(size)
        made.float_data.extend([1.0])
    if RANDOM.random() < 0.1 and made.dims:
        made.dims[0] = RANDOM.choice([-1, 2**62])
    return made


def main():
    for path in ("weights.bin", "sub/weights.bin"):
        os.makedirs(os.path.dirname(os.path.join(FOLDER, path)), exist_ok=True)
        with open(os.path.join(FOLDER, path), "wb") as file:
            file.write(bytes(4096))
    for n in range(COUNT):
        made = tensor()
        graph = helper.make_graph([helper.make_node("Identity", ["w"], ["y"])], "g", [], [helper.make_tensor_value_info("y", made.data_type if made.data_type in WIDTHS else 1, [None] * len(made.dims))], initializer=[made])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
        file = os.path.join(FOLDER, f"{n}.onnx")
        with open(file, "wb") as out:
            out.write(model.SerializeToString())
        fields = ("raw_data", "float_data", "int32_data", "int64_data", "external_data")
        answer = {"file": f"{n}.onnx", "checker": None, "loader": None, "fields": sum(bool(getattr(made, of)) for of in fields)}
        # The checker takes more raw data than the shape needs, and shapes that no data can have where the data is elsewhere.
        size = WIDTHS.get(made.data_type, 0)
        for dimension in made.dims:
            size *= dimension
        answer["exact"] = len(made.raw_data) in (0, size) and all(0 <= of < 1 << 32 for of in made.dims)
        try:
            onnx.checker.check_model(file)
        except Exception as error:
            answer["checker"] = str(error).splitlines()[0][:160]
        try:
            onnx.load(file)
        except Exception as error:
            answer["loader"] = f"{type(error).__name__}: {str(error).splitlines()[0][:120]}"
        print(json.dumps(answer))


if __name__ == "__main__":
    main()
