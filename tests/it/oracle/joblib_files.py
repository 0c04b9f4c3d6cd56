"""Files of joblib, and what real loaders resolve in them: joblib_files.py DIR SEED COUNT [FILE...]

Writes files into DIR: joblib's own test files where they are installed, objects that joblib writes in every way it has written
them, files that somebody might forge, and COUNT damaged ones. Then reads each, and each FILE, with the real `joblib.load`, and with
Python's unpickler alone where nothing is compressed. Prints one JSON line each: {"file": path, "forged": bool, "damaged": bool,
"joblib": {"names": [[module, name], ...], "error": text or null}, "pickle": the same or null}.

Every file is loaded in a process of its own, with limits. Globals are resolved only if they make arrays; all others are stand-ins.
"""
import bz2, gzip, io, json, lzma, os, pickle, random, resource, shutil, signal, sys, warnings, zlib
from importlib import import_module
from pathlib import Path

import joblib, numpy as np
from joblib import numpy_pickle, numpy_pickle_compat

warnings.simplefilter("ignore")
MODULES = ("joblib.numpy_pickle", "sklearn.externals.joblib.numpy_pickle")
REAL = {
    **{(module, name): (MODULES[0], name) for module in MODULES for name in ("NumpyArrayWrapper", "NDArrayWrapper", "ZNDArrayWrapper")},
    **{(core, name): (np._core.multiarray.__name__, name)
       for core in ("numpy.core.multiarray", "numpy._core.multiarray") for name in ("_reconstruct", "scalar")},
    **{("numpy", name): ("numpy", name) for name in ("dtype", "ndarray", "matrix")},
    ("numpy.matrixlib.defmatrix", "matrix"): ("numpy", "matrix"),
    **{(module, name): ("numpy.rec", name) for module in ("numpy", "numpy.rec") for name in ("recarray", "record")},
    ("collections", "OrderedDict"): ("collections", "OrderedDict"),
    ("_codecs", "encode"): ("_codecs", "encode"),
}


class Stub:
    """Accepts what pickles do to an object."""
    def __new__(*a, **k): return object.__new__(Stub)
    def __init__(*a, **k): pass
    def __setstate__(*a): pass
    def __setitem__(*a): pass
    def __call__(*a, **k): return object.__new__(Stub)
    def append(*a): pass
    def extend(*a): pass
    def add(*a): pass


def recorder(found):
    def find_class(self, module, name):
        found(module, name)
        real = REAL.get((module, name))
        return getattr(import_module(real[0]), real[1]) if real else Stub
    return find_class


# --- writing ----------------------------------------------------------------------------------------------------------

class Older(numpy_pickle.NumpyPickler):
    """As joblib wrote before 1.2: arrays without padding."""
    def _create_array_wrapper(self, array):
        wrapper = super()._create_array_wrapper(array)
        vars(wrapper).pop("numpy_array_alignment_bytes", None)
        return wrapper


def objects():
    structured = np.zeros(3, dtype=[("a", "<i4"), ("b", "S5"), ("c", "<f8", (2, 2))])
    numbers = np.arange(24, dtype="<f4")
    return {
        "number": 1,
        "array": numbers,
        "scalar-array": np.array(1.5),
        "none": np.zeros((0, 3)),
        "fortran": np.asfortranarray(numbers.reshape(4, 6)),
        "sliced": numbers.reshape(4, 6)[::2, 1:],
        "big-endian": numbers.astype(">f8"),
        "bool": numbers > 3,
        "complex": numbers.astype("c16"),
        "dates": np.array(["2020-01-01", "2021-02-03"], dtype="M8[D]"),
        "bytes": np.array([b"a", b"bcd"]),
        "text": np.array(["a", "bcd", "\u00e9"]),
        "void": np.zeros(2, "V3"),
        "structured": structured,
        "records": structured.view(np.recarray),
        "matrix": np.matrix([[1, 2], [3, 4]]),
        "objects": np.array([1, "a", None, {"b": [2]}], dtype=object),
        "objects-2d": np.array([[1, "a"], [None, b"x"]], dtype=object),
        "structured-objects": np.array([(1, "x"), (2, None)], dtype=[("n", "<i2"), ("o", "O")]),
        "of-arrays": np.array([np.arange(3), np.arange(4.0), None], dtype=object),
        "several": [numbers, {"w": numbers.reshape(6, 4), "labels": np.array(["x", "y"], dtype=object), "n": 3}, numbers],
        "twice": (numbers, numbers, "after"),
        "dict": {"numpy": np.array(["s"], dtype=object), "z": np.float32(2.5), "dtype": np.dtype("<i8"), "end": np.arange(2)},
        "strings": {f"key{i}": np.arange(i) for i in range(30)},
        "long": np.arange(40_000, dtype="<i2"),
    }


def dumped(value, pickler=numpy_pickle.NumpyPickler, protocol=None):
    file = io.BytesIO()
    pickler(file, protocol=protocol).dump(value)
    return file.getvalue()


PACKED = {
    "z": zlib.compress, "gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
}


def genuine(folder):
    made = []

    def write(name, data):
        path = folder / name
        path.write_bytes(data)
        made.append(path)

    for name, value in objects().items():
        for protocol in (2, 3, 4, 5):
            write(f"{name}-{protocol}.joblib", dumped(value, protocol=protocol))
            write(f"{name}-{protocol}-old.pkl", dumped(value, Older, protocol))
        for suffix, pack in PACKED.items():
            write(f"{name}.pkl.{suffix}", pack(dumped(value)))
            write(f"{name}-{suffix}.joblib", pack(dumped(value, Older)))
        # What joblib once compressed had no arrays between the opcodes.
        data = pickle.dumps(value, 2)
        write(f"{name}-zf.pkl", b"ZF" + hex(len(data)).encode().ljust(19) + zlib.compress(data))
    several = io.BytesIO()
    for value in (objects()["several"], 3, objects()["array"]):
        joblib.dump(value, several)
    write("three-objects.joblib", several.getvalue())
    data = Path(joblib.__file__).parent / "test/data"
    if data.is_dir():
        for path in sorted(data.iterdir()):
            if path.is_file() and path.name.startswith("joblib_"):
                copied = folder / path.name
                shutil.copyfile(path, copied)
                if ".npy" not in path.name:
                    made.append(copied)
    return made


class Runs:
    def __reduce__(self): return (os.system, ("true",))


def forged(folder):
    """Files that are one thing to one loader and another to the next."""
    evil = pickle.dumps(Runs(), 2)
    array = dumped(np.zeros(64, "u1"), Older, 2)
    body = array.index(b"\0" * 64)
    files = {
        "after": dumped([np.arange(9), Runs()]),
        "before": dumped([Runs(), np.arange(9)]),
        "in-objects": dumped(np.array([Runs()], dtype=object)),
        "in-a-record": dumped(np.array([(1, Runs())], dtype=[("a", "<i4"), ("o", "O")])),
        # What joblib reads as the array is a program to `pickle.load`.
        "array-is-opcodes": array[:body] + evil.ljust(64, b"\0") + array[body + 64:],
        "array-is-stop": array[:body] + (b"." + evil).ljust(64, b"\0") + array[body + 64:],
        "array-is-two-stops": array[:body] + (b".N." + evil).ljust(64, b"\0") + array[body + 64:],
        # What `pickle.load` never comes to is a program to joblib.
        "stop-in-array": array[:body] + b".".ljust(64, b"\0") + evil[2:],
        "padding-is-opcodes": dumped(np.zeros(4, "u1")).replace(b"\xff" * 3, b"\xffN."),
        "evil-after-three": dumped(np.zeros(4, "u1")) + dumped(3) + evil,
        "shape-of-result": array.replace(b"K@\x85", b"cos\nsystem\n)R\x85") if b"K@\x85" in array else array,
    }
    # A frame that goes on behind the object in place of the array: joblib reads the array from behind the frame.
    new = dumped(np.zeros(64, "u1"), Older, 4)
    end = new.index(b"\0" * 64)
    start = new.index(b"\x95")
    rest = evil[2:]
    inside = new[start + 9:end] + rest
    files["inside-a-frame"] = new[:start + 1] + len(inside).to_bytes(8, "little") + inside + b"\0" * 64 + rest
    # Memo entries of the outer pickle, taken by the pickle of an object array: only `pickle.load` takes them for those.
    outer = dumped({"a": 1, "os": 2, "system": np.array(["numpy", "x", "true"], dtype=object)}, protocol=4)
    files["memo-of-two"] = outer
    made = []
    for name, data in files.items():
        for suffix in ("joblib", "pkl"):
            path = folder / f"forged-{name}.{suffix}"
            path.write_bytes(data)
            made.append(path)
        path = folder / f"forged-{name}.joblib.gz"
        path.write_bytes(gzip.compress(data))
        made.append(path)
    return made


def damaged(paths, folder, seed, count):
    chance = random.Random(seed)
    small = [path for path in paths if path.stat().st_size < 20_000]
    made = []
    for number in range(count):
        path = chance.choice(small)
        data = bytearray(path.read_bytes())
        for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
            at = chance.randrange(len(data) + 1)
            match chance.randrange(8):
                case 0: del data[at:]
                case 1: data[at:at] = chance.choice((b".", b"0", b"2", b"b", b"h\x01", b"h\x03", b"N", b"\x94", b"\x93", b"cos\nsystem\n", b"(", b")\x81"))
                case 2: del data[at:at + chance.randrange(1, 9)]
                case 3: data[at:at] = data[at:at + chance.randrange(1, 40)]
                case 4:
                    other = chance.choice(small).read_bytes()
                    start = chance.randrange(len(other) + 1)
                    data[at:at] = other[start:start + chance.randrange(1, 200)]
                case _:
                    if at < len(data):
                        data[at] = chance.choice((chance.randrange(256), data[at] ^ 1 << chance.randrange(8), 0, 255, 46))
        made.append(folder / f"damaged-{number}{path.suffix}")
        made[-1].write_bytes(data)
    return made


# --- reading ----------------------------------------------------------------------------------------------------------

def outcome(load):
    """What a process of its own resolves: each name as it is met, then whether it came to an end."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(out)
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
        resource.setrlimit(resource.RLIMIT_CPU, (5, 5))
        signal.alarm(20)
        with os.fdopen(into, "w", buffering=1) as told:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            try:
                load(lambda module, name: told.write(json.dumps([module, name]) + "\n"))
                told.write(json.dumps(None) + "\n")
            except BaseException as error:
                told.write(json.dumps(f"{type(error).__name__}: {error}"[:300]) + "\n")
        os._exit(0)
    os.close(into)
    names, error = [], "the process died"
    with os.fdopen(out, errors="surrogateescape") as told:
        for line in told:
            try:
                line = json.loads(line)
            except ValueError:
                break
            if isinstance(line, list):
                names.append(line)
            else:
                error = line
    os.waitpid(child, 0)
    return {"names": names, "error": error}


def by_joblib(path):
    def load(found):
        for unpickler in (numpy_pickle.NumpyUnpickler, numpy_pickle_compat.ZipNumpyUnpickler):
            unpickler.find_class = recorder(found)
        if path.name.startswith("three-objects") or "evil-after" in path.name:
            with open(path, "rb") as file:
                for _ in range(3):
                    joblib.load(file)
        else:
            joblib.load(path)
    return load


def by_pickle(path):
    data = path.read_bytes()
    # Nobody unpickles what is compressed.
    if not data[:1] in (b"\x80", b"(", b"]", b"}", b"c", b"I", b"N", b"K", b"."):
        return None

    def load(found):
        for base in (pickle._Unpickler, pickle.Unpickler):
            file = io.BytesIO(data)
            for _ in range(3):
                kind = type("Unpickler", (base,), {"find_class": recorder(found)})
                try:
                    kind(file).load()
                except Exception:
                    break
    return load


def main():
    folder, seed, count, *more = sys.argv[1:]
    folder = Path(folder)
    whole, forgeries = genuine(folder), forged(folder)
    broken = damaged(whole + forgeries, folder, int(seed), int(count))
    for path in [*whole, *forgeries, *broken, *map(Path, more)]:
        pickled = by_pickle(path)
        print(json.dumps({
            "file": str(path), "forged": path in forgeries, "damaged": path.name.startswith("damaged-"),
            "joblib": outcome(by_joblib(path)), "pickle": outcome(pickled) if pickled else None,
        }))


main()
