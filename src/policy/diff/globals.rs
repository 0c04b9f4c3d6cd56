//! Which globals may be used for more, or with more, than before.

use std::{collections::BTreeSet, sync::Arc};

use super::{Comparison, Conditions, Pair, Where, conditions, draft::Drafts, layers, patterns};
use crate::{
    fact::{GlobalName, PolicyItem, Text, Usage},
    policy::{
        EntryRef, Policy, Uses,
        constraint::Constraint,
        layer::Listed,
        locate::Origin,
        pack::{self, GlobalKind},
        pattern::Pattern,
        raw::Entry,
        scope::{Permission, Wider},
    },
};

/// A global, in canonical spelling.
type Name = (String, String);

/// What one line says about a global.
#[derive(Debug, PartialEq, Eq)]
enum Says {
    Allow {
        uses: Uses,
        args: Option<Vec<Constraint>>,
        dangerous: bool,
    },
    Pack(GlobalKind),
    Refuse,
}

type Said = Vec<(Conditions, Says)>;

/// What two policies say about globals.
pub(super) struct Globals<'c, 'p> {
    comparison: &'c Comparison<'p>,
    drafts: &'c mut Drafts,
}

/// Compares what two policies say about globals.
pub(super) fn compare(comparison: &Comparison<'_>, drafts: &mut Drafts) {
    Globals { comparison, drafts }.compare();
}

impl Globals<'_, '_> {
    fn compare(&mut self) {
        let Comparison {
            old,
            new,
            witnesses,
            drafts: _,
        } = self.comparison;
        let pairs = self.comparison.pairs();
        for pair in pairs {
            self.refusals(pair);
        }
        for name in names([old, new]) {
            let said = [*old, *new].map(|policy| said_of(policy, &name));
            if said[0] == said[1] {
                continue;
            }
            let global = GlobalName::new(name.0.clone(), name.1.clone());
            let lists = said.iter().flatten();
            let lists = lists.flat_map(|(conditions, _)| conditions.iter().cloned());
            let paths = witnesses.of(lists.collect());
            for pair in pairs {
                match &paths {
                    Some(paths) => self.global(pair, &global, paths),
                    None => self.undecided_global(pair, &global, &name),
                }
            }
        }
    }

    /// Refusals that are gone, whether or not anything lists the names today: something may tomorrow.
    fn refusals(&mut self, pair: Pair<'_>) {
        let written = |policy| -> Vec<(Conditions, &Entry)> {
            let refused = layers(policy).flat_map(|(at, layer)| {
                let entries = layer.refuse.iter();
                entries.map(move |entry| (conditions(policy, at), entry))
            });
            refused.collect()
        };
        let known: BTreeSet<(Conditions, &Pattern)> = written(pair.to)
            .into_iter()
            .map(|(conditions, entry)| (conditions, &entry.pattern))
            .collect();
        for (conditions, entry) in written(pair.from) {
            if !known.contains(&(conditions, &entry.pattern)) {
                let what = refusal(&entry.text);
                self.drafts
                    .gone(pair, what, &entry.origin, Where::EVERYWHERE);
            }
        }
    }

    fn global(&mut self, pair: Pair<'_>, name: &GlobalName, paths: &[Text]) {
        let permission = |policy: &Policy, path| policy.scope(path).globals().permission(name);
        let differ = paths.iter().filter_map(|path| {
            let (from, to) = (permission(pair.from, path), permission(pair.to, path));
            let gained = Gained::new(&from, &to);
            (!gained.is_nothing()).then_some((path, gained))
        });
        let differ: Vec<(&Text, Gained)> = differ.collect();
        let everywhere = differ.len() == paths.len();
        for (path, gained) in differ {
            let has = |path| permission(pair.from, path).uses;
            let wider = paths
                .iter()
                .any(|path| gained.uses.without(has(path)).is_empty());
            let place = Where {
                example: (!everywhere).then_some(path),
                wider: wider && !gained.uses.is_empty(),
            };
            self.gained(pair, name, path, &gained, place);
        }
    }

    fn gained(
        &mut self,
        pair: Pair<'_>,
        name: &GlobalName,
        path: &Text,
        gained: &Gained,
        place: Where<'_>,
    ) {
        let (from, to_scope) = (pair.from.scope(path), pair.to.scope(path));
        let to = to_scope.globals();
        let uses = gained.uses.list();
        for usage in &uses {
            if let Some(line) = from.refuses_listed(name, *usage)
                && !to_scope.has_refusal(name)
            {
                let what = refusal(&entry_text(pair.from, &line).unwrap_or_default());
                self.drafts.gone(pair, what, &line, place);
                continue;
            }
            let Some(by) = to.allowed_by(name, *usage) else {
                continue;
            };
            if let Some(pack) = by.pack() {
                // A pack that is listed in both and has the name in one has it for another target, which is a difference of its own.
                let is_listed = from.pack_listed(pack).is_some();
                if !is_listed || from.is_in_pack(pack, name) {
                    let what = PolicyItem::Pack {
                        name: pack.to_owned(),
                        names: usize::from(uses.first() == Some(usage)),
                    };
                    self.drafts
                        .added(pair, what, to_scope.pack_listed(pack).as_ref(), place);
                }
                continue;
            }
            let what = PolicyItem::Global {
                entry: spelled(pair.to, &by, name),
                uses: vec![*usage],
                danger: to.danger(name),
            };
            self.drafts.added(pair, what, by.of_a_policy(), place);
        }
        let by = [Usage::Call, Usage::Import].map(|usage| to.allowed_by(name, usage));
        let Some(by) = by.into_iter().flatten().next() else {
            return;
        };
        let entry = spelled(pair.to, &by, name);
        let line = by.of_a_policy();
        let arguments = PolicyItem::Arguments {
            entry: entry.clone(),
        };
        match gained.arguments {
            Wider::No => {}
            Wider::Perhaps => self.drafts.undecided(pair, arguments, line),
            Wider::Yes => self.drafts.added(pair, arguments, line, place),
        }
        if gained.any_shape {
            let entry = entry.clone();
            let what = PolicyItem::AnyShape { entry };
            self.drafts.added(pair, what, line, place);
        }
        if gained.may_be_given {
            let what = PolicyItem::GivenToCalls { entry };
            self.drafts.added(pair, what, line, place);
        }
    }

    /// A global at paths of too many kinds: perhaps looser, if anything allows it.
    fn undecided_global(&mut self, pair: Pair<'_>, global: &GlobalName, name: &Name) {
        let layers = pair.to.layers.iter().rev();
        let mut listed = layers.flat_map(|layer| layer.allowing(&name.0, &name.1));
        let what = match listed.next() {
            Some(Listed { entry, .. }) => (entry.text.clone(), Some(&entry.origin)),
            None => (global.to_string(), None),
        };
        let (entry, line) = what;
        let what = PolicyItem::Global {
            entry,
            uses: Vec::new(),
            danger: None,
        };
        self.drafts.undecided(pair, what, line);
    }
}

/// What one policy allows of a global at a path and another does not.
struct Gained {
    uses: Uses,
    arguments: Wider,
    any_shape: bool,
    may_be_given: bool,
}

impl Gained {
    fn new(from: &Permission, to: &Permission) -> Self {
        let uses = to.uses.without(from.uses);
        let both = |usage| from.uses.contains(usage) && to.uses.contains(usage);
        Self {
            uses,
            arguments: if both(Usage::Call) {
                to.arguments.is_wider_than(&from.arguments)
            } else {
                Wider::No
            },
            any_shape: to.uses.contains(Usage::Import) && to.any_shape && !from.any_shape,
            may_be_given: both(Usage::Import)
                && to.may_be_given
                && !from.may_be_given
                && uses.is_empty(),
        }
    }

    fn is_nothing(&self) -> bool {
        self.uses.is_empty() && self.arguments == Wider::No && !self.any_shape && !self.may_be_given
    }
}

fn refusal(entry: &str) -> PolicyItem {
    PolicyItem::Refusal {
        entry: entry.to_owned(),
    }
}

/// The text of the entry that stands at a line.
fn entry_text(policy: &Policy, line: &Origin) -> Option<String> {
    let entries = policy.layers.iter().flat_map(|layer| {
        let allowed = layer.allow.iter().map(|listed| &listed.entry);
        allowed.chain(&layer.refuse)
    });
    let mut entries = entries.filter(|entry| {
        Arc::ptr_eq(&entry.origin.file, &line.file) && entry.origin.way == line.way
    });
    Some(entries.next()?.text.clone())
}

/// What allows a global, as people would look for it.
fn spelled(policy: &Policy, by: &EntryRef, name: &GlobalName) -> String {
    let text = by.of_a_policy().and_then(|line| entry_text(policy, line));
    text.unwrap_or_else(|| name.to_string())
}

/// Globals that stand for all others: each that an entry or a pack spells, and for patterns one that looks like a class and one
/// that does not, directly in the module and below it. No line of either policy tells any other global from all of these.
fn names(policies: [&Policy; 2]) -> BTreeSet<Name> {
    let mut names = BTreeSet::new();
    let mut modules = BTreeSet::new();
    for layer in policies.iter().flat_map(|policy| &policy.layers) {
        let allowed = layer.allow.iter().map(|listed| &listed.entry);
        for entry in allowed.chain(&layer.refuse) {
            match &entry.pattern {
                Pattern::Exact { module, name } => {
                    names.insert((module.clone(), name.clone()));
                }
                Pattern::Direct { module } => {
                    modules.insert(module.clone());
                }
                Pattern::Deep { package } => {
                    modules.insert(package.clone());
                    modules.insert(format!("{package}.{UNKNOWN_MODULE}"));
                }
            }
        }
        let packs = layer.packs.iter();
        for pack in packs.filter_map(|(name, _)| pack::by_name(name)) {
            for entry in &pack.entries {
                if let Ok(Pattern::Exact { module, name }) = Pattern::parse(&entry.global) {
                    names.insert((module, name));
                }
            }
        }
    }
    // Below a package that a pattern covers, each module that a line mentions may be told from the others.
    let mentioned: Vec<String> = modules.iter().cloned().collect();
    modules.extend(
        mentioned
            .iter()
            .map(|module| format!("{module}.{UNKNOWN_MODULE}")),
    );
    for module in modules {
        names.insert((module.clone(), UNKNOWN_CLASS.to_owned()));
        names.insert((module, UNKNOWN_FUNCTION.to_owned()));
    }
    names
}

/// Names that no policy spells.
const UNKNOWN_MODULE: &str = "any_other_module";
const UNKNOWN_CLASS: &str = "AnyOtherClass";
const UNKNOWN_FUNCTION: &str = "any_other_function";

/// What each line says about a global that says anything, in the order in which later ones win.
fn said_of(policy: &Policy, (module, name): &Name) -> Said {
    let mut said = Vec::new();
    for (at, layer) in layers(policy) {
        let everywhere = || conditions(policy, at);
        for Listed { entry, group } in layer.allowing(module, name) {
            let Entry {
                text: _,
                pattern: _,
                uses: _,
                args,
                dangerous,
                reason: _,
                paths: _,
                origin: _,
            } = entry;
            let own = group.and_then(|group| patterns(policy, group));
            let says = Says::Allow {
                uses: entry.uses_of(name),
                args: args.clone(),
                dangerous: *dangerous,
            };
            let conditions = everywhere().into_iter().chain(own).collect();
            said.push((conditions, says));
        }
        for (_, entry) in layer.packed(module, name, policy.torch.releases()) {
            said.push((everywhere(), Says::Pack(entry.kind)));
        }
        if layer.refusing(module, name).is_some() {
            said.push((everywhere(), Says::Refuse));
        }
    }
    said
}
