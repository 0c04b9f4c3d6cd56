"""Writes models with the converters of TensorFlow Lite or of ONNX Runtime into the folder that is named; prints what is in each.

    converted_graphs.py FOLDER MODULES
"""

import json
import os
import sys
import warnings

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
warnings.simplefilter("ignore")

FOLDER, MODULES = sys.argv[1:]


def write(name, data, operators, refused=0):
    with open(os.path.join(FOLDER, name), "wb") as file:
        file.write(data)
    return {"file": name, "operators": sorted(operators), "refused": refused}


def of_tensorflow():
    import keras
    import tensorflow as tf
    from keras import layers

    dense = keras.Sequential([layers.Input((8,)), layers.Dense(4, activation="relu"), layers.Dense(2)])
    yield write("dense.tflite", tf.lite.TFLiteConverter.from_keras_model(dense).convert(), [])
    image = keras.Sequential([layers.Input((16, 16, 3)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(2)])
    quantised = tf.lite.TFLiteConverter.from_keras_model(image)
    quantised.optimizations = [tf.lite.Optimize.DEFAULT]
    yield write("quantised.tflite", quantised.convert(), [])

    def select(function, *signature):
        concrete = tf.function(function, input_signature=signature).get_concrete_function()
        converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
        return converter.convert()

    text = tf.TensorSpec([], tf.string)
    replace = lambda value: tf.strings.regex_replace(value, "a", "b")
    yield write("replace.tflite", select(replace, text), ["StaticRegexReplace"])
    numbers = tf.TensorSpec([3, 3], tf.float32)
    yield write("inverse.tflite", select(tf.linalg.inv, numbers), ["MatrixInverse"])


def of_onnx():
    import numpy
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    def convert(name, graph):
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.optimized_model_filepath = os.path.join(FOLDER, name)
        options.add_session_config_entry("session.save_model_format", "ORT")
        onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        with open(os.path.join(FOLDER, name), "rb") as file:
            return file.read()

    given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 2])]
    result = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    weights = [numpy_helper.from_array(numpy.ones((2, 2), numpy.float32), "w")]
    nodes = [helper.make_node("MatMul", ["x", "w"], ["z"]), helper.make_node("Relu", ["z"], ["y"])]
    data = convert("dense.ort", helper.make_graph(nodes, "g", given, result, weights))
    yield write("dense.ort", data, ["ai.onnx::MatMul", "ai.onnx::Relu"])

    def branch(operator):
        out = [helper.make_tensor_value_info("b", TensorProto.FLOAT, None)]
        return helper.make_graph([helper.make_node(operator, ["x"], ["b"])], operator, [], out)

    condition = [numpy_helper.from_array(numpy.array(True), "c")]
    node = helper.make_node("If", ["c"], ["y"], then_branch=branch("Sin"), else_branch=branch("Cos"))
    data = convert("branches.ort", helper.make_graph([node], "g", given, result, condition))
    yield write("branches.ort", data, ["ai.onnx::If", "ai.onnx::Sin", "ai.onnx::Cos"])


output, sys.stdout = sys.stdout, sys.stderr
answers = list(of_tensorflow() if MODULES == "tensorflow" else of_onnx())
sys.stdout = output
for answer in answers:
    print(json.dumps(answer))
