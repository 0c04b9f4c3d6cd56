"""Makes the pack `keras-layers` and the registry of the reader of Keras from the wheels of Keras' releases.

    pip download --no-deps --dest WHEELS keras==2.15.0 ...
    python3 keras_layers.py WHEELS policies/globals/keras-layers.yaml src/format/keras/registry.rs

Nothing is imported: a release says in its sources what it exports (`@keras_export`), and which classes extend which. A class is data if it is
a layer, an operation, an initializer, a regularizer, a constraint, an optimizer, a loss, a metric, a schedule or a policy of dtypes, and
does not stand among those that run code of the configuration or load another model (`CODE`).
"""

import ast
import pathlib
import re
import sys
import textwrap
import zipfile

# Public modules whose names a configuration gives.
MODULES = (
    "keras.activations",
    "keras.constraints",
    "keras.dtype_policies",
    "keras.initializers",
    "keras.layers",
    "keras.layers.experimental",
    "keras.layers.experimental.preprocessing",
    "keras.losses",
    "keras.metrics",
    "keras.mixed_precision",
    "keras.mixed_precision.experimental",
    "keras.models",
    "keras.optimizers",
    "keras.optimizers.experimental",
    "keras.optimizers.legacy",
    "keras.optimizers.schedules",
    "keras.quantizers",
    "keras.regularizers",
)

# Classes of other public modules: those that turn columns of a table into tensors.
ELSEWHERE = {"keras.utils.FeatureSpace"}

# Names of `keras` itself: what others extend, and models.
TOP = {
    "DTypePolicy",
    "FloatDTypePolicy",
    "Functional",
    "Initializer",
    "InputSpec",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Optimizer",
    "Quantizer",
    "Regularizer",
    "Sequential",
    "Variable",
}

# Those where an old configuration finds a name without a module, the first first.
REGISTRY = (
    "keras.layers",
    "keras.models",
    "keras.optimizers",
    "keras.optimizers.schedules",
    "keras.initializers",
    "keras.regularizers",
    "keras.constraints",
    "keras.losses",
    "keras.metrics",
    "keras.activations",
    "keras.dtype_policies",
    "keras.mixed_precision",
)

# Modules of the functions that a configuration may name: they compute, and get tensors.
FUNCTIONS = (
    "keras.activations",
    "keras.losses",
    "keras.metrics",
)

# Classes that run code of the configuration, call what it names, or load another model.
CODE = {
    "Lambda",
    "TFSMLayer",
    "TorchModuleWrapper",
    "JaxLayer",
    "FlaxLayer",
    "TensorFlowOpLayer",
    "TFOpLambda",
    "SlicingOpLambda",
    "ClassMethod",
    "InstanceMethod",
    "InstanceProperty",
    "PyMetric",
    "LambdaCallback",
    "MapElements",
    "VectorizedMap",
    "Map",
    "Scan",
    "AssociativeScan",
    "Cond",
    "WhileLoop",
    "ForiLoop",
    "Fori_loop",
    "Switch",
    "CustomGradient",
    "SavedModel",
    "StatelessScope",
    "RematScope",
    "FileEditor",
    "Function",
}

# Classes that configurations name by their modules, because nothing exports them under their own names.
INTERNAL = {
    "attention.grouped_query_attention": {"GroupedQueryAttention"},
    "feature_space": {"Cross", "Feature", "TFDConcat", "TFDIdentity"},
    # Each calls the function of which it is made, which is a name of the configuration like any other.
    "losses": {"LossFunctionWrapper"},
    "metrics.base_metric": {"MeanMetricWrapper", "SumOverBatchSizeMetricWrapper"},
    "metrics.reduction_metrics": {"MeanMetricWrapper"},
}

# Modules of Keras 2 before 2.13, which had no `src`.
OLD = ("keras.losses", "keras.metrics.base_metric", "keras.utils.feature_space")

# Functions that look a name up, or make anything from a configuration.
LOOKUPS = {"deserialize", "get", "serialize"}


def exports(tree):
    """Every class and function that a module defines: name, node, public names."""
    for node in tree.body:
        if not isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            continue
        names = []
        for decorator in node.decorator_list:
            if not isinstance(decorator, ast.Call):
                continue
            called = decorator.func
            called = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
            if called != "keras_export":
                continue
            for argument in [*decorator.args, *[k.value for k in decorator.keywords if k.arg == "v1"]]:
                for constant in ast.walk(argument):
                    if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                        names.append(constant.value)
        yield node.name, node, names


def bases(node):
    """The last parts of the names that a class extends."""
    for base in node.bases:
        if isinstance(base, ast.Name):
            yield base.id
        elif isinstance(base, ast.Attribute):
            yield base.attr


def names_of(wheel):
    """What a release exports, and its operations: full name to whether it is a class."""
    found = {}
    classes = {}
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.namelist():
            if not member.endswith(".py") or member.endswith("_test.py"):
                continue
            try:
                tree = ast.parse(archive.read(member))
            except SyntaxError:
                continue
            module = member.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
            for name, node, public in exports(tree):
                is_class = isinstance(node, ast.ClassDef)
                if is_class:
                    classes[f"{module}.{name}"] = (name, set(bases(node)))
                for one in public:
                    found[one] = is_class
    if any(name == "Functional" for name, _ in classes.values()):
        # The class of a functional model, as configurations without modules name it.
        found["keras.Functional"] = True
    operations = {"Operation"}
    while True:
        more = {
            name
            for name, extended in classes.values()
            if extended & operations and name not in operations
        }
        if not more:
            break
        operations |= more
    for path, (name, extended) in classes.items():
        module = path.rpartition(".")[0]
        if module.startswith("keras.src.ops.") and extended & operations:
            found[path] = True
        if any(module.endswith(f".{end}") and name in names for end, names in INTERNAL.items()):
            found[path] = True
        # Layers that come with models for pictures.
        if ".applications." in module and "Layer" in extended:
            found[path] = True
        # What configurations call the class of a functional model.
        if name in ("Functional", "Sequential", "Model") and re.fullmatch(
            r"(tf_)?keras\.(src\.)?(engine|models)\.(functional|sequential|training|model)", module
        ):
            found[path] = True
    return found


def is_data(name, is_class):
    module, _, last = name.rpartition(".")
    if last in CODE or last in LOOKUPS or last.startswith("_"):
        return False
    if name in ELSEWHERE:
        return True
    if module == "keras":
        return last in TOP
    if module.startswith(("keras.src.", "keras.engine.", "keras.applications.", "tf_keras.", *OLD)) and is_class:
        return True
    if module not in MODULES:
        return False
    if is_class:
        return True
    return module in FUNCTIONS


def main():
    wheels, pack, registry = (pathlib.Path(path) for path in sys.argv[1:])
    releases = {}
    for wheel in wheels.glob("*keras-*.whl"):
        release = wheel.name.split("-")[1]
        releases[(*(int(part) for part in release.split(".")), wheel.name.startswith("tf_"))] = wheel
    since = {}
    kinds = {}
    modules = {}
    for release in sorted(releases):
        for name, is_class in names_of(releases[release]).items():
            modules.setdefault(name, release)
            if is_data(name, is_class):
                since.setdefault(name, f"{release[0]}.{release[1]}")
                kinds[name] = is_class
    used = ", ".join(("tf-keras " if tf else "") + ".".join(map(str, release)) for *release, tf in sorted(releases))
    head = HEAD.format(releases=used)
    lines = [
        f'  - {{global: {name}, kind: configured, since: "{since[name]}"}}\n'
        for name in sorted(since)
    ]
    pack.write_text(head + "".join(lines))
    known = {}
    for name in modules:
        module, _, last = name.rpartition(".")
        if module in REGISTRY and last not in LOOKUPS and not last.startswith("_"):
            at = REGISTRY.index(module)
            if last not in known or at < known[last]:
                known[last] = at
    # Operations come last: configurations give their modules.
    operations = {}
    for name in modules:
        module, _, last = name.rpartition(".")
        if module.startswith("keras.src.ops.") and last not in known:
            operations[last] = module
    known.update({"Functional": 1, "Model": 1, "Sequential": 1})
    # Old configurations give the names of these alone: the modules are those that have them now.
    internal = {name for names in INTERNAL.values() for name in names}
    inside = {}
    for name in modules:
        module, _, last = name.rpartition(".")
        if last in internal and last not in known and name.startswith("keras."):
            inside[last] = module
    for name in ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", "ClassMethod", "InstanceMethod", "InstanceProperty"):
        known.setdefault(name, 0)
    found = {last: REGISTRY[at] for last, at in known.items()}
    found.update({last: "keras" for last in ("Functional", "Model", "Sequential")})
    found.update(operations)
    found.update(inside)
    of = {}
    for last, module in found.items():
        of.setdefault(module, []).append(last)
    rows = ""
    for module, names in sorted(of.items()):
        lines = textwrap.wrap(" ".join(sorted(names)), 96, break_on_hyphens=False)
        text = " \\\n         ".join(lines)
        rows += f'    (\n        "{module}",\n        "{text}",\n    ),\n'
    registry.write_text(TABLE.format(rows=rows, releases=used))


HEAD = """\
# Layers, losses, metrics, optimizers and the like of Keras, as configurations of its models name them.
#
# `keras.models.load_model` makes an object of each class with the values that stand beside its name in the configuration. The classes listed here
# compute with tensors and keep numbers, texts and other objects of such classes. They are listed for configurations alone: a pickle
# that names one is refused.
#
# Left out are those that run code of the configuration (`Lambda`, `JaxLayer`, `FlaxLayer`, and operations that map a function), that
# unpickle (`TorchModuleWrapper`), that load another model (`TFSMLayer`), and that call operations of TensorFlow by name (`TFOpLambda`,
# `TensorFlowOpLayer`). So are functions of `keras.utils` and the like, which open files or fetch them. A vocabulary that a layer reads from a
# file is a file that the model names (`file-outside`).
#
# Made by policies/generate/keras_layers.py.
pack: keras-layers
title: layers, losses, metrics and optimizers of Keras in configurations
library: keras
provenance: >-
  What the sources of keras {releases} export under these modules, and the operations under `keras.src.ops`. `since` is the first of these
  releases that has the name.
entries:
"""

TABLE = """\
//! Where Keras finds a name for which a configuration gives no module: the module that exports it.
//!
//! Made by `policies/generate/keras_layers.py` from keras {releases}.

/// Modules, each with the names that it has. No name is in two.
pub(super) static REGISTRY: &[(&str, &str)] = &[
{rows}];
"""

if __name__ == "__main__":
    main()
