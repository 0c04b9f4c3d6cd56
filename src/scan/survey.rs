//! What a repository holds, as far as a policy is concerned: the words a policy may use, and those it would need.

use std::collections::BTreeMap;

use super::{Listing, Request, View, entry, guard};
use crate::{
    error::Error,
    fact::{Fact, GlobalName, Text, Unread, Usage},
    finding::{Finding, Level, RuleMeta},
    format::FORMATS,
    policy::{FormatVerdict, InitSummary, Policy, SeenGlobal},
    rule::{Case, RULES, called_with, refused_globals},
};

/// What all rules say of themselves.
pub fn rules() -> Vec<&'static RuleMeta> {
    RULES.iter().map(|rule| rule.meta).collect()
}

/// The ids of all formats that are read, which a policy may allow or refuse.
pub fn format_ids() -> Vec<&'static str> {
    let read = FORMATS.iter().filter(|format| format.is_read());
    read.map(|format| format.id).collect()
}

/// The artifacts of a view that a policy refuses, each once; what it says of source does not count.
///
/// # Errors
/// Workers that cannot be started.
pub fn refused_artifacts(view: &View, policy: &Policy) -> Result<Vec<Text>, Error> {
    let report = super::check(view, policy, String::new(), Request::default(), &())?;
    let of_artifact = |finding: &&Finding| finding.rule.tags.first() == Some(&"artifact");
    let refused = report
        .active()
        .filter(|finding| finding.level == Level::Deny);
    let mut paths: Vec<Text> = refused
        .filter(of_artifact)
        .map(|finding| finding.primary.path.clone())
        .collect();
    paths.dedup();
    Ok(paths)
}

/// Reads a view and notes what of it a policy does not allow.
pub fn survey(view: &View, policy: &Policy) -> InitSummary {
    guard::install();
    let mut reader = view.reader();
    let mut formats: BTreeMap<String, (usize, bool)> = BTreeMap::new();
    let mut globals: BTreeMap<GlobalName, SeenGlobal> = BTreeMap::new();
    let mut unread: Vec<Text> = Vec::new();
    for item in &view.items {
        let path = &item.entry.path;
        if policy.excludes(path) {
            continue;
        }
        let Some(seen) = entry::observe(&mut reader, item, Listing::None, None) else {
            continue;
        };
        let scope = policy.scope(path);
        for observation in &seen.facts.observations {
            match &observation.fact {
                Fact::Is(id) if observation.site.hops.is_empty() => {
                    let (count, refused) = formats.entry(id.to_string()).or_default();
                    *count += 1;
                    *refused |= matches!(scope.format(id.as_str()), FormatVerdict::Refused { .. });
                }
                Fact::Unread(Unread::Unknown(_)) if unread.last() != Some(path) => {
                    unread.push(path.clone());
                }
                _ => {}
            }
        }
        let case = Case::new(&item.entry, &seen.facts, &seen.circumstances, &scope);
        let mut needed: BTreeMap<&GlobalName, (Vec<Usage>, bool)> = BTreeMap::new();
        for (name, usages, may) in refused_globals(&case) {
            let (uses, may_all) = needed.entry(name).or_insert((Vec::new(), true));
            uses.extend(usages);
            *may_all &= may;
        }
        let calls = called_with(&case);
        for (name, (usages, may)) in needed {
            let seen = globals.entry(name.clone()).or_insert_with(|| SeenGlobal {
                name: name.clone(),
                usages: Vec::new(),
                calls: Vec::new(),
                may_be_allowed: true,
                path: path.clone(),
                artifacts: 0,
            });
            seen.usages.extend(usages);
            let own = calls.get(name).into_iter().flatten();
            seen.calls.extend(own.map(|arguments| arguments.to_vec()));
            seen.may_be_allowed &= may;
            seen.artifacts += 1;
        }
    }
    InitSummary {
        unread,
        refused_formats: formats
            .iter()
            .filter(|(_, (_, refused))| *refused)
            .map(|(id, _)| id.clone())
            .collect(),
        formats: formats
            .into_iter()
            .map(|(id, (count, _))| (id, count))
            .collect(),
        globals: globals.into_values().collect(),
    }
}
