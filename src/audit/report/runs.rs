//! How the numbers of a run compare with those of earlier ones: a row for each.

use super::{
    floors::Floors,
    table::{Cell, Pool, Row},
};
use crate::{
    audit::{
        folder::RunFolder,
        governance::Adoption,
        result::{Artifact, AuditResult, Status},
        summary::Summary,
    },
    error::Error,
};

/// What of a run only its results say.
#[derive(Debug, Default)]
pub(super) struct RunSums {
    adoption: Adoption,
    below_floor: usize,
    loosenings: usize,
    waivers: usize,
}

impl RunSums {
    pub(super) fn add(&mut self, result: &AuditResult, floors: &Floors) {
        self.adoption.add(result);
        self.loosenings = self.loosenings.saturating_add(result.loosenings.len());
        let own = result.waivers.iter().filter(|it| !it.is_organisations);
        self.waivers = self.waivers.saturating_add(own.count());
        if result.status == Status::Complete {
            let below = result.artifacts.iter().filter(|it| is_below(it, floors));
            self.below_floor = self.below_floor.saturating_add(below.count());
        }
    }

    /// The row of a run that has these sums.
    pub(super) fn row(&self, name: &str, summary: &Summary, pool: &mut Pool) -> Box<[Cell]> {
        let (complete, partial) = (&summary.complete, &summary.partial);
        Row::new(pool)
            .text(name)
            .text(&latest(summary))
            .text(&summary.policy)
            .number(complete.repositories)
            .number(partial.repositories)
            .number(summary.failed.repositories)
            .number(summary.pending)
            .number(complete.refused)
            .number(partial.refused)
            .number(complete.counts.denied)
            .number(partial.counts.denied)
            .number(complete.counts.executable)
            .number(partial.counts.executable)
            .number(complete.counts.executable_unpinned)
            .number(complete.counts.waived)
            .number(self.below_floor)
            .number(self.adoption.own_policy)
            .number(self.adoption.pinned)
            .number(self.loosenings)
            .number(self.waivers)
            .end()
    }
}

/// Whether a model file comes from or needs a library below its floor.
fn is_below(artifact: &Artifact, floors: &Floors) -> bool {
    let mut libraries = artifact.libraries.iter();
    libraries.any(|library| {
        let floor = floors.floor(&library.name);
        let version = library.version.as_deref();
        floor
            .zip(version)
            .and_then(|(floor, version)| floor.is_met(version))
            == Some(false)
    })
}

/// The row of an earlier run. One result is in memory at a time.
///
/// # Errors
/// A run that cannot be read.
pub(super) fn earlier(
    run: &RunFolder,
    floors: &Floors,
    pool: &mut Pool,
) -> Result<Box<[Cell]>, Error> {
    let summary = Summary::of(run)?;
    let mut sums = RunSums::default();
    for line in &summary.repositories {
        if line.status != Status::Failed {
            sums.add(&run.result(line)?, floors);
        }
    }
    Ok(sums.row(&run.path().display().to_string(), &summary, pool))
}

/// The latest day on which a repository was judged.
pub(super) fn latest(summary: &Summary) -> String {
    let days = summary.repositories.iter().map(|line| &line.judged_on);
    days.max().cloned().unwrap_or_default()
}
