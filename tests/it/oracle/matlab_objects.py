"""Writes objects of MATLAB's own classes with matio, and matrices of version 4 with scipy, into the folder that is named. Prints each file."""

import json
import sys
import warnings

import matio
import numpy as np
import pandas
import scipy.io
import scipy.sparse
from matio.utils.matclass import MatlabContainerMap

FOLDER = sys.argv[1]
warnings.filterwarnings("ignore")
OBJECTS = {
    "string": np.array([["ab", "c"], ["", "\u00e4"]], dtype=np.dtypes.StringDType()),
    "datetime": np.array(["2020-01-01", "2021-01-01"], dtype="M8[ms]"),
    "duration": np.array([1, 2], dtype="m8[ms]"),
    "table": pandas.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]}),
    "categorical": pandas.Categorical(["a", "b", "a"]),
    "map": MatlabContainerMap({"a": 1, "b": 2}),
}
for version in ("v7", "v7.3"):
    for name, value in {**OBJECTS, "all": OBJECTS}.items():
        file = f"{name}-{version}.mat"
        matio.save_to_mat(f"{FOLDER}/{file}", value if name == "all" else {"x": value, "y": np.eye(2)}, version=version)
        print(json.dumps({"file": file}))
OLD = {"x": np.eye(3), "c": np.array([[1 + 2j]]), "t": "text", "s": scipy.sparse.csc_matrix(np.eye(3)), "i": np.arange(3, dtype="i4")}
scipy.io.savemat(f"{FOLDER}/old.mat", OLD, format="4")
print(json.dumps({"file": "old.mat"}))
