//! `weighbridge policy`: one file for each of its commands.

mod init;

use clap::Subcommand;

use crate::{error::Error, scan::Outcome};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Init(init::Init),
}

impl Command {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        match self {
            Self::Init(init) => init.run(),
        }
    }
}
