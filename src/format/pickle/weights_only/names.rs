//! What torch's own names mean to its weights-only unpickler. Which of them a release lists is the policy's knowledge; what
//! calling one does is not.

use std::ops::Deref;

use crate::fact::GlobalName;

/// What a type of elements is.
#[derive(Debug)]
pub(super) struct DtypeInfo {
    /// Bytes of an element.
    pub(super) bytes: u64,
    pub(super) family: Family,
    name: &'static str,
}

/// A type of elements.
#[derive(Debug, Clone, Copy)]
pub(super) struct TorchDtype(&'static DtypeInfo);

impl Deref for TorchDtype {
    type Target = DtypeInfo;

    fn deref(&self) -> &DtypeInfo {
        self.0
    }
}

impl PartialEq for TorchDtype {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for TorchDtype {}

/// What the elements are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Integer,
    Float,
    Complex,
    Quantized,
    Bits,
}

const fn dtype(name: &'static str, bytes: u64, family: Family) -> DtypeInfo {
    DtypeInfo {
        bytes,
        family,
        name,
    }
}

use Family::{Bits, Complex, Float, Integer, Quantized};

/// Every dtype, under its name in `torch`.
static DTYPES: &[DtypeInfo] = &[
    dtype("float32", 4, Float),
    dtype("float64", 8, Float),
    dtype("float16", 2, Float),
    dtype("bfloat16", 2, Float),
    dtype("int64", 8, Integer),
    dtype("int32", 4, Integer),
    dtype("int16", 2, Integer),
    dtype("int8", 1, Integer),
    dtype("uint8", 1, Integer),
    dtype("bool", 1, Integer),
    dtype("complex64", 8, Complex),
    dtype("complex128", 16, Complex),
    dtype("complex32", 4, Complex),
    dtype("bcomplex32", 4, Complex),
    dtype("qint8", 1, Quantized),
    dtype("quint8", 1, Quantized),
    dtype("qint32", 4, Quantized),
    dtype("quint4x2", 1, Quantized),
    dtype("quint2x4", 1, Quantized),
    dtype("uint16", 2, Integer),
    dtype("uint32", 4, Integer),
    dtype("uint64", 8, Integer),
    dtype("float8_e4m3fn", 1, Float),
    dtype("float8_e4m3fnuz", 1, Float),
    dtype("float8_e5m2", 1, Float),
    dtype("float8_e5m2fnuz", 1, Float),
    dtype("float8_e8m0fnu", 1, Float),
    dtype("float4_e2m1fn_x2", 1, Float),
    dtype("bits8", 1, Bits),
    dtype("bits1x8", 1, Bits),
    dtype("bits2x4", 1, Bits),
    dtype("bits4x2", 1, Bits),
    dtype("bits16", 2, Bits),
    dtype("int1", 1, Bits),
    dtype("int2", 1, Bits),
    dtype("int3", 1, Bits),
    dtype("int4", 1, Bits),
    dtype("int5", 1, Bits),
    dtype("int6", 1, Bits),
    dtype("int7", 1, Bits),
    dtype("uint1", 1, Bits),
    dtype("uint2", 1, Bits),
    dtype("uint3", 1, Bits),
    dtype("uint4", 1, Bits),
    dtype("uint5", 1, Bits),
    dtype("uint6", 1, Bits),
    dtype("uint7", 1, Bits),
];

/// The legacy names of storages and tensor types, and their dtypes.
static LEGACY: &[(&str, &str)] = &[
    ("Float", "float32"),
    ("Double", "float64"),
    ("Half", "float16"),
    ("BFloat16", "bfloat16"),
    ("Long", "int64"),
    ("Int", "int32"),
    ("Short", "int16"),
    ("Char", "int8"),
    ("Byte", "uint8"),
    ("Bool", "bool"),
    ("ComplexFloat", "complex64"),
    ("ComplexDouble", "complex128"),
    ("QInt8", "qint8"),
    ("QUInt8", "quint8"),
    ("QInt32", "qint32"),
    ("QUInt4x2", "quint4x2"),
    ("QUInt2x4", "quint2x4"),
];

impl TorchDtype {
    pub(super) const BYTE: Self = Self(&dtype("uint8", 1, Integer));
    pub(super) const FLOAT: Self = Self(&dtype("float32", 4, Float));

    fn named(name: &str) -> Option<Self> {
        DTYPES.iter().find(|dtype| dtype.name == name).map(Self)
    }

    fn legacy(prefix: &str) -> Option<Self> {
        let (_, name) = LEGACY.iter().find(|(known, _)| *known == prefix)?;
        Self::named(name)
    }

    /// Whether its elements are integers, or bools.
    pub(super) fn is_integer(self) -> bool {
        self.family == Integer
    }

    /// Whether tensors of it can require gradients.
    pub(super) fn differentiable(self) -> bool {
        matches!(self.family, Float | Complex)
    }

    pub(super) fn name(self) -> &'static str {
        self.name
    }

    /// An integer type that sparse indices can have.
    pub(super) fn is(self, name: &str) -> bool {
        self.name == name
    }
}

/// A layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::format::pickle) enum TensorLayout {
    Strided,
    Coo,
    /// Rows or columns compressed, plain or in blocks.
    Compressed {
        rows: bool,
        blocks: bool,
    },
    Other,
}

impl TensorLayout {
    /// By its spelling, as `torch.serialization._get_layout` finds it.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"torch.strided" => Self::Strided,
            b"torch.sparse_coo" => Self::Coo,
            b"torch.sparse_csr" => Self::Compressed {
                rows: true,
                blocks: false,
            },
            b"torch.sparse_csc" => Self::Compressed {
                rows: false,
                blocks: false,
            },
            b"torch.sparse_bsr" => Self::Compressed {
                rows: true,
                blocks: true,
            },
            b"torch.sparse_bsc" => Self::Compressed {
                rows: false,
                blocks: true,
            },
            b"torch._mkldnn" | b"torch.jagged" => Self::Other,
            _ => return None,
        })
    }
}

/// How values are quantized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Tensor,
    Channel,
    ChannelFloat,
    /// One that no tensor is stored with.
    Symmetric,
}

/// A function that rebuilds tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rebuild {
    Plain,
    V2,
    V3,
    Parameter,
    ParameterWithState,
    Sparse,
    Quantized,
    Meta,
    Nested,
    FromNumpy,
    FromCpu,
    Wrapper,
    FromType,
}

/// What a global is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    OrderedDict,
    Counter,
    Set,
    ByteArray,
    Complex,
    Encode,
    Size,
    Device,
    GetLayout,
    Tensor,
    Parameter,
    LegacyTensor {
        dtype: TorchDtype,
        sparse: bool,
        cuda: bool,
    },
    /// A legacy storage class: its type alone.
    StorageType(TorchDtype),
    Typed,
    Untyped,
    Dtype(TorchDtype),
    Scheme(Scheme),
    Rebuild(Rebuild),
    NumpyDtype,
    /// A global that torch knows nothing of.
    Foreign,
}

/// What a stored name is, after Python 2's names are mapped as the unpickler maps them.
pub(super) fn known(name: &GlobalName) -> Meaning {
    let (Some(module), Some(name)) = (name.module.as_str(), name.name.as_str()) else {
        return Meaning::Foreign;
    };
    let module = match module {
        "__builtin__" => "builtins",
        "UserDict" | "UserList" | "UserString" => "collections",
        other => other,
    };
    match (module, name) {
        ("collections", "OrderedDict") => Meaning::OrderedDict,
        ("collections", "Counter") => Meaning::Counter,
        ("builtins", "set") => Meaning::Set,
        ("builtins", "bytearray") => Meaning::ByteArray,
        ("builtins", "complex") => Meaning::Complex,
        ("_codecs", "encode") => Meaning::Encode,
        ("numpy", "dtype") => Meaning::NumpyDtype,
        ("torch.nn.parameter", "Parameter") => Meaning::Parameter,
        ("torch.serialization", "_get_layout") => Meaning::GetLayout,
        ("torch.storage", "TypedStorage") => Meaning::Typed,
        ("torch.storage", "UntypedStorage") => Meaning::Untyped,
        ("torch._tensor", "_rebuild_from_type_v2") => Meaning::Rebuild(Rebuild::FromType),
        ("torch._utils", name) => rebuild(name).map_or(Meaning::Foreign, Meaning::Rebuild),
        ("torch", "Size") => Meaning::Size,
        ("torch", "device") => Meaning::Device,
        ("torch", "Tensor") => Meaning::Tensor,
        ("torch", "per_tensor_affine") => Meaning::Scheme(Scheme::Tensor),
        ("torch", "per_channel_affine") => Meaning::Scheme(Scheme::Channel),
        ("torch", "per_channel_affine_float_qparams") => Meaning::Scheme(Scheme::ChannelFloat),
        ("torch", "per_tensor_symmetric" | "per_channel_symmetric") => {
            Meaning::Scheme(Scheme::Symmetric)
        }
        ("torch" | "torch.cuda" | "torch.sparse" | "torch.cuda.sparse", name) => {
            typed(module, name)
        }
        _ => Meaning::Foreign,
    }
}

fn typed(module: &str, name: &str) -> Meaning {
    let plain = module == "torch";
    if let Some(dtype) = TorchDtype::named(name).filter(|_| plain) {
        return Meaning::Dtype(dtype);
    }
    let sparse = module.ends_with("sparse");
    if let Some(dtype) = name.strip_suffix("Storage").and_then(TorchDtype::legacy)
        && !sparse
        && (plain || dtype.family != Quantized)
    {
        return Meaning::StorageType(dtype);
    }
    match name.strip_suffix("Tensor").and_then(TorchDtype::legacy) {
        Some(dtype) if matches!(dtype.family, Float | Integer) => Meaning::LegacyTensor {
            dtype,
            sparse,
            cuda: module.starts_with("torch.cuda"),
        },
        _ => Meaning::Foreign,
    }
}

fn rebuild(name: &str) -> Option<Rebuild> {
    Some(match name {
        "_rebuild_tensor" => Rebuild::Plain,
        "_rebuild_tensor_v2" => Rebuild::V2,
        "_rebuild_tensor_v3" => Rebuild::V3,
        "_rebuild_parameter" => Rebuild::Parameter,
        "_rebuild_parameter_with_state" => Rebuild::ParameterWithState,
        "_rebuild_sparse_tensor" => Rebuild::Sparse,
        "_rebuild_qtensor" => Rebuild::Quantized,
        "_rebuild_meta_tensor_no_storage" => Rebuild::Meta,
        "_rebuild_nested_tensor" => Rebuild::Nested,
        "_rebuild_device_tensor_from_numpy" => Rebuild::FromNumpy,
        "_rebuild_device_tensor_from_cpu_tensor" => Rebuild::FromCpu,
        "_rebuild_wrapper_subclass" => Rebuild::Wrapper,
        _ => return None,
    })
}
