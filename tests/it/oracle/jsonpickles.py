"""Documents that jsonpickle writes of plain objects, and what it does with hostile ones: a JSON object on each line, with the document, and the
names that it resolves and the paths of what it calls.

Nothing hostile runs: `loadclass` gives a class that only records being called."""

import array
import collections
import datetime
import decimal
import json
import re
import sys
import uuid
import warnings

warnings.filterwarnings("ignore")

import jsonpickle
import jsonpickle.unpickler

PLAIN = [
    {"a": [1, 2.5, None, True, "x"], "b": {"c": ()}},
    (1, 2),
    {1, 2},
    b"bytes",
    datetime.datetime(2024, 1, 2, 3, 4, tzinfo=datetime.timezone.utc),
    datetime.date(2024, 1, 2),
    datetime.timedelta(days=1),
    decimal.Decimal("1.5"),
    uuid.UUID(int=5),
    re.compile("a+"),
    array.array("d", [1.0]),
    collections.OrderedDict([("a", 1)]),
    collections.defaultdict(list, a=[1]),
    collections.Counter("aab"),
    collections.deque([1, 2]),
    complex(1, 2),
    frozenset([1]),
    range(3),
    slice(1, 2),
]


class Recorded:
    """Stands for whatever is looked up."""

    seen = []

    def __init__(self, path):
        self.path = path

    def __call__(self, *args, **kwargs):
        Recorded.seen.append(self.path)
        return []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Recorded(f"{self.path}.{name}")


def written():
    for value in PLAIN:
        for keys in [False, True]:
            yield jsonpickle.encode(value, keys=keys)
    yield jsonpickle.encode({(1, 2): "a"}, keys=True)
    try:
        import numpy
        from jsonpickle.ext import numpy as handlers

        handlers.register_handlers()
        for value in [numpy.arange(3.0), numpy.zeros((8, 8)), numpy.float32(1), numpy.dtype("<i4"), numpy.array(["a", "b"])]:
            yield jsonpickle.encode({"a": value})
    except ImportError:
        pass


for text in written():
    jsonpickle.decode(text, keys=True)
    print(json.dumps({"written": text}))


def loadclass(path, classes=None):
    Recorded.seen.append(path)
    return Recorded(path)


def loadmodule(text):
    Recorded.seen.append(text.replace("/", ":"))
    return None


jsonpickle.unpickler.loadclass = loadclass
jsonpickle.unpickler._loadmodule = loadmodule
for text in sys.argv[1:]:
    Recorded.seen = []
    try:
        jsonpickle.decode(text, keys=True)
    except Exception:
        pass
    print(json.dumps({"hostile": text, "names": sorted(set(Recorded.seen))}))
