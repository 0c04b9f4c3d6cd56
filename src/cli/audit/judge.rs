//! `weighbridge audit judge`: a run by another policy.

use std::path::PathBuf;

use clap::Args;

use super::diff::Format;
use crate::{
    audit::{self, AgainOptions, Organisation, RunFolder},
    cli::{output, terminal, today},
    error::Error,
    scan::Outcome,
};

/// Judge a run again by another policy, without touching a repository
///
/// Says what would be refused that is not refused now, and the reverse: what
/// would break if the policy were enforced.
#[derive(Debug, Args)]
pub(super) struct Judge {
    /// The folder that `weighbridge audit --out` wrote
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// The other policy: a file, or the name of a built-in one
    #[arg(long, value_name = "FILE", help_heading = "Policy")]
    policy: PathBuf,
    /// The store of the run; by default in its folder
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    store: Option<PathBuf>,
    /// Write the results by the other policy to a folder
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    out: Option<PathBuf>,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Human, help_heading = "Output")]
    format: Format,
    /// How many repositories to judge at once; by default the number of processors
    #[arg(long, value_name = "N", help_heading = "Limits", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
}

impl Judge {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        let run = RunFolder::open(&self.run)?;
        let organisation = Organisation::load(Some(&self.policy))?;
        let store = self.store.unwrap_or_else(|| self.run.join("store"));
        let judged = audit::judge_again(
            &run,
            &AgainOptions {
                organisation: &organisation,
                store: &store,
                out: self.out.as_deref(),
                today: today::today(),
                workers: super::workers(self.jobs),
            },
        )?;
        for (location, why) in &judged.left {
            terminal::note(&format!("{location}: not judged again: {why}"));
        }
        output::deliver(None, &[], |out| self.format.write(&judged.difference, out))?;
        let is_whole = judged.left.is_empty();
        Ok(match judged.difference.appeared {
            0 if is_whole => Outcome::Clean,
            0 => Outcome::Unable,
            _ => Outcome::Refused,
        })
    }
}
