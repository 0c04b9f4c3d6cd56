//! What the policy says at one path, and which line says it.

use std::sync::{Arc, OnceLock};

use super::{
    FormatVerdict, GlobalVerdict, Kind, Pack, PackEntry, Refusal, Uses, alias,
    constraint::Constraint,
    danger,
    error::near,
    layer::{self, Layer, Listed},
    pack, target,
};
use crate::{
    fact::{Argument, Global, GlobalName, Usage},
    finding::{Level, Related, RuleMeta},
};

/// What the policy says at one path: its overrides applied.
#[derive(Debug)]
pub struct Scope {
    /// What holds everywhere, then the overrides for this path, in order.
    pub(super) layers: Vec<Arc<Layer>>,
    /// The groups of `paths` that match this path, ascending.
    pub(super) groups: Vec<usize>,
    pub(super) target: Arc<Target>,
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
        decided_by: Option<Related>,
    },
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
            .map_or(rule.default, |(level, _)| *level)
    }

    /// The line that sets a rule's level here; `None` where the rule keeps its own.
    pub fn level_decided_by(&self, rule: &RuleMeta) -> Option<Related> {
        let (level, origin) = self.newest().find_map(|layer| layer.rules.get(rule.id))?;
        Some(origin.related(format!("set to {level} here")))
    }

    /// The line of an override for this path that allows a rule's findings here, and the override's reason. `None` where
    /// something else decides: a later override, what the policy says everywhere, or the rule itself.
    pub fn excused_by(&self, rule: &RuleMeta) -> Option<(Related, Option<String>)> {
        let everywhere = self.layers.first().map(Arc::as_ptr);
        let layer = self
            .newest()
            .find(|layer| layer.rules.contains_key(rule.id))?;
        let (level, origin) = layer.rules.get(rule.id)?;
        let is_override = everywhere.is_some_and(|first| !std::ptr::eq(first, layer));
        (is_override && *level == Level::Allow)
            .then(|| (origin.related("allowed here"), layer.reason.clone()))
    }

    /// Whether a format (by id) may be stored here.
    pub fn format(&self, id: &str) -> FormatVerdict {
        for layer in self.newest() {
            if let Some((advice, origin)) = layer.formats_refuse.get(id) {
                return FormatVerdict::Refused {
                    decided_by: Some(origin.related("refused here")),
                    advice: advice.clone(),
                };
            }
            if layer.formats_allow.contains_key(id) {
                return FormatVerdict::Allowed;
            }
        }
        let list = self.newest().find_map(|layer| layer.formats_list.as_ref());
        FormatVerdict::Refused {
            decided_by: list.map(|origin| origin.related("not in this list")),
            advice: None,
        }
    }

    /// Whether a global may be used so here. Known aliases of the same module are one name.
    pub fn global(&self, name: &GlobalName, usage: Usage) -> GlobalVerdict {
        let danger = |module, name| danger::of(module, name);
        let (Some(module), Some(qualname)) = (name.module.as_str(), name.name.as_str()) else {
            return self.unlisted(None, None);
        };
        let (stored_module, stored_name) = (module, qualname);
        let (module, qualname) = alias::canonical(module, qualname);
        let mut uses = Uses::default();
        let mut listed_at = None;
        for layer in self.newest() {
            if let Some(entry) = layer.refusing(&module, &qualname) {
                let label = entry
                    .reason
                    .clone()
                    .unwrap_or_else(|| "refused here".to_owned());
                return GlobalVerdict::Refused {
                    why: Refusal::Refused,
                    decided_by: Some(entry.origin.related(label)),
                    danger: danger(&module, &qualname),
                };
            }
            for listed in layer
                .allowing(&module, &qualname)
                .into_iter()
                .filter(|listed| self.active(listed))
            {
                uses = uses.union(listed.entry.uses_of(&qualname));
                listed_at = listed_at.or_else(|| Some(listed.entry.origin.clone()));
            }
            for (pack, entry) in layer.packed(&module, &qualname, self.target.releases()) {
                uses = uses.union(entry.kind.uses());
                if listed_at.is_none() && !uses.contains(usage) {
                    listed_at = layer::pack_origin(pack, entry);
                }
            }
            if uses.contains(usage) {
                return GlobalVerdict::Allowed;
            }
        }
        let danger = danger(&module, &qualname);
        if uses.is_empty() {
            return self.unlisted(
                self.near(&module, &qualname, stored_module, stored_name),
                danger,
            );
        }
        GlobalVerdict::Refused {
            why: Refusal::Use {
                allowed: uses.list(),
            },
            decided_by: listed_at
                .map(|origin| origin.related(format!("listed here, but not for {usage}"))),
            danger,
        }
    }

    /// What lists a global for a use here, for people: `torch-weights`, `weighbridge.yaml:7`; `None` where nothing does.
    pub fn listed_by(&self, name: &GlobalName, usage: Usage) -> Option<String> {
        let (module, qualname) = (name.module.as_str()?, name.name.as_str()?);
        let (module, qualname) = alias::canonical(module, qualname);
        self.newest().find_map(|layer| {
            let listed = layer
                .allowing(&module, &qualname)
                .into_iter()
                .find(|listed| {
                    self.active(listed) && listed.entry.uses_of(&qualname).contains(usage)
                });
            if let Some(listed) = listed {
                let related = listed.entry.origin.related("");
                return Some(format!("{}:{}", related.file, related.line));
            }
            layer
                .packed(&module, &qualname, self.target.releases())
                .find(|(_, entry)| entry.kind.uses().contains(usage))
                .map(|(pack, _)| pack.pack.clone())
        })
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
                            .related("the arguments are constrained here"),
                    ),
                ),
                Listing::Applier(pack, entry) => (
                    self.not_to_apply(arguments),
                    layer::pack_origin(pack, entry)
                        .map(|origin| origin.related("listed here as calling its first argument")),
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
        let (Some(module), Some(qualname)) = (name.module.as_str(), name.name.as_str()) else {
            return false;
        };
        let (module, qualname) = alias::canonical(module, qualname);
        let active = |listed: &&Listed| self.active(listed);
        self.newest()
            .any(|layer| layer.allowing(&module, &qualname).iter().any(active))
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
        let (Some(module), Some(qualname)) = (name.module.as_str(), name.name.as_str()) else {
            return false;
        };
        let (module, qualname) = alias::canonical(module, qualname);
        let dangerous = |listed: &Listed| {
            listed.entry.dangerous && listed.entry.reason.is_some() && self.active(listed)
        };
        self.newest().any(|layer| {
            layer
                .allowing(&module, &qualname)
                .into_iter()
                .any(dangerous)
        })
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
            let allowed = |usage| self.global(name, usage) == GlobalVerdict::Allowed;
            allowed(Usage::Import) && (allowed(Usage::Call) || self.has_entry(name))
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
                if self.global(name, Usage::Call) != GlobalVerdict::Allowed {
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
        let mut found = Vec::new();
        for layer in self.newest() {
            let entries = layer
                .allowing(&module, &qualname)
                .into_iter()
                .filter(|listed| self.active(listed))
                .filter(|listed| listed.entry.uses_of(&qualname).contains(Usage::Call));
            found.extend(entries.map(|listed| match &listed.entry.args {
                Some(constraints) => Listing::Entry(listed, constraints),
                None => Listing::Any,
            }));
            let packed = layer.packed(&module, &qualname, self.target.releases());
            let packed = packed.filter(|(_, entry)| entry.kind.uses().contains(Usage::Call));
            found.extend(packed.map(|(pack, entry)| match entry.kind {
                Kind::Applier => Listing::Applier(pack, entry),
                _ => Listing::Any,
            }));
        }
        found
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

    fn active(&self, listed: &Listed) -> bool {
        listed
            .group
            .is_none_or(|group| self.groups.binary_search(&group).is_ok())
    }

    fn unlisted(&self, near: Option<String>, danger: Option<&'static str>) -> GlobalVerdict {
        let list = self.newest().find_map(|layer| layer.globals_list.as_ref());
        GlobalVerdict::Refused {
            why: Refusal::Unlisted { near },
            decided_by: list.map(|origin| origin.related("no entry here lists it")),
            danger,
        }
    }

    /// A listed global that may have been meant: the same path divided otherwise, the same name elsewhere, or nearly the same
    /// spelling.
    fn near(
        &self,
        module: &str,
        name: &str,
        stored_module: &str,
        stored_name: &str,
    ) -> Option<String> {
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
        let last = name.rsplit('.').next().unwrap_or(name);
        let same_path = |text: &&str| text.replace(':', ".") == format!("{module}.{name}");
        let same_name = |text: &&str| text.rsplit(['.', ':']).next() == Some(last);
        let stored = format!("{stored_module}.{stored_name}");
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
                        .filter(|text| close(text, &stored)),
                )
            });
        found.map(str::to_owned)
    }
}

/// Whether two full names could be one with a slip of the finger: packages share long beginnings, so few edits may count.
fn close(a: &str, b: &str) -> bool {
    a.len().abs_diff(b.len()) <= 2 && strsim::damerau_levenshtein(a, b) <= 2
}

fn count(arguments: usize) -> String {
    match arguments {
        1 => "1 argument".to_owned(),
        n => format!("{n} arguments"),
    }
}
