"""Writes 7z archives into the folder that is named, by several methods, genuine ones and ones with changed bytes, and prints for each the
globals that the pickles name which py7zr unpacks from it.
"""

import io
import json
import os
import random
import re
import sys

import py7zr

FOLDER, COUNT, SEED = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
METHODS = {
    "LZMA2": [{"id": py7zr.FILTER_LZMA2, "preset": 5}],
    "LZMA": [{"id": py7zr.FILTER_LZMA, "preset": 3}],
    "BCJ and LZMA2": [{"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_LZMA2, "preset": 1}],
    "delta and LZMA2": [{"id": py7zr.FILTER_DELTA}, {"id": py7zr.FILTER_LZMA2, "preset": 1}],
    "copy": [{"id": py7zr.FILTER_COPY}],
    "bzip2": [{"id": py7zr.FILTER_BZIP2}],
    "deflate": [{"id": py7zr.FILTER_DEFLATE}],
    "PPMd": [{"id": py7zr.FILTER_PPMD, "order": 6, "mem": 24}],
    "zstd": [{"id": py7zr.FILTER_ZSTD, "level": 3}],
    "brotli": [{"id": py7zr.FILTER_BROTLI, "level": 3}],
    "AES": [{"id": py7zr.FILTER_LZMA2, "preset": 1}, {"id": py7zr.FILTER_CRYPTO_AES256_SHA256}],
}
UNSUPPORTED = {"zstd", "brotli", "AES"}


def members(rng):
    for number in range(rng.randrange(1, 6)):
        roll = rng.random()
        if roll < 0.6:
            name = f"m{number}.a{rng.randrange(1000)}"
            padding = bytes(rng.randrange(256) for _ in range(rng.randrange(200)))
            filler = b"B" + len(padding).to_bytes(4, "little") + padding + b"0"
            module, attribute = name.split(".")
            yield f"{number}.pkl", b"\x80\x03" + filler + f"c{module}\n{attribute}\n.".encode()
        elif roll < 0.8:
            yield f"folder/{number}.txt", b"text " * rng.randrange(100)
        else:
            yield f"{number}", b""


def write(path, rng, how):
    password = "password" if how == "AES" else None
    with py7zr.SevenZipFile(path, "w", filters=METHODS[how], password=password) as archive:
        for name, body in members(rng):
            archive.writestr(body, name)


def names(path):
    found = set()
    try:
        factory = py7zr.io.BytesIOFactory(1 << 24)
        with py7zr.SevenZipFile(path, "r") as archive:
            archive.extractall(factory=factory)
        for _, content in factory.products.items():
            content.seek(0)
            data = content.read()
            if data.startswith(b"\x80\x03B") and data.endswith(b"."):
                end = 7 + int.from_bytes(data[3:7], "little")
                match = re.fullmatch(rb"0c(m\d+)\n(a\d+)\n\.", data[end:])
                if match:
                    found.add(b".".join(match.groups()).decode())
    except Exception:
        return set()
    return found


rng = random.Random(SEED)
for number in range(COUNT):
    how = rng.choice(sorted(METHODS))
    name = f"{number}.pkl.7z"
    path = os.path.join(FOLDER, name)
    write(path, rng, how)
    genuine = rng.random() < 0.5
    if not genuine:
        with open(path, "rb") as file:
            data = bytearray(file.read())
        at = rng.choice([rng.randrange(len(data)), rng.randrange(32), len(data) - 1 - rng.randrange(min(len(data), 60))])
        data[at] ^= 1 << rng.randrange(8)
        if rng.random() < 0.2:
            data += b"more"
        with open(path, "wb") as file:
            file.write(data)
    found = set() if how in UNSUPPORTED else names(path)
    print(json.dumps({"file": name, "how": how, "genuine": genuine, "unsupported": how in UNSUPPORTED, "names": sorted(found)}))
