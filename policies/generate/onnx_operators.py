#!/usr/bin/env python3
"""Writes `policies/operators/onnx.txt`: the operators that ONNX defines and ONNX Runtime brings.

    python3 policies/generate/onnx_operators.py > policies/operators/onnx.txt

It asks the schemas of `onnx` (every version of each) and the registry of `onnxruntime`. What is listed here in `LEFT_OUT` computes with more
than its tensors, or hands what it is given to something else: `src/fact/native/onnx.rs` says what.
"""

from pathlib import Path

import onnx
import onnx.defs
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as state

LEFT_OUT = {
    "com.microsoft::EPContext",  # a part that was compiled for an accelerator
    "com.microsoft::Snpe",  # the same, for another one
}


def qualified(domain: str, name: str) -> str:
    return f"{domain or 'ai.onnx'}::{name}"


def main() -> None:
    names = {qualified(schema.domain, schema.name) for schema in onnx.defs.get_all_schemas_with_history()}
    names |= {qualified(schema.domain, schema.name) for schema in state.get_all_operator_schema()}
    print(f"# Operators of onnx {onnx.__version__} and onnxruntime {onnxruntime.__version__}, by {Path(__file__).name}.")
    for name in sorted(names - LEFT_OUT):
        print(name)


if __name__ == "__main__":
    main()
