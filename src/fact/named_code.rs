//! Code that a file beside a model names for a library to import.

use serde::{Deserialize, Serialize};

use super::Text;

/// A module or a class that is not of an installed package.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NamedCode {
    /// The key that names it: `auto_map.AutoModel`.
    pub key: Text,
    /// As it is named there, without the repository: `modeling_a.AModel`.
    pub name: Text,
    /// Where it is.
    pub home: CodeHome,
}

/// Where code is that a file names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CodeHome {
    /// In the repository of the file.
    Here,
    /// In another repository, which is fetched: its name.
    Elsewhere(Text),
}
