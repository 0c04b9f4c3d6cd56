//! What a chat template does.

use std::fmt;

use crate::fact::{TemplateName, TemplateUse};

impl fmt::Display for TemplateUse {
    /// After `the template`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Internal(name) => {
                write!(
                    f,
                    "looks up `{name}`, which belongs to Python's own objects"
                )
            }
            Self::Computed(expression) => {
                write!(f, "looks up a name that it puts together: `{expression}`")
            }
            Self::CalledValue(expression) => {
                write!(f, "calls a value that it looked up: `{expression}`")
            }
            Self::Loads(expression) => write!(f, "loads another template: `{expression}`"),
            Self::Endless(expression) => {
                write!(f, "may take any amount of time or memory: `{expression}`")
            }
            Self::Unknown { kind, name } => {
                write!(
                    f,
                    "uses the {kind} `{name}`, which no renderer of chat templates gives"
                )
            }
        }
    }
}

impl fmt::Display for TemplateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Function => "function",
            Self::Method => "method",
            Self::Filter => "filter",
            Self::Test => "test",
        })
    }
}
