//! What the policy says at one path, and which line says it.

use std::{
    cmp::Reverse,
    sync::{Arc, OnceLock},
};

use super::{
    EntryRef, FormatVerdict, GlobalKind, GlobalVerdict, Pack, PackEntry, Refusal, Uses, alias,
    constraint::Constraint,
    danger,
    error::near,
    layer::{self, Layer, Listed},
    names::{EntryIndex, Names},
    pack,
    raw::Entry,
    snippet::Own,
    target,
};
use crate::{
    fact::{Argument, Global, GlobalName, Usage},
    finding::{Level, LineRef, RuleMeta},
};

/// What the policy says at one path: its overrides applied.
#[derive(Debug)]
pub struct Scope {
    /// What holds everywhere, then the overrides for this path, in order.
    pub(super) layers: Vec<Arc<Layer>>,
    /// The groups of `paths` that match this path, ascending.
    pub(super) groups: Vec<usize>,
    pub(super) target: Arc<Target>,
    pub(super) own: Arc<Own>,
    /// What the overrides say of globals, all together: one path may have thousands of them.
    overrides: OnceLock<Overrides>,
}

/// What the overrides for a path say of globals.
#[derive(Debug, Default)]
struct Overrides {
    allowed: Names,
    refused: Names,
    /// The packs that they name, each with the newest layer that does.
    packs: Vec<(usize, &'static Pack)>,
}

/// What will load the artifacts.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) torch: String,
    pub(super) releases: OnceLock<Vec<String>>,
}

impl Target {
    /// The releases of torch that the target selects, oldest first. Asked for late: knowing them means reading a pack.
    pub(super) fn releases(&self) -> &[String] {
        self.releases
            .get_or_init(|| target::select(&self.torch, &known_releases()).unwrap_or_default())
    }
}

pub(super) fn known_releases() -> Vec<String> {
    pack::torch_releases()
        .iter()
        .map(|release| release.release.clone())
        .collect()
}

/// What a policy says about the arguments of a call that it allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArgumentVerdict {
    /// They are as the entry wants them, or it does not say.
    Allowed,
    /// They are not.
    Refused {
        /// Which argument and why, lower case, no full stop.
        reason: String,
        /// The entry.
        decided_by: Option<LineRef>,
    },
}

/// Whether anything in a policy is about a global, whatever the use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is.
    Unlisted,
    /// A pack lists it, for some uses, and no entry of a policy does.
    InPack,
    /// An entry lists it, for some uses.
    Listed,
    /// An entry refuses it.
    Refused,
}

/// What lists a global for calls.
enum Listing<'a> {
    /// An entry or a pack, whatever the arguments.
    Any,
    /// An entry that constrains them.
    Entry(&'a Listed, &'a [Constraint]),
    /// A pack, as something that calls its first argument.
    Applier(&'static Pack, &'static PackEntry),
}

impl Scope {
    /// The level of a rule here.
    pub fn level(&self, rule: &RuleMeta) -> Level {
        self.newest()
            .find_map(|layer| layer.rules.get(rule.id))
            .map_or(rule.level, |(level, _)| *level)
    }

    /// The line that sets a rule's level here; `None` where the rule keeps its own.
    pub fn level_decided_by(&self, rule: &RuleMeta) -> Option<LineRef> {
        let (level, origin) = self.newest().find_map(|layer| layer.rules.get(rule.id))?;
        Some(origin.line_ref(format!("set to {level} here")))
    }

    /// The line of an override for this path that allows a rule's findings here, and the override's reason. `None` where
    /// something else decides: a later override, what the policy says everywhere, or the rule itself.
    pub fn excused_by(&self, rule: &RuleMeta) -> Option<(LineRef, Option<String>)> {
        let everywhere = self.layers.first().map(Arc::as_ptr);
        let layer = self
            .newest()
            .find(|layer| layer.rules.contains_key(rule.id))?;
        let (level, origin) = layer.rules.get(rule.id)?;
        let is_override = everywhere.is_some_and(|first| !std::ptr::eq(first, layer));
        (is_override && *level == Level::Allow)
            .then(|| (origin.line_ref("allowed here"), layer.reason.clone()))
    }

    /// Whether a format (by id) may be stored here.
    pub fn format(&self, id: &str) -> FormatVerdict {
        for layer in self.newest() {
            if let Some((advice, origin)) = layer.formats_refuse.get(id) {
                return FormatVerdict::Refused {
                    decided_by: Some(origin.line_ref("refused here")),
                    advice: advice.clone(),
                };
            }
            if let Some(origin) = layer.formats_allow.get(id) {
                return FormatVerdict::Allowed(EntryRef::of_policy(origin));
            }
        }
        let list = self.newest().find_map(|layer| layer.formats_list.as_ref());
        FormatVerdict::Refused {
            decided_by: list.map(|origin| origin.line_ref("not in this list")),
            advice: None,
        }
    }

    /// Whether a global may be used so here, and nothing about why. Known aliases of the same module are one name.
    pub fn allows(&self, name: &GlobalName, usage: Usage) -> bool {
        let (Some(module), Some(qualname)) = (name.module.as_str(), name.name.as_str()) else {
            return false;
        };
        let (module, qualname) = alias::canonical(module, qualname);
        let refused = self.refusal(&module, &qualname).map(|(layer, _)| layer);
        let counts = |layer: usize| refused.is_none_or(|refused| layer > refused);
        self.entries(&module, &qualname)
            .iter()
            .any(|(layer, listed)| {
                counts(*layer) && listed.entry.uses_of(&qualname).contains(usage)
            })
            || self
                .packed(&module, &qualname)
                .iter()
                .any(|(layer, _, entry)| counts(*layer) && entry.kind.uses().contains(usage))
    }

    /// The entry by which a global may be used so here: the newest, one of a policy before one of a pack.
    pub fn allowed_by(&self, name: &GlobalName, usage: Usage) -> Option<EntryRef> {
        let (module, qualname) = (name.module.as_str()?, name.name.as_str()?);
        let (module, qualname) = alias::canonical(module, qualname);
        let refused = self.refusal(&module, &qualname).map(|(layer, _)| layer);
        let counts = |layer: usize| refused.is_none_or(|refused| layer > refused);
        let entries = self.entries(&module, &qualname);
        let listed = entries.iter().find(|(layer, listed)| {
            counts(*layer) && listed.entry.uses_of(&qualname).contains(usage)
        });
        let packed = self.packed(&module, &qualname);
        let packed = packed
            .iter()
            .find(|(layer, _, entry)| counts(*layer) && entry.kind.uses().contains(usage));
        match (listed, packed) {
            (Some((layer, _)), Some((newer, pack, entry))) if newer > layer => {
                Some(EntryRef::of_pack(pack, entry))
            }
            (Some((_, listed)), _) => Some(EntryRef::of_policy(&listed.entry.origin)),
            (None, Some((_, pack, entry))) => Some(EntryRef::of_pack(pack, entry)),
            (None, None) => None,
        }
    }

    /// Whether a global may be used so here, and if not, why, which line says so, and what may have been meant.
    pub fn global(&self, name: &GlobalName, usage: Usage) -> GlobalVerdict {
        let mut verdict = self.verdict(name, usage);
        if let GlobalVerdict::Refused {
            why: Refusal::Unlisted { near },
            ..
        } = &mut verdict
        {
            *near = self.near(name);
        }
        verdict
    }

    /// The same without what may have been meant, which is looked for among all entries there are.
    pub fn verdict(&self, name: &GlobalName, usage: Usage) -> GlobalVerdict {
        if let Some(entry) = self.allowed_by(name, usage) {
            return GlobalVerdict::Allowed(entry);
        }
        let (Some(module), Some(qualname)) = (name.module.as_str(), name.name.as_str()) else {
            return self.unlisted(None);
        };
        let (module, qualname) = alias::canonical(module, qualname);
        let danger = danger::of(&module, &qualname);
        if let Some((_, entry)) = self.refusal(&module, &qualname) {
            let label = entry
                .reason
                .clone()
                .unwrap_or_else(|| "refused here".to_owned());
            return GlobalVerdict::Refused {
                why: Refusal::Refused,
                decided_by: Some(entry.origin.line_ref(label)),
                danger,
            };
        }
        let mut uses = Uses::default();
        let mut listed_at = None;
        for (_, listed) in self.entries(&module, &qualname) {
            uses = uses.union(listed.entry.uses_of(&qualname));
            listed_at = listed_at.or_else(|| Some(listed.entry.origin.clone()));
        }
        for (_, pack, entry) in self.packed(&module, &qualname) {
            uses = uses.union(entry.kind.uses());
            listed_at = listed_at.or_else(|| layer::pack_origin(pack, entry));
        }
        if uses.is_empty() {
            return self.unlisted(danger);
        }
        GlobalVerdict::Refused {
            why: Refusal::Use {
                allowed: uses.list(),
            },
            decided_by: listed_at
                .map(|origin| origin.line_ref(format!("listed here, but not for {usage}"))),
            danger,
        }
    }

    /// What about a global is in the policy, in words or lines of no kind: fit for a hundred thousand names.
    pub fn standing(&self, name: &GlobalName) -> Standing {
        let (Some(module), Some(qualname)) = (name.module.as_str(), name.name.as_str()) else {
            return Standing::Unlisted;
        };
        let (module, qualname) = alias::canonical(module, qualname);
        if self.refusal(&module, &qualname).is_some() {
            Standing::Refused
        } else if !self.entries(&module, &qualname).is_empty() {
            Standing::Listed
        } else if !self.packed(&module, &qualname).is_empty() {
            Standing::InPack
        } else {
            Standing::Unlisted
        }
    }

    /// The uses for which entries list a global: an entry that allows more of it has to say them again to be the only one.
    pub fn entered(&self, name: &GlobalName) -> Vec<Usage> {
        let (Some(module), Some(qualname)) = (name.module.as_str(), name.name.as_str()) else {
            return Vec::new();
        };
        let (module, qualname) = alias::canonical(module, qualname);
        let entries = self.entries(&module, &qualname).into_iter();
        let uses = entries.map(|(_, listed)| listed.entry.uses_of(&qualname));
        uses.fold(Uses::default(), Uses::union).list()
    }

    /// What using a global could do, if it is one of the known dangerous ones. Says nothing about whether it is allowed.
    pub fn danger(&self, name: &GlobalName) -> Option<&'static str> {
        danger::of(name.module.as_str()?, name.name.as_str()?)
    }

    /// Whether a call of a global may have these arguments. Says nothing about whether the global itself is allowed:
    /// ask [`Scope::global`] first.
    pub fn arguments(&self, name: &GlobalName, arguments: &[Argument]) -> ArgumentVerdict {
        let mut refused = None;
        for listing in self.listings(name) {
            let (reason, decided_by) = match listing {
                Listing::Any => return ArgumentVerdict::Allowed,
                Listing::Entry(listed, constraints) => (
                    self.against(constraints, arguments),
                    Some(
                        listed
                            .entry
                            .origin
                            .line_ref("the arguments are constrained here"),
                    ),
                ),
                Listing::Applier(pack, entry) => (
                    self.not_to_apply(arguments),
                    layer::pack_origin(pack, entry)
                        .map(|origin| origin.line_ref("listed here as calling its first argument")),
                ),
            };
            match reason {
                None => return ArgumentVerdict::Allowed,
                Some(reason) => {
                    refused.get_or_insert(ArgumentVerdict::Refused { reason, decided_by });
                }
            }
        }
        refused.unwrap_or(ArgumentVerdict::Allowed)
    }

    /// Whether a global is allowed only with certain arguments: then it must not be handed on to anything, which could call
    /// it with arguments that nobody sees.
    pub fn constrains(&self, name: &GlobalName) -> bool {
        let listings = self.listings(name);
        let any = |listing: &Listing<'_>| matches!(listing, Listing::Any);
        !listings.is_empty() && !listings.iter().any(any)
    }

    /// Whether an entry of the policy itself lists a global, rather than a pack.
    fn has_entry(&self, name: &GlobalName) -> bool {
        !self.entries_of(name).is_empty()
    }

    /// Whether a pack says of a global that it is only ever named: no writer calls it, whatever an entry would allow.
    pub fn is_only_named(&self, name: &GlobalName) -> bool {
        let (Some(module), Some(qualname)) = (name.module.as_str(), name.name.as_str()) else {
            return false;
        };
        let (module, qualname) = alias::canonical(module, qualname);
        let mut packs = pack::names().filter_map(pack::by_name);
        packs.any(|pack| {
            pack.find(&module, &qualname)
                .any(|entry| !entry.kind.uses().contains(Usage::Call))
        })
    }

    /// Whether an entry lists a global as dangerous, with a reason: then it may be used in any way that the entry allows.
    pub fn lists_as_dangerous(&self, name: &GlobalName) -> bool {
        let dangerous = |listed: &Listed| listed.entry.dangerous && listed.entry.reason.is_some();
        let entries = self.entries_of(name);
        entries.iter().any(|(_, listed)| dangerous(listed))
    }

    fn entries_of(&self, name: &GlobalName) -> Vec<(usize, &Listed)> {
        let (Some(module), Some(qualname)) = (name.module.as_str(), name.name.as_str()) else {
            return Vec::new();
        };
        let (module, qualname) = alias::canonical(module, qualname);
        self.entries(&module, &qualname)
    }

    /// What is wrong with arguments, one constraint for each.
    fn against(&self, constraints: &[Constraint], arguments: &[Argument]) -> Option<String> {
        if constraints.len() != arguments.len() {
            return Some(format!(
                "it is called with {}, and the entry lists {}",
                count(arguments.len()),
                count(constraints.len())
            ));
        }
        // What receives a global may call it: a value of a pack is never called.
        let allowed = |name: &GlobalName| {
            self.allows(name, Usage::Import)
                && (self.allows(name, Usage::Call) || self.has_entry(name))
        };
        let mut pairs = constraints.iter().zip(arguments).enumerate();
        pairs.find_map(|(at, (constraint, argument))| {
            let why = constraint.refuses(argument, allowed)?;
            Some(format!("argument {}: {why}", at.saturating_add(1)))
        })
    }

    /// What is wrong with the first of some arguments as something to be called with others that are not in sight.
    fn not_to_apply(&self, arguments: &[Argument]) -> Option<String> {
        let why = match arguments.first() {
            Some(Argument::Global(Global::Named(name))) => {
                if !self.allows(name, Usage::Call) {
                    format!("it is called, and the policy does not allow `{name}` to be called")
                } else if self.constrains(name) {
                    format!("it is called, and the policy constrains the arguments of `{name}`")
                } else {
                    return None;
                }
            }
            _ => "it is called, and what it is cannot be told".to_owned(),
        };
        Some(format!("argument 1: {why}"))
    }

    /// Every listing of a global for calls, newest layer first.
    fn listings(&self, name: &GlobalName) -> Vec<Listing<'_>> {
        let (Some(module), Some(qualname)) = (name.module.as_str(), name.name.as_str()) else {
            return Vec::new();
        };
        let (module, qualname) = alias::canonical(module, qualname);
        let entries = self.entries(&module, &qualname).into_iter();
        let entries = entries
            .filter(|(_, listed)| listed.entry.uses_of(&qualname).contains(Usage::Call))
            .map(|(layer, listed)| {
                let listing = match &listed.entry.args {
                    Some(constraints) => Listing::Entry(listed, constraints),
                    None => Listing::Any,
                };
                (layer, listing)
            });
        let packed = self.packed(&module, &qualname).into_iter();
        let packed = packed
            .filter(|(_, _, entry)| entry.kind.uses().contains(Usage::Call))
            .map(|(layer, pack, entry)| {
                let listing = match entry.kind {
                    GlobalKind::Applier => Listing::Applier(pack, entry),
                    _ => Listing::Any,
                };
                (layer, listing)
            });
        let mut found: Vec<(usize, Listing<'_>)> = entries.chain(packed).collect();
        found.sort_by_key(|(layer, _)| Reverse(*layer));
        found.into_iter().map(|(_, listing)| listing).collect()
    }

    /// Whether the torch release that will load the artifacts lists this global by default for `weights_only=True`; for a range
    /// of releases, whether each of them does. The name is compared as torch compares it: after Python 2 names are mapped,
    /// where the release does so, and without any other alias.
    pub fn torch_lists(&self, name: &GlobalName) -> bool {
        let (Some(module), Some(qualname)) = (name.module.as_str(), name.name.as_str()) else {
            return false;
        };
        let Some(pack) = pack::by_name(pack::TORCH) else {
            return false;
        };
        let releases = self.target.releases();
        !releases.is_empty()
            && releases.iter().all(|release| {
                let Some(known) = pack.releases.iter().find(|known| known.release == *release)
                else {
                    return false;
                };
                let spelled = pack::as_torch_spells(module, qualname, known);
                pack.spelled(&spelled)
                    .is_some_and(|entry| pack.holds(entry, std::slice::from_ref(release)))
            })
    }

    /// The module of this global, if the torch release that will load the artifacts refuses everything in it even when
    /// listed; for a range of releases, if one of them does.
    pub fn torch_blocks(&self, name: &GlobalName) -> Option<String> {
        let (module, qualname) = (name.module.as_str()?, name.name.as_str()?);
        self.torch_behaviour().find_map(|known| {
            let spelled = pack::as_torch_spells(module, qualname, known);
            let blocked = known.blocked_modules.iter().find(|blocked| {
                spelled
                    .strip_prefix(blocked.as_str())
                    .is_some_and(|rest| rest.starts_with('.'))
                    && (module == blocked.as_str() || !module.contains('.'))
            });
            blocked.cloned()
        })
    }

    /// The name under which the torch release that will load the artifacts looks a global up: the one to list with
    /// `torch.serialization.safe_globals`.
    pub fn torch_spells(&self, name: &GlobalName) -> GlobalName {
        let maps = self
            .torch_behaviour()
            .any(|release| release.maps_python2_names);
        match (name.module.as_str(), name.name.as_str()) {
            (Some(module), Some(qualname)) if maps => {
                let (module, qualname) = alias::from_python2(module, qualname);
                GlobalName::new(module.into_owned(), qualname.into_owned())
            }
            _ => name.clone(),
        }
    }

    /// The release of torch that `torch_lists` is about: `2.15`; of a range, the oldest.
    pub fn torch_release(&self) -> &str {
        self.target
            .releases()
            .first()
            .map_or("unknown", String::as_str)
    }

    /// The torch releases that will load the artifacts, oldest first: `(2, 15)`.
    pub fn torch_targets(&self) -> impl Iterator<Item = (u16, u16)> {
        self.target.releases().iter().filter_map(|release| {
            let (major, minor) = release.split_once('.')?;
            Some((major.parse().ok()?, minor.parse().ok()?))
        })
    }

    /// How the torch releases that will load the artifacts behave, oldest first; more than one where the target is a range.
    pub fn torch_behaviour(&self) -> impl Iterator<Item = &'static pack::Release> {
        let releases = self.target.releases();
        pack::torch_releases()
            .iter()
            .filter(|known| releases.contains(&known.release))
    }

    /// Layers, newest first: later ones win.
    fn newest(&self) -> impl Iterator<Item = &Layer> {
        self.layers.iter().rev().map(Arc::as_ref)
    }

    pub(super) fn new(
        layers: Vec<Arc<Layer>>,
        groups: Vec<usize>,
        target: Arc<Target>,
        own: Arc<Own>,
    ) -> Self {
        Self {
            layers,
            groups,
            target,
            own,
            overrides: OnceLock::new(),
        }
    }

    fn active(&self, listed: &Listed) -> bool {
        listed
            .group
            .is_none_or(|group| self.groups.binary_search(&group).is_ok())
    }

    fn overrides(&self) -> &Overrides {
        self.overrides.get_or_init(|| {
            let mut all = Overrides::default();
            for (layer, says) in self.layers.iter().enumerate().skip(1) {
                for (at, listed) in says.allow.iter().enumerate() {
                    if self.active(listed) {
                        all.allowed
                            .add(&listed.entry.pattern, EntryIndex { layer, at });
                    }
                }
                for (at, entry) in says.refuse.iter().enumerate() {
                    all.refused.add(&entry.pattern, EntryIndex { layer, at });
                }
                for pack in says.packs.iter().filter_map(|name| pack::by_name(name)) {
                    all.packs.retain(|(_, other)| !std::ptr::eq(*other, pack));
                    all.packs.push((layer, pack));
                }
            }
            all
        })
    }

    /// The entries under `allow` for a global (in canonical spelling) here, each with its layer, newest first.
    fn entries(&self, module: &str, name: &str) -> Vec<(usize, &Listed)> {
        let mut places = self.overrides().allowed.allowing(module, name);
        places.sort_by_key(|index| Reverse(index.layer));
        let overrides = places.into_iter().filter_map(|index| {
            let listed = self.layers.get(index.layer)?.allow.get(index.at)?;
            Some((index.layer, listed))
        });
        let base = self.layers.first().into_iter();
        let base = base
            .flat_map(|base| base.allowing(module, name))
            .filter(|listed| self.active(listed));
        overrides.chain(base.map(|listed| (0, listed))).collect()
    }

    /// The newest entry under `refuse` for a global (in canonical spelling), and its layer.
    fn refusal(&self, module: &str, name: &str) -> Option<(usize, &Entry)> {
        if let Some(index) = self.overrides().refused.refusing(module, name) {
            let entry = self.layers.get(index.layer)?.refuse.get(index.at)?;
            return Some((index.layer, entry));
        }
        Some((0, self.layers.first()?.refusing(module, name)?))
    }

    /// The entries of packs for a global (in canonical spelling), each with the newest layer that names the pack, newest
    /// first.
    fn packed(&self, module: &str, name: &str) -> Vec<(usize, &'static Pack, &'static PackEntry)> {
        let releases = self.target.releases();
        let overrides = self.overrides().packs.iter().rev();
        let overrides = overrides.flat_map(|(layer, pack)| {
            let found = pack.find(module, name);
            let held = found.filter(|entry| pack.holds(entry, releases));
            held.map(|entry| (*layer, *pack, entry))
        });
        let base = self.layers.first().into_iter();
        let base = base
            .flat_map(|base| base.packed(module, name, releases))
            .map(|(pack, entry)| (0, pack, entry));
        overrides.chain(base).collect()
    }

    fn unlisted(&self, danger: Option<&'static str>) -> GlobalVerdict {
        let list = self.newest().find_map(|layer| layer.globals_list.as_ref());
        GlobalVerdict::Refused {
            why: Refusal::Unlisted { near: None },
            decided_by: list.map(|origin| origin.line_ref("no entry here lists it")),
            danger,
        }
    }

    /// A listed global that may have been meant: the same path divided otherwise, the same name elsewhere, or nearly the same
    /// spelling. Looks at every entry there is.
    pub fn near(&self, name: &GlobalName) -> Option<String> {
        let (stored_module, stored_name) = (name.module.as_str()?, name.name.as_str()?);
        let (module, name) = alias::canonical(stored_module, stored_name);
        let entries = || {
            self.newest()
                .flat_map(|layer| layer.allow.iter())
                .filter(|listed| self.active(listed))
                .map(|listed| listed.entry.text.as_str())
        };
        let packs = || {
            let packs = self.newest().flat_map(|layer| layer.packs.iter());
            packs
                .filter_map(|name| pack::by_name(name))
                .flat_map(|pack| &pack.entries)
                .map(|entry| entry.global.as_str())
        };
        let exact = |text: &&str| !text.ends_with('*');
        let last = name.rsplit('.').next().unwrap_or(&name);
        let path = format!("{module}.{name}");
        let same = |a: u8, b: u8| a == b || (a == b':' && b == b'.');
        let same_path = |text: &&str| {
            let pairs = || text.bytes().zip(path.bytes());
            text.len() == path.len() && pairs().all(|(a, b)| same(a, b))
        };
        let same_name = |text: &&str| text.rsplit(['.', ':']).next() == Some(last);
        let stored = format!("{stored_module}.{stored_name}");
        let letters = letters(&stored);
        let found = entries()
            .find(same_path)
            .or_else(|| entries().filter(exact).find(same_name))
            .or_else(|| packs().find(same_name))
            .or_else(|| {
                near(
                    &stored,
                    entries()
                        .chain(packs())
                        .filter(exact)
                        .filter(|text| close(text, &stored, letters)),
                )
            });
        found.map(str::to_owned)
    }
}

/// Whether two full names could be one with a slip of the finger: packages share long beginnings, so few edits may count.
fn close(a: &str, b: &str, letters_of_b: u64) -> bool {
    a.len().abs_diff(b.len()) <= 2
        // An edit changes at most two of the letters that occur.
        && (letters(a) ^ letters_of_b).count_ones() <= 4
        && strsim::damerau_levenshtein(a, b) <= 2
}

/// The bytes that occur in a name, folded into a set of 64.
fn letters(name: &str) -> u64 {
    name.bytes().fold(0, |set, byte| set | 1 << (byte & 63))
}

fn count(arguments: usize) -> String {
    match arguments {
        1 => "1 argument".to_owned(),
        n => format!("{n} arguments"),
    }
}
