//! Where a repository's hooks are: the folder that git itself would run them from.
//!
//! `core.hooksPath` counts wherever it is set, for one work tree, the repository, the user or the machine, with `~` and
//! `%(prefix)`; a relative one starts where hooks are run, at the root of the work tree or in a bare repository. Without
//! it, hooks are in the common folder that all linked work trees share. Nothing is created or read here.

use std::path::{Component, Path, PathBuf};

use super::{locate::usage, repository};
use crate::error::Error;

/// Where a repository's hooks are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hooks {
    /// The folder, absolute, as git would open it; it need not exist.
    pub folder: PathBuf,
    /// The same, with links followed as far as there is anything.
    pub real: PathBuf,
    /// What `core.hooksPath` says, if that is what decides.
    pub configured: Option<String>,
    /// Whether other repositories may run the hooks there as well: it is neither in git's own folder nor in the work tree,
    /// or is a link out of them.
    pub elsewhere: bool,
    /// Whether the folder is in the work tree, where it is versioned and shared with everyone.
    pub versioned: bool,
    /// The root of the work tree that its path is in, if it is: a link there may lead elsewhere.
    pub within: Option<PathBuf>,
    /// Whether `core.hooksPath` turns all hooks off.
    pub off: bool,
    /// The root of the work tree; `None` in a bare repository.
    pub work_tree: Option<PathBuf>,
    /// Git's own folder, which all linked work trees share.
    pub common: PathBuf,
}

/// Where the hooks are of the repository that `cwd` is in.
///
/// # Errors
/// No repository, one that cannot be read or belongs to someone else, one whose references are not read here.
pub fn hooks(cwd: &Path) -> Result<Hooks, Error> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Io { path, source }
    };
    let start = std::fs::canonicalize(cwd).map_err(io(cwd))?;
    let Some(shared) = repository::discover(&start)? else {
        return Err(usage(
            format!("`{}` is not in a git repository", cwd.display()),
            "hooks belong to a repository: go into one, or `git init` here",
        ));
    };
    let work_tree = repository::work_tree_of(&shared);
    let repository = shared.to_thread_local();
    let common = repository.common_dir();
    let common = std::fs::canonicalize(common).map_err(io(common))?;
    let config = repository.config_snapshot();
    // A hook that can judge nothing would refuse every commit.
    let refs = config.string("extensions.refStorage");
    if refs.is_some_and(|refs| refs.eq_ignore_ascii_case(b"reftable")) {
        return Err(repository::reftable(repository.git_dir()));
    }
    let configured = config.string("core.hooksPath").map(|it| it.to_string());
    let path = config
        .trusted_path("core.hooksPath")
        .map_err(|error| repository::unreadable(repository.git_dir(), &error))?;
    let (folder, off) = match (&configured, path) {
        (None, _) | (Some(_), None) if configured.as_deref() != Some("") => {
            (common.join("hooks"), false)
        }
        (_, Some(path)) if path != Path::new("/dev/null") => {
            // Relative to where git runs hooks.
            let base = work_tree.as_deref().unwrap_or(&common);
            (plain(&base.join(path)), false)
        }
        _ => (common.join("hooks"), true),
    };
    let real = existing(&folder);
    let inside = |path: &Path| {
        work_tree
            .as_ref()
            .is_some_and(|root| path.starts_with(root) && !path.starts_with(root.join(".git")))
            && !path.starts_with(&common)
    };
    let versioned = inside(&real);
    Ok(Hooks {
        elsewhere: !versioned && !real.starts_with(&common),
        within: work_tree.clone().filter(|_| inside(&folder)),
        folder,
        real,
        off,
        configured,
        versioned,
        work_tree,
        common,
    })
}

impl Hooks {
    /// The same, if git runs hooks at all.
    ///
    /// # Errors
    /// A `core.hooksPath` that turns hooks off.
    pub fn on(self) -> Result<Self, Error> {
        if !self.off {
            return Ok(self);
        }
        Err(usage(
            format!(
                "`core.hooksPath` is `{}`: it disables all hooks",
                self.configured.unwrap_or_default()
            ),
            "find the setting with `git config --show-origin core.hooksPath`, and unset it",
        ))
    }
}

/// A path without `.` and with `..` taken back, by its names alone: as people know it.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if plain.parent().is_some() => {
                // A link on the way would lead elsewhere than its name says.
                if plain.is_symlink() {
                    plain.push(component);
                } else {
                    plain.pop();
                }
            }
            component => plain.push(component),
        }
    }
    plain
}

/// Where a path leads, links followed as far as there is anything.
fn existing(path: &Path) -> PathBuf {
    for above in path.ancestors() {
        if let Ok(real) = std::fs::canonicalize(above) {
            let rest = path.strip_prefix(above).unwrap_or(Path::new(""));
            return real.join(rest);
        }
    }
    path.to_owned()
}
