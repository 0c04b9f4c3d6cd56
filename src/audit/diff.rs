//! How two runs differ: what is refused now and was not, and the reverse.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    folder::{Line, RunFolder},
    refusals::{Refusals, denied},
    result::{AuditResult, Repository, Status},
};
use crate::{error::Error, report::json::v1};

/// How two runs differ.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Always 1.
    pub version: u32,
    /// Repositories that have something refused and had nothing.
    pub newly_refused: usize,
    /// Repositories that have nothing refused any more.
    pub no_longer_refused: usize,
    /// Findings that refuse now and did not.
    pub appeared: usize,
    /// Findings that refused and do not any more.
    pub gone: usize,
    /// Those that appeared, by rule.
    pub appeared_by_rule: BTreeMap<String, usize>,
    /// The repositories that differ, by location.
    pub repositories: Vec<RepositoryDifference>,
}

/// How a repository differs between two runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryDifference {
    /// Which repository.
    pub repository: Repository,
    /// How it ended before; absent where it was no part of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Status>,
    /// How it ended afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Status>,
    /// How many findings refused before.
    pub denied_before: usize,
    /// How many refuse afterwards.
    pub denied_after: usize,
    /// The findings that refuse now and did not.
    pub appeared: Vec<v1::Finding>,
    /// The findings that refused and do not any more.
    pub gone: Vec<v1::Finding>,
}

impl RepositoryDifference {
    /// How a result differs from an earlier one that refused nothing which this one does not.
    pub(super) fn added(before: &Refusals, after: &AuditResult) -> Option<Self> {
        let old: BTreeSet<&str> = before.denied().collect();
        let new = denied(after);
        let denied_after = new.len();
        let appeared = new.into_iter().filter(|(key, _)| !old.contains(key));
        let difference = Self {
            repository: after.repository.clone(),
            before: Some(before.status),
            after: Some(after.status),
            denied_before: old.len(),
            denied_after,
            appeared: appeared.map(|(_, finding)| finding.clone()).collect(),
            gone: Vec::new(),
        };
        difference.sorted()
    }

    /// How two results of a repository differ; `None` if they do not.
    pub(super) fn between(before: &AuditResult, after: &AuditResult) -> Option<Self> {
        let (old, new) = (denied(before), denied(after));
        let only = |these: &BTreeMap<&str, &v1::Finding>, others: &BTreeMap<&str, &v1::Finding>| {
            let only = these.iter().filter(|(key, _)| !others.contains_key(*key));
            only.map(|(_, finding)| (*finding).clone()).collect()
        };
        let difference = Self {
            repository: after.repository.clone(),
            before: Some(before.status),
            after: Some(after.status),
            denied_before: old.len(),
            denied_after: new.len(),
            appeared: only(&new, &old),
            gone: only(&old, &new),
        };
        difference.sorted()
    }

    /// Puts what differs in order; `None` if nothing does.
    fn sorted(mut self) -> Option<Self> {
        fn place(it: &v1::Finding) -> [&str; 3] {
            [&it.path, &it.site.text, &it.rule]
        }
        let by_place = |a: &v1::Finding, b: &v1::Finding| place(a).cmp(&place(b));
        self.appeared.sort_by(by_place);
        self.gone.sort_by(by_place);
        let is_same = self.before == self.after && self.appeared.is_empty() && self.gone.is_empty();
        (!is_same).then_some(self)
    }

    /// Of a repository that only one of two runs has.
    fn of_one(line: &Line, result: &AuditResult, is_new: bool) -> Self {
        let denied: Vec<v1::Finding> = denied(result).into_values().cloned().collect();
        let count = denied.len();
        let (appeared, gone) = if is_new {
            (denied, Vec::new())
        } else {
            (Vec::new(), denied)
        };
        Self {
            repository: line.repository.clone(),
            before: (!is_new).then_some(line.status),
            after: is_new.then_some(line.status),
            denied_before: if is_new { 0 } else { count },
            denied_after: if is_new { count } else { 0 },
            appeared,
            gone,
        }
    }
}

impl Difference {
    /// Adds up what repositories differ in.
    pub(super) fn new(mut repositories: Vec<RepositoryDifference>) -> Self {
        repositories.sort_by(|a, b| a.repository.cmp_place(&b.repository));
        let mut all = Self {
            version: 1,
            ..Self::default()
        };
        for one in &repositories {
            let newly = one.denied_before == 0 && one.denied_after > 0;
            let no_longer = one.denied_before > 0 && one.denied_after == 0;
            all.newly_refused = all.newly_refused.saturating_add(usize::from(newly));
            all.no_longer_refused = all.no_longer_refused.saturating_add(usize::from(no_longer));
            all.appeared = all.appeared.saturating_add(one.appeared.len());
            all.gone = all.gone.saturating_add(one.gone.len());
            for finding in &one.appeared {
                let of_rule = all
                    .appeared_by_rule
                    .entry(finding.rule.clone())
                    .or_default();
                *of_rule = of_rule.saturating_add(1);
            }
        }
        all.repositories = repositories;
        all
    }
}

/// How two runs differ, repository by repository.
///
/// # Errors
/// A run that cannot be read.
pub fn diff(before: &RunFolder, after: &RunFolder) -> Result<Difference, Error> {
    let by_id = |lines: Vec<Line>| -> BTreeMap<String, Line> {
        let lines = lines.into_iter();
        lines
            .map(|line| (line.repository.id.clone(), line))
            .collect()
    };
    let (old, new) = (by_id(before.lines()?), by_id(after.lines()?));
    let mut found = Vec::new();
    for (id, line) in &new {
        match old.get(id) {
            // The same bytes say the same.
            Some(other) if other.sha256 == line.sha256 => {}
            Some(other) => {
                let (a, b) = (before.result(other)?, after.result(line)?);
                found.extend(RepositoryDifference::between(&a, &b));
            }
            None => found.push(RepositoryDifference::of_one(
                line,
                &after.result(line)?,
                true,
            )),
        }
    }
    for (id, line) in &old {
        if !new.contains_key(id) {
            found.push(RepositoryDifference::of_one(
                line,
                &before.result(line)?,
                false,
            ));
        }
    }
    Ok(Difference::new(found))
}
