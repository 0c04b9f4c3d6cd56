"""Makes the pack `mlflow-flavors` from wheels of MLflow's releases, which it reads without importing anything.

    pip download --no-deps --dest WHEELS mlflow-skinny==3.17.2 ...
    python3 mlflow_flavors.py WHEELS policies/globals/mlflow-flavors.yaml

A flavor is listed if its module has `_load_pyfunc` and that loads the files that the description names, and nothing else: `REVIEWED`. The
script names the others that a release has, each of which runs what a model says (agents, chains, scripts, prompts).
"""

import ast
import pathlib
import sys
import textwrap
import zipfile

# Flavors whose loaders were read: they load the files beside the description.
REVIEWED = """catboost diffusers fastai gluon h2o keras lightgbm onnx paddle pmdarima prophet pyfunc.model pytorch sentence_transformers shap sklearn spacy
    spark statsmodels tensorflow transformers xgboost""".split()

# Classes that `model_class` names for these flavors: they load a model of their library's own format.
CLASSES = {
    "lightgbm": "lightgbm.basic.Booster lightgbm.sklearn.LGBMClassifier lightgbm.sklearn.LGBMModel lightgbm.sklearn.LGBMRanker lightgbm.sklearn.LGBMRegressor",
    "xgboost": "xgboost.core.Booster xgboost.sklearn.XGBClassifier xgboost.sklearn.XGBModel xgboost.sklearn.XGBRFClassifier xgboost.sklearn.XGBRFRegressor "
    "xgboost.sklearn.XGBRanker xgboost.sklearn.XGBRegressor",
}

HEAD = """\
# Loaders of MLflow's own flavors, and classes of LightGBM and XGBoost, as the description of a model (`MLmodel`) names them.
#
# Each loads the files that the description names, which are read as what they are, and nothing else. They are listed for descriptions alone: a
# pickle that names one is refused. Left out are the loaders of agents, chains and prompts, which call what a model says, and of models that are
# a script (`mlflow.pyfunc.loaders.code_model`).
#
# Made by policies/generate/mlflow_flavors.py.
pack: mlflow-flavors
title: loaders of MLflow's own flavors in descriptions of models
library: mlflow
"""


def release(wheel):
    return tuple(int(part) for part in wheel.name.split("-")[1].split("."))


def loaders(wheel):
    """Modules with a loader, and flavors that name a class."""
    found, classes = set(), set()
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if not (name.startswith("mlflow/") and name.endswith(".py")):
                continue
            source = archive.read(name)
            module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            if b"def _load_pyfunc" in source:
                tree = ast.parse(source)
                if any(isinstance(node, ast.FunctionDef) and node.name == "_load_pyfunc" for node in tree.body):
                    found.add(module)
            # A flavor whose package says where its loader is.
            if b"loader_module=" in source:
                for node in ast.walk(ast.parse(source)):
                    if isinstance(node, ast.keyword) and node.arg == "loader_module" and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
                        found.add(node.value.value)
            if b'"model_class"' in source or b"model_class=" in source:
                classes.add(module.removeprefix("mlflow."))
    return found, classes


def main(wheels, target):
    wheels = sorted(pathlib.Path(wheels).glob("*.whl"), key=release)
    since, classes, others = {}, {}, set()
    for wheel in wheels:
        version = ".".join(map(str, release(wheel)[:2]))
        found, named = loaders(wheel)
        for module in found:
            flavor = module.removeprefix("mlflow.")
            if flavor in REVIEWED:
                since.setdefault(f"{module}._load_pyfunc", version)
            else:
                others.add(module)
        for flavor in named & CLASSES.keys():
            for name in CLASSES[flavor].split():
                since.setdefault(name, version)
    releases = ", ".join(".".join(map(str, release(wheel))) for wheel in wheels)
    note = f"The sources of mlflow-skinny {releases}, whose loaders were read. `since` is the first of these releases that has the loader, or names such classes."
    lines = [HEAD, "provenance: >-\n", textwrap.indent(textwrap.fill(note, 118), "  "), "\nentries:\n"]
    lines += [f'  - {{global: {name}, kind: configured, since: "{first}"}}\n' for name, first in sorted(since.items())]
    pathlib.Path(target).write_text("".join(lines))
    print("not listed:", *sorted(others))


main(*sys.argv[1:])
