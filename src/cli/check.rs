//! `weighbridge check`: the gate.

use std::path::PathBuf;

use clap::{Args, builder::PossibleValuesParser};

use super::{OutputArgs, PolicyArgs, current_dir, output, policy, progress::Bar, terminal};
use crate::{
    error::Error,
    report,
    scan::{self, Here, Outcome, Report, Request},
};

const EXAMPLES: &str = "\
Examples:
  weighbridge check                          tracked files, and untracked ones
                                             that git does not ignore
  weighbridge check --staged                 in a pre-commit hook
  weighbridge check --history=v1.0..HEAD     brought since v1.0, removed or not
  weighbridge check ~/Downloads/model.ckpt   anywhere, repository or not
  weighbridge check --format json -o report.json

Exit codes:
  0  nothing is refused
  1  something is refused
  2  the job could not be done
  3  there was no artifact and no source file to check (0 with --staged and
     for a range: most commits bring none)";

/// Check the files of a repository, a folder, or by name
///
/// Looks at every file of the repository that git tracks or would offer to track;
/// outside a repository, at every file. A path given by name is looked at even if
/// git ignores it. What a file is, its content decides, not its name.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Check {
    /// Files and folders to check, instead of the whole repository
    #[arg(value_name = "PATH", help_heading = "Selection")]
    paths: Vec<PathBuf>,
    /// Check what `git commit` would record
    ///
    /// Only what differs from HEAD, and as it is in the index: changes that are
    /// not staged do not count.
    #[arg(long, help_heading = "Selection")]
    staged: bool,
    /// Check every file that the commits of RANGE have ever had, each once, with
    /// the commit that brought it; RANGE is a commit, A..B or A...B, by default HEAD
    ///
    /// A checkpoint that was removed last year is still one clone away.
    #[arg(
        long,
        value_name = "RANGE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "HEAD",
        conflicts_with = "staged",
        help_heading = "Selection"
    )]
    history: Option<String>,
    /// The same for every branch, tag, remote and other ref
    #[arg(long, conflicts_with_all = ["staged", "history"], help_heading = "Selection")]
    all_refs: bool,
    #[command(flatten)]
    policy: PolicyArgs,
    /// How to report
    #[arg(
        long,
        value_name = "FORMAT",
        help_heading = "Output",
        default_value = "human",
        value_parser = PossibleValuesParser::new(report::REPORTERS.iter().map(|r| r.name()))
    )]
    format: String,
    #[command(flatten)]
    output: OutputArgs,
    /// How many files to read at once; as many as there are processors by default
    #[arg(long, value_name = "N", help_heading = "Limits", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

impl Check {
    pub(super) fn color(&self) -> terminal::Color {
        self.output.color
    }

    pub(super) fn run(self) -> Result<Outcome, Error> {
        let cwd = current_dir()?;
        let view = if self.staged {
            scan::staged(&cwd, &self.paths)?
        } else if let Some(range) = &self.history {
            scan::history(&cwd, range, &self.paths)?
        } else if self.all_refs {
            scan::all_refs(&cwd, &self.paths)?
        } else {
            scan::work_tree(&cwd, &self.paths)?
        };
        let reporter = report::by_name(&self.format).ok_or_else(|| Error::Usage {
            message: format!("there is no format `{}`", self.format),
            help: String::from("run `weighbridge check --help`"),
        })?;
        let request = Request {
            threads: self.threads.map(usize::from),
            wants: reporter.wants(),
            ..Request::default()
        };
        let (policy, name) = policy::find(self.policy.policy.as_deref(), &view, &cwd)?;
        let bar = Bar::new(terminal::shows_progress());
        let mut report = scan::check(&view, &policy, name, request, &bar)?;
        bar.finish();
        report.here = Here::between(&cwd, &view.root);

        let style = terminal::style(self.output.color, self.output.output.is_some());
        output::deliver(self.output.output.as_deref(), |out| {
            reporter.write(&report, style, out)
        })?;
        Ok(self.outcome(&report))
    }

    fn outcome(&self, report: &Report) -> Outcome {
        let outcome = report.outcome();
        if outcome != Outcome::Nothing {
            return outcome;
        }
        // Text for people says this itself.
        if self.output.output.is_some() || self.format == "json" {
            terminal::note(&format!(
                "nothing to check: no artifact and no source file among {} in {}",
                counted(report.coverage.entries),
                report.view
            ));
        }
        // Most commits bring none.
        let range = self.history.as_ref();
        if self.staged || range.is_some_and(|range| range.contains("..")) {
            Outcome::Clean
        } else {
            outcome
        }
    }
}

fn counted(files: usize) -> String {
    match files {
        1 => String::from("1 file"),
        n => format!("{n} files"),
    }
}
