"""Writes models with Keras into the folder that is named, and changed configurations in the same form, and prints for each which names Keras looks
up to load it. Nothing that a changed configuration names is resolved: the function that looks names up is replaced by one that writes the name
down and returns a class that does nothing.
"""

import json
import os
import random
import sys
import zipfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
from keras import layers
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
    yield "own", sequential(Own()), True
    yield "lambda", sequential(layers.Lambda(lambda x: x + 1)), True


def genuine():
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
