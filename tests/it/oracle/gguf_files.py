"""GGUF files that the gguf package writes, and the same with bytes changed: a JSON object on each line, with what it is, whether it is as
written, whether the package's reader takes it, and the file in hex."""

import json
import os
import random
import signal
import struct
import sys
import tempfile

import numpy as np
from gguf import GGUFEndian, GGUFReader, GGUFWriter, GGMLQuantizationType
from gguf.constants import GGML_QUANT_SIZES

FILES, SEED = int(sys.argv[1]), int(sys.argv[2])
random.seed(SEED)
np.random.seed(SEED)
FOLDER = tempfile.mkdtemp()
PATH = os.path.join(FOLDER, "file.gguf")


class Slow(Exception):
    pass


def late(*_):
    raise Slow


signal.signal(signal.SIGALRM, late)


def reads(data):
    """Whether the reader takes it; None where it does not come to an end."""
    with open(PATH, "wb") as file:
        file.write(data)
    signal.setitimer(signal.ITIMER_REAL, 2)
    try:
        GGUFReader(PATH)
        return True
    except Slow:
        return None
    except BaseException:
        return False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def tell(what, genuine, data):
    print(json.dumps({"what": what, "genuine": genuine, "reads": reads(data), "file": data.hex()}))


def write(fill, **options):
    writer = GGUFWriter(PATH, "llama", **options)
    fill(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with open(PATH, "rb") as file:
        return file.read()


def keys(writer):
    writer.add_name("a model")
    writer.add_context_length(128)
    writer.add_rope_freq_base(10000.0)
    writer.add_add_bos_token(random.random() < 0.5)
    writer.add_token_list(["<s>", "</s>", "\u2581a", "b" * random.randrange(40)])
    writer.add_token_scores([0.0, 1.0, 2.0, 3.0])
    writer.add_token_types([3, 3, 1, 1])
    writer.add_uint64("x.u64", 1 << 40)
    writer.add_int8("x.i8", -3)
    writer.add_float64("x.f64", 0.5)
    writer.add_array("x.flags", [True, False])


def tensors(writer):
    for n in range(random.randrange(5)):
        shape = [random.randrange(1, 7) for _ in range(random.randrange(1, 5))]
        kind = random.choice(["f4", "f2", "i1", "i2", "i4", "i8", "f8"])
        writer.add_tensor(f"blk.{n}.weight", np.zeros(shape, kind))
    for n, kind in enumerate(random.sample(sorted(GGML_QUANT_SIZES), 3)):
        block, size = GGML_QUANT_SIZES[kind]
        if block > 1:
            rows = random.randrange(1, 4)
            data = np.zeros((rows, size * random.randrange(1, 3)), np.uint8)
            writer.add_tensor(f"blk.{n}.quantised", data, raw_dtype=GGMLQuantizationType(kind))


def fill(writer):
    if random.random() < 0.2:
        writer.add_custom_alignment(random.choice([8, 16, 64, 128]))
    keys(writer)
    tensors(writer)


originals = []
for n in range(100):
    endian = random.choice([GGUFEndian.LITTLE, GGUFEndian.BIG])
    data = write(fill, endianess=endian)
    originals.append(data)
    tell(f"written {n}", True, data)
originals.append(write(keys, endianess=GGUFEndian.LITTLE))
tell("vocabulary", True, originals[-1])

NUMBERS = [0, 1, 2, 5, 13, 31, 33, 255, 1 << 16, 1 << 31, (1 << 32) - 1, 1 << 40, 1 << 62, 1 << 63, (1 << 64) - 1]
for n in range(FILES):
    data = bytearray(random.choice(originals))
    what = []
    for _ in range(random.choice([1, 1, 1, 2])):
        at = random.randrange(4, len(data) - 8) if random.random() < 0.3 else random.randrange(4, min(700, len(data) - 8))
        kind = random.choice("bBIQIQx")
        if kind == "x":
            del data[at:]
            data += bytes(8)
            what.append(f"cut at {at}")
        elif kind == "b":
            data[at] ^= 1 << random.randrange(8)
            what.append(f"bit at {at}")
        else:
            number = random.choice(NUMBERS)
            bits = {"B": 8, "I": 32, "Q": 64}[kind]
            struct.pack_into("<" + kind, data, at, number & ((1 << bits) - 1))
            what.append(f"{number} at {at}")
    tell(", ".join(what), False, bytes(data))
