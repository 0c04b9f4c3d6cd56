"""Files into which several things were saved one after another, and what loading one by one gives.

`saved_together.py numpy|torch COUNT SEED` prints a line of JSON for each file: its bytes in hexadecimal, and whether loads one
after another come to its end.
"""

import io
import json
import random
import sys
import warnings

warnings.simplefilter("ignore")
library, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
choose = random.Random(seed)
# `numpy.load` takes bare pickles as well, so none is among these.
JUNK = [b"\0", b"\x93NUMPX\1\0", b"rest", b"\x80\2\x8a\x0a"]

if library == "numpy":
    import numpy

    def save(file):
        kinds = ["f8", "u1", "S3", "O", [("a", "f4"), ("b", "i2", 3)]]
        array = numpy.zeros(choose.choice([(), 3, (2, 2), 0]), choose.choice(kinds))
        numpy.save(file, array)

    def load(file):
        numpy.load(file, allow_pickle=True)

else:
    import torch

    def save(file):
        dtype = choose.choice([torch.float32, torch.int64, torch.bool, torch.bfloat16])
        tensor = torch.zeros(choose.choice([(), (3,), (2, 2), (0,)]), dtype=dtype)
        saved = choose.choice([tensor, {"a": tensor, "b": tensor[..., None]}, [1, "x"], {}])
        torch.save(saved, file, _use_new_zipfile_serialization=False)

    def load(file):
        torch.load(file, weights_only=True)


for _ in range(count):
    file = io.BytesIO()
    for _ in range(choose.randint(1, 4)):
        save(file)
        if choose.random() < 0.1:
            file.write(choose.choice(JUNK))
    data = file.getvalue()
    if choose.random() < 0.1:
        data = data[: choose.randrange(1, len(data))]
    file, whole = io.BytesIO(data), True
    try:
        while file.tell() < len(data):
            before = file.tell()
            load(file)
            whole = whole and file.tell() > before
    except Exception:
        whole = False
    print(json.dumps({"bytes": data.hex(), "whole": whole}))
