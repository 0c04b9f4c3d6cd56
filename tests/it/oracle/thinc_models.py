"""Models that thinc writes: a JSON object on each line, with a name and the bytes in hex. What is said of shims is what `from_bytes` hands to torch."""

import json

import thinc
import torch
from thinc.api import Linear, Model, PyTorchWrapper, Relu, chain, list2ragged, with_array


def say(name, model):
    print(json.dumps({"name": name, "file": model.to_bytes().hex()}))


linear = Linear(2, 3)
linear.initialize()
say("linear", linear)

layers = chain(Relu(4, 3, dropout=0.2), Linear(2, 4))
layers.initialize()
layers.attrs["labels"] = ["a", "b"]
say("chain", layers)

say("wrapper", PyTorchWrapper(torch.nn.Linear(3, 2)))
say("wrapped twice", chain(PyTorchWrapper(torch.nn.Linear(3, 2)), PyTorchWrapper(torch.nn.GRUCell(2, 2)), Linear(2, 2)))
say("deep", chain(list2ragged(), with_array(PyTorchWrapper(torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.LayerNorm(3))))))
