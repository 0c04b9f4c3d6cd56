"""Writes HDF5 files with h5py into the folder that is named, and damaged copies of them, and prints for each what h5py finds in it: the
datasets, the files that links, raw data and virtual datasets name, and the attributes that hold a pickle. Damaged files are opened in a process
of their own.
"""

import json
import os
import random
import sys

import h5py
import numpy as np

FOLDER, COUNT, SEED = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
PICKLE = b"cos\nsystem\n(S'true'\ntR."


def pickled(node, name="note"):
    """An attribute of a fixed length that holds a pickle."""
    node.attrs.create(name, np.bytes_(PICKLE))


def fill(file, many, track):
    group = file.create_group("a", track_order=track)
    group["plain"] = np.arange(6.0)
    group.create_dataset("empty", shape=None, dtype="f4")
    group.create_dataset("scalar", data=3)
    group.create_dataset("compact", data=np.zeros(3), chunks=None)
    group.create_dataset("chunked", data=np.zeros((20, 30)), chunks=(5, 7), compression="gzip", shuffle=True, fletcher32=True)
    group.create_dataset("grown", data=np.zeros((4,)), maxshape=(None,), chunks=(2,), compression="lzf")
    group.create_dataset("texts", data=["a", "bc"], dtype=h5py.string_dtype())
    group.create_dataset("compound", data=np.zeros(2, dtype=[("x", "f4"), ("y", "i8")]))
    group["type"] = np.dtype("f8")
    group.create_dataset("typed", (3,), dtype=group["type"])
    group.attrs.create("typed", 1.5, dtype=group["type"])
    group["soft"] = h5py.SoftLink("/a/plain")
    group["outside"] = h5py.ExternalLink("other.h5", "/x")
    group["hard"] = group["plain"]
    pickled(group)
    pickled(group["plain"])
    pickled(file)
    for n in range(many):
        dataset = group.create_dataset(f"many/d{n:05}", data=n)
        group["many"].attrs[f"a{n:05}"] = n
        if n % 50 == 0:
            pickled(dataset)
    if many:
        pickled(group["many"])
        group["many"].attrs["long"] = "x" * 3000
    if file.libver[0] != "earliest" and many:
        group["many"].attrs["huge"] = np.zeros(30000)
        pickled(group["many"], "after")
    layout = h5py.VirtualLayout(shape=(4, 10), dtype="f8")
    for n in range(4):
        layout[n] = h5py.VirtualSource(f"source{n}.h5", "data", shape=(10,))
    if file.libver[1] != "v108":
        file.create_virtual_dataset("virtual", layout)
    file.create_dataset("raw", shape=(10,), dtype="u1", external=[("raw.bin", 0, 10)])


def genuine():
    for libver in [("earliest", "v108"), ("earliest", "latest"), ("v108", "v108"), ("v110", "v110"), ("latest", "latest")]:
        for many in (0, 5, 300, 2000) if libver[0] != "v108" else (5,):
            for track in (False, True):
                for block in (0, 512, 1024):
                    if block and (many != 5 or track):
                        continue
                    name = f"{'-'.join(libver)}-{many}-{int(track)}-{block}.h5"
                    path = os.path.join(FOLDER, name)
                    with h5py.File(path, "w", libver=libver, track_order=track, userblock_size=block) as file:
                        fill(file, many, track)
                    yield name
    for strategy in ("fsm", "page", "aggregate", "none"):
        name = f"{strategy}.h5"
        with h5py.File(os.path.join(FOLDER, name), "w", fs_strategy=strategy, fs_persist=strategy in ("fsm", "page")) as file:
            fill(file, 20, False)
            del file["a/plain"]
            del file["a/hard"]
        yield name


def seen(path):
    datasets, files, pickles = [], [], []
    known = set()

    def notes(node, name):
        for key in node.attrs:
            try:
                value = node.attrs[key]
            except Exception:
                continue
            if isinstance(value, np.bytes_) and value == PICKLE:
                pickles.append(f"{name}/{key}" if name else key)

    def visit(group, prefix):
        notes(group, prefix)
        try:
            keys = list(group)
        except Exception:
            return
        for key in keys:
            name = f"{prefix}/{key}" if prefix else key
            try:
                link = group.get(key, getlink=True)
            except Exception:
                continue
            if isinstance(link, h5py.ExternalLink):
                files.append(link.filename)
            if not isinstance(link, h5py.HardLink):
                continue
            try:
                node = group[key]
                address = h5py.h5o.get_info(node.id).addr
            except Exception:
                continue
            if address in known:
                continue
            known.add(address)
            if isinstance(node, h5py.Group):
                visit(node, name)
            elif isinstance(node, h5py.Dataset):
                notes(node, name)
                datasets.append(name)
                try:
                    files.extend(entry[0] for entry in node.external or [])
                    if node.is_virtual:
                        files.extend(source.file_name for source in node.virtual_sources())
                except Exception:
                    pass

    with h5py.File(path, "r") as file:
        known.add(h5py.h5o.get_info(file["/"].id).addr)
        visit(file, "")
    # What is no text is shown with escapes, which are not the same everywhere.
    named = {"datasets": datasets, "files": [f for f in files if f != "."], "pickles": pickles}
    return {what: [name for name in names if name.isprintable() and name.isascii()] for what, names in named.items()}


def in_child(path):
    """What a damaged file shows, unless opening it ends the process or takes long."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (5, 5))
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            answer = json.dumps(seen(path))
        except Exception:
            answer = ""
        os.write(writer, answer.encode()[:1 << 20])
        os._exit(0)
    os.close(writer)
    answer = b""
    while piece := os.read(reader, 1 << 16):
        answer += piece
    os.close(reader)
    os.waitpid(child, 0)
    try:
        return json.loads(answer)
    except ValueError:
        return {"datasets": [], "files": [], "pickles": []}


def main():
    names = list(genuine())
    for name in names:
        # A dataset that several names lead to is listed under one of them.
        answer = seen(os.path.join(FOLDER, name))
        answer["datasets"] = [d for d in answer["datasets"] if d not in ("a/hard", "a/plain")]
        answer["pickles"] = [p for p in answer["pickles"] if not p.startswith(("a/hard", "a/plain"))]
        print(json.dumps({"file": name, "genuine": True, **answer}))
    rng = random.Random(SEED)
    small = [name for name in names if os.path.getsize(os.path.join(FOLDER, name)) < 200_000]
    for n in range(COUNT):
        with open(os.path.join(FOLDER, rng.choice(small)), "rb") as file:
            data = bytearray(file.read())
        for _ in range(rng.choice([1, 1, 1, 2, 4])):
            # Half of them where structures are rather than data.
            marks = [b"OHDR", b"TREE", b"SNOD", b"HEAP", b"FRHP", b"FHDB", b"BTHD", b"BTLF", b"GCOL", b"\x89HDF"]
            at = data.find(rng.choice(marks), rng.randrange(len(data)))
            at = rng.randrange(len(data)) if at < 0 or rng.random() < 0.5 else at + rng.randrange(64)
            at = min(at, len(data) - 1)
            data[at] = rng.choice([0, 1, 255, data[at] ^ (1 << rng.randrange(8)), rng.randrange(256)])
        name = f"damaged{n}.h5"
        path = os.path.join(FOLDER, name)
        with open(path, "wb") as file:
            file.write(data)
        answer = in_child(path)
        answer["datasets"] = [d for d in answer["datasets"] if d not in ("a/hard", "a/plain")]
        answer["pickles"] = [p for p in answer["pickles"] if not p.startswith(("a/hard", "a/plain"))]
        print(json.dumps({"file": name, "genuine": False, **answer}))


main()
