//! What a program that is not Python names of the native code around it: operators and classes of torch and of its extensions.

use serde::{Deserialize, Serialize};

use super::{Short, Text};

/// What a program of TorchScript, a mobile or an exported program names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Native {
    /// An operator, with its namespace: `aten::linear`.
    Operator(Text),
    /// A class with its namespace: `quantized.LinearPackedParamsBase`.
    Class(Text),
    /// A function of Python that an exported program calls, by its path: `torch.sym_max`.
    Function(Text),
    /// A delegate to which an ExecuTorch program hands a part of itself: `XnnpackBackend`.
    Delegate(Text),
    /// An expression that an exported program has Python evaluate, and that is more than arithmetic of sizes.
    Expression(Short),
    /// An operator or a class whose name is computed, or reached through another name.
    Unresolved,
}

/// What running an operator reaches besides the tensors that it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// It maps a file into memory, and may create it.
    MapsFile,
    /// It writes a file.
    WritesFile,
    /// It reads a file.
    ReadsFile,
    /// It calls Python.
    Python,
    /// It calls functions in other processes, also of other machines.
    RemoteCall,
    /// It runs machine code that the file carries.
    MachineCode,
    /// It exchanges data with other processes, also of other machines.
    Exchange,
}

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

impl Native {
    /// An operator by its two names.
    pub fn operator(namespace: &[u8], name: &[u8]) -> Self {
        Self::Operator(Text::new([namespace, b"::", name].concat()))
    }

    /// The namespace; `None` where it is not known.
    pub fn namespace(&self) -> Option<&[u8]> {
        match self {
            Self::Operator(whole) => Some(parts(whole.as_bytes()).0),
            Self::Class(whole) => whole.as_bytes().split(|byte| *byte == b'.').next(),
            Self::Delegate(_) | Self::Function(_) | Self::Expression(_) | Self::Unresolved => None,
        }
    }

    /// What running it reaches, if that is more than tensors.
    pub fn reach(&self) -> Option<Reach> {
        if let Self::Delegate(id) = self {
            let is = |far: &&str| *id == **far;
            return FAR_DELEGATES.iter().any(is).then_some(Reach::MachineCode);
        }
        let namespace = self.namespace()?;
        let (_, name) = match self {
            Self::Operator(whole) => parts(whole.as_bytes()),
            _ => (namespace, &b""[..]),
        };
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

    /// Whether it is a function of Python that computes with numbers and sizes, as exported programs call them.
    pub fn is_arithmetic(&self) -> bool {
        let Self::Function(path) = self else {
            return false;
        };
        let path = path.as_str().unwrap_or_default();
        path.split_once('.')
            .is_some_and(|(module, name)| match module {
                "_operator" => OPERATORS.contains(&name),
                "math" => MATH.contains(&name),
                "torch" => SYMBOLIC.contains(&name),
                _ => false,
            })
    }

    /// Whether its namespace is one that torch does not bring: a library registers it.
    pub fn is_custom(&self) -> bool {
        self.namespace().is_some_and(|namespace| {
            let is = |known: &&str| known.as_bytes() == namespace;
            !OF_TORCH.iter().any(is)
                && !FAR_NAMESPACES
                    .iter()
                    .any(|(known, _)| known.as_bytes() == namespace)
        })
    }
}

/// Namespace and name of an operator, without the name of an overload.
fn parts(whole: &[u8]) -> (&[u8], &[u8]) {
    let (namespace, name) = memchr::memmem::find(whole, b"::")
        .and_then(|at| Some((whole.get(..at)?, whole.get(at.saturating_add(2)..)?)))
        .unwrap_or((whole, b""));
    let name = name.split(|byte| *byte == b'.').next().unwrap_or_default();
    (namespace, name)
}
