//! Globals: what loading resolves by name.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Text;

/// A module and a qualified name, exactly as stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GlobalName {
    /// The module, as the artifact spells it.
    pub module: Text,
    /// The name inside it; dots in it are attribute lookups where the loader splits them.
    pub name: Text,
}

impl GlobalName {
    /// Both parts.
    pub fn new(module: impl Into<Text>, name: impl Into<Text>) -> Self {
        Self {
            module: module.into(),
            name: name.into(),
        }
    }
}

impl fmt::Display for GlobalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.module, self.name)
    }
}

/// A global, as far as the bytes prove which it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Global {
    /// Both operands were constants.
    Named(GlobalName),
    /// They were not: which global it is depends on running the pickle.
    Unresolved(Unresolved),
}

/// Why a global could not be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unresolved {
    /// An operand of `STACK_GLOBAL` is not a constant string.
    Computed,
    /// It comes from the extension registry.
    Extension,
    /// The callee, or the class, is itself the result of a call, an attribute or an item.
    Result,
    /// The callee is what the loader makes of a persistent id.
    Persistent,
    /// An operand is a memo entry that this stream never set but an earlier one may have.
    Memo,
    /// A configuration computes it, or the mapping around it.
    Configured,
    /// The name is longer than we read, or the budget for reading names again is spent.
    Oversized,
}

impl Unresolved {
    /// A stable word for it, kebab-case.
    pub fn id(self) -> &'static str {
        match self {
            Self::Computed => "computed",
            Self::Extension => "extension",
            Self::Result => "result",
            Self::Persistent => "persistent",
            Self::Memo => "memo",
            Self::Configured => "configured",
            Self::Oversized => "oversized",
        }
    }
}

impl fmt::Display for Global {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => name.fmt(f),
            Self::Unresolved(why) => f.write_str(match why {
                Unresolved::Computed => "<computed name>",
                Unresolved::Extension => "<extension registry>",
                Unresolved::Result => "<result of a call>",
                Unresolved::Persistent => "<persistent id>",
                Unresolved::Memo => "<memo of an earlier pickle>",
                Unresolved::Configured => "<name that a configuration computes>",
                Unresolved::Oversized => "<oversized name>",
            }),
        }
    }
}

/// How loading uses a global.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Usage {
    /// Resolved: its module is imported, the attribute is fetched.
    Import,
    /// Called (`REDUCE`, `INST`, `OBJ`): for a class that is construction, which only the class's kind can tell.
    Call,
    /// Instantiated through `__new__` (`NEWOBJ`, `NEWOBJ_EX`).
    Construct,
    /// State is set on what it made (`BUILD`).
    Build,
    /// Resolved and called, with what a configuration gives it: a class is made so, from the values beside its name.
    Configure,
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Import => "import",
            Self::Call => "call",
            Self::Construct => "construct",
            Self::Build => "build",
            Self::Configure => "configure",
        })
    }
}
