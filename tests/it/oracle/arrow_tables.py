"""Writes tables with pyarrow into the folder that is named: files, streams, Feather and Parquet, with types of its own and with types whose metadata
is a pickle. Prints for each how many of the types in its schema, as pyarrow reads it, are such.
"""

import json
import os
import pickle
import sys

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet

FOLDER = sys.argv[1]
KIND, METADATA = b"ARROW:extension:name", b"ARROW:extension:metadata"


class Call:
    def __reduce__(self):
        return os.system, ("true",)


def marked(name, kind, metadata, of=pa.int64()):
    return pa.field(name, of, metadata={KIND: kind, METADATA: metadata})


def count(field):
    own = dict(field.metadata or {})
    inner = [field.type.field(n) for n in range(field.type.num_fields)]
    return (own.get(KIND) == b"arrow.py_extension_type") + sum(map(count, inner))


PLAIN = pa.field("k", pa.int64())
HOSTILE = marked("p", "arrow.py_extension_type", pickle.dumps(Call(), 4))
SCHEMAS = {
    "plain": [PLAIN, pa.field("t", pa.string()), pa.field("d", pa.dictionary(pa.int8(), pa.string()))],
    "nested": [pa.field("s", pa.struct([PLAIN, pa.field("l", pa.list_(pa.float32()))]))],
    "own": [pa.field("u", pa.uuid()), pa.field("f", pa.fixed_shape_tensor(pa.float32(), [2, 2]))],
    "other": [marked("o", "some.type", b"\x80\x04N.")],
    "wide": [pa.field(f"column {n}", pa.float64()) for n in range(500)],
    "pickled": [PLAIN, HOSTILE],
    "pickled-list": [pa.field("l", pa.list_(HOSTILE))],
    "pickled-struct": [pa.field("s", pa.struct([PLAIN, pa.field("t", pa.struct([HOSTILE]))]))],
    "pickled-map": [pa.field("m", pa.map_(pa.string(), HOSTILE))],
}


def write(name, schema, table):
    for end, of in (("arrow", pa.ipc.new_file), ("arrows", pa.ipc.new_stream)):
        with pa.OSFile(f"{FOLDER}/{name}.{end}", "wb") as sink, of(sink, schema) as writer:
            writer.write_table(table)
        yield f"{name}.{end}"
    # A stream as releases before 0.15 wrote it.
    options = pa.ipc.IpcWriteOptions(use_legacy_format=True)
    with pa.OSFile(f"{FOLDER}/{name}-old.arrows", "wb") as sink, pa.ipc.new_stream(sink, schema, options=options) as writer:
        writer.write_table(table)
    yield f"{name}-old.arrows"
    for compression in ("uncompressed", "lz4"):
        pyarrow.feather.write_feather(table, f"{FOLDER}/{name}-{compression}.feather", compression=compression)
        yield f"{name}-{compression}.feather"
    pyarrow.parquet.write_table(table, f"{FOLDER}/{name}.parquet")
    yield f"{name}.parquet"


def forged(file):
    """The same with a beginning that no writer writes, which readers do not look at."""
    bytes_ = open(f"{FOLDER}/{file}", "rb").read()
    fronts = (b"XXXX", b"PK\x03\x04") if file.endswith("parquet") else (b"XXXXXX", b"ARROW1zz")
    for number, front in enumerate(fronts):
        with open(f"{FOLDER}/forged-{number}-{file}", "wb") as sink:
            sink.write(front + bytes_[len(front) :])
        yield f"forged-{number}-{file}"
    with open(f"{FOLDER}/forged-2-{file}", "wb") as sink:
        sink.write(b"In front of it, " + bytes_)
    yield f"forged-2-{file}"


def opened(path):
    if path.endswith("parquet"):
        return pyarrow.parquet.read_schema(path)
    with pa.OSFile(path) as source:
        return (pa.ipc.open_stream(source) if path.endswith("arrows") else pa.ipc.open_file(source)).schema


for name, fields in SCHEMAS.items():
    schema = pa.schema(fields, metadata={"pandas": "{}", "note": "x" * 100_000})
    files = list(write(name, schema, schema.empty_table()))
    for file in files:
        print(json.dumps({"file": file, "pickles": sum(map(count, opened(f"{FOLDER}/{file}"))), "forged": False}))
    for file in (f"{name}.arrow", f"{name}.parquet"):
        for file in forged(file):
            print(json.dumps({"file": file, "pickles": sum(map(count, opened(f"{FOLDER}/{file}"))), "forged": True}))
