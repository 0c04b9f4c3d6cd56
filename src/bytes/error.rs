//! Why reading an artifact stopped. Never the end of the run: it becomes a fact.

use std::io;

use crate::fact::{Text, Unread};

/// The artifact is malformed, too large for a limit, unreadable, or of a form we do not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The bytes break their own format.
    #[error("{0}")]
    Malformed(String),
    /// A limit of `limits.rs` was reached.
    #[error("{0}")]
    Limit(String),
    /// A form of a known format that is not read here.
    #[error("{0}")]
    Unsupported(String),
    /// The operating system or object store would not give the bytes.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl ReadError {
    /// The bytes break their own format: says how, lower case, with numbers.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::Malformed(detail.into())
    }

    /// Whether a limit was reached, also where a source of bytes says so through [`io::Error`].
    pub fn is_limit(&self) -> bool {
        match self {
            Self::Limit(_) => true,
            Self::Io(error) => error
                .get_ref()
                .and_then(|inner| inner.downcast_ref::<Self>())
                .is_some_and(Self::is_limit),
            Self::Malformed(_) | Self::Unsupported(_) => false,
        }
    }

    /// The bytes end before what they promise.
    pub fn truncated(what: &str, wanted: u64, left: u64) -> Self {
        Self::Malformed(format!("{what} needs {wanted} bytes, {left} are left"))
    }
}

impl From<ReadError> for Unread {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Malformed(detail) => Self::Malformed {
                detail: Text::from(detail),
            },
            ReadError::Limit(limit) => Self::Limit { limit },
            ReadError::Unsupported(detail) => Self::Unsupported {
                detail: Text::from(detail),
            },
            // An inflating source reports what it meets through `io::Error`; see `inflate.rs`.
            ReadError::Io(error) => match error.downcast::<ReadError>() {
                Ok(inner) => inner.into(),
                Err(error) => Self::Io {
                    detail: Text::from(error.to_string()),
                },
            },
        }
    }
}

impl From<ReadError> for io::Error {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io(error) => error,
            other => Self::other(other),
        }
    }
}
