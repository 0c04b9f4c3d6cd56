"""Instances in every protocol: a JSON object on each line, with the object, the protocol, the suffix and the file in hex.

With an argument, estimators of scikit-learn as joblib writes them; otherwise objects of Python alone.
"""

import argparse
import io
import json
import pickle
import sys
import types


class Net:
    def __init__(self, layers):
        self.layers = layers


class Slots:
    __slots__ = ("size",)

    def __getstate__(self):
        return None, {"size": self.size}


def objects():
    net, slots = Net([1, 2.5, "x"]), Slots()
    slots.size = 3
    net.inner = Net(())
    options = argparse.Namespace(rate=0.1, names=["a", None], inner=argparse.Namespace(deep=True))
    yield "class", net
    yield "slots", slots
    yield "options", options
    yield "simple", types.SimpleNamespace(a=1)


def estimators():
    import numpy
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = numpy.arange(24.0).reshape(8, 3)
    data[::2] *= -1
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(data, [0, 1] * 4)
    yield "pipeline", fitted


def tell(name, protocol, suffix, data):
    print(json.dumps({"object": name, "protocol": protocol, "suffix": suffix, "file": data.hex()}))


if sys.argv[1:]:
    import joblib

    for name, value in estimators():
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            out = io.BytesIO()
            joblib.dump(value, out, protocol=protocol)
            tell(name, protocol, "joblib", out.getvalue())
            tell(name, protocol, "pkl", pickle.dumps(value, protocol))
else:
    for name, value in objects():
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            tell(name, protocol, "pkl", pickle.dumps(value, protocol))
