#!/usr/bin/env python3
"""Writes `policies/operators/tfjs.txt`: the operators that TensorFlow.js brings for graphs.

    python3 policies/generate/tfjs_operators.py > policies/operators/tfjs.txt

The names are those of the lists by which the converter of the package decides whether a graph can run.
"""

import importlib.metadata
import importlib.util
import json
import os


def main():
    # The package itself imports more than is needed here.
    folder = os.path.join(importlib.util.find_spec("tensorflowjs").submodule_search_locations[0], "op_list")
    found = set()
    for name in os.listdir(folder):
        if name.endswith(".json"):
            with open(os.path.join(folder, name)) as file:
                found |= {row["tfOpName"] for row in json.load(file)}
    print(f"# Operators of tensorflowjs {importlib.metadata.version('tensorflowjs')}, by tfjs_operators.py.")
    print("\n".join(sorted(found)))


if __name__ == "__main__":
    main()
