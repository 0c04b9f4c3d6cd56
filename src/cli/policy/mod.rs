//! `weighbridge policy`: one file for each of its commands.

mod allow;
mod check;
mod diff;
mod explain;
mod export;
mod init;
mod schema;
mod show;
mod test;

use std::path::{Component, Path, PathBuf};

use clap::Subcommand;

use super::{PolicyArgs, current_dir, terminal};
use crate::{
    error::Error,
    fact::Text,
    policy::Policy,
    scan::{self, Outcome, View},
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Allow(allow::Allow),
    Diff(diff::Diff),
    Check(check::Check),
    Explain(explain::Explain),
    Export(export::Export),
    Init(init::Init),
    Schema(schema::Schema),
    Show(show::Show),
    Test(test::Test),
}

impl Command {
    pub(super) fn color(&self) -> terminal::Color {
        match self {
            Self::Check(check) => check.color(),
            Self::Diff(diff) => diff.color(),
            _ => terminal::Color::Auto,
        }
    }

    pub(super) fn run(self) -> Result<Outcome, Error> {
        match self {
            Self::Allow(allow) => allow.run(),
            Self::Diff(diff) => diff.run(),
            Self::Check(check) => check.run(),
            Self::Explain(explain) => explain.run(),
            Self::Export(export) => export.run(),
            Self::Init(init) => init.run(),
            Self::Schema(schema) => schema.run(),
            Self::Show(show) => show.run(),
            Self::Test(test) => test.run(),
        }
    }
}

/// The policy that judges here, and what it judges.
struct Effective {
    policy: Policy,
    /// As reports call it.
    name: String,
    view: View,
    cwd: PathBuf,
}

/// The policy that `check` would take here.
fn effective(args: &PolicyArgs) -> Result<Effective, Error> {
    let cwd = current_dir()?;
    let view = scan::work_tree(&cwd, &[])?;
    let (view, policy, name) = scan::find_policy(view, &args.request(), &cwd)?;
    for notice in &view.notices {
        terminal::note(notice);
    }
    Ok(Effective {
        policy,
        name,
        view,
        cwd,
    })
}

/// A path that the user names, from the root of what is checked.
fn path_below(found: &Effective, path: &Path) -> Result<Text, Error> {
    below(&found.view.root, &found.cwd, path).ok_or_else(|| Error::Usage {
        message: format!(
            "`{}` is outside of {}",
            path.display(),
            found.view.root.display()
        ),
        help: String::from("name a file of this repository or folder"),
    })
}

/// A path as it is typed, from a root; `None` if it is not below it. It need not exist.
fn below(root: &Path, cwd: &Path, path: &Path) -> Option<Text> {
    let real = std::fs::canonicalize(cwd).unwrap_or_else(|_| cwd.to_owned());
    let mut whole = PathBuf::new();
    for component in real.join(path).components() {
        match component {
            Component::ParentDir => {
                whole.pop();
            }
            Component::CurDir => {}
            other => whole.push(other),
        }
    }
    let below = whole.strip_prefix(root).ok()?;
    let parts: Vec<&[u8]> = below
        .components()
        .map(|component| component.as_os_str().as_encoded_bytes())
        .collect();
    Some(Text::new(parts.join(&b'/')))
}
