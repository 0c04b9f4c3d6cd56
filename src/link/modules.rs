//! Modules of the repository: which file one is, and which function a qualified name stands for.
//!
//! A module is found as Python finds it: by its path from the folder of the source, or from a folder above.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    helper::Helper,
    load::{folder, join},
};
use crate::fact::{ContentFacts, Fact, PyNames, Text};

/// Folders above a source in which a module is looked for.
const FOLDERS: usize = 32;

/// Words at the end of a name that may be classes and functions in a module.
const WORDS: usize = 4;

/// Names that lead to another one after another: `from .io import load` in `pkg/__init__.py`.
const NAMES: usize = 8;

/// Names that are looked for on behalf of one call.
pub(super) const STEPS: usize = 100;

/// What the sources of a view say of themselves, by their paths.
#[derive(Debug, Default)]
pub(super) struct Modules<'a> {
    sources: FxHashMap<&'a [u8], Source<'a>>,
    /// The last words of the modules' names.
    words: FxHashSet<&'a [u8]>,
}

/// A source.
#[derive(Debug)]
struct Source<'a> {
    path: &'a Text,
    helpers: FxHashMap<Vec<u8>, Vec<Helper>>,
    names: FxHashMap<Vec<u8>, Vec<Text>>,
    stars: Vec<Text>,
}

/// A function, the source that it is in, and the arguments that come before its own.
type Found<'m, 'a> = (&'a Text, &'m Helper, usize);

/// The names that a source may be asked for.
pub fn names_of(facts: &ContentFacts) -> Option<Box<PyNames>> {
    facts.observations.iter().find_map(|seen| match &seen.fact {
        Fact::PyNames(names) if seen.site.hops.is_empty() => Some(names.clone()),
        _ => None,
    })
}

impl<'a> Modules<'a> {
    fn at(&mut self, path: &'a Text) -> &mut Source<'a> {
        self.sources
            .entry(path.as_bytes())
            .or_insert_with(|| Source {
                path,
                helpers: FxHashMap::default(),
                names: FxHashMap::default(),
                stars: Vec::new(),
            })
    }

    /// Adds what a source says.
    pub(super) fn add(
        &mut self,
        path: &'a Text,
        helpers: Vec<Helper>,
        names: Option<Box<PyNames>>,
    ) {
        if helpers.is_empty() && names.is_none() {
            return;
        }
        self.words.extend(last_word(path.as_bytes()));
        let source = self.at(path);
        for helper in helpers {
            if let Some(function) = helper.function() {
                let name = function.name.as_bytes().to_vec();
                source.helpers.entry(name).or_default().push(helper);
            }
        }
        if let Some(names) = names {
            for (name, path) in names.names {
                let name = name.as_bytes().to_vec();
                source.names.entry(name).or_default().push(path);
            }
            source.stars.extend(names.stars);
        }
    }

    /// Whether no function of any source hands on to a loader.
    pub(super) fn is_empty(&self) -> bool {
        let mut all = self.sources.values();
        all.all(|source| source.helpers.is_empty())
    }

    /// The functions that a name may stand for in a source, within so many steps.
    pub(super) fn functions(
        &self,
        source: &Text,
        name: &str,
        steps: &mut usize,
    ) -> Vec<Found<'_, 'a>> {
        let mut found = Vec::new();
        self.follow(source.as_bytes(), name, 0, steps, &mut found);
        found
    }

    fn follow<'m>(
        &'m self,
        source: &[u8],
        name: &str,
        hops: usize,
        steps: &mut usize,
        found: &mut Vec<Found<'m, 'a>>,
    ) {
        let Some(left) = steps.checked_sub(1).filter(|_| hops <= NAMES) else {
            return;
        };
        *steps = left;
        if let Some(own) = name.strip_prefix(':') {
            if let Some(source) = self.sources.get(source) {
                self.inside(source, own, hops, steps, found);
            }
            return;
        }
        let level = name
            .len()
            .saturating_sub(name.trim_start_matches('.').len());
        let words: Vec<&str> = name.trim_start_matches('.').split('.').collect();
        let folders = folders(source, level);
        for of_name in 1..=WORDS.min(words.len()) {
            let (module, own) = words
                .split_at_checked(words.len().saturating_sub(of_name))
                .unwrap_or_default();
            if level == 0 && module.is_empty() || module.iter().any(|word| word.contains('(')) {
                continue;
            }
            let is_there = |word: &&str| self.words.contains(word.as_bytes());
            if !module.last().is_none_or(is_there) {
                continue;
            }
            let module = module.join("/");
            let place = folders.iter().find_map(|folder| {
                let file = join(folder, format!("{module}.py").as_bytes());
                let file = file.filter(|_| !module.is_empty());
                let file = file.and_then(|path| self.sources.get(path.as_slice()));
                let package = || {
                    let path = join(folder, format!("{module}/__init__.py").as_bytes())?;
                    self.sources.get(path.as_slice())
                };
                file.or_else(package)
            });
            let before = found.len();
            if let Some(place) = place {
                self.inside(place, &own.join("."), hops, steps, found);
            }
            if found.len() > before {
                return;
            }
        }
    }

    /// The functions that a name of a source's own may stand for.
    fn inside<'m>(
        &'m self,
        source: &'m Source<'a>,
        name: &str,
        hops: usize,
        steps: &mut usize,
        found: &mut Vec<Found<'m, 'a>>,
    ) {
        let plain = name.replace("()", "");
        if let Some(helpers) = source.helpers.get(plain.as_bytes()) {
            let of_instance = name
                .rsplit_once('.')
                .is_some_and(|(class, _)| class.ends_with("()"));
            found.extend(helpers.iter().map(|helper| {
                let is_method = helper.function().is_some_and(|it| it.is_method);
                // `Store.load(store, path)`.
                (source.path, helper, usize::from(is_method && !of_instance))
            }));
            return;
        }
        let end = name.find(['.', '(']).unwrap_or(name.len());
        let (first, rest) = name.split_at_checked(end).unwrap_or_default();
        let here = source.path.as_bytes();
        let hops = hops.saturating_add(1);
        if let Some(paths) = source.names.get(first.as_bytes()) {
            for path in paths.iter().filter_map(Text::as_str) {
                self.follow(here, &format!("{path}{rest}"), hops, steps, found);
            }
            return;
        }
        for star in source.stars.iter().filter_map(Text::as_str) {
            let dot = if star.ends_with('.') { "" } else { "." };
            self.follow(here, &format!("{star}{dot}{name}"), hops, steps, found);
        }
    }
}

/// The last word of the name of the module that a source is.
fn last_word(path: &[u8]) -> Option<&[u8]> {
    let path = path.strip_suffix(b".py")?;
    let path = path.strip_suffix(b"/__init__").unwrap_or(path);
    path.rsplit(|byte| *byte == b'/').next()
}

/// The folders in which a module is looked for, the nearest first. `from .io import load` has a `level` of 1, for the folder of the
/// source, and one more for each folder above.
fn folders(source: &[u8], level: usize) -> Vec<&[u8]> {
    let mut next = Some(folder(source));
    let mut folders = Vec::new();
    for at in 1..=FOLDERS {
        let Some(present) = next else {
            break;
        };
        next = (!present.is_empty()).then(|| folder(present));
        if level == 0 || at == level {
            folders.push(present);
        }
    }
    folders
}
