//! Formats by id.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

/// The id of a format, as `format::FORMATS` has it and policies name it: `torch-zip`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct FormatId(Cow<'static, str>);

impl FormatId {
    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for FormatId {
    type Error = &'static str;

    fn try_from(id: String) -> Result<Self, Self::Error> {
        let kebab = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !id.is_empty() && id.bytes().all(kebab) {
            Ok(Self(Cow::Owned(id)))
        } else {
            Err("the id of a format in kebab-case")
        }
    }
}

impl From<&'static str> for FormatId {
    fn from(id: &'static str) -> Self {
        Self(Cow::Borrowed(id))
    }
}

impl PartialEq<str> for FormatId {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for FormatId {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl fmt::Display for FormatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
