"""Writes files of skops into the folder that is named: fitted estimators of scikit-learn with the pickle of each beside it (`x.skops`, `x.pkl`),
other objects, and forged schemas. Prints for each what `skops.io.get_untrusted_types` says, or that skops does not read it.
Nothing is loaded.
"""

import collections
import copy
import datetime
import functools
import inspect
import json
import operator
import pickle
import random
import sys
import warnings
import zipfile

import numpy as np
import skops.io
from sklearn.utils import all_estimators

FOLDER, COUNT, SEED = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
warnings.filterwarnings("ignore")
RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(60, 4))
LABELS = (ROWS[:, 0] > 0).astype(int)
TEXTS = ["a b c", "b c d", "c d e f"] * 20


def instances():
    """An instance of each estimator that can be made with what it has by default or with a simple one inside."""
    from sklearn.cluster import KMeans
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.preprocessing import StandardScaler

    inside = {
        "estimator": LogisticRegression(),
        "base_estimator": LogisticRegression(),
        "regressor": Ridge(),
        "estimators": [("a", LogisticRegression()), ("b", LogisticRegression(C=2))],
        "transformer_list": [("a", StandardScaler())],
        "transformers": [("a", StandardScaler(), [0, 1])],
        "steps": [("a", StandardScaler()), ("b", LogisticRegression())],
        "param_grid": {"C": [1.0, 2.0]},
        "param_distributions": {"C": [1.0, 2.0]},
        "n_components": 2,
        "dictionary": RNG.normal(size=(3, 4)),
        "threshold": 0.5,
    }
    for name, kind in all_estimators():
        needed = [
            p.name
            for p in inspect.signature(kind.__init__).parameters.values()
            if p.default is p.empty and p.name != "self" and p.kind is p.POSITIONAL_OR_KEYWORD
        ]
        if not all(n in inside for n in needed):
            continue
        arguments = {n: inside[n] for n in needed}
        if "Regressor" in name and "estimators" in arguments:
            arguments["estimators"] = [("a", Ridge()), ("b", Ridge(alpha=2))]
        if "Cluster" in name and "estimator" in arguments:
            arguments["estimator"] = KMeans(2)
        few = {"n_estimators": 3, "max_iter": 20, "random_state": 0, "n_bins": 3}
        known = inspect.signature(kind.__init__).parameters
        arguments.update({k: v for k, v in few.items() if k in known})
        try:
            yield name, kind(**arguments)
        except Exception:
            continue


def fitted(estimator):
    tries = [
        (ROWS, LABELS),
        (np.abs(ROWS), LABELS),
        (ROWS, ROWS[:, 0]),
        (ROWS[:, 0], LABELS),
        (np.abs(ROWS), np.abs(ROWS[:, 0]) + 1),
        (ROWS, ROWS[:, :2]),
        (ROWS, np.stack([LABELS, 1 - LABELS], 1)),
        (TEXTS, None),
        ([{"a": 1, "b": 2.0}] * 5, None),
        (LABELS, None),
    ]
    for rows, labels in tries:
        try:
            return copy.deepcopy(estimator).fit(rows, labels)
        except Exception:
            continue
    return None


def objects():
    from collections import OrderedDict
    from scipy import sparse, special
    from sklearn.preprocessing import StandardScaler

    yield "data", {"a": [1, 2.5, None, True, "x\u00e4"], 3: (1, 2), 2.5: {1, 2}, "b": b"bytes", "c": bytearray(b"z"), "s": slice(1, None, 2)}
    yield "arrays", [np.arange(3), np.eye(2, order="F"), np.array(["a", "bc"]), np.array([b"x"]), np.array([1, "a", None], dtype=object), np.float32(1.5), np.int64(7), np.bool_(True), np.str_("x")]
    yield "dtypes", [np.dtype("f8"), np.dtype([("a", "<i4"), ("b", "u1")], align=True), np.array([(1, 2)], dtype=[("a", "<i4"), ("b", "u1")])]
    yield "dates", [np.array(["2020-01-01"], dtype="M8[D]"), datetime.timezone.utc]
    yield "masked", np.ma.masked_array([1, 2, 3], mask=[0, 1, 0])
    yield "sparse", [sparse.csr_matrix(np.eye(3)), sparse.csc_array(np.eye(2))]
    yield "random", [np.random.RandomState(1), np.random.default_rng(2), np.random.Generator(np.random.MT19937(3))]
    yield "functions", [np.exp, special.expit, np.mean]
    yield "types", [int, np.float64, dict, OrderedDict]
    yield "ordered", OrderedDict(a=1, b=collections.defaultdict(list, x=[1]))
    yield "partial", functools.partial(np.mean, axis=0)
    yield "method", StandardScaler().fit(ROWS).transform
    yield "operators", [operator.itemgetter(1), operator.attrgetter("a"), operator.methodcaller("lower")]
    yield "frozen", frozenset([1, 2])


def told(name, kind):
    try:
        untrusted = skops.io.get_untrusted_types(file=f"{FOLDER}/{name}")
    except Exception:
        untrusted = None
    print(json.dumps({"file": name, "kind": kind, "untrusted": untrusted}))


made = []
for name, estimator in instances():
    estimator = fitted(estimator)
    if estimator is None:
        continue
    try:
        skops.io.dump(estimator, f"{FOLDER}/{name}.skops")
    except Exception:
        continue
    with open(f"{FOLDER}/{name}.pkl", "wb") as file:
        pickle.dump(estimator, file, protocol=4)
    made.append(name)
    told(f"{name}.skops", "estimator")
for name, value in objects():
    try:
        skops.io.dump(value, f"{FOLDER}/object-{name}.skops")
    except Exception as error:
        print(f"object {name}: {error!r}", file=sys.stderr)
        continue
    made.append(f"object-{name}")
    told(f"object-{name}.skops", "object")


def nodes(value, found):
    if isinstance(value, dict):
        if "__loader__" in value:
            found.append(value)
        for item in value.values():
            nodes(item, found)
    elif isinstance(value, list):
        for item in value:
            nodes(item, found)
    return found


LOADERS = """DictNode DefaultDictNode ListNode SetNode TupleNode BytesNode BytearrayNode SliceNode FunctionNode MethodNode PartialNode TypeNode
ConstructorFromReduceNode ObjectNode JsonNode OperatorFuncNode NdArrayNode MaskedArrayNode RandomStateNode RandomGeneratorNode DTypeNode
SparseMatrixNode TreeNode LossNode CachedNode NoNode""".split()
NAMES = [("os", "system"), ("builtins", "eval"), ("operator", "methodcaller"), ("subprocess", "Popen"), ("builtins", "dict"), ("numpy", "ndarray")]


def forged(rng, schema):
    """One or two changes: names, loaders, whole nodes, keys."""
    for _ in range(rng.randrange(1, 3)):
        found = nodes(schema, [])
        node = rng.choice(found)
        roll = rng.random()
        if roll < 0.45:
            node["__module__"], node["__class__"] = rng.choice(NAMES)
        elif roll < 0.65:
            node["__loader__"] = rng.choice(LOADERS)
        elif roll < 0.8:
            other = copy.deepcopy(rng.choice(found))
            node.clear()
            node.update(other)
        elif roll < 0.9:
            node.pop(rng.choice(list(node)))
        elif roll < 0.95:
            schema["protocol"] = rng.choice([0, 1, 2, 3, -1, True, "2"])
        else:
            node["__id__"] = rng.choice(found).get("__id__")
    return schema


rng = random.Random(SEED)
for number in range(COUNT):
    of = rng.choice(made)
    with zipfile.ZipFile(f"{FOLDER}/{of}.skops") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(members["schema.json"])
    if len(members["schema.json"]) > 300_000:
        continue
    members["schema.json"] = json.dumps(forged(rng, schema), indent=2).encode()
    name = f"forged-{number}-{of}.skops"
    with zipfile.ZipFile(f"{FOLDER}/{name}", "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    told(name, "forged")
