//! What artifacts need that a policy does not allow, and the smallest addition to the policy that allows it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    edit::{Fragment, Item},
    pack,
    pattern::looks_like_class,
    snippet,
};
use crate::fact::{Argument, GlobalName, Text, Usage};

/// What one artifact needs that a policy does not allow.
#[derive(Debug, Clone, Default)]
pub struct Need {
    /// The artifact.
    pub path: Text,
    /// The ids of formats that the policy does not list.
    pub formats: Vec<String>,
    /// The globals that it does not allow, each once.
    pub globals: Vec<NeededGlobal>,
}

/// A global that an artifact needs.
#[derive(Debug, Clone)]
pub struct NeededGlobal {
    /// As stored.
    pub name: GlobalName,
    /// What loading does with it that is not allowed, and for what an entry lists it already.
    pub usages: Vec<Usage>,
    /// The arguments with which it is called.
    pub calls: Vec<Vec<Argument>>,
    /// Whether an entry may allow it: nothing refuses it, and nothing that is done with it is dangerous.
    pub may_be_allowed: bool,
}

/// Whom an answer trusts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Packs, and classes whose instances a file holds: what is right for files that nobody has looked at one by one.
    Classes,
    /// Functions that a file calls as well: somebody named the file.
    Functions,
}

/// Files that a comment names; the others are counted.
const NAMED: usize = 2;

/// What to add to a policy so that it allows what artifacts need: packs where they list many of the names, otherwise an entry for
/// each name with the uses that are made of it. Of an artifact that needs something which no entry may allow, nothing is
/// allowed: it would be refused all the same.
pub fn answer(needs: &[Need], trust: Trust) -> Fragment {
    let needs: Vec<&Need> = needs.iter().filter(|need| need.has_answer(trust)).collect();
    let mut formats: BTreeMap<&str, BTreeSet<&Text>> = BTreeMap::new();
    let mut packs: BTreeMap<&'static str, BTreeSet<&Text>> = BTreeMap::new();
    for need in &needs {
        for format in &need.formats {
            formats.entry(format).or_default().insert(&need.path);
        }
        for pack in need.packs() {
            packs.entry(pack).or_default().insert(&need.path);
        }
    }
    let mut names: BTreeMap<&GlobalName, (NeededGlobal, BTreeSet<&Text>)> = BTreeMap::new();
    for need in &needs {
        for global in &need.globals {
            let mut listing = pack::listing(&global.name, &global.usages).into_iter();
            if listing.any(|pack| packs.contains_key(pack)) {
                continue;
            }
            let (all, paths) = names.entry(&global.name).or_insert_with(|| {
                let none = NeededGlobal {
                    usages: Vec::new(),
                    calls: Vec::new(),
                    ..global.clone()
                };
                (none, BTreeSet::new())
            });
            all.usages.extend(&global.usages);
            all.calls.extend(global.calls.iter().cloned());
            paths.insert(&need.path);
        }
    }
    let entries = names.values().filter_map(|(global, paths)| {
        let entry = global.entry()?;
        Some((comment(paths), entry))
    });
    // What the same files need stands together, by module.
    let mut entries: Vec<(String, String)> = entries.collect();
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    let commented =
        |(word, paths): (&str, BTreeSet<&Text>)| Item::new(word).with_comment(&comment(&paths));
    Fragment::default()
        .with_items(&["formats", "allow"], formats.into_iter().map(commented))
        .with_items(&["globals", "packs"], packs.into_iter().map(commented))
        .with_items(
            &["globals", "allow"],
            entries
                .into_iter()
                .map(|(comment, entry)| Item::new(entry).with_comment(&comment)),
        )
}

/// The files that need something, in a few words.
fn comment(paths: &BTreeSet<&Text>) -> String {
    let named: Vec<String> = paths.iter().take(NAMED).map(ToString::to_string).collect();
    match paths.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{}, and {more} more", named.join(", ")),
    }
}

impl Need {
    /// Whether nothing is missing.
    pub fn is_empty(&self) -> bool {
        self.formats.is_empty() && self.globals.is_empty()
    }

    /// Whether entries may allow all that it needs.
    pub fn has_answer(&self, trust: Trust) -> bool {
        let mut globals = self.globals.iter();
        !self.is_empty() && globals.all(|global| global.has_answer(trust))
    }

    /// The functions that loading calls and that no pack lists: what they do, somebody has to read.
    pub fn functions(&self) -> impl Iterator<Item = &GlobalName> {
        let globals = self.globals.iter();
        globals
            .filter(|global| {
                !global.has_answer(Trust::Classes) && global.has_answer(Trust::Functions)
            })
            .map(|global| &global.name)
    }

    /// The packs that make the answer short.
    fn packs(&self) -> Vec<&'static str> {
        let globals = self.globals.iter();
        pack::covering(globals.map(|global| (&global.name, global.usages.as_slice())))
    }
}

impl NeededGlobal {
    fn entry(&self) -> Option<String> {
        let calls: Vec<&[Argument]> = self.calls.iter().map(Vec::as_slice).collect();
        snippet::entry(&self.name, &self.usages, &calls)
    }

    /// Whether it is a dangerous name that is called with arguments that make nothing but what is listed.
    fn is_constrained(&self) -> bool {
        let mut calls = self.calls.iter();
        !self.calls.is_empty() && calls.all(|call| snippet::is_constrained_call(&self.name, call))
    }

    fn has_answer(&self, trust: Trust) -> bool {
        let is_function = || {
            let name = self.name.name.as_str().unwrap_or_default();
            let is_called = self.usages.iter().any(|usage| *usage != Usage::Import);
            is_called
                && !looks_like_class(name)
                && pack::listing(&self.name, &self.usages).is_empty()
                && !self.is_constrained()
        };
        self.may_be_allowed
            && self.entry().is_some()
            && (trust == Trust::Functions || !is_function())
    }
}
