//! How Python code tells a release of torch which globals `weights_only=True` accepts.

use super::alias;
use crate::fact::GlobalName;

/// The call by which a release of torch is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ListCall {
    /// There is none.
    Missing,
    /// `add_safe_globals`: what is listed stays.
    Add,
    /// `safe_globals`, which ends with its block.
    Block,
    /// The same, and an object may be listed under another name than its own.
    #[default]
    RenamingBlock,
}

impl ListCall {
    /// The first release that has any.
    pub const SINCE: &'static str = "2.4";

    /// The call of a release.
    pub fn of(release: (u16, u16)) -> Self {
        match release {
            (..2, _) | (2, ..4) => Self::Missing,
            (2, 4) => Self::Add,
            (2, 5) => Self::Block,
            _ => Self::RenamingBlock,
        }
    }
}

/// An attribute of a module, both in plain identifiers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonObject {
    /// The module to import.
    pub module: String,
    /// The name in it.
    pub name: String,
    /// Whether the module is an old name of another, so that the object calls its module otherwise than a file does.
    pub is_alias: bool,
}

impl PythonObject {
    /// What Python calls a global.
    ///
    /// # Errors
    /// Why torch cannot be told of it.
    pub fn of(name: &GlobalName) -> Result<Self, &'static str> {
        let (Some(module), Some(qualname)) = (name.module.as_str(), name.name.as_str()) else {
            return Err("is no plain name");
        };
        if qualname.contains('.') {
            return Err("is inside another name, and not every release of torch finds such names");
        }
        if !module.split('.').all(is_identifier) || !is_identifier(qualname) {
            return Err("is no plain name of Python");
        }
        let (canonical, _) = alias::canonical(module, qualname);
        Ok(Self {
            module: module.to_owned(),
            name: qualname.to_owned(),
            is_alias: canonical != module,
        })
    }

    /// What a call lists: the object, with the name under which files store it where the object itself says another.
    pub fn listed(&self, call: ListCall) -> String {
        let path = format!("{}.{}", self.module, self.name);
        if self.is_alias && call == ListCall::RenamingBlock {
            format!("({path}, \"{path}\")")
        } else {
            path
        }
    }
}

/// Words that are no names in Python.
const KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

/// Whether Python reads a word as the same name: only letters of ASCII, because it normalises others.
fn is_identifier(word: &str) -> bool {
    let mut chars = word.chars();
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    chars.next().is_some_and(first)
        && chars.all(|c| first(c) || c.is_ascii_digit())
        && !KEYWORDS.contains(&word)
}
