//! The baseline of a policy: where it is read.

use std::path::Path;

use super::{View, pins};
use crate::{
    error::Error,
    fact::{Text, argument},
    git::PolicyFiles,
    policy::{self, Baseline, Policy},
};

/// A policy with the findings that are known: those of the file that the user names, or of the one that the policy names, which is
/// read where the policy is.
///
/// # Errors
/// A file that cannot be read or is no baseline.
pub fn with_baseline(view: &View, policy: Policy, named: Option<&Path>) -> Result<Policy, Error> {
    let baseline = match named {
        Some(path) => {
            let bytes = pins::on_disk(path).map_err(|source| Error::Io {
                path: path.to_owned(),
                source,
            })?;
            Some(Baseline::parse(&path.display().to_string(), &bytes)?)
        }
        None => of_policy(view, view.policy_files(), &policy)?,
    };
    Ok(match baseline {
        Some(baseline) => policy.with_baseline(baseline),
        None => policy,
    })
}

/// The baseline that a policy names, from where the policy is.
///
/// # Errors
/// A file that cannot be read or is no baseline.
pub(super) fn of_policy(
    view: &View,
    files: PolicyFiles<'_>,
    policy: &Policy,
) -> Result<Option<Baseline>, Error> {
    let Some(path) = policy.accepts().baseline_path() else {
        return Ok(None);
    };
    let (read, name) = match files.state() {
        Some(state) => (files.read(Path::new(path)), format!("{path} {state}")),
        None => (pins::on_disk(&view.root.join(path)), path.to_owned()),
    };
    let is_only_on_disk = || files.is_index() && view.root.join(path).is_file();
    let bytes = read.map_err(|error| Error::Usage {
        message: format!(
            "the policy names a baseline, {}, that cannot be read: {error}",
            Text::from(name.as_str())
        ),
        help: if is_only_on_disk() {
            let cwd = std::env::current_dir().unwrap_or_default();
            let command = policy::staging(&view.root, &cwd, Path::new(path));
            format!("it is on disk, and only there: `{command}` records it")
        } else {
            let word = argument(path.as_bytes());
            let word = word.as_deref().unwrap_or("FILE");
            format!("`weighbridge baseline create --output {word}` writes it; without one, remove `baseline`")
        },
    })?;
    Baseline::parse_at(path, &name, &bytes).map(Some)
}
