//! Opening a repository with what checking needs and nothing else: configuration and index, no filters, no network.

use std::path::{Path, PathBuf};

use gix::{
    discover::upwards,
    open::{Options, Permissions},
    sec::Permission,
};

use super::walk::Tracked;
use crate::{error::Error, limits};

/// What is checked out and committed are the objects themselves, whatever is shown in their place.
const NO_REPLACEMENTS: &str = "core.useReplaceRefs=false";

/// The repository that `start` (a folder) is in, if any. What git itself was told through its environment counts, because
/// hooks run with it: `GIT_INDEX_FILE` names the index that is being committed.
///
/// # Errors
/// A repository that cannot be read, belongs to someone else, or has a pipe where git keeps a file.
pub(super) fn discover(start: &Path) -> Result<Option<gix::ThreadSafeRepository>, Error> {
    for folder in start.ancestors() {
        bar_pipes(folder)?;
    }
    let environment = std::env::var_os("GIT_DIR").is_some();
    let mut bare = None;
    if environment {
        let found = gix::ThreadSafeRepository::discover_with_environment_overrides_opts(
            start,
            search(),
            options(Permission::Allow),
        );
        // The environment speaks of one repository; a path elsewhere belongs to whichever it is in.
        if let Ok(repository) = found {
            if holds(&repository, start) {
                return Ok(Some(repository));
            }
            // A server's hook: nobody stands in a work tree there.
            if work_tree_of(&repository).is_none() {
                bare = Some(repository);
            }
        }
    }
    let found = if environment {
        let options = options(Permission::Deny);
        gix::ThreadSafeRepository::discover_opts(start, search(), options)
    } else {
        gix::ThreadSafeRepository::discover_with_environment_overrides_opts(
            start,
            search(),
            options(Permission::Allow),
        )
    };
    match (found, bare) {
        (Ok(repository), Some(bare)) if work_tree_of(&repository).is_none() => Ok(Some(bare)),
        (Ok(repository), _) => Ok(Some(repository)),
        (Err(_), Some(bare)) => Ok(Some(bare)),
        (Err(error), None) => refuse(start, &error),
    }
}

/// Refuses pipes and devices where a repository in a folder would have files: opening one could wait for ever.
fn bar_pipes(folder: &Path) -> Result<(), Error> {
    const FILES: [&str; 11] = [
        "HEAD",
        "config",
        "config.worktree",
        "commondir",
        "gitdir",
        "index",
        "packed-refs",
        "shallow",
        "info/exclude",
        "info/attributes",
        "objects/info/alternates",
    ];
    let git = folder.join(".git");
    let is_bare = folder.join("objects").is_dir();
    let inside = |root: &Path| FILES.map(|file| root.join(file));
    let mut paths = vec![git.clone()];
    if git.is_dir() {
        paths.extend(inside(&git));
    }
    if is_bare {
        paths.extend(inside(folder));
    }
    let pipe = paths.into_iter().find(|path| {
        std::fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir())
    });
    match pipe {
        None => Ok(()),
        Some(path) => Err(Error::Repository {
            message: String::from("it is a pipe or a device, where git keeps a file or a folder"),
            help: String::from("see what made it, and remove it"),
            path,
        }),
    }
}

/// The repository at exactly this place: a folder with a `.git`, or, if `bare`, what one holds, whatever work tree it
/// speaks of: that may be gone. What is wrong with it, in words.
pub(super) fn open(place: &Path, bare: bool) -> Result<gix::ThreadSafeRepository, String> {
    // The environment speaks of the repository around it.
    let mut options = options(Permission::Deny).full;
    if bare {
        // It is asked for objects only; its own configuration says above all where its work tree would be.
        options = options.filter_config_section(|section| {
            !matches!(
                section.source,
                gix::config::Source::Local | gix::config::Source::Worktree
            ) && section.trust == gix::sec::Trust::Full
        });
    }
    options.open(place).map_err(|error| describe(&error))
}

/// What git knows about the files of a work tree: the index, and what it ignores.
pub(super) fn tracked<'r>(
    repository: &'r gix::Repository,
    index: &'r gix::index::File,
) -> Result<Tracked<'r>, Error> {
    let excludes = repository
        .excludes(
            index,
            None,
            gix::worktree::stack::state::ignore::Source::WorktreeThenIdMappingIfNotSkipped,
        )
        .map_err(|error| unreadable(repository.git_dir(), &error))?;
    Ok(Tracked { index, excludes })
}

/// The canonical path of the work tree.
pub(super) fn work_tree_of(repository: &gix::ThreadSafeRepository) -> Option<PathBuf> {
    std::fs::canonicalize(repository.work_dir()?).ok()
}

/// The canonical path of what is git's own.
pub(super) fn git_dir_of(repository: &gix::ThreadSafeRepository) -> PathBuf {
    let path = repository.git_dir();
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Whether a folder is in the work tree or in what is git's own.
fn holds(repository: &gix::ThreadSafeRepository, folder: &Path) -> bool {
    work_tree_of(repository).is_some_and(|root| folder.starts_with(root))
        || folder.starts_with(git_dir_of(repository))
}

/// What the repository's index records; empty if there is none yet.
pub(super) fn index(repository: &gix::Repository) -> Result<gix::index::File, Error> {
    // Threads cost more than they save on the index of an ordinary repository.
    const LARGE: u64 = 4 << 20;
    let path = repository.index_path();
    let large = std::fs::metadata(&path).is_ok_and(|metadata| metadata.len() > LARGE);
    let options = gix::index::decode::Options {
        thread_limit: if large { None } else { Some(1) },
        ..Default::default()
    };
    // git does not verify the index's checksum when it reads it either: hashing costs more than decoding.
    gix::index::File::at_or_default(path, repository.object_hash(), true, options)
        .map_err(|error| unreadable(repository.git_dir(), &error))
}

/// That a repository keeps its references in a way that is not read here.
pub(super) fn reftable(path: &Path) -> Error {
    Error::Repository {
        path: path.to_owned(),
        message: String::from("its references are a reftable, which weighbridge does not read"),
        help: String::from(
            "`git refs migrate --ref-format=files` turns them into files (git 2.46 or newer)",
        ),
    }
}

/// An error about a repository whose data git could mend.
pub(super) fn unreadable(path: &Path, error: &gix::Error) -> Error {
    if describe(error).contains("reftable") {
        return reftable(path);
    }
    Error::Repository {
        path: path.to_owned(),
        message: describe(error),
        help: String::from("run `git fsck` there, then `git status`, and mend what they report"),
    }
}

/// Every layer of an error, outermost first, on one line. What is quoted of a broken file is cut short.
pub(super) fn describe(error: &gix::Error) -> String {
    const LONGEST: usize = 300;
    let mut layers: Vec<String> = Vec::new();
    for layer in error.iter_errors() {
        let layer: String = layer.to_string().chars().take(LONGEST).collect();
        let layer = layer.replace('\n', " ");
        if !layer.is_empty() && layers.last() != Some(&layer) {
            layers.push(layer);
        }
    }
    layers.join(": ")
}

fn refuse(start: &Path, error: &gix::Error) -> Result<Option<gix::ThreadSafeRepository>, Error> {
    let discovery = error.downcast_any_ref::<upwards::Error>();
    if matches!(
        discovery,
        Some(
            upwards::Error::NoGitRepository { .. }
                | upwards::Error::NoGitRepositoryWithinCeiling { .. }
                | upwards::Error::NoGitRepositoryWithinFs { .. }
        )
    ) {
        return Ok(None);
    }
    let root = start
        .ancestors()
        .find(|folder| folder.join(".git").exists())
        .unwrap_or(start);
    let untrusted = matches!(
        discovery,
        Some(upwards::Error::NoTrustedGitRepository { .. })
    ) || describe(error).contains("safe.directory")
        // What its owner may not read either is another matter.
        || error.is_permission_denied()
            && !gix::sec::Trust::from_path_ownership(root)
                .is_ok_and(|trust| trust == gix::sec::Trust::Full);
    if untrusted {
        return Err(Error::Repository {
            path: root.to_owned(),
            message: String::from(
                "it belongs to another user, and git's `safe.directory` does not list it",
            ),
            help: format!(
                "if you trust it: git config --global --add safe.directory '{}'",
                root.display()
            ),
        });
    }
    Err(Error::Repository {
        path: root.to_owned(),
        message: describe(error),
        help: String::from("run `git status` there: git will say what it cannot read"),
    })
}

fn search() -> upwards::Options<'static> {
    upwards::Options {
        match_ceiling_dir_or_error: false,
        ..Default::default()
    }
}

fn options(environment: Permission) -> gix::sec::trust::Mapping<Options> {
    let mut permissions = Permissions::all();
    permissions.env.git_prefix = environment;
    let options = || {
        Options::default()
            .permissions(permissions)
            .lossy_config(true)
            .config_overrides([
                String::from(NO_REPLACEMENTS),
                format!("gitoxide.objects.allocLimit={}", limits::OBJECT_MEMORY),
            ])
            .bail_if_untrusted(true)
    };
    gix::sec::trust::Mapping {
        full: options(),
        reduced: options(),
    }
}
