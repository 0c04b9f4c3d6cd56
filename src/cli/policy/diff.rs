//! `weighbridge policy diff`.

use clap::Args;

use super::super::{OrganisationArgs, OutputArgs, current_dir, output, terminal};
use crate::{
    error::Error,
    report::{self, PolicyDiff},
    scan::{self, Outcome},
};

/// Compare two policies: what is looser, and what is tighter
///
/// Each is a file, a bundled policy, a folder or a revision (the policy that it
/// has) or REVISION:PATH. What packs and extended policies make of them
/// counts; comments and the order of keys do not. With an organisation's policy,
/// each is compared as it judges below that. Where both policies honour
/// `.gitattributes`, and are those of revisions or the one on disk, the lines
/// that exclude files are compared as well.
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
    organisation: OrganisationArgs,
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
        let organisation = self.organisation.file();
        let old = scan::policy_called(&cwd, Some(&self.old), organisation)?;
        let new = scan::policy_called(&cwd, self.new.as_deref(), organisation)?;
        let diff = PolicyDiff {
            changes: scan::compare_policies(&old, &new),
            old: old.name,
            new: new.name,
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
