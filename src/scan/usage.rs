//! What of a policy the files of a view use.

use super::{Listing, View, entry, guard};
use crate::{
    fact::{Global, GlobalName},
    policy::{Policy, Used},
    rule::Case,
};

/// What of a policy the files of a view use: overrides, exclusions, and the entries that list a global of theirs.
pub fn used(view: &View, policy: &Policy) -> Used {
    guard::install();
    let mut reader = view.reader();
    let mut used = Used::default();
    for item in &view.items {
        let path = &item.entry.path;
        used.path(policy, path);
        if policy.excludes(path) {
            continue;
        }
        let Some(seen) = entry::observe(&mut reader, item, Listing::None, None) else {
            continue;
        };
        let scope = policy.scope(path);
        let case = Case::new(&item.entry, &seen.facts, &seen.circumstances, &scope);
        let mut names: Vec<&GlobalName> = case
            .globals()
            .filter_map(|used| match used.global {
                Global::Named(name) => Some(name),
                Global::Unresolved(_) => None,
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            used.global(&scope, name);
        }
    }
    used
}
