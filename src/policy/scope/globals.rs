//! Which globals may be used how at one path, and which line says so.

use std::borrow::Cow;

use super::lookup::Lookup;
use crate::{
    fact::{GlobalName, Usage},
    policy::{
        EntryRef, GlobalVerdict, Pack, PackEntry, Refusal, Uses, alias, danger, layer,
        layer::Listed, pack, pack::GlobalKind, raw::Entry,
    },
};

/// Whether anything in a policy is about a global, whatever the use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is.
    Unlisted,
    /// A pack lists it as files of its library use it, and no entry of a policy does. That configurations have it called says nothing of
    /// other files.
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

/// Whether files that the library writes use a name of a pack, and not only configurations.
fn of_files(entry: &PackEntry) -> bool {
    let uses = entry.kind.uses().list();
    uses.iter().any(|usage| *usage != Usage::Configure)
}

/// All that the policy says of one global at one path, looked up once. Known aliases of the same module are one name.
#[derive(Debug)]
pub struct GlobalRuling<'a> {
    lookup: &'a Lookup,
    stored: &'a GlobalName,
    /// The name in canonical spelling; of one that is no text nothing is said.
    qualname: Cow<'a, str>,
    /// The newest entry under `refuse`, and its layer.
    refusal: Option<(usize, &'a Entry)>,
    /// The entries under `allow`, each with its layer, newest first.
    entries: Vec<(usize, &'a Listed)>,
    /// The entries of packs, each with the newest layer that names the pack, newest first.
    packed: Vec<(usize, &'static Pack, &'static PackEntry)>,
}

/// The newest entry that allows something.
enum Allowing<'a> {
    Entry(&'a Listed),
    Packed(&'static Pack, &'static PackEntry),
}

impl<'a> GlobalRuling<'a> {
    fn new(lookup: &'a Lookup, stored: &'a GlobalName) -> Self {
        let nothing = Self {
            lookup,
            stored,
            qualname: Cow::Borrowed(""),
            refusal: None,
            entries: Vec::new(),
            packed: Vec::new(),
        };
        let (Some(module), Some(qualname)) = (stored.module.as_str(), stored.name.as_str()) else {
            return nothing;
        };
        let (module, qualname) = alias::canonical(module, qualname);
        Self {
            refusal: lookup.refusal(&module, &qualname),
            entries: lookup.entries(&module, &qualname),
            packed: lookup.packed(&module, &qualname),
            qualname,
            ..nothing
        }
    }

    fn allowing(&self, usage: Usage) -> Option<Allowing<'a>> {
        let refused = self.refusal.map(|(layer, _)| layer);
        let counts = |layer: usize| refused.is_none_or(|refused| layer > refused);
        let listed = self.entries.iter().find(|(layer, listed)| {
            counts(*layer) && listed.entry.uses_of(&self.qualname).contains(usage)
        });
        let packed = self
            .packed
            .iter()
            .find(|(layer, _, entry)| counts(*layer) && entry.kind.uses().contains(usage));
        match (listed, packed) {
            (Some((layer, listed)), packed) if packed.is_none_or(|(newer, ..)| newer <= layer) => {
                Some(Allowing::Entry(listed))
            }
            (_, Some((_, pack, entry))) => Some(Allowing::Packed(pack, entry)),
            _ => None,
        }
    }

    /// Whether it may be used so here, and nothing about why.
    pub fn allows(&self, usage: Usage) -> bool {
        self.allowing(usage).is_some()
    }

    /// The entry by which it may be used so here: the newest, one of a policy before one of a pack.
    pub fn allowed_by(&self, usage: Usage) -> Option<EntryRef> {
        Some(match self.allowing(usage)? {
            Allowing::Entry(listed) => EntryRef::of_policy(&listed.entry.origin),
            Allowing::Packed(pack, entry) => EntryRef::of_pack(pack, entry),
        })
    }

    /// What about it is in the policy.
    pub fn standing(&self) -> Standing {
        if self.refusal.is_some() {
            Standing::Refused
        } else if !self.entries.is_empty() {
            Standing::Listed
        } else if self.packed.iter().any(|(_, _, entry)| of_files(entry)) {
            Standing::InPack
        } else {
            Standing::Unlisted
        }
    }

    /// What using it could do, if it is one of the known dangerous ones. Says nothing about whether it is allowed.
    pub fn danger(&self) -> Option<&'static str> {
        danger::of(self.stored.module.as_str()?, self.stored.name.as_str()?)
    }

    /// The uses for which entries list it.
    fn entered(&self) -> Uses {
        let uses = self.entries.iter();
        let uses = uses.map(|(_, listed)| listed.entry.uses_of(&self.qualname));
        uses.fold(Uses::default(), Uses::union)
    }

    /// Whether it may be used so here, and if not, why and which line says so; not what may have been meant.
    fn verdict(&self, usage: Usage) -> GlobalVerdict {
        if let Some(entry) = self.allowed_by(usage) {
            return GlobalVerdict::Allowed(entry);
        }
        let danger = self.danger();
        if let Some((_, entry)) = self.refusal {
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
        let packed = self.packed.iter();
        let uses = packed.fold(self.entered(), |uses, (.., entry)| {
            uses.union(entry.kind.uses())
        });
        if uses.is_empty() {
            let mut layers = self.lookup.newest();
            let list = layers.find_map(|layer| layer.globals_list.as_ref());
            return GlobalVerdict::Refused {
                why: Refusal::Unlisted { near: None },
                decided_by: list.map(|origin| origin.line_ref("no entry here lists it")),
                danger,
            };
        }
        let listed_at = match (self.entries.first(), self.packed.first()) {
            (Some((_, listed)), _) => Some(listed.entry.origin.clone()),
            (None, Some((_, pack, entry))) => layer::pack_origin(pack, entry),
            (None, None) => None,
        };
        let allowed = uses.said().list();
        let listed = if allowed == [Usage::Configure] {
            "listed here for descriptions of models, not for files of objects".to_owned()
        } else {
            format!("listed here, but not for {usage}")
        };
        GlobalVerdict::Refused {
            why: Refusal::Use { allowed },
            decided_by: listed_at.map(|origin| origin.line_ref(listed)),
            danger,
        }
    }
}

impl<'a> GlobalPolicy<'a> {
    /// All that is said of a global here: for whoever asks more than one thing of it.
    pub fn ruling<'n>(self, name: &'n GlobalName) -> GlobalRuling<'n>
    where
        'a: 'n,
    {
        GlobalRuling::new(self.lookup, name)
    }
}

impl GlobalPolicy<'_> {
    /// Whether a global may be used so here, and nothing about why. Known aliases of the same module are one name.
    pub fn allows(self, name: &GlobalName, usage: Usage) -> bool {
        self.ruling(name).allows(usage)
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
        self.ruling(name).verdict(usage)
    }

    /// What about a global is in the policy, in words or lines of no kind: fit for a hundred thousand names.
    pub fn standing(self, name: &GlobalName) -> Standing {
        self.ruling(name).standing()
    }

    /// The uses for which entries list a global: an entry that allows more of it has to say them again to be the only one.
    pub fn entered(self, name: &GlobalName) -> Vec<Usage> {
        self.ruling(name).entered().list()
    }

    /// What using a global could do, if it is one of the known dangerous ones. Says nothing about whether it is allowed.
    pub fn danger(self, name: &GlobalName) -> Option<&'static str> {
        danger::of(name.module.as_str()?, name.name.as_str()?)
    }

    /// The entry by which a global may be used so here: the newest, one of a policy before one of a pack.
    pub fn allowed_by(self, name: &GlobalName, usage: Usage) -> Option<EntryRef> {
        self.ruling(name).allowed_by(usage)
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
                .filter(|entry| entry.kind != GlobalKind::Configured)
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

    /// A listed global that may have been meant: the same path divided otherwise, the same name elsewhere, or nearly the same
    /// spelling. Looks at every entry there is.
    pub fn near(self, name: &GlobalName) -> Option<String> {
        self.lookup.near(name)
    }
}
