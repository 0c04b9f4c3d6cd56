"""Writes files with PyTables, pandas and h5py into the folder that is named, and prints for each which names stand in its pickles, and how many
rows it has at least."""

import json
import os
import pickle
import sys
import warnings

import h5py
import numpy as np
import pandas as pd
import tables

warnings.simplefilter("ignore")
FOLDER = sys.argv[1]


class Call:
    """What runs a harmless command when it is unpickled."""

    def __reduce__(self):
        return os.system, ("true",)


def told(name, names, rows=0):
    print(json.dumps({"file": name, "names": names, "rows": rows}))


BLOSC = [f"blosc:{codec}" for codec in tables.blosc_compressor_list()]
for compression in (None, "zlib", "bzip2", "blosc", *BLOSC):
    name = f"rows-{compression}.h5".replace(":", "-")
    filters = tables.Filters(5, compression) if compression else None
    with tables.open_file(os.path.join(FOLDER, name), "w") as file:
        rows = file.create_vlarray(file.root, "rows", tables.ObjectAtom(), filters=filters)
        for value in [1, {"a": 2}, "text" * 500, Call(), np.arange(3)]:
            rows.append(value)
        texts = file.create_vlarray(file.root, "texts", tables.VLUnicodeAtom())
        texts.append("text")
    told(name, ["rows", "system"])

# Blocks of several streams, of few elements, and of sorted bits.
for compression in BLOSC:
    for number, options in enumerate([{}, {"shuffle": False}, {"bitshuffle": True, "shuffle": False}]):
        for chunk in (7, 256, 3000, 40000):
            for level in (1, 9) if chunk == 3000 else (5,):
                name = f"{compression.replace(':', '-')}-{number}-{chunk}-{level}.h5"
                filters = tables.Filters(level, compression, **options)
                with tables.open_file(os.path.join(FOLDER, name), "w") as file:
                    rows = file.create_vlarray(file.root, "rows", tables.ObjectAtom(), filters=filters, chunkshape=chunk)
                    for number_of_row in range(600 if chunk < 3000 else 5000):
                        rows.append(number_of_row if chunk > 7 and number_of_row % 1000 else Call())
                told(name, ["rows", "system"], rows=600)

# Each index of chunks, with and without filters.
PICKLES = [pickle.dumps(1), pickle.dumps(Call())]
SHAPES = {
    "single": ((50,), None, (50,)),
    "fixed": ((900,), None, (7,)),
    "fixed-pages": ((5000,), None, (2,)),
    "extensible": ((3000,), (None,), (1,)),
    "extensible-pages": ((300000,), (None,), (1,)),
    "tree": ((40, 50), (None, None), (2, 3)),
    "table": ((20, 30), (20, None), (3, 7)),
}
OPTIONS = {
    "plain": {}, "gzip": {"compression": "gzip", "shuffle": True}, "lzf": {"compression": "lzf", "shuffle": True},
}
for libver in ("earliest", "v110", "latest"):
    for index, (shape, most, chunk) in SHAPES.items():
        for packing, options in OPTIONS.items():
            name = f"{index}-{packing}-{libver}.h5"
            with h5py.File(os.path.join(FOLDER, name), "w", libver=libver) as file:
                rows = file.create_dataset("rows", shape, h5py.vlen_dtype("u1"), maxshape=most, chunks=chunk, **options)
                rows.attrs["PSEUDOATOM"] = np.bytes_("object")
                # Some of the first and of the last, and pages between them that were never written.
                last = shape[0] - 1
                for at in [*range(0, min(last, 30)), last]:
                    where = at if len(shape) == 1 else (at, shape[1] - 1)
                    rows[where] = np.frombuffer(PICKLES[at == last], "u1")
            told(name, ["rows", "system"], rows=20)
name = "implicit.h5"
with h5py.File(os.path.join(FOLDER, name), "w", libver="latest") as file:
    settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    settings.set_chunk((6,))
    settings.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    kind = h5py.h5t.py_create(h5py.vlen_dtype("u1"), logical=True)
    made = h5py.h5d.create(file.id, b"rows", kind, h5py.h5s.create_simple((100,)), settings)
    rows = h5py.Dataset(made)
    rows.attrs["PSEUDOATOM"] = np.bytes_("object")
    for at in range(100):
        rows[at] = np.frombuffer(PICKLES[at == 99], "u1")
told(name, ["rows", "system"], rows=100)

name = "attributes.h5"
with tables.open_file(os.path.join(FOLDER, name), "w") as file:
    group = file.create_group("/", "group")
    group._v_attrs.called = Call()
    group._v_attrs.numbers = [1, 2, 3]
    file.root._v_attrs.words = {"a": ["b"]}
told(name, ["group/called", "system"])

frame = pd.DataFrame({"n": [1, 2], "t": ["a", "b"], "o": [{"k": 1}, None]}, dtype=object)
for form in ("fixed",):
    for options in ({}, {"complevel": 5, "complib": "zlib"}, {"complevel": 9, "complib": "blosc"}, {"complevel": 9, "complib": "blosc:zstd"}):
        name = f"pandas-{form}-{options.get('complib', '').replace(':', '-')}.h5"
        frame.to_hdf(os.path.join(FOLDER, name), key="frame", format=form, **options)
        told(name, ["frame/block"])
name = "pandas-table.h5"
pd.DataFrame({"n": [1.0, 2.0], "t": ["a", "b"]}).to_hdf(os.path.join(FOLDER, name), key="frame", format="table", data_columns=True)
told(name, [])
name = "pandas-hostile.h5"
pd.DataFrame({"o": [Call(), 1]}).to_hdf(os.path.join(FOLDER, name), key="frame", format="fixed")
told(name, ["system"])
