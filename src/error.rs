//! What stops the job itself (exit code 2): one variant per thing a user can act on.
//!
//! A malformed artifact is never one of these (it is a fact), nor is a refusal (it is a finding).

use std::{
    fmt, io,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

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
        source: io::Error,
    },
    /// A file of the user's repository cannot be written, renamed or removed; what was there is as it was.
    #[error("cannot write `{}`: {source}", path.display())]
    Write {
        /// The path as the user would write it.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The store of facts cannot be used: its folder is the user's to mend, and another run reads again what it held.
    #[error("cannot use the store `{}`: {message}", path.display())]
    Store {
        /// Its file.
        path: PathBuf,
        /// What keeps it from being used, lower case, no full stop.
        message: String,
        /// What to do next.
        help: String,
    },
    /// The place where machines share the results of an audit does not do what it has to.
    #[error("cannot keep the results in `{store}`: {message}")]
    Shared {
        /// Its URL.
        store: String,
        /// What it answers, with its reasons.
        message: String,
        /// What to do next.
        help: String,
    },
    /// The policy does not hold together; every error in it, each with its place.
    #[error(transparent)]
    Policy(#[from] PolicyErrors),
    /// Something could not be written where it was asked to go.
    #[error("cannot write {what} to `{to}`: {source}")]
    Output {
        /// What: `the report`.
        what: &'static str,
        /// A path or `standard output`.
        to: String,
        /// The operating system's answer.
        source: io::Error,
    },
}

impl Error {
    /// The same, of what is written.
    #[must_use]
    pub fn about(self, what: &'static str) -> Self {
        match self {
            Self::Output { to, source, .. } => Self::Output { what, to, source },
            other => other,
        }
    }

    /// What to do next, lower case, no full stop; `None` where the message says it all.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Usage { help, .. }
            | Self::Repository { help, .. }
            | Self::Store { help, .. }
            | Self::Shared { help, .. } => Some(help.clone()),
            Self::Output { to, .. } if Path::new(to).is_file() => {
                Some(String::from("the existing file is unchanged"))
            }
            Self::Output { source, .. } => {
                let help = match source.kind() {
                    io::ErrorKind::NotFound => "create its folder first, or name a file elsewhere",
                    io::ErrorKind::IsADirectory => "name a file in it",
                    io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                        "name a file in a writable folder"
                    }
                    io::ErrorKind::StorageFull => "free some space, or name a file elsewhere",
                    _ => return None,
                };
                Some(help.to_owned())
            }
            _ => None,
        }
    }
}

/// An error in a policy file, with its place and what to write instead.
#[derive(Debug, Clone)]
pub struct PolicyError {
    /// The policy file.
    pub file: String,
    /// Its text, harmless to print and with every byte at its place; empty if it could not be read.
    pub source: Arc<str>,
    /// The bytes of `source` to underline; empty if the place is unknown.
    pub range: Range<usize>,
    /// What is wrong, lower case, no full stop.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

/// All errors of a policy and of what it extends. Never empty.
#[derive(Debug, Clone)]
pub struct PolicyErrors(pub Vec<PolicyError>);

impl PolicyError {
    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.before().matches('\n').count().saturating_add(1)
    }

    /// The column in characters, from 1.
    pub fn column(&self) -> usize {
        let before = self.before();
        before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            .saturating_add(1)
    }

    fn before(&self) -> &str {
        self.source.get(..self.range.start).unwrap_or_default()
    }
}

impl PartialEq for PolicyError {
    fn eq(&self, other: &Self) -> bool {
        (&self.file, &self.range, &self.message, &self.help)
            == (&other.file, &other.range, &other.message, &other.help)
    }
}

impl Eq for PolicyError {}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for PolicyError {}

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = if self.0.len() == 1 { "error" } else { "errors" };
        write!(f, "the policy has {} {errors}", self.0.len())
    }
}

impl std::error::Error for PolicyErrors {}
