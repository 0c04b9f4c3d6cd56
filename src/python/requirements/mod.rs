//! Which releases of libraries a repository asks for: what pip, conda, Poetry and their like are told to install, and lock files.
//!
//! Only libraries are recorded whose releases artifacts say. TOML that people write is parsed; all else, which follows one layout, is
//! read line by line.

mod conda;
mod lines;
mod project;

use std::ops::Range;

use super::excerpt::Lines;
use crate::{
    fact::{Fact, Requirement, Text},
    record::Recorder,
};

/// The libraries whose releases artifacts say, as packages are named.
const LIBRARIES: &[&str] = &["scikit-learn"];

/// Names of lists of requirements that others include, as they are called in a folder `requirements/`.
const INCLUDED: &[&[u8]] = &[
    b"base",
    b"common",
    b"core",
    b"default",
    b"dependencies",
    b"deps",
    b"dev",
    b"development",
    b"main",
    b"prod",
    b"production",
    b"test",
    b"tests",
];

/// How such a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manifest {
    /// A requirement on each line, as `pip freeze` writes them.
    Requirements,
    /// Packages in TOML, as uv, Poetry and PDM write them.
    Packages,
    /// Packages in JSON, as Pipenv writes them.
    PipfileLock,
    /// A project in TOML: `pyproject.toml`, `Pipfile`.
    Project,
    /// An environment of conda, in YAML.
    Environment,
    /// The options of setuptools.
    SetupCfg,
}

/// How a file of this name is written, if it is one.
pub fn manifest(name: &[u8]) -> Option<Manifest> {
    match name {
        b"uv.lock" | b"poetry.lock" | b"pdm.lock" => return Some(Manifest::Packages),
        b"Pipfile.lock" => return Some(Manifest::PipfileLock),
        b"pyproject.toml" | b"Pipfile" => return Some(Manifest::Project),
        b"setup.cfg" => return Some(Manifest::SetupCfg),
        _ => {}
    }
    let dot = name.iter().rposition(|b| *b == b'.')?;
    let (stem, suffix) = name.split_at_checked(dot)?;
    let is = |word: &[u8]| stem.starts_with(word) || stem.ends_with(word);
    match suffix {
        b".txt" | b".in" => {
            let is_list = is(b"requirements") || is(b"constraints") || INCLUDED.contains(&stem);
            is_list.then_some(Manifest::Requirements)
        }
        b".yml" | b".yaml" => {
            let is_environment = is(b"environment") || matches!(stem, b"conda" | b"env");
            is_environment.then_some(Manifest::Environment)
        }
        _ => None,
    }
}

/// Records what a file asks for. One that is no text, or does not follow its layout, asks for nothing.
pub fn read(source: &[u8], manifest: Manifest, recorder: &mut Recorder) {
    let Ok(text) = std::str::from_utf8(source) else {
        return;
    };
    let mut asked = Asked::default();
    match manifest {
        Manifest::Requirements => lines::requirements(text, &mut asked),
        Manifest::Packages => lines::packages(text, &mut asked),
        Manifest::PipfileLock => lines::pipfile_lock(text, &mut asked),
        Manifest::SetupCfg => lines::setup_cfg(text, &mut asked),
        Manifest::Project => project::read(text, &mut asked),
        Manifest::Environment => conda::read(text, &mut asked),
    }
    let lines = Lines::new(text);
    for (fact, at) in asked.facts {
        recorder.record_at(fact, lines.place(&at), None);
    }
}

/// What a file asks for, and where.
#[derive(Debug, Default)]
struct Asked {
    facts: Vec<(Fact, Range<usize>)>,
}

impl Asked {
    /// Adds releases of a library, as pip takes them.
    fn releases(&mut self, library: &str, specifier: &str, at: Range<usize>) {
        let specifier = specifier.replace(char::is_whitespace, "");
        let fact = Fact::Requirement(Box::new(Requirement {
            library: library.to_owned(),
            is_exact: is_exact(&specifier),
            specifier: Text::from(specifier),
        }));
        self.facts.push((fact, at));
    }

    /// Adds a requirement as pip takes it, if it is one: `scikit-learn[alldeps]>=1.3,<2 ; python_version > "3.8"`.
    fn requirement(&mut self, text: &str, at: Range<usize>) {
        if let Some((library, specifier)) = requirement(text) {
            self.releases(library, specifier, at);
        }
    }

    /// Adds another list of requirements, by its path from this one's folder.
    fn list(&mut self, path: &str, at: Range<usize>) {
        self.facts
            .push((Fact::RequirementsFile(Text::from(path)), at));
    }
}

/// Each line, trimmed, with where it stands.
fn each_line(text: &str) -> impl Iterator<Item = (&str, Range<usize>)> {
    let mut start = 0_usize;
    text.split_inclusive('\n').map(move |whole| {
        let at = start..start.saturating_add(whole.trim_end().len());
        start = start.saturating_add(whole.len());
        (whole.trim_end(), at)
    })
}

/// Whether a specifier takes one release alone.
fn is_exact(specifier: &str) -> bool {
    let release = specifier.trim_start_matches('=');
    specifier.starts_with("==") && !release.contains([',', '*'])
}

/// The library of a requirement and what releases of it are asked for.
fn requirement(line: &str) -> Option<(&'static str, &str)> {
    let (library, rest) = named(line)?;
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

/// The library that a text begins with, and what follows.
fn named(text: &str) -> Option<(&'static str, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')));
    let (name, rest) = text.split_at_checked(end.unwrap_or(text.len()))?;
    Some((known(name)?, rest.trim_start()))
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
