//! Keys that a policy locks: the policies that extend it may tighten them, and not loosen them.
//!
//! A locked key is compared with what the policy that locks it says, together with what that extends. Every other policy that
//! is merged with it may not loosen the key: those that extend it, and those that are extended beside it.

use rustc_hash::FxHashSet;

use super::{
    Catalog, InlineMode,
    error::{Errors, near},
    locate::Origin,
    names::{EntryIndex, Names},
    pack,
    pattern::Pattern,
    raw::{Body, Entry, Override, Raw},
    waivers::{RawTerms, RawWaiver},
};
use crate::{
    finding::Level,
    pins::{self, Required},
};

/// A key that may be locked.
struct Lockable {
    key: &'static str,
    /// Finds what a policy says that loosens it.
    find: fn(&Above<'_>, &Below<'_>, &mut Vec<Attempt>),
}

/// Every key that may be locked. A mapping locks all of its keys, and `rules.RULE` one rule.
const LOCKABLE: &[Lockable] = &[
    Lockable {
        key: "target.torch",
        find: |above, below, found| {
            let of = |raw: &&Raw| raw.torch.as_ref().map(|(text, _)| text.clone());
            target("target.torch", above.nearest(of), below.torch, found);
        },
    },
    Lockable {
        key: "target.python",
        find: |above, below, found| {
            let of = |raw: &&Raw| raw.python.as_ref().map(|(text, _)| text.clone());
            target("target.python", above.nearest(of), below.python, found);
        },
    },
    Lockable {
        key: "formats.allow",
        find: formats_allowed,
    },
    Lockable {
        key: "formats.refuse",
        find: formats_refused,
    },
    Lockable {
        key: "globals.packs",
        find: packs,
    },
    Lockable {
        key: "globals.allow",
        find: globals_allowed,
    },
    Lockable {
        key: "globals.refuse",
        find: globals_refused,
    },
    Lockable {
        key: RULES,
        find: rules,
    },
    Lockable {
        key: "pins.lock",
        find: |above, below, found| {
            let of = |raw: &&Raw| raw.lock.as_ref().map(|(path, _)| path.clone());
            let path = above.nearest(of).unwrap_or_else(|| pins::NAME.to_owned());
            if let Some((other, origin)) = below.lock.filter(|(other, _)| *other != path) {
                let what = format!("takes pins from `{other}` instead of `{path}`");
                found.push(Attempt::new(origin, what));
            }
        },
    },
    Lockable {
        key: "pins.require",
        find: pins_required,
    },
    Lockable {
        key: "overrides",
        find: |above, below, found| {
            let overrides = Below {
                overrides: below.overrides,
                is_later: below.is_later,
                ..Below::default()
            };
            let others = LOCKABLE.iter().filter(|row| row.key != "overrides");
            for row in others {
                (row.find)(above, &overrides, found);
            }
        },
    },
    Lockable {
        key: "waivers",
        find: |_, below, found| waived(below, |_| true, found),
    },
    Lockable {
        key: "waiver-terms",
        find: waiver_terms,
    },
    Lockable {
        key: "inline",
        find: |above, below, found| {
            let of = |raw: &&Raw| raw.inline.as_ref().map(|(mode, _)| *mode);
            let set = above.nearest(of);
            let mode = set.unwrap_or_default();
            let looser = below.inline.filter(|(here, _)| here.rank() < mode.rank());
            if let Some((_, origin)) = looser.filter(|_| below.is_later || set.is_none()) {
                let what = "lets comments in source set more findings aside".to_owned();
                found.push(Attempt::new(origin, what));
            }
        },
    },
    Lockable {
        key: "baseline",
        find: |above, below, found| {
            let of = |raw: &&Raw| raw.baseline.as_ref().map(|(path, _)| path.clone());
            let path = above.nearest(of);
            let other = below.baseline.filter(|_| below.is_later || path.is_none());
            if let Some((other, origin)) = other.filter(|(other, _)| Some(other) != path.as_ref()) {
                let what = format!("takes known findings from `{other}`");
                found.push(Attempt::new(origin, what));
            }
        },
    },
    Lockable {
        key: "exclude",
        find: |above, below, found| {
            let excluded = above.raws.iter().flat_map(|raw| &raw.exclude);
            let excluded: FxHashSet<&str> = excluded.map(|(text, _)| text.as_str()).collect();
            for (text, origin) in below.exclude {
                if !excluded.contains(text.as_str()) {
                    found.push(Attempt::new(origin, format!("excludes `{text}`")));
                }
            }
        },
    },
    Lockable {
        key: "attributes",
        find: |above, below, found| {
            let honours = above.nearest(|raw| raw.attributes.as_ref().map(|(value, _)| *value));
            if let (Some((true, origin)), false) = (below.attributes, honours == Some(true)) {
                let what = "lets `.gitattributes` exclude files".to_owned();
                found.push(Attempt::new(origin, what));
            }
        },
    },
];

const RULES: &str = "rules";

/// What loosens a key: the line, and what it does, to be read after the name of a policy.
pub(super) struct Attempt {
    pub(super) origin: Origin,
    pub(super) what: String,
}

impl Attempt {
    fn new(origin: &Origin, what: String) -> Self {
        Self {
            origin: origin.clone(),
            what,
        }
    }
}

/// The policy that locks a key, and all that it extends.
pub(super) struct Above<'a> {
    raws: Vec<&'a Raw>,
    catalog: &'a Catalog<'a>,
    /// The entries under `globals.allow` that hold everywhere.
    entries: Vec<&'a Entry>,
    allowed: Names,
    /// The entries under `globals.refuse` that hold everywhere, then those of overrides.
    refusals: Vec<&'a Entry>,
    refused: Names,
    /// How many of them hold everywhere.
    everywhere: usize,
}

/// What another policy says.
#[derive(Default)]
pub(super) struct Below<'a> {
    body: Option<&'a Body>,
    overrides: &'a [Override],
    exclude: &'a [(String, Origin)],
    waivers: &'a [RawWaiver],
    terms: Option<&'a RawTerms>,
    baseline: Option<&'a (String, Origin)>,
    inline: Option<&'a (InlineMode, Origin)>,
    attributes: Option<&'a (bool, Origin)>,
    torch: Option<&'a (String, Origin)>,
    python: Option<&'a (String, Origin)>,
    lock: Option<&'a (String, Origin)>,
    /// Whether it wins over the policy that locks where only one can. A policy that is extended before that one does not.
    is_later: bool,
}

impl<'a> Above<'a> {
    pub(super) fn new(raws: Vec<&'a Raw>, catalog: &'a Catalog<'a>) -> Self {
        let mut above = Self {
            catalog,
            entries: Vec::new(),
            allowed: Names::default(),
            refusals: Vec::new(),
            refused: Names::default(),
            everywhere: 0,
            raws,
        };
        for raw in &above.raws {
            above.entries.extend(&raw.body.globals_allow);
            above.refusals.extend(&raw.body.globals_refuse);
        }
        above.everywhere = above.refusals.len();
        let overrides = above.raws.iter().flat_map(|raw| &raw.overrides);
        let inner = overrides.flat_map(|over| &over.body.globals_refuse);
        above.refusals.extend(inner);
        let index = |names: &mut Names, entries: &[&Entry]| {
            for (at, entry) in entries.iter().enumerate() {
                names.add(&entry.pattern, EntryIndex { layer: 0, at });
            }
        };
        index(&mut above.allowed, &above.entries);
        index(&mut above.refused, &above.refusals);
        above
    }

    /// What the nearest policy says that says something.
    fn nearest<T>(&self, says: impl Fn(&&'a Raw) -> Option<T>) -> Option<T> {
        self.raws.iter().rev().find_map(says)
    }

    /// Whether an entry allows nothing that is not allowed everywhere already.
    fn grants(&self, entry: &Entry) -> bool {
        let is_no_wider = |known: &&Entry, uses: bool| {
            uses && (known.args.is_none() || known.args == entry.args)
                && (known.dangerous || !entry.dangerous)
                && (known.paths.is_empty() || texts(&known.paths) == texts(&entry.paths))
        };
        let known = |at: usize| self.entries.get(at).copied();
        match &entry.pattern {
            Pattern::Exact { module, name } => {
                let places = self.allowed.allowing(module, name);
                let mut found = places.iter().filter_map(|index| known(index.at));
                let wanted = entry.uses_of(name);
                found.any(|found| {
                    is_no_wider(
                        &found,
                        found.uses_of(name).union(wanted) == found.uses_of(name),
                    )
                })
            }
            pattern => self.entries.iter().any(|known| {
                known.pattern == *pattern && is_no_wider(known, known.uses == entry.uses)
            }),
        }
    }

    /// A refusal that an override for some paths would make void by allowing a pattern.
    fn refusal_of(&self, pattern: &Pattern, is_later: bool) -> Option<&'a Entry> {
        if let Pattern::Exact { module, name } = pattern {
            self.refused.refusing(module, name)?;
        }
        let counted = if is_later {
            self.refusals.len()
        } else {
            self.everywhere
        };
        let mut refusals = self.refusals.iter().take(counted);
        refusals
            .find(|entry| entry.pattern.overlaps(pattern))
            .copied()
    }

    /// The level of a rule everywhere, and whether a policy sets it.
    fn level(&self, rule: &str) -> Option<(Level, bool)> {
        let set = |raw: &&Raw| level_in(&raw.body, rule);
        if let Some(level) = self.nearest(set) {
            return Some((level, true));
        }
        let known = self.catalog.rules.iter().find(|known| known.id == rule)?;
        Some((known.level, false))
    }
}

impl<'a> Below<'a> {
    pub(super) fn new(raw: &'a Raw, is_later: bool) -> Self {
        Self {
            body: Some(&raw.body),
            overrides: &raw.overrides,
            exclude: &raw.exclude,
            waivers: &raw.waivers,
            terms: Some(&raw.waiver_terms),
            baseline: raw.baseline.as_ref(),
            inline: raw.inline.as_ref(),
            attributes: raw.attributes.as_ref(),
            torch: raw.torch.as_ref(),
            python: raw.python.as_ref(),
            lock: raw.lock.as_ref(),
            is_later,
        }
    }

    /// What it says everywhere, then each override.
    fn bodies(&self) -> impl Iterator<Item = &'a Body> {
        let overrides = self.overrides.iter().map(|over| &over.body);
        self.body.into_iter().chain(overrides)
    }
}

/// Whether policies lock the level of a rule: then nothing but a policy that they extend may set its findings aside.
pub(super) fn locks_rule<'a>(mut locks: impl Iterator<Item = &'a str>, rule: &str) -> bool {
    locks.any(|key| key == RULES || rule_of(key) == Some(rule))
}

/// What a policy says that loosens a key which may be locked.
pub(super) fn attempts(key: &str, above: &Above<'_>, below: &Below<'_>) -> Vec<Attempt> {
    let mut found = Vec::new();
    if let Some(rule) = rule_of(key) {
        for body in below.bodies() {
            if body.rules.iter().any(|(id, ..)| id == rule) {
                one_rule(rule, above, below, &mut found);
                break;
            }
        }
        waived(below, |waived| waived == rule, &mut found);
    }
    for row in LOCKABLE
        .iter()
        .filter(|row| row.key == key || is_inside(row.key, key))
    {
        (row.find)(above, below, &mut found);
    }
    found
}

/// Whether there is a key of this name to lock; an error if there is none.
pub(super) fn known(
    (key, origin): &(String, Origin),
    catalog: &Catalog<'_>,
    errors: &mut Errors,
) -> bool {
    let rule = rule_of(key);
    let is_known = match rule {
        Some(rule) => catalog.rules.iter().any(|known| known.id == rule),
        None => LOCKABLE
            .iter()
            .any(|row| row.key == *key || is_inside(row.key, key)),
    };
    if is_known {
        return true;
    }
    let rules = catalog
        .rules
        .iter()
        .map(|rule| format!("{RULES}.{}", rule.id));
    let names: Vec<String> = keys().map(str::to_owned).chain(rules).collect();
    let help = near(key, names.iter().map(String::as_str)).map_or_else(
        || {
            let keys: Vec<&str> = keys().collect();
            format!(
                "the keys are {} and `{RULES}.RULE`",
                keys.iter()
                    .map(|key| format!("`{key}`"))
                    .collect::<Vec<_>>()
                    .join(", ")
            )
        },
        |near| format!("did you mean `{near}`?"),
    );
    errors.of(
        origin,
        format!("`{key}` is not a key that can be locked"),
        help,
    );
    false
}

/// The keys that can be locked, mappings before what is in them.
pub(super) fn keys() -> impl Iterator<Item = &'static str> {
    let mut last = "";
    LOCKABLE.iter().flat_map(move |row| {
        let mapping = row.key.split_once('.').map(|(mapping, _)| mapping);
        let new = mapping.filter(|mapping| *mapping != last);
        last = mapping.unwrap_or_default();
        new.into_iter().chain([row.key])
    })
}

/// The rule of a key such as `rules.pickle-load`.
fn rule_of(key: &str) -> Option<&str> {
    key.strip_prefix(RULES)?.strip_prefix('.')
}

/// Whether a key such as `globals.allow` is one of a mapping such as `globals`.
fn is_inside(key: &str, mapping: &str) -> bool {
    key.strip_prefix(mapping)
        .is_some_and(|rest| rest.starts_with('.'))
}

fn texts(list: &[(String, Origin)]) -> Vec<&str> {
    list.iter().map(|(text, _)| text.as_str()).collect()
}

fn level_in(body: &Body, rule: &str) -> Option<Level> {
    let set = body.rules.iter().find(|(id, ..)| id == rule);
    set.map(|(_, level, _)| *level)
}

fn target(
    key: &str,
    above: Option<String>,
    below: Option<&(String, Origin)>,
    found: &mut Vec<Attempt>,
) {
    let Some((text, origin)) = below else {
        return;
    };
    let above = above.unwrap_or_else(|| "auto".to_owned());
    if *text != above {
        let what = format!("changes `{key}` from `{above}` to `{text}`");
        found.push(Attempt::new(origin, what));
    }
}

fn formats_allowed(above: &Above<'_>, below: &Below<'_>, found: &mut Vec<Attempt>) {
    let allowed = above.raws.iter().flat_map(|raw| &raw.body.formats_allow);
    let allowed: FxHashSet<&str> = allowed.map(|(id, _)| id.as_str()).collect();
    for (id, origin) in below.bodies().flat_map(|body| &body.formats_allow) {
        if !allowed.contains(id.as_str()) {
            found.push(Attempt::new(origin, format!("allows the format `{id}`")));
        }
    }
}

fn formats_refused(above: &Above<'_>, below: &Below<'_>, found: &mut Vec<Attempt>) {
    let everywhere = above.raws.iter().map(|raw| &raw.body);
    let overrides = above.raws.iter().flat_map(|raw| &raw.overrides);
    let overrides = overrides.map(|over| &over.body).filter(|_| below.is_later);
    let refused = everywhere
        .chain(overrides)
        .flat_map(|body| &body.formats_refuse);
    let refused: FxHashSet<&str> = refused.map(|(id, ..)| id.as_str()).collect();
    for (id, origin) in below
        .overrides
        .iter()
        .flat_map(|over| &over.body.formats_allow)
    {
        if refused.contains(id.as_str()) {
            let what = format!("allows the format `{id}`, which is refused there");
            found.push(Attempt::new(origin, what));
        }
    }
}

fn packs(above: &Above<'_>, below: &Below<'_>, found: &mut Vec<Attempt>) {
    let named = above.raws.iter().flat_map(|raw| &raw.body.packs);
    let named: FxHashSet<&str> = named.map(|(name, _)| name.as_str()).collect();
    for (name, origin) in below.bodies().flat_map(|body| &body.packs) {
        if !named.contains(name.as_str()) {
            found.push(Attempt::new(origin, format!("allows the pack `{name}`")));
        }
    }
}

fn globals_allowed(above: &Above<'_>, below: &Below<'_>, found: &mut Vec<Attempt>) {
    for entry in below.bodies().flat_map(|body| &body.globals_allow) {
        if !above.grants(entry) {
            found.push(Attempt::new(
                &entry.origin,
                format!("allows `{}`", entry.text),
            ));
        }
    }
}

/// Only an override can allow what is refused everywhere.
fn globals_refused(above: &Above<'_>, below: &Below<'_>, found: &mut Vec<Attempt>) {
    for over in below.overrides {
        for entry in &over.body.globals_allow {
            if let Some(refusal) = above.refusal_of(&entry.pattern, below.is_later) {
                let what = format!(
                    "allows `{}`, and `{}` is refused there",
                    entry.text, refusal.text
                );
                found.push(Attempt::new(&entry.origin, what));
            }
        }
        for (name, origin) in &over.body.packs {
            let entries = pack::by_name(name).map_or(&[][..], |pack| &pack.entries);
            let patterns = entries
                .iter()
                .filter_map(|entry| Pattern::parse(&entry.global).ok());
            let mut refusals =
                patterns.filter_map(|pattern| above.refusal_of(&pattern, below.is_later));
            if let Some(refusal) = refusals.next() {
                let what = format!(
                    "allows the pack `{name}`, and `{}` is refused there",
                    refusal.text
                );
                found.push(Attempt::new(origin, what));
            }
        }
    }
}

fn pins_required(above: &Above<'_>, below: &Below<'_>, found: &mut Vec<Attempt>) {
    let of = |body: &Body| body.pins.as_ref().map(|(required, _)| *required);
    let everywhere = above.nearest(|raw| of(&raw.body)).unwrap_or_default();
    let overrides = above.raws.iter().flat_map(|raw| &raw.overrides);
    let raised = overrides.filter_map(|over| of(&over.body));
    let most = raised
        .filter(|_| below.is_later)
        .fold(everywhere, Required::max);
    let mut lowers = |body: &Body, from: Required| {
        if let Some((to, origin)) = body.pins.as_ref().filter(|(to, _)| *to < from) {
            let what = format!(
                "lowers `pins.require` from `{}` to `{}`",
                from.word(),
                to.word()
            );
            found.push(Attempt::new(origin, what));
        }
    };
    if let Some(body) = below.body.filter(|_| below.is_later) {
        lowers(body, everywhere);
    }
    for over in below.overrides {
        lowers(&over.body, most);
    }
}

fn rules(above: &Above<'_>, below: &Below<'_>, found: &mut Vec<Attempt>) {
    let mut seen = FxHashSet::default();
    for (rule, ..) in below.bodies().flat_map(|body| &body.rules) {
        if seen.insert(rule) {
            one_rule(rule, above, below, found);
        }
    }
    waived(below, |_| true, found);
}

/// The waivers of some rules: what is waived does not count, whatever its level.
fn waived(below: &Below<'_>, of: impl Fn(&str) -> bool, found: &mut Vec<Attempt>) {
    for waiver in below.waivers.iter().filter(|waiver| of(&waiver.rule)) {
        let what = format!("waives `{}`", waiver.rule);
        found.push(Attempt::new(&waiver.rule_origin, what));
    }
}

/// Of terms, what the nearest policy says counts.
fn waiver_terms(above: &Above<'_>, below: &Below<'_>, found: &mut Vec<Attempt>) {
    let Some(terms) = below.terms.filter(|_| below.is_later) else {
        return;
    };
    let most = above.nearest(|raw| raw.waiver_terms.max_days.as_ref().map(|(days, _)| *days));
    if let (Some((days, origin)), Some(most)) = (&terms.max_days, most)
        && *days > most
    {
        let what = format!("lets waivers hold for {days} days instead of {most}");
        found.push(Attempt::new(origin, what));
    }
    let required = above.nearest(|raw| raw.waiver_terms.require.as_ref());
    if let (Some((here, origin)), Some((required, _))) = (&terms.require, required)
        && let Some(missing) = required.iter().find(|one| !here.contains(one))
    {
        let what = format!("does not require `{}` of waivers", missing.key());
        found.push(Attempt::new(origin, what));
    }
}

fn one_rule(rule: &str, above: &Above<'_>, below: &Below<'_>, found: &mut Vec<Attempt>) {
    let Some((level, is_set)) = above.level(rule) else {
        return;
    };
    let mut lowers = |body: &Body, from: Level| {
        let set = body
            .rules
            .iter()
            .filter(|(id, to, _)| id == rule && *to < from);
        for (_, to, origin) in set {
            found.push(Attempt::new(
                origin,
                format!("lowers `{rule}` from `{from}` to `{to}`"),
            ));
        }
    };
    if let Some(body) = below.body.filter(|_| below.is_later || !is_set) {
        lowers(body, level);
    }
    let overrides = above.raws.iter().flat_map(|raw| &raw.overrides);
    let raised = overrides
        .filter_map(|over| level_in(&over.body, rule))
        .filter(|_| below.is_later);
    let highest = raised.fold(level, Level::max);
    for over in below.overrides {
        lowers(&over.body, highest);
    }
}
