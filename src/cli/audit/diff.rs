//! `weighbridge audit diff`: how two runs differ.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::{Args, ValueEnum};

use super::place;
use crate::{
    audit::{self, Difference},
    cli::output,
    error::Error,
    scan::Outcome,
};

/// Compare two runs: what is refused now and was not, and the reverse
#[derive(Debug, Args)]
pub(super) struct Diff {
    /// The earlier run: its folder, or the URL that machines share
    #[arg(value_name = "BEFORE")]
    before: PathBuf,
    /// The later run
    #[arg(value_name = "AFTER")]
    after: PathBuf,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Human, help_heading = "Output")]
    format: Format,
}

/// How a difference is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// A text to read
    Human,
    /// Everything, for programs
    Json,
}

impl Format {
    pub(super) fn write(self, difference: &Difference, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Human => audit::write_difference(difference, out),
            Self::Json => {
                serde_json::to_writer(&mut *out, difference)?;
                writeln!(out)
            }
        }
    }
}

impl Diff {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        let (before, after) = (
            place::open_run(&self.before)?,
            place::open_run(&self.after)?,
        );
        let difference = audit::diff(&before, &after)?;
        output::deliver(None, &[], |out| self.format.write(&difference, out))?;
        Ok(match difference.appeared {
            0 => Outcome::Clean,
            _ => Outcome::Refused,
        })
    }
}
