"""Prints pickles of dtypes, one JSON object a line: what numpy writes, and what forgers would.

`dtypes.py SEED COUNT`. A forged one is never loaded here.
"""

import json
import pickle
import random
import sys

import numpy as np

SEED, COUNT = int(sys.argv[1]), int(sys.argv[2])
chosen = random.Random(SEED)

PLAIN = "? b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 f16 c8 c16 c32 O M8 m8 M8[D] M8[25us] m8[ns] >i4 >f8 >c16 S0 S7 U0 U5 >U3 V0 V8".split()


def dtype(depth):
    kind = chosen.random()
    if depth == 0 or kind < 0.4:
        return np.dtype(chosen.choice(PLAIN))
    if kind < 0.6:
        shape = tuple(chosen.randrange(1, 4) for _ in range(chosen.randrange(1, 3)))
        item = dtype(depth - 1)
        # To numpy a shape behind a type without a size is its size.
        return np.dtype((item, shape)) if item.itemsize else item
    names = [f"f{i}" for i in range(chosen.randrange(0, 12))]
    fields = [((f"title {n}", n) if chosen.random() < 0.1 else n, dtype(depth - 1)) for n in names]
    if kind < 0.65 and fields:
        plain = [(n if isinstance(n, str) else n[1], d) for n, d in fields]
        ends, at = [], 0
        for _, d in plain:
            ends.append(at)
            at += d.itemsize + chosen.randrange(3)
        spec = {"names": [n for n, _ in plain], "formats": [d for _, d in plain], "offsets": ends, "itemsize": at + 3}
        return np.dtype(spec)
    made = np.dtype(fields, align=chosen.random() < 0.3)
    if kind < 0.75 and made.itemsize:
        made = np.dtype((np.record, made))
    if kind > 0.9:
        made = np.dtype(made, metadata={"unit": "mm"})
    return made


def say(what, forged, data):
    print(json.dumps({"what": what, "forged": forged, "hex": data.hex()}))


for n in range(COUNT):
    made = dtype(3)
    # What has been through a pickle is an object of its own, which shares its parts with others.
    again = pickle.loads(pickle.dumps(made))
    some = [made, again, np.dtype(again, copy=True)]
    try:
        some.append(np.zeros(2, made))
        if len(made.names or ()) > 2:
            # Fields of it, with the flags of the whole.
            some.append(np.zeros(2, made)[list(made.names[1:])])
        if made.names:
            some.append(np.zeros(1, made)[0])
            some.append(made[chosen.choice(made.names)] if made.names else made)
    except (TypeError, ValueError, MemoryError):
        pass
    say(repr(made), False, pickle.dumps(some, protocol=n % 6))


class Forged:
    def __init__(self, code, state):
        self.code, self.state = code, state

    def __reduce__(self):
        return np.dtype, (self.code, False, True), self.state


i8, obj, void = np.dtype("i8"), np.dtype("O"), np.dtype("V4")
FORGED = {
    "a number that is an object": ("i8", (3, "<", None, None, None, -1, -1, 63)),
    "an object in memory that is not cleared": ("O8", (3, "|", None, None, None, -1, -1, 55)),
    "objects in memory that is not cleared": ("V8", (3, "|", None, ("a",), {"a": (obj, 0)}, 8, 1, 19)),
    "an object that is a number": ("O8", (3, "|", None, None, None, -1, -1, 0)),
    "a number with fields": ("i8", (3, "<", None, ("a",), {"a": (obj, 0)}, 8, 8, 27)),
    "a number of another size": ("i8", (3, "<", None, None, None, 800, 8, 0)),
    "a text that is an object": ("S8", (3, "|", None, None, None, 8, 1, 63)),
    "a text with fields": ("S8", (3, "|", None, ("a",), {"a": (i8, 0)}, 8, 1, 0)),
    "a text of negative size": ("S8", (3, "|", None, None, None, -8, 1, 0)),
    "an object in plain bytes": ("V8", (3, "|", None, ("a",), {"a": (obj, 0)}, 8, 1, 0)),
    "two objects in one place": ("V8", (3, "|", None, ("a", "b"), {"a": (obj, 0), "b": (i8, 0)}, 8, 1, 27)),
    "an alignment of nothing": ("V8", (3, "|", None, None, None, 8, 0, 0)),
    "another size than it is made with": ("S8", (3, "|", None, None, None, 4, 1, 0)),
    "a byte order for objects": ("O8", (3, ">", None, None, None, -1, -1, 63)),
    "a field that is no name": ("V8", (3, "|", None, ("a",), {"a": (i8, 0), "b": (i8, 0)}, 8, 1, 0)),
    "a name twice": ("V8", (3, "|", None, ("a", "a"), {"a": (i8, 0)}, 8, 1, 0)),
    "a date without a unit": ("M8", (3, "<", None, None, None, -1, -1, 0)),
    "a date of no units": ("M8", (4, "<", None, None, None, -1, -1, 0, (None, (b"ns", 0, 1, 1)))),
    "a field beyond the item": ("V8", (3, "|", None, ("a",), {"a": (i8, 1)}, 8, 1, 0)),
    "a field far beyond": ("V8", (3, "|", None, ("a",), {"a": (i8, 1 << 30)}, 8, 1, 0)),
    "a field before the item": ("V8", (3, "|", None, ("a",), {"a": (i8, -8)}, 8, 1, 0)),
    "a field that is no dtype": ("V8", (3, "|", None, ("a",), {"a": ("i8", 0)}, 8, 1, 0)),
    "a name without a field": ("V8", (3, "|", None, ("a", "b"), {"a": (i8, 0)}, 8, 1, 0)),
    "a shape beyond the item": ("V8", (3, "|", (i8, (4,)), None, None, 8, 1, 0)),
    "a negative shape": ("V8", (3, "|", (i8, (-1, -1)), None, None, 8, 1, 0)),
    "an array of objects in plain bytes": ("V8", (3, "|", (obj, (1,)), None, None, 8, 1, 0)),
    "fields and a shape": ("V8", (3, "|", (i8, (1,)), ("a",), {"a": (i8, 0)}, 8, 1, 0)),
    "a list for a state": ("V8", [3, "|", None, None, None, 8, 1, 0]),
    "a state of another version": ("V8", (2, "|", None, None, None, 8, 1, 0)),
    "a state that is too short": ("V8", (3, "|", None, None, None, 8)),
}
for what, (code, state) in FORGED.items():
    for protocol in range(6):
        say(what, True, pickle.dumps(Forged(code, state), protocol))
