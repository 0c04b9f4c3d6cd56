//! What a repository holds, as far as a policy is concerned: the words a policy may use, and those it would need.

use std::collections::BTreeMap;

use super::{Listing, View, entry, guard};
use crate::{
    fact::{Fact, Global, GlobalName, Text},
    format::FORMATS,
    policy::{FormatVerdict, GlobalVerdict, InitSummary, Policy, SeenGlobal},
    rule::RULES,
};

/// The ids of all rules.
pub fn rule_ids() -> Vec<&'static str> {
    RULES.iter().map(|rule| rule.meta.id).collect()
}

/// The ids of all formats.
pub fn format_ids() -> Vec<&'static str> {
    FORMATS.iter().map(|format| format.id).collect()
}

/// Reads a view and notes what of it a policy does not allow.
pub fn survey(view: &View, policy: &Policy) -> InitSummary {
    guard::install();
    let mut reader = view.reader();
    let mut formats: BTreeMap<String, (usize, bool)> = BTreeMap::new();
    let mut globals: BTreeMap<GlobalName, (Text, usize)> = BTreeMap::new();
    for item in &view.items {
        let path = &item.entry.path;
        if policy.excludes(path) {
            continue;
        }
        let Some(seen) = entry::observe(&mut reader, item, Listing::None, None) else {
            continue;
        };
        let scope = policy.scope(path);
        let mut needed: Vec<&GlobalName> = Vec::new();
        for observation in &seen.observations {
            match &observation.fact {
                Fact::Is(id) if observation.site.hops.is_empty() => {
                    let (count, refused) = formats.entry(id.clone()).or_default();
                    *count += 1;
                    *refused |= matches!(scope.format(id), FormatVerdict::Refused { .. });
                }
                Fact::Global {
                    global: Global::Named(name),
                    usage,
                } if scope.global(name, *usage) != GlobalVerdict::Allowed
                    && !needed.contains(&name) =>
                {
                    needed.push(name);
                }
                _ => {}
            }
        }
        for name in needed {
            globals
                .entry(name.clone())
                .or_insert_with(|| (path.clone(), 0))
                .1 += 1;
        }
    }
    InitSummary {
        refused_formats: formats
            .iter()
            .filter(|(_, (_, refused))| *refused)
            .map(|(id, _)| id.clone())
            .collect(),
        formats: formats
            .into_iter()
            .map(|(id, (count, _))| (id, count))
            .collect(),
        globals: globals
            .into_iter()
            .map(|(name, (path, artifacts))| SeenGlobal {
                name,
                path,
                artifacts,
            })
            .collect(),
    }
}
