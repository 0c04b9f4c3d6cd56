//! The classes of numpy's dtypes. Since numpy 1.25 every kind of dtype has a class of its own, and torch wants that one
//! listed too before it sets the state of an instance: the file names only `numpy.dtype`.

use crate::fact::{Argument, Fact, Global, GlobalName, Observation};

/// What `numpy.dtype` is called with when it is pickled, and the class in `numpy.dtypes` that comes of it.
static CLASSES: &[(&str, &str)] = &[
    ("b1", "BoolDType"),
    ("i1", "Int8DType"),
    ("i2", "Int16DType"),
    ("i4", "Int32DType"),
    ("i8", "Int64DType"),
    ("u1", "UInt8DType"),
    ("u2", "UInt16DType"),
    ("u4", "UInt32DType"),
    ("u8", "UInt64DType"),
    ("f2", "Float16DType"),
    ("f4", "Float32DType"),
    ("f8", "Float64DType"),
    ("c8", "Complex64DType"),
    ("c16", "Complex128DType"),
    ("O8", "ObjectDType"),
    ("M8", "DateTime64DType"),
    ("m8", "TimeDelta64DType"),
];

/// The classes that the file's calls of `numpy.dtype` make, each once, in their order.
pub(super) fn made(observations: &[Observation]) -> Vec<GlobalName> {
    let mut found: Vec<GlobalName> = Vec::new();
    for observation in observations {
        let Fact::Call {
            callee: Global::Named(callee),
            arguments,
            ..
        } = &observation.fact
        else {
            continue;
        };
        let [Argument::Str(kind), ..] = arguments.as_slice() else {
            continue;
        };
        if *callee != GlobalName::new("numpy", "dtype") {
            continue;
        }
        let class = kind.as_str().and_then(class);
        let name = class.map(|class| GlobalName::new("numpy.dtypes", class));
        found.extend(name.filter(|name| !found.contains(name)));
    }
    found
}

fn class(kind: &str) -> Option<&'static str> {
    let known = CLASSES.iter().find(|(known, _)| *known == kind);
    known
        .map(|(_, class)| *class)
        .or_else(|| match kind.chars().next()? {
            'S' => Some("BytesDType"),
            'U' => Some("StrDType"),
            'V' => Some("VoidDType"),
            _ => None,
        })
}
