"""Big files of genuine objects, in which what was made early is used again much later.

    genuine_large.py FOLDER     writes some fifty files, about 100 MB

What follows a stream with a bounded memory must know as much at their end as at their start.
"""
import collections
import random
import sys
from pathlib import Path

import genuine
from genuine import numpy, torch


def large(chosen):
    """(library, value)"""
    shared = ("a", 1)
    texts = [genuine.text(chosen) for _ in range(300)]
    yield "python", {"rows": [{"id": n, "name": chosen.choice(texts), "shape": (n % 7, 3), "pair": shared, "more": collections.OrderedDict(n=n)} for n in range(40000)]}
    yield "python", [[collections.Counter(a=n), {n, n + 1}, bytearray(b"x"), complex(n, 1)] for n in range(20000)]
    if numpy:
        objects = numpy.empty(100000, dtype=object)
        for at in range(100000):
            objects[at] = (at, chosen.choice(texts), None if at % 3 else [at])
        yield "numpy", objects
        mixed = numpy.empty(30000, dtype=object)
        for at in range(30000):
            mixed[at] = numpy.float32(at) if at % 2 else numpy.arange(at % 5)
        yield "numpy", mixed
        yield "numpy", [numpy.float64(n) for n in range(50000)]
        record = numpy.zeros(5000, dtype=[("a", "O"), ("b", "i4"), ("c", [("d", "f8"), ("e", "U5")])])
        record["a"] = "text"
        yield "numpy", record
        yield "numpy", [numpy.zeros(3, record.dtype["c"]) for _ in range(20000)]
        yield "numpy", [numpy.zeros(n % 4, numpy.dtype([("f%d" % (n % 50), "i4"), ("x", ">f8")])) for n in range(20000)]
        yield "numpy", {"%d" % n: [genuine.dtype(chosen), numpy.datetime64(n, "s")] for n in range(5000)}
    if torch:
        base = torch.zeros(1000)
        yield "torch", {"layer.%d.weight" % n: base[n % 900: n % 900 + 4].view(2, 2) for n in range(30000)}
        yield "torch", collections.OrderedDict(("layer.%d" % n, torch.nn.Parameter(torch.zeros(2, 3))) for n in range(8000))
        model = torch.nn.Sequential(*[torch.nn.Linear(2, 2) for _ in range(1500)])
        optimizer = torch.optim.AdamW(model.parameters(), amsgrad=True)
        for parameter_ in model.parameters():
            parameter_.grad = torch.zeros_like(parameter_)
        optimizer.step()
        yield "torch", {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "args": genuine.plain(chosen)}
        yield "torch", [torch.eye(3).to_sparse() for _ in range(3000)] + [torch.eye(3).to_sparse_csr() for _ in range(1000)]
        yield "torch", [torch.quantize_per_channel(torch.ones(3, 4), torch.ones(3), torch.zeros(3), 0, torch.qint8) for _ in range(3000)]
        yield "torch", {n: torch.empty(n % 5, 4, device="meta") for n in range(20000)}


def main(folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for at, (name, value) in enumerate(large(random.Random(1))):
        variants = [(".pt", lambda: genuine.saved(value, 2, False)), (".pth", lambda: genuine.saved(value, 2, True))] if name == "torch" else [("-%d.pkl" % protocol, lambda p=protocol: genuine.pickled(value, p, False)) for protocol in (0, 2, 4, 5)]
        for end, data in variants:
            (folder / ("large-%s-%02d%s" % (name, at, end))).write_bytes(data())


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) == 2 else sys.exit(__doc__)
