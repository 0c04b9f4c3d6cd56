//! What to write so that a file is let through: one block for all the names it needs, in a policy and in Python.

use std::collections::{BTreeMap, BTreeSet};

use super::Case;
use crate::{
    fact::{Argument, Fact, FactKind, Global, GlobalName, TorchLoad, Usage},
    policy,
};

/// An entry under `exclude` for a pattern of paths, as it can stand in a list.
pub(super) fn exclusion(pattern: &str) -> String {
    format!("{{paths: [\"{pattern}\"], reason: \"say here why nobody has to look at it\"}}")
}

/// What is said beside the advice to use a format that is not read yet: a file of it would be refused as unknown.
pub(super) fn not_read(case: &Case<'_>, title: &str, suffix: &str) -> String {
    format!(
        "{title} files are not read yet, and refused under their own suffix: to use them, leave them out with a reason; {}",
        case.scope
            .adding_exclusion(exclusion(&format!("*.{suffix}")))
    )
}

/// Names in one call of torch's list: a file that needs more is better saved as a state dict.
const LISTED: usize = 100;

/// So many names have a block that is as short as that of a pack.
const FEW: usize = 3;

/// What would allow the names that a file needs.
#[derive(Debug)]
pub(super) struct Allowing {
    /// By name, in the order of their spelling.
    entries: BTreeMap<GlobalName, String>,
    /// The packs that list all of the names, if packs do.
    packs: Vec<&'static str>,
    /// They are few and only imported: an entry of their own allows less than a pack.
    few_imports: bool,
    torch: bool,
}

impl Allowing {
    /// Of names, each with the uses that are made of it; a name may come several times.
    pub(super) fn new<'a>(
        case: &Case<'_>,
        needed: impl Iterator<Item = (&'a GlobalName, &'a [Usage])>,
    ) -> Self {
        let mut uses: BTreeMap<&GlobalName, Vec<Usage>> = BTreeMap::new();
        for (name, usages) in needed {
            uses.entry(name).or_default().extend(usages);
        }
        let packs = packs(&uses).unwrap_or_default();
        let few_imports =
            uses.len() <= FEW && uses.values().flatten().all(|usage| *usage == Usage::Import);
        let calls = calls(case);
        let entries = uses.into_iter().filter_map(|(name, mut usages)| {
            usages.extend(case.scope.globals().entered(name));
            let calls = calls.get(name).map_or(&[][..], Vec::as_slice);
            Some((name.clone(), policy::entry(name, &usages, calls)?))
        });
        Self {
            entries: entries.collect(),
            packs,
            few_imports,
            torch: case.of_kind(FactKind::TorchLoad).next().is_some(),
        }
    }

    /// Whether `torch.load` would take the file for one of its own.
    pub(super) fn is_torch(&self) -> bool {
        self.torch
    }

    /// Whether the block allows a name.
    pub(super) fn covers(&self, name: &GlobalName) -> bool {
        self.entries.contains_key(name)
    }

    /// The block, and how torch is told the same. Where packs list all the names, they are proposed instead, unless something
    /// else stands against the file or the block is as short and allows less.
    pub(super) fn in_full(&self, case: &Case<'_>, harmless: bool) -> Vec<String> {
        if harmless
            && !self.few_imports
            && let [first, ..] = self.packs.as_slice()
        {
            let packs: Vec<String> = self.packs.iter().map(ToString::to_string).collect();
            let named: Vec<String> = packs.iter().map(|pack| format!("`{pack}`")).collect();
            let (list, each, its) = match packs.len() {
                1 => ("the pack", "lists", "its library writes"),
                _ => ("the packs", "list", "their libraries write"),
            };
            let mut help = vec![format!(
                "{list} {} {each} every name that this file needs, in the shapes that {its} (`weighbridge explain {first}`): {}",
                named.join(" and "),
                case.scope.adding_packs(&packs)
            )];
            help.extend(listed_with_torch(case));
            return help;
        }
        let entries: Vec<String> = self.entries.values().cloned().collect();
        let trusted = match self.entries.keys().next() {
            Some(name) if self.entries.len() == 1 => format!("`{name}`"),
            _ => String::from("these names"),
        };
        let add = case.scope.adding_globals(&entries);
        let mut help = vec![format!(
            "if you trust {trusted} with the contents of any file, {add}"
        )];
        help.extend(listed_with_torch(case));
        help
    }
}

/// The fewest packs that list all of these names for these uses, as far as each choice of the largest finds them.
fn packs(uses: &BTreeMap<&GlobalName, Vec<Usage>>) -> Option<Vec<&'static str>> {
    if uses.len() > LISTED {
        return None;
    }
    let listings = uses
        .iter()
        .map(|(name, usages)| policy::packs_listing(name, usages));
    let mut left: Vec<Vec<&'static str>> = listings.collect();
    let mut chosen = Vec::new();
    while !left.is_empty() {
        let listing = |pack: &str| left.iter().filter(|packs| packs.contains(&pack)).count();
        let best = policy::pack_names()
            .max_by_key(|pack| (listing(pack), std::cmp::Reverse(*pack)))
            .filter(|pack| listing(pack) > 0)?;
        left.retain(|packs| !packs.contains(&best));
        chosen.push(best);
    }
    Some(chosen)
}

/// The arguments of the calls of each global in a file.
pub(super) fn calls<'a>(case: &Case<'a>) -> BTreeMap<&'a GlobalName, Vec<&'a [Argument]>> {
    let mut calls: BTreeMap<&GlobalName, Vec<&[Argument]>> = BTreeMap::new();
    for call in case.calls() {
        if let Global::Named(name) = call.callee {
            calls.entry(name).or_default().push(call.arguments);
        }
    }
    calls
}

/// Where the block is, for the names that are not the first.
pub(super) const ELSEWHERE: &str =
    "what is printed for the first name of this file allows this one as well";

/// What stands in the way of `weights_only=True` otherwise is another finding, and listing a name does not mend it.
fn listed_with_torch(case: &Case<'_>) -> Option<String> {
    let loads = || {
        let seen = case.of_kind(FactKind::TorchLoad);
        seen.filter_map(|o| match &o.fact {
            Fact::TorchLoad(load) => Some(load.as_ref()),
            _ => None,
        })
    };
    if loads().any(TorchLoad::never_loads) {
        return None;
    }
    let mut names: BTreeSet<GlobalName> = BTreeSet::new();
    for name in loads().flat_map(|load| load.globals.iter().chain(&load.built)) {
        if case.scope.torch().lists(name) {
            continue;
        }
        // A list with something dangerous in it is not offered, nor one that torch would not take.
        if case.scope.globals().danger(name).is_some() || case.scope.torch().blocks(name).is_some()
        {
            return None;
        }
        names.insert(case.scope.torch().spells(name));
        if names.len() > LISTED {
            return None;
        }
    }
    if names.is_empty() {
        return None;
    }
    let release = case.scope.torch().behaviour().next()?;
    python(&names, &release.release)
}

/// The lines that make a release of torch take these names.
fn python(names: &BTreeSet<GlobalName>, release: &str) -> Option<String> {
    let minor = |release: &str| -> Option<(u32, u32)> {
        let (major, minor) = release.split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    };
    let release_of = minor(release)?;
    if release_of < (2, 4) {
        return Some(format!(
            "torch {release} has no list of names to add to: load the file with torch 2.4 or newer"
        ));
    }
    let mut modules: BTreeSet<&str> = BTreeSet::from(["torch"]);
    let mut objects = Vec::new();
    for name in names {
        let (module, qualname) = (name.module.as_str()?, name.name.as_str()?);
        modules.insert(module);
        objects.push(format!("{module}.{qualname}"));
    }
    let imports: Vec<String> = modules.iter().map(|it| format!("import {it}\n")).collect();
    let (imports, objects) = (imports.concat(), objects.join(", "));
    Some(if release_of < (2, 5) {
        format!(
            "and name them where the file is loaded (torch {release}):\n{imports}torch.serialization.add_safe_globals([{objects}])\nstate = torch.load(path, weights_only=True)"
        )
    } else {
        format!(
            "and name them where the file is loaded:\n{imports}with torch.serialization.safe_globals([{objects}]):\n    state = torch.load(path, weights_only=True)"
        )
    })
}
