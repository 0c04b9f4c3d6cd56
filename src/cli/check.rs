//! `weighbridge check`: the gate.

use std::path::PathBuf;

use clap::Args;

use super::{
    PolicyArgs, current_dir,
    outputs::{Outputs, Plan},
    policy,
    progress::Bar,
    terminal,
};
use crate::{
    error::Error,
    scan::{self, Here, Outcome, Report, Request},
};

const EXAMPLES: &str = "\
Examples:
  weighbridge check                          tracked files, and untracked ones
                                             that git does not ignore
  weighbridge check --staged                 in a pre-commit hook
  weighbridge check ~/Downloads/model.ckpt   anywhere, repository or not
  weighbridge check --output sarif=out.sarif --output html=report.html
                                             as on a terminal, and two files

Exit codes:
  0  nothing is refused
  1  something is refused (0 with --exit-zero)
  2  the job could not be done
  3  there was no artifact and no source file to check (0 with --staged:
     most commits bring none)";

const ENVIRONMENT: &str = "\
Environment:
  WEIGHBRIDGE_FORMAT   how to report where --format does not say
  NO_COLOR, CLICOLOR_FORCE, TERM, LANG
                       what the terminal can show
  GITHUB_ACTIONS, GITLAB_CI
                       annotations, or how to get them
  GITHUB_WORKSPACE, CI_PROJECT_DIR
                       where annotations spell paths from, outside a repository";

/// Check the files of a repository, a folder, or by name
///
/// Looks at every file of the repository that git tracks or would offer to track;
/// outside a repository, at every file. A path given by name is looked at even if
/// git ignores it. What a file is, its content decides, not its name.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{ENVIRONMENT}"))]
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
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    outputs: Outputs,
    /// How many files to read at once; as many as there are processors by default
    #[arg(long, value_name = "N", help_heading = "Limits", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

impl Check {
    pub(super) fn color(&self) -> terminal::Color {
        self.outputs.color()
    }

    pub(super) fn run(self) -> Result<Outcome, Error> {
        let cwd = current_dir()?;
        let plan = self.outputs.plan()?;
        let view = if self.staged {
            scan::staged(&cwd, &self.paths)?
        } else {
            scan::work_tree(&cwd, &self.paths)?
        };
        let request = Request {
            threads: self.threads.map(usize::from),
            wants: plan.wants(),
        };
        let (policy, name) = policy::find(self.policy.policy.as_deref(), &view, &cwd)?;
        let bar = Bar::new(terminal::shows_progress());
        let mut report = scan::check(&view, &policy, name, request, &bar)?;
        bar.finish();
        report.here = Here::between(&cwd, &view.root);
        // A repository is shown from its own root, wherever it lies.
        if let Some(checkout) = terminal::checkout().filter(|_| !view.is_repository()) {
            report.checkout = Here::between(&checkout, &view.root);
        }
        plan.deliver(&report)?;
        Ok(plan.outcome(self.outcome(&report, &plan)))
    }

    fn outcome(&self, report: &Report, plan: &Plan) -> Outcome {
        let outcome = report.outcome();
        if outcome != Outcome::Nothing {
            return outcome;
        }
        // Text for people says this itself.
        if !plan.tells_people() {
            terminal::note(&format!(
                "nothing to check: no artifact and no source file among {} in {}",
                counted(report.coverage.entries),
                report.view
            ));
        }
        if self.staged { Outcome::Clean } else { outcome }
    }
}

fn counted(files: usize) -> String {
    match files {
        1 => String::from("1 file"),
        n => format!("{n} files"),
    }
}
