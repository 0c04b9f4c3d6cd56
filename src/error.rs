//! What stops the job itself (exit code 2): one variant per thing a user can act on.
//!
//! A malformed artifact is never one of these (it is a fact), nor is a refusal (it is a finding).

use std::path::PathBuf;

/// We cannot do the job.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line asks for something that does not exist or does not go together: the user's to mend.
    #[error("{message}")]
    Usage {
        /// What is wrong, lower case, no full stop.
        message: String,
        /// What to do next.
        help: String,
    },
    /// The repository cannot be opened or read: its state is the user's to mend.
    #[error("cannot read the repository at `{}`: {message}", path.display())]
    Repository {
        /// Where the repository was looked for.
        path: PathBuf,
        /// What git's data said.
        message: String,
        /// What to do next.
        help: String,
    },
    /// A file or folder that was asked for by name cannot be opened.
    #[error("cannot read `{}`: {source}", path.display())]
    Io {
        /// The path as the user would write it.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// A file of the user's repository cannot be written, renamed or removed; what was there is as it was.
    #[error("cannot write `{}`: {source}", path.display())]
    Write {
        /// The path as the user would write it.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// The policy does not hold together; every error in it, each with its place.
    #[error(transparent)]
    Policy(#[from] crate::policy::PolicyErrors),
    /// The report could not be written where it was asked to go.
    #[error("cannot write the report to `{to}`: {source}")]
    Output {
        /// A path or `standard output`.
        to: String,
        /// The operating system's answer.
        source: std::io::Error,
    },
}
