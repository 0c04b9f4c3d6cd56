//! `weighbridge baseline`: the findings that are known.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{PolicyArgs, current_dir, output, progress::Bar, terminal, today};
use crate::{
    error::Error,
    fact::argument,
    policy::BASELINE_NAME,
    scan::{self, Dangerous, Outcome, Request},
};

const EXAMPLES: &str = "\
Examples:
  weighbridge baseline create
  weighbridge check --baseline weighbridge-baseline.json

  baseline: weighbridge-baseline.json      in the policy, for every check and
                                           for hooks";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Create(Create),
}

/// Write the findings of the repository to a baseline
///
/// `check --baseline` reports these as known and fails for new ones. They are
/// known by what they are about, wherever they move in their file. Findings about
/// names that are known to be dangerous are left out unless asked for: they
/// should be removed, or allowed by name with a reason.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Create {
    /// The file to write; `-` is standard output
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    /// Also write findings about dangerous names; every report goes on to show them
    #[arg(long)]
    include_dangerous: bool,
    #[command(flatten)]
    policy: PolicyArgs,
}

impl Command {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        match self {
            Self::Create(create) => create.run(),
        }
    }
}

impl Create {
    fn run(self) -> Result<Outcome, Error> {
        let cwd = current_dir()?;
        let view = scan::work_tree(&cwd, &[])?;
        let (view, policy, _) = scan::find_policy(view, &self.policy.request(), &cwd)?;
        let usual = policy.accepts().baseline_path();
        let is_of_policy = usual.is_some();
        let usual = view.root.join(usual.unwrap_or(BASELINE_NAME));
        let path = self.output.unwrap_or(usual);
        let dangerous = if self.include_dangerous {
            Dangerous::Include
        } else {
            Dangerous::LeaveOut
        };
        let request = Request {
            today: today::today(),
            ..Request::default()
        };
        let bar = Bar::new(terminal::shows_progress());
        let (baseline, left) = scan::baseline(&view, policy, dangerous, request, &bar)?;
        bar.finish();
        let to_stdout = path == Path::new("-");
        let target = (!to_stdout).then_some(path.as_path());
        output::deliver(target, std::slice::from_ref(&view.root), |out| {
            out.write_all(baseline.text().as_bytes())
        })
        .map_err(|error| error.about("the baseline"))?;
        if let Some(path) = target {
            let shown_path = path.strip_prefix(&cwd).unwrap_or(path);
            let shown = shown_path.display();
            let findings = counted(baseline.len());
            let rest = if is_of_policy {
                String::from("commit it")
            } else {
                let word = argument(shown_path.as_os_str().as_encoded_bytes());
                let word = word.as_deref().unwrap_or("FILE");
                format!("commit it, and run `weighbridge check --baseline {word}`")
            };
            terminal::note(&format!("wrote {shown}: {findings}; {rest}"));
        }
        if left > 0 {
            terminal::note(&format!(
                "{} left out, which no baseline covers: `weighbridge check` shows them",
                counted(u64::try_from(left).unwrap_or(u64::MAX))
            ));
        }
        Ok(Outcome::Clean)
    }
}

fn counted(findings: u64) -> String {
    match findings {
        1 => String::from("1 finding"),
        n => format!("{n} findings"),
    }
}
