"""Writes checkpoints of Flax, models of fastText and vectors of word2vec into the folder that is named, with the library that is named, and prints for
each how many arrays and words it has."""

import json
import os
import sys

import numpy as np

FOLDER, LIBRARY = sys.argv[1:3]
rng = np.random.default_rng(1)


def told(name, arrays):
    print(json.dumps({"file": name, "arrays": arrays}))


def flax():
    import jax.numpy as jnp
    import ml_dtypes
    from flax import serialization

    dtypes = ["float32", "float64", "float16", "int8", "uint8", "int16", "int32", "int64", "uint64", "bool", "complex64", "complex128"]
    trees = {
        "dense": {"params": {"dense": {"kernel": np.ones((3, 4), "f4"), "bias": jnp.zeros(4)}}, "step": 3},
        "dtypes": {dtype: np.zeros((2, 3), dtype) for dtype in dtypes},
        "small": {"b": np.zeros(3, ml_dtypes.bfloat16), "f": np.zeros(3, ml_dtypes.float8_e4m3fn), "i": np.zeros(3, ml_dtypes.int4)},
        "scalars": {"a": np.float32(1), "b": np.int64(-2), "c": 1.5, "d": -7, "e": True, "f": None, "g": "text", "h": 2 + 3j, "i": b"bytes"},
        "shapes": {"scalar": np.array(1.0), "none": np.zeros((0, 5)), "deep": np.zeros((1,) * 9), "list": [np.zeros(2), {"x": np.ones(1)}]},
        "many": {f"layer{n}": {"kernel": np.zeros((n + 1, 3), "f4")} for n in range(400)},
        "empty": {"params": {}},
    }
    for name, tree in trees.items():
        data = serialization.msgpack_serialize(serialization.to_state_dict(tree))
        with open(os.path.join(FOLDER, f"{name}.msgpack"), "wb") as file:
            file.write(data)
        found = []

        def count(value):
            if isinstance(value, dict):
                for inner in value.values():
                    count(inner)
            elif isinstance(value, (np.ndarray, np.generic)):
                found.append(1)

        count(serialization.msgpack_restore(data))
        told(f"{name}.msgpack", len(found))


def fasttext():
    import fasttext as library

    words = [f"word{n}" for n in range(60)]
    texts = os.path.join(FOLDER, "texts.txt")
    with open(texts, "w") as file:
        for number in range(560):
            file.write(" ".join(rng.choice(words, 9)) + f" __label__{number % 280}\n")
    for name, kind, options in [
        ("skipgram", "unsupervised", {"model": "skipgram"}), ("cbow", "unsupervised", {"model": "cbow", "maxn": 0, "bucket": 0}),
        ("classifier", "supervised", {}), ("hierarchical", "supervised", {"loss": "hs", "wordNgrams": 2, "bucket": 500}),
    ]:
        settings = {"dim": 7, "minCount": 1, "epoch": 1, "bucket": 100, "thread": 1, "verbose": 0, **options}
        model = getattr(library, f"train_{kind}")(texts, **settings)
        model.save_model(os.path.join(FOLDER, f"{name}.bin"))
        told(f"{name}.bin", 2)
    for number, options in enumerate([{}, {"qnorm": True}, {"qnorm": True, "qout": True, "dsub": 3}, {"cutoff": 300, "retrain": True}]):
        model = library.train_supervised(texts, dim=8, minCount=1, epoch=1, bucket=300, wordNgrams=2, thread=1, verbose=0)
        model.quantize(input=texts, **options)
        model.save_model(os.path.join(FOLDER, f"quantised{number}.ftz"))
        told(f"quantised{number}.ftz", 2)


def gensim():
    from gensim.models import KeyedVectors

    for dimensions in (3, 50, 300):
        vectors = KeyedVectors(dimensions)
        words = [f"w{n}" for n in range(40)] + ["größe", "日本", "a_b"]
        vectors.add_vectors(words, rng.random((len(words), dimensions), "f4"))
        vectors.save_word2vec_format(os.path.join(FOLDER, f"v{dimensions}.bin"), binary=True)
        told(f"v{dimensions}.bin", 1)
        # The original program ends each line.
        with open(os.path.join(FOLDER, f"lines{dimensions}.bin"), "wb") as file:
            file.write(f"{len(words)} {dimensions}\n".encode())
            for word in words:
                file.write(word.encode() + b" " + vectors[word].tobytes() + b"\n")
        told(f"lines{dimensions}.bin", 1)
        vectors.save_word2vec_format(os.path.join(FOLDER, f"v{dimensions}.txt"))
        told(f"v{dimensions}.txt", 0)


{"flax": flax, "fasttext": fasttext, "gensim": gensim}[LIBRARY]()
