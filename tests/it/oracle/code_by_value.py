"""Functions and classes as dill and cloudpickle store them: a JSON object on each line.

Each names the library, the object, the protocol, the pickle in hex, and the code objects in it as CPython has them: the name, the
line, the names that they use. Nothing is loaded.
"""

import json
import os.path
import types

import cloudpickle
import dill

SCALE = 3


def plain(x):
    return os.path.join("a", str(x + SCALE))


class Model:
    rate = 0.5

    def predict(self, x):
        return [item * self.rate for item in x]


def outer(k):
    def inner(x):
        return x * k

    return inner


def codes(value):
    if isinstance(value, types.CodeType):
        yield value
        for constant in value.co_consts:
            yield from codes(constant)
    elif isinstance(value, types.FunctionType):
        yield from codes(value.__code__)
    elif isinstance(value, type):
        for attribute in vars(value).values():
            yield from codes(attribute)


def described(code):
    return [getattr(code, "co_qualname", code.co_name), code.co_firstlineno, list(code.co_names)]


objects = {"plain": plain, "lambda": lambda x: x + 1, "class": Model, "instance": Model(), "closure": outer(3)}
for name, value in objects.items():
    kind = Model if name == "instance" else value
    seen = [described(code) for code in codes(kind)]
    for library in (dill, cloudpickle):
        for protocol in range(6):
            data = library.dumps(value, protocol=protocol)
            print(json.dumps({"library": library.__name__, "object": name, "protocol": protocol, "pickle": data.hex(), "codes": seen}))
