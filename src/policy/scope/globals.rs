//! Which globals may be used how at one path, and which line says so.

use super::lookup::Lookup;
use crate::{
    fact::{GlobalName, Usage},
    policy::{EntryRef, GlobalVerdict, Refusal, Uses, alias, danger, layer, layer::Listed, pack},
};

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

/// What the policy says of globals at one path.
#[derive(Debug, Clone, Copy)]
pub struct GlobalPolicy<'a> {
    pub(in crate::policy) lookup: &'a Lookup,
}

impl GlobalPolicy<'_> {
    /// Whether a global may be used so here, and nothing about why. Known aliases of the same module are one name.
    pub fn allows(self, name: &GlobalName, usage: Usage) -> bool {
        self.allowed_by(name, usage).is_some()
    }

    /// Whether a global may be used so here, and if not, why, which line says so, and what may have been meant.
    pub fn global(self, name: &GlobalName, usage: Usage) -> GlobalVerdict {
        let mut verdict = self.verdict(name, usage);
        if let GlobalVerdict::Refused {
            why: Refusal::Unlisted { near },
            ..
        } = &mut verdict
        {
            *near = self.lookup.near(name);
        }
        verdict
    }

    /// The same without what may have been meant, which is looked for among all entries there are.
    pub fn verdict(self, name: &GlobalName, usage: Usage) -> GlobalVerdict {
        if let Some(entry) = self.allowed_by(name, usage) {
            return GlobalVerdict::Allowed(entry);
        }
        let (Some(module), Some(qualname)) = (name.module.as_str(), name.name.as_str()) else {
            return self.unlisted(None);
        };
        let (module, qualname) = alias::canonical(module, qualname);
        let danger = danger::of(&module, &qualname);
        if let Some((_, entry)) = self.lookup.refusal(&module, &qualname) {
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
        for (_, listed) in self.lookup.entries(&module, &qualname) {
            uses = uses.union(listed.entry.uses_of(&qualname));
            listed_at = listed_at.or_else(|| Some(listed.entry.origin.clone()));
        }
        for (_, pack, entry) in self.lookup.packed(&module, &qualname) {
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
    pub fn standing(self, name: &GlobalName) -> Standing {
        let (Some(module), Some(qualname)) = (name.module.as_str(), name.name.as_str()) else {
            return Standing::Unlisted;
        };
        let (module, qualname) = alias::canonical(module, qualname);
        if self.lookup.refusal(&module, &qualname).is_some() {
            Standing::Refused
        } else if !self.lookup.entries(&module, &qualname).is_empty() {
            Standing::Listed
        } else if !self.lookup.packed(&module, &qualname).is_empty() {
            Standing::InPack
        } else {
            Standing::Unlisted
        }
    }

    /// The uses for which entries list a global: an entry that allows more of it has to say them again to be the only one.
    pub fn entered(self, name: &GlobalName) -> Vec<Usage> {
        let (Some(module), Some(qualname)) = (name.module.as_str(), name.name.as_str()) else {
            return Vec::new();
        };
        let (module, qualname) = alias::canonical(module, qualname);
        let entries = self.lookup.entries(&module, &qualname).into_iter();
        let uses = entries.map(|(_, listed)| listed.entry.uses_of(&qualname));
        uses.fold(Uses::default(), Uses::union).list()
    }

    /// What using a global could do, if it is one of the known dangerous ones. Says nothing about whether it is allowed.
    pub fn danger(self, name: &GlobalName) -> Option<&'static str> {
        danger::of(name.module.as_str()?, name.name.as_str()?)
    }

    /// The entry by which a global may be used so here: the newest, one of a policy before one of a pack.
    pub fn allowed_by(self, name: &GlobalName, usage: Usage) -> Option<EntryRef> {
        let (module, qualname) = (name.module.as_str()?, name.name.as_str()?);
        let (module, qualname) = alias::canonical(module, qualname);
        let refused = self
            .lookup
            .refusal(&module, &qualname)
            .map(|(layer, _)| layer);
        let counts = |layer: usize| refused.is_none_or(|refused| layer > refused);
        let entries = self.lookup.entries(&module, &qualname);
        let listed = entries.iter().find(|(layer, listed)| {
            counts(*layer) && listed.entry.uses_of(&qualname).contains(usage)
        });
        let packed = self.lookup.packed(&module, &qualname);
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

    /// Whether a pack says of a global that it is only ever named: no writer calls it, whatever an entry would allow.
    pub fn is_only_named(self, name: &GlobalName) -> bool {
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
    pub fn lists_as_dangerous(self, name: &GlobalName) -> bool {
        let dangerous = |listed: &Listed| listed.entry.dangerous && listed.entry.reason.is_some();
        let entries = self.lookup.entries_of(name);
        entries.iter().any(|(_, listed)| dangerous(listed))
    }

    /// Whether an entry of the policy itself lists a global, rather than a pack.
    pub(super) fn has_entry(self, name: &GlobalName) -> bool {
        !self.lookup.entries_of(name).is_empty()
    }

    fn unlisted(self, danger: Option<&'static str>) -> GlobalVerdict {
        let list = self
            .lookup
            .newest()
            .find_map(|layer| layer.globals_list.as_ref());
        GlobalVerdict::Refused {
            why: Refusal::Unlisted { near: None },
            decided_by: list.map(|origin| origin.line_ref("no entry here lists it")),
            danger,
        }
    }

    /// A listed global that may have been meant: the same path divided otherwise, the same name elsewhere, or nearly the same
    /// spelling. Looks at every entry there is.
    pub fn near(self, name: &GlobalName) -> Option<String> {
        self.lookup.near(name)
    }
}
