//! What a finding is about, as data.

use std::fmt;

use serde::Serialize;

use crate::fact::{Global, Text};

/// What a finding is about: what waivers name and what findings are grouped by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// The artifact as a whole.
    Artifact,
    /// A global.
    Global(Global),
    /// A format, by its id.
    Format(String),
    /// A member of an archive.
    Member(Text),
    /// A kind of anomaly.
    Anomaly(String),
    /// A call in source, by its qualified name.
    Call(Text),
    /// An environment switch.
    Variable(Text),
    /// A file that an artifact names, by its path there.
    File(Text),
}

impl Subject {
    /// Its kind, as JSON and fingerprints name it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Artifact => "artifact",
            Self::Global(Global::Named(_)) => "global",
            Self::Global(Global::Unresolved(_)) => "unresolved-global",
            Self::Format(_) => "format",
            Self::Member(_) => "member",
            Self::Anomaly(_) => "anomaly",
            Self::Call(_) => "call",
            Self::Variable(_) => "variable",
            Self::File(_) => "file",
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Artifact => f.write_str("the artifact"),
            Self::Global(global) => global.fmt(f),
            Self::Format(id) | Self::Anomaly(id) => f.write_str(id),
            Self::Member(text) | Self::Call(text) | Self::Variable(text) | Self::File(text) => {
                text.fmt(f)
            }
        }
    }
}
