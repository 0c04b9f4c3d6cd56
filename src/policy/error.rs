//! What is wrong with a policy: every error at once, each with its place.

use std::{fmt, ops::Range};

/// One error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    /// The policy file.
    pub file: String,
    /// Its text.
    pub source: std::sync::Arc<str>,
    /// What to underline; empty if the place is unknown.
    pub range: Range<usize>,
    /// What is wrong, lower case, no full stop.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

/// All errors of a policy and what it extends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyErrors(pub Vec<PolicyError>);

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the policy has {} error(s)", self.0.len())
    }
}

impl std::error::Error for PolicyErrors {}
