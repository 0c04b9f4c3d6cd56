//! What `torch.load(weights_only=True)` has to be told to accept what the policy allows at one path. torch compares names and
//! nothing else, so what the policy allows only under a condition is not listed.

use super::{Scope, lookup::Listing};
use crate::{
    fact::{GlobalName, Usage},
    policy::{EntryRef, PythonObject, alias, danger, pattern::Pattern},
};

/// A global that an entry allows, and whether torch is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafeGlobal {
    /// As the entry or the file spells it.
    pub text: String,
    /// What Python evaluates to the object, or why it is not listed.
    pub object: Result<PythonObject, String>,
    /// The line that allows it; empty if none does.
    pub allowed_by: String,
}

impl SafeGlobal {
    /// What entries allow at a path beyond what torch lists by default, in the order of the policy. Packs are left out: a block that
    /// is to be narrow lists what files need of them.
    pub fn listed(scope: &Scope) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        for listed in scope.lookup.active_entries() {
            let entry = &listed.entry;
            let one = match &entry.pattern {
                Pattern::Exact { .. } => {
                    let (module, name) = entry
                        .text
                        .split_once(':')
                        .or_else(|| entry.text.rsplit_once('.'))
                        .unwrap_or_default();
                    let global = GlobalName::new(module.to_owned(), name.to_owned());
                    if scope.torch().lists(&global) {
                        continue;
                    }
                    Self::of(scope, &global)
                }
                Pattern::Direct { .. } | Pattern::Deep { .. } => Self {
                    text: entry.text.clone(),
                    object: Err(String::from(
                        "stands for many names, and torch takes single ones",
                    )),
                    allowed_by: EntryRef::of_policy(&entry.origin).to_string(),
                },
            };
            if !found.iter().any(|known| known.text == one.text) {
                found.push(one);
            }
        }
        found
    }

    /// A global under the name by which torch looks it up.
    pub fn of(scope: &Scope, name: &GlobalName) -> Self {
        let uses = [Usage::Call, Usage::Construct, Usage::Build, Usage::Import];
        let mut allowed = uses
            .iter()
            .filter_map(|usage| scope.globals().allowed_by(name, *usage));
        Self {
            text: name.to_string(),
            object: python_object(scope, name),
            allowed_by: allowed.next().map(|by| by.to_string()).unwrap_or_default(),
        }
    }
}

/// The packs that hold at a path, by name.
pub fn packs(scope: &Scope) -> Vec<&'static str> {
    let packs = scope.lookup.newest().flat_map(|layer| &layer.packs);
    let mut names: Vec<&str> = packs.map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// What Python calls a global, or why it is not listed.
fn python_object(scope: &Scope, name: &GlobalName) -> Result<PythonObject, String> {
    let globals = scope.globals();
    let said = |why: &str| Err(why.to_owned());
    let (Some(module), Some(qualname)) = (name.module.as_str(), name.name.as_str()) else {
        return said("is no plain name");
    };
    let (canonical, canonical_name) = alias::canonical(module, qualname);
    let danger = danger::of(module, qualname);
    if let Some(danger) = danger.or_else(|| danger::of(&canonical, &canonical_name)) {
        return Err(format!("is never listed: it {danger}"));
    }
    let allows = |usage| globals.allows(name, usage);
    if !allows(Usage::Import) {
        return said("is not allowed by the policy");
    }
    if let Some(module) = scope.torch().blocks(name) {
        return Err(format!(
            "is of `{module}`, in which torch refuses everything"
        ));
    }
    let listings = scope.lookup.listings(name);
    let limits = |listing: &Listing<'_>| !matches!(listing, Listing::Any);
    if !listings.is_empty() && listings.iter().all(limits) {
        return said("has limits for its arguments in the policy, and torch has none");
    }
    let is_in_pack = allowed_by_pack(scope, name);
    if !is_in_pack && !allows(Usage::Call) && !allows(Usage::Construct) {
        return said("may only be named, and a file could call what torch lists");
    }
    PythonObject::of(name).map_err(str::to_owned)
}

fn allowed_by_pack(scope: &Scope, name: &GlobalName) -> bool {
    let by = scope.globals().allowed_by(name, Usage::Import);
    by.is_some_and(|by| by.pack().is_some())
}
