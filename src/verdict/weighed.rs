//! What one entry comes to.

use super::{Coverage, Evidence};
use crate::finding::Finding;

/// What one entry comes to.
#[derive(Debug, Default)]
pub struct Weighed {
    /// Findings of level warn and deny, and those that do not count.
    pub findings: Vec<Finding>,
    /// What could run code and is let pass all the same: what loading would do, and the line of the policy, a sentence each.
    pub let_pass: Vec<String>,
    /// The waivers that are about findings of it, whether they cover them or not, ascending.
    pub waivers: Vec<usize>,
    /// Which lines of the policy let it pass, if that was asked for.
    pub evidence: Evidence,
    /// What the entry adds to the coverage.
    pub coverage: Coverage,
}

impl Weighed {
    /// Whether it has nothing to say but what it adds to the coverage.
    pub fn is_plain(&self) -> bool {
        self.findings.is_empty() && self.let_pass.is_empty() && self.evidence.is_empty()
    }
}
