//! Paths that limit a view whose entries need not be on disk.

use std::path::{Component, Path, PathBuf};

use super::{
    locate::{absent, usage},
    relative_bytes,
};
use crate::error::Error;

/// Only what is at or below these paths; everything if there are none. Relative to the view's root.
#[derive(Debug, Default)]
pub(super) struct Filter(Vec<Vec<u8>>);

/// How a path stands to a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// It counts.
    Inside,
    /// Something below it may.
    Above,
    /// Nothing there counts.
    Outside,
}

impl Filter {
    /// What the user named, relative to `cwd`. `known` says whether a path is in what is looked at; where `disk` is set,
    /// one that is on disk may be named too.
    ///
    /// # Errors
    /// A path outside the root, or one that is nowhere.
    pub(super) fn new(
        cwd: &Path,
        root: &Path,
        paths: &[PathBuf],
        disk: bool,
        mut known: impl FnMut(&[u8]) -> bool,
    ) -> Result<Self, Error> {
        paths
            .iter()
            .map(|path| {
                let mut real = cwd.to_owned();
                for component in path.components() {
                    match component {
                        Component::ParentDir => {
                            real.pop();
                        }
                        Component::CurDir => {}
                        other => real.push(other),
                    }
                }
                // Links on the way to it may lead there.
                let resolved = (!real.starts_with(root)).then(|| resolved(&real));
                let real = resolved.flatten().unwrap_or(real);
                let Ok(relative) = real.strip_prefix(root) else {
                    return Err(usage(
                        format!(
                            "`{}` is not in the repository at `{}`",
                            path.display(),
                            root.display()
                        ),
                        "check each repository by itself: each has its own policy",
                    ));
                };
                let bytes = relative_bytes(relative);
                let there = bytes.is_empty()
                    || disk && std::fs::symlink_metadata(&real).is_ok()
                    || known(&bytes);
                if there {
                    Ok(bytes)
                } else {
                    Err(absent(&real, path))
                }
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// How a path relative to the root stands to it.
    pub(super) fn relation(&self, path: &[u8]) -> Relation {
        if self.0.is_empty() || self.0.iter().any(|wanted| is_at_or_below(path, wanted)) {
            Relation::Inside
        } else if self.0.iter().any(|wanted| is_at_or_below(wanted, path)) {
            Relation::Above
        } else {
            Relation::Outside
        }
    }

    /// Whether what is at a path counts, or, of a folder, what may be below it.
    pub(super) fn reach(&self, path: &[u8], folder: bool) -> bool {
        match self.relation(path) {
            Relation::Inside => true,
            Relation::Above => folder,
            Relation::Outside => false,
        }
    }

    /// Whether a path counts.
    pub(super) fn holds(&self, path: &[u8]) -> bool {
        self.relation(path) == Relation::Inside
    }
}

pub(super) fn is_at_or_below(path: &[u8], folder: &[u8]) -> bool {
    folder.is_empty()
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

/// Where a path is, without links on the way to it; `None` if nothing is there.
pub(super) fn resolved(path: &Path) -> Option<PathBuf> {
    let Some(name) = path.file_name() else {
        return std::fs::canonicalize(path).ok();
    };
    std::fs::symlink_metadata(path).ok()?;
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let parent = std::fs::canonicalize(parent.unwrap_or(Path::new("."))).ok()?;
    Some(parent.join(name))
}
