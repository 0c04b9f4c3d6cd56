//! What a rule says of itself: all that outputs and services derive from, declared with the rule.

use std::fmt;

use serde::Serialize;

use super::Level;

/// Who a rule is. A `static` each, made by `declare_rule!`.
#[derive(Debug, Serialize)]
pub struct RuleMeta {
    /// Kebab-case; reads after "allow ..."; names the pattern that is wrong.
    pub id: &'static str,
    /// One line.
    pub summary: &'static str,
    /// The documentation: Markdown with the headings What it does, Why it matters, Example, Use instead.
    pub doc: &'static str,
    /// The level where no policy sets another.
    pub level: Level,
    /// What the worst case costs, whatever a policy does about it.
    pub severity: Severity,
    /// How often a finding is right.
    pub precision: Precision,
    /// The numbers of the weaknesses in the Common Weakness Enumeration that it finds, ascending.
    pub cwe: &'static [u16],
    /// Words to filter rules by: first what it looks at (`artifact`, `source`, `policy`), the library or kind of file, and
    /// `coverage` for what was not read.
    pub tags: &'static [&'static str],
}

/// Rules about what could run code: of what they find, people are told even where the policy lets it pass.
const COULD_RUN_CODE: &[&str] = &[
    "extension-registry",
    "global-not-allowed",
    "items-on-non-container",
    "state-on-non-instance",
    "unresolved-global",
    "unsafe-operator",
    "unusual-use",
];

impl RuleMeta {
    /// Whether it is about what could run code.
    pub fn could_run_code(&self) -> bool {
        COULD_RUN_CODE.contains(&self.id)
    }
}

/// What the worst case of a finding costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It should be known.
    Low,
    /// It may run code of somebody else's choosing if something else goes wrong as well.
    Medium,
    /// It may run code of somebody else's choosing, or nobody knows whether it does.
    High,
    /// Loading the file runs code of the file's choosing, or nothing rules that out.
    Critical,
}

/// How often a finding is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// Nearly always: it depends on something that the file does not show.
    High,
    /// Always: the bytes or the call say it themselves.
    VeryHigh,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        })
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::High => "high",
            Self::VeryHigh => "very high",
        })
    }
}

/// A rule for tests.
#[cfg(test)]
pub(crate) static TESTED: RuleMeta = RuleMeta {
    id: "global-not-allowed",
    summary: "",
    doc: "",
    level: Level::Deny,
    severity: Severity::Critical,
    precision: Precision::VeryHigh,
    cwe: &[502],
    tags: &["artifact"],
};
