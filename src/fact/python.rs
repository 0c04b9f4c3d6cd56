//! What Python source says about a call, and what a pickle says about an argument.

use serde::{Deserialize, Serialize};

use super::{Global, Text};

/// A call, a reference or an assignment in Python source, with names resolved through imports and simple
/// assignments. Only names that some rule watches are recorded.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PyCall {
    /// The fully qualified name: `torch.load`, `numpy.lib.format.read_array`.
    pub callee: Text,
    /// What is done with it.
    pub act: PyAct,
    /// Positional arguments, then keywords, in source order.
    pub arguments: Vec<(Option<Text>, Constant)>,
    /// There is a `*args`: positions after it are unknown.
    pub star_args: bool,
    /// There is a `**kwargs` whose keys are not all constants: any keyword may be given.
    pub star_kwargs: bool,
}

/// What source does with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PyAct {
    /// It is called.
    Call,
    /// It is passed on or stored without being called here.
    Reference,
    /// It is replaced: `torch.load = ...`.
    Assign,
}

/// The value of an argument, as far as the source proves it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Constant {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An integer that fits.
    Int(i64),
    /// A string.
    Str(Text),
    /// A name that resolves to this qualified name.
    Name(Text),
    /// A list or tuple of these.
    List(Vec<Constant>),
    /// Anything else.
    Unknown,
}

/// An argument of a call in a pickle, as far as the stream proves it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Argument {
    /// A global itself.
    Global(Global),
    /// A constant string.
    Str(Text),
    /// A constant of another kind, or a container.
    Other,
    /// Nothing is known.
    Unknown,
}
