//! `weighbridge inspect`: what loading one file would do.

use std::path::PathBuf;

use clap::Args;

use super::{OutputArgs, PolicyArgs, current_dir, output, policy, terminal};
use crate::{
    error::Error,
    report,
    scan::{self, Listing, Outcome},
};

/// Say what loading one file would do
///
/// Its formats and members, every global it resolves and what the policy says
/// about it, the calls with their arguments, and how
/// torch.load(weights_only=True) would take it. Looking is not judging: the exit
/// code is 0 whatever the file does.
#[derive(Debug, Args)]
pub(super) struct Inspect {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Show every opcode with its effect
    #[arg(long, help_heading = "Output")]
    disassemble: bool,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Inspect {
    pub(super) fn color(&self) -> terminal::Color {
        self.output.color
    }

    pub(super) fn run(self) -> Result<Outcome, Error> {
        let cwd = current_dir()?;
        let mut view = scan::file(&cwd, &self.file)?;
        let (policy, name) = policy::find(self.policy.policy.as_deref(), &mut view, &cwd)?;
        let listing = if self.disassemble {
            Listing::Lines(crate::limits::INSPECT_LINES)
        } else {
            Listing::None
        };
        let inspection = scan::inspect(&view, &self.file, &policy, name, listing)?;
        let style = terminal::style(self.output.color, self.output.output.is_some());
        output::deliver(self.output.output.as_deref(), &[], |out| {
            report::inspect(&inspection, style, out)
        })?;
        Ok(Outcome::Clean)
    }
}
