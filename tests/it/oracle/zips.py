"""Zip archives of pickles, whole and damaged, with what Python's `zipfile` reads of them.

usage: zips.py COUNT SEED

Every member is a pickle that calls a function of a module of its own. Prints a line of JSON for each archive: its bytes, the numbers of
the modules whose pickles stand in what `zipfile` reads before it ends or fails, and whether the archive is undamaged.
"""

import io
import json
import random
import re
import struct
import sys
import warnings
import zipfile

warnings.simplefilter("ignore")

PICKLE = re.compile(rb"\x80\x02cm(\d+)\nf\n\)R\.")
METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]


class Pipe(io.BytesIO):
    """What cannot seek gets its sizes behind each member."""

    def seekable(self):
        return False

    def seek(self, *_):
        raise io.UnsupportedOperation

    def tell(self):
        raise io.UnsupportedOperation


def archive(rng):
    out = Pipe() if rng.random() < 0.2 else io.BytesIO()
    before = rng.choice([b"", b"", b"", b"#!/bin/sh\n", bytes(100)])
    with zipfile.ZipFile(out, "w", rng.choice(METHODS), allowZip64=True) as file:
        for number in range(rng.randrange(1, 5)):
            name = rng.choice(["w.dat", "a/b/c.x", "data.bin", "\u00e9.bin", "./x/../y", "w.dat", "n" * 200])
            info = zipfile.ZipInfo(name, (1980 + rng.randrange(100), 1, 1, 0, 0, 0))
            info.compress_type = rng.choice(METHODS)
            info.comment = b"c" * rng.choice([0, 0, 5])
            if rng.random() < 0.2:
                info.extra = struct.pack("<HH", 0x7777, 4) + b"abcd"
            body = b"\x80\x02cm%d\nf\n)R." % number + bytes(rng.choice([0, 0, 1, 511, 700]))
            with file.open(info, "w", force_zip64=rng.random() < 0.2) as opened:
                opened.write(body)
        file.comment = b"comment" * rng.choice([0, 0, 1, 100])
    return before + out.getvalue()


def damaged(rng, data):
    whole = bytearray(data)
    kind = rng.random()
    if kind < 0.3:
        return data, True
    if kind < 0.4:
        del whole[rng.randrange(len(whole)):]
    elif kind < 0.75:
        # Headers are where it matters.
        marks = [found.start() for found in re.finditer(rb"PK(\x01\x02|\x03\x04|\x05\x06|\x06\x06|\x06\x07)", data)]
        for _ in range(rng.randrange(1, 4)):
            at = rng.choice(marks) + rng.randrange(50)
            if at < len(whole):
                whole[at] = rng.choice([whole[at] ^ 1 << rng.randrange(8), 0, 0xFF, rng.randrange(256)])
    elif kind < 0.85:
        at = rng.randrange(len(whole))
        whole[at:at] = bytes(rng.choice([1, 22, 512]))
    elif kind < 0.95:
        whole += archive(rng)
    else:
        whole += rng.choice([b"\n", bytes(21), b"PK\x05\x06" + bytes(18), data[-22:]])
    return bytes(whole), False


def read(data):
    seen = set()
    try:
        file = zipfile.ZipFile(io.BytesIO(data))
    except Exception:  # whatever it does with damage
        return []
    for info in file.infolist():
        body = b""
        try:
            with file.open(info) as opened:
                # A loader reads as far as it needs, and not the checksum at the end.
                while piece := opened.read(1):
                    body += piece
        except Exception:
            pass
        match = PICKLE.match(body)
        seen.update([int(match[1])] if match else [])
    return sorted(seen)


def main():
    count, seed = map(int, sys.argv[1:])
    rng = random.Random(seed)
    for _ in range(count):
        data, whole = damaged(rng, archive(rng))
        print(json.dumps({"file": data.hex(), "seen": read(data), "whole": whole}))


main()
