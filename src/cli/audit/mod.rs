//! `weighbridge audit`: many repositories and their histories.

mod diff;
mod judge;
mod merge;
mod place;
mod plan;
mod progress;
mod report;
mod run;
mod waivers;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::{
    audit::{self, Summary, Target},
    error::Error,
    scan::Outcome,
};

const EXAMPLES: &str = "\
Examples:
  weighbridge audit ~/mirrors --policy org.yaml
                                   every clone and bare repository below a folder
  weighbridge audit --repos repos.csv --history
                                   those of a list, with all that was ever in them
  weighbridge audit plan --repos repos.csv --shards 16 --output plan.json
                                   who audits what, for sixteen machines
  weighbridge audit judge weighbridge-audit --policy stricter.yaml
                                   what would break if this were enforced
  weighbridge audit diff last-week weighbridge-audit
                                   what is refused now and was not
  weighbridge audit report weighbridge-audit -o audit.html
                                   a page to look at

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
    Judge(judge::Judge),
    Diff(diff::Diff),
    Plan(plan::Plan),
    Merge(merge::Merge),
    Waivers(waivers::Waivers),
    Suggest(waivers::Suggest),
    Report(report::Report),
}

impl Audit {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        match self.command {
            None => self.run.run(),
            Some(Command::Run(run)) => run.run(),
            Some(Command::Judge(judge)) => judge.run(),
            Some(Command::Diff(diff)) => diff.run(),
            Some(Command::Plan(plan)) => plan.run(),
            Some(Command::Merge(merge)) => merge.run(),
            Some(Command::Waivers(waivers)) => waivers.run(),
            Some(Command::Suggest(suggest)) => suggest.run(),
            Some(Command::Report(report)) => report.run(),
        }
    }
}

/// The repositories of folders and lists, each once.
fn targets(paths: &[PathBuf], lists: &[PathBuf]) -> Result<Vec<Target>, Error> {
    let mut targets = Vec::new();
    for path in paths {
        targets.extend(audit::below(path)?);
    }
    for list in lists {
        targets.extend(audit::read_list(list)?);
    }
    audit::each_once(targets)
}

/// How many repositories are worked on at once.
fn workers(asked: Option<u16>) -> usize {
    let processors = || std::thread::available_parallelism().map_or(1, usize::from);
    asked.map_or_else(processors, usize::from)
}

/// How a run ends that came to these numbers.
fn outcome(summary: &Summary) -> Outcome {
    if summary.is_refused() {
        Outcome::Refused
    } else if summary.is_complete() {
        Outcome::Clean
    } else {
        Outcome::Unable
    }
}
