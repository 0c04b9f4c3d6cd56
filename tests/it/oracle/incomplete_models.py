"""Writes models of several files with the library that is named, and says what its loader does without each file, or without its last byte.

Usage: incomplete_models.py LIBRARY FOLDER. A line of JSON for each model: its folder, the file that the loader is given, and the cases."""

import json
import os
import pickle
import shutil
import sys
import tempfile

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", HF_HUB_OFFLINE="1")


def gensim_models():
    import numpy
    from gensim.models import Doc2Vec, KeyedVectors, TfidfModel, Word2Vec
    from gensim.models.doc2vec import TaggedDocument
    from gensim.similarities import SparseMatrixSimilarity

    texts = [["a", "b", "c"], ["b", "c", "d"], ["d", "a"]] * 3
    documents = [TaggedDocument(text, [str(n)]) for n, text in enumerate(texts)]
    vectors = KeyedVectors(4)
    vectors.add_vectors(["x", "y"], numpy.ones((2, 4), numpy.float32))
    corpus = [[(0, 1.0), (1, 0.5)], [(1, 1.0), (2, 0.5)], [(0, 0.3), (2, 1.0)]]
    models = {
        "words.model": Word2Vec(texts, vector_size=8, min_count=1, workers=1),
        "documents.pkl": Doc2Vec(documents, vector_size=8, min_count=1, workers=1),
        "vectors.kv": vectors,
        "similar.pkl": SparseMatrixSimilarity(corpus, num_features=3),
        "tfidf.model": TfidfModel(corpus),
        "words.model.gz": Word2Vec(texts, vector_size=8, min_count=1, workers=1),
        "similar.bz2": SparseMatrixSimilarity(corpus, num_features=3),
    }
    for name, model in models.items():
        # From 4 elements on, an array has a file of its own.
        yield name, lambda path: model.save(path, sep_limit=4), type(model).load
    # What is pickled otherwise is whole, whatever was saved before.
    yield "whole.pkl", lambda path: pickle.dump(models["words.model"], open(path, "wb")), lambda path: pickle.load(open(path, "rb"))


def onnx_models():
    import numpy
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    def model():
        weights = [numpy_helper.from_array(numpy.arange(n, dtype=numpy.float32), f"w{n}") for n in (40, 4)]
        outputs = [helper.make_tensor_value_info(f"y{n}", TensorProto.FLOAT, [n]) for n in (40, 4)]
        nodes = [helper.make_node("Identity", [f"w{n}"], [f"y{n}"]) for n in (40, 4)]
        return helper.make_model(helper.make_graph(nodes, "g", [], outputs, weights))

    def load(path):
        onnx.checker.check_model(path)
        # What is read to its end and not enough is a tensor with too few bytes.
        for tensor in onnx.load(path).graph.initializer:
            numpy_helper.to_array(tensor)

    external = {"save_as_external_data": True, "size_threshold": 0}
    yield "one.onnx", lambda path: onnx.save_model(model(), path, all_tensors_to_one_file=True, location="one.onnx.data", **external), load
    yield "many.onnx", lambda path: onnx.save_model(model(), path, all_tensors_to_one_file=False, **external), load


def openvino_models():
    import numpy
    import openvino
    from openvino import opset13 as ops

    x = ops.parameter([2, 3], numpy.float32, name="x")
    added = ops.add(x, ops.constant(numpy.ones((2, 3), numpy.float32)))
    joined = ops.matmul(added, ops.constant(numpy.arange(12, dtype=numpy.float32).reshape(3, 4)), False, False)

    def load(path):
        core = openvino.Core()
        core.compile_model(core.read_model(path), "CPU")

    yield "graph.xml", lambda path: openvino.serialize(openvino.Model([joined], [x], "m"), path), load
    # Without a constant, it has a file of no bytes.
    bare = openvino.Model([ops.relu(x)], [x], "m")
    yield "bare.xml", lambda path: openvino.serialize(bare, path), load


def tensorflow_models():
    import tensorflow as tf

    checkpoint = tf.train.Checkpoint(v=tf.Variable([1.0, 2.0]), w=tf.Variable(tf.ones([3, 4])))

    def load(path):
        reader = tf.train.load_checkpoint(path.removesuffix(".index"))
        for name in reader.get_variable_to_shape_map():
            reader.get_tensor(name)

    yield "ckpt-1.index", lambda path: checkpoint.write(path.removesuffix(".index")), load


def transformers_models():
    from transformers import BertConfig, BertModel

    config = BertConfig(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, vocab_size=100)

    def save(path):
        BertModel(config).save_pretrained(os.path.dirname(path), max_shard_size="8KB")

    yield "model.safetensors.index.json", save, lambda path: BertModel.from_pretrained(os.path.dirname(path))


WRITERS = {
    "gensim": gensim_models,
    "onnx": onnx_models,
    "openvino": openvino_models,
    "tensorflow": tensorflow_models,
    "transformers": transformers_models,
}


def loads(load, path):
    try:
        load(path)
    except BaseException:
        return False
    return True


def main():
    library, folder = sys.argv[1:]
    for name, save, load in WRITERS[library]():
        own = f"{folder}/{len(os.listdir(folder))}"
        os.mkdir(own)
        path = f"{own}/{name}"
        save(path)
        cases = []
        for other in sorted(os.listdir(own)):
            if other in (name, "config.json"):
                continue
            for how in ("removed", "cut"):
                with tempfile.TemporaryDirectory() as copy:
                    shutil.copytree(own, copy, dirs_exist_ok=True)
                    size = os.path.getsize(f"{copy}/{other}")
                    if how == "removed":
                        os.remove(f"{copy}/{other}")
                    else:
                        os.truncate(f"{copy}/{other}", max(size - 1, 0))
                    cases.append({"file": other, "how": how, "loads": loads(load, f"{copy}/{name}")})
        print(json.dumps({"path": os.path.relpath(path, folder), "loads": loads(load, path), "cases": cases}), flush=True)


main()
