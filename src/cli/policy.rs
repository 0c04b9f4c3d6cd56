//! `weighbridge policy`, and finding the policy that judges.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{current_dir, output, terminal};
use crate::{
    error::Error,
    policy::{self, Catalog, Policy},
    scan::{self, Outcome, View},
};

/// What a policy is called.
const NAME: &str = "weighbridge.yaml";

/// Where a repository keeps its policy, relative to its root; the first that is there counts.
const PLACES: &[&str] = &[NAME, ".weighbridge.yaml", ".github/weighbridge.yaml"];

/// The policy that judges, and its name for the report. A folder that is no repository is not asked for one, unless the
/// user stands in it: what was downloaded does not judge itself.
pub(super) fn find(
    named: Option<&Path>,
    view: &View,
    cwd: &Path,
) -> Result<(Policy, String), Error> {
    if let Some(path) = named {
        return Ok((load(path)?, path.display().to_string()));
    }
    let asked =
        view.is_repository() || std::fs::canonicalize(cwd).is_ok_and(|cwd| cwd == view.root);
    for place in PLACES.iter().filter(|_| asked) {
        let path = from_here(view, cwd, place);
        // A policy that is there but cannot be read is an error, never "no policy".
        match std::fs::symlink_metadata(&path) {
            Ok(_) => return Ok((load(&path)?, String::from(*place))),
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                ) => {}
            Err(source) => return Err(Error::Io { path, source }),
        }
    }
    Ok((
        Policy::recommended(),
        String::from("recommended (built in)"),
    ))
}

/// A file at a view's root, as the user would type it where they stand.
fn from_here(view: &View, cwd: &Path, name: &str) -> PathBuf {
    match cwd.strip_prefix(&view.root) {
        Ok(below) => below.components().map(|_| "..").chain([name]).collect(),
        Err(_) => view.root.join(name),
    }
}

/// A policy file, checked against the rules and formats there are.
pub(super) fn load(path: &Path) -> Result<Policy, Error> {
    let (rules, formats) = (scan::rule_ids(), scan::format_ids());
    let catalog = Catalog {
        rules: &rules,
        formats: &formats,
    };
    Ok(Policy::load(path, &catalog)?)
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Init(Init),
}

/// Write a policy to start from
///
/// Extends the built-in `recommended` policy and comments on what the repository
/// holds today. It never allows anything dangerous, and never replaces a file.
#[derive(Debug, Args)]
pub(super) struct Init {
    /// Where to write it instead of weighbridge.yaml at the root of the
    /// repository, or in the current folder; `-` is standard output
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
}

impl Command {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        let Self::Init(init) = self;
        init.run()
    }
}

impl Init {
    fn run(self) -> Result<Outcome, Error> {
        let cwd = current_dir()?;
        let view = scan::work_tree(&cwd, &[])?;
        let output = self.output.unwrap_or_else(|| from_here(&view, &cwd, NAME));
        let to_stdout = output.as_os_str() == "-";
        if !to_stdout && std::fs::symlink_metadata(&output).is_ok() {
            return Err(Error::Usage {
                message: format!("`{}` is already there", output.display()),
                help: String::from("edit it, or give another name with `--output`"),
            });
        }
        let survey = scan::survey(&view, &Policy::recommended());
        let text = policy::init(&survey);
        let target = (!to_stdout).then_some(output.as_path());
        output::deliver(target, |out| out.write_all(text.as_bytes()))?;
        if let Some(path) = target {
            terminal::note(&format!(
                "wrote {}: review it, commit it, then run `weighbridge check`",
                path.display()
            ));
        }
        Ok(Outcome::Clean)
    }
}
