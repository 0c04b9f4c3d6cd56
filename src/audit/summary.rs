//! The numbers of all repositories of a run, apart by status: what is complete, what is partial and what failed are never added up.

use serde::{Deserialize, Serialize};

use super::{
    folder::{Line, RunFolder, RunInfo},
    result::{Counts, Status},
};
use crate::{error::Error, report::json::v1};

/// The numbers of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Always 1.
    pub version: u32,
    /// What of each repository was looked at: `head`, `history` or `all-refs`.
    pub what: String,
    /// The organisation's policy.
    pub policy: String,
    /// Its digest.
    pub policy_sha256: String,
    /// The version of the program.
    pub scanner: String,
    /// Repositories of which all was looked at.
    pub complete: Totals,
    /// Those of which something was not.
    pub partial: Totals,
    /// Those that could not be audited.
    pub failed: Totals,
    /// Repositories of the run that have no result yet.
    pub pending: usize,
    /// The repositories, by location.
    pub repositories: Vec<Line>,
}

/// The numbers of repositories with one status.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// How many there are.
    pub repositories: usize,
    /// How many of them have a finding of level deny that counts.
    pub refused: usize,
    /// What was looked at in them.
    pub coverage: v1::Coverage,
    /// What was found in them.
    pub counts: Counts,
    /// Lines of their policies that try to loosen what is locked.
    pub loosenings: usize,
}

impl Totals {
    fn add(&mut self, line: &Line) {
        self.repositories = self.repositories.saturating_add(1);
        self.refused = self
            .refused
            .saturating_add(usize::from(line.counts.denied > 0));
        self.loosenings = self.loosenings.saturating_add(line.loosenings);
        self.coverage.add(&line.coverage);
        let (all, own) = (&mut self.counts, &line.counts);
        for (all, own) in [
            (&mut all.denied, own.denied),
            (&mut all.warned, own.warned),
            (&mut all.overridden, own.overridden),
            (&mut all.waived, own.waived),
            (&mut all.baseline, own.baseline),
            (&mut all.refused_files, own.refused_files),
            (&mut all.executable, own.executable),
            (&mut all.executable_unpinned, own.executable_unpinned),
        ] {
            *all = all.saturating_add(own);
        }
    }
}

impl Summary {
    /// The numbers of what a run's folder has of the run's repositories.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn of(folder: &RunFolder) -> Result<Self, Error> {
        let info = folder.known_info()?;
        let lines = info.repositories.iter();
        let lines = lines.filter_map(|it| folder.line(&it.id)).collect();
        Ok(Self::new(&info, lines))
    }

    /// The numbers of some repositories of a run.
    pub(super) fn new(info: &RunInfo, mut lines: Vec<Line>) -> Self {
        lines.sort_by(|a, b| a.repository.cmp_place(&b.repository));
        let mut summary = Self {
            version: 1,
            what: info.what.clone(),
            policy: info.policy.clone(),
            policy_sha256: info.policy_sha256.clone(),
            scanner: info.scanner.clone(),
            complete: Totals::default(),
            partial: Totals::default(),
            failed: Totals::default(),
            pending: info.repositories.len().saturating_sub(lines.len()),
            repositories: Vec::new(),
        };
        for line in &lines {
            match line.status {
                Status::Complete => summary.complete.add(line),
                Status::Partial => summary.partial.add(line),
                Status::Failed => summary.failed.add(line),
            }
        }
        summary.repositories = lines;
        summary
    }

    /// Whether something is refused in any repository.
    pub fn is_refused(&self) -> bool {
        self.complete.refused > 0 || self.partial.refused > 0
    }

    /// Whether all of every repository was looked at.
    pub fn is_complete(&self) -> bool {
        self.partial.repositories == 0 && self.failed.repositories == 0 && self.pending == 0
    }
}
