"""Writes mobile programs as flatbuffers into the folder that is named, genuine ones and ones with changed bytes, and prints for each
which operators torch finds in it. Changed ones are loaded in a process of their own, and never run.
"""

import json
import os
import random
import signal
import sys
import warnings

warnings.simplefilter("ignore")

import torch
from torch import nn
from torch.jit.mobile import _export_operator_list, _load_for_lite_interpreter

FOLDER, COUNT, SEED = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2))
        self.names = ["a", "b"]
        self.scales = {"a": 1.5}

    def forward(self, x):
        y = self.layers(x)
        for name in self.names:
            if name in self.scales:
                y = y * self.scales[name]
        return torch.softmax(y, -1)


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.LSTM(3, 4, batch_first=True)
        self.norm = nn.LayerNorm(4)

    def forward(self, x):
        y, (h, c) = self.cell(x)
        return self.norm(y).sum(), h, c


class Stateful(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.ones(3))

    @torch.jit.export
    def __getstate__(self):
        return self.w.detach() * 2, self.training

    @torch.jit.export
    def __setstate__(self, state: tuple[torch.Tensor, bool]):
        self.w = nn.Parameter(torch.sqrt(state[0]))
        self.training = state[1]

    def forward(self, x):
        return torch.einsum("i,i->", x, self.w).item() > 0.5


def genuine():
    modules = {"plain": Plain(), "recurrent": Recurrent(), "linear": nn.Linear(2, 2), "stateful": Stateful()}
    try:
        modules["quantized"] = torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(3, 2)), {nn.Linear}, dtype=torch.qint8)
    except Exception:
        pass
    for name, module in modules.items():
        try:
            scripted = torch.jit.script(module.eval())
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                torch.jit.save_jit_module_to_flatbuffer(scripted, os.path.join(FOLDER, f"{name}.ff"))
                scripted._save_for_lite_interpreter(os.path.join(FOLDER, f"{name}.ptl"), _use_flatbuffer=True)
        except Exception as error:
            print(name, error, file=sys.stderr)
            continue
        yield f"{name}.ff"
        yield f"{name}.ptl"


def answer(path):
    """What torch says, from a process that may die of it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        os.close(reading)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            module = _load_for_lite_interpreter(path)
            said = ["loads", sorted(_export_operator_list(module))]
        except BaseException:
            said = ["refuses", []]
        os.write(writing, json.dumps(said).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return json.loads(said) if said else ["dies", []]


def say(name, is_genuine):
    said, found = answer(os.path.join(FOLDER, name))
    names = sorted({operator.split(".")[0] for operator in found})
    print(json.dumps({"file": name, "genuine": is_genuine, "answer": said, "names": names}), flush=True)


files = list(genuine())
for name in files:
    say(name, True)
rng = random.Random(SEED)
for number in range(COUNT):
    with open(os.path.join(FOLDER, rng.choice(files)), "rb") as file:
        data = bytearray(file.read())
    for _ in range(rng.choice([1, 1, 2, 4])):
        at = rng.randrange(8, len(data))
        roll = rng.random()
        if roll < 0.5:
            data[at] = rng.randrange(256)
        elif roll < 0.8:
            other = rng.randrange(8, len(data) - 8)
            at = min(at, len(data) - 8)
            data[at : at + 4] = data[other : other + 4]
        else:
            data[at] ^= 1 << rng.randrange(8)
    name = f"changed{number}.ptl"
    with open(os.path.join(FOLDER, name), "wb") as file:
        file.write(data)
    say(name, False)
