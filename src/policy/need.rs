//! What artifacts need that a policy does not allow, and the smallest addition to the policy that allows it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Policy,
    edit::{Fragment, Item},
    pack::{self, PackEntry},
    pattern::{Pattern, looks_like_class},
    snippet::{self, EntryTerms},
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

/// How the answer to needs is written.
#[derive(Debug)]
pub struct Answering<'a> {
    /// Whom it trusts.
    pub trust: Trust,
    /// What each entry says besides. Packs and formats have no keys for it: for some paths they stand in an override, and where
    /// they hold everywhere, the reason is part of the comment.
    pub terms: &'a EntryTerms,
    /// Packs that are not named: in an override they would also allow what the policy refuses by name.
    pub avoid: &'a [&'static str],
}

/// What artifacts need, each word with the files that need it.
#[derive(Default)]
struct Needed<'n> {
    formats: BTreeMap<&'n str, BTreeSet<&'n Text>>,
    packs: BTreeMap<&'static str, BTreeSet<&'n Text>>,
    names: BTreeMap<&'n GlobalName, (NeededGlobal, BTreeSet<&'n Text>)>,
}

/// What to add to a policy so that it allows what artifacts need: packs where they list many of the names, otherwise an entry for
/// each name with the uses that are made of it. Of an artifact that needs something which no entry may allow, nothing is
/// allowed: it would be refused all the same.
pub fn answer(needs: &[Need], trust: Trust) -> Fragment {
    let how = Answering {
        trust,
        terms: &EntryTerms::default(),
        avoid: &[],
    };
    answer_with(needs, &how)
}

/// The same, written otherwise.
pub fn answer_with(needs: &[Need], how: &Answering<'_>) -> Fragment {
    Needed::new(needs, how).written(how.terms)
}

impl<'n> Needed<'n> {
    fn new(needs: &'n [Need], how: &Answering<'_>) -> Self {
        let needs: Vec<&Need> = needs
            .iter()
            .filter(|need| need.has_answer(how.trust))
            .collect();
        let mut all = Self::default();
        for need in &needs {
            for format in &need.formats {
                all.formats.entry(format).or_default().insert(&need.path);
            }
            for pack in need
                .packs()
                .into_iter()
                .filter(|pack| !how.avoid.contains(pack))
            {
                all.packs.entry(pack).or_default().insert(&need.path);
            }
        }
        for need in &needs {
            for global in &need.globals {
                let mut listing = pack::listing(&global.name, &global.usages).into_iter();
                if listing.any(|pack| all.packs.contains_key(pack)) {
                    continue;
                }
                let (known, paths) = all.names.entry(&global.name).or_insert_with(|| {
                    let none = NeededGlobal {
                        usages: Vec::new(),
                        calls: Vec::new(),
                        ..global.clone()
                    };
                    (none, BTreeSet::new())
                });
                known.usages.extend(&global.usages);
                known.calls.extend(global.calls.iter().cloned());
                paths.insert(&need.path);
            }
        }
        all
    }

    fn written(self, terms: &EntryTerms) -> Fragment {
        let entries = self.names.values().filter_map(|(global, paths)| {
            let entry = global.entry(terms)?;
            Some((comment(paths), entry))
        });
        // What the same files need stands together, by module.
        let mut entries: Vec<(String, String)> = entries.collect();
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        let entries = entries
            .into_iter()
            .map(|(comment, entry)| Item::new(entry).with_comment(&comment));
        let fragment = if terms.paths.is_empty() {
            let commented = |(word, paths): (&str, BTreeSet<&Text>)| {
                let why = terms.reason.iter().map(String::as_str);
                let said: Vec<String> = std::iter::once(comment(&paths))
                    .chain(why.map(str::to_owned))
                    .collect();
                Item::new(word).with_comment(&said.join(": "))
            };
            Fragment::default()
                .with_items(
                    &["formats", "allow"],
                    self.formats.into_iter().map(commented),
                )
                .with_items(&["globals", "packs"], self.packs.into_iter().map(commented))
        } else {
            Fragment::default().with_items(&["overrides"], self.over_paths(terms))
        };
        fragment.with_items(&["globals", "allow"], entries)
    }

    /// The override for some paths that allows the formats and the packs.
    fn over_paths(&self, terms: &EntryTerms) -> Option<Item> {
        if self.formats.is_empty() && self.packs.is_empty() {
            return None;
        }
        let of = self.formats.values().chain(self.packs.values());
        let paths: BTreeSet<&Text> = of.flatten().copied().collect();
        let mut keys = terms.keys(None);
        if !self.formats.is_empty() {
            let formats: Vec<&str> = self.formats.keys().copied().collect();
            keys.push(format!("formats: {{allow: [{}]}}", formats.join(", ")));
        }
        if !self.packs.is_empty() {
            let packs: Vec<&str> = self.packs.keys().copied().collect();
            keys.push(format!("globals: {{packs: [{}]}}", packs.join(", ")));
        }
        let item = Item::new(format!("{{{}}}", keys.join(", ")));
        Some(item.with_comment(&comment(&paths)))
    }
}

/// The files that need something, in a few words.
fn comment(paths: &BTreeSet<&Text>) -> String {
    let named: Vec<String> = paths.iter().take(NAMED).map(ToString::to_string).collect();
    match paths.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{}, and {more} more", named.join(", ")),
    }
}

impl Policy {
    /// The packs that list something which it refuses by name.
    pub fn packs_with_refusals(&self) -> Vec<&'static str> {
        let base = self.layers.first().filter(|base| !base.refuse.is_empty());
        let Some(base) = base else {
            return Vec::new();
        };
        let is_refused = |entry: &PackEntry| match Pattern::parse(&entry.global) {
            Ok(Pattern::Exact { module, name }) => base.refusing(&module, &name).is_some(),
            _ => true,
        };
        let mut packs: Vec<&str> = pack::names().collect();
        packs.retain(|name| {
            let pack = pack::by_name(name);
            pack.is_some_and(|pack| pack.entries.iter().any(is_refused))
        });
        packs
    }
}

/// Adds what artifacts need to what they were known to need before.
pub fn add_needs(known: &mut Vec<Need>, more: Vec<Need>) {
    for need in more {
        match known.iter_mut().find(|it| it.path == need.path) {
            Some(before) => before.add(need),
            None => known.push(need),
        }
    }
}

impl Need {
    fn add(&mut self, more: Self) {
        for format in more.formats {
            if !self.formats.contains(&format) {
                self.formats.push(format);
            }
        }
        for global in more.globals {
            match self.globals.iter_mut().find(|it| it.name == global.name) {
                Some(before) => {
                    before.usages.extend(global.usages);
                    before.calls.extend(global.calls);
                    before.may_be_allowed &= global.may_be_allowed;
                }
                None => self.globals.push(global),
            }
        }
    }

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
    fn entry(&self, terms: &EntryTerms) -> Option<String> {
        let calls: Vec<&[Argument]> = self.calls.iter().map(Vec::as_slice).collect();
        snippet::entry_with(&self.name, &self.usages, &calls, terms)
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
            && self.entry(&EntryTerms::default()).is_some()
            && (trust == Trust::Functions || !is_function())
    }
}
