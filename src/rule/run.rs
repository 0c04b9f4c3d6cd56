//! What rules over a run see: what was kept of all entries of a view, when each has been judged by itself.

use std::collections::BTreeMap;

use crate::{
    fact::{Entry, Text},
    finding::{Finding, Location},
    link::{Index, Load},
    pins::PinReport,
    policy::Policy,
};

/// All entries of a view, judged.
#[derive(Debug)]
pub struct Run<'a> {
    /// The entries of which something is kept because a rule found something, in the order of the view.
    pub cases: &'a [JudgedCase<'a>],
    /// What the facts of all entries come to together.
    pub index: &'a Index<'a>,
    /// The policy that judges.
    pub policy: &'a Policy,
    /// What comparing the view with its lock file came to.
    pub pins: &'a PinReport<'a>,
    /// The cases at each path: in a history, several versions share one.
    by_path: BTreeMap<&'a Text, Vec<&'a JudgedCase<'a>>>,
}

/// An entry in which rules found something.
#[derive(Debug, Clone, Copy)]
pub struct JudgedCase<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// What was found, and not dropped by the policy.
    pub findings: &'a [Finding],
}

impl<'a> Run<'a> {
    /// A run to be judged.
    pub fn new(
        cases: &'a [JudgedCase<'a>],
        index: &'a Index<'a>,
        policy: &'a Policy,
        pins: &'a PinReport<'a>,
    ) -> Self {
        let mut by_path: BTreeMap<&Text, Vec<&JudgedCase<'_>>> = BTreeMap::new();
        // Only where calls load something is a source looked up.
        if !index.is_empty() {
            for case in cases {
                by_path.entry(&case.entry.path).or_default().push(case);
            }
        }
        Self {
            cases,
            index,
            policy,
            pins,
            by_path,
        }
    }

    /// Where a call stands, with the lines that show it if a rule found something there; and whether that is part of what the
    /// view's change brings.
    pub fn location(&self, load: &Load, label: &str) -> (Location, bool) {
        let found = self.by_path.get(&load.source).into_iter().flatten();
        let mut found = found.flat_map(|case| case.findings);
        let known = found.find(|finding| finding.primary.site == load.site);
        let location = Location {
            path: load.source.clone(),
            site: load.site.clone(),
            label: label.to_owned(),
            introduced_by: known.and_then(|finding| finding.primary.introduced_by.clone()),
            excerpt: known.and_then(|finding| finding.primary.excerpt.clone()),
        };
        (location, known.is_none_or(|finding| finding.on_change))
    }
}
