//! Which releases of libraries a repository asks for: the requirements of pip, and the lock files of uv, Poetry, PDM and Pipenv.
//!
//! Only libraries are recorded whose releases artifacts say. The files that these tools write are read line by line.

use std::ops::Range;

use super::excerpt::Lines;
use crate::{
    fact::{Fact, Requirement, Text},
    record::Recorder,
};

/// The libraries whose releases artifacts say, as packages are named.
const LIBRARIES: &[&str] = &["scikit-learn"];

/// How such a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manifest {
    /// A requirement on each line, as `pip freeze` writes them.
    Requirements,
    /// Packages in TOML, as uv, Poetry and PDM write them.
    Packages,
    /// Packages in JSON, as Pipenv writes them.
    Pipfile,
}

/// How a file of this name is written, if it is one.
pub fn manifest(name: &[u8]) -> Option<Manifest> {
    match name {
        b"uv.lock" | b"poetry.lock" | b"pdm.lock" => Some(Manifest::Packages),
        b"Pipfile.lock" => Some(Manifest::Pipfile),
        _ => {
            let stem = name.strip_suffix(b".txt")?;
            let is = |word: &[u8]| stem.starts_with(word) || stem.ends_with(word);
            (is(b"requirements") || is(b"constraints")).then_some(Manifest::Requirements)
        }
    }
}

/// Records what a file asks for. One that is no text asks for nothing.
pub fn read(source: &[u8], manifest: Manifest, recorder: &mut Recorder) {
    let Ok(text) = std::str::from_utf8(source) else {
        return;
    };
    let lines = Lines::new(text);
    let mut record = |library: &'static str, specifier: &str, at: Range<usize>| {
        let specifier = specifier.replace(char::is_whitespace, "");
        let fact = Fact::Requirement(Box::new(Requirement {
            library: library.to_owned(),
            is_exact: is_exact(&specifier),
            specifier: Text::from(specifier),
        }));
        recorder.record_at(fact, lines.place(&at), None);
    };
    // The package that the lines are about.
    let mut package = None;
    let mut start = 0_usize;
    for whole in text.split_inclusive('\n') {
        let at = start..start.saturating_add(whole.trim_end().len());
        start = start.saturating_add(whole.len());
        let line = whole.trim();
        match manifest {
            Manifest::Requirements => {
                if let Some((library, specifier)) = requirement(line) {
                    record(library, specifier, at);
                }
            }
            Manifest::Packages if line.starts_with('[') => package = None,
            Manifest::Packages => {
                if let Some(name) = value(line, "name") {
                    package = known(name);
                } else if let Some(version) = value(line, "version")
                    && let Some(library) = package.take()
                {
                    record(library, &format!("=={version}"), at);
                }
            }
            Manifest::Pipfile => {
                if let Some(name) = line.strip_suffix(": {") {
                    package = known(name.trim_matches('"'));
                } else if let Some(version) = line.strip_prefix("\"version\":")
                    && let Some(library) = package.take()
                {
                    record(library, version.trim_matches([' ', '"', ',']), at);
                }
            }
        }
    }
}

/// Whether a specifier takes one release alone.
fn is_exact(specifier: &str) -> bool {
    let release = specifier.trim_start_matches('=');
    specifier.starts_with("==") && !release.contains([',', '*'])
}

/// The library of a requirement and what releases of it are asked for: `scikit-learn[alldeps]>=1.3,<2 ; python_version > "3.8"`.
fn requirement(line: &str) -> Option<(&'static str, &str)> {
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))?;
    let (name, rest) = line.split_at_checked(end)?;
    let library = known(name)?;
    let rest = rest.trim_start();
    let rest = match rest.strip_prefix('[') {
        Some(extras) => extras.split_once(']')?.1,
        None => rest,
    };
    let ends = [";", " #", "\t#", " --", "\\"];
    let end = ends.iter().filter_map(|mark| rest.find(mark)).min();
    let specifier = rest.get(..end.unwrap_or(rest.len()))?.trim();
    let specifier = specifier.trim_matches(['(', ')']).trim();
    specifier
        .starts_with(['=', '<', '>', '!', '~'])
        .then_some((library, specifier))
}

/// The text in a line `key = "text"`.
fn value<'t>(line: &'t str, key: &str) -> Option<&'t str> {
    let value = line.strip_prefix(key)?.trim_start().strip_prefix('=')?;
    value.trim().strip_prefix('"')?.strip_suffix('"')
}

/// The library of this name, however it is spelt.
fn known(name: &str) -> Option<&'static str> {
    let parts = |name: &str| -> Vec<String> {
        let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
        parts.map(str::to_ascii_lowercase).collect()
    };
    let name = parts(name);
    LIBRARIES.iter().copied().find(|it| parts(it) == name)
}
