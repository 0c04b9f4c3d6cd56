//! What a report is to hold beside findings and coverage.

/// What a report is to hold beside findings and coverage. Each costs something, so none is there unasked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is asked for by itself")]
pub struct Needs {
    /// The artifacts, refused or not.
    pub artifacts: bool,
    /// Their sha256, which means reading them whole.
    pub digests: bool,
    /// The disassembly of those with findings.
    pub listings: bool,
    /// Which lines of the policy let files pass or be left out.
    pub evidence: bool,
    /// The moment that outputs may call the present, if the user gave one.
    pub date: bool,
}

impl Needs {
    /// What either needs.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            artifacts: self.artifacts || other.artifacts,
            digests: self.digests || other.digests,
            listings: self.listings || other.listings,
            evidence: self.evidence || other.evidence,
            date: self.date || other.date,
        }
    }
}
