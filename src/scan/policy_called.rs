//! Policies that are compared, as people call them: a file, a bundled name, a folder, a revision.

use std::path::{Path, PathBuf};

use super::{
    View, policy_baseline,
    survey::{format_ids, rules},
};
use crate::{
    error::Error,
    fact::{PolicyChange, Text},
    git::{self, AttributeLines},
    policy::{self, Asker, Attempts, Catalog, PLACES, Place, Policy, Source, named_policy},
};

/// A policy that somebody called by a name.
#[derive(Debug)]
pub struct CalledPolicy {
    policy: Policy,
    /// What reports call it.
    pub name: String,
    /// What `.gitattributes` exclude where it is, if the policy honours them. A policy that is named as a file has none: nobody
    /// knows which files it is for.
    attributes: Option<AttributeLines>,
}

/// In what two policies differ, and the lines of `.gitattributes` that both honour: what is looser first.
pub fn compare_policies(old: &CalledPolicy, new: &CalledPolicy) -> Vec<PolicyChange> {
    let mut changes = policy::compare(&old.policy, &new.policy, &rules());
    if let (Some(old), Some(new)) = (&old.attributes, &new.attributes) {
        changes.extend(git::compare_attribute_lines(old, new));
        policy::sort_changes(&mut changes);
    }
    changes
}

/// A policy by what people call it: a file, a bundled name, `REVISION:PATH`, a revision or a folder, which is the policy that it has.
/// Without a name, the one on disk. Each as it judges below the organisation's, if there is one.
///
/// # Errors
/// A policy that cannot be read or does not hold together; a name that stands for none.
pub fn policy_called(
    cwd: &Path,
    name: Option<&str>,
    organisation: Option<&Path>,
) -> Result<CalledPolicy, Error> {
    let (rules, formats) = (rules(), format_ids());
    let caller = Caller {
        cwd,
        organisation,
        catalog: Catalog {
            rules: &rules,
            formats: &formats,
        },
    };
    let Some(name) = name else {
        return caller.of_state(&git::ruled_by(cwd, None)?, None, None);
    };
    let path = Path::new(name);
    let is_bundled = Policy::bundled_names().any(|bundled| bundled == name);
    let is_folder = path.is_dir();
    if is_bundled || !is_folder && std::fs::symlink_metadata(path).is_ok() {
        return caller.named(path);
    }
    if let Some((revision, path)) = name.split_once(':').filter(|_| !is_folder) {
        let view = git::ruled_by(cwd, Some(revision))?;
        let path = caller.recorded(&view, revision, path)?;
        return caller.of_state(&view, Some(revision), Some(&path));
    }
    match git::ruled_by(cwd, Some(name)) {
        Ok(view) => caller.of_state(&view, Some(name), None),
        // A name that is that of a branch, too, is the branch.
        Err(_) if is_folder => caller.in_folder(path),
        Err(_) if path.extension().is_some() || path.components().count() > 1 => caller.named(path),
        Err(error) => Err(error),
    }
}

/// Who calls.
#[derive(Clone, Copy)]
struct Caller<'c> {
    cwd: &'c Path,
    organisation: Option<&'c Path>,
    catalog: Catalog<'c>,
}

impl Caller<'_> {
    /// A file or a bundled policy.
    fn named(self, path: &Path) -> Result<CalledPolicy, Error> {
        let (policy, name) = named_policy(path, self.organisation, &self.catalog)?;
        Ok(CalledPolicy {
            policy,
            name,
            attributes: None,
        })
    }

    /// The policy file of a folder.
    fn in_folder(self, folder: &Path) -> Result<CalledPolicy, Error> {
        let mut places = PLACES.iter().map(|name| folder.join(name));
        let found = places.find(|path| std::fs::symlink_metadata(path).is_ok());
        let found = found.ok_or_else(|| Error::Usage {
            message: format!(
                "there is no policy in the folder `{}`, and no revision of that name",
                Text::new(folder.as_os_str().as_encoded_bytes())
            ),
            help: String::from("name a file, a revision or a bundled policy"),
        })?;
        self.named(&found)
    }

    /// What the repository has in a revision, or on disk: its policy, or another file.
    fn of_state(
        self,
        view: &View,
        revision: Option<&str>,
        named: Option<&Path>,
    ) -> Result<CalledPolicy, Error> {
        let asker = Asker {
            named,
            reviews: true,
            organisation: self.organisation,
            attempts: Attempts::AreErrors,
            cwd: self.cwd,
            catalog: self.catalog,
        };
        let source = Source::find(view, asker)?;
        // Where it cannot be read, nobody knows what is known.
        let known = policy_baseline::of_policy(view, view.policy_files(), &source.policy)
            .ok()
            .flatten();
        let policy = match known {
            Some(known) => source.policy.with_baseline(known),
            None => source.policy,
        };
        let attributes = if policy.honours_attributes() {
            Some(self.attributes(view, revision)?)
        } else {
            None
        };
        Ok(CalledPolicy {
            policy,
            name: source.name,
            attributes,
        })
    }

    /// A file in a revision.
    fn recorded(self, view: &View, revision: &str, path: &str) -> Result<PathBuf, Error> {
        let path = match path.strip_prefix("./") {
            Some(below) => below_root(view, self.cwd).join(below),
            None => PathBuf::from(path),
        };
        if Place::has(view, &path) {
            return Ok(view.root.join(path));
        }
        Err(Error::Usage {
            message: format!(
                "there is no `{}` in `{}`",
                Text::new(path.as_os_str().as_encoded_bytes()),
                Text::from(revision)
            ),
            help: String::from(
                "the path counts from the root of the repository; `REVISION:./PATH` counts from here",
            ),
        })
    }

    /// What is excluded in a revision, or on disk.
    fn attributes(self, view: &View, revision: Option<&str>) -> Result<AttributeLines, Error> {
        let listed = match revision {
            Some(name) => git::revision(self.cwd, name, &[])?.with_policy_of_revision(name)?,
            None => git::work_tree(&view.root, &[])?,
        };
        git::attribute_lines(&listed, self.cwd).map_err(|source| Error::Io {
            path: PathBuf::from(".gitattributes"),
            source,
        })
    }
}

/// Where the user stands, below the root of a view.
fn below_root(view: &View, cwd: &Path) -> PathBuf {
    let real = std::fs::canonicalize(cwd).unwrap_or_else(|_| cwd.to_owned());
    real.strip_prefix(&view.root)
        .map(Path::to_owned)
        .unwrap_or_default()
}
