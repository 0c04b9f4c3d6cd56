//! The command line: what may be asked, and nothing of how it is done. One file for each command.
//!
//! Standard output carries the report and only that; everything else goes to standard error. Exit codes: 0 clean,
//! 1 refused, 2 unable, 3 nothing was there to check.
#![allow(
    clippy::doc_markdown,
    reason = "the doc comments of arguments are the help, as it is shown"
)]

mod audit;
mod baseline;
mod cache;
mod check;
mod completions;
mod error;
mod explain;
mod freeze;
mod hook;
mod inspect;
mod man;
mod output;
mod outputs;
mod patch;
mod policy;
mod progress;
mod store;
mod terminal;
mod today;
mod waivers;

use std::{
    ffi::OsString,
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{
    Args, CommandFactory as _, Parser, Subcommand,
    builder::{Styles, styling::AnsiColor},
};

use crate::{
    error::Error,
    fact::argument,
    scan::{self, Outcome, PolicyRequest, View},
};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXAMPLES: &str = "\
Examples:
  weighbridge check                      the files of this repository
  weighbridge check --staged             what `git commit` is about to record
  weighbridge check --diff main...HEAD   what a branch adds or edits
  weighbridge check models/ a.pt         only these files
  weighbridge inspect model.pt           what loading one file would do
  curl -s URL | weighbridge check -      a download
  weighbridge explain pickle             what a rule, format, pack or limit is
  weighbridge freeze                     pin the model files that were reviewed
  weighbridge hook install               check every commit

Exit codes:
  0  nothing was refused
  1  something was refused
  2  the check failed: a mistake in the command, the policy or the repository
  3  no model files and no source found";

/// A policy gate for model files: checks what loading them would do
///
/// Weighbridge reads model files, and the Python code that loads them, and
/// refuses what the policy does not allow. It never unpickles, imports or runs
/// anything.
#[derive(Debug, Parser)]
#[command(
    name = "weighbridge",
    version,
    long_version = terminal::VERSION,
    styles = STYLES,
    max_term_width = 79,
    arg_required_else_help = true,
    after_help = EXAMPLES
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(Box<check::Check>),
    Inspect(inspect::Inspect),
    Explain(explain::Explain),
    Freeze(freeze::Freeze),
    Audit(Box<audit::Audit>),
    /// Create, show and check a policy
    #[command(subcommand)]
    Policy(policy::Command),
    /// List what is waived, by whom and until when
    #[command(subcommand)]
    Waivers(waivers::Command),
    /// Adopt the gate today: known findings do not count
    #[command(subcommand)]
    Baseline(baseline::Command),
    /// Check commits and pushes with git hooks
    #[command(subcommand)]
    Hook(hook::Command),
    Completions(completions::Completions),
    Man(man::Man),
}

/// Which policy judges.
#[derive(Debug, Args)]
#[command(next_help_heading = "Policy")]
struct PolicyArgs {
    /// The policy file
    ///
    /// Default: weighbridge.yaml, .weighbridge.yaml or .github/weighbridge.yaml
    /// at the root of the repository, or in the current folder outside of a
    /// repository; otherwise the built-in policy `recommended`.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    organisation: OrganisationArgs,
}

/// Which policy stands above.
#[derive(Debug, Args)]
#[command(next_help_heading = "Policy")]
struct OrganisationArgs {
    /// The policy of an organisation, a file or a bundled one, above the
    /// repository's own
    ///
    /// It judges as if it stood first under `extends` of the repository's policy,
    /// and alone where there is none. What it locks cannot be loosened.
    #[arg(
        id = "organisation",
        long = "organisation-policy",
        value_name = "FILE",
        env = "WEIGHBRIDGE_ORGANISATION_POLICY",
        hide_env_values = true
    )]
    file: Option<PathBuf>,
}

impl OrganisationArgs {
    /// How a command that is printed names it again, with a space before it; nothing where the environment does.
    fn option(&self) -> String {
        let is_in_environment = std::env::var_os("WEIGHBRIDGE_ORGANISATION_POLICY").is_some();
        let file = self.file().filter(|_| !is_in_environment);
        let word = file.map(|file| argument(file.as_os_str().as_encoded_bytes()));
        word.map_or_else(String::new, |word| {
            let word = word.unwrap_or_else(|| String::from("FILE"));
            format!(" --organisation-policy {word}")
        })
    }

    /// The file or bundled policy, if there is one.
    fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }
}

impl PolicyArgs {
    /// What is asked for where nothing else decides where the policy is taken from.
    fn request(&self) -> PolicyRequest<'_> {
        PolicyRequest {
            named: self.policy.as_deref(),
            organisation: self.organisation.file(),
            ..PolicyRequest::default()
        }
    }
}

/// Where text goes and how it looks.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
struct OutputArgs {
    /// Write to a file, completely or not at all
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// When to colour
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = terminal::Color::Auto)]
    color: terminal::Color,
}

/// The definition of the command line, for manual pages, completions and tests: without `help`, which every command has.
pub fn command() -> clap::Command {
    let mut command = Cli::command().disable_help_subcommand(true);
    for name in ["policy", "hook"] {
        command = command.mut_subcommand(name, |command| command.disable_help_subcommand(true));
    }
    command
}

/// Runs the program with its arguments, the program's own name first.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and the version are errors to clap, with code 0. If nobody is there to read them, so be it.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let color = cli.color();
    match cli.run() {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            error::show(&error, color);
            Outcome::Unable.into()
        }
    }
}

impl Cli {
    fn color(&self) -> terminal::Color {
        match &self.command {
            Command::Check(check) => check.color(),
            Command::Inspect(inspect) => inspect.color(),
            Command::Waivers(waivers) => waivers.color(),
            Command::Policy(policy) => policy.color(),
            Command::Explain(_)
            | Command::Freeze(_)
            | Command::Audit(_)
            | Command::Baseline(_)
            | Command::Hook(_)
            | Command::Completions(_)
            | Command::Man(_) => terminal::Color::Auto,
        }
    }

    fn run(self) -> Result<Outcome, Error> {
        match self.command {
            Command::Check(check) => check.run(),
            Command::Inspect(inspect) => inspect.run(),
            Command::Explain(explain) => explain.run(),
            Command::Freeze(freeze) => freeze.run(),
            Command::Audit(audit) => audit.run(),
            Command::Policy(policy) => policy.run(),
            Command::Waivers(waivers) => waivers.run(),
            Command::Baseline(baseline) => baseline.run(),
            Command::Hook(hook) => hook.run(),
            Command::Completions(completions) => completions.run(),
            Command::Man(man) => man.run(),
        }
    }
}

/// The word that stands for standard input among paths.
const STANDARD_INPUT: &str = "-";

/// The view of what standard input gives, under the name that the user gives it.
fn standard_input(cwd: &Path, name: Option<&Path>) -> Result<View, Error> {
    if io::stdin().is_terminal() {
        return Err(Error::Usage {
            message: String::from("standard input is a terminal"),
            help: String::from("redirect a file (`<model.pt`) or a pipe into it, or name a file"),
        });
    }
    scan::standard_input(cwd, name.unwrap_or(Path::new("<stdin>")))
}

fn current_dir() -> Result<PathBuf, Error> {
    std::env::current_dir().map_err(|source| Error::Io {
        path: PathBuf::from("."),
        source,
    })
}
