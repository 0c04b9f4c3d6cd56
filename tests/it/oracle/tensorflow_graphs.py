"""Writes graphs of TensorFlow into the folder that is named, and changed ones; prints for each which operators TensorFlow finds in it.

    tensorflow_graphs.py FOLDER COUNT SEED
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

import keras
import numpy
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.framework import graph_pb2
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2
from tensorflow.python.ops import gen_io_ops
from tensorflow.python.training import saver as savers

FOLDER, COUNT, SEED = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
RANDOM = random.Random(SEED)
v1 = tf.compat.v1


class Module(tf.Module):
    """Variables, a loop, a branch, prints, and a table that is filled from a file."""

    def __init__(self, vocabulary):
        self.weights = tf.Variable(tf.ones((3, 2)))
        text = tf.lookup.TextFileInitializer(
            vocabulary, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER
        )
        self.table = tf.lookup.StaticVocabularyTable(text, 1)

    @tf.function(input_signature=[tf.TensorSpec([None, 3]), tf.TensorSpec([None], tf.string)])
    def __call__(self, values, words):
        for _ in tf.range(3):
            if tf.reduce_sum(values) > 0:
                values = values + 1.0
        tf.print("seen", values)
        return values @ self.weights, self.table.lookup(words)


def layers():
    from keras import layers

    yield "dense", [layers.Input((8,)), layers.Dense(4, activation="relu"), layers.Dropout(0.1), layers.Dense(2)]
    yield "image", [
        layers.Input((16, 16, 3)),
        layers.Rescaling(1 / 255),
        layers.RandomFlip(),
        layers.Conv2D(4, 3),
        layers.BatchNormalization(),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(2, activation="softmax"),
    ]
    yield "text", [layers.Input((1,), dtype="string"), layers.TextVectorization(20, vocabulary=["a", "b"])]
    yield "lookup", [layers.Input((1,), dtype="string"), layers.StringLookup(vocabulary=["a", "b"])]
    yield "sequence", [layers.Input((5,)), layers.Embedding(10, 4), layers.LSTM(3), layers.Dense(1)]


def saved(folder):
    """Names and saved models."""
    vocabulary = os.path.join(folder, "words.txt")
    with open(vocabulary, "w") as file:
        file.write("a\nb\nc\n")
    path = os.path.join(folder, "module")
    tf.saved_model.save(Module(vocabulary), path)
    yield "module", path
    for name, stack in layers():
        model = keras.Sequential(stack)
        path = os.path.join(folder, name)
        model.export(path, verbose=False)
        yield name, path
    model = keras.Sequential([keras.layers.Input((8,)), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    model.fit(numpy.ones((4, 8)), numpy.ones((4, 2)), verbose=0)
    path = os.path.join(folder, "trained")
    tf.saved_model.save(model, path)
    yield "trained", path
    yield from of_sessions(folder)


def of_sessions(folder):
    """As TensorFlow 1 saves them: a saved model, a graph with its saver, and a frozen graph."""
    graph = tf.Graph()
    with graph.as_default(), v1.Session() as session:
        vocabulary = tf.constant(os.path.join(folder, "words.txt"))
        v1.add_to_collection(v1.GraphKeys.ASSET_FILEPATHS, vocabulary)
        given = v1.placeholder(tf.float32, [None, 3], name="given")
        weights = v1.get_variable("weights", [3, 2])
        result = tf.matmul(given, weights, name="result")
        session.run(v1.global_variables_initializer())
        path = os.path.join(folder, "session")
        v1.saved_model.simple_save(session, path, {"given": given}, {"result": result})
        yield "session", path
        v1.train.Saver().save(session, os.path.join(folder, "weights"))
        frozen = v1.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), ["result"])
        with open(os.path.join(folder, "frozen.pb"), "wb") as file:
            file.write(frozen.SerializeToString())


class OldBuilder(savers.BaseSaverBuilder):
    """Restores as the savers of the first releases did."""

    def __init__(self, whole):
        super().__init__(write_version=v1.train.SaverDef.V1)
        self.whole = whole

    def save_op(self, filename, saveables):
        specs = [spec for saveable in saveables for spec in saveable.specs]
        names, tensors = [spec.name for spec in specs], [spec.tensor for spec in specs]
        if self.whole:
            return gen_io_ops.save(filename=filename, tensor_names=names, data=tensors)
        slices = [spec.slice_spec for spec in specs]
        return gen_io_ops.save_slices(filename=filename, tensor_names=names, shapes_and_slices=slices, data=tensors)

    def restore_op(self, filename, saveable, preferred_shard):
        def tensor(spec):
            of = {"file_pattern": filename, "tensor_name": spec.name, "dt": spec.dtype, "preferred_shard": preferred_shard}
            return gen_io_ops.restore(**of) if self.whole else gen_io_ops.restore_slice(shape_and_slice=spec.slice_spec, **of)

        return [tensor(spec) for spec in saveable.specs]

    def bulk_restore(self, filename, saveables, preferred_shard, restore_sequentially):
        return [tensor for of in saveables for tensor in self.restore_op(filename, of, preferred_shard)]


def of_old_savers(folder):
    """Names of graphs whose savers write checkpoints of version 1, whole or in shards."""
    old = v1.train.SaverDef.V1
    for name, options in [
        ("v1", {"write_version": old}),
        ("v1_sharded", {"write_version": old, "sharded": True}),
        ("v2_sharded", {"sharded": True}),
        ("old_slices", {"write_version": old, "builder": OldBuilder(False)}),
        ("old_whole", {"write_version": old, "builder": OldBuilder(True)}),
        ("old_sharded", {"write_version": old, "builder": OldBuilder(False), "sharded": True}),
    ]:
        with tf.Graph().as_default(), v1.Session() as session:
            v1.get_variable("weights", [3, 2])
            v1.get_variable("more", [4])
            session.run(v1.global_variables_initializer())
            path = os.path.join(folder, name)
            saver = v1.train.Saver(**options)
            # It works: what was saved is found again.
            saver.restore(session, saver.save(session, path))
        yield name


def genuine(folder):
    """Names, kinds and contents of files."""
    for name, path in saved(folder):
        for file in ("saved_model.pb", "fingerprint.pb"):
            path_of = os.path.join(path, file)
            if os.path.exists(path_of):
                kind = saved_model_pb2.SavedModel if file == "saved_model.pb" else None
                yield f"{name}_{file}", kind, open(path_of, "rb").read()
    yield "frozen.pb", graph_pb2.GraphDef, open(os.path.join(folder, "frozen.pb"), "rb").read()
    for name in ["weights", *of_old_savers(folder)]:
        yield f"{name}.meta", meta_graph_pb2.MetaGraphDef, open(os.path.join(folder, f"{name}.meta"), "rb").read()


def operators(message):
    if isinstance(message, saved_model_pb2.SavedModel):
        graphs = [meta.graph_def for meta in message.meta_graphs]
    elif isinstance(message, meta_graph_pb2.MetaGraphDef):
        graphs = [message.graph_def]
    else:
        graphs = [message]
    functions = {function.signature.name for graph in graphs for function in graph.library.function}
    found = {node.op for graph in graphs for node in graph.node}
    found |= {node.op for graph in graphs for function in graph.library.function for node in function.node_def}
    return sorted(found - functions)


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
    return bytes(data)


def write(file, kind, data, is_genuine):
    with open(os.path.join(FOLDER, file), "wb") as out:
        out.write(data)
    answer = {"file": file, "genuine": is_genuine, "loads": False, "operators": []}
    if kind is not None:
        message = kind()
        try:
            message.ParseFromString(data)
            answer |= {"loads": True, "operators": operators(message)}
        except DecodeError:
            pass
    print(json.dumps(answer))


def main():
    with tempfile.TemporaryDirectory() as folder:
        # What Keras prints about its exports is none of the answers.
        output, sys.stdout = sys.stdout, sys.stderr
        files = list(genuine(folder))
        sys.stdout = output
    for file, kind, data in files:
        write(file, kind, data, True)
    readable = [(file, kind, data) for file, kind, data in files if kind is not None]
    for n in range(COUNT):
        file, kind, data = readable[n % len(readable)]
        write(f"changed{n}.{file.rsplit('.')[-1]}", kind, changed(data), False)


if __name__ == "__main__":
    main()
