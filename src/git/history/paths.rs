//! The paths that limit a view of a history. They need not be anywhere today.

use std::path::{Component, Path, PathBuf};

use super::super::{locate::usage, path_bytes};
use crate::error::Error;

/// Paths of a tree, `/`-separated; everything if there are none.
#[derive(Debug, Default)]
pub(super) struct Paths(Vec<Vec<u8>>);

impl Paths {
    /// From paths as the user typed them in `cwd`; in a bare repository they start at the root of the tree.
    ///
    /// # Errors
    /// A path outside the repository.
    pub(super) fn new(
        cwd: &Path,
        root: &Path,
        bare: bool,
        paths: &[PathBuf],
    ) -> Result<Self, Error> {
        let start = if bare || !cwd.starts_with(root) {
            root
        } else {
            cwd
        };
        let one = |path: &PathBuf| {
            let mut real = start.to_owned();
            for component in path.components() {
                match component {
                    Component::ParentDir => {
                        real.pop();
                    }
                    Component::CurDir => {}
                    other => real.push(other),
                }
            }
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
            let parts: Vec<Vec<u8>> = relative
                .components()
                .map(|part| path_bytes(part.as_os_str().as_ref()))
                .collect();
            Ok(parts.join(&b'/'))
        };
        let mut paths = paths.iter().map(one).collect::<Result<Vec<_>, _>>()?;
        if paths.iter().any(Vec::is_empty) {
            paths.clear();
        }
        Ok(Self(paths))
    }

    /// Whether something at this path is asked for, or a folder could hold what is.
    pub(super) fn reach(&self, path: &[u8], folder: bool) -> bool {
        self.0.is_empty()
            || self
                .0
                .iter()
                .any(|wanted| below(path, wanted) || folder && below(wanted, path))
    }
}

/// Whether a path is another, or below it.
fn below(path: &[u8], other: &[u8]) -> bool {
    path.strip_prefix(other)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}
