#!/usr/bin/env python3
"""Prints the globals that this numpy stores for arrays, dtypes and scalars, one a line: what ../globals/numpy-arrays.yaml lists.

    numpy_arrays.py              run with the python of an environment that has that numpy

The pack is written by hand from the answers of several releases, because each name needs a reason; a test asks the
numpy at hand whether it stores a name that the pack does not list.
"""
import datetime
import io
import pickle
import pickletools
import sys

import numpy

values = [
    numpy.arange(6.0),
    numpy.arange(6).reshape(2, 3),
    numpy.asfortranarray(numpy.ones((2, 3), dtype="f4")),
    numpy.ones((4, 4))[::2, ::2],
    numpy.zeros((0, 3)),
    numpy.array(5),
    numpy.array([True, False]),
    numpy.array([1 + 2j]),
    numpy.array(["a", "bc"]),
    numpy.array([b"a", b"bc"]),
    numpy.array([1, "x", None, [1, 2]], dtype=object),
    numpy.array([(1, 2.0)], dtype=[("a", "i4"), ("b", ">f8")]),
    numpy.array([(1, ["x"])], dtype=[("a", "i4"), ("b", "O")]),
    numpy.array(["2020-01-01"], dtype="datetime64[D]"),
    numpy.array([datetime.timedelta(1)], dtype="timedelta64[ms]"),
    numpy.dtype("f8"),
    numpy.dtype(">i2"),
    numpy.dtype("O"),
    numpy.dtype("datetime64[25s]"),
    numpy.dtype(("V", 8)),
    numpy.dtype(("i4", (2, 2))),
    numpy.dtype({"names": ["a"], "formats": ["f4"], "offsets": [4], "itemsize": 12}, align=True),
    numpy.float64(1.5),
    numpy.int32(3),
    numpy.bool_(True),
    numpy.str_("x"),
    numpy.bytes_(b"x"),
    numpy.complex64(1j),
    numpy.datetime64("2020-01-01"),
    numpy.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])[0],
    numpy.array([(1, [2])], dtype=[("a", "i4"), ("b", "O")])[0],
]
values.append(values[11].view(numpy.recarray))
values += [numpy.ma.array([1, 2], mask=[0, 1]), numpy.ma.array(["a", None], mask=[0, 1], dtype=object), numpy.random.RandomState(3)]
if hasattr(numpy.random, "default_rng"):
    values += [numpy.random.default_rng(3)] + [getattr(numpy.random, name)(3) for name in ("MT19937", "PCG64", "PCG64DXSM", "SFC64") if hasattr(numpy.random, name)]
values += [numpy.float16, numpy.float32, numpy.float64, numpy.int8, numpy.int64, numpy.uint8, numpy.bool_]
if hasattr(numpy, "dtypes"):
    values += [type(numpy.dtype(c)) for c in "?bBhHiIlLqQefdgFDGSUVOMm"]
    if hasattr(numpy.dtypes, "StringDType"):
        values += [numpy.dtypes.StringDType(), numpy.array(["a", "long enough to leave the array"], dtype="T")]


def names(data):
    """Every global of a pickle, as `find_class` is asked for it."""
    found = []

    class Reader(pickle._Unpickler):
        def find_class(self, module, name):
            found.append((module, name))
            return super().find_class(module, name)

    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name == "GLOBAL":
            found.append(tuple(argument.split(" ", 1)))
    Reader(io.BytesIO(data)).load()
    return found


if __name__ == "__main__":
    seen = set()
    for value in values:
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            try:
                data = pickle.dumps(value, protocol)
            except Exception as error:
                print("%r, protocol %d: %s" % (value, protocol, error), file=sys.stderr)
                continue
            seen.update(names(data))
    for module, name in sorted(seen):
        print("%s:%s" % (module, name))
