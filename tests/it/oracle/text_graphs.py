"""Writes graphs into the folder that is named as text, genuine and changed; prints for each the file with the message that the library reads in it.

    text_graphs.py FOLDER COUNT SEED tensorflow|onnx
"""

import json
import os
import random
import sys
import tempfile
import warnings

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
warnings.simplefilter("ignore")

from google.protobuf import json_format, text_format

FOLDER, COUNT, SEED, LIBRARY = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
RANDOM = random.Random(SEED)


def of_tensorflow(folder):
    """Names and messages: what is written in a training, and a saved model."""
    import tensorflow as tf
    from tensorflow.core.framework import graph_pb2
    from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

    v1 = tf.compat.v1
    words = os.path.join(folder, "words.txt")
    with open(words, "w") as file:
        file.write("a\n")
    graph = tf.Graph()
    with graph.as_default(), v1.Session() as session:
        vocabulary = tf.constant(words)
        v1.add_to_collection(v1.GraphKeys.ASSET_FILEPATHS, vocabulary)
        given = v1.placeholder(tf.float32, [None, 3], name="given")
        weights = v1.get_variable("weights", [3, 2], initializer=v1.constant_initializer([[1, -1], [0.5, 1e-9], [float("inf"), 3]]))
        lines = tf.constant(["line\n", "\"quoted\" 'text'\\", "\u00e4\u20ac", "\x00\xff"])
        result = tf.cond(tf.reduce_sum(given) > 0, lambda: given @ weights, lambda: tf.zeros([1, 2]), name="result")
        v1.py_func(lambda x: x, [lines], tf.string, name="called")
        saver = v1.train.Saver()
        session.run(v1.global_variables_initializer())
        v1.train.write_graph(graph.as_graph_def(add_shapes=True), folder, "graph.pbtxt")
        yield "graph.pbtxt", graph_pb2.GraphDef, open(os.path.join(folder, "graph.pbtxt")).read()
        saver.export_meta_graph(os.path.join(folder, "meta.pbtxt"), as_text=True)
        yield "meta.pbtxt", meta_graph_pb2.MetaGraphDef, open(os.path.join(folder, "meta.pbtxt")).read()
        path = os.path.join(folder, "session")
        builder = v1.saved_model.Builder(path)
        builder.add_meta_graph_and_variables(session, ["serve"], assets_collection=v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS))
        builder.save(as_text=True)
        yield "saved_model.pbtxt", saved_model_pb2.SavedModel, open(os.path.join(path, "saved_model.pbtxt")).read()

    class Module(tf.Module):
        def __init__(self):
            text = tf.lookup.TextFileInitializer(words, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER)
            self.table = tf.lookup.StaticVocabularyTable(text, 1)
            self.weights = tf.Variable(tf.ones((3, 2)))

        @tf.function(input_signature=[tf.TensorSpec([None, 3]), tf.TensorSpec([None], tf.string)])
        def __call__(self, values, words):
            return values @ self.weights, self.table.lookup(words)

    path = os.path.join(folder, "module")
    tf.saved_model.save(Module(), path)
    message = saved_model_pb2.SavedModel.FromString(open(os.path.join(path, "saved_model.pb"), "rb").read())
    yield "module.pbtxt", saved_model_pb2.SavedModel, text_format.MessageToString(message)
    yield "short.pbtxt", saved_model_pb2.SavedModel, text_format.MessageToString(message, as_one_line=True, use_short_repeated_primitives=True, pointy_brackets=True)


def of_onnx(folder):
    """Names and messages: models with branches, functions, and weights in all forms."""
    import numpy
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    def infos(*names):
        return [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in names]

    branch = helper.make_graph([helper.make_node("Neg", ["x"], ["b"])], "branch", [], infos("b"))
    nodes = [
        helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch),
        helper.make_node("Own", ["y"], ["z"], domain="own", name="\"own\"\n"),
        helper.make_node("Other", ["z"], ["w"], domain="elsewhere", values=[1.5, -2.0], text="\u00e4", count=-7),
    ]
    weights = [
        numpy_helper.from_array(numpy.array([1, -2], numpy.int64), "raw"),
        helper.make_tensor("typed", TensorProto.INT64, [2], [-1, 1 << 40]),
        helper.make_tensor("floats", TensorProto.FLOAT, [3], [1e-30, float("inf"), -0.5]),
        helper.make_tensor("text", TensorProto.STRING, [2], [b"\x00\xff", b"a"]),
    ]
    outside = helper.make_tensor("outside", TensorProto.FLOAT, [2], numpy.zeros(2, numpy.float32).tobytes(), raw=True)
    onnx.external_data_helper.set_external_data(outside, "weights.bin", length=8)
    outside.ClearField("raw_data")
    weights.append(outside)
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("own", 1), helper.make_opsetid("elsewhere", 1)]
    own = helper.make_function("own", "Own", ["a"], ["b"], [helper.make_node("Neg", ["a"], ["b"])], opsets[:1])
    graph = helper.make_graph(nodes, "graph", infos("x", "c"), infos("w"), weights)
    model = helper.make_model(graph, opset_imports=opsets, functions=[own], producer_name="it")
    for end in ["textproto", "json", "onnxjson"]:
        path = os.path.join(folder, f"model.{end}")
        with open(path, "wb") as file:
            file.write(onnx.serialization.registry.get("textproto" if end == "textproto" else "json").serialize_proto(model))
        yield f"model.{end}", onnx.ModelProto, open(path, encoding="utf-8").read()
    yield "camel.onnxjson", onnx.ModelProto, json_format.MessageToJson(model)


def changed(text):
    for _ in range(RANDOM.choice([1, 1, 1, 2, 5])):
        at = RANDOM.randrange(len(text))
        kind = RANDOM.randrange(5)
        if kind == 0:
            text = text[:at] + RANDOM.choice("{}<>[]\"'\\:;,#-0.\n aA") + text[at + 1 :]
        elif kind == 1:
            at = text.find("\n", at) + 1
            text = text[:at] + RANDOM.choice(["{}", "<>", "[]", "\"\"", " # note\n", ";", ",", "\\n", "-", "0x1", "1e3", "[a.b/c] {}"]) + text[at:]
        elif kind == 2:
            text = text[:at] + text[at + RANDOM.randrange(1, 9) :]
        else:
            # A line, or lines, somewhere else.
            lines = text.split("\n")
            start = RANDOM.randrange(len(lines))
            part = lines[start : start + RANDOM.randrange(1, 6)]
            at = RANDOM.randrange(len(lines))
            text = "\n".join(lines[:at] + part + lines[at:])
    return text


def write(file, kind, text, is_genuine):
    with open(os.path.join(FOLDER, file), "w", encoding="utf-8") as out:
        out.write(text)
    answer = {"file": file, "genuine": is_genuine, "binary": None}
    try:
        message = json_format.Parse(text, kind()) if file.endswith("json") else text_format.Parse(text, kind())
        answer["binary"] = file + ".bin"
        with open(os.path.join(FOLDER, file + ".bin"), "wb") as out:
            out.write(message.SerializeToString())
    except (text_format.ParseError, json_format.ParseError, UnicodeError, ValueError, RecursionError):
        pass
    print(json.dumps(answer))


def main():
    with tempfile.TemporaryDirectory() as folder:
        files = list(of_tensorflow(folder) if LIBRARY == "tensorflow" else of_onnx(folder))
    for file, kind, text in files:
        write(file, kind, text, True)
    for n in range(COUNT):
        file, kind, text = files[n % len(files)]
        write(f"changed{n}.{file}", kind, changed(text), False)


if __name__ == "__main__":
    main()
