"""Writes models of Core ML into the folder that is named; prints the name of each file and the class that it names, if it names one.

    coreml_models.py FOLDER
"""

import json
import os
import sys
import warnings

warnings.simplefilter("ignore")
# ExecuTorch, where it is installed in part, breaks the import; it is not needed.
sys.modules.setdefault("executorch", None)

import coremltools
import numpy
from coremltools.converters.mil import Builder
from coremltools.models import datatypes
from coremltools.models.neural_network import NeuralNetworkBuilder
from coremltools.proto import Model_pb2

FOLDER = sys.argv[1]
ANSWERS, sys.stdout = sys.stdout, sys.stderr


def tell(file, of_class=None):
    print(json.dumps({"file": file, "class": of_class}), file=ANSWERS)


def image(x):
    weights = numpy.random.rand(8, 3, 5, 5).astype(numpy.float32)
    return Builder.softmax(x=Builder.reduce_mean(x=Builder.relu(x=Builder.conv(x=x, weight=weights)), axes=[2, 3]))


def branch(x):
    def larger():
        return Builder.mul(x=x, y=2.0)

    def smaller():
        return Builder.sub(x=x, y=1.0)

    return Builder.cond(pred=Builder.greater(x=Builder.reduce_sum(x=x, axes=[0, 1, 2, 3], keep_dims=False), y=0.0), _true_fn=larger, _false_fn=smaller)


def programs():
    for name, function in (("image", image), ("branch", branch)):
        for target in (coremltools.target.iOS15, coremltools.target.iOS17, coremltools.target.iOS18):

            @Builder.program(input_specs=[Builder.TensorSpec(shape=(1, 3, 8, 8))], opset_version=target)
            def program(x):
                return function(x)

            file = f"{name}_{target.name}.mlpackage"
            coremltools.convert(program, convert_to="mlprogram", minimum_deployment_target=target).save(os.path.join(FOLDER, file))
            tell(f"{file}/Manifest.json")
            tell(f"{file}/Data/com.apple.CoreML/model.mlmodel")


def network(of_class):
    builder = NeuralNetworkBuilder([("x", datatypes.Array(4))], [("y", datatypes.Array(2))])
    builder.add_inner_product("dense", numpy.ones((2, 4), numpy.float32), numpy.zeros(2, numpy.float32), 4, 2, True, "x", "h")
    if of_class:
        from coremltools.proto import NeuralNetwork_pb2

        parameters = NeuralNetwork_pb2.CustomLayerParams()
        parameters.className = of_class
        parameters.description = "what it does"
        builder.add_custom("custom", ["h"], ["y"], parameters)
    else:
        builder.add_activation("act", "RELU", "h", "y")
    return builder.spec


def main():
    programs()
    for name, spec, of_class in [
        ("network", network(None), None),
        ("custom", network("MyLayer"), "MyLayer"),
    ]:
        coremltools.utils.save_spec(spec, os.path.join(FOLDER, f"{name}.mlmodel"))
        tell(f"{name}.mlmodel", of_class)
    model = Model_pb2.Model()
    model.CopyFrom(network(None))
    model.customModel.className = "MyModel"
    with open(os.path.join(FOLDER, "whole.mlmodel"), "wb") as file:
        file.write(model.SerializeToString())
    tell("whole.mlmodel", "MyModel")
    pipeline = Model_pb2.Model()
    pipeline.specificationVersion = 4
    pipeline.description.CopyFrom(network(None).description)
    pipeline.pipeline.models.add().CopyFrom(network("Inner"))
    with open(os.path.join(FOLDER, "pipeline.mlmodel"), "wb") as file:
        file.write(pipeline.SerializeToString())
    tell("pipeline.mlmodel", "Inner")


if __name__ == "__main__":
    main()
