"""Frames of pandas whose columns are arrays of pyarrow, as they are written and with one thing changed: a JSON object on each line, with the
object, whether it fits, the suffix and the file in hex. What was changed fits if pyarrow's `validate(full=True)` says so, in a process of
its own; of those only what does not fit is told."""

import datetime
import decimal
import json
import os
import pickle
import random
import warnings

import pandas as pd
import pyarrow as pa

warnings.filterwarnings("ignore")


def tell(name, fits, value, protocols=(0, 1, 2, 3, 4, 5)):
    for protocol in protocols:
        data = pickle.dumps(value, protocol)
        if fits:
            pickle.loads(data)
        print(json.dumps({"object": name, "fits": fits, "suffix": "pkl", "file": data.hex()}))


def columns():
    day = datetime.date(2020, 1, 2)
    cents = [decimal.Decimal("1.23"), None, decimal.Decimal("-4.50")]
    record = pa.struct([("a", pa.int64()), ("b", pa.string())])
    yield "text", pa.string(), ["a", None, "bcd"]
    yield "large-text", pa.large_string(), ["a", None, "ü" * 50]
    yield "bytes", pa.binary(), [b"a", None, b"\xff\xfe"]
    yield "large-bytes", pa.large_binary(), [b"", b"\x80"]
    yield "fixed-bytes", pa.binary(3), [b"abc", None]
    for kind in (pa.int8(), pa.uint8(), pa.int16(), pa.uint16(), pa.int32(), pa.uint32(), pa.int64(), pa.uint64(), pa.float32(), pa.float64()):
        yield str(kind), kind, [1, None, 3]
    yield "bool", pa.bool_(), [True, None, False] * 5
    yield "day", pa.date32(), [day, None]
    yield "day-64", pa.date64(), [day, None]
    yield "time", pa.time64("us"), [datetime.time(1, 2), None]
    yield "seconds", pa.time32("s"), [datetime.time(1, 2)]
    yield "moment", pa.timestamp("us"), [datetime.datetime(2020, 1, 1), None]
    yield "moment-zone", pa.timestamp("ns", tz="Europe/Berlin"), [pd.Timestamp("2020", tz="Europe/Berlin"), None]
    yield "moment-offset", pa.timestamp("ms", tz="+05:30"), [pd.Timestamp("2020", tz="UTC"), None]
    yield "span", pa.duration("ns"), [datetime.timedelta(1), None]
    yield "decimal", pa.decimal128(10, 2), cents
    yield "wide-decimal", pa.decimal256(40, 2), cents
    if hasattr(pa, "decimal32"):
        yield "short-decimal", pa.decimal32(8, 2), cents
    yield "list", pa.list_(pa.int64()), [[1, 2], None, [], [3]]
    yield "list-of-texts", pa.large_list(pa.string()), [["a", None], ["ü"]]
    yield "list-of-lists", pa.list_(pa.list_(pa.float64())), [[[1.0]], [], [None, [2.0, 3.0]]]
    yield "list-of-two", pa.list_(pa.int64(), 2), [[1, 2], None, [3, 4]]
    yield "record", record, [{"a": 1, "b": "x"}, None, {"a": None, "b": "y"}]
    yield "list-of-records", pa.list_(record), [[{"a": 1, "b": "x"}], []]
    yield "map", pa.map_(pa.string(), pa.int64()), [[("k", 1)], None, []]
    yield "dictionary", pa.dictionary(pa.int32(), pa.string()), ["a", "b", None, "a"]
    yield "nothing", pa.null(), [None, None]


def genuine():
    texts = pd.Series(["a", None, "ü", "bcd"] * 20)
    frame = pd.DataFrame({"a": texts, "b": range(80), "c": texts.fillna("x").str.upper()})
    yield "texts", frame
    yield "no-rows", frame.iloc[:0]
    yield "sliced", frame.iloc[3:71]
    yield "stepped", frame.iloc[::7]
    yield "one", frame["a"]
    yield "index-of-texts", frame.set_index("c")
    yield "levels-of-texts", frame.set_index(["c", "b"])
    yield "categories-of-texts", frame.astype({"a": "category"})
    yield "joined", pd.concat([frame, frame], ignore_index=True)
    yield "big-texts", pd.DataFrame({"t": ["lorem ipsum " * 50 + str(n) for n in range(400)] + ["ü" * 40_000]})
    yield "text-type", [pd.StringDtype("pyarrow"), frame["a"].dtype]
    yield "missing-is-na", pd.Series(["a", None], dtype="string[pyarrow]")
    for name, kind, items in columns():
        yield name, pd.DataFrame({"x": pd.Series(items, dtype=pd.ArrowDtype(kind)), "y": range(len(items))})
        yield name + "-empty", pd.Series([], dtype=pd.ArrowDtype(kind))
        yield name + "-array", pa.array(items, kind)
        yield name + "-behind", pa.array(items, kind)[1:]
        yield name + "-chunks", pa.chunked_array([pa.array(items, kind), pa.array(items, kind)[:1], pa.array([], kind)])
    yield "codes-of-missing", pa.DictionaryArray.from_pandas(pd.Categorical(["a", None, "b"]))
    yield "field-that-says-more", pa.list_(pa.field("item", pa.int8(), metadata={"k": "v"}))


class Restored:
    """What pickles as an array of these parts."""

    def __init__(self, parts):
        self.parts = parts

    def __reduce__(self):
        return pa.lib._restore_array, (self.parts,)


def plain(kind):
    """A type of the same size whose items may be anything: one that is out of the range of its own raises where it is read."""
    if pa.types.is_decimal(kind):
        return pa.binary(kind.bit_width // 8)
    if pa.types.is_date64(kind) or pa.types.is_time64(kind):
        return pa.int64()
    return pa.int32() if pa.types.is_time32(kind) else kind


def fits(parts):
    data = pickle.dumps(Restored((plain(parts[0]), *parts[1:])))
    child = os.fork()
    if child == 0:
        os.close(2)
        try:
            pickle.loads(data).validate(full=True)
            os._exit(0)
        except Exception:
            os._exit(1)
        finally:
            os._exit(2)
    return os.waitpid(child, 0)[1] == 0


def altered(parts, chance):
    """The parts of an array with one thing changed."""
    kind, length, missing, offset, buffers, children, dictionary = parts
    what = chance.randrange(7)
    if what == 0:
        length = max(0, length + chance.choice([-1, 1, 2, 100, 1 << 40]))
    elif what == 1:
        missing += chance.choice([-3, -1, 1, 5])
    elif what == 2:
        offset += chance.choice([1, 7, 64])
    elif what == 3 and children:
        at = chance.randrange(len(children))
        children = [altered(child, chance) if n == at else child for n, child in enumerate(children)]
    elif what == 3 and dictionary:
        dictionary = altered(dictionary, chance)
    else:
        at = chance.randrange(len(buffers))
        held = buffers[at]
        if held is not None and held.size:
            data = bytearray(held.to_pybytes())
            if chance.random() < 0.5:
                data = data[: chance.randrange(len(data))]
            else:
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            buffers = [pa.py_buffer(bytes(data)) if n == at else buffer for n, buffer in enumerate(buffers)]
        elif chance.random() < 0.3:
            buffers = buffers[:-1]
    return kind, length, missing, offset, buffers, children, dictionary


def changed():
    for name, kind, items in columns():
        chance = random.Random(name)
        parts = pa.array(items, kind).__reduce__()[1][0]
        told = 0
        for _ in range(60):
            other = altered(parts, chance)
            if not fits(other):
                yield name + "-changed", Restored(other)
                told += 1
            if told >= 12:
                break
    texts = pa.array(["a", "bc"]).__reduce__()[1][0]
    numbers = pa.array([1, 2]).__reduce__()[1][0]
    yield "other-type", Restored((pa.int32(), *texts[1:]))
    yield "a-list-of-others", Restored((pa.list_(pa.string()), 1, 0, 0, [None, pa.py_buffer(bytes(4) + b"\1\0\0\0")], [numbers], None))
    yield "no-dictionary", Restored((pa.dictionary(pa.int32(), pa.string()), 1, 0, 0, [None, pa.py_buffer(bytes(4))], [], None))
    column = pd.Series(["a", "b"], dtype="string[pyarrow]").array
    column.__dict__["_pa_array"] = pa.chunked_array([[1, 2]])
    yield "numbers-as-texts", column
    longer = pd.Series(["a", "b"], dtype="string[pyarrow]")
    longer._mgr.axes = [pd.RangeIndex(20)]
    yield "longer-index", longer


for name, value in genuine():
    tell(name, True, value)
for name, value in changed():
    tell(name, False, value, (0, 2, 5))
