#!/usr/bin/env python3
"""Makes repositories for audits: forks, shared blobs, git-lfs pointers, genuine and harmless hostile artifacts. The same seed makes the same objects.

usage: repositories.py FOLDER [--count 1000] [--seed 1] [--commits 8] [--size 200000]
"""
import argparse, hashlib, os, pathlib, pickle, random, struct, subprocess, zipfile, io

class Calls:
    def __reduce__(self):
        return (os.system, ("true",))

def artifact(rng, size):
    kind = rng.randrange(6)
    if kind == 0:
        return "pkl", pickle.dumps({"w": [rng.random() for _ in range(size // 40)], "name": str(rng.random())}, protocol=2)
    if kind == 1 and rng.random() < 0.2:
        return "pkl", pickle.dumps([Calls(), rng.random()])
    if kind == 2:
        shape = size // 4
        head = ("{'descr': '<f4', 'fortran_order': False, 'shape': (%d,), }" % shape).encode()
        head += b" " * (63 - (10 + len(head)) % 64) + b"\n"
        return "npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + rng.randbytes(shape * 4)
    if kind == 3:
        n = size // 4
        import json
        header = json.dumps({"w": {"dtype": "F32", "shape": [n], "data_offsets": [0, n * 4]}}).encode()
        return "safetensors", struct.pack("<Q", len(header)) + header + rng.randbytes(n * 4)
    if kind == 4:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as z:
            def put(name, data):
                z.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
            put("archive/data.pkl", pickle.dumps({"a": rng.random()}, protocol=2))
            put("archive/version", b"3\n")
            put("archive/data/0", rng.randbytes(size))
        return "pt", out.getvalue()
    return "bin", rng.randbytes(size)

def source(rng):
    lines = ["import torch", "import numpy as np", ""]
    for n in range(rng.randrange(5, 80)):
        lines.append(f"def f{n}(x, y={rng.randrange(1000)}):\n    z = [a * {rng.randrange(9)} for a in x]\n    return np.array(z) + y\n")
    if rng.random() < 0.3:
        lines.append(f"model = torch.load('models/{rng.randrange(9)}.pt', weights_only={rng.choice(['True', 'False'])})\n")
    return "\n".join(lines).encode()

def pointer(rng):
    oid = hashlib.sha256(rng.randbytes(8)).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {rng.randrange(10**9)}\n".encode()

def main():
    p = argparse.ArgumentParser()
    p.add_argument("folder"); p.add_argument("--count", type=int, default=1000); p.add_argument("--seed", type=int, default=1)
    p.add_argument("--commits", type=int, default=8); p.add_argument("--size", type=int, default=200_000)
    a = p.parse_args()
    rng = random.Random(a.seed)
    pool = [artifact(rng, rng.randrange(a.size // 10, a.size)) for _ in range(max(4, a.count // 5))]
    sources = [source(rng) for _ in range(max(8, a.count // 2))]
    root = pathlib.Path(a.folder); root.mkdir(parents=True)
    made = []
    for n in range(a.count):
        path = root / f"team{n % 17}" / f"repo{n}.git"
        if made and rng.random() < 0.3:
            subprocess.run(["git", "clone", "-q", "--mirror", "--no-hardlinks", rng.choice(made), path], check=True)
            made.append(path); continue
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", path], check=True)
        feed = subprocess.Popen(["git", "-C", path, "fast-import", "--quiet"], stdin=subprocess.PIPE)
        w = feed.stdin.write
        for c in range(1, a.commits + 1):
            w(f"commit refs/heads/main\nmark :{c}\ncommitter n <n@example> {1_600_000_000 + n * 100 + c} +0000\ndata 3\nnew\n".encode())
            if c > 1: w(f"from :{c-1}\n".encode())
            def put(name, data):
                w(f"M 100644 inline {name}\ndata {len(data)}\n".encode()); w(data); w(b"\n")
            for _ in range(rng.randrange(1, 5)):
                put(f"src/m{rng.randrange(30)}.py", rng.choice(sources) if rng.random() < .6 else source(rng))
            if rng.random() < .5:
                suffix, data = rng.choice(pool) if rng.random() < .7 else artifact(rng, rng.randrange(a.size // 10, a.size))
                put(f"models/{rng.randrange(9)}.{suffix}", data)
            if rng.random() < .1: put(f"pictures/{rng.randrange(9)}.png", pointer(rng))
            if rng.random() < .05: put(f"models/big{rng.randrange(9)}.pt", pointer(rng))
            if c == 1 and rng.random() < .3:
                put("weighbridge.yaml", b"version: 1\nextends: recommended\nrules:\n  pickle-load: warn\n")
        feed.stdin.close(); assert feed.wait() == 0
        made.append(path)

main()
