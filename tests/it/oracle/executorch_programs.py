"""Writes programs of ExecuTorch into the folder that is named, and prints for each which operators and delegates are in it."""

import contextlib
import json
import os
import sys
import warnings

warnings.simplefilter("ignore")

import torch
from executorch.exir import ExecutorchBackendConfig, to_edge, to_edge_transform_and_lower
from torch import nn

FOLDER = sys.argv[1]


class Module(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(3, 4, 3)
        self.linear = nn.Linear(4 * 6 * 6, 10)
        self.register_buffer("shift", torch.zeros(1))

    def forward(self, x):
        return torch.softmax(self.linear(torch.relu(self.convolution(x)).flatten(1)), -1) + self.shift


class Branches(nn.Module):
    def forward(self, x):
        return torch.cond(x.sum() > 0, lambda x: x + 1, lambda x: x - 1, (x,))


def write(name, program):
    names = set()
    for plan in program.executorch_program.execution_plan:
        names |= {operator.name for operator in plan.operators} | {delegate.id for delegate in plan.delegates}
    with open(os.path.join(FOLDER, name), "wb") as file:
        file.write(program.buffer)
    return {"file": name, "names": sorted(names)}


def programs():
    module, inputs = Module().eval(), (torch.randn(1, 3, 8, 8),)
    export = lambda: torch.export.export(module, inputs)
    branches = lambda: torch.export.export(Branches(), (torch.ones(3),))
    yield write("plain.pte", to_edge(export()).to_executorch())
    yield write("branches.pte", to_edge(branches()).to_executorch())
    yield write("both.pte", to_edge({"forward": export(), "other": branches()}).to_executorch())
    external = to_edge(export()).to_executorch(ExecutorchBackendConfig(external_constants=True))
    yield write("external.pte", external)
    external.write_tensor_data_to_file(FOLDER)
    for name in os.listdir(FOLDER):
        if name.endswith(".ptd"):
            yield {"file": name, "names": []}
    try:
        from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    except ImportError:
        return
    lower = lambda: to_edge_transform_and_lower(export(), partitioner=[XnnpackPartitioner()])
    yield write("delegate.pte", lower().to_executorch())
    yield write("inline.pte", lower().to_executorch(ExecutorchBackendConfig(extract_delegate_segments=False)))


with contextlib.redirect_stdout(sys.stderr):
    answers = list(programs())
for answer in answers:
    print(json.dumps(answer))
