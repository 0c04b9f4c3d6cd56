//! Why reading an artifact stopped. Never the end of the run: it becomes a fact.

use std::io;

use crate::{
    fact::{IoFault, Malformed, Piece, Unread, Unsupported},
    limits,
};

/// The artifact is malformed, too large for a limit, unreadable, or of a form we do not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The bytes break their own format.
    #[error("{0}")]
    Malformed(Box<Malformed>),
    /// A limit of `limits/` was reached.
    #[error("more than {0}")]
    Limit(limits::Id),
    /// A form of a known format that is not read.
    #[error("{0}")]
    Unsupported(Box<Unsupported>),
    /// The operating system or object store would not give the bytes.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl ReadError {
    /// The bytes break their own format.
    pub fn malformed(how: impl Into<Malformed>) -> Self {
        Self::Malformed(Box::new(how.into()))
    }

    /// A form that is not read.
    pub fn unsupported(form: Unsupported) -> Self {
        Self::Unsupported(Box::new(form))
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

    /// What of it the bytes say; `None` where they could not be had.
    pub fn as_fact(&self) -> Option<Unread> {
        match self {
            Self::Malformed(how) => Some(Unread::Malformed(how.clone())),
            Self::Limit(limit) => Some(Unread::Limit(*limit)),
            Self::Unsupported(form) => Some(Unread::Unsupported((**form).clone())),
            Self::Io(error) => error
                .get_ref()
                .and_then(|inner| inner.downcast_ref::<Self>())
                .and_then(Self::as_fact),
        }
    }

    /// The bytes end before a piece of them does.
    pub fn truncated(piece: Piece, needed: u64, left: u64) -> Self {
        Self::malformed(Malformed::Truncated {
            piece,
            needed,
            left,
        })
    }
}

/// What ends a reading before the end of what is read.
#[derive(Debug)]
pub enum ReadStop {
    /// What the bytes say: a fact of the content.
    Content(Unread),
    /// Bytes that could not be had: a circumstance.
    Io(IoFault),
}

impl From<Unread> for ReadStop {
    fn from(unread: Unread) -> Self {
        Self::Content(unread)
    }
}

impl From<Malformed> for ReadStop {
    fn from(malformed: Malformed) -> Self {
        Self::Content(malformed.into())
    }
}

impl From<ReadError> for ReadStop {
    fn from(error: ReadError) -> Self {
        Self::Content(match error {
            ReadError::Malformed(how) => Unread::Malformed(how),
            ReadError::Limit(limit) => Unread::Limit(limit),
            ReadError::Unsupported(form) => Unread::Unsupported(*form),
            // An inflating source reports what it meets through `io::Error`; see `inflate.rs`.
            ReadError::Io(error) => match error.downcast::<ReadError>() {
                Ok(inner) => return inner.into(),
                Err(error) => return Self::Io(IoFault::from(&error)),
            },
        })
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
