"""Compressed files, whole and damaged, with what Python's own readers make of them.

usage: codecs.py COUNT SEED

Prints a line of JSON for each: the codec, the bytes of the file, what was read of it before it ended or broke, whether it broke, and
whether the file is genuine: whole streams, and behind the last one nothing that begins another.
"""

import bz2
import gzip
import io
import json
import lzma
import random
import sys

ALONE = lzma.FORMAT_ALONE


def content(rng):
    return rng.choice([
        lambda: b"",
        lambda: b"N0",
        lambda: rng.randbytes(rng.randrange(300)),
        lambda: bytes([rng.randrange(256)]) * rng.randrange(3000),
    ])()


def alone(rng, data):
    lc = rng.randrange(5)
    lp = rng.randrange(5 - lc)
    if rng.random() < 0.5:
        lc, lp = 3, 0
    filters = [{"id": lzma.FILTER_LZMA1, "lc": lc, "lp": lp, "pb": rng.randrange(5), "dict_size": 1 << rng.randrange(12, 17)}]
    return lzma.compress(data, format=ALONE, filters=filters)


def xz(rng, data):
    check = rng.choice([lzma.CHECK_NONE, lzma.CHECK_CRC32, lzma.CHECK_CRC64, lzma.CHECK_SHA256])
    filters = [{"id": lzma.FILTER_LZMA2, "preset": rng.randrange(3), "dict_size": 1 << 16}]
    if rng.random() < 0.3:
        filters.insert(0, {"id": rng.choice([lzma.FILTER_DELTA, lzma.FILTER_X86])})
    return lzma.compress(data, check=check, filters=filters)


STREAMS = {
    "gzip": lambda rng, data: gzip.compress(data, rng.randrange(10)),
    "bzip2": lambda rng, data: bz2.compress(data, rng.randrange(1, 10)),
    "xz": xz,
    "lzma": alone,
}
try:
    from compression import zstd
except ImportError:
    try:
        from backports import zstd
    except ImportError:
        zstd = None
try:
    import lz4.frame
except ImportError:
    lz4 = None


def lz4_frame(rng, data):
    kinds = {name: rng.random() < 0.5 for name in ("block_linked", "content_checksum", "block_checksum", "store_size")}
    return lz4.frame.compress(data, block_size=rng.choice([0, 4, 5]), compression_level=rng.choice([0, 3, 9]), **kinds)


READERS = {
    "gzip": lambda file: gzip.GzipFile(fileobj=file),
    "bzip2": bz2.BZ2File,
    "xz": lzma.LZMAFile,
    "lzma": lzma.LZMAFile,
}
if zstd:
    STREAMS["zstd"] = lambda rng, data: zstd.compress(data, rng.choice([1, 3, 9]))
    READERS["zstd"] = zstd.ZstdFile
if lz4:
    STREAMS["lz4"] = lz4_frame
    READERS["lz4"] = lz4.frame.LZ4FrameFile


def file(rng, codec):
    parts = [STREAMS[codec](rng, content(rng))]
    genuine = True
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        kind = rng.randrange(6)
        genuine = genuine and kind == 0
        parts.append([
            lambda: STREAMS[codec](rng, content(rng)),
            lambda: b"trailing text\n",
            lambda: STREAMS[rng.choice(list(STREAMS))](rng, content(rng)),
            lambda: bytes(rng.choice([1, 4, 8, 17, 18, 512])),
            lambda: rng.randbytes(rng.randrange(1, 40)),
            lambda: STREAMS[codec](rng, content(rng))[: rng.randrange(1, 20)],
        ][kind]())
        if kind == 1:
            genuine = len(parts) == 2
            break
    whole = bytearray(b"".join(parts))
    damage = rng.random()
    if damage < 0.15:
        del whole[rng.randrange(len(whole)):]
        genuine = False
    elif damage < 0.3:
        whole[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        genuine = False
    return bytes(whole), genuine


def read(codec, data):
    out = b""
    try:
        with READERS[codec](io.BytesIO(data)) as opened:
            while piece := opened.read1(1 << 16):
                out += piece
    except Exception:  # each module has errors of its own
        return out, True
    return out, False


def main():
    count, seed = map(int, sys.argv[1:])
    rng = random.Random(seed)
    for _ in range(count):
        codec = rng.choice(list(STREAMS))
        data, genuine = file(rng, codec)
        out, broke = read(codec, data)
        print(json.dumps({"codec": codec, "file": data.hex(), "out": out.hex(), "broke": broke, "genuine": genuine}))


main()
