"""Writes the files of this folder with the real libraries, and what real torch says of them.

    python tests/corpus/make.py

needs torch, numpy, scikit-learn, safetensors, transformers and accelerate, and nothing else of this repository. Every file is replaced and
`files.tsv` is written anew: the name, its SHA-256, what wrote it, how, and how `torch.load(weights_only=True)` took it:

    loads      it loads as it is
    listed     it loads once the globals in the last column are listed with `torch.serialization.safe_globals`
    refuses    no list makes it load
    -          not a file of torch's

Only files that this script wrote itself are loaded by it.
"""

import collections
import hashlib
import pathlib
import pickle
import pkgutil
import re

import numpy
import safetensors
import safetensors.torch
import sklearn
import sklearn.linear_model
import sklearn.pipeline
import sklearn.preprocessing
import torch
import transformers

HERE = pathlib.Path(__file__).parent
FILES = []
TORCH = f"torch {torch.__version__.split('+')[0]}"
NUMPY = f"numpy {numpy.__version__}"
LEGACY = {"_use_new_zipfile_serialization": False}


def file(name, writer, how, write):
    path = HERE / name
    write(path)
    verdict, needs = weights_only(path) if writer == TORCH else ("-", "")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    FILES.append((name, digest, writer, how, verdict, needs))


def weights_only(path):
    """How `weights_only=True` takes a file, and which globals it would have to be told about."""
    try:
        torch.load(path, weights_only=True)
        return "loads", ""
    except Exception:  # whatever it says, the next step decides
        pass
    try:
        needs = set(torch.serialization.get_unsafe_globals_in_checkpoint(path))
    except Exception:
        return "refuses", ""
    while True:
        try:
            with torch.serialization.safe_globals([pkgutil.resolve_name(name) for name in needs]):
                torch.load(path, weights_only=True)
            return "listed", ",".join(sorted(needs))
        except Exception as error:
            # What a listed function returns has a type, which must be listed as well before its state is set.
            got = re.search(r"allowlisted via `add_safe_globals`, but got <class '([\w.]+)'>", str(error))
            if got is None or got[1] in needs:
                return "refuses", ""
            needs.add(got[1])


def saved(value, **options):
    return lambda path: torch.save(value, path, **options)


def pickled(value, protocol):
    return lambda path: path.write_bytes(pickle.dumps(value, protocol))


torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2))
state = net.state_dict()
optimizer = torch.optim.AdamW(net.parameters())
net(torch.randn(3, 8)).sum().backward()
optimizer.step()

file("state_dict.pth", TORCH, "torch.save(net.state_dict())", saved(state))
file("state_dict_protocol4.pth", TORCH, "torch.save(net.state_dict(), pickle_protocol=4)", saved(state, pickle_protocol=4))
file(
    "state_dict_legacy.pth",
    TORCH,
    "torch.save(net.state_dict(), _use_new_zipfile_serialization=False)",
    saved(state, **LEGACY),
)
file(
    "training.ckpt",
    TORCH,
    "torch.save of a dict: model, optimizer and epoch",
    saved({"model": state, "optimizer": optimizer.state_dict(), "epoch": 3}),
)
file(
    "numpy_scalars.pt",
    TORCH,
    "torch.save of a dict: NumPy scalars and an array",
    saved({"best": numpy.float64(0.9), "step": numpy.int64(3), "curve": numpy.arange(5)}),
)
file(
    "collections.pt",
    TORCH,
    "torch.save of a dict: OrderedDict, defaultdict, Counter and a set",
    saved(
        {
            "ordered": collections.OrderedDict(x=1),
            "default": collections.defaultdict(list, {"k": [1]}),
            "count": collections.Counter("aab"),
            "set": {1, 2},
        }
    ),
)
file("module.pt", TORCH, "torch.save(net), the module itself", saved(net))
file("script.pt", TORCH, "torch.jit.script(net).save", lambda path: torch.jit.script(net).save(str(path)))
file(
    "weights.safetensors",
    f"safetensors {safetensors.__version__}",
    "safetensors.torch.save_file(net.state_dict())",
    lambda path: safetensors.torch.save_file(dict(state), path, metadata={"format": "pt"}),
)
values = numpy.linspace(0, 1, 60).reshape(20, 3)
file("array.npy", NUMPY, "numpy.save of 20 by 3 numbers", lambda path: numpy.save(path, values))
file(
    "objects.npy",
    NUMPY,
    "numpy.save(allow_pickle=True) of an array of objects",
    lambda path: numpy.save(path, numpy.array([{"a": 1}, None, "x"], dtype=object), allow_pickle=True),
)
file("arrays.npz", NUMPY, "numpy.savez of two arrays", lambda path: numpy.savez(path, a=values, b=numpy.arange(4)))
file(
    "arrays_compressed.npz",
    NUMPY,
    "numpy.savez_compressed of an array and an array of objects",
    lambda path: numpy.savez_compressed(path, a=values, o=numpy.array([{"k": 1}], dtype=object)),
)
pipeline = sklearn.pipeline.make_pipeline(
    sklearn.preprocessing.StandardScaler(), sklearn.linear_model.LogisticRegression()
).fit(values, numpy.arange(20) > 9)
file(
    "pipeline.pkl",
    f"scikit-learn {sklearn.__version__}",
    "pickle.dumps(pipeline, 4) of a scaler and a logistic regression",
    pickled(pipeline, 4),
)
data = {"numbers": [1, 2.5, 2**80, 1 + 2j], "text": "é" * 300, "set": {1, 2}, "bytes": b"abc", "none": None}
for protocol in (0, 2, 4, 5):
    file(f"data_{protocol}.pickle", "pickle of CPython 3.11", f"pickle.dumps(data, {protocol})", pickled(data, protocol))

arguments = transformers.TrainingArguments("out", report_to="none")
arguments.device  # is kept with what it is computed from
file("training_args.bin", TORCH, f"torch.save of the TrainingArguments of transformers {transformers.__version__}", saved(arguments))

with open(HERE / "files.tsv", "w") as table:
    table.write("\t".join(("file", "sha256", "written by", "how", "weights_only", "needs")) + "\n")
    for row in sorted(FILES):
        table.write("\t".join(row) + "\n")
