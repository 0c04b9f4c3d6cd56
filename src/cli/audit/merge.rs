//! `weighbridge audit merge`: runs of several machines as one.

use std::path::PathBuf;

use clap::Args;

use crate::{
    audit::{self, RunFolder},
    cli::output,
    error::Error,
    scan::Outcome,
};

/// Merge the runs of several machines into one
///
/// The summary is byte for byte that of one machine which audited everything.
/// Merging twice changes nothing.
#[derive(Debug, Args)]
pub(super) struct Merge {
    /// The folders that `weighbridge audit --shard` wrote
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,
    /// Where the whole run is written; may be one of them
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    out: PathBuf,
}

impl Merge {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        let runs = self.runs.iter().map(|run| RunFolder::open(run));
        let runs = runs.collect::<Result<Vec<_>, _>>()?;
        let summary = audit::merge(&runs, &self.out)?;
        output::deliver(None, &[], |out| {
            audit::write_summary(&summary, &self.out, out)
        })?;
        Ok(super::outcome(&summary))
    }
}
