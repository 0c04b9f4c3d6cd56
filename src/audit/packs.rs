//! Packs that would let refused files pass.

use std::collections::{BTreeMap, BTreeSet};

use super::result::{AuditResult, Status};
use crate::report::json::v1;

/// Where a pack is missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Needed {
    pub(super) repositories: usize,
    pub(super) files: usize,
}

impl Needed {
    /// Adds the files of another repository.
    pub(super) fn add(&mut self, files: usize) {
        self.repositories = self.repositories.saturating_add(1);
        self.files = self.files.saturating_add(files);
    }
}

/// The packs that would let files of a repository pass, if all of it was looked at, and how many files.
pub(super) fn needed(result: &AuditResult) -> BTreeMap<String, usize> {
    if result.status != Status::Complete {
        return BTreeMap::new();
    }
    let version = |finding: &v1::Finding| {
        let by = finding.introduced_by.as_ref();
        let commit = by.map(|by| by.commit.clone());
        (finding.path.clone(), commit)
    };
    let denied = result.findings.iter().enumerate();
    let denied = denied.filter(|(_, finding)| finding.level == "deny");
    // What else is refused in each file: a pack would not let it pass.
    let mut left: BTreeMap<_, BTreeSet<usize>> = BTreeMap::new();
    for (at, finding) in denied {
        left.entry(version(finding)).or_default().insert(at);
    }
    let mut packs: BTreeMap<String, usize> = BTreeMap::new();
    for answer in result.answers.iter().filter(|it| !it.packs.is_empty()) {
        let findings = answer.findings.iter();
        let findings = findings.filter_map(|at| result.findings.get(*at));
        let files: BTreeSet<_> = findings.map(version).collect();
        let is_all = |file: &&(String, Option<String>)| {
            let mut refused = left.get(*file).into_iter().flatten();
            refused.all(|at| answer.findings.contains(at))
        };
        let files = files.iter().filter(is_all).count();
        for pack in answer.packs.iter().filter(|_| files > 0) {
            let all = packs.entry(pack.clone()).or_default();
            *all = all.saturating_add(files);
        }
    }
    packs
}
