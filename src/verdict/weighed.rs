//! What one entry comes to.

use std::fmt;

use super::{Coverage, Evidence};
use crate::{fact::Text, finding::Finding, policy::Comment};

/// What one entry comes to.
#[derive(Debug, Default)]
pub struct Weighed {
    /// Findings of level warn and deny, and those that do not count.
    pub findings: Vec<Finding>,
    /// What could run code and is let pass all the same.
    pub let_pass: Vec<LetPass>,
    /// The waivers that are about findings of it, whether they cover them or not, ascending.
    pub waivers: Vec<usize>,
    /// Which lines of the policy let it pass, if that was asked for.
    pub evidence: Evidence,
    /// The comments in it that ask for findings not to count.
    pub comments: Vec<Comment>,
    /// What the entry adds to the coverage.
    pub coverage: Coverage,
}

/// Something that could run code and is let pass all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetPass {
    /// The file; empty where it is about several.
    pub path: Text,
    /// What loading would do, and the line that lets it pass: a sentence.
    pub said: String,
    /// Whether a finding that was set aside says the same.
    pub has_finding: bool,
}

impl fmt::Display for LetPass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.said)
    }
}

impl Weighed {
    /// Whether it has nothing to say but what it adds to the coverage.
    pub fn is_plain(&self) -> bool {
        let is_silent = self.findings.is_empty() && self.let_pass.is_empty();
        is_silent && self.evidence.is_empty() && self.comments.is_empty()
    }
}
