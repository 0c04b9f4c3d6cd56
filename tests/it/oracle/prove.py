"""What real loaders do with files that the gate let pass: prove.py LIST [FIRST]

LIST names one file a line, `-` reads standard input. Each is loaded by CPython's two unpicklers, or by torch with and without
`weights_only`, in a child under limits, and what it makes is then used: printed, compared, copied, pickled, summed, thrown
away. Prints one JSON line for each hole (a signal, a hang, memory beyond all proportion, a call of what no writer calls, an
object that contradicts itself), and at the end {"files": ..., "loaded": ..., "errors": {...}}. A Python exception is no hole."""
import collections
import copy
import copyreg
import encodings.latin_1  # noqa: F401  (before loads are watched)
import faulthandler
import gc
import importlib
import io
import json
import mmap
import os
import pickle
import re
import resource
import signal
import sys
import tempfile
import typing
import warnings
from pathlib import Path

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"
warnings.filterwarnings("ignore")
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "policies" / "generate"))
import genuine  # noqa: E402
import record_uses  # noqa: E402
from genuine import numpy, torch  # noqa: E402

BATCH = 150  # files for one child
SECONDS = 10  # of processor time for one file
ROOM = 3 << 30  # bytes of memory above what the libraries take
MUCH = 400 << 20  # bytes that a file of some kilobytes may not take
FEW = 4096  # elements that are looked at one by one


# --- what genuine files call -------------------------------------------------------------------------------------------


def resolve(name):
    parts = name.split(".")
    for n in range(len(parts) - 1, 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:n]))
            for part in parts[n:]:
                thing = getattr(thing, part)
            return thing
        except (ImportError, AttributeError):
            continue
    return None


def called_by_writers():
    """Everything that a genuine file calls, as the objects themselves."""
    uses = record_uses.Uses()
    for _, _, _, data in genuine.files(1500, 7):
        uses.follow_file(data)
    calls = [name for name, seen in uses.seen.items() if any(use.split(" ")[0] in ("REDUCE", "NEWOBJ", "OBJ", "INST", "NEWOBJ_EX") for use in seen)]
    # What older releases called, and what only other machines' tensors are rebuilt with.
    calls += ["torch._utils._rebuild_tensor", "torch._utils._rebuild_device_tensor_from_numpy", "torch._utils._rebuild_device_tensor_from_cpu_tensor", "torch._utils._rebuild_wrapper_subclass",
              "torch._utils._rebuild_sparse_csr_tensor", "torch._utils._rebuild_nested_tensor", "builtins.bytes", "builtins.frozenset", "builtins.slice", "builtins.range", "builtins.tuple", "torch.nn.parameter.Parameter"]
    calls += ["argparse.Namespace", "types.SimpleNamespace", "decimal.Decimal", "datetime.date", "datetime.datetime", "datetime.time", "datetime.timedelta", "datetime.timezone"]
    calls += ["pathlib." + name for name in ("PosixPath", "PurePosixPath", "PureWindowsPath", "WindowsPath")]
    calls += ["torch.jit._pickle." + mark for mark in ("build_boollist", "build_doublelist", "build_intlist", "build_tensorlist", "restore_type_tag")]
    calls += ["collections.defaultdict", "collections.deque", "uuid.UUID", "ultralytics.utils.IterableSimpleNamespace", "torch.torch_version.TorchVersion", "flair.data.Dictionary"]
    calls += ["nltk.probability.ConditionalFreqDist", "nltk.probability.FreqDist", "nltk.tokenize.punkt.PunktLanguageVars"]
    calls += ["langchain_core.documents.base.Document", "numpy.ma.core._mareconstruct", "numpy.random.__RandomState_ctor", "numpy.random.bit_generator.__pyx_unpickle_SeedSequence"]
    calls += ["numpy.random._pickle.__%s_ctor" % name for name in ("randomstate", "generator", "bit_generator")]
    calls += ["torch.nn.modules.rnn." + name for name in ("GRU", "LSTM", "RNN", "RNNBase")]
    calls += [name for name in LISTED if name.endswith(".AttributeDict")]
    # Compiled classes of scikit-learn, which few files have: trees, losses.
    calls += [name for name, kind in LISTED.items() if name.startswith("sklearn.") and kind in ("function", "reconstructor")]
    # What few files of others name: parts of frames, optimizers, trees of neighbours.
    calls += [name for name, kind in LISTED.items() if name.startswith(("pandas.", "pytz.", "torch.optim.", "sklearn.")) and kind in ("class", "function", "reconstructor")]
    calls += ["torch._C.Generator"]
    # Members of enums are looked up by a call.
    calls += [name for name, kind in LISTED.items() if kind == "enum"]
    return {id(thing): thing for thing in map(resolve, calls) if thing is not None}


def listed():
    """The kind of each name that a pack lists, by name."""
    found = {}
    for path in sorted((Path(__file__).resolve().parents[3] / "policies" / "globals").glob("*.yaml")):
        found.update(re.findall(r"global: ([\w.]+), kind: ([\w-]+)", path.read_text(encoding="utf-8")))
    return found


# What makes an instance of a class that has no `__new__` of its own.
CONSTRUCTORS = (object.__new__, typing.Generic.__new__)


class Hole(BaseException):
    """Nothing that loaders or objects catch."""


class Watching(pickle._Unpickler):
    """CPython's unpickler in Python, which looks at what is called before it is."""

    dispatch = dict(pickle._Unpickler.dispatch)

    @staticmethod
    def whole(kind, arguments):
        """An instance of a class that a pack lists for that: it is made of nothing, and no code of the class runs."""
        return id(kind) in MADE and arguments == () and kind.__new__ in CONSTRUCTORS

    def look(self, function):
        if id(function) not in CALLED:
            raise Hole("calls %r, which no writer calls" % (function,))

    def reduce(self):
        function, arguments = self.stack[-2:]
        if not (function is copyreg._reconstructor and arguments[1:] == (object, None) and self.whole(arguments[0], ())):
            self.look(function)
        pickle._Unpickler.load_reduce(self)

    def newobj_ex(self):
        self.look(self.stack[-3])
        if self.stack[-1]:
            raise Hole("keywords %r" % list(self.stack[-1]))
        pickle._Unpickler.load_newobj_ex(self)

    def newobj(self):
        if not self.whole(self.stack[-2], self.stack[-1]):
            self.look(self.stack[-2])
        pickle._Unpickler.load_newobj(self)

    def _instantiate(self, kind, arguments):
        self.look(kind)
        super()._instantiate(kind, arguments)

    def planted(self, thing, *names):
        own = getattr(thing, "__dict__", {})
        for name in names:
            if name in own and not isinstance(thing, type):
                raise Hole("%s of the object itself: %r" % (name, own[name]))

    def build(self):
        self.planted(self.stack[-2], "__setstate__")
        if isinstance(self.stack[-2], type) or callable(self.stack[-2]) and not hasattr(type(self.stack[-2]), "__setstate__") and not hasattr(self.stack[-2], "__dict__"):
            raise Hole("state on %r" % self.stack[-2])
        pickle._Unpickler.load_build(self)

    def filling(load, marked, *names):
        def look_and_load(self):
            self.planted(self.metastack[-1][-1] if marked else self.stack[-2], *names)
            load(self)
        return look_and_load

    dispatch.update({b"R"[0]: reduce, b"\x92"[0]: newobj_ex, b"\x81"[0]: newobj, b"b"[0]: build,
                     b"a"[0]: filling(pickle._Unpickler.load_append, False, "append"), b"e"[0]: filling(pickle._Unpickler.load_appends, True, "extend", "append"),
                     b"\x90"[0]: filling(pickle._Unpickler.load_additems, True, "add")})


# What a load may not do. Whatever the libraries import late has been imported before.
FORBIDDEN = ("os.", "subprocess.", "socket.", "ctypes.", "shutil.", "exec", "compile", "import", "marshal.", "code.", "open", "tempfile.", "glob.", "pty.", "sys.addaudithook", "builtins.input", "function.__new__")


def audit(event, arguments):
    if watched[0] and event.startswith(FORBIDDEN) and not (event == "open" and str(arguments[0]) == watched[0]):
        # Python looks for a module in the folders of its path.
        if event == "import" and arguments[0] in ABSENT or event == "os.listdir" and arguments[0] in sys.path:
            return
        about = watched[0]
        watched[0] = None
        raise Hole("%s %r while loading %s" % (event, arguments[0] if arguments else "", about))


watched = [None]


# --- objects that contradict themselves -----------------------------------------------------------------------------


def holds_objects(kind, depth=0):
    """Whether an item holds objects. The flags alone may say so of an item that holds none: a selection of fields keeps those
    of the whole, and numpy counts references field by field."""
    if kind.subdtype:
        return holds_objects(kind.subdtype[0], depth)
    if kind.fields is None or depth > 20:
        return kind.hasobject
    return any(holds_objects(field[0], depth + 1) for field in kind.fields.values())


def check_dtype(kind, depth=0):
    def wrong(what):
        raise Hole("dtype %s: %s" % (what, [kind.char, kind.itemsize, kind.alignment, kind.flags]))

    if kind.subdtype:
        base, shape = kind.subdtype
        size = base.itemsize
        for n in shape:
            if n < 0:
                wrong("shape")
            size *= n
        if size != kind.itemsize:
            wrong("shape beyond the item")
        if base.hasobject and not kind.hasobject:
            wrong("hides objects")
        return check_dtype(base, depth + 1)
    if kind.itemsize < 0:
        wrong("size")
    if kind.alignment not in ((1, 2, 4, 8, 16) if kind.itemsize else (0, 1, 2, 4, 8, 16)):
        wrong("alignment")
    if kind.fields is not None:
        if kind.char != "V":
            wrong("fields of a number")
        if set(kind.names) - set(kind.fields) or len(set(kind.names)) != len(kind.names):
            wrong("names")
        for name, field in kind.fields.items():
            if field[1] < 0 or field[1] + field[0].itemsize > kind.itemsize:
                wrong("field beyond the item")
            if field[0].hasobject and not kind.hasobject:
                wrong("hides objects")
            if depth < 20:
                check_dtype(field[0], depth + 1)
        fields = (field for name, field in kind.fields.items() if name in kind.names and field[0].itemsize)
        objects = sorted((field[1], field[1] + field[0].itemsize, holds_objects(field[0])) for field in fields)
        for (_, end, holds), (start, _, also) in zip(objects, objects[1:]):
            if start < end and (holds or also):
                wrong("overlapping objects")
    elif kind.names is not None:
        wrong("names without fields")
    elif kind.char in "?bBhHiIlLqQefdgFDGOmM":
        if kind.itemsize != numpy.dtype(kind.char).itemsize or kind.alignment != numpy.dtype(kind.char).alignment:
            wrong("size of a number")
        if kind.hasobject != (kind.char == "O") or kind.flags != numpy.dtype(kind.char).flags:
            wrong("flags")
    elif kind.hasobject and kind.char != "T":
        wrong("flags")


def check_array(array):
    check_dtype(array.dtype)
    size = array.dtype.itemsize
    for n in array.shape:
        size *= n
    if size != array.nbytes or any(n < 0 for n in array.shape):
        raise Hole("array of %d bytes for %r" % (array.nbytes, array.shape))
    base = array.base
    if isinstance(base, (bytes, bytearray)) and array.flags.c_contiguous and array.nbytes > len(base):
        raise Hole("array of %d bytes over %d" % (array.nbytes, len(base)))


def check_tensor(tensor):
    if getattr(tensor, "_backward_hooks", None):
        raise Hole("hooks of the kind %s" % type(tensor._backward_hooks).__name__)
    if tensor.is_nested or tensor.device.type != "cpu":
        return
    if tensor.layout == torch.sparse_coo:
        indices, values = tensor._indices(), tensor._values()
        check_tensor(indices), check_tensor(values)
        size = tensor.shape[: indices.shape[0]]
        if indices.shape[1] != values.shape[0] or len(size) != indices.shape[0] or tuple(values.shape[1:]) != tuple(tensor.shape[len(size):]):
            raise Hole("sparse parts that do not fit")
        if indices.numel() and indices.numel() < 1 << 20 and any(int(row.min()) < 0 or int(row.max()) >= n for row, n in zip(indices, size)):
            raise Hole("sparse indices beyond the size")
    elif tensor.layout != torch.strided:
        rows = tensor.layout in (torch.sparse_csr, torch.sparse_bsr)
        compressed, plain = (tensor.crow_indices(), tensor.col_indices()) if rows else (tensor.ccol_indices(), tensor.row_indices())
        check_tensor(compressed), check_tensor(plain), check_tensor(tensor.values())
        try:
            torch._validate_sparse_compressed_tensor_args(compressed, plain, tensor.values(), tensor.shape, tensor.layout)
        except RuntimeError as error:
            raise Hole("sparse parts that do not fit: %s" % str(error)[:200])
    else:
        end = tensor.storage_offset() + 1 + sum((n - 1) * step for n, step in zip(tensor.shape, tensor.stride())) if tensor.numel() else 0
        storage = tensor.untyped_storage()
        packed = {"torch.quint4x2": 2, "torch.quint2x4": 4}.get(str(tensor.dtype), 1)
        if -(-end * tensor.element_size() // packed) > storage.nbytes() or tensor.storage_offset() < 0 or any(step < 0 for step in tensor.stride()):
            raise Hole("a tensor beyond its storage: %d elements of %d bytes" % (end, storage.nbytes()))
        if tensor.is_quantized and tensor.qscheme() not in (torch.per_tensor_affine, torch.per_tensor_symmetric):
            axis = tensor.q_per_channel_axis()
            if not 0 <= axis < tensor.dim() or tensor.q_per_channel_scales().numel() != tensor.shape[axis] or tensor.q_per_channel_zero_points().numel() != tensor.shape[axis]:
                raise Hole("scales that do not fit")


# --- using what was made ---------------------------------------------------------------------------------------------


def tried(*actions):
    for at, action in enumerate(actions):
        stage(at)
        try:
            action()
        except Exception:
            continue


def dumped(value):
    for protocol in (0, 2, 5):
        pickle.dumps(value, protocol)


def use_array(value):
    check_array(value)
    if value.size > FEW or value.nbytes > 1 << 22:
        return tried(lambda: repr(value), lambda: value[0], lambda: value.copy())
    if value.dtype.char == "T":
        # Releases of numpy crash on genuine arrays of these, swapped or copied deeply.
        return tried(lambda: repr(value), lambda: value.tolist(), lambda: value.copy(), lambda: value[0], lambda: value == value, lambda: value + value, lambda: value.astype(object), lambda: dumped(value))
    changed = []
    tried(lambda: changed.append(value.copy()), lambda: repr(value), lambda: str(value), lambda: value.tolist(), lambda: value.tobytes(), lambda: value == value, lambda: value + value, lambda: value.sum(), lambda: value.argsort(), lambda: numpy.sort(value),
          lambda: value.astype(object), lambda: value.astype(str), lambda: value.astype("f8"), lambda: value.astype(value.dtype.newbyteorder()), lambda: value[0], lambda: value[..., -1:], lambda: value.flat[0], lambda: list(value.flat), lambda: value.ravel()[::2].copy(), lambda: value.T.copy(), lambda: numpy.concatenate([value, value]),
          lambda: [value[name] for name in value.dtype.names or ()], lambda: [value[name].copy().tolist() for name in value.dtype.names or ()], lambda: value.view(numpy.recarray)[0], lambda: numpy.array([value, value]), lambda: numpy.unique(value), lambda: value.item(0), lambda: value.byteswap(), lambda: numpy.zeros_like(value), lambda: numpy.empty_like(value), lambda: numpy.full_like(value, 1),
          lambda: changed[0].__setitem__(Ellipsis, value), lambda: changed[0].flat.__setitem__(0, value.flat[0]), lambda: changed[0].fill(0), lambda: changed[0].sort(), lambda: changed[0].resize((3,)), lambda: numpy.save(io.BytesIO(), value), lambda: dumped(value), lambda: copy.deepcopy(value), lambda: value.__setitem__(Ellipsis, value), lambda: hash(value.dtype), lambda: memoryview(value).tolist(), lambda: numpy.where(value, value, value), lambda: value.searchsorted(value))


def use_dtype(kind):
    check_dtype(kind)
    tried(lambda: repr(kind), lambda: str(kind), lambda: hash(kind), lambda: kind == kind, lambda: kind.descr, lambda: kind.fields and dict(kind.fields), lambda: kind.newbyteorder(), lambda: numpy.promote_types(kind, kind), lambda: numpy.can_cast(kind, "f8"), lambda: numpy.dtype(kind, align=True), lambda: numpy.dtype([("a", kind), ("b", kind, (2,))]), lambda: kind.metadata and dict(kind.metadata), lambda: dumped(kind), lambda: copy.copy(kind), lambda: kind[0], lambda: kind.type(), lambda: kind.isbuiltin, lambda: kind.base)
    if 0 <= kind.itemsize < 1 << 16:
        try:
            made = numpy.zeros(3, kind)
        except Exception:
            return
        use_array(made)


def use_scalar(value):
    check_dtype(value.dtype)
    tried(lambda: repr(value), lambda: str(value), lambda: value.item(), lambda: value.tolist(), lambda: hash(value), lambda: value + value, lambda: value == value, lambda: value.tobytes(), lambda: dumped(value), lambda: copy.deepcopy(value), lambda: value[0], lambda: numpy.array([value, value]).tolist(), lambda: value.copy(), lambda: value.view("u1"), lambda: value.byteswap(), lambda: format(value, ""), lambda: bytes(value), lambda: list(value), lambda: value.__setitem__(0, value[0]), lambda: value.setflags(write=True), lambda: numpy.asarray(value).astype(str))


def use_tensor(value):
    check_tensor(value)
    small = value.numel() <= FEW
    tried(lambda: value.shape, lambda: hash(value), lambda: str(value.dtype), lambda: value.stride(), lambda: small and repr(value))
    if not small:
        return
    plain = value.detach()
    tried(lambda: plain.tolist(), lambda: plain.to_dense().tolist(), lambda: plain.clone(), lambda: plain + plain, lambda: plain.sum(), lambda: plain.sort(), lambda: plain.numpy().copy(), lambda: plain.contiguous(), lambda: plain.flatten()[0].item(), lambda: plain[0], lambda: plain.t(), lambda: plain.float() @ plain.float().t(), lambda: plain == plain, lambda: copy.deepcopy(value), lambda: torch.save(value, io.BytesIO()), lambda: dumped(value), lambda: plain.coalesce(), lambda: plain.coalesce().indices().tolist(), lambda: plain.to_sparse(),
          lambda: plain.dequantize(), lambda: plain.int_repr(), lambda: plain.q_per_channel_scales(), lambda: plain.unbind(), lambda: plain.double(), lambda: plain.to(torch.float32).sum().item(), lambda: plain.view(torch.uint8), lambda: torch.cat([plain, plain]), lambda: plain.clone().fill_(1), lambda: plain.clone().zero_(), lambda: plain.storage().tolist(), lambda: plain.requires_grad_(True).sum().backward(), lambda: (value * 2).sum().backward(), lambda: plain.untyped_storage().tolist(), lambda: plain.conj().resolve_conj(), lambda: plain.resolve_neg(), lambda: plain.index_select(0, torch.tensor([0])), lambda: plain.sparse_mask(plain), lambda: plain.to_sparse_csr(), lambda: plain.transpose(0, 1).clone(), lambda: plain.is_pinned(), lambda: plain.data_ptr(), lambda: format(value))


def use_random(value):
    """What reads the words of a generator."""
    source = getattr(value, "_bit_generator", None) or getattr(value, "bit_generator", None) or value
    tried(lambda: value.random(700), lambda: value.random_sample(700), lambda: value.normal(size=9), lambda: value.integers(9, size=700), lambda: source.random_raw(1300), lambda: source.seed_seq.spawn(2), lambda: source.jumped(), lambda: dumped(value), lambda: copy.deepcopy(value), lambda: repr(value))


def use_any(value):
    # Methods of a container that Python and the standard library look for on the object itself.
    planted = set(getattr(value, "__dict__", ())) & set(dir(type(value))) if isinstance(value, (dict, list, set)) else ()
    if planted:
        raise Hole("attributes in place of methods: %s" % sorted(planted))
    tried(lambda: repr(value)[:0], lambda: hash(value), lambda: value == value, lambda: len(value), lambda: copy.copy(value), lambda: copy.deepcopy(value), lambda: dumped(value), lambda: sorted(value), lambda: list(value)[:3], lambda: value[0], lambda: value[-1], lambda: bool(value), lambda: value.tolist(), lambda: str(value)[:0], lambda: list(reversed(value)), lambda: value.most_common(2), lambda: value + value, lambda: value | value, lambda: copy.copy(value).popitem(), lambda: copy.copy(value).pop(), lambda: copy.copy(value).clear(), lambda: copy.copy(value).update({"x": 1}), lambda: value.numel(), lambda: value.nbytes(), lambda: copy.copy(value).append(1), lambda: vars(value).items())


def walk(root):
    """Up to 80 different objects of what a file made."""
    todo, seen, kept = [root], set(), []
    while todo and len(seen) < 80:
        value = todo.pop()
        if id(value) in seen or isinstance(value, (int, float, str, bytes, bool, type(None), type)):
            continue
        seen.add(id(value))
        kept.append(value)
        own = getattr(value, "__dict__", None)
        if isinstance(own, dict):
            todo += list(own.values())[:10]
        if isinstance(value, dict):
            todo += list(dict.values(value))[:40] + list(dict.keys(value))[:40]
        elif isinstance(value, (list, tuple, set, frozenset)):
            todo += list(type(value).__iter__(value))[:40]
        elif numpy and isinstance(value, numpy.ndarray):
            todo.append(value.dtype)
            if value.dtype == object and value.size <= FEW:
                todo += list(value.flat)[:40]
    return kept


def use(root):
    for value in walk(root):
        if numpy and isinstance(value, numpy.ndarray):
            use_array(value)
        elif numpy and isinstance(value, numpy.dtype):
            use_dtype(value)
        elif numpy and isinstance(value, numpy.generic):
            use_scalar(value)
        elif torch and isinstance(value, torch.Tensor):
            use_tensor(value)
        elif numpy and isinstance(value, (numpy.random.RandomState, numpy.random.Generator, numpy.random.BitGenerator)):
            use_random(value)
        else:
            use_any(value)


# --- loaders ---------------------------------------------------------------------------------------------------------


def loaders(path):
    if path.endswith((".pt", ".pth")):
        yield "torch.load(weights_only=True)", lambda: torch.load(path, map_location="cpu", weights_only=True)
        yield "torch.load(weights_only=False)", lambda: torch.load(path, map_location="cpu", weights_only=False)
        return

    def opened(unpickler):
        with open(path, "rb") as file:
            return unpickler(file).load()

    yield "pickle.Unpickler", lambda: opened(pickle.Unpickler)
    yield "pickle._Unpickler", lambda: opened(Watching)


def stage(at, loader=None):
    if loader is not None:
        state[1] = loader
    state[2] = at % 256


def one(path, say, counts):
    for at, (name, load) in enumerate(loaders(path)):
        stage(255, at)
        # Both end the child. The second is for what sleeps, and generous: the machine may be busy.
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        signal.alarm(60 * SECONDS)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            watched[0] = path
            try:
                value = load()
            finally:
                watched[0] = None
            stage(254)
            grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
            if grown > MUCH + 10 * os.path.getsize(path):
                raise Hole("takes %d MiB" % (grown >> 20))
            counts["loaded by " + name] += 1
            use(value)
            stage(253)
            del value
        except Hole as hole:
            say({"file": path, "hole": "%s: %s" % (name, hole)})
        except Exception as error:
            counts["%s: %s" % (name, type(error).__name__)] += 1
            if isinstance(error, MemoryError) or "allocate memory" in str(error) or "not enough memory" in str(error):
                say({"file": path, "hole": "%s: %s: %s" % (name, type(error).__name__, str(error)[:150])})
        gc.collect()
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.alarm(0)


def child(paths, first, out):
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if os.path.exists("/proc/self/statm"):
        with open("/proc/self/statm", encoding="ascii") as pages:
            room = int(pages.read().split()[0]) * resource.getpagesize() + ROOM
        resource.setrlimit(resource.RLIMIT_AS, (room, room))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.setrecursionlimit(1000)
    sys.addaudithook(audit)
    counts = collections.Counter()
    with open(out, "w", encoding="utf-8") as lines:
        for at in range(first, len(paths)):
            state[4:8] = at.to_bytes(4, "little")
            one(paths[at], lambda what: (lines.write(json.dumps(what) + "\n"), lines.flush()), counts)
        lines.write(json.dumps({"counts": counts}) + "\n")


def run(paths, first, totals):
    """Children for all the paths; says each hole."""
    end = len(paths)
    while first < end:
        some = paths[: min(end, first + BATCH)]
        handle, out = tempfile.mkstemp()
        os.close(handle)
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                child(some, first, out)
                code = 0
            except BaseException as error:
                print("the harness itself: %r" % error, file=sys.stderr)
            finally:
                os._exit(code)
        _, status = os.waitpid(pid, 0)
        at = int.from_bytes(state[4:8], "little")
        with open(out, encoding="utf-8") as lines:
            for line in lines:
                said = json.loads(line)
                if "counts" in said:
                    totals.update(said["counts"])
                else:
                    print(line, end="", flush=True)
        os.unlink(out)
        if os.WIFSIGNALED(status):
            name = [name for name, _ in loaders(paths[at])][state[1]]
            print(json.dumps({"file": paths[at], "hole": "%s: %s in step %d" % (name, signal.Signals(os.WTERMSIG(status)).name, state[2])}), flush=True)
            first = at + 1
        elif status:
            sys.exit("%s: the harness failed" % paths[at])
        else:
            first = len(some)


def main(listed, first="0"):
    paths = (sys.stdin if listed == "-" else open(listed, encoding="utf-8")).read().splitlines()
    totals = collections.Counter()
    run(paths, int(first), totals)
    print(json.dumps({"files": len(paths), "counts": dict(sorted(totals.items()))}))


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    faulthandler.enable()
    state = mmap.mmap(-1, 16)
    LISTED = listed()
    # Whatever is listed is imported now, not while a file is loaded.
    MADE = {id(thing): thing for thing in map(resolve, LISTED) if isinstance(thing, type)}
    MADE = {at: thing for at, thing in MADE.items() if LISTED.get("%s.%s" % (thing.__module__, thing.__qualname__)) == "instance"}
    # Importing a listed module that the libraries at hand do not have fails, and runs nothing.
    ABSENT = {name[: dot.start()] for name in LISTED if resolve(name) is None for dot in re.finditer(r"\.", name)}
    CALLED = called_by_writers()
    # Late imports of the libraries happen now.
    for _, _, value, data in genuine.files(400, 3):
        try:
            use(value)
        except Hole:
            pass  # such as hooks, which are not written
        if torch and data[:2] == b"PK":
            try:
                torch.load(io.BytesIO(data), weights_only=True)
            except Exception:
                pass
    gc.collect()
    gc.freeze()
    main(*sys.argv[1:])
