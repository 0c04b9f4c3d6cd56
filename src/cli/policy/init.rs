//! `weighbridge policy init`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::super::{current_dir, output, terminal};
use crate::{
    error::Error,
    fact::shell_word,
    policy::{self, Found, Policy},
    scan::{self, Outcome, View},
};

/// Write a policy to start from
///
/// The policy extends the built-in `recommended`, with comments on the present
/// files of the repository. It never allows anything dangerous, and an existing
/// file is never replaced.
#[derive(Debug, Args)]
pub(in crate::cli) struct Init {
    /// The file to write, instead of weighbridge.yaml at the root of the
    /// repository or in the current folder; `-` is standard output
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    /// Allow what the present files need, instead of proposing it in comments
    ///
    /// Each name is allowed for the uses that the files make of it. Nothing
    /// dangerous is allowed, and files of unsupported formats are excluded. Review
    /// the result.
    #[arg(long)]
    allow_found: bool,
}

impl Init {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        let cwd = current_dir()?;
        let view = scan::work_tree(&cwd, &[])?;
        let output = self
            .output
            .unwrap_or_else(|| policy::from_here(&view.root, &cwd, policy::NAME));
        let to_stdout = output.as_os_str() == "-";
        if !to_stdout && std::fs::symlink_metadata(&output).is_ok() {
            return Err(Error::Usage {
                message: format!("`{}` is already there", output.display()),
                help: String::from("edit it, or give another name with `--output`"),
            });
        }
        let survey = scan::survey(&view, &Policy::recommended());
        let found = if self.allow_found {
            Found::Allow
        } else {
            Found::Propose
        };
        let text = policy::init(&survey, found);
        let target = (!to_stdout).then_some(output.as_path());
        output::deliver(target, std::slice::from_ref(&view.root), |out| {
            out.write_all(text.as_bytes())
        })
        .map_err(|error| error.about("the policy"))?;
        if let Some(path) = target {
            let named = if is_found(path, &view.root, &cwd) {
                String::new()
            } else {
                let word = shell_word(path.as_os_str().as_encoded_bytes());
                format!(" --policy {}", String::from_utf8_lossy(&word))
            };
            terminal::note(&format!(
                "wrote {}: review it, commit it, then run `weighbridge check{named}`",
                path.display()
            ));
        }
        if self.allow_found {
            note_refused(&view, &text)?;
        }
        Ok(Outcome::Clean)
    }
}

/// Whether `check` finds a policy there by itself.
fn is_found(path: &Path, root: &Path, cwd: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let found = real(&cwd.join(path));
    let mut places = policy::PLACES.iter().map(|name| root.join(name));
    found.is_some() && places.any(|place| real(&place) == found)
}

/// Says which files a policy that allows all it can still refuses.
fn note_refused(view: &View, text: &str) -> Result<(), Error> {
    let policy = scan::parse_policy(policy::NAME, text)?;
    let refused = scan::refused_artifacts(view, &policy)?;
    let names: Vec<String> = refused
        .iter()
        .take(NAMED)
        .map(ToString::to_string)
        .collect();
    let more = refused.len().saturating_sub(NAMED);
    let more = match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    if !names.is_empty() {
        terminal::note(&format!(
            "still refused, because no plain entry can allow it: {}{more}; `weighbridge check` says why",
            names.join(", ")
        ));
    }
    Ok(())
}

/// Files that are named; the others are counted.
const NAMED: usize = 3;
