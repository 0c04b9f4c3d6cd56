"""Tar archives of pickles, whole and damaged, with what Python's `tarfile` reads of them.

usage: tars.py COUNT SEED

Every member is a pickle that calls a function of a module of its own. Prints a line of JSON for each archive: its bytes, the numbers of
the modules whose pickles stand in what `tarfile` reads before it ends or fails, and whether the archive is undamaged.
"""

import io
import json
import random
import re
import sys
import tarfile

PICKLE = re.compile(rb"\x80\x02cm(\d+)\nf\n\)R\.")
FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]


def archive(rng):
    out = io.BytesIO()
    pax = {"comment": "x" * rng.randrange(50)} if rng.random() < 0.3 else {}
    with tarfile.open(fileobj=out, mode="w", format=rng.choice(FORMATS), pax_headers=pax) as tar:
        for number in range(rng.randrange(1, 5)):
            name = rng.choice(["w.dat", "a/b/c.x", "d" * 90 + "/" + "e" * 60, "n" * 120, "\u00e9.bin", "./x/../y"])
            try:
                member(rng, tar, name, number)
            except ValueError:  # USTAR has no room for it
                pass
    return out.getvalue()


def member(rng, tar, name, number):
    info = tarfile.TarInfo(name)
    kind = rng.random()
    if kind < 0.1:
        info.type = rng.choice([tarfile.SYMTYPE, tarfile.LNKTYPE])
        info.linkname = rng.choice(["/etc/passwd", "l" * 130])
        return tar.addfile(info)
    if kind < 0.15:
        info.type = rng.choice([tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
        return tar.addfile(info)
    if kind < 0.2:
        info.type = rng.choice([tarfile.CONTTYPE, tarfile.AREGTYPE, b"Z"])
    body = b"\x80\x02cm%d\nf\n)R." % number + bytes(rng.choice([0, 0, 1, 511, 700]))
    if rng.random() < 0.2:
        info.pax_headers = {"path": "renamed", "k": "v" * rng.randrange(600)}
    info.size = len(body)
    tar.addfile(info, io.BytesIO(body))


def damaged(rng, data):
    whole = bytearray(data)
    kind = rng.random()
    if kind < 0.3:
        return data, True
    if kind < 0.5:
        del whole[rng.randrange(len(whole)):]
    elif kind < 0.8:
        for _ in range(rng.randrange(1, 4)):
            # Headers are where it matters, and a checksum that holds again.
            at = rng.randrange(len(whole) // 512) * 512
            if not any(whole[at:at + 512]):
                continue
            whole[at + rng.choice([*range(100, 160), 257, 345, rng.randrange(512)])] ^= 1 << rng.randrange(8)
            if rng.random() < 0.8:
                whole[at + 148:at + 156] = b" " * 8
                whole[at + 148:at + 156] = b"%06o\0 " % sum(whole[at:at + 512])
    else:
        at = rng.randrange(len(whole))
        whole[at:at] = bytes(rng.choice([1, 512, 1024]))
    return bytes(whole), False


def read(data):
    seen = set()
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            for info in tar:
                if info.islnk() or info.issym():
                    continue
                opened = tar.extractfile(info)
                if opened is not None:
                    match = PICKLE.match(opened.read())
                    seen.update([int(match[1])] if match else [])
    except Exception:  # whatever it does with damage
        pass
    return sorted(seen)


def main():
    count, seed = map(int, sys.argv[1:])
    rng = random.Random(seed)
    for _ in range(count):
        data, whole = damaged(rng, archive(rng))
        print(json.dumps({"file": data.hex(), "seen": read(data), "whole": whole}))


main()
