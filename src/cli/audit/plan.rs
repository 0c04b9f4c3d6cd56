//! `weighbridge audit plan`: which of many machines audits which repository.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::{Args, ValueEnum};

use crate::{
    audit,
    cli::{output, today},
    error::Error,
    scan::Outcome,
};

const EXAMPLES: &str = "\
Examples:
  weighbridge audit plan --repos repos.csv --shards 16 --output plan.json
  weighbridge audit --plan plan.json --shard 3/16 --out out-3
  weighbridge audit --plan plan.json --shard auto --out s3://bucket/2026-11

Sizes come from the list (`size`, in bytes), from the export of a forge, or from
the clones and mirrors on this machine. A repository of unknown size counts as the
median of the others.";

/// Share repositories out among several machines by their sizes
///
/// Reads no repository. Each goes to the shard that its hash prefers, unless that
/// one has its part already: a repository or a shard that is added moves little else.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Plan {
    /// Folders with clones and bare repositories, however deep
    #[arg(value_name = "PATH", help_heading = "Repositories")]
    paths: Vec<PathBuf>,
    /// A list of repositories, as `weighbridge audit --repos` takes it
    #[arg(long, value_name = "FILE", help_heading = "Repositories")]
    repos: Vec<PathBuf>,
    /// How many shards
    #[arg(long, value_name = "N", help_heading = "Repositories", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    shards: u32,
    /// Where mirrors of earlier runs are, for the sizes of repositories that are named by a URL
    #[arg(
        long,
        value_name = "DIR",
        default_value = "weighbridge-audit/mirrors",
        help_heading = "Repositories"
    )]
    mirrors: PathBuf,
    /// Write the plan to a file
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Human, help_heading = "Output")]
    format: Format,
}

/// How a plan is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// What each shard has to do
    Human,
    /// The plan, as it is written to a file
    Json,
}

impl Plan {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        let mut targets = super::targets(&self.paths, &self.repos)?;
        audit::measure_sizes(&mut targets, &self.mirrors);
        let plan = audit::Plan::new(&targets, self.shards, today::today())?;
        if let Some(file) = &self.output {
            output::deliver(Some(file), &[], |out| json(&plan, out))?;
        }
        output::deliver(None, &[], |out| match self.format {
            Format::Human => audit::write_plan(&plan, out),
            Format::Json => json(&plan, out),
        })?;
        Ok(Outcome::Clean)
    }
}

fn json(plan: &audit::Plan, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, plan)?;
    writeln!(out)
}
