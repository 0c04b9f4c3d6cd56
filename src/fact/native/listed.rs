//! Operators of TensorFlow.js and of Core ML: lists of names.

use std::sync::LazyLock;

use rustc_hash::FxHashSet;

type Names = LazyLock<FxHashSet<&'static [u8]>>;

/// What TensorFlow.js brings. `policies/generate/tfjs_operators.py` writes it.
static TENSORFLOW_JS: Names =
    LazyLock::new(|| names(include_str!("../../../policies/operators/tfjs.txt")));

/// What programs of Core ML are made of. `policies/generate/coreml_operators.py` writes it.
static CORE_ML: Names =
    LazyLock::new(|| names(include_str!("../../../policies/operators/coreml.txt")));

/// One name a line.
fn names(table: &'static str) -> FxHashSet<&'static [u8]> {
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    lines.map(str::as_bytes).collect()
}

/// Whether TensorFlow.js brings an operator.
pub(super) fn is_of_tensorflow_js(name: &[u8]) -> bool {
    TENSORFLOW_JS.contains(name)
}

/// Whether Core ML brings an operator of a program.
pub(super) fn is_of_core_ml(name: &[u8]) -> bool {
    CORE_ML.contains(name)
}

#[cfg(test)]
mod tests {
    use super::{is_of_core_ml, is_of_tensorflow_js};

    #[test]
    fn the_tables_are_read() {
        assert!(is_of_tensorflow_js(b"_FusedMatMul") && is_of_core_ml(b"conv"));
        assert!(!is_of_tensorflow_js(b"ReadFile") && !is_of_core_ml(b"custom_layer"));
    }
}
