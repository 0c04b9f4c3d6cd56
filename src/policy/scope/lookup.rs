//! What the layers for a path list and refuse, found by name: which layer, which entry, and whether it decides for calls.

use std::{
    cmp::Reverse,
    sync::{Arc, OnceLock},
};

use crate::{
    fact::{GlobalName, Usage},
    policy::{
        GlobalKind, Pack, PackEntry, alias,
        constraint::Constraint,
        error::near,
        layer::{Layer, Listed},
        names::{EntryIndex, Names},
        pack,
        raw::Entry,
        torch_target::TorchTarget,
    },
};

/// The layers that apply to a path.
#[derive(Debug)]
pub(in crate::policy) struct Lookup {
    /// What holds everywhere, then the overrides for this path, in order.
    pub(super) layers: Vec<Arc<Layer>>,
    /// The groups of `paths` that match this path, ascending.
    pub(super) groups: Vec<usize>,
    pub(super) torch: Arc<TorchTarget>,
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

/// What lists a global for calls.
pub(super) enum Listing<'a> {
    /// An entry or a pack, whatever the arguments.
    Any,
    /// An entry that constrains them.
    Entry(&'a Listed, &'a [Constraint]),
    /// A pack, as something that calls its first argument.
    Applier(&'static Pack, &'static PackEntry),
}

impl Lookup {
    pub(super) fn new(
        layers: Vec<Arc<Layer>>,
        groups: Vec<usize>,
        torch: Arc<TorchTarget>,
    ) -> Self {
        Self {
            layers,
            groups,
            torch,
            overrides: OnceLock::new(),
        }
    }

    /// Layers, newest first: later ones win.
    pub(super) fn newest(&self) -> impl Iterator<Item = &Layer> {
        self.layers.iter().rev().map(Arc::as_ref)
    }

    fn active(&self, listed: &Listed) -> bool {
        listed
            .group
            .is_none_or(|group| self.groups.binary_search(&group).is_ok())
    }

    /// The entries under `allow` that hold here, in the order of the policy.
    pub(super) fn active_entries(&self) -> impl Iterator<Item = &Listed> {
        let entries = self.layers.iter().flat_map(|layer| &layer.allow);
        entries.filter(|listed| self.active(listed))
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
                for pack in says
                    .packs
                    .iter()
                    .filter_map(|(name, _)| pack::by_name(name))
                {
                    all.packs.retain(|(_, other)| !std::ptr::eq(*other, pack));
                    all.packs.push((layer, pack));
                }
            }
            all
        })
    }

    /// The entries under `allow` for a global (in canonical spelling) here, each with its layer, newest first.
    pub(super) fn entries(&self, module: &str, name: &str) -> Vec<(usize, &Listed)> {
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
    pub(super) fn refusal(&self, module: &str, name: &str) -> Option<(usize, &Entry)> {
        if let Some(index) = self.overrides().refused.refusing(module, name) {
            let entry = self.layers.get(index.layer)?.refuse.get(index.at)?;
            return Some((index.layer, entry));
        }
        Some((0, self.layers.first()?.refusing(module, name)?))
    }

    /// The entries of packs for a global (in canonical spelling), each with the newest layer that names the pack, newest
    /// first.
    pub(super) fn packed(
        &self,
        module: &str,
        name: &str,
    ) -> Vec<(usize, &'static Pack, &'static PackEntry)> {
        let releases = self.torch.releases();
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

    /// Every listing of a global for calls, newest layer first.
    pub(super) fn listings(&self, name: &GlobalName) -> Vec<Listing<'_>> {
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

    pub(in crate::policy) fn entries_of(&self, name: &GlobalName) -> Vec<(usize, &Listed)> {
        let (Some(module), Some(qualname)) = (name.module.as_str(), name.name.as_str()) else {
            return Vec::new();
        };
        let (module, qualname) = alias::canonical(module, qualname);
        self.entries(&module, &qualname)
    }

    /// A listed global that may have been meant: the same path divided otherwise, the same name elsewhere, or nearly the same
    /// spelling. Looks at every entry there is.
    pub(super) fn near(&self, name: &GlobalName) -> Option<String> {
        let (stored_module, stored_name) = (name.module.as_str()?, name.name.as_str()?);
        let (module, name) = alias::canonical(stored_module, stored_name);
        let stored = format!("{stored_module}.{stored_name}");
        // Listed for other uses is not another name.
        let other = |text: &&str| {
            let divided = text.split_once(':').or_else(|| text.rsplit_once('.'));
            divided != Some((stored_module, stored_name))
        };
        let entries = || {
            self.newest()
                .flat_map(|layer| layer.allow.iter())
                .filter(|listed| self.active(listed))
                .map(|listed| listed.entry.text.as_str())
                .filter(other)
        };
        // Names of one library in a configuration say nothing of those of others.
        let top = |text: &str| text.split(['.', ':']).next().map(str::to_owned);
        let library = top(&module);
        let packs = || {
            let packs = self.newest().flat_map(|layer| layer.packs.iter());
            packs
                .filter_map(|(name, _)| pack::by_name(name))
                .flat_map(|pack| &pack.entries)
                .filter(|entry| {
                    entry.kind != GlobalKind::Configured || top(&entry.global) == library
                })
                .map(|entry| entry.global.as_str())
                .filter(other)
        };
        let exact = |text: &&str| !text.ends_with('*');
        let last = name.rsplit('.').next().unwrap_or(&name);
        let path = format!("{module}.{name}");
        let same = |a: u8, b: u8| a == b || (a == b':' && b == b'.');
        let same_path = |text: &&str| {
            let pairs = || text.bytes().zip(path.bytes());
            text.len() == path.len() && pairs().all(|(a, b)| same(a, b))
        };
        let same_name = |text: &&str| {
            let end = memchr::memrchr2(b'.', b':', text.as_bytes());
            text.get(end.map_or(0, |at| at.saturating_add(1))..) == Some(last)
        };
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
