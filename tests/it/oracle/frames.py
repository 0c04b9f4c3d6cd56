"""Frames of pandas, as it writes them and with one thing changed: a JSON object on each line, with the object, whether it fits, the suffix
and the file in hex. Nothing here uses what was changed."""

import io
import json
import pickle
import warnings

import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")


def tell(name, fits, value):
    for protocol in {0, 1, 2, 4, pickle.HIGHEST_PROTOCOL}:
        data = pickle.dumps(value, protocol)
        if fits:
            pickle.loads(data)
        print(json.dumps({"object": name, "fits": fits, "suffix": "pkl", "file": data.hex()}))
    try:
        import joblib
    except ImportError:
        return
    out = io.BytesIO()
    joblib.dump(value, out)
    print(json.dumps({"object": name, "fits": fits, "suffix": "joblib", "file": out.getvalue().hex()}))


def tell_of_1_3(name, value):
    """As pandas 1.3 pickles blocks."""
    from functools import partial

    from pandas.core.internals.blocks import Block, new_block

    class Older(pickle.Pickler):
        def reducer_override(self, made):
            if isinstance(made, Block):
                return partial(new_block, ndim=made.ndim), (made.values, made.mgr_locs.indexer)
            return NotImplemented

    for protocol in range(5):
        out = io.BytesIO()
        Older(out, protocol).dump(value)
        pd.read_pickle(io.BytesIO(out.getvalue()))
        print(json.dumps({"object": name + "-1.3", "fits": True, "suffix": "pkl", "file": out.getvalue().hex()}))


def genuine():
    plain = pd.DataFrame({"a": [1, 2, 3, 4], "b": [1.5, 2.5, np.nan, 3], "c": pd.Series(list("abca"), dtype=object)})
    dates = pd.date_range("2020", periods=4)
    yield "frame", plain
    yield "no-rows", plain.iloc[:0]
    yield "no-columns", plain[[]]
    yield "empty", pd.DataFrame()
    yield "one-column", plain[["a"]]
    yield "wide", pd.DataFrame(np.arange(900.0).reshape(3, 300))
    yield "index", plain.set_index("c")
    yield "levels", plain.set_index(["c", "a"])
    yield "five-levels", pd.MultiIndex.from_product([list("ab")] * 5, names=range(5))
    yield "levels-of-columns", pd.DataFrame(np.arange(12).reshape(3, 4), columns=pd.MultiIndex.from_product([["x", "y"], [1, 2]]))
    yield "missing-label", pd.MultiIndex.from_arrays([["a", None, "b"], [1, 2, np.nan]])
    yield "categories", pd.DataFrame({"a": pd.Categorical(list("abca")), "b": pd.Categorical([1, 2, None, 1], ordered=True), "c": [1, 2, 3, 4]})
    yield "two-categories", pd.Series(["a", "b"], dtype=object).astype("category")
    yield "index-of-categories", pd.Series([1, 2, 3], index=pd.CategoricalIndex(list("aba")))
    yield "bins", pd.cut(pd.Series([1.0, 2, 3, 4]), 2)
    yield "intervals", pd.Series(pd.arrays.IntervalArray.from_breaks([0, 1, 2.5]))
    yield "index-of-intervals", pd.Series(range(3), index=pd.interval_range(0, 3))
    yield "dates", pd.DataFrame({"t": dates, "d": dates - dates[0], "u": dates.tz_localize("UTC"), "z": dates.tz_localize("Europe/Berlin")})
    for every in ("D", "B", "MS", "W-MON", "QS", "15min"):
        yield "every-" + every, pd.Series(range(4), index=pd.date_range("2020", periods=4, freq=every))
    yield "zone", pd.Series(range(4), index=dates.tz_localize("America/Argentina/Buenos_Aires"))
    yield "spans", pd.Series(range(4), index=pd.timedelta_range("1 day", periods=4))
    yield "periods", pd.DataFrame({"p": pd.Series(pd.period_range("2020", periods=4, freq="D"))}, index=pd.period_range("2020", periods=4, freq="M"))
    yield "scalars", [pd.Timestamp("2020"), pd.Timestamp("2020", tz="Europe/Berlin"), pd.Timedelta("1h"), pd.NaT, pd.Interval(0, 1), pd.Period("2020", "M"), pd.NA]
    yield "objects", pd.DataFrame({"o": [{"a": 1}, [1, 2], None], "t": [pd.Timestamp("2020"), pd.NaT, "x"]})
    yield "sparse", pd.DataFrame({"s": pd.arrays.SparseArray([0, 0, 1, 2]), "t": pd.arrays.SparseArray([0.0, np.nan, 1, 2], kind="block")})
    yield "several", {number: pd.Series([number]) for number in range(200)}
    yield "reversed", pd.Series(range(4), index=pd.RangeIndex(10, 0, -3))
    for kind, held in {"Int64": [1, None, 3], "UInt8": [1, 2], "boolean": [True, None], "Float64": [1.5, None], "string[python]": ["a", None]}.items():
        yield "masked-" + kind, pd.DataFrame({"x": pd.array(held, dtype=kind), "y": range(len(held))})


def changed():
    def series(**attributes):
        made = pd.Series([1, 2, 3])
        for name, attribute in attributes.items():
            setattr(made._mgr, name, attribute)
        return made

    yield "longer-index", series(axes=[pd.RangeIndex(10)])
    yield "shorter-index", series(axes=[pd.Index([1, 2])])
    yield "two-axes", series(axes=[pd.RangeIndex(3), pd.RangeIndex(3)])
    frame = pd.DataFrame({"a": [1, 2], "b": [1.0, 2]})
    frame._mgr.axes = [frame.columns, pd.RangeIndex(2000)]
    yield "longer-frame", frame
    shown = pd.DataFrame({"a": [1, 2]})
    object.__setattr__(shown, "_mgr", pd.Series([1])._mgr)
    yield "frame-of-series", shown
    for name, code in (("far", 100), ("next", 3), ("negative", -2)):
        codes = pd.Categorical(list("abc") * 30)
        codes._codes.flags.writeable = True
        codes._codes[7] = code
        yield "category-" + name, codes
        yield "column-category-" + name, pd.DataFrame({"x": codes})
        yield "index-category-" + name, pd.Series(range(90), index=pd.CategoricalIndex(codes))
        levels = pd.MultiIndex([["a", "b", "c"], [1, 2, 3]], [[0, 1, 2], [0, code, 2]], verify_integrity=False)
        yield "label-" + name, levels
        yield "rows-label-" + name, pd.Series(range(3), index=levels)
    yield "labels-fewer", pd.MultiIndex([["a", "b"], [1, 2]], [[0, 1, 1], [0, 1]], verify_integrity=False)
    for kind in ("Int64", "boolean", "Float64"):
        masked = pd.array([1, 0, 1], dtype=kind)
        masked._mask = masked._mask[:-1].copy()
        yield "mask-" + kind, masked
    mask = pd.array([1, 2], dtype="Int64")
    mask._mask = np.array([0, 1])
    yield "mask-of-numbers", mask
    sparse = pd.arrays.SparseArray([0, 0, 1, 2])
    sparse._sparse_values = sparse._sparse_values[:-1].copy()
    yield "sparse-fewer", sparse
    yield "column-sparse-fewer", pd.Series(sparse)
    intervals = pd.arrays.IntervalArray.from_breaks([0, 1, 2, 3])
    intervals._left = intervals._left[:-1]
    yield "intervals-fewer", intervals
    dates = pd.Series(pd.date_range("2020", periods=8)).array
    dates.__setstate__((np.zeros(8, np.int8), dates.dtype, {}))
    yield "dates-of-bytes", dates
    yield "index-of-bytes", pd.Series(range(8), index=pd.DatetimeIndex._simple_new(dates))




for name, value in genuine():
    tell(name, True, value)
    if isinstance(value, (pd.DataFrame, pd.Series)):
        tell_of_1_3(name, value)
for name, value in changed():
    tell(name, False, value)
