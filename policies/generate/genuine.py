"""Objects of CPython, numpy and torch as programs make them, and the pickles and checkpoints that hold them.

    genuine.py FOLDER COUNT [SEED]     writes COUNT files into FOLDER, and FOLDER/manifest.tsv: file, what it holds

`record_uses.py` follows what is written here; the tests demand that the program lets all of it pass. Everything is
chosen by a seeded generator, so that the same seed writes the same objects. What a release at hand does not know is
left out.
"""
import argparse
import array
import datetime
import decimal
import fractions
import pathlib
import types
import collections
import io
import pickle
import random
import sys
import warnings
from pathlib import Path

try:
    import numpy
except ImportError:
    numpy = None
try:
    import torch
except ImportError:
    torch = None

warnings.filterwarnings("ignore")

# Dtypes by their code. Sizes of texts and units of dates are chosen in `simple_dtype`.
NUMBERS = "? b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 c8 c16 q Q l L g G p P".split()
UNITS = "Y M W D h m s ms us ns ps fs as".split()


def whole(chosen):
    """Integers of every size a pickle spells in its own way."""
    return chosen.choice([0, 1, -1, 2, 7, 255, 256, 65535, 65536, -129, 2**31 - 1, 2**31, -(2**31), 2**40, 2**63 - 1, -(2**63), 2**64, 2**200, chosen.randrange(10**6)])


def text(chosen):
    return chosen.choice(["", "a", "weight", "layer.0.bias", "\u00e9t\u00e9", "\u4e2d\u6587", "a\nb", "\\u0041", "\U0001f600", "x" * chosen.randrange(1, 400)])


def plain(chosen, depth=3):
    """Data all the way down: what a program keeps beside its weights."""
    kinds = 9 if depth == 0 else 15
    kind = chosen.randrange(kinds)
    if kind == 0:
        return None
    if kind == 1:
        return chosen.random() < 0.5
    if kind in (2, 3):
        return whole(chosen)
    if kind == 4:
        return chosen.choice([0.0, -0.0, 1.5, 1e300, float("inf"), float("nan"), chosen.random()])
    if kind in (5, 6, 7):
        return text(chosen)
    if kind == 8:
        return chosen.choice([b"", b"a", bytes(range(256)), b"x" * chosen.randrange(300)])
    size = chosen.choice([0, 1, 2, 3, 5])
    if kind in (9, 10):
        return [plain(chosen, depth - 1) for _ in range(size)]
    if kind in (11, 12):
        return {chosen.choice([text(chosen), whole(chosen)]): plain(chosen, depth - 1) for _ in range(size)}
    if kind == 13:
        return tuple(plain(chosen, depth - 1) for _ in range(size))
    return python_value(chosen, depth - 1)


def hashable(chosen):
    return chosen.choice([text(chosen), whole(chosen), 1.5, b"key", (1, text(chosen)), None, True, 1j, frozenset([1])])


def python_value(chosen, depth=1):
    """A value of a class of the standard library that data is kept in."""
    size = chosen.choice([0, 1, 2, 4])
    items = [(hashable(chosen), plain(chosen, depth)) for _ in range(size)]
    made = [
        lambda: collections.OrderedDict(items),
        lambda: with_attribute(collections.OrderedDict(items), chosen),
        lambda: collections.Counter(key for key, _ in items),
        lambda: collections.Counter(text(chosen)),
        lambda: set(key for key, _ in items),
        lambda: set(range(chosen.choice([0, 1, 1200]))),
        lambda: bytearray(chosen.choice([b"", b"abc", bytes(300)])),
        lambda: complex(chosen.choice([0.0, 1.5, -0.0]), chosen.choice([2.0, float("inf")])),
    ]
    return chosen.choice(made)()


def python_safe(chosen):
    """Builtins that hold numbers and no more."""
    made = [
        lambda: slice(None, chosen.randrange(9), None),
        lambda: slice(1, 10, 2),
        lambda: range(chosen.randrange(99)),
        lambda: range(10, -1, -2),
        lambda: frozenset([chosen.randrange(9), text(chosen)]),
        lambda: frozenset(),
        lambda: argparse.Namespace(**{"a%d" % n: plain(chosen, 1) for n in range(chosen.randrange(12))}),
        lambda: types.SimpleNamespace(x=plain(chosen, 1)),
        lambda: datetime.datetime(chosen.randrange(1, 9999), chosen.randrange(1, 13), 28, chosen.randrange(24), 59, 0, chosen.randrange(1000000), chosen.choice([None, datetime.timezone.utc, datetime.timezone(datetime.timedelta(minutes=chosen.randrange(-1439, 1440)), "x")])),
        lambda: [datetime.date(chosen.randrange(1, 9999), 2, 28), datetime.time(chosen.randrange(24), 1, fold=chosen.randrange(2)), datetime.timedelta(chosen.randrange(-999999, 999999), chosen.randrange(86400), 1)],
        lambda: decimal.Decimal(chosen.choice(["1.5", "-0", "NaN", "Infinity", "1E+99", "0.000000001"])),
        lambda: fractions.Fraction(whole(chosen), chosen.choice([1, 2, 3, 2**70])),
        lambda: [Ellipsis, NotImplemented, (Ellipsis, slice(None))],
        lambda: array.array(chosen.choice("bBhHiIlLqQfd"), [chosen.randrange(100) for _ in range(chosen.randrange(4))]),
        lambda: array.array("u", "text"),
        lambda: chosen.choice([pathlib.PosixPath, pathlib.PurePosixPath, pathlib.PureWindowsPath])(*[text(chosen).replace("\0", "") for _ in range(chosen.randrange(4))]),
    ]
    return chosen.choice(made)()


def with_attribute(value, chosen):
    value._metadata = collections.OrderedDict([("", {"version": 1}), ("layer", {"version": chosen.randrange(3)})])
    return value


# --- numpy -----------------------------------------------------------------------------------------------------------


def simple_dtype(chosen):
    kind = chosen.randrange(10)
    if kind < 5:
        code = chosen.choice(NUMBERS)
        made = numpy.dtype(code)
        return made.newbyteorder(chosen.choice("<>=|S")) if chosen.random() < 0.4 else made
    order = chosen.choice(["", "<", ">", "="])
    if kind == 5:
        unit = chosen.choice(["", "[%s]" % chosen.choice(UNITS), "[%d%s]" % (chosen.choice([2, 7, 25, 100]), chosen.choice(UNITS)), "[ms/10]"])
        return numpy.dtype(order + chosen.choice(["M8", "m8"]) + unit)
    if kind == 6:
        return numpy.dtype("S%d" % chosen.choice([0, 1, 7, 300]))
    if kind == 7:
        return numpy.dtype(order + "U%d" % chosen.choice([0, 1, 5, 100]))
    if kind == 8:
        return numpy.dtype("V%d" % chosen.choice([0, 1, 4, 33]))
    return numpy.dtype("O")


def string_dtype(chosen):
    made = [lambda: numpy.dtypes.StringDType(), lambda: numpy.dtypes.StringDType(coerce=False), lambda: numpy.dtypes.StringDType(na_object=None), lambda: numpy.dtypes.StringDType(na_object=float("nan")), lambda: numpy.dtypes.StringDType(na_object="missing", coerce=False)]
    return chosen.choice(made)()


def shares_bytes(item):
    """Whether fields of an item, or of its parts, overlap."""
    if item.subdtype:
        return shares_bytes(item.subdtype[0])
    spans = sorted((at, at + part.itemsize) for part, at in (item.fields[name][:2] for name in item.names or ()) if part.itemsize)
    return any(end > start for (_, end), (start, _) in zip(spans, spans[1:])) or any(shares_bytes(item.fields[name][0]) for name in item.names or ())


def dtype(chosen, depth=2, objects=True):
    kind = chosen.random()
    if depth == 0 or kind < 0.45:
        made = simple_dtype(chosen)
        return made if objects or not made.hasobject else numpy.dtype("f8")
    if kind < 0.55:
        item = dtype(chosen, depth - 1, objects)
        # To numpy a shape behind a type without a size is its size.
        # No pack allows an array of unions as an item.
        return item if not item.itemsize or shares_bytes(item) else numpy.dtype((item, tuple(chosen.randrange(1, 4) for _ in range(chosen.randrange(1, 3)))))
    names = chosen.sample(["x", "y", "z", "w", "label", "\u00e9t\u00e9", "id", "f0", "a b", "class"], chosen.choice([0, 1, 2, 3, 3, 6]))
    fields = [(name, dtype(chosen, depth - 1, objects)) for name in names]
    if kind < 0.65 and fields:
        at, offsets = 0, []
        for _, item in fields:
            at += chosen.randrange(3) if not item.hasobject else -at % 8
            offsets.append(at)
            at += item.itemsize
        spec = {"names": names, "formats": [item for _, item in fields], "offsets": offsets, "itemsize": at + 8 + -at % 8}
        if chosen.random() < 0.3:
            spec["titles"] = ["title of " + name for name in names]
        return numpy.dtype(spec)
    if kind < 0.69 and len(fields) > 1 and not any(item.hasobject for _, item in fields):
        # A union: two fields share their bytes.
        size = max(item.itemsize for _, item in fields)
        return numpy.dtype({"names": names, "formats": [item for _, item in fields], "offsets": [0] * len(names), "itemsize": size})
    if kind < 0.75:
        fields = [(("title " + name, name), item) for name, item in fields]
    made = numpy.dtype(fields, align=chosen.random() < 0.35)
    if kind > 0.93 and made.itemsize:
        return numpy.dtype((numpy.record, made))
    if kind > 0.86:
        return numpy.dtype(made, metadata={"unit": "mm", "scale": chosen.choice([1, 2.5, ("a", 1)])})
    if kind > 0.83 and made.names and len(made.names) > 1:
        # A selection of fields keeps the offsets of the whole.
        return numpy.empty(0, made)[list(made.names[1:])].dtype
    return made


def filled(chosen, kind, shape):
    """An array of that dtype with values that are not all zero."""
    size = 1
    for n in shape:
        size *= n
    if kind.hasobject:
        made = numpy.empty(shape, kind)
        if kind == numpy.dtype("O"):
            flat = made.reshape(-1) if size else made
            for at in range(size):
                flat[at] = plain(chosen, 1)
            return flat.reshape(shape)
        return numpy.zeros(shape, kind)
    if kind.kind in "iuf" and kind.subdtype is None:
        return (numpy.arange(size) % 100).astype(kind).reshape(shape)
    if kind.kind == "U":
        return numpy.array([text(chosen)[: max(kind.itemsize // 4, 1)] for _ in range(size)], dtype=kind).reshape(shape)
    return numpy.zeros(shape, kind)


def shape_of(chosen):
    return tuple(chosen.choice([0, 1, 1, 2, 3, 3, 4, 17]) for _ in range(chosen.choice([0, 1, 1, 1, 2, 2, 3, 4])))


def numpy_value(chosen):
    kind = chosen.randrange(25)
    if kind == 0:
        return dtype(chosen, 3)
    if kind == 1:
        return [dtype(chosen), dtype(chosen), numpy.dtype("f8"), numpy.dtype("f8")]
    if kind in (2, 3):
        made = numpy.zeros((1,), dtype(chosen, 2, objects=False))
        return made[0] if made.ndim == 1 and made.dtype.itemsize else made
    if kind == 4:
        return chosen.choice([numpy.float64(1.5), numpy.float32(chosen.random()), numpy.int32(3), numpy.int64(-1), numpy.bool_(True), numpy.str_("x\u00e9"), numpy.bytes_(b"x"), numpy.complex64(1j), numpy.datetime64("2020-01-01"), numpy.timedelta64(5, "m"), numpy.uint8(7), numpy.float16(2), numpy.longdouble(2.5), numpy.datetime64("NaT"), numpy.str_(""), numpy.bytes_(b"")])
    if kind == 5:
        return [getattr(numpy, name) for name in chosen.sample(["float16", "float32", "float64", "int8", "int64", "uint8", "bool_", "str_", "bytes_", "complex64", "ndarray", "dtype", "void", "object_", "datetime64", "intc", "longlong"], 3)]
    if kind == 6 and hasattr(numpy, "dtypes"):
        return type(chosen.choice([numpy.dtype(code) for code in "?bBhHiIlLqQefdgFDGSUVOMm"]))
    if kind == 7 and hasattr(numpy, "dtypes") and hasattr(numpy.dtypes, "StringDType"):
        made = string_dtype(chosen)
        return chosen.choice([lambda: made, lambda: numpy.array([text(chosen) for _ in range(4)], dtype=made), lambda: numpy.array([["a", "b" * 40], ["", "c"]], dtype=made)])()
    if kind == 8:
        records = numpy.zeros(chosen.randrange(4), dtype=[("x", "<i4"), ("name", "U8"), ("w", ">f8", (2,))]).view(numpy.recarray)
        return records if chosen.random() < 0.6 or not len(records) else records[0]
    if kind == 9:
        return numpy.rec.fromarrays([numpy.arange(3), numpy.arange(3.0)], names="a,b")
    if kind == 10:
        base = filled(chosen, dtype(chosen, 1), (4, 6))
        return chosen.choice([base.T, base[::2, ::3], base[:, ::-1], base[1:3], base.reshape(-1)[5:], base[None], base[..., 0]])
    if kind == 11:
        made = numpy.asfortranarray(filled(chosen, simple_dtype(chosen), (3, 4)))
        made.flags.writeable = chosen.random() < 0.5
        return made
    if kind == 12:
        same = filled(chosen, dtype(chosen), (3,))
        return {"a": same, "b": same, "c": [same, same.dtype], "d": same[:2]}
    if kind == 13:
        nested = numpy.empty(chosen.choice([1, 3]), dtype=object)
        for at in range(len(nested)):
            nested[at] = chosen.choice([lambda: numpy_value(chosen), lambda: plain(chosen)])()
        return nested
    if kind == 14:
        return {"mean": numpy.float64(0.5), "std": [numpy.float32(1), numpy.float32(1)], "history": [numpy.int64(n) for n in range(chosen.randrange(6))], "shape": (1, 2)}
    if kind == 15:
        return filled(chosen, numpy.dtype("O"), chosen.choice([(), (0,), (3,), (2, 2), (2, 0, 1)]))
    if kind == 16:
        return filled(chosen, simple_dtype(chosen), chosen.choice([(), (0,), (0, 3), (3, 0, 2), (1,) * 9, (1000,)]))
    if kind == 17:
        record = numpy.zeros(2, dtype=[("a", "O"), ("b", "i4")])
        record["a"] = [plain(chosen, 1), plain(chosen, 1)]
        return record if chosen.random() < 0.7 else [record, record.dtype]
    if kind == 18:
        return collections.OrderedDict((name, filled(chosen, numpy.dtype("f4"), shape_of(chosen))) for name in ("a", "b", "c"))
    if kind == 20:
        source = chosen.choice([numpy.random.MT19937, numpy.random.PCG64, numpy.random.PCG64DXSM, numpy.random.SFC64])(chosen.randrange(99))
        made = chosen.choice([lambda: source, lambda: numpy.random.Generator(source), lambda: numpy.random.RandomState(chosen.randrange(99)), lambda: numpy.random.default_rng(3)])()
        if hasattr(made, "normal"):
            made.normal(size=chosen.randrange(4))
        return {"rng": made, "again": [made]}
    if kind == 21:
        data = filled(chosen, chosen.choice([simple_dtype(chosen), numpy.dtype("O")]), shape_of(chosen))
        made = numpy.ma.array(data, mask=numpy.array([chosen.random() < 0.3 for _ in range(data.size)], dtype=bool).reshape(data.shape))
        if chosen.random() < 0.3:
            made.fill_value  # is made when it is asked for
        return chosen.choice([made, {"param": made, "again": made}])
    made = filled(chosen, dtype(chosen), shape_of(chosen))
    if kind == 19:
        made.flags.writeable = False
    return made


# --- torch -----------------------------------------------------------------------------------------------------------

if torch:
    class Subclass(torch.Tensor):
        """A subclass of a program's own; what it stores is refused without an entry, so it is only recorded."""

    DTYPES = [getattr(torch, name) for name in (
        "float16 float32 float64 bfloat16 int8 int16 int32 int64 uint8 bool complex64 complex128 complex32 uint16 uint32 uint64 float8_e4m3fn "
        "float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu float4_e2m1fn_x2 bits8 bits16 bits1x8 bits2x4 bits4x2 int1 int4 uint1 uint4 uint7 bcomplex32").split() if hasattr(torch, name)]
    LAYOUTS = [torch.strided, torch.sparse_coo, torch.sparse_csr, torch.sparse_csc, torch.sparse_bsr, torch.sparse_bsc]


def shape(chosen):
    return tuple(chosen.choice([0, 1, 2, 3, 4, 8]) for _ in range(chosen.choice([0, 1, 1, 2, 2, 3, 4])))


def tensor(chosen):
    size = shape(chosen)
    kind = chosen.choice(DTYPES if chosen.random() < 0.5 else [torch.float32, torch.float64, torch.int64, torch.float16])
    made = torch.empty(size, dtype=kind)
    made.untyped_storage().fill_(0) if hasattr(made, "untyped_storage") else None
    return made


def dense(chosen, *size):
    return torch.rand(*size, generator=torch.Generator().manual_seed(chosen.randrange(1 << 30)))


def view(chosen):
    base = dense(chosen, 4, 6)
    return chosen.choice([base.t(), base[::2, 1::2], base[1], base.expand(3, 4, 6), base[:, None], base[2:2], base.flatten()[7:], base.narrow(1, 2, 3), base.unfold(1, 3, 1), base.to(memory_format=torch.contiguous_format), dense(chosen, 2, 3, 4, 4).to(memory_format=torch.channels_last), base.diagonal()])


def sparse(chosen):
    size = chosen.choice([(3, 4), (6, 6), (4, 2)])
    kind = chosen.choice([torch.float32, torch.float64, torch.int64, torch.complex64])
    base = (dense(chosen, *size) > 0.6).to(kind)
    return chosen.choice([
        lambda: base.to_sparse(), lambda: base.to_sparse().coalesce(), lambda: base.to_sparse_csr(), lambda: base.to_sparse_csc(),
        lambda: base.to_sparse_bsr((1, 2)), lambda: base.to_sparse_bsc((1, 2)),
        lambda: torch.sparse_coo_tensor(torch.tensor([[0, 0, 1]]), torch.ones(3, 2), (3, 2)),
        lambda: torch.sparse_coo_tensor(torch.zeros(2, 0, dtype=torch.int64), torch.zeros(0), (3, 4)),
        lambda: torch.sparse_csr_tensor(torch.tensor([0, 1, 2], dtype=torch.int32), torch.tensor([0, 1], dtype=torch.int32), torch.ones(2), (2, 3)),
        lambda: torch.stack([torch.eye(3), torch.eye(3)]).to_sparse_csr(),
        lambda: torch.stack([torch.eye(3), torch.eye(3)]).to_sparse(1),
    ])()


def quantized(chosen):
    base = dense(chosen, 3, 4)
    kind = chosen.choice([torch.qint8, torch.quint8, torch.qint32])
    return chosen.choice([
        lambda: torch.quantize_per_tensor(base, 0.1, chosen.choice([0, 10]), kind),
        lambda: torch.quantize_per_channel(base, torch.tensor([0.1, 0.2, 0.3]), torch.tensor([0, 1, 2]), 0, kind),
        lambda: torch.quantize_per_channel(base, torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64), torch.tensor([0, 1, 2, 3]), 1, torch.qint8),
        lambda: torch.quantize_per_channel(base, torch.tensor([0.1, 0.2, 0.3]), torch.tensor([0.0, 1.0, 2.0]), 0, torch.quint4x2),
        lambda: torch.quantize_per_tensor(base, 0.1, 0, kind).t(),
        lambda: torch.quantize_per_tensor(dense(chosen, 2, 3, 4, 4), 0.1, 0, kind).contiguous(memory_format=torch.channels_last),
    ])()


def parameter(chosen):
    made = torch.nn.Parameter(dense(chosen, 2, 3), requires_grad=chosen.random() < 0.7)
    if chosen.random() < 0.3:
        made.tag = plain(chosen, 1)
        made.weight_loader_dims = {"input_dim": 1}
    return made


def attributes(chosen):
    made = dense(chosen, 2)
    made.name_of_it = "bias"
    made.more = plain(chosen, 1)
    return made


def hooked(chosen):
    made = dense(chosen, 2).requires_grad_()

    def hook(gradient):
        return gradient

    hook.__torch_serialize__ = True
    made.register_hook(hook)
    return made


def modules(chosen):
    return chosen.choice([
        lambda: torch.nn.Linear(3, 2), lambda: torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.ReLU()),
        lambda: torch.nn.LSTM(3, 4, 2), lambda: torch.nn.GRU(2, 3, bidirectional=True), lambda: torch.nn.Conv2d(3, 4, 3),
        lambda: torch.nn.Embedding(5, 3), lambda: torch.nn.TransformerEncoderLayer(4, 2, 8), lambda: torch.nn.LayerNorm(4),
        lambda: torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(2, 2)), lambda: torch.nn.ParameterDict({"a": torch.nn.Parameter(torch.ones(2))}),
        lambda: torch.nn.EmbeddingBag(4, 2, sparse=True), lambda: torch.nn.MultiheadAttention(4, 2),
    ])()


def optimizer_state(chosen):
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 2))
    names = [name for name in dir(torch.optim) if isinstance(getattr(torch.optim, name), type) and name not in ("Optimizer", "SparseAdam", "LBFGS", "Muon")]
    kind = getattr(torch.optim, chosen.choice(names))
    options = {"lr": 0.01}
    if kind is torch.optim.SGD:
        options["momentum"] = 0.9
    if kind in (torch.optim.Adam, torch.optim.AdamW) and chosen.random() < 0.5:
        options.update(amsgrad=True, lr=torch.tensor(0.01), capturable=False, foreach=False)
    groups = [{"params": list(model[0].parameters())}, {"params": list(model[1].parameters()), "lr": 0.1}] if chosen.random() < 0.5 else model.parameters()
    made = kind(groups, **options)
    for _ in range(chosen.randrange(3)):
        made.zero_grad()
        model(torch.ones(2, 3)).sum().backward()
        made.step()
    state = {"model": model.state_dict(), "optimizer": made.state_dict(), "epoch": chosen.randrange(9), "loss": chosen.choice([0.5, torch.tensor(0.5)])}
    if chosen.random() < 0.5:
        schedule = chosen.choice([
            lambda: torch.optim.lr_scheduler.StepLR(made, 3), lambda: torch.optim.lr_scheduler.MultiStepLR(made, [1, 2]),
            lambda: torch.optim.lr_scheduler.CosineAnnealingLR(made, 5), lambda: torch.optim.lr_scheduler.ExponentialLR(made, 0.9),
            lambda: torch.optim.lr_scheduler.ReduceLROnPlateau(made), lambda: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(made, 4),
            lambda: torch.optim.lr_scheduler.LambdaLR(made, lambda epoch: 0.5), lambda: torch.optim.lr_scheduler.OneCycleLR(made, 0.1, 10),
        ])()
        state["scheduler"] = {key: value for key, value in schedule.state_dict().items() if not callable(value) and not hasattr(value, "__self__")}
    if chosen.random() < 0.3:
        state["rng"] = {"torch": torch.get_rng_state(), "python": random.Random(1).getstate(), "numpy": numpy.random.RandomState(1).get_state() if numpy else None}
    if chosen.random() < 0.3:
        state["scaler"] = {"scale": 65536.0, "growth_factor": 2.0, "backoff_factor": 0.5, "growth_interval": 2000, "_growth_tracker": 0}
    return state


def storages(chosen):
    base = dense(chosen, 4)
    made = [lambda: base.storage(), lambda: base.double().storage(), lambda: torch.tensor([True]).storage(), lambda: torch.ones(3, dtype=torch.bfloat16).storage()]
    if hasattr(base, "untyped_storage"):
        made += [lambda: base.untyped_storage(), lambda: [base.untyped_storage(), base], lambda: torch.empty(0).untyped_storage()]
    return chosen.choice(made)()


def constants(chosen):
    made = [
        lambda: torch.Size(shape(chosen)), lambda: dense(chosen, 2, 3).shape, lambda: chosen.choice(DTYPES), lambda: [chosen.choice(DTYPES) for _ in range(3)],
        lambda: torch.device("cpu"), lambda: torch.device("cuda", 0), lambda: torch.device("cuda:1"), lambda: torch.device("meta"), lambda: torch.device("cuda"),
        lambda: chosen.choice(LAYOUTS), lambda: {"qscheme": torch.per_tensor_affine, "dtype": torch.qint8}, lambda: torch.per_channel_symmetric,
    ]
    return chosen.choice(made)()


def torch_value(chosen):
    made = [
        (6, lambda: tensor(chosen)), (4, lambda: view(chosen)), (2, lambda: dense(chosen, 3).requires_grad_()),
        (2, lambda: torch.tensor([1 + 2j, 3j]).conj()), (1, lambda: torch.tensor([1 + 2j]).conj().imag), (1, lambda: torch._neg_view(dense(chosen, 2))),
        (4, lambda: parameter(chosen)), (1, lambda: hooked(chosen)), (1, lambda: attributes(chosen)),
        (4, lambda: sparse(chosen)), (4, lambda: quantized(chosen)),
        (1, lambda: torch.nested.nested_tensor([dense(chosen, 2), dense(chosen, 3)])), (2, lambda: torch.empty(shape(chosen), device="meta", dtype=chosen.choice([torch.float32, torch.int64]), )),
        (5, lambda: modules(chosen).state_dict()), (8, lambda: optimizer_state(chosen)), (2, lambda: storages(chosen)), (4, lambda: constants(chosen)),
        (2, lambda: torch.nn.Buffer(dense(chosen, 2), persistent=chosen.random() < 0.5)), (1, lambda: torch.nn.Parameter(dense(chosen, 2)).data),
        (1, lambda: torch.nn.Parameter(torch.empty(2, device="meta"))), (1, lambda: torch.nn.Parameter(torch.eye(3).to_sparse())),
        (2, lambda: (lambda t: {"a": t, "b": t[1:], "c": t.t(), "again": t})(dense(chosen, 3, 3))),
        (2, lambda: [dense(chosen, 2) for _ in range(chosen.randrange(5))]), (1, lambda: {"config": plain(chosen), "weight": dense(chosen, 2)}),
        (1, lambda: collections.OrderedDict((("layer.%d" % n), torch.nn.Parameter(dense(chosen, 2))) for n in range(chosen.randrange(4)))),
        (1, lambda: collections.defaultdict(dict, {0: {"step": torch.tensor(1.0)}})), (1, lambda: torch.tensor(chosen.random())),
        (1, lambda: torch.nn.modules.batchnorm.BatchNorm2d(2).state_dict()), (1, lambda: (python_value(chosen), dense(chosen, 1))),
        (1, lambda: dense(chosen, 2, 2).half()),
    ]
    total = chosen.randrange(sum(weight for weight, _ in made))
    for weight, make in made:
        total -= weight
        if total < 0:
            return make()


def numpy_in_torch(chosen):
    return {"weight": dense(chosen, 2), "numpy": numpy_value(chosen)}


# --- how they are written --------------------------------------------------------------------------------------------


def pickled(value, protocol, pure):
    out = io.BytesIO()
    (pickle._Pickler if pure else pickle.Pickler)(out, protocol).dump(value)
    return out.getvalue()


def saved(value, protocol, legacy):
    out = io.BytesIO()
    torch.save(value, out, pickle_protocol=protocol, _use_new_zipfile_serialization=not legacy)
    return out.getvalue()


def makers():
    """(name, weight, what makes a value, whether torch writes it)."""
    found = [("python", 2, lambda chosen: chosen.choice([plain, python_value, python_value, python_safe])(chosen), False)]
    if numpy:
        found.append(("numpy", 6, numpy_value, False))
    if torch:
        found.append(("torch", 8, torch_value, True))
        found.append(("torch-pickle", 2, torch_value, False))
        if numpy:
            found.append(("torch-numpy", 1, numpy_in_torch, True))
    return found


def files(count, seed, only=None):
    """(extension, what it holds, bytes), `count` of them."""
    chosen = random.Random(seed)
    kinds = [kind for kind in makers() if only is None or kind[0] in only]
    if torch:
        torch.manual_seed(seed)
    while count:
        name, _, make, by_torch = chosen.choices(kinds, [kind[1] for kind in kinds])[0]
        protocol, variant = chosen.randrange(pickle.HIGHEST_PROTOCOL + 1), chosen.random() < 0.5
        try:
            value = make(chosen)
            if by_torch:
                extension, data = ("pth" if variant else "pt"), saved(value, protocol if chosen.random() < 0.4 and protocol >= 2 else 2, variant)
            else:
                extension, data = "pkl", pickled(value, protocol, variant)
        except Exception as error:  # what this release cannot make or pickle: counted, and said at the end
            skipped[name + ": " + type(error).__name__ + ": " + str(error)[:70]] += 1
            continue
        count -= 1
        yield extension, name, value, data


skipped = collections.Counter()


def main(folder, count, seed=1):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "manifest.tsv", "w", encoding="utf-8") as manifest:
        for at, (extension, name, value, data) in enumerate(files(int(count), int(seed))):
            path = "%s-%s-%06d.%s" % (name, seed, at, extension)
            (folder / path).write_bytes(data)
            manifest.write("%s\t%s\n" % (path, repr(type(value))))
    for what, times in skipped.most_common(40):
        print(times, what, file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:]) if 3 <= len(sys.argv) <= 4 else sys.exit(__doc__)
