#!/usr/bin/env python3
"""Makes bare repositories with many different small files, to measure how fast a store of many contents is judged again.

Of a hundred files, 70 are source without a finding, 25 are source that loads something, and 5 are pickles, one of them harmless but refused.

usage: many_contents.py FOLDER [--files 1000000] [--repositories 100]
       weighbridge audit FOLDER --out RUN
       time weighbridge audit judge RUN --policy strict
"""
import argparse
import pathlib
import pickle
import subprocess


class Calls:
    def __reduce__(self):
        import os
        return (os.system, ("true",))


def content(number):
    kind = number % 100
    if kind == 0:
        return "pkl", pickle.dumps([Calls(), number], protocol=2)
    if kind < 5:
        return "pkl", pickle.dumps({"weights": list(range(kind)), "name": f"n{number}"}, protocol=2)
    if kind < 30:
        return "py", f"import torch\n\nmodel = torch.load('m{number}.pt', weights_only={kind % 2 == 0})\n".encode()
    return "py", f"import numpy as np\n\n\ndef f{number}(x):\n    return np.array(x) + {number}\n".encode()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--repositories", type=int, default=100)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True)
    each = arguments.files // arguments.repositories
    for n in range(arguments.repositories):
        path = arguments.folder / f"repo{n}.git"
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", path], check=True)
        subprocess.run(["git", "-C", path, "config", "fastimport.unpackLimit", "1"], check=True)
        feed = subprocess.Popen(["git", "-C", path, "fast-import", "--quiet", "--depth=0"], stdin=subprocess.PIPE)
        write = feed.stdin.write
        write(b"commit refs/heads/main\ncommitter a <a@example> 1700000000 +0000\ndata 3\nall")
        for number in range(n * each, (n + 1) * each):
            suffix, data = content(number)
            name = f"d{number % 97}/f{number}.{suffix}"
            write(f"M 100644 inline {name}\ndata {len(data)}\n".encode() + data + b"\n")
        feed.stdin.close()
        if feed.wait() != 0:
            raise SystemExit("git fast-import failed")


main()
