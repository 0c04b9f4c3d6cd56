"""Writes graphs of OpenVINO into the folder that is named, and changed ones; prints for each which operators OpenVINO finds in it.

    openvino_models.py FOLDER COUNT SEED
"""

import json
import os
import random
import sys

import numpy
import openvino
from openvino import opset1, opset13, opset15

FOLDER, COUNT, SEED = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
RANDOM = random.Random(SEED)
CORE = openvino.Core()
# How a file names an operator, where that is another name than that of the set.
OTHER_NAMES = {"Constant": "Const", "PRelu": "PReLU", "Relu": "ReLU", "Softmax": "SoftMax"}


def models():
    ops = opset15

    def given(*shape):
        return ops.parameter(list(shape), numpy.float32)

    x = given(1, 3, 8, 8)
    kernel = ops.constant(RANDOM.random() * numpy.ones((4, 3, 3, 3), numpy.float32))
    conv = ops.convolution(x, kernel, [1, 1], [0, 0], [0, 0], [1, 1])
    yield "image", openvino.Model([ops.softmax(ops.prelu(ops.relu(conv), ops.constant(numpy.float32([0.1]))), 1)], [x], "a & b <c>")
    x = given(2, 6)
    for dtype in (numpy.float16, numpy.int8, numpy.uint8, numpy.int64, numpy.bool_, numpy.float64):
        constant = ops.convert(ops.constant(numpy.ones((2, 6), dtype)), numpy.float32)
        yield f"constant_{numpy.dtype(dtype)}", openvino.Model([ops.add(x, constant)], [x])
    for dtype in ("u4", "i4", "u1", "nf4", "bf16", "f8e4m3"):
        tensor = openvino.Tensor(getattr(openvino.Type, dtype), openvino.Shape([2, 6]))
        constant = ops.convert(ops.constant(tensor), numpy.float32)
        yield f"constant_{dtype}", openvino.Model([ops.add(x, constant)], [x])
    inside = given(2, 6)
    branch = openvino.Model([ops.relu(inside)], [inside])
    other = given(2, 6)
    otherwise = openvino.Model([ops.sigmoid(other)], [other])
    condition = ops.parameter([], numpy.bool_)
    chosen = ops.if_op(condition.output(0))
    chosen.set_then_body(branch)
    chosen.set_else_body(otherwise)
    chosen.set_input(x.output(0), inside, other)
    output = chosen.set_output(branch.results[0], otherwise.results[0])
    yield "branch", openvino.Model([ops.result(output)], [condition, x])
    words = ops.parameter([3], openvino.Type.string)
    yield "text", openvino.Model([ops.string_tensor_unpack(words).output(2)], [words])
    yield "variable", openvino.Model([ops.assign(ops.read_value(x, "v", numpy.float32, [2, 6]), "v")], [x])
    yield "nms", openvino.Model(
        [opset13.topk(x, ops.constant(numpy.int64(2)), 1, "max", "value").output(0)], [x]
    )
    yield "old", openvino.Model([opset1.elu(x, 1.0)], [x])


def operators(model):
    found = set()
    for node in model.get_ops():
        name = node.get_type_name()
        found.add(OTHER_NAMES.get(name, name))
        for method in ("get_then_body", "get_else_body"):
            if hasattr(node, method):
                found |= operators(getattr(node, method)())
    return found


def of_child(work):
    """What a function returns in a process of its own; `None` if that ends in any other way."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            answer = json.dumps(sorted(work()))
            with os.fdopen(writer, "w") as out:
                out.write(answer)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        answer = file.read()
    os.waitpid(child, 0)
    return json.loads(answer) if answer else None


def tell(name, genuine):
    path = os.path.join(FOLDER, name)
    found = of_child(lambda: operators(CORE.read_model(path + ".xml", path + ".bin")))
    print(json.dumps({"file": name + ".xml", "genuine": genuine, "loads": found is not None, "operators": found or []}), flush=True)


def changed(data):
    data = bytearray(data)
    for _ in range(RANDOM.choice([1, 1, 2, 4])):
        at = RANDOM.randrange(len(data))
        kind = RANDOM.randrange(5)
        if kind == 0:
            data[at] = RANDOM.randrange(256)
        elif kind == 1:
            data[at] = RANDOM.choice(b"<>&\"'/= 019aZ")
        elif kind == 2:
            del data[at : at + RANDOM.randrange(1, 20)]
        elif kind == 3:
            data[at:at] = data[at : at + RANDOM.randrange(1, 200)]
        else:
            start = data.find(b'type="', at) + 6
            data[start:start] = RANDOM.choice([b"My", b"&lt;", b"Re"])
    return bytes(data)


def main():
    names = []
    for name, model in models():
        path = os.path.join(FOLDER, name)
        openvino.serialize(model, path + ".xml", path + ".bin")
        tell(name, True)
        names.append(name)
    for n in range(COUNT):
        source = os.path.join(FOLDER, RANDOM.choice(names))
        with open(source + ".xml", "rb") as file:
            data = changed(file.read())
        with open(os.path.join(FOLDER, f"changed{n}.xml"), "wb") as out:
            out.write(data)
        os.link(source + ".bin", os.path.join(FOLDER, f"changed{n}.bin"))
        tell(f"changed{n}", False)


if __name__ == "__main__":
    main()
