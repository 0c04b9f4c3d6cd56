//! `weighbridge policy diff`.

use clap::Args;

use super::super::{OutputArgs, current_dir, output, terminal};
use crate::{
    error::Error,
    policy,
    report::{self, PolicyDiff},
    scan::{self, Outcome},
};

/// Compare two policies: what is looser, and what is tighter
///
/// Each is a file, a bundled policy, a revision (the policy that the repository
/// has there) or REVISION:PATH. What packs and extended policies make of them
/// counts; comments and the order of keys do not.
#[derive(Debug, Args)]
pub(in crate::cli) struct Diff {
    /// The policy to compare with
    #[arg(value_name = "OLD", default_value = "HEAD")]
    old: String,
    /// The policy to compare; by default the one on disk
    #[arg(value_name = "NEW")]
    new: Option<String>,
    /// Exit with 1 if anything is looser, or may be
    #[arg(long)]
    exit_code: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Human, help_heading = "Output")]
    format: Format,
    #[command(flatten)]
    output: OutputArgs,
}

/// How the differences are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Two lists, each with its lines
    Human,
    /// Markdown for a comment on a pull request
    Markdown,
    /// Everything, for programs
    Json,
}

impl Diff {
    pub(super) fn color(&self) -> terminal::Color {
        self.output.color
    }

    pub(super) fn run(self) -> Result<Outcome, Error> {
        let cwd = current_dir()?;
        let (old, old_name) = scan::policy_called(&cwd, Some(&self.old))?;
        let (new, new_name) = scan::policy_called(&cwd, self.new.as_deref())?;
        let diff = PolicyDiff {
            old: old_name,
            new: new_name,
            changes: policy::compare(&old, &new, &scan::rules()),
        };
        let style = terminal::style(self.output.color, self.output.output.is_some());
        output::deliver(self.output.output.as_deref(), &[], |out| {
            match self.format {
                Format::Human => report::policy_diff::human(&diff, style, out),
                Format::Markdown => report::policy_diff::markdown(&diff, out),
                Format::Json => report::json::policy_diff::write(&diff, out),
            }
        })?;
        Ok(if self.exit_code && diff.is_looser() {
            Outcome::Refused
        } else {
            Outcome::Clean
        })
    }
}
