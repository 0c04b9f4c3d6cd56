//! `weighbridge audit merge`: runs of several machines as one.

use std::path::PathBuf;

use clap::Args;

use super::place::{self, Destination};
use crate::{
    audit::{self, RunFolder},
    cli::{output, terminal},
    error::Error,
    scan::Outcome,
};

/// Merge the runs of several machines into one
///
/// The summary is byte for byte that of one machine which audited everything.
/// Merging twice changes nothing.
#[derive(Debug, Args)]
pub(super) struct Merge {
    /// The folders that `weighbridge audit --shard` wrote, or the URL that they share
    #[arg(value_name = "RUN|URL", required = true)]
    runs: Vec<PathBuf>,
    /// Where the whole run is written; may be one of them
    #[arg(long, value_name = "DIR|URL", help_heading = "Output")]
    out: PathBuf,
}

impl Merge {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        let out = Destination::new(&self.out)?;
        let mut runs = Vec::new();
        for run in &self.runs {
            let Some(store) = place::shared(run)? else {
                runs.push(RunFolder::open(run)?);
                continue;
            };
            let folder = RunFolder::create(out.folder());
            for note in audit::fetch_shared(store.as_ref(), &folder)? {
                terminal::note(&note);
            }
            runs.push(folder);
        }
        let merged = audit::merge(&runs, out.folder())?;
        out.finish()?;
        for note in &merged.notes {
            terminal::note(note);
        }
        output::deliver(None, &[], |out| {
            audit::write_summary(&merged.summary, &self.out.display().to_string(), out)
        })?;
        Ok(super::outcome(&merged.summary))
    }
}
