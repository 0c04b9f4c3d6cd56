//! Uses of globals that no writer makes.

use serde::{Deserialize, Serialize};

use super::{Global, Usage};

/// A use of a global whose shape is not one of those in which it is written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UnusualUse {
    /// The global.
    pub global: Global,
    /// How it is used.
    pub usage: Usage,
    /// What of the use is unusual.
    pub part: Part,
    /// Whether it is known how the library behind the name writes it; otherwise the plain shape is expected.
    pub known: bool,
    /// The shape that is written, readable: `(a text, False, True)`.
    pub expected: String,
    /// The use, readable, what it holds escaped already: `numpy.dtype(collections.OrderedDict, False, True)`.
    pub seen: String,
}

/// A part of a use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The arguments of a call.
    Arguments,
    /// The opcode that calls, or keywords.
    Opcode,
    /// The state that is set on what it made.
    State,
    /// The items that are set on what it made.
    Items,
}
