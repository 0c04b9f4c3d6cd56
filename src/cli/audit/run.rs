//! `weighbridge audit run`, which `weighbridge audit` is short for.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use super::{place, progress::Progress};
use crate::{
    audit::{self, Finished, Options, Organisation, Plan, Shard, What},
    cli::{output, terminal, today},
    error::Error,
    scan::Outcome,
};

/// The folder of a run, if none is named.
const WORK: &str = "weighbridge-audit";

/// Audit the repositories of folders and lists
///
/// The same as `weighbridge audit` without a subcommand.
#[derive(Debug, Args)]
pub(super) struct Run {
    /// Folders with clones and bare repositories, however deep
    #[arg(value_name = "PATH", help_heading = "Repositories")]
    paths: Vec<PathBuf>,
    /// A list of repositories: a path or a URL on each line; .csv, .json or .jsonl
    /// with the columns or keys `location`, `ref`, `owner`, `policy` and `size`
    #[arg(long, value_name = "FILE", help_heading = "Repositories")]
    repos: Vec<PathBuf>,
    /// The repositories and the shards of a plan that `weighbridge audit plan` wrote
    #[arg(long, value_name = "FILE", help_heading = "Repositories", conflicts_with_all = ["paths", "repos"])]
    plan: Option<PathBuf>,
    /// Every version of every file in the history of HEAD
    #[arg(long, help_heading = "Repositories", group = "what")]
    history: bool,
    /// The same of every branch, tag and other ref
    #[arg(long, help_heading = "Repositories", group = "what")]
    all_refs: bool,
    /// The organisation's policy: a file, or the name of a built-in one
    ///
    /// It stands above each repository's own: its locks hold, and what tries to
    /// loosen them is reported. Without it, each repository's own policy judges, or
    /// the built-in `recommended`.
    #[arg(long, value_name = "FILE", help_heading = "Policy")]
    policy: Option<PathBuf>,
    /// Where results are written; a run that was stopped continues there. A URL is a
    /// place that machines share: `s3://`, `gs://`, `az://` or `file://`
    #[arg(
        long,
        value_name = "DIR|URL",
        default_value = WORK,
        help_heading = "Output"
    )]
    out: PathBuf,
    /// The folder of this machine, where `--out` is a URL; by default `weighbridge-audit`
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    work: Option<PathBuf>,
    /// Where facts about files are kept for the next run; by default in the folder
    /// of the results
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    store: Option<PathBuf>,
    /// Audit only the K-th of N parts of the repositories: K/N, or `auto` for what the
    /// engine says that runs this command (`auto/N` where it does not say N)
    #[arg(long, value_name = "K/N", help_heading = "Repositories")]
    shard: Option<String>,
    /// Where repositories that are named by a URL are mirrored with git; by default
    /// in the folder of the results
    #[arg(long, value_name = "DIR", help_heading = "Repositories")]
    mirrors: Option<PathBuf>,
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
        let organisation = Organisation::load(self.policy.as_deref())?;
        let today = today::today();
        let plan = match &self.plan {
            Some(file) => Some((Plan::read(file)?, file)),
            None => None,
        };
        let planned = plan.as_ref().map(|((plan, _), _)| plan.shards);
        let shard = self.shard(planned)?;
        let (targets, digest, today) = match plan {
            Some(((plan, digest), file)) => {
                let targets = audit::each_once(plan.targets(file))?;
                (targets, Some(digest), plan.judged_on(today)?)
            }
            None => (super::targets(&self.paths, &self.repos)?, None, today),
        };
        let machines_share = place::shared(&self.out)?;
        let out = match (&machines_share, self.work) {
            (Some(_), work) => work.unwrap_or_else(|| WORK.into()),
            (None, None) => self.out,
            (None, Some(work)) => {
                return Err(Error::Usage {
                    message: format!(
                        "`--work {}` goes with an `--out` that is a URL, and `{}` is a folder",
                        work.display(),
                        self.out.display()
                    ),
                    help: String::from(
                        "name the one folder with `--out`, or the place that machines share as `--out file:///shared/2026-11-28`",
                    ),
                });
            }
        };
        output::make_folder(&out)?;
        let options = Options {
            what: match (self.history, self.all_refs) {
                (_, true) => What::AllRefs,
                (true, _) => What::History,
                _ => What::Head,
            },
            organisation,
            store: self.store.clone().unwrap_or_else(|| {
                // Machines that share the folder of the results do not share a store.
                let name = if shard.is_whole() {
                    String::from("store")
                } else {
                    format!("store-{}", shard.to_string().replace('/', "-of-"))
                };
                out.join(name)
            }),
            mirrors: self.mirrors.clone().unwrap_or_else(|| out.join("mirrors")),
            out,
            shared: machines_share,
            workers: super::workers(self.jobs),
            shard,
            time: self.repo_timeout.map(Duration::from_secs),
            plan: digest,
            today,
        };
        let progress = Progress::new();
        let finished = audit::run(&targets, &options, &progress);
        progress.finish();
        let mut finished = finished?;
        if !options.shard.is_whole() {
            // What other shards have yet to do is theirs.
            finished.summary.pending = 0;
        }
        output::deliver(None, &[], |out| {
            let place = options.shared.as_ref().map_or_else(
                || options.out.display().to_string(),
                |shared| shared.place().display().to_string(),
            );
            audit::write_summary(&finished.summary, &place, out)
        })?;
        Ok(told(&finished))
    }

    /// The part of the repositories that is this process's; `planned` is how many parts the plan has.
    fn shard(&self, planned: Option<u32>) -> Result<Shard, Error> {
        let wrong = |message: String| Error::Usage {
            message,
            help: String::from(
                "`--shard 3/16` is the third of sixteen; `--shard auto` asks the engine that runs this, and `auto/16` says how many there are",
            ),
        };
        let Some(text) = self.shard.as_deref() else {
            return Ok(Shard::whole());
        };
        let is_planned = |shard: Shard| match planned {
            Some(planned) if planned != shard.of() => Err(wrong(format!(
                "shard {shard} is not of this plan, which has {planned}"
            ))),
            _ => Ok(shard),
        };
        let Some(of) = text.strip_prefix("auto") else {
            return is_planned(Shard::parse(text).map_err(wrong)?);
        };
        let of = match of.strip_prefix('/') {
            Some(of) => {
                let of = of
                    .parse()
                    .map_err(|_| wrong(format!("`{of}` is no number of shards")))?;
                Some(of)
            }
            None if of.is_empty() => planned,
            None => return Err(wrong(format!("`{text}` is no shard"))),
        };
        let variable = |name: &str| std::env::var_os(name)?.into_string().ok();
        let (shard, engine) = audit::detect_shard(&variable, of).map_err(wrong)?;
        terminal::note(&format!("shard {shard}, as {engine} says"));
        is_planned(shard)
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
    super::outcome(&finished.summary)
}
