//! `weighbridge audit waivers` and `weighbridge audit suggest`: what an organisation has to look after.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::Args;

use super::{diff::Format, place};
use crate::{
    audit::{self, Governance, WaiverState},
    cli::{output, today},
    error::Error,
    scan::Outcome,
};

/// List the waivers of all repositories, and who tries to loosen the policy
///
/// By owner, then by the day on which they end. Waivers that have ended, that
/// are beyond the policy's terms or that cover nothing are marked. The exit code
/// is 1 if there are such, or some that end within the days of --expiring.
#[derive(Debug, Args)]
pub(super) struct Waivers {
    /// The folder or the URL that `weighbridge audit --out` wrote to
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Waivers that end within so many days end soon
    #[arg(long, value_name = "DAYS", default_value_t = 0)]
    expiring: u16,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Human, help_heading = "Output")]
    format: Format,
}

/// Say how far the policy has come, and what many repositories allow by hand or need
///
/// What at least N repositories allow and is not known to be dangerous is
/// printed as an entry for the organisation's policy, and so are the packs that
/// would let files of so many pass. Review it: a name that many use is not
/// harmless because of that.
#[derive(Debug, Args)]
pub(super) struct Suggest {
    /// The folder or the URL that `weighbridge audit --out` wrote to
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// How many repositories have to allow or need it
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    repositories: u16,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Human, help_heading = "Output")]
    format: Format,
}

impl Waivers {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        let run = place::open_run(&self.run)?;
        let found = audit::governance(&run, today::today(), i64::from(self.expiring))?;
        output::deliver(None, &[], |out| match self.format {
            Format::Json => json(&found, out),
            Format::Human => audit::write_waivers(&found, out),
        })?;
        let mut waivers = found.waivers.iter();
        let is_due = waivers.any(|waiver| waiver.state != WaiverState::Holds);
        Ok(if is_due {
            Outcome::Refused
        } else {
            Outcome::Clean
        })
    }
}

impl Suggest {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        let run = place::open_run(&self.run)?;
        let found = audit::governance(&run, today::today(), 0)?;
        let least = usize::from(self.repositories);
        output::deliver(None, &[], |out| match self.format {
            Format::Json => json(&found, out),
            Format::Human => audit::write_suggestion(&found, least, out),
        })?;
        Ok(Outcome::Clean)
    }
}

fn json(found: &Governance, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, found)?;
    writeln!(out)
}
