//! What let files pass, and what kept them from being checked: for whoever asks why nothing is said of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    fact::{ContentFacts, Fact, Global, Text},
    policy::{FormatVerdict, Scope},
};

/// What let the files of a run pass or be left out, by the line of the policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// By the entry, as a file and a line or as a pack's name.
    pub allowed: BTreeMap<String, Allowed>,
    /// The paths that are excluded, in order, each with who says so.
    pub excluded: Vec<(Text, String)>,
}

/// What an entry of the policy allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed {
    /// The formats and globals.
    pub what: BTreeSet<String>,
    /// In how many files.
    pub files: usize,
}

impl Evidence {
    /// What the policy allows in one file.
    pub fn of_file(scope: &Scope, facts: &ContentFacts) -> Self {
        let mut evidence = Self::default();
        let mut note = |by: String, what: String| {
            let allowed = evidence.allowed.entry(by).or_default();
            allowed.what.insert(what);
            allowed.files = 1;
        };
        for observation in &facts.observations {
            match &observation.fact {
                Fact::Is(id) => {
                    if let FormatVerdict::Allowed(by) = scope.format(id.as_str()) {
                        note(by.to_string(), format!("format {id}"));
                    }
                }
                Fact::Global {
                    global: Global::Named(name),
                    usage,
                } => {
                    if let Some(by) = scope.globals().allowed_by(name, *usage) {
                        note(by.to_string(), name.to_string());
                    }
                }
                _ => {}
            }
        }
        evidence
    }

    /// Adds that of others.
    pub fn add(&mut self, other: Self) {
        for (by, allowed) in other.allowed {
            let own = self.allowed.entry(by).or_default();
            own.what.extend(allowed.what);
            own.files = own.files.saturating_add(allowed.files);
        }
        self.excluded.extend(other.excluded);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.allowed.is_empty() && self.excluded.is_empty()
    }
}
