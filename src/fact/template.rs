//! What a chat template does besides putting its data into text.

use serde::{Deserialize, Serialize};

use super::{Short, Text};

/// What a template reaches that is none of the data it is given, or what it costs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TemplateUse {
    /// An attribute, or a key that may be one, of Python's own objects: `__class__`.
    Internal(Text),
    /// An attribute or a key whose name the template puts together.
    Computed(Short),
    /// A call of a value that it looked up.
    CalledValue(Short),
    /// Another template.
    Loads(Short),
    /// A loop, a text or a number that nothing but memory and time bounds.
    Endless(Short),
    /// A name that no renderer of chat templates gives.
    Unknown {
        /// What kind of name.
        kind: TemplateName,
        /// The name.
        name: Text,
    },
}

/// A kind of names in templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names are those of the template language")]
pub enum TemplateName {
    Function,
    Method,
    Filter,
    Test,
}
