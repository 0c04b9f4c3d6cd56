//! `weighbridge audit judge`: a run by another policy.

use std::path::PathBuf;

use clap::Args;

use super::{
    diff::Format,
    place::{self, Destination},
};
use crate::{
    audit::{self, AgainOptions, Organisation},
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
    /// The folder or the URL that `weighbridge audit --out` wrote to
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// The other policy: a file, or the name of a built-in one
    #[arg(long, value_name = "FILE", help_heading = "Policy")]
    policy: PathBuf,
    /// The store of the run; by default in its folder
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    store: Option<PathBuf>,
    /// Write the results by the other policy to a folder or a URL
    #[arg(long, value_name = "DIR|URL", help_heading = "Output")]
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
        let store = self.store()?;
        let run = place::open_run(&self.run)?;
        let organisation = Organisation::load(Some(&self.policy))?;
        let out = self.out.as_deref().map(Destination::new).transpose()?;
        let judged = audit::judge_again(
            &run,
            &AgainOptions {
                organisation: &organisation,
                store: &store,
                out: out.as_ref().map(Destination::folder),
                today: today::today(),
                workers: super::workers(self.jobs),
            },
        )?;
        if let Some(out) = &out {
            out.finish()?;
        }
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

    /// The store that the run was made with.
    fn store(&self) -> Result<PathBuf, Error> {
        if let Some(store) = &self.store {
            return Ok(store.clone());
        }
        if self.run.to_str().is_some_and(audit::is_shared) {
            return Err(Error::Usage {
                message: format!(
                    "`{}` has no store: what files say is kept by the machines that read them",
                    self.run.display()
                ),
                help: String::from(
                    "name the store of such a machine with `--store`: the folder `store` in the one that `--work` named",
                ),
            });
        }
        Ok(self.run.join("store"))
    }
}
