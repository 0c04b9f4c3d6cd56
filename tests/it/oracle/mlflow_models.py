"""Saves models of several flavors with MLflow into the folder that is named, each in a folder of its own, and prints their names."""

import json
import os
import sys
import warnings

warnings.filterwarnings("ignore")
os.chdir(sys.argv[1])

import mlflow.pyfunc
import mlflow.sklearn
import numpy as np
from sklearn.linear_model import LogisticRegression

ROWS = np.random.default_rng(0).random((20, 3))
MODEL = LogisticRegression().fit(ROWS, ROWS[:, 0] > 0.5)
NEEDS = {"pip_requirements": ["mlflow"]}


class Echo(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input


def xgboost():
    import mlflow.xgboost
    from xgboost import XGBClassifier

    mlflow.xgboost.save_model(XGBClassifier(n_estimators=2).fit(ROWS, ROWS[:, 0] > 0.5), "xgboost", **NEEDS)


with open("loader.py", "w") as file:
    file.write("def _load_pyfunc(path):\n    return None\n")
with open("script.py", "w") as file:
    file.write("import mlflow\nclass M(mlflow.pyfunc.PythonModel):\n    def predict(self, context, model_input, params=None):\n        return model_input\nmlflow.models.set_model(M())\n")
SAVE = {
    "skops": lambda: mlflow.sklearn.save_model(MODEL, "skops", serialization_format="skops", **NEEDS),
    "pickle": lambda: mlflow.sklearn.save_model(MODEL, "pickle", serialization_format="pickle", **NEEDS),
    "cloudpickle": lambda: mlflow.pyfunc.save_model("cloudpickle", python_model=Echo(), **NEEDS),
    "loader": lambda: mlflow.pyfunc.save_model("loader", loader_module="loader", code_paths=["loader.py"], **NEEDS),
    "script": lambda: mlflow.pyfunc.save_model("script", python_model="script.py", **NEEDS),
    "xgboost": xgboost,
}
for name, save in SAVE.items():
    try:
        save()
    except ImportError:
        continue
    print(json.dumps(name))
