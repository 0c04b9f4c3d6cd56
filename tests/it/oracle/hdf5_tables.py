"""Writes files with PyTables and pandas into the folder that is named, and prints for each which names stand in its pickles, and whether its
rows go through a filter that only a plug-in undoes."""

import json
import os
import sys
import warnings

import numpy as np
import pandas as pd
import tables

warnings.simplefilter("ignore")
FOLDER = sys.argv[1]


class Call:
    """What runs a harmless command when it is unpickled."""

    def __reduce__(self):
        return os.system, ("true",)


def told(name, names, packed=False):
    print(json.dumps({"file": name, "names": names, "packed": packed}))


for compression in (None, "zlib", "bzip2", "blosc"):
    name = f"rows-{compression}.h5"
    filters = tables.Filters(5, compression) if compression else None
    with tables.open_file(os.path.join(FOLDER, name), "w") as file:
        rows = file.create_vlarray(file.root, "rows", tables.ObjectAtom(), filters=filters)
        for value in [1, {"a": 2}, "text" * 500, Call(), np.arange(3)]:
            rows.append(value)
        texts = file.create_vlarray(file.root, "texts", tables.VLUnicodeAtom())
        texts.append("text")
    packed = compression == "blosc"
    told(name, [] if packed else ["rows", "system"], packed)

name = "attributes.h5"
with tables.open_file(os.path.join(FOLDER, name), "w") as file:
    group = file.create_group("/", "group")
    group._v_attrs.called = Call()
    group._v_attrs.numbers = [1, 2, 3]
    file.root._v_attrs.words = {"a": ["b"]}
told(name, ["group/called", "system"])

frame = pd.DataFrame({"n": [1, 2], "t": ["a", "b"], "o": [{"k": 1}, None]}, dtype=object)
for form in ("fixed",):
    for options in ({}, {"complevel": 5, "complib": "zlib"}):
        name = f"pandas-{form}-{len(options)}.h5"
        frame.to_hdf(os.path.join(FOLDER, name), key="frame", format=form, **options)
        told(name, ["frame/block"])
name = "pandas-table.h5"
pd.DataFrame({"n": [1.0, 2.0], "t": ["a", "b"]}).to_hdf(os.path.join(FOLDER, name), key="frame", format="table", data_columns=True)
told(name, [])
name = "pandas-hostile.h5"
pd.DataFrame({"o": [Call(), 1]}).to_hdf(os.path.join(FOLDER, name), key="frame", format="fixed")
told(name, ["system"])
