//! What to write into a policy, so that it works as it is printed: an entry for each name with the uses that are made of it.
//! Where it goes, [`OwnPolicy`](super::own::OwnPolicy) knows.

use super::{
    Uses, alias,
    constraint::{Constraint, Want},
    danger,
    edit::{Fragment, Item},
    pattern,
    written::{quoted, scalar},
};
use crate::{
    fact::{Argument, GlobalName, Usage},
    finding::Additions,
};

/// Dangerous names that old picklers use for ordinary objects, and the arguments with which they make nothing but what is
/// allowed: an entry with these lets nothing else pass.
const CONSTRAINED: &[(&str, &str, &str, &[Constraint])] = &[
    (
        "builtins",
        "getattr",
        "[{allowed-global: class}, {identifier: true}]",
        &[Constraint::Allowed(Want::Class), Constraint::Identifier],
    ),
    (
        "collections",
        "defaultdict",
        "[{allowed-global: class}]",
        &[Constraint::Allowed(Want::Class)],
    ),
    (
        "copyreg",
        "_reconstructor",
        "[{allowed-global: class}, {allowed-global: class}, {data: true}]",
        &[
            Constraint::Allowed(Want::Class),
            Constraint::Allowed(Want::Class),
            Constraint::Data,
        ],
    ),
];

/// What to add to which list of a policy.
pub(super) fn fragment(additions: &Additions) -> Fragment {
    let packs = additions.packs.iter().map(|pack| Item::new(*pack));
    let globals = additions.globals.iter().filter_map(|(name, need)| {
        let calls: Vec<&[Argument]> = need.calls.iter().map(Vec::as_slice).collect();
        entry(name, &need.usages, &calls).map(Item::new)
    });
    let exclude = additions.exclude.iter().map(|pattern| exclusion(pattern));
    Fragment::default()
        .with_items(&["globals", "packs"], packs)
        .with_items(&["globals", "allow"], globals)
        .with_items(&["exclude"], exclude.map(Item::new))
}

/// An entry under `exclude` for a pattern of paths.
fn exclusion(pattern: &str) -> String {
    let pattern = quoted(pattern);
    format!("{{paths: [{pattern}], reason: \"say here why nobody has to look at it\"}}")
}

/// Whether a call of a dangerous name is one that an entry with constrained arguments can allow.
pub fn is_constrained_call(name: &GlobalName, arguments: &[Argument]) -> bool {
    let Some((.., constraints)) = constrained(name) else {
        return false;
    };
    let pairs = || constraints.iter().zip(arguments);
    constraints.len() == arguments.len()
        && pairs().all(|(constraint, argument)| constraint.refuses(argument, |_| true).is_none())
}

fn constrained(
    name: &GlobalName,
) -> Option<&'static (
    &'static str,
    &'static str,
    &'static str,
    &'static [Constraint],
)> {
    let (module, qualname) = (name.module.as_str()?, name.name.as_str()?);
    let (module, qualname) = alias::canonical(module, qualname);
    CONSTRAINED
        .iter()
        .find(|(of, known, ..)| *of == module && *known == qualname)
}

/// What an entry says besides what it allows.
#[derive(Debug, Clone, Default)]
pub struct EntryTerms {
    /// Why it is there.
    pub reason: Option<String>,
    /// The patterns of the files in which it holds; without any, it holds in all.
    pub paths: Vec<String>,
}

impl EntryTerms {
    /// The keys for it, in flow YAML, or nothing. Who gives no reason has one from the program.
    pub(super) fn keys(&self, usual: Option<&str>) -> Vec<String> {
        let mut keys = Vec::new();
        if !self.paths.is_empty() {
            let paths: Vec<String> = self.paths.iter().map(|path| scalar(path)).collect();
            keys.push(format!("paths: [{}]", paths.join(", ")));
        }
        let given = self.reason.as_deref().map(scalar);
        let reason = given.or_else(|| usual.map(str::to_owned));
        keys.extend(reason.map(|reason| format!("reason: {reason}")));
        keys
    }
}

/// Whether an [`entry`] can allow a global for some uses.
pub fn may_be_entered(name: &GlobalName, usages: &[Usage]) -> bool {
    let (Some(module), Some(qualname)) = (name.module.as_str(), name.name.as_str()) else {
        return false;
    };
    if let Some((_, known, ..)) = constrained(name) {
        // What it makes is an instance, which is then given its state.
        let makes_instance = *known == "_reconstructor";
        return usages.iter().all(|usage| {
            matches!(usage, Usage::Import | Usage::Call | Usage::Configure)
                || makes_instance && *usage == Usage::Build
        });
    }
    let mut outer = qualname.split('.').rev().skip(1);
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let is_plain = |text: &str| text.chars().all(plain) && pattern::is_path(text);
    danger::of(module, qualname).is_none()
        && outer.all(pattern::looks_like_class)
        && is_plain(module)
        && is_plain(qualname)
}

/// The entry that allows a global for some uses and no more: a name where those are what a name alone allows. `None` where
/// using it is known to be dangerous, and for what no entry spells: a name that Python could not resolve, a way
/// through what a module happens to hold. `calls` are the arguments with which it is called: what is given a class or a function
/// could call it, so the entry says what it may be given.
pub fn entry(name: &GlobalName, usages: &[Usage], calls: &[&[Argument]]) -> Option<String> {
    entry_with(name, usages, calls, &EntryTerms::default())
}

/// The same with what it says besides.
pub(super) fn entry_with(
    name: &GlobalName,
    usages: &[Usage],
    calls: &[&[Argument]],
    terms: &EntryTerms,
) -> Option<String> {
    let (module, qualname) = (name.module.as_str()?, name.name.as_str()?);
    if !may_be_entered(name, usages) {
        return None;
    }
    let mut uses = Uses::default();
    for usage in usages {
        uses.add(*usage);
    }
    if uses != Uses::CONFIGURED {
        uses.add(Usage::Import);
    }
    // In an entry, a call is one of a configuration as well.
    if uses.contains(Usage::Call) {
        uses = uses.without(Uses::CONFIGURED);
    }
    if let Some((_, _, arguments, _)) = constrained(name) {
        let uses = if usages.contains(&Usage::Build) {
            "as: [import, call, build], "
        } else {
            ""
        };
        let more = terms.keys(Some("makes only what is listed")).join(", ");
        return Some(format!(
            "{{global: \"{module}.{qualname}\", {uses}args: {arguments}, {more}}}"
        ));
    }
    let separator = if qualname.contains('.') { ':' } else { '.' };
    let text = format!("{module}{separator}{qualname}");
    let usual = if pattern::looks_like_class(qualname) {
        Uses::ALL
    } else {
        Uses::FUNCTION
    };
    let mut more = Vec::new();
    if uses != usual.without(Uses::CONFIGURED) {
        let uses: Vec<String> = uses.list().iter().map(ToString::to_string).collect();
        more.push(format!("as: [{}]", uses.join(", ")));
    }
    if let Some(arguments) = constraints(calls) {
        more.push(format!("args: [{}]", arguments.join(", ")));
    }
    more.extend(terms.keys(None));
    if more.is_empty() {
        return Some(text);
    }
    Some(format!("{{global: \"{text}\", {}}}", more.join(", ")))
}

/// Whether the entry for a global says with what it may be called.
pub fn constrains_calls(name: &GlobalName, calls: &[&[Argument]]) -> bool {
    constrained(name).is_some() || constraints(calls).is_some()
}

/// What every call's arguments are, one constraint for each, where some of them are globals; `None` where none is, or nothing says it.
fn constraints(calls: &[&[Argument]]) -> Option<Vec<&'static str>> {
    const SPELLED: &[(Constraint, &str)] = &[
        (Constraint::Allowed(Want::Class), "{allowed-global: class}"),
        (
            Constraint::Allowed(Want::Function),
            "{allowed-global: function}",
        ),
        (Constraint::Data, "{data: true}"),
        (Constraint::Identifier, "{identifier: true}"),
    ];
    let first = calls.first()?;
    let given = |call: &&[Argument]| call.iter().any(|it| matches!(it, Argument::Global(_)));
    if !calls.iter().any(given) || calls.iter().any(|call| call.len() != first.len()) {
        return None;
    }
    let fits = |constraint: &Constraint, at: usize| {
        let mut arguments = calls.iter().filter_map(|call| call.get(at));
        arguments.all(|argument| constraint.refuses(argument, |_| true).is_none())
    };
    let spelled = |at: usize| {
        let found = SPELLED.iter().find(|(constraint, _)| fits(constraint, at));
        found.map(|(_, spelled)| *spelled)
    };
    (0..first.len()).map(spelled).collect()
}
