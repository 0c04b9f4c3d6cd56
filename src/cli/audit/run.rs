//! `weighbridge audit run`, which `weighbridge audit` is short for.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use super::progress::Progress;
use crate::{
    audit::{self, Finished, Options, Organisation, Place, Target, What},
    cli::{output, terminal, today},
    error::Error,
    scan::Outcome,
};

/// Audit the repositories of folders and lists
///
/// The same as `weighbridge audit` without a subcommand.
#[derive(Debug, Args)]
pub(super) struct Run {
    /// Folders with clones and bare repositories, however deep
    #[arg(value_name = "PATH", help_heading = "Repositories")]
    paths: Vec<PathBuf>,
    /// A list of repositories: a path or a URL on each line; .csv, .json or .jsonl
    /// with the columns or keys `location`, `ref`, `owner` and `policy`
    #[arg(long, value_name = "FILE", help_heading = "Repositories")]
    repos: Vec<PathBuf>,
    /// Every version of every file in the history of HEAD
    #[arg(long, help_heading = "Repositories", group = "what")]
    history: bool,
    /// The same of every branch, tag and other ref
    #[arg(long, help_heading = "Repositories", group = "what")]
    all_refs: bool,
    /// The organisation's policy: a file, or the name of a built-in one
    #[arg(
        long,
        value_name = "FILE",
        default_value = "recommended",
        help_heading = "Policy"
    )]
    policy: PathBuf,
    /// Where results are written; a run that was stopped continues there
    #[arg(
        long,
        value_name = "DIR",
        default_value = "weighbridge-audit",
        help_heading = "Output"
    )]
    out: PathBuf,
    /// Where facts about files are kept for the next run; by default in the folder
    /// of the results
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    store: Option<PathBuf>,
    /// How many repositories to read at once; by default the number of processors
    #[arg(long, value_name = "N", help_heading = "Limits", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Seconds that one repository may take; what is not read by then makes its
    /// result partial, and the next run reads it
    #[arg(long, value_name = "SECONDS", help_heading = "Limits", value_parser = clap::value_parser!(u64).range(1..))]
    repo_timeout: Option<u64>,
}

impl Run {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        let organisation = Organisation::load(Some(&self.policy))?;
        let targets = self.targets()?;
        output::make_folder(&self.out)?;
        let options = Options {
            what: match (self.history, self.all_refs) {
                (_, true) => What::AllRefs,
                (true, _) => What::History,
                _ => What::Head,
            },
            organisation,
            store: self.store.clone().unwrap_or_else(|| self.out.join("store")),
            out: self.out,
            workers: self.jobs.map_or_else(
                || std::thread::available_parallelism().map_or(1, usize::from),
                usize::from,
            ),
            time: self.repo_timeout.map(Duration::from_secs),
            today: today::today(),
        };
        let progress = Progress::new();
        let finished = audit::run(&targets, &options, &progress);
        progress.finish();
        let finished = finished?;
        output::deliver(None, &[], |out| {
            audit::write_summary(&finished.summary, &options.out, out)
        })?;
        Ok(told(&finished))
    }

    fn targets(&self) -> Result<Vec<Target>, Error> {
        let mut targets = Vec::new();
        for path in &self.paths {
            targets.extend(audit::below(path)?);
        }
        for list in &self.repos {
            targets.extend(audit::read_list(list)?);
        }
        if let Some(target) = targets.iter().find(|it| matches!(it.place, Place::Url(_))) {
            return Err(Error::Usage {
                message: format!("`{}` is a URL", target.repository.location),
                help: String::from("clone it first, and name the folder of the clones"),
            });
        }
        audit::each_once(targets)
    }
}

/// How the run ends; what was amiss with the store is said first.
fn told(finished: &Finished) -> Outcome {
    if finished.contradicted > 0 {
        terminal::note(&format!(
            "{} contents say something else than the store: somebody has changed it; remove its folder and audit again",
            finished.contradicted
        ));
        return Outcome::Unable;
    }
    if finished.summary.is_refused() {
        Outcome::Refused
    } else if finished.summary.is_complete() {
        Outcome::Clean
    } else {
        Outcome::Unable
    }
}
