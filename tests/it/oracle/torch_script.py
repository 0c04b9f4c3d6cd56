"""Writes TorchScript archives into the folder that is named, genuine ones and ones whose code was changed, and prints for each which
operators torch compiles its code to; `null` if torch refuses it. Nothing but `__setstate__` methods of the genuine ones runs.
"""

import json
import os
import sys
import warnings
import zipfile
from enum import Enum
from typing import Dict, List, Optional, Tuple

import torch
from torch import nn

warnings.simplefilter("ignore")


class Color(Enum):
    RED = 1
    BLUE = 2


@torch.jit.script
class Pair:
    def __init__(self, a: int, b: int):
        self.a = a
        self.b = b

    def sum(self) -> int:
        return self.a + self.b


class Everything(nn.Module):
    names: List[str]
    table: Dict[str, torch.Tensor]

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 2))
        self.ops = nn.ModuleList([nn.Linear(2, 2)])
        self.names = ["a", "b"]
        self.table = {"x": torch.ones(2)}
        self.floats = [1.0, 2.0]
        self.bools = [True, False]
        self.tensors = [torch.ones(1)]
        self.color = Color.RED
        self.lstm = nn.LSTM(2, 3, batch_first=True)
        self.stateful = Stateful()

    def forward(self, x, flag: bool = True):
        y = self.layers(x)
        pair = Pair(1, 2)
        for name in self.names:
            if name == "a" and flag:
                y = y + pair.sum()
        for layer in self.ops:
            y = layer(y)
        if y.sum() > 0:
            y = nn.functional.interpolate(y[None], scale_factor=2.0, mode="linear")[0]
            print("value", y.size(0), "torch.save(x) # no 'comment'")
        else:
            raise RuntimeError("bad 'quote' \n ops.aten.save(x)")
        with torch.autograd.profiler.record_function("block"):
            future = torch.jit.fork(torch.sin, y)
            y = torch.jit.wait(future)
        rest, _ = self.lstm(y[None, :, :2])
        y = self.stateful(y)
        return rest, {"k": y}, f"{y.size(0)} text"


class Stateful(nn.Module):
    def __init__(self):
        super().__init__()
        self.factor = 2

    def forward(self, x):
        return x * self.factor

    @torch.jit.export
    def __getstate__(self):
        return (self.factor, self.training)

    @torch.jit.export
    def __setstate__(self, state: Tuple[int, bool]):
        self.factor = state[0]
        self.training = state[1]


class Image(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
        self.register_buffer("scale", torch.arange(2.0))

    def forward(self, x):
        return self.layers(x) * self.scale


class Values(nn.Module):
    def forward(self, x, ys: List[torch.Tensor], given: Optional[int] = None):
        sums = [y.sum() for y in ys]
        names: Dict[int, str] = {1: "a"}
        while x.sum() < 3:
            x = x + 1
            if x.sum() > 2:
                break
        assert x.dim() == 2, f"bad {x.dim()}"
        z = torch.complex(x, x)
        return x, sums, names, z, -1e-10, float("inf"), float("nan"), 3j, x.device, x.dtype == torch.float16


@torch.jit.script
def function(x, y: int = 3):
    return torch.stft(x, 4, return_complex=True).abs() * y


def genuine():
    image = torch.rand(1, 3, 8, 8)
    yield "script.pt", lambda file: torch.jit.save(torch.jit.script(Everything().eval()), file)
    yield "extra.pt", lambda file: torch.jit.save(torch.jit.script(Image()), file, _extra_files={"a.txt": "hello", "c.json": "{}"})
    yield "trace.pt", lambda file: torch.jit.save(torch.jit.trace(Image().eval(), image), file)
    yield "frozen.pt", lambda file: torch.jit.save(torch.jit.freeze(torch.jit.script(Image().eval())), file)
    yield "values.pt", lambda file: torch.jit.save(torch.jit.script(Values()), file)
    yield "function.pt", lambda file: torch.jit.save(function, file)
    attention = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2).eval()
    yield "transformer.pt", lambda file: torch.jit.save(torch.jit.script(attention), file)
    yield "mobile.ptl", lambda file: torch.jit.script(Image().eval())._save_for_lite_interpreter(file)
    dynamic = torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(4, 4)), {nn.Linear}, dtype=torch.qint8)
    yield "quantized.pt", lambda file: torch.jit.save(torch.jit.script(dynamic), file)
    yield "quantized.ptl", lambda file: torch.jit.script(dynamic)._save_for_lite_interpreter(file)


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.color = Color.RED

    def forward(self, x):
        if self.color == Color.BLUE:
            x = x + 1
        return x


# Bodies of `forward(self, x: Tensor)`, some of which torch compiles to an operator that reaches a file.
BODIES = [
    'torch.save(x, "p")',
    'ops.aten.save(x, "p")',
    'torch.autograd.save(x, "p")',
    'torch.autograd.autograd.save(x, "p")',
    'ops.foo.autograd.save(x, "p")',
    'x.save("p")',
    '(x).save("p")',
    '(x, x).save("p")',
    '1..save("p")',
    '1.0.save("p")',
    '"text".save("p")',
    '[x][0].save("p")',
    'torch.sin(x).save("p")',
    'getattr(torch, "save")(x, "p")',
    'getattr(x, "save")("p")',
    'getattr(x, "sa" "ve")("p")',
    'getattr(x, "\\163ave")("p")',
    "getattr(x, 'save')('p')",
    "getattr(x, '''save''')('p')",
    'getattr(getattr(ops, "aten"), "save")(x, "p")',
    't = torch\n    t.save(x, "p")',
    'o = ops\n    a = o.aten\n    a.save(x, "p")',
    'f = torch.save\n    f(x, "p")',
    'f = x.save\n    f("p")',
    '(torch).save(x, "p")',
    '(ops.aten).save(x, "p")',
    '(torch\n  .save)(x, "p")',
    'torch . save (x, "p")',
    'torch.\\\n save(x, "p")',
    'torch. # a comment\n save(x, "p")',
    'x = torch.from_file("p", True, 8)',
    'x = ops.aten.from_file("p", True, 8)',
    '"p".from_file(True, 8)',
    'for i in range(2):\n      torch.save(i, "p")',
    'if bool(x):\n      torch.save(x, "p")\n    else:\n      pass',
    'def g():\n      torch.save(x, "p")\n      return x\n    f = fork(g)',
    'c = __torch__\n    c.Color.RED.save("p")',
    '__torch__.Color.RED.save("p")',
    'torch.sin(x) # torch.save(x, "p")',
    'print("torch.save(x)")',
    'save = x\n    torch.add(save, 1)',
    'ops.prim.rpc_sync("w", x)',
    'ops.c10d.barrier(x, x, [0], True, 1)',
    'ops.debugprims.load_tensor("p", [1], [1])',
    'y = unchecked_cast(Tensor, x).save("p")',
    'y = annotate(Tensor, x).save("p")',
    'x.save("p") if bool(x) else x',
    '(lambda y: y.save("p"))(x)',
    '[y.save("p") for y in [x]]',
    '{"a": x}["a"].save("p")',
    'x[0:1].save("p")',
    'x @ x.save("p")',
]


def changed(folder):
    base = os.path.join(folder, "base.pt")
    torch.jit.save(torch.jit.script(Plain()), base)
    archive = zipfile.ZipFile(base)
    code = next(name for name in archive.namelist() if name.endswith("code/__torch__.py"))
    text = archive.read(code).decode()
    # A method of another class has the name of an operator.
    decoy = "class Decoy:\n  save : int\n  def save(self: __torch__.Decoy) -> int:\n    return 1\n"
    for number, body in enumerate(BODIES):
        for way in ("plain", "deflated", "upper", "decoy", "setstate"):
            begin = text.index("  def forward")
            rest = text[begin:]
            end = rest.find("\nclass ")
            after = rest[end + 1 :] if end >= 0 else ""
            method = f"  def forward(self: __torch__.Plain,\n    x: Tensor) -> Tensor:\n    {body}\n    return x\n"
            if way == "setstate":
                method += (
                    "  def __getstate__(self: __torch__.Plain) -> Tensor:\n    return torch.zeros([1])\n"
                    f"  def other(self: __torch__.Plain, x: Tensor) -> NoneType:\n    {body}\n    return None\n"
                )
            source = text[:begin] + method + after + (decoy if way == "decoy" else "")
            name = f"changed{number}-{way}.pt"
            with zipfile.ZipFile(os.path.join(folder, name), "w") as out:
                for info in archive.infolist():
                    data = archive.read(info)
                    path = info.filename
                    if path == code:
                        data = source.encode()
                        path = path.replace("code/__torch__.py", "CODE/__TORCH__.PY") if way == "upper" else path
                    method_of = zipfile.ZIP_DEFLATED if way == "deflated" and path == code else zipfile.ZIP_STORED
                    out.writestr(path, data, method_of)
            yield name, body
    os.remove(base)


def operators(file):
    try:
        module = torch.jit.load(file)
    except Exception:
        return None
    kinds = set()

    def of(block):
        for node in block.nodes():
            kinds.add(node.kind())
            for inner in node.blocks():
                of(inner)
            for attribute in node.attributeNames():
                if node.kindOf(attribute) == "g":
                    of(node.g(attribute))

    if isinstance(module, torch.jit.ScriptFunction) or not hasattr(module, "modules"):
        of(module.inlined_graph)
        return sorted(kinds)
    for inner in module.modules():
        for method in inner._c._method_names():
            of(inner._c._get_method(method).inlined_graph)
    return sorted(kinds)


folder = sys.argv[1]
for name, write in genuine():
    path = os.path.join(folder, name)
    write(path)
    found = [] if name.endswith(".ptl") else operators(path)
    print(json.dumps({"file": name, "genuine": True, "operators": found, "body": ""}))
for name, body in changed(folder):
    print(json.dumps({"file": name, "genuine": False, "operators": operators(os.path.join(folder, name)), "body": body}))
