//! What the operating system, or an object store, answers instead of giving bytes.

use std::io;

use serde::{Deserialize, Serialize};

/// What the operating system answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum IoFault {
    /// An error with its number.
    Code(i32),
    /// An error without one, by its kind.
    Kind(IoKind),
    /// The file became shorter while it was read.
    Shrank,
}

/// The kinds of errors of the operating system that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are those of the standard library")]
pub enum IoKind {
    NotFound,
    PermissionDenied,
    InvalidData,
    UnexpectedEof,
    OutOfMemory,
    Interrupted,
    Other,
}

impl From<&io::Error> for IoFault {
    fn from(error: &io::Error) -> Self {
        use io::ErrorKind;
        if let Some(code) = error.raw_os_error() {
            return Self::Code(code);
        }
        Self::Kind(match error.kind() {
            ErrorKind::NotFound => IoKind::NotFound,
            ErrorKind::PermissionDenied => IoKind::PermissionDenied,
            ErrorKind::InvalidData => IoKind::InvalidData,
            ErrorKind::UnexpectedEof => IoKind::UnexpectedEof,
            ErrorKind::OutOfMemory => IoKind::OutOfMemory,
            ErrorKind::Interrupted => IoKind::Interrupted,
            _ => IoKind::Other,
        })
    }
}
