//! `weighbridge policy export`.

use std::path::PathBuf;

use clap::Args;

use super::{
    super::{PolicyArgs, output, today},
    Effective, effective, path_below,
};
use crate::{
    error::Error,
    fact::Text,
    policy::{self, SafeGlobal, Scope},
    report::policy_export::{self, Syntax, TorchList},
    scan::{self, Outcome},
};

const EXAMPLES: &str = "\
Examples:
  weighbridge policy export --format safe-globals models/a.pt
                                  what torch has to be told to load this file
  weighbridge policy export --format safe-globals --path models/
                                  what the entries for a path allow
  weighbridge policy export --format env >loaders.sh
  weighbridge policy export --format requirements --output floors.txt

Exit codes:
  0  written
  1  written, and a named file does not load with it
  2  the job could not be done";

/// Write what the policy says in the forms that Python reads
///
/// `safe-globals` is Python that tells `torch.load(weights_only=True)` what the
/// policy allows beyond torch's own list, in one block. Nothing dangerous is
/// ever listed. `env` and `dotenv` set the variables with which loaders refuse
/// code; `requirements` are the oldest releases for which the policy holds.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Export {
    /// Files: only what they need is listed
    #[arg(value_name = "ARTIFACT", conflicts_with = "path")]
    artifacts: Vec<PathBuf>,
    /// What is written
    #[arg(long, value_name = "FORMAT", value_enum, help_heading = "Output")]
    format: Format,
    /// The path for which the policy is asked; it need not exist
    #[arg(long, value_name = "PATH")]
    path: Option<PathBuf>,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Write to a file, completely or not at all
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Python with `torch.serialization.safe_globals`
    SafeGlobals,
    /// Variables for a shell to source
    Env,
    /// Variables for programs that read a file of them
    Dotenv,
    /// Floors of versions for pip
    Requirements,
}

impl Export {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        let depends = match self.format {
            Format::SafeGlobals => true,
            Format::Requirements => self.artifacts.is_empty(),
            Format::Env | Format::Dotenv => self.artifacts.is_empty() && self.path.is_none(),
        };
        if !depends {
            return Err(Error::Usage {
                message: String::from("this format does not depend on the file or the path"),
                help: String::from("leave it out, or write `--format safe-globals`"),
            });
        }
        let found = effective(&self.policy)?;
        let to = self.output.as_deref();
        let checked = [found.view.root.clone()];
        let mut outcome = Outcome::Clean;
        match self.format {
            Format::SafeGlobals => {
                let list = if self.artifacts.is_empty() {
                    self.of_path(&found)?
                } else {
                    let (list, all_load) = of_artifacts(&self.artifacts, &found)?;
                    if !all_load {
                        outcome = Outcome::Refused;
                    }
                    list
                };
                output::deliver(to, &checked, |out| policy_export::python(&list, out))?;
            }
            Format::Env | Format::Dotenv => {
                let syntax = if self.format == Format::Env {
                    Syntax::Shell
                } else {
                    Syntax::Dotenv
                };
                output::deliver(to, &checked, |out| policy_export::environment(syntax, out))?;
            }
            Format::Requirements => {
                let scope = found.policy.scope(&self.asked(&found)?);
                let floors = policy::floors(&scope, &scan::rules());
                output::deliver(to, &checked, |out| {
                    policy_export::requirements(&found.name, &floors, out)
                })?;
            }
        }
        Ok(outcome)
    }

    /// The path that is asked for: without one, a path that no pattern is meant for.
    fn asked(&self, found: &Effective) -> Result<Text, Error> {
        match &self.path {
            Some(path) => path_below(found, path),
            None => Ok(Text::default()),
        }
    }

    fn of_path(&self, found: &Effective) -> Result<TorchList, Error> {
        let path = self.asked(found)?;
        let scope = found.policy.scope(&path);
        let about = match &self.path {
            Some(_) => format!("at `{path}`"),
            None => String::from("everywhere"),
        };
        let mut list = empty(found, &scope, about);
        list.globals = SafeGlobal::listed(&scope);
        let packs = policy::packs(&scope);
        if !packs.is_empty() {
            list.notes.push(format!(
                "Names of packs are left out ({}): name the files to list what they need.",
                packs.join(", ")
            ));
        }
        Ok(list)
    }
}

fn empty(found: &Effective, scope: &Scope, about: String) -> TorchList {
    TorchList {
        policy: found.name.clone(),
        about,
        torch: scope.torch().targets().next().unwrap_or_default(),
        newest: scope.torch().targets().last().unwrap_or_default(),
        globals: Vec::new(),
        notes: Vec::new(),
    }
}

/// What files need, and whether all of them load with it.
fn of_artifacts(artifacts: &[PathBuf], found: &Effective) -> Result<(TorchList, bool), Error> {
    let shown = |path: &PathBuf| Text::new(path.as_os_str().as_encoded_bytes()).to_string();
    let names: Vec<String> = artifacts.iter().map(shown).collect();
    let about = format!("for {}", names.join(", "));
    let mut list = empty(found, &found.policy.scope(&Text::default()), about);
    let mut all_load = true;
    for (path, name) in artifacts.iter().zip(&names) {
        let view = scan::file(&found.cwd, path)?;
        match scan::torch_needs(&view, path, &found.policy, today::today())? {
            Ok(globals) => {
                all_load &= globals.iter().all(|global| global.object.is_ok());
                for global in globals {
                    if !list.globals.iter().any(|known| known.text == global.text) {
                        list.globals.push(global);
                    }
                }
            }
            Err(why) => {
                all_load = false;
                list.notes.push(format!("{name}: {why}"));
            }
        }
    }
    list.globals.sort_by(|a, b| a.text.cmp(&b.text));
    Ok((list, all_load))
}
