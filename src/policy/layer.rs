//! One layer of a policy: what holds everywhere, or what an override adds.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use rustc_hash::FxHashSet;

use super::{
    Uses,
    decode::list,
    error::{Errors, PolicyError, near},
    locate::{File, Origin, Step},
    names::{ByName, EntryIndex, Names},
    pack::{self, Pack, PackEntry},
    pattern::{self, Pattern},
    raw::{Body, Entry},
};
use crate::{
    finding::{Level, RuleMeta},
    pins::Required,
};

/// What a layer says.
#[derive(Debug, Default)]
pub(super) struct Layer {
    pub(super) formats_list: Option<Origin>,
    pub(super) formats_allow: BTreeMap<String, Origin>,
    pub(super) formats_refuse: BTreeMap<String, (Option<String>, Origin)>,
    pub(super) globals_list: Option<Origin>,
    /// Its packs, and where each is named.
    pub(super) packs: Vec<(&'static str, Origin)>,
    pub(super) allow: Vec<Listed>,
    pub(super) refuse: Vec<Entry>,
    pub(super) rules: BTreeMap<String, (Level, Origin)>,
    pub(super) pins: Option<(Required, Origin)>,
    /// Of an override: why it is there.
    pub(super) reason: Option<String>,
    /// Of an override: whether its levels are meant for names that are known to be dangerous: it says so, with a reason, or names
    /// each of its files.
    pub(super) means_danger: bool,
    pub(super) allowed: Names,
    pub(super) refused: Names,
    /// What its packs list, all together: looked up for every name of a file.
    pub(super) packed_by_name: OnceLock<ByName<(&'static Pack, &'static PackEntry)>>,
}

/// An entry under `allow`, and for which paths it is.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) entry: Entry,
    /// The group of its `paths`, if it has any.
    pub(super) group: Option<usize>,
}

/// What the caller knows: the words a policy may use. The policy itself knows neither rules nor formats.
#[derive(Debug, Clone, Copy)]
pub struct Catalog<'a> {
    /// All rules.
    pub rules: &'a [&'static RuleMeta],
    /// The ids of all formats.
    pub formats: &'a [&'a str],
}

impl Layer {
    /// Adds what a policy says; later ones win where only one can.
    pub(super) fn add(&mut self, body: Body, groups: &mut Vec<Vec<(String, Origin)>>) {
        self.formats_list = body.formats_list.or(self.formats_list.take());
        self.globals_list = body.globals_list.or(self.globals_list.take());
        self.formats_allow.extend(body.formats_allow);
        for (format, advice, origin) in body.formats_refuse {
            self.formats_refuse.insert(format, (advice, origin));
        }
        for (name, origin) in body.packs {
            if let Some(name) = pack::names().find(|known| *known == name)
                && !self.packs.iter().any(|(known, _)| *known == name)
            {
                self.packs.push((name, origin));
            }
        }
        for (rule, level, origin) in body.rules {
            self.rules.insert(rule, (level, origin));
        }
        self.pins = body.pins.or(self.pins.take());
        for mut entry in body.globals_allow {
            let at = self.allow.len();
            self.allowed
                .add(&entry.pattern, EntryIndex { layer: 0, at });
            let group = if entry.paths.is_empty() {
                None
            } else {
                groups.push(std::mem::take(&mut entry.paths));
                groups.len().checked_sub(1)
            };
            self.allow.push(Listed { entry, group });
        }
        for entry in body.globals_refuse {
            let at = self.refuse.len();
            self.refused
                .add(&entry.pattern, EntryIndex { layer: 0, at });
            self.refuse.push(entry);
        }
    }

    /// The entries under `allow` that match a global (in canonical spelling), whatever their paths.
    pub(super) fn allowing(&self, module: &str, name: &str) -> Vec<&Listed> {
        let places = self.allowed.allowing(module, name);
        places
            .iter()
            .filter_map(|index| self.allow.get(index.at))
            .collect()
    }

    pub(super) fn refusing(&self, module: &str, name: &str) -> Option<&Entry> {
        let index = self.refused.refusing(module, name)?;
        self.refuse.get(index.at)
    }

    /// The entries of its packs for a global, that hold for these releases of torch.
    pub(super) fn packed(
        &self,
        module: &str,
        name: &str,
        releases: &[String],
    ) -> impl Iterator<Item = (&'static Pack, &'static PackEntry)> {
        let packed = self.packed_by_name.get_or_init(|| {
            let packs = self.packs.iter();
            let packs = packs.filter_map(|(name, _)| pack::by_name(name));
            ByName::new(packs.flat_map(|pack| {
                pack.canonical().filter_map(move |(module, name, at)| {
                    Some((module, name, (pack, pack.entries.get(at)?)))
                })
            }))
        });
        let found = packed.find(module, name).copied();
        found.filter(|(pack, entry)| pack.holds(entry, releases))
    }
}

impl Entry {
    /// The uses it allows of a name that it matches.
    pub(super) fn uses_of(&self, name: &str) -> Uses {
        if !self.uses.is_empty() {
            self.uses
        } else if pattern::looks_like_class(name) {
            Uses::ALL
        } else {
            Uses::FUNCTION
        }
    }
}

/// The place of a pack's entry.
pub(super) fn pack_origin(pack: &'static Pack, entry: &PackEntry) -> Option<Origin> {
    let at = pack
        .entries
        .iter()
        .position(|other| std::ptr::eq(other, entry))?;
    let file: Arc<File> = pack::file(&pack.pack)?;
    let way = [
        Step::Key("entries".into()),
        Step::Index(at),
        Step::Key("global".into()),
    ];
    Some(Origin::new(file, way.into(), false))
}

/// What is wrong with a body that only the rest of the world can tell: names that do not exist, danger, contradictions.
pub(super) fn check(body: &Body, catalog: &Catalog<'_>, errors: &mut Errors) {
    let formats = body.formats_allow.iter().map(|(id, origin)| (id, origin));
    for (id, origin) in formats.chain(
        body.formats_refuse
            .iter()
            .map(|(id, _, origin)| (id, origin)),
    ) {
        known("format", "formats", id, catalog.formats, origin, errors);
    }
    let rules: Vec<&str> = catalog.rules.iter().map(|rule| rule.id).collect();
    for (id, _, origin) in &body.rules {
        let key = Origin::new(origin.file.clone(), origin.way.clone(), true);
        known("rule", "rules", id, &rules, &key, errors);
    }
    let packs: Vec<&str> = pack::names().collect();
    for (name, origin) in &body.packs {
        known("pack", "packs", name, &packs, origin, errors);
    }
    let formats: FxHashSet<&str> = body
        .formats_allow
        .iter()
        .map(|(id, _)| id.as_str())
        .collect();
    let help = "remove one of them; what is refused stays refused";
    for (id, _, origin) in &body.formats_refuse {
        if formats.contains(id.as_str()) {
            errors.of(origin, format!("`{id}` is both allowed and refused"), help);
        }
    }
    // Looked up only where something is refused: an approved list may have thousands of names.
    let globals: FxHashSet<&Pattern> = match body.globals_refuse.as_slice() {
        [] => FxHashSet::default(),
        _ => body.globals_allow.iter().map(|it| &it.pattern).collect(),
    };
    for entry in &body.globals_refuse {
        if globals.contains(&entry.pattern) {
            errors.of(
                &entry.origin,
                format!("`{}` is both allowed and refused", entry.text),
                help,
            );
        }
    }
    for entry in &body.globals_allow {
        entry_is_meant(entry, errors);
    }
}

fn known(kind: &str, kinds: &str, id: &str, known: &[&str], origin: &Origin, errors: &mut Errors) {
    if known.contains(&id) || errors.is_full() {
        return;
    }
    let help = near(id, known.iter().copied()).map_or_else(
        || {
            if known.len() > 12 {
                format!("`weighbridge explain` lists the {kinds}")
            } else {
                format!("the {kinds} are {}", list(known))
            }
        },
        |near| format!("did you mean `{near}`?"),
    );
    errors.of(origin, format!("there is no {kind} `{id}`"), help);
}

/// An entry that allows something dangerous has to say that it means it.
fn entry_is_meant(entry: &Entry, errors: &mut Errors) {
    let exact = matches!(entry.pattern, Pattern::Exact { .. });
    if entry.args.is_some() && !exact {
        let help = "write one entry for each global whose arguments you know";
        errors.of(
            &entry.origin,
            format!(
                "`{}` constrains the arguments of many globals at once",
                entry.text
            ),
            help,
        );
    }
    if entry.dangerous && entry.reason.is_none() {
        let help = "add a `reason:` for the reviewers of the policy";
        errors.of(
            &entry.origin,
            format!("`{}` is allowed as dangerous without a reason", entry.text),
            help,
        );
        return;
    }
    if entry.dangerous || (entry.args.is_some() && exact) {
        return;
    }
    let Some((name, why)) = super::danger::covered_by(&entry.pattern) else {
        return;
    };
    let (message, help) = if exact {
        (
            format!("`{}` is dangerous: it {why}", entry.text),
            "remove it, constrain what it may be called with (`args:`), or say `dangerous: true` with a `reason:`",
        )
    } else {
        (
            format!("`{}` allows dangerous globals: `{name}` {why}", entry.text),
            "list the globals that are needed by their full names",
        )
    };
    errors.of(&entry.origin, message, help);
}

/// What is allowed on purpose and should still be seen: entries that are dangerous, or wider than they look.
pub(super) fn notes(body: &Body, notes: &mut Vec<PolicyError>) {
    for entry in &body.globals_allow {
        // Any other entry that allows a dangerous name is an error, and such a policy is not compiled.
        let is_meant = entry.dangerous || entry.args.is_some();
        if is_meant && let Some((name, why)) = super::danger::covered_by(&entry.pattern) {
            let message = format!("`{}` is allowed although `{name}` {why}", entry.text);
            let help = entry
                .reason
                .as_ref()
                .map_or_else(String::new, |reason| format!("the reason given: {reason}"));
            notes.push(PolicyError::of(&entry.origin, message, help));
        } else if let Pattern::Deep { package } = &entry.pattern {
            let message = format!(
                "`{}` allows every name of every module in `{package}`",
                entry.text
            );
            notes.push(PolicyError::of(
                &entry.origin,
                message,
                "list the modules, or better the names, that checkpoints store",
            ));
        }
    }
}
