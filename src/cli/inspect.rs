//! `weighbridge inspect`: what loading one file would do.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{
    OutputArgs, PolicyArgs, STANDARD_INPUT, current_dir, output, standard_input, terminal, today,
};
use crate::{
    error::Error,
    report,
    scan::{self, Listing, Outcome},
};

/// Explain what loading one file would do
///
/// Shows its formats and members, every global that loading resolves with the
/// policy's verdict, the calls with their arguments, what `check` reports, and
/// whether torch.load(weights_only=True) loads it. The exit code is 0 whatever
/// the file does.
#[derive(Debug, Args)]
pub(super) struct Inspect {
    /// The file; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The name of standard input, for its suffix
    #[arg(long, value_name = "NAME")]
    stdin_filename: Option<PathBuf>,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Human, help_heading = "Output")]
    format: Format,
    /// Show every opcode with its effect
    #[arg(long, help_heading = "Output")]
    disassemble: bool,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// How an inspection is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A page to read
    Human,
    /// Everything, for programs
    Json,
}

impl Inspect {
    pub(super) fn color(&self) -> terminal::Color {
        self.output.color
    }

    pub(super) fn run(self) -> Result<Outcome, Error> {
        let cwd = current_dir()?;
        let view = if self.file == Path::new(STANDARD_INPUT) {
            standard_input(&cwd, self.stdin_filename.as_deref())?
        } else if self.stdin_filename.is_some() {
            return Err(Error::Usage {
                message: String::from(
                    "`--stdin-filename` names standard input, and a file is named",
                ),
                help: String::from("write `weighbridge inspect -`, or leave the option out"),
            });
        } else {
            scan::file(&cwd, &self.file)?
        };
        let (view, policy, name) = scan::find_policy(view, &self.policy.request(), &cwd)?;
        let listing = if self.disassemble {
            Listing::Lines(crate::limits::INSPECT_LINES)
        } else {
            Listing::None
        };
        let file = self.stdin_filename.as_deref().unwrap_or(&self.file);
        let file = if file == Path::new(STANDARD_INPUT) {
            Path::new("<stdin>")
        } else {
            file
        };
        let inspection = scan::inspect(&view, file, &policy, name, listing, today::today())?;
        let style = terminal::style(self.output.color, self.output.output.is_some());
        output::deliver(self.output.output.as_deref(), &[], |out| {
            match self.format {
                Format::Human => report::inspect(&inspection, style, out),
                Format::Json => report::json::inspection::write(&inspection, out),
            }
        })?;
        Ok(Outcome::Clean)
    }
}
