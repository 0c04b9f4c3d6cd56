//! What source says.

use std::fmt;

use crate::fact::SourceFault;

impl fmt::Display for SourceFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(message) => message.fmt(f),
            Self::NotUtf8 => f.write_str("it is not UTF-8"),
            Self::Encoding(name) => write!(f, "the encoding `{name}` is not decoded here"),
        }
    }
}
