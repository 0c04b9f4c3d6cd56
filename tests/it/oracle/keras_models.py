"""Writes models with Keras into the folder that is named, and changed configurations in the same form, and prints for each which names Keras looks
up to load it. Nothing that a changed configuration names is resolved: the function that looks names up is replaced by one that writes the name
down and returns a class that does nothing.
"""

import contextlib
import inspect
import json
import os
import random
import sys
import zipfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy
from keras import layers
from keras.src.legacy.saving import serialization as old_serialization
from keras.src.saving import serialization_lib

FOLDER, COUNT, SEED = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


@keras.saving.register_keras_serializable("own_package")
class Own(layers.Layer):
    """A layer of the user's."""

    def call(self, inputs):
        return inputs


def sequential(*made, shape=(8, 4), **compiled):
    model = keras.Sequential([keras.Input(shape), *made])
    if compiled:
        model.compile(**compiled)
    return model


def models():
    """Name, model, and whether it holds code or a class of the user's."""
    yield "dense", sequential(layers.Dense(3, activation="relu", kernel_regularizer="l2", bias_constraint="non_neg")), False
    yield "compiled", sequential(layers.Flatten(), layers.Dense(2), optimizer="adam", loss="mse", metrics=["mae", "accuracy"]), False
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    yield "schedule", sequential(
        layers.LSTM(3), layers.Dense(2, activation="softmax"),
        optimizer=keras.optimizers.SGD(schedule, momentum=0.9),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
        metrics=[keras.metrics.AUC(), keras.metrics.TopKCategoricalAccuracy(k=1)],
    ), False
    for number, layer in enumerate([
        layers.Bidirectional(layers.GRU(3, return_sequences=True)),
        layers.TimeDistributed(layers.Dense(2, activation=keras.activations.gelu)),
        layers.Activation(keras.activations.celu),
        layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)]),
        layers.Conv1D(3, 2, padding="same"),
        layers.BatchNormalization(), layers.LayerNormalization(), layers.GaussianNoise(0.1), layers.SpatialDropout1D(0.1),
        layers.GlobalAveragePooling1D(), layers.MaxPooling1D(), layers.ZeroPadding1D(1), layers.Cropping1D(1), layers.UpSampling1D(2),
        layers.LeakyReLU(), layers.PReLU(), layers.ELU(), layers.Softmax(), layers.ReLU(6.0),
        layers.Reshape((4, 8)), layers.Permute((2, 1)), layers.RepeatVector(2) if False else layers.Flatten(),
        layers.EinsumDense("abc,cd->abd", (None, 3)), layers.UnitNormalization(), layers.Rescaling(2.0),
        layers.SeparableConv1D(3, 2), layers.Masking(), layers.Activation("tanh"), layers.ActivityRegularization(0.1),
        layers.SpectralNormalization(layers.Dense(3)), layers.Identity(), layers.GroupNormalization(2),
    ]):
        yield f"layer{number}", sequential(layer), False
    inputs = keras.Input((8, 4), name="a")
    other = keras.Input((8, 4), name="b")
    joined = layers.Add()([inputs, other]) * 2.0 + keras.ops.sin(inputs)
    joined = layers.MultiHeadAttention(2, 3)(joined, inputs)
    joined = layers.Concatenate()([joined, keras.ops.reshape(other, (-1, 8, 4))])
    yield "functional", keras.Model([inputs, other], layers.Dense(1)(joined)), False
    yield "nested", sequential(keras.Sequential([layers.Dense(3), keras.Sequential([layers.Dense(2)])])), False
    image = keras.Input((8, 8, 3))
    made = layers.RandomFlip()(image)
    made = layers.Conv2D(3, 3)(made)
    made = layers.DepthwiseConv2D(2)(made)
    made = layers.GlobalMaxPooling2D()(made)
    yield "image", keras.Model(image, made), False
    yield "attention", keras.Model(inputs, layers.GroupQueryAttention(2, 4, 2)(inputs, inputs)), False
    for number, metric in enumerate([
        keras.metrics.MeanMetricWrapper(keras.metrics.mean_squared_error, name="mse"),
        keras.metrics.MeanMetricWrapper(keras.losses.huber),
        keras.metrics.F1Score(), keras.metrics.Precision(), keras.metrics.R2Score(), keras.metrics.MeanIoU(2), keras.metrics.Mean(),
    ]):
        yield f"metric{number}", sequential(layers.Dense(2), optimizer="adamw", loss=keras.losses.Huber(), metrics=[metric]), False
    for number, optimizer in enumerate([
        keras.optimizers.Lion(), keras.optimizers.Muon(0.1), keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam()),
        keras.optimizers.Ftrl(), keras.optimizers.RMSprop(keras.optimizers.schedules.CosineDecay(0.1, 10)), keras.optimizers.Lamb(),
    ]):
        yield f"optimizer{number}", sequential(layers.Dense(2), optimizer=optimizer, loss=keras.losses.mean_absolute_error), False
    yield "columns", columns(), False
    yield "own", sequential(Own()), True
    yield "lambda", sequential(layers.Lambda(lambda x: x + 1)), True


def columns():
    """A model that begins with the columns of a table."""
    import tensorflow

    space = keras.utils.FeatureSpace(
        features={
            "number": "float_normalized",
            "scaled": keras.utils.FeatureSpace.float_rescaled(0.5),
            "plain": "float",
            "bins": "float_discretized",
            "word": "string_categorical",
            "count": "integer_categorical",
            "hashed": keras.utils.FeatureSpace.string_hashed(num_bins=4),
        },
        crosses=[keras.utils.FeatureSpace.cross(("word", "count"), 8)],
        output_mode="concat",
    )
    table = {
        "number": [1.0, 2.0], "scaled": [1.0, 2.0], "plain": [1.0, 2.0], "bins": [0.1, 0.2], "word": ["a", "b"], "count": [1, 2],
        "hashed": ["c", "d"],
    }
    rows = tensorflow.data.Dataset.from_tensor_slices(table).batch(1)
    space.adapt(rows)
    space(next(iter(rows)))
    return space


# Arguments with which classes of Keras can be made that need some.
ARGUMENTS = {
    "units": 2, "filters": 2, "kernel_size": 2, "pool_size": 2, "input_dim": 4, "output_dim": 3, "rate": 0.2, "target_shape": (8, 4),
    "dims": (2, 1), "n": 2, "height": 4, "width": 4, "scale": 1.0, "num_heads": 2, "key_dim": 2, "head_dim": 2, "num_query_heads": 2,
    "num_key_value_heads": 2, "factor": 0.2, "num_bins": 4, "output_size": 2, "axes": 1, "equation": "abc,cd->abd",
    "output_shape": (None, 3), "activation": "relu", "num_classes": 2, "target_class_ids": [0], "name": "x", "stddev": 0.1,
    "initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.9, "boundaries": [1, 2], "values": [0.1, 0.2, 0.3],
    "first_decay_steps": 5, "num_thresholds": 5, "precision": 0.5, "recall": 0.5, "sensitivity": 0.5, "specificity": 0.5,
    "max_number": 3, "height_factor": 0.1, "alpha": 0.1, "mode": "int8", "source_name": "float32", "fn": keras.losses.huber,
    "bounding_box_format": "xyxy",
}
# Those that run code, and what is no class of objects.
CODE = {"Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"}


def every_class():
    """What Keras writes of an object of each class, in the new form and in the old one."""
    modules = [
        keras.layers, keras.losses, keras.metrics, keras.optimizers, keras.optimizers.schedules, keras.initializers, keras.regularizers,
        keras.constraints, keras.dtype_policies,
    ]
    for module in modules:
        for name in dir(module):
            cls = getattr(module, name)
            if not inspect.isclass(cls) or name in CODE or "legacy" in cls.__module__:
                continue
            wanted = list(inspect.signature(cls.__init__).parameters.items())[1:]
            wanted = [n for n, p in wanted if p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
            given = {n: ARGUMENTS[n] for n in wanted if n in ARGUMENTS}
            given.update({n: layers.LSTMCell(2) for n in wanted if n == "cell"})
            given.update({n: [layers.LSTMCell(2)] for n in wanted if n == "cells"})
            given.update({n: layers.LSTM(2) for n in wanted if n == "layer"})
            given.update({n: keras.optimizers.Adam() for n in wanted if n == "inner_optimizer"})
            for serialize in (serialization_lib.serialize_keras_object, old_serialization.serialize_keras_object):
                # Base classes cannot be made, or have no configuration.
                with contextlib.suppress(Exception):
                    yield json.loads(json.dumps(serialize(cls(**given)), default=list))


def beside():
    """Files of their own."""
    model = sequential(layers.Dense(40), layers.Dense(2, activation="softmax"), optimizer="adam", loss="mse", metrics=["mae"])
    code = sequential(layers.Lambda(lambda x: x + 1), layers.Dense(2))
    for name, one, runs in [("network.json", model, False), ("code_network.json", code, True)]:
        with open(os.path.join(FOLDER, name), "w") as file:
            file.write(one.to_json())
        yield name, runs
    objects = list(every_class())
    assert len(objects) > 400, len(objects)
    for number in range(5):
        with open(os.path.join(FOLDER, f"every_class{number}.json"), "w") as file:
            model_of_all = {"layers": objects[number::5]}
            json.dump({"module": "keras", "class_name": "Sequential", "config": model_of_all, "registered_name": None}, file)
        yield f"every_class{number}.json", False
    keras.saving.save_model(model, os.path.join(FOLDER, "unzipped"), zipped=False)
    model.save_weights(os.path.join(FOLDER, "sharded.weights.json"), max_shard_size=0.0000007)
    data = numpy.zeros((4, 8, 4)), numpy.zeros((4, 8, 2))
    model.fit(*data, verbose=0, epochs=2, callbacks=[
        keras.callbacks.ModelCheckpoint(os.path.join(FOLDER, "checkpoint.keras")),
        keras.callbacks.ModelCheckpoint(os.path.join(FOLDER, "checkpoint.weights.h5"), save_weights_only=True),
        keras.callbacks.CSVLogger(os.path.join(FOLDER, "log.csv")),
        keras.callbacks.BackupAndRestore(os.path.join(FOLDER, "backup"), delete_checkpoint=False),
    ])
    written = {"network.json", "code_network.json"}
    for folder, _, files in os.walk(FOLDER):
        for file in sorted(files):
            path = os.path.relpath(os.path.join(folder, file), FOLDER)
            if path not in written and "every_class" not in path:
                yield path, False


def genuine():
    yield from beside()
    for name, model, code in models():
        for suffix in ("keras", "h5", "weights.h5"):
            file = f"{name}.{suffix}"
            path = os.path.join(FOLDER, file)
            try:
                if suffix == "weights.h5":
                    model.save_weights(path)
                else:
                    model.save(path)
            except Exception:
                # Not every layer can be saved in the old form.
                if os.path.exists(path):
                    os.remove(path)
                continue
            yield file, code and suffix != "weights.h5"


class Nothing:
    """Stands for every class that is looked up."""

    built = True

    @classmethod
    def from_config(cls, config, **kwargs):
        # A model makes what its configuration holds.
        walk(config)
        return cls()

    def build_from_config(self, config):
        walk(config)

    compile_from_config = build_from_config


def walk(value):
    """Deserializes all objects in a value, as classes do with what they are given."""
    if isinstance(value, dict):
        if "class_name" in value and "config" in value:
            try:
                serialization_lib.deserialize_keras_object(value, safe_mode=True)
            except Exception:
                pass
        else:
            for inner in value.values():
                walk(inner)
    elif isinstance(value, list):
        for inner in value:
            walk(inner)


def looked_up(config):
    names = []

    def retrieve(name, registered_name, module, obj_type, full_config, custom_objects=None):
        if isinstance(name, str):
            names.append(name.split(">")[-1])
        return Nothing if obj_type == "class" else len

    original = serialization_lib._retrieve_class_or_fn
    serialization_lib._retrieve_class_or_fn = retrieve
    try:
        walk(config)
    finally:
        serialization_lib._retrieve_class_or_fn = original
    return names


def change(rng, value, depth=0):
    """One change somewhere in a configuration."""
    places = []

    def find(node):
        if isinstance(node, dict):
            for key in node:
                places.append((node, key))
                find(node[key])
        elif isinstance(node, list):
            for at in range(len(node)):
                places.append((node, at))
                find(node[at])

    find(value)
    node, key = rng.choice(places)
    hostile = [
        {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"},
        {"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "eval"},
        {"module": "a.b", "class_name": "C", "config": {"x": {"module": "d", "class_name": "E", "config": {}}}, "registered_name": None},
        {"class_name": "pkg>Name", "config": {}, "registered_name": "pkg>Name"},
        {"class_name": "__typespec__", "spec_name": "Spec", "module": "m", "config": [], "registered_name": None},
        "text", 1, None, [], {"class_name": "Dense"}, {"class_name": None, "config": {}},
    ]
    node[key] = rng.choice(hostile)


def main():
    configurations = []
    for file, code in list(genuine()):
        names = []
        if file.endswith(".keras"):
            with zipfile.ZipFile(os.path.join(FOLDER, file)) as archive:
                config = json.loads(archive.read("config.json"))
            configurations.append(json.dumps(config))
            names = looked_up(config)
        print(json.dumps({"file": file, "genuine": True, "code": code, "names": names}))
    rng = random.Random(SEED)
    for number in range(COUNT):
        config = json.loads(rng.choice(configurations))
        for _ in range(rng.randrange(1, 4)):
            change(rng, config)
        file = f"changed{number}.keras"
        with zipfile.ZipFile(os.path.join(FOLDER, file), "w") as archive:
            archive.writestr("metadata.json", "{}")
            archive.writestr("config.json", json.dumps(config, indent=rng.choice([None, 2])))
        print(json.dumps({"file": file, "genuine": False, "names": looked_up(config)}))


main()
