//! What looks like a policy and does not judge: whoever wrote it expects that it does, so the report names it.
//!
//! It costs next to nothing where there is none: a few names are looked up at the root, the others come from the listing of what is
//! looked at anyway, and of `pyproject.toml` only the headings of its tables are read.

use std::path::{Path, PathBuf};

use super::{
    Policy,
    place::{NAME, PLACES, Place},
};
use crate::{
    bytes::{ByteSource, FileSource},
    fact::Text,
};

/// What others take for its name, looked up even where the listing does not have it.
const MISNAMED: &[&str] = &[
    "weighbridge.yml",
    ".weighbridge.yml",
    ".github/weighbridge.yml",
    ".github/.weighbridge.yaml",
];

/// Where other tools keep their settings.
const PYPROJECT: &str = "pyproject.toml";

/// Bytes of `pyproject.toml` that are searched. Real ones have some kilobytes.
const SEARCHED: usize = 1 << 20;

/// Policies in folders that are named, one by one, although they do not judge.
const NAMED: usize = 3;

/// The policy that judges.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judge<'a> {
    pub(super) policy: &'a Policy,
    /// What reports call it.
    pub(super) name: &'a str,
    /// The files that it is made of, below the root.
    pub(super) files: &'a [PathBuf],
}

impl Judge<'_> {
    fn reads(&self, path: &str) -> bool {
        self.name.starts_with(path) || self.files.iter().any(|file| file == Path::new(path))
    }
}

/// A sentence about each policy that does not judge. `asked` tells whether one is looked for on disk.
pub(super) fn notices(place: &dyn Place, asked: bool, judge: Judge<'_>) -> Vec<String> {
    let mut notices = Vec::new();
    let there = |name: &str| match place.state() {
        Some(_) => place.has(Path::new(name)),
        None => asked && place.root().join(name).is_file(),
    };
    for name in PLACES.iter().filter(|name| !judge.reads(name)) {
        if there(name) {
            notices.push(format!(
                "{name} is not read: another policy of this repository comes first"
            ));
        }
    }
    for name in MISNAMED.iter().filter(|name| !judge.reads(name)) {
        if there(name) {
            notices.push(rename(name));
        }
    }
    let mut nested: usize = 0;
    for entry in place.paths() {
        let Some(path) = entry.as_str() else {
            continue;
        };
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if !looks_like_one(name) || judge.reads(path) {
            continue;
        }
        if ["", ".github"].contains(&folder) {
            let is_told = PLACES.contains(&path) || MISNAMED.contains(&path);
            // Where case does not count, it is the file that was read under its right name.
            let lower = path.to_lowercase();
            let is_same = lower != path && there(&lower);
            if !is_told && !is_same {
                notices.push(rename(path));
            }
            continue;
        }
        if judge.policy.excludes(entry) {
            continue;
        }
        nested = nested.saturating_add(1);
        if nested <= NAMED {
            notices.push(format!(
                "{entry} is not read: one policy judges a repository; say under `overrides` of {NAME} what holds for `{}/**`",
                Text::from(folder)
            ));
        }
    }
    if let Some(more) = nested.checked_sub(NAMED).filter(|more| *more > 0) {
        notices.push(format!("{more} more policies in folders are not read"));
    }
    if (asked || place.state().is_some()) && is_in_pyproject(place) {
        notices.push(format!(
            "`[tool.weighbridge]` of {PYPROJECT} is not read: write the policy to {NAME}; `weighbridge policy init` begins one"
        ));
    }
    notices
}

fn rename(path: &str) -> String {
    let shown = Text::from(path);
    format!("{shown} is not read: rename it to {NAME}")
}

/// Whether a file is called like a policy, or nearly so: `weighbridge.yml`, `.Weighbridge.yaml`, `weighbridge.yaml.yaml`.
fn looks_like_one(name: &str) -> bool {
    let name = name.strip_prefix('.').unwrap_or(name);
    let Some((stem, mut rest)) = name.split_at_checked("weighbridge".len()) else {
        return false;
    };
    if !stem.eq_ignore_ascii_case("weighbridge") || rest.is_empty() {
        return false;
    }
    while let Some(after) = behind_suffix(rest) {
        // What an editor or a mail program adds.
        if after.is_empty() || after.eq_ignore_ascii_case(".txt") {
            return true;
        }
        rest = after;
    }
    false
}

/// What is behind a suffix of YAML at the beginning of a text.
fn behind_suffix(text: &str) -> Option<&str> {
    [".yaml", ".yml"].into_iter().find_map(|suffix| {
        let (start, after) = text.split_at_checked(suffix.len())?;
        start.eq_ignore_ascii_case(suffix).then_some(after)
    })
}

/// Whether `pyproject.toml` at the root has a table for this program.
fn is_in_pyproject(place: &dyn Place) -> bool {
    let path = Path::new(PYPROJECT);
    let bytes = match place.state() {
        Some(_) => place.read(path).ok(),
        None => start_of(&place.root().join(path)),
    };
    let bytes = bytes.unwrap_or_default();
    bytes.split(|byte| *byte == b'\n').any(|line| {
        let line = line.trim_ascii_start();
        let table = line.strip_prefix(b"[").map(|line| {
            let line = line.strip_prefix(b"[").unwrap_or(line);
            line.strip_prefix(b"tool.weighbridge")
        });
        matches!(table, Some(Some([b']' | b'.' | b' ', ..])))
    })
}

/// The first bytes of a regular file.
fn start_of(path: &Path) -> Option<Vec<u8>> {
    let source = FileSource::open(path).ok()?;
    let length = usize::try_from(source.len()).unwrap_or(SEARCHED);
    let mut bytes = vec![0; length.min(SEARCHED)];
    let read = source.read_at(0, &mut bytes).ok()?;
    bytes.truncate(read);
    Some(bytes)
}
