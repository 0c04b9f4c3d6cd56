//! `weighbridge completions`: what a shell offers when Tab is pressed.
//!
//! The script is made from the definition of the command line, so it cannot fall behind it. Where the shell's generator
//! offers values of positional arguments (bash, zsh), it also knows every rule and format that can be explained.

use clap::{Args, builder::PossibleValuesParser};
use clap_complete::{Shell, generate};

use super::output;
use crate::{docs, error::Error, scan::Outcome};

const EXAMPLES: &str = "\
Examples:
  cd ~/.local/share/bash-completion/completions
  weighbridge completions bash >weighbridge
  weighbridge completions zsh >~/.zfunc/_weighbridge
  weighbridge completions fish >~/.config/fish/completions/weighbridge.fish
  weighbridge completions powershell >>$PROFILE";

/// Write completions for a shell
///
/// The script is written to standard output. zsh reads it if its folder is in
/// `fpath` before `compinit` runs: `fpath+=~/.zfunc`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Completions {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        // As an argument, `explain` takes any word, to be able to say what is near it.
        let mut command = super::command().mut_subcommand("explain", |explain| {
            explain.mut_arg("name", |name| {
                name.value_parser(PossibleValuesParser::new(docs::names()))
            })
        });
        // Into memory first: the generator takes a writer that fails for a panic.
        let mut script = Vec::new();
        generate(self.shell, &mut command, "weighbridge", &mut script);
        output::deliver(None, &[], |out| out.write_all(&script))?;
        Ok(Outcome::Clean)
    }
}
