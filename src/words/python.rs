//! What source says.

use std::{borrow::Cow, fmt};

use crate::fact::{Constant, PyArgument, SourceFault, Text};

/// The value of an argument: as the call writes it, or else as source would write it.
pub(crate) fn written_value(argument: &PyArgument) -> Cow<'_, Text> {
    argument
        .written
        .as_ref()
        .map_or_else(|| Cow::Owned(as_source(&argument.value)), Cow::Borrowed)
}

fn as_source(constant: &Constant) -> Text {
    match constant {
        Constant::None => Text::from("None"),
        Constant::Bool(true) => Text::from("True"),
        Constant::Bool(false) => Text::from("False"),
        Constant::Int(n) => Text::from(n.to_string()),
        Constant::Str(text) => Text::from(format!("'{text}'")),
        Constant::Name(name) => name.clone(),
        Constant::List(_) | Constant::Parameter(_) | Constant::Unknown => Text::from("..."),
    }
}

impl fmt::Display for SourceFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(message) => message.fmt(f),
            Self::NotUtf8 => f.write_str("it is not UTF-8"),
            Self::Encoding(name) => write!(f, "the encoding `{name}` is not decoded here"),
        }
    }
}
