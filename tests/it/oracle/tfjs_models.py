"""Writes models as the converter of TensorFlow.js does into the folder that is named, and prints the name of each.

    tfjs_models.py FOLDER
"""

import json
import os
import sys
import types
import warnings

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_USE_LEGACY_KERAS"] = "1"
warnings.simplefilter("ignore")
# The converter imports them for models that are not made here.
for module in ("tensorflow_decision_forests", "tensorflow_hub"):
    sys.modules[module] = types.ModuleType(module)

import tensorflow as tf
import tensorflowjs
import tf_keras
from tensorflowjs.converters import tf_saved_model_conversion_v2 as converter

FOLDER = sys.argv[1]


def models():
    layers = tf_keras.layers
    yield "dense", [layers.Input((8,)), layers.Dense(4, activation="relu"), layers.Dense(2)]
    yield "image", [
        layers.Input((16, 16, 3)),
        layers.Conv2D(4, 3),
        layers.BatchNormalization(),
        layers.MaxPooling2D(),
        layers.DepthwiseConv2D(3),
        layers.Flatten(),
        layers.Dense(2, activation="softmax"),
    ]
    yield "sequence", [layers.Input((5,)), layers.Embedding(10, 4), layers.LSTM(3), layers.Dense(1)]


def main():
    for name, stack in models():
        model = tf_keras.Sequential(stack)
        model.compile("adam", "mse")
        tensorflowjs.converters.save_keras_model(model, os.path.join(FOLDER, f"{name}_layers"))
        saved = os.path.join(FOLDER, f"{name}_saved")
        tf.saved_model.save(model, saved)
        converter.convert_tf_saved_model(saved, os.path.join(FOLDER, f"{name}_graph"), control_flow_v2=True)
        for kind in ("layers", "graph"):
            print(json.dumps({"file": f"{name}_{kind}/model.json"}))


if __name__ == "__main__":
    # What the converter prints is no answer.
    answers, sys.stdout = sys.stdout, sys.stderr
    real_print = print
    print = lambda text: real_print(text, file=answers)
    main()
