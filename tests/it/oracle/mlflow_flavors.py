"""Prints each loader of models that the installed MLflow has, by its qualified name. Nothing but MLflow itself is imported: the sources say it."""

import ast
import json
import pathlib

import mlflow

ROOT = pathlib.Path(mlflow.__file__).parent
for path in sorted(ROOT.rglob("*.py")):
    source = path.read_text()
    if "def _load_pyfunc" in source and any(isinstance(node, ast.FunctionDef) and node.name == "_load_pyfunc" for node in ast.parse(source).body):
        module = ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__")
        print(json.dumps(f"{module}._load_pyfunc"))
