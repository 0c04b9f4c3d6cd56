//! `weighbridge policy check`.

use std::path::PathBuf;

use clap::Args;

use super::{
    super::{OrganisationArgs, PolicyArgs, output, terminal, today},
    effective,
};
use crate::{
    error::Error,
    policy::lint,
    report,
    scan::{self, Outcome},
};

const CODES: &str = "\
Exit codes:
  0  the policy is valid, and says nothing without need
  1  something in it is not needed or has no effect
  2  the policy is not valid";

/// Check the policy itself: errors, lines without effect or need
///
/// Reports all errors of the policy and of what it extends; entries, overrides,
/// exclusions and waivers that no file of the repository needs; entries that are
/// listed twice, are in a named pack or are refused; waivers that have ended or
/// are beyond the terms; levels that are inherited anyway; and, as notes, entries
/// that are dangerous or wide. `check` and the hooks do not run it.
#[derive(Debug, Args)]
#[command(after_help = CODES)]
pub(in crate::cli) struct Check {
    /// The policy file, instead of the one that judges here
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The policy is for other repositories: do not compare it with the files
    /// of this one
    #[arg(long)]
    shared: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Human, help_heading = "Output")]
    format: Format,
    #[command(flatten)]
    organisation: OrganisationArgs,
}

/// How the result is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// With the lines of the policy
    Human,
    /// For programs
    Json,
}

impl Check {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        let found = effective(&PolicyArgs {
            policy: self.file,
            organisation: self.organisation,
        })?;
        let used = (!self.shared).then(|| scan::used(&found.view, &found.policy));
        let lints = lint(&found.policy, used.as_ref(), today::today());
        let notes = found.policy.notes();
        output::deliver(None, &[], |out| match self.format {
            Format::Human => {
                let style = terminal::style(terminal::Color::Auto, false);
                report::policy::checked(&found.name, &lints, notes, style, out)
            }
            Format::Json => report::policy::checked_json(&found.name, &lints, notes, out),
        })?;
        Ok(if lints.is_empty() {
            Outcome::Clean
        } else {
            Outcome::Refused
        })
    }
}
