"""Sparse matrices and trees, as their libraries write them and with one number changed: a JSON object on each line, with the
object, whether it fits, the suffix and the file in hex. Nothing here uses what was changed."""

import copy
import io
import json
import pickle
import types
import warnings

import joblib
import numpy as np
from scipy import sparse

warnings.filterwarnings("ignore")


def tell(name, fits, value):
    for protocol in {0, 1, 2, 4, pickle.HIGHEST_PROTOCOL}:
        print(json.dumps({"object": name, "fits": fits, "suffix": "pkl", "file": pickle.dumps(value, protocol).hex()}))
    for compress in (0, 3):
        out = io.BytesIO()
        joblib.dump(value, out, compress=compress)
        print(json.dumps({"object": name, "fits": fits, "suffix": "joblib", "file": out.getvalue().hex()}))


def changed(value, **attributes):
    value = copy.copy(value)
    for name, attribute in attributes.items():
        value.__dict__.pop(name, None) if attribute is None else value.__dict__.__setitem__(name, attribute)
    return value


def put(array, at, number):
    array = array.copy()
    array[at] = number
    return array


def matrices():
    dense = np.arange(24).reshape(4, 6) % 3
    for make in (sparse.dok_matrix, getattr(sparse, "dok_array", sparse.dok_matrix)):
        made = make(dense)
        yield make.__name__, True, made
        yield make.__name__ + "-empty", True, make((3, 4))
    large = sparse.random(2000, 1500, 0.02, format="coo", random_state=0)
    for form in ("csr", "csc", "bsr", "coo", "dia"):
        for kind in ("matrix", "array"):
            make = getattr(sparse, form + "_" + kind, None)
            if make is None:
                continue
            name = form + "-" + kind
            for case, content in {"small": dense, "zeros": dense * 0, "empty": np.zeros((0, 3)), "bool": dense > 1, "float": dense / 2}.items():
                try:
                    yield name + "-" + case, True, make(content)
                except ValueError:
                    pass  # blocks of nothing
            made = make(dense)
            if name in ("csr-matrix", "coo-matrix"):
                yield name + "-large", True, make(large)
            if form != "dia":
                yield name + "-shape", False, changed(made, _shape=(3, 5))
                yield name + "-form", False, changed(made, _format="csc")
                yield name + "-form-before", False, changed(made, format="csr")
                yield name + "-values", False, changed(made, data=made.data[:-1].copy())
            if form in ("csr", "csc", "bsr"):
                indices, pointers = made.indices, made.indptr
                for case, attributes in {
                    "far": {"indices": put(indices, 0, 10**6)}, "negative": {"indices": put(indices, -1, -1)},
                    "fewer": {"indices": indices[:-1].copy()}, "floats": {"indices": indices.astype(float)}, "none": {"indices": None},
                    "last": {"indptr": put(pointers, -1, 10**6)}, "first": {"indptr": put(pointers, 0, 1)},
                    "falling": {"indptr": put(pointers, 1, pointers[2] + 1)}, "below": {"indptr": put(pointers, 1, -1)},
                    "short": {"indptr": pointers[:-1].copy()}, "long": {"indptr": np.append(pointers, pointers[-1])},
                }.items():
                    yield name + "-" + case, False, changed(made, **attributes)
            elif form == "coo":
                keeps = "coords" in made.__dict__
                for case, axis, number in (("row", 0, 4), ("column", 1, 6), ("negative", 1, -1)):
                    pair = [made.row.copy(), made.col.copy()]
                    pair[axis][0] = number
                    yield name + "-" + case, False, changed(made, **({"coords": tuple(pair)} if keeps else {"row": pair[0], "col": pair[1]}))
            else:
                yield name + "-more", False, changed(made, offsets=np.append(made.offsets, 1))
                yield name + "-least", False, changed(made, offsets=put(made.offsets, 0, np.iinfo(made.offsets.dtype).min))


class Changed:
    """A tree whose state is another."""

    def __init__(self, tree, change):
        make, arguments, state = tree.__reduce__()
        state = dict(state, nodes=state["nodes"].copy())
        change(state)
        self.parts = make, arguments, state

    def __reduce__(self):
        return self.parts


def estimators():
    from sklearn import ensemble, tree

    rows = np.random.RandomState(0).rand(150, 5)
    wider = np.random.RandomState(1).rand(150, 9)
    two, three, number = np.arange(150) % 2, np.arange(150) % 3, rows[:, 0] * 3
    made = {
        "classifier": tree.DecisionTreeClassifier().fit(rows, two),
        "regressor": tree.DecisionTreeRegressor(max_leaf_nodes=9).fit(rows, rows[:, :2]),
        "outputs": tree.ExtraTreeClassifier().fit(rows, np.c_[two, three]),
        "pruned": tree.DecisionTreeClassifier(ccp_alpha=0.01).fit(rows, two),
        "leaf": tree.DecisionTreeClassifier().fit(rows, two * 0),
        "forest": ensemble.RandomForestClassifier(12).fit(rows, three),
        "extra": ensemble.ExtraTreesRegressor(3).fit(rows, number),
        "embedding": ensemble.RandomTreesEmbedding(n_estimators=3).fit(rows),
        "boosted": ensemble.GradientBoostingClassifier(n_estimators=4).fit(rows, two),
        "boosted-three": ensemble.GradientBoostingClassifier(n_estimators=4).fit(rows, three),
        "boosted-number": ensemble.GradientBoostingRegressor(n_estimators=4).fit(rows, number),
        "histogram": ensemble.HistGradientBoostingClassifier(max_iter=4).fit(rows, three),
        "isolation": ensemble.IsolationForest(n_estimators=5).fit(rows),
        "isolation-drawn": ensemble.IsolationForest(n_estimators=5, max_features=0.5).fit(rows),
        "bagging": ensemble.BaggingClassifier(n_estimators=3, max_features=0.5).fit(rows, two),
        "boosts": ensemble.AdaBoostClassifier(n_estimators=3).fit(rows, two),
        "voting": ensemble.VotingClassifier([("a", ensemble.RandomForestClassifier(3)), ("b", tree.DecisionTreeClassifier())]).fit(rows, two),
        "new": ensemble.RandomForestClassifier(),
    }
    for name, value in made.items():
        yield name, True, value
    yield "several", True, {"a": ensemble.RandomForestClassifier(3).fit(rows, two), "b": ensemble.RandomForestClassifier(3).fit(rows[:, :2], two)}

    def inner(state, field, number, which=0):
        state["nodes"][field][np.flatnonzero(state["nodes"]["left_child"] != -1)[which]] = number

    changes = {
        "left": lambda state: inner(state, "left_child", 10**6), "right": lambda state: inner(state, "right_child", -5),
        "half": lambda state: inner(state, "left_child", -1), "circle": lambda state: inner(state, "left_child", 0),
        "back": lambda state: inner(state, "right_child", 1, -1), "feature": lambda state: inner(state, "feature", 5),
        "before": lambda state: inner(state, "feature", -1), "depth": lambda state: state.update(max_depth=state["max_depth"] - 1),
        "count": lambda state: state.update(node_count=state["node_count"] + 1), "none": lambda state: state.pop("nodes"),
        "order": lambda state: state.update(nodes=state["nodes"][sorted(state["nodes"].dtype.names)].copy()),
    }
    one, forest = made["classifier"], made["forest"]
    for name, change in changes.items():
        yield "tree-" + name, False, changed(one, tree_=Changed(one.tree_, change))
        within = list(forest.estimators_)
        within[7] = changed(within[7], tree_=Changed(within[7].tree_, change))
        yield "forest-" + name, False, changed(forest, estimators_=within)
    wide, wide_number = tree.DecisionTreeClassifier().fit(wider, two), tree.DecisionTreeRegressor().fit(wider, number)
    own = {name: None for name in ("n_features_in_", "n_features_") if name in one.__dict__}
    yield "tree-wide", False, changed(one, tree_=wide.tree_)
    yield "tree-narrow", False, changed(one, **dict(own, n_features_in_=3))
    yield "tree-untold", False, changed(one, **own)
    yield "forest-wide", False, changed(forest, estimators_=[*forest.estimators_, wide])
    yield "forest-other", False, changed(forest, estimators_=[*forest.estimators_, types.SimpleNamespace(tree_=wide.tree_)])
    boosted, several = made["boosted"], made["boosted-three"]
    trees = boosted.estimators_.copy()
    trees[2, 0] = wide_number
    yield "boosted-wide", False, changed(boosted, estimators_=trees)
    yield "boosted-columns", False, changed(boosted, estimators_=np.concatenate([boosted.estimators_, boosted.estimators_], 1))
    yield "boosted-first", False, changed(several, init_=boosted.init_)
    yield "boosted-nothing", False, changed(made["boosted-number"], init_=changed(made["boosted-number"].init_, n_outputs_=0))
    if "_loss" in several.__dict__:
        yield "boosted-loss", False, changed(several, _loss=boosted._loss)
    histogram = made["histogram"]
    for field, number in (("left", 2**31), ("right", 10**6), ("left", 0), ("feature_idx", 5), ("feature_idx", -1), ("is_categorical", 1)):
        trees = [list(iteration) for iteration in histogram._predictors]
        nodes = trees[1][0].nodes.copy()
        nodes[field][np.flatnonzero(nodes["is_leaf"] == 0)[0]] = number
        trees[1][0] = changed(trees[1][0], nodes=nodes)
        yield "histogram-%s-%d" % (field, number), False, changed(histogram, _predictors=trees)
    yield "histogram-narrow", False, changed(histogram, _n_features=2)
    isolation = made["isolation"]
    drawn = [np.arange(2) for _ in isolation.estimators_]
    for most in (4, 5):
        yield "isolation-%d" % most, False, changed(isolation, estimators_features_=drawn, _max_features=most)


def machines():
    from sklearn import svm

    rows = np.random.RandomState(0).rand(40, 3)
    two, three = np.arange(40) % 2, np.arange(40) % 3
    made = {
        "classes": svm.SVC(gamma="auto").fit(rows, three), "nu": svm.NuSVC(gamma="auto").fit(rows, two),
        "numbers": svm.SVR(gamma="auto").fit(rows, rows[:, 0]), "one": svm.OneClassSVM(gamma="auto").fit(rows),
        "linear": svm.SVC(kernel="linear", probability=True).fit(rows, two),
        "precomputed": svm.SVC(kernel="precomputed").fit(rows @ rows.T, three), "new": svm.SVC(),
    }
    for name, value in made.items():
        yield "machine-" + name, True, value
    one, numbers, precomputed = made["classes"], made["numbers"], made["precomputed"]
    counts = "_n_support" if "_n_support" in one.__dict__ else "n_support_"
    of = one.__dict__[counts]
    for case, value in {
        "many": changed(one, **{counts: put(of, 0, 1000)}), "less": changed(one, **{counts: put(of, 0, -1)}),
        "more-classes": changed(one, **{counts: np.append(of, 0).astype(of.dtype)}),
        "vectors": changed(one, support_vectors_=one.support_vectors_[:-1].copy()),
        "coefficients": changed(one, _dual_coef_=one._dual_coef_[:, :-1].copy()), "rows": changed(one, _dual_coef_=one._dual_coef_[:1].copy()),
        "intercepts": changed(one, _intercept_=one._intercept_[:1].copy()), "rbf": changed(precomputed, kernel="rbf"),
        "row": changed(precomputed, support_=put(precomputed.support_, 0, 40)), "kind": changed(numbers, _impl="c_svc"),
        "untold": changed(one, _sparse=None), "sparse": changed(one, _sparse=True),
        "three": changed(numbers, **{counts: np.array([1, 1, 1], of.dtype)}), "fewer": changed(one, support_=one.support_[:-1].copy()),
    }.items():
        yield "machine-" + case, False, value


class ChangedState:
    """A tree of neighbours, or a metric, of whose state one part is another."""

    def __init__(self, value, part, other):
        make, arguments, state = value.__reduce__()
        self.parts = make, arguments, state[:part] + (other,) + state[part + 1 :]

    def __reduce__(self):
        return self.parts


def neighbours():
    from sklearn import isotonic, neighbors, preprocessing

    rows = np.random.RandomState(0).rand(60, 4)
    two = np.arange(60) % 2
    made = {
        "kd": neighbors.KDTree(rows, leaf_size=7), "ball": neighbors.BallTree(rows, leaf_size=7), "one-leaf": neighbors.KDTree(rows),
        "weighted": neighbors.BallTree(rows, leaf_size=3, metric="seuclidean", V=np.ones(4)),
        "matrix": neighbors.BallTree(rows, leaf_size=3, metric="mahalanobis", VI=np.eye(4)),
        "sphere": neighbors.BallTree(rows[:, :2], leaf_size=3, metric="haversine"), "cubic": neighbors.KDTree(rows, metric="minkowski", p=3),
        "classifier": neighbors.KNeighborsClassifier(algorithm="kd_tree", leaf_size=5).fit(rows, two),
        "density": neighbors.KernelDensity(leaf_size=5).fit(rows, sample_weight=np.ones(60)),
        "outliers": neighbors.LocalOutlierFactor(algorithm="ball_tree", leaf_size=5).fit(rows),
        "isotonic": isotonic.IsotonicRegression().fit(rows[:, 0], rows[:, 1]),
    }
    for name, value in made.items():
        yield "neighbours-" + name, True, value
    if hasattr(preprocessing, "SplineTransformer"):
        splines = preprocessing.SplineTransformer().fit(rows)
        yield "splines", True, splines
        # scipy 1.18 keeps the numbers in an object of their own.
        numbers = lambda splines: splines.bsplines_[0].__dict__.get("_delegate_to") or splines.bsplines_[0]
        short = copy.deepcopy(splines)
        coefficients = "_c" if "_c" in numbers(short).__dict__ else "c"
        numbers(short).__dict__[coefficients] = short.bsplines_[0].c[:3].copy()
        yield "splines-short", False, short
        steep = copy.deepcopy(splines)
        numbers(steep).k = 60
        yield "splines-steep", False, steep
    fitted = made["isotonic"]
    held = next(name for name in ("y_thresholds_", "_necessary_y_") if name in fitted.__dict__)
    yield "isotonic-short", False, changed(fitted, **{held: fitted.__dict__[held][:-1].copy()})
    yield "isotonic-objects", False, changed(fitted, **{held: fitted.__dict__[held].astype(object)})
    tree = made["kd"]
    data, order, nodes, bounds = (np.asarray(part) for part in tree.__getstate__()[:4])

    def node(at, field, number):
        other = nodes.copy()
        other[at][field] = number
        return other

    for case, part, other in (
        ("order-far", 1, put(order, 3, 60)), ("order-negative", 1, put(order, 0, -1)), ("order-fewer", 1, order[:-1].copy()),
        ("beyond", 2, node(8, "idx_end", 61)), ("before", 2, node(8, "idx_start", -1)), ("turned", 2, node(8, "idx_start", 60)),
        ("no-leaf", 2, node(14, "is_leaf", 0)), ("nodes-fewer", 2, nodes[:-1].copy()), ("bounds-fewer", 3, bounds[:, :-1].copy()),
        ("bounds-narrow", 3, bounds[:, :, :3].copy()), ("bounds-ball", 3, bounds[:1].copy()), ("leaf-size", 4, 0), ("count", 6, 31),
        ("points-fewer", 0, data[:-1].copy()), ("points-narrow", 0, data[:, :3].copy()), ("weights-fewer", 12, np.ones(59)),
        ("metric-narrow", 11, ChangedState(made["weighted"].__getstate__()[11], 1, np.ones(3))),
        ("metric-matrix", 11, ChangedState(made["matrix"].__getstate__()[11], 2, np.eye(3))),
        ("metric-sphere", 11, made["sphere"].__getstate__()[11]),
    ):
        yield "tree-" + case, False, ChangedState(tree, part, other)


for name, fits, value in neighbours():
    tell(name, fits, value)
for name, fits, value in machines():
    tell(name, fits, value)
for name, fits, value in matrices():
    tell(name, fits, value)
for name, fits, value in estimators():
    tell(name, fits, value)
