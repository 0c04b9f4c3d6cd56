"""Writes exported programs into the folder that is named, genuine ones and ones whose JSON was changed, and prints for each what
torch makes of it: `loads`, `refuses`, or `runs` if loading it ran what the change has it run, which is harmless.
"""

import io
import json
import os
import pickle
import sys
import warnings
import zipfile

import torch
from torch import nn

warnings.simplefilter("ignore")

RAN = os.path.join(sys.argv[1], "ran")


class Module(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU())
        self.register_buffer("scale", torch.arange(8.0))
        self.constant = torch.ones(8)

    def forward(self, x):
        return self.layers(x) * self.scale + self.constant


class Sizes(nn.Module):
    def forward(self, x):
        rows = x.shape[0]
        return torch.zeros(rows * 2 + 1, rows // 2), torch.cat([x, x]).reshape(-1), x.sum() * (rows % 3) + rows * rows


class Guarded(nn.Module):
    def forward(self, x, more):
        if x.shape[0] > 5 and x.shape[1] != 7:
            return x.sum() + more["k"].sum(), x[: x.shape[0] // 2]
        return x, x


class Branches(nn.Module):
    def forward(self, x):
        return torch.cond(x.sum() > 0, lambda x: x.sin(), lambda x: x.cos(), (x,))


def genuine():
    x = (torch.rand(4, 4),)
    yield "plain.pt2", torch.export.export(Module().eval(), x), {}
    yield "extra.pt2", torch.export.export(Module().eval(), x), {"extra_files": {"a.txt": "hello", "b.json": "{"}}
    batch = torch.export.Dim("batch", min=6, max=100)
    yield "sizes.pt2", torch.export.export(Sizes(), (torch.rand(12, 4),), dynamic_shapes=({0: batch},)), {}
    yield "dynamic.pt2", torch.export.export(Module().eval(), (torch.rand(8, 4),), dynamic_shapes=({0: batch},)), {}
    if hasattr(torch.export.Dim, "AUTO"):
        sizes = ({0: torch.export.Dim.AUTO}, {"k": {0: torch.export.Dim.AUTO}})
        yield "guarded.pt2", torch.export.export(Guarded(), (torch.rand(8, 4), {"k": torch.rand(8)}), dynamic_shapes=sizes), {}
    yield "branches.pt2", torch.export.export(Branches(), x), {}
    attention = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2).eval()
    yield "transformer.pt2", torch.export.export(attention, (torch.rand(1, 3, 8),)), {}


def walk(value, change):
    if isinstance(value, dict):
        return {key: change(key, walk(inner, change)) for key, inner in value.items()}
    if isinstance(value, list):
        return [walk(inner, change) for inner in value]
    return value


class Runs:
    def __reduce__(self):
        return (open, (RAN, "w"))


CODE = f"open({RAN!r}, 'w')"
EXPRESSIONS = [
    CODE,
    f"Max({CODE!r}, 1)",
    f"Symbol('s0').__class__.__init__.__globals__['__builtins__']['open']({RAN!r}, 'w')",
    f"().__class__.__base__.__subclasses__() and {CODE}",
    f"sympify({CODE!r})",
]
TARGETS = ["torch.hub.load", "torch.serialization.load", "_operator.attrgetter", "math.nan", "torch.ops.load_library"]


def changed(folder):
    for name in ("dynamic.pt2", "plain.pt2"):
        source = zipfile.ZipFile(os.path.join(folder, name))
        for number, text in enumerate(EXPRESSIONS if name == "dynamic.pt2" else TARGETS):
            key = "expr_str" if name == "dynamic.pt2" else "target"
            done = []

            def change(at, value, key=key, text=text, done=done):
                if at == key and isinstance(value, str) and not done:
                    done.append(value)
                    return text
                return value

            out = f"{key}{number}.pt2"
            with zipfile.ZipFile(os.path.join(folder, out), "w") as archive:
                for info in source.infolist():
                    data = source.read(info)
                    if info.filename.endswith(".json"):
                        # Letters as escapes are the same letters.
                        data = json.dumps(walk(json.loads(data), change)).replace("__cl", "\\u005f\\u005fcl").encode()
                    archive.writestr(info.filename, data)
            yield out, text
    source = zipfile.ZipFile(os.path.join(folder, "plain.pt2"))
    if not any(name.endswith("weights_config.json") for name in source.namelist()):
        return
    payloads = {
        "zip": zipped(),
        "legacy": b"K\x01" + b"0" + pickle.dumps(Runs(), 0),
        "plain": pickle.dumps(Runs(), 4),
    }
    for way, payload in payloads.items():
        out = f"pickled-{way}.pt2"
        with zipfile.ZipFile(os.path.join(folder, out), "w") as archive:
            for info in source.infolist():
                data = source.read(info)
                if info.filename.endswith("weights_config.json"):
                    mark = lambda key, value: True if key == "use_pickle" else value
                    data = json.dumps(walk(json.loads(data), mark)).encode()
                if "/data/weights/weight_" in info.filename:
                    data = payload
                archive.writestr(info.filename, data)
        yield out, f"a pickle as {way}"


def zipped():
    buffer = io.BytesIO()
    torch.save(Runs(), buffer)
    return buffer.getvalue()


def answer(file):
    if os.path.exists(RAN):
        os.remove(RAN)
    try:
        torch.export.load(file).module()
        loads = "loads"
    except Exception:
        loads = "refuses"
    return "runs" if os.path.exists(RAN) else loads


folder = sys.argv[1]
for name, program, options in genuine():
    torch.export.save(program, os.path.join(folder, name), **options)
    print(json.dumps({"file": name, "genuine": True, "answer": answer(os.path.join(folder, name)), "change": ""}))
for name, change in changed(folder):
    print(json.dumps({"file": name, "genuine": False, "answer": answer(os.path.join(folder, name)), "change": change}))
