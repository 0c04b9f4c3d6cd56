#!/usr/bin/env python3
"""Writes `policies/operators/openvino.txt`: the operators that the sets of OpenVINO have.

    python3 policies/generate/openvino_operators.py > policies/operators/openvino.txt

A line is a name, the first and the last set that has it. The sets are those that the headers of the package list. An operator is named as the
package writes it into a file, which differs for a few from its name in the set; readers take both names.
"""

import collections
import glob
import importlib.metadata
import os
import re
import sys

import openvino

# How a file names an operator, where that is another name than that of the set.
OTHER_NAMES = {"Constant": "Const", "PRelu": "PReLU", "Relu": "ReLU", "Softmax": "SoftMax"}
# What the package writes for itself beside the sets, and reads again: no extension is asked for it.
LATEST = max(
    int(re.search(r"opset(\d+)_tbl", path).group(1))
    for path in glob.glob(os.path.join(os.path.dirname(openvino.__file__), "include/openvino/opsets/opset*_tbl.hpp"))
)


def main():
    found = collections.defaultdict(set)
    for number in range(1, LATEST + 1):
        path = os.path.join(os.path.dirname(openvino.__file__), f"include/openvino/opsets/opset{number}_tbl.hpp")
        with open(path) as file:
            for name in re.findall(r"_OPENVINO_OP_REG\((\w+),", file.read()):
                found[name].add(number)
    for name, other in OTHER_NAMES.items():
        found[other] = found[name]
    # A file names the set in which an operator was defined last, which need not be one that still lists it; sets that follow keep it.
    print(f"# Operators of openvino {importlib.metadata.version('openvino')}, by openvino_operators.py.")
    for name in sorted(found):
        numbers = found[name]
        if len(numbers) != max(numbers) - min(numbers) + 1 and max(numbers) != LATEST:
            print(f"{name} is not in every set from {min(numbers)} to {max(numbers)}", file=sys.stderr)
        print(name, min(numbers), max(numbers))


if __name__ == "__main__":
    main()
