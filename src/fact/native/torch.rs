//! Operators, classes and delegates of torch and `ExecuTorch`.

use super::Reach;

/// Operators that reach further than their tensors, in the releases of torch from 2.4 to 2.15.
const FAR: &[(&str, &str, Reach)] = &[
    ("aten", "from_file", Reach::MapsFile),
    ("aten", "save", Reach::WritesFile),
    ("debugprims", "load_tensor", Reach::ReadsFile),
    ("prim", "IgnoredPythonOp", Reach::Python),
    ("prim", "PythonOp", Reach::Python),
    ("prim", "rpc_async", Reach::RemoteCall),
    ("prim", "rpc_remote", Reach::RemoteCall),
    ("prim", "rpc_sync", Reach::RemoteCall),
];

/// Namespaces, of operators and of classes, that reach further as a whole.
const FAR_NAMESPACES: &[(&str, Reach)] = &[
    ("_c10d_functional", Reach::Exchange),
    ("_c10d_functional_autograd", Reach::Exchange),
    ("_dtensor", Reach::Exchange),
    ("c10d", Reach::Exchange),
    ("c10d_functional", Reach::Exchange),
    ("dist_c10d", Reach::Exchange),
    ("dist_rpc", Reach::RemoteCall),
    ("fsdp", Reach::Exchange),
    ("symm_mem", Reach::Exchange),
];

/// Delegates that load a shared library out of the file, in ExecuTorch 1.5.
const FAR_DELEGATES: &[&str] = &["AotiBackend", "CudaBackend", "MetalBackend"];

/// Namespaces, of operators and of classes, that torch and ExecuTorch bring themselves.
const OF_TORCH: &[&str] = &[
    "_native",
    "_native_aot",
    "_quantized",
    "_test",
    "aten",
    "coor",
    "cuda",
    "debug_mode_ops",
    "debugprims",
    "dim_order_ops",
    "executorch_prim",
    "export",
    "flex_gemm",
    "higher_order",
    "inductor",
    "inductor_prims",
    "metal",
    "metal_prepacked",
    "mkl",
    "mkldnn",
    "mkldnn_prepacked",
    "mtia",
    "onednn",
    "onnx",
    "prepacked",
    "prim",
    "prims",
    "profiler",
    "quantization",
    "quantized",
    "quantized_decomposed",
    "rngprims",
    "rnn",
    "sparse",
    "static_runtime",
    "vulkan",
    "vulkan_prepacked",
    "xnnpack",
];

/// Functions of `operator` in exported programs.
const OPERATORS: &[&str] = &[
    "add", "and_", "eq", "floordiv", "ge", "getitem", "gt", "index", "invert", "le", "lshift",
    "lt", "mod", "mul", "ne", "neg", "not_", "or_", "pos", "pow", "rshift", "sub", "truediv",
    "xor",
];

/// Functions of `math` in exported programs.
const MATH: &[&str] = &[
    "ceil", "cos", "cosh", "exp", "floor", "log", "log2", "sin", "sinh", "sqrt", "tan", "tanh",
    "trunc",
];

/// Functions of `torch` that compute with symbolic sizes.
const SYMBOLIC: &[&str] = &[
    "_sym_sqrt",
    "sym_float",
    "sym_fresh_size",
    "sym_int",
    "sym_ite",
    "sym_max",
    "sym_min",
    "sym_not",
    "sym_sqrt",
    "sym_sum",
];

/// What running an operator, or making an object of a class (without a name), reaches.
pub(super) fn reach(namespace: &[u8], name: &[u8]) -> Option<Reach> {
    let far = FAR
        .iter()
        .find(|far| far.0.as_bytes() == namespace && far.1.as_bytes() == name)
        .map(|far| far.2);
    let mut namespaces = FAR_NAMESPACES.iter();
    far.or_else(|| {
        namespaces
            .find(|far| far.0.as_bytes() == namespace)
            .map(|far| far.1)
    })
}

/// What a delegate reaches.
pub(super) fn delegate_reach(id: &[u8]) -> Option<Reach> {
    let is = |far: &&str| far.as_bytes() == id;
    FAR_DELEGATES.iter().any(is).then_some(Reach::MachineCode)
}

/// Whether a function of Python computes with numbers and sizes.
pub(super) fn is_arithmetic(path: &str) -> bool {
    path.split_once('.')
        .is_some_and(|(module, name)| match module {
            "_operator" => OPERATORS.contains(&name),
            "math" => MATH.contains(&name),
            "torch" => SYMBOLIC.contains(&name),
            _ => false,
        })
}

/// Whether torch brings what is in a namespace.
pub(super) fn is_own(namespace: &[u8]) -> bool {
    let is = |known: &str| known.as_bytes() == namespace;
    OF_TORCH.iter().any(|known| is(known)) || FAR_NAMESPACES.iter().any(|(known, _)| is(known))
}

/// Namespace and name of an operator, without the name of an overload.
pub(super) fn parts(whole: &[u8]) -> (&[u8], &[u8]) {
    let (namespace, name) = memchr::memmem::find(whole, b"::")
        .and_then(|at| Some((whole.get(..at)?, whole.get(at.saturating_add(2)..)?)))
        .unwrap_or((whole, b""));
    let name = name.split(|byte| *byte == b'.').next().unwrap_or_default();
    (namespace, name)
}
