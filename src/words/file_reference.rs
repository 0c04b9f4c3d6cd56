//! Files that a file names.

use std::fmt;

use crate::fact::{FileReference, FileRole, Leaves};

impl fmt::Display for FileReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.role, self.path)
    }
}

impl fmt::Display for FileRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Weights => "the weights in",
            Self::ExternalLink => "the linked file",
            Self::RawData => "the raw data in",
            Self::VirtualSource => "the virtual data in",
            Self::Vocabulary => "the vocabulary",
            Self::Model => "the model",
            Self::Checkpoint => "the checkpoint",
            Self::Entity => "the entity",
            Self::Asset => "the file",
        })
    }
}

impl fmt::Display for Leaves {
    /// What of the path leaves the folder, after `because`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absolute => "the path begins at the root",
            Self::Parent => "the path has a part `..`",
            Self::Drive => "the path begins with the letter of a drive",
            Self::Url => "it is a URL",
            Self::Home => "the path begins with `~`",
            Self::Nul => "the path holds a NUL byte, at which some readers end it",
        })
    }
}
