//! `weighbridge policy show`.

use std::path::PathBuf;

use clap::Args;

use super::{
    super::{PolicyArgs, output},
    effective, path_below,
};
use crate::{error::Error, report, scan::Outcome};

const EXAMPLES: &str = "\
Examples:
  weighbridge policy show                  what the policy and all that it
                                           extends come to
  weighbridge policy show models/a.pt      what holds for this file
  weighbridge policy show --policy strict  a bundled policy, line by line";

/// Show the effective policy, each line with the file and line it comes from
///
/// The policy is merged with everything that it extends. With PATH, only the
/// lines that hold for that file are shown, and those that another line makes
/// void say so. The output is a policy itself.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Show {
    /// A file, which need not exist
    #[arg(value_name = "PATH")]
    path: Option<PathBuf>,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Yaml, help_heading = "Output")]
    format: Format,
    #[command(flatten)]
    policy: PolicyArgs,
}

/// How a policy is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A policy, with comments
    Yaml,
    /// Its lines, for programs
    Json,
}

impl Show {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        let found = effective(&self.policy)?;
        let path = match &self.path {
            Some(path) => Some(path_below(&found, path)?),
            None => None,
        };
        let ancestry = found.policy.ancestry();
        let mut of = ancestry.first().unwrap_or(&found.name).clone();
        if let Some(extended) = ancestry.get(1..).filter(|more| !more.is_empty()) {
            of = format!("{of}, which extends {}", extended.join(", "));
        }
        if let Some(path) = &path {
            of = format!("{of}\n# for {path}");
        }
        let lines = found.policy.effective(path.as_ref());
        output::deliver(None, &[], |out| match self.format {
            Format::Yaml => report::policy::effective(&of, &lines, out),
            Format::Json => report::policy::effective_json(&of, &lines, out),
        })?;
        Ok(Outcome::Clean)
    }
}
