//! Patterns that limit a view, whatever it is of. Unlike a path by name, one that matches nothing is no error.

use std::path::{Component, Path, PathBuf};

use globset::{Candidate, Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use super::{View, locate::usage, paths::is_at_or_below, sort_by_path, work_tree};
use crate::{
    error::Error,
    fact::{Circumstance, Text},
};

/// Patterns that are matched together; each makes four globs. More would take more memory than anybody needs.
const MOST: usize = 10_000;

/// Paths and patterns of paths, relative to where the user stands: `models/*.pt`, `**/*.ckpt`, `data`. `*` stops at a slash,
/// `**` does not, and what names a folder covers all that is in it.
#[derive(Debug)]
pub struct Only {
    cwd: PathBuf,
    patterns: Vec<String>,
}

impl Only {
    /// Patterns as they were given, by someone who stands in `cwd`.
    pub fn new(cwd: &Path, patterns: &[String]) -> Self {
        Self {
            cwd: std::fs::canonicalize(cwd).unwrap_or_else(|_| cwd.to_owned()),
            patterns: patterns.to_vec(),
        }
    }

    fn globs(&self, root: &Path) -> Result<(GlobSet, Vec<Vec<u8>>), Error> {
        let large = || {
            usage(
                "the patterns are too large together",
                "use fewer or shorter ones",
            )
        };
        if self.patterns.len() > MOST {
            return Err(large());
        }
        let mut builder = GlobSetBuilder::new();
        let mut stems = Vec::new();
        for pattern in &self.patterns {
            let (globs, stem) = self.both(root, pattern)?;
            for glob in globs {
                builder.add(glob);
            }
            stems.push(stem);
        }
        Ok((builder.build().map_err(|_| large())?, stems))
    }

    /// The globs of one pattern: what it stands for, and its own name, which may look like a pattern. Then the folder that all
    /// that it stands for is in, or the path that it is.
    fn both(&self, root: &Path, pattern: &str) -> Result<(Vec<Glob>, Vec<u8>), Error> {
        let outside = || {
            usage(
                format!("`{}` is not in `{}`", Text::from(pattern), root.display()),
                "patterns are relative to the current folder, and stay in what is checked",
            )
        };
        let given = Path::new(pattern);
        let below = if given.is_absolute() {
            given.strip_prefix(root).map_err(|_| outside())?
        } else {
            given
        };
        let name = |part: &std::ffi::OsStr| part.to_string_lossy().into_owned();
        let mut parts: Vec<(String, String)> = Vec::new();
        if !given.is_absolute() {
            let base = self.cwd.strip_prefix(root).map_err(|_| outside())?;
            let base = base.iter().map(|part| globset::escape(&name(part)));
            parts.extend(base.map(|part| (part.clone(), part)));
        }
        for part in below.components() {
            match part {
                Component::ParentDir => {
                    parts.pop().ok_or_else(outside)?;
                }
                Component::Normal(part) => {
                    parts.push((name(part), globset::escape(&name(part))));
                }
                Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
            }
        }
        let plain = parts.iter().take_while(|(raw, literal)| raw == literal);
        let stem: Vec<&str> = plain.map(|(raw, _)| raw.as_str()).collect();
        let stem = stem.join("/").into_bytes();
        let (raw, literal): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        let forms = [raw.join("/"), literal.join("/")];
        let globs = forms.iter().flat_map(|form| match form.as_str() {
            "" => vec![String::from("**")],
            form => vec![String::from(form), format!("{form}/**")],
        });
        let globs = globs
            .filter_map(|glob| GlobBuilder::new(&glob).literal_separator(true).build().ok())
            .collect();
        Ok((globs, stem))
    }

    /// A view, of what the patterns match alone.
    ///
    /// # Errors
    /// A pattern that leads out of what is checked; too many.
    pub fn of(&self, mut view: View) -> Result<View, Error> {
        let (globs, stems) = self.globs(&view.root)?;
        view.items.retain(|item| {
            let path = item.entry.path.as_bytes();
            // What could not be listed may hold what is asked for.
            let unlisted = item
                .noted
                .iter()
                .any(|noted| matches!(noted, Circumstance::Unavailable(_)));
            let near = |stem: &Vec<u8>| is_at_or_below(stem, path) || is_at_or_below(path, stem);
            item.is_object()
                || globs.is_match_candidate(&Candidate::from_bytes(path))
                || unlisted && stems.iter().any(near)
        });
        let patterns = self.patterns.iter();
        let patterns: Vec<String> = patterns
            .map(|pattern| Text::from(pattern.as_str()).to_string())
            .collect();
        view.label = format!("{}: {}", view.label, patterns.join(", "));
        Ok(view.whole(false))
    }

    /// A view of files on disk, with what is there under exactly the name of a pattern, even if git ignores it.
    ///
    /// # Errors
    /// As for [`work_tree`]; names that have no folder in common with the view.
    pub fn and_named(&self, mut view: View) -> Result<View, Error> {
        let (_, stems) = self.globs(&view.root)?;
        let named: Vec<PathBuf> = self
            .patterns
            .iter()
            .zip(&stems)
            .filter(|(pattern, stem)| {
                let is_plain = globset::escape(pattern) == **pattern;
                let is_here = is_plain && has_at_or_below(&view, stem);
                !is_here && std::fs::metadata(self.cwd.join(pattern)).is_ok()
            })
            .map(|(pattern, _)| PathBuf::from(pattern))
            .collect();
        if named.is_empty() {
            return Ok(view);
        }
        let named = work_tree(&self.cwd, &named)?;
        if named.root != view.root {
            return Err(usage(
                "the patterns have no folder in common",
                "go to the folder that they are in",
            ));
        }
        view.items.extend(named.items);
        sort_by_path(&mut view.items);
        view.items.dedup_by(|a, b| a.entry.path == b.entry.path);
        Ok(view)
    }
}

fn has_at_or_below(view: &View, path: &[u8]) -> bool {
    let from = |path: &[u8]| {
        let at = view
            .items
            .partition_point(|item| item.entry.path.as_bytes() < path);
        view.items.get(at).map(|item| item.entry.path.as_bytes())
    };
    let folder = [path, b"/"].concat();
    from(path) == Some(path) || from(&folder).is_some_and(|it| it.starts_with(&folder))
}
