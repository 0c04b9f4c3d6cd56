//! `weighbridge audit`: many repositories and their histories.

mod progress;
mod run;

use clap::{Args, Subcommand};

use crate::{error::Error, scan::Outcome};

const EXAMPLES: &str = "\
Examples:
  weighbridge audit ~/mirrors --policy org.yaml
                                   every clone and bare repository below a folder
  weighbridge audit --repos repos.csv --history
                                   those of a list, with all that was ever in them

A run that was stopped continues where it was; one without changes takes seconds.

Exit codes:
  0  everything was looked at, and nothing is refused
  1  something is refused
  2  the audit could not be done, or not all of it: the summary says what is
     missing";

/// Audit many repositories by the policy of an organisation
///
/// Finds clones and bare repositories, judges the files of each, and writes one
/// result for each repository. The organisation's policy stands above each
/// repository's own.
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true
)]
pub(super) struct Audit {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: run::Run,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Run),
}

impl Audit {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        match self.command {
            None => self.run.run(),
            Some(Command::Run(run)) => run.run(),
        }
    }
}
