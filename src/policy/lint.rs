//! What a policy says without need: entries that nothing uses or that others make void, overrides, exclusions and waivers for no
//! file, waivers that no longer hold, levels that are inherited anyway.
//!
//! None of it changes a verdict, and none of it is an error.

use std::sync::Arc;

use jiff::civil::Date;
use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    Policy, PolicyError, Scope, Uses,
    layer::{Layer, Listed},
    locate::{Origin, Step, harmless},
    locks::locks_rule,
    node::Node,
    pattern::Pattern,
    raw::Document,
};
use crate::fact::{GlobalName, Text};

/// What of a policy the files of a repository use.
#[derive(Debug, Default)]
pub struct Used {
    /// The groups of patterns that match a file.
    groups: FxHashSet<usize>,
    exclusions: FxHashSet<usize>,
    waivers: FxHashSet<usize>,
    /// The entries that list a global of a file, by their addresses.
    entries: FxHashSet<usize>,
}

impl Used {
    /// Takes note of a file, whether it is excluded or not.
    pub fn path(&mut self, policy: &Policy, path: &Text) {
        self.groups.extend(policy.patterns.matching(path));
        self.exclusions.extend(policy.exclude.matching(path));
        let waivers = policy.accepts.waivers();
        if !waivers.all().is_empty() {
            self.waivers.extend(waivers.at(path).here());
        }
    }

    /// Takes note of a global of a file.
    pub fn global(&mut self, scope: &Scope, name: &GlobalName) {
        let entries = scope.globals().lookup.entries_of(name);
        let addresses = entries.into_iter().map(|(_, listed)| address(listed));
        self.entries.extend(addresses);
    }
}

/// The key of levels.
const RULES: &str = "rules";

fn address(listed: &Listed) -> usize {
    std::ptr::from_ref(listed).addr()
}

/// What is said without need on a day. Without what a repository uses, only what the policy itself shows.
pub fn lint(policy: &Policy, used: Option<&Used>, today: Date) -> Vec<PolicyError> {
    let mut found = Found::default();
    for layer in &policy.layers {
        duplicates(layer, &mut found);
        void(layer, &mut found);
    }
    if let Some(base) = policy.layers.first() {
        in_packs(base, policy.torch.releases(), &mut found);
    }
    overridden(policy, &mut found);
    repeated_levels(&policy.documents, &mut found);
    waivers(policy, used, today, &mut found);
    if let Some(used) = used {
        unused(policy, used, &mut found);
    }
    // What an organisation says to all its repositories is no business of one.
    let above = policy.organisation().filter(|above| !above.judges_alone);
    let above = above.and_then(|above| policy.documents.get(..above.documents));
    let above: Vec<String> = above
        .unwrap_or_default()
        .iter()
        .map(|document| harmless(&document.file.name))
        .collect();
    found.list.retain(|error| !above.contains(&error.file));
    found.list
}

#[derive(Default)]
struct Found {
    list: Vec<PolicyError>,
    /// The entries that something was said of, by their addresses.
    entries: FxHashSet<usize>,
}

impl Found {
    fn add(&mut self, origin: &Origin, message: String, help: &str) {
        let error = PolicyError::of(origin, message, help);
        if !self.list.contains(&error) {
            self.list.push(error);
        }
    }

    /// What is to be said of an entry: the first that is found is enough to remove it.
    fn entry(&mut self, listed: &Listed, message: String, help: &str) {
        if self.entries.insert(address(listed)) {
            self.add(&listed.entry.origin, message, help);
        }
    }
}

fn place(origin: &Origin) -> String {
    let line = origin.line_ref("");
    format!("{}:{}", line.file, line.line)
}

/// Entries that say what one before them says.
fn duplicates(layer: &Layer, found: &mut Found) {
    let mut known: FxHashMap<&Pattern, Vec<&Listed>> = FxHashMap::default();
    for listed in &layer.allow {
        let same = known.entry(&listed.entry.pattern).or_default();
        let is_no_wider = |first: &&&Listed| {
            let (first, entry) = (&first.entry, &listed.entry);
            first.args == entry.args
                && first.uses == entry.uses
                && first.dangerous == entry.dangerous
        };
        let first = same.iter().filter(|first| first.group.is_none());
        if let Some(first) = { first }.find(is_no_wider) {
            let message = format!(
                "`{}` is listed already, by {}",
                listed.entry.text,
                place(&first.entry.origin)
            );
            found.entry(listed, message, "remove one of them");
        }
        same.push(listed);
    }
}

/// Entries that the same layer refuses.
fn void(layer: &Layer, found: &mut Found) {
    for listed in &layer.allow {
        let refusal = match &listed.entry.pattern {
            Pattern::Exact { module, name } => layer.refusing(module, name),
            pattern => layer
                .refuse
                .iter()
                .find(|refusal| refusal.pattern.covers(pattern)),
        };
        if let Some(refusal) = refusal {
            let message = format!(
                "`{}` has no effect: {} refuses it",
                listed.entry.text,
                place(&refusal.origin)
            );
            found.entry(
                listed,
                message,
                "remove it; an override for some paths can allow what is refused",
            );
        }
    }
    for (format, origin) in &layer.formats_allow {
        if let Some((_, refusal)) = layer.formats_refuse.get(format)
            && !Arc::ptr_eq(&origin.file, &refusal.file)
            && !origin.file.is_built_in()
        {
            let message = format!(
                "the format `{format}` is refused all the same, by {}",
                place(refusal)
            );
            found.add(
                origin,
                message,
                "remove it; an override for some paths can allow what is refused",
            );
        }
    }
}

/// Entries for what a pack lists.
fn in_packs(base: &Layer, releases: &[String], found: &mut Found) {
    for listed in &base.allow {
        let Pattern::Exact { module, name } = &listed.entry.pattern else {
            continue;
        };
        let uses = listed.entry.uses_of(name).said();
        let is_plain = listed.entry.args.is_none() && !listed.entry.dangerous;
        let covers = |by: Uses| by.union(uses) == by;
        let mut packed = base.packed(module, name, releases);
        if let Some((pack, _)) = packed.find(|(_, entry)| is_plain && covers(entry.kind.uses())) {
            let message = format!(
                "`{}` is in the pack `{}`, which is named",
                listed.entry.text, pack.pack
            );
            found.entry(listed, message, "remove it");
        }
    }
}

/// Levels that a later override for the same patterns replaces.
fn overridden(policy: &Policy, found: &mut Found) {
    let texts = |group: usize| -> Vec<&str> {
        let group = policy.groups.get(group).into_iter().flatten();
        group.map(|(text, _)| text.as_str()).collect()
    };
    let mut last: FxHashMap<(Vec<&str>, &str), &Origin> = FxHashMap::default();
    for (group, layer) in policy.layers.iter().skip(1).enumerate() {
        for (rule, (_, origin)) in &layer.rules {
            if let Some(earlier) = last.insert((texts(group), rule), origin) {
                let message = format!(
                    "the level of `{rule}` has no effect: {} sets it for the same paths",
                    place(origin)
                );
                found.add(earlier, message, "remove one of them");
            }
        }
    }
}

/// Levels of the policy itself that what it extends sets anyway. A level that it locks is said on purpose.
fn repeated_levels(documents: &[Document], found: &mut Found) {
    let Some((own, inherited)) = documents.split_last() else {
        return;
    };
    let levels = |document: &Document| -> Vec<(Box<str>, Box<str>, Origin)> {
        let Some(Node::Map(pairs)) = document.root.get(RULES) else {
            return Vec::new();
        };
        let pairs = pairs.iter().filter_map(|(rule, level)| {
            let Node::Str(level) = level else {
                return None;
            };
            let origin = Origin::new(
                Arc::clone(&document.file),
                vec![Step::Key(RULES.into()), Step::Key((**rule).into())].into(),
                true,
            );
            Some((rule.clone(), level.clone(), origin))
        });
        pairs.collect()
    };
    let mut known: FxHashMap<Box<str>, (Box<str>, Origin)> = FxHashMap::default();
    for document in inherited {
        let levels = levels(document).into_iter();
        known.extend(levels.map(|(rule, level, origin)| (rule, (level, origin))));
    }
    let locks = own.root.get("locked").map(|locked| match locked {
        Node::Seq(keys) => keys.iter().collect(),
        other => vec![other],
    });
    let locks = locks.unwrap_or_default();
    let is_locked = |rule: &str| {
        let keys = locks.iter().filter_map(|key| match key {
            Node::Str(key) => Some(&**key),
            _ => None,
        });
        locks_rule(keys, rule)
    };
    for (rule, level, origin) in levels(own) {
        let inherited = known.get(&rule).filter(|(known, _)| *known == level);
        if let Some((_, by)) = inherited.filter(|_| !is_locked(&rule)) {
            let message = format!("`{rule}` is `{level}` already, by {}", place(by));
            found.add(&origin, message, "remove it");
        }
    }
}

/// Waivers that have ended or are beyond the terms, and those for no file of the repository.
fn waivers(policy: &Policy, used: Option<&Used>, today: Date, found: &mut Found) {
    let waivers = policy.accepts.waivers();
    for (at, waiver) in waivers.all().iter().enumerate() {
        let of = format!("the waiver of `{}`", waiver.rule);
        let breaches = waivers.terms().breaches(waiver, today);
        if let Some(last) = waiver.ended(today) {
            let help = "remove it, or agree on a later `expires`";
            found.add(&waiver.origin, format!("{of} ended after {last}"), help);
        } else if !breaches.is_empty() {
            let breaches: Vec<String> = breaches.iter().map(ToString::to_string).collect();
            let message = format!(
                "{of} covers nothing, by the terms of the policy: {}",
                breaches.join("; ")
            );
            found.add(&waiver.origin, message, "write what the terms ask for");
        } else if used.is_some_and(|used| !used.waivers.contains(&at)) {
            let message = format!("{of} is for no file of the repository");
            let help = "remove it, or correct its `paths`";
            found.add(&waiver.origin, message, help);
        }
    }
}

/// What no file of the repository needs. Bundled policies are for everybody.
fn unused(policy: &Policy, used: &Used, found: &mut Found) {
    let overrides = policy.layers.len().saturating_sub(1);
    for (at, group) in policy.groups.iter().enumerate().take(overrides) {
        if let Some((_, origin)) = group.first().filter(|_| !used.groups.contains(&at)) {
            let message = "this override holds for no file of the repository".to_owned();
            found.add(origin, message, "remove it, or correct the patterns");
        }
    }
    for (at, (text, origin)) in policy.exclusions.iter().enumerate() {
        if !used.exclusions.contains(&at) {
            let message = format!("`{text}` excludes no file of the repository");
            found.add(origin, message, "remove it, or correct the pattern");
        }
    }
    for listed in policy.layers.iter().flat_map(|layer| &layer.allow) {
        if !used.entries.contains(&address(listed)) && !listed.entry.origin.file.is_built_in() {
            let message = format!("no file of the repository needs `{}`", listed.entry.text);
            found.entry(listed, message, "remove it");
        }
    }
}
