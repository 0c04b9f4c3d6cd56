#!/usr/bin/env python3
"""Writes `policies/operators/coreml.txt`: the operators of Core ML's programs.

    python3 policies/generate/coreml_operators.py > policies/operators/coreml.txt

The names are those that coremltools registers in any version of its set. A `custom_layer` is none of them: it names a class of the application.
"""

import importlib.metadata
import sys

# ExecuTorch, where it is installed in part, breaks the import; it is not needed.
sys.modules.setdefault("executorch", None)

from coremltools.converters.mil.mil.ops import defs  # noqa: F401 it registers them
from coremltools.converters.mil.mil.ops.registry import SSAOpRegistry


def main():
    names = {name for name in SSAOpRegistry.core_ops if not name.startswith("_")}
    # The converter's own, which register when a program is written for a device with state.
    names |= {"const", "read_state", "coreml_update_state"}
    print(f"# Operators of coremltools {importlib.metadata.version('coremltools')}, by coreml_operators.py.")
    print("\n".join(sorted(names)))


if __name__ == "__main__":
    main()
