//! What the policy says at one path, and which line says it.

mod arguments;
mod evidence;
mod globals;
mod lookup;
mod permission;
mod safe_globals;

pub use arguments::ArgumentVerdict;
pub use globals::{GlobalPolicy, GlobalRuling, Standing};
pub(super) use permission::{Permission, Wider};
pub use safe_globals::{SafeGlobal, packs};

use std::sync::Arc;

use super::{
    EntryRef, FormatVerdict, alias, layer::Layer, own::OwnPolicy, torch_target::TorchTarget,
};
use crate::{
    fact::{GlobalName, Usage},
    finding::{Additions, Level, LineRef, RuleMeta},
    pins::Required,
};
use lookup::Lookup;

/// What the policy says at one path: its overrides applied.
#[derive(Debug)]
pub struct Scope {
    lookup: Lookup,
    own: Arc<OwnPolicy>,
}

impl Scope {
    pub(super) fn new(
        layers: Vec<Arc<Layer>>,
        groups: Vec<usize>,
        torch: Arc<TorchTarget>,
        own: Arc<OwnPolicy>,
    ) -> Self {
        Self {
            lookup: Lookup::new(layers, groups, torch),
            own,
        }
    }

    /// What the policy says of globals here.
    pub fn globals(&self) -> GlobalPolicy<'_> {
        GlobalPolicy {
            lookup: &self.lookup,
        }
    }

    /// The releases of torch that will load the artifacts.
    pub fn torch(&self) -> &TorchTarget {
        &self.lookup.torch
    }

    /// The level of a rule here.
    pub fn level(&self, rule: &RuleMeta) -> Level {
        self.lookup
            .newest()
            .find_map(|layer| layer.rules.get(rule.id))
            .map_or(rule.level, |(level, _)| *level)
    }

    /// The line that sets a rule's level here; `None` where the rule keeps its own.
    pub fn level_decided_by(&self, rule: &RuleMeta) -> Option<LineRef> {
        let (level, origin) = self
            .lookup
            .newest()
            .find_map(|layer| layer.rules.get(rule.id))?;
        Some(origin.line_ref(format!("set to {level} here")))
    }

    /// The level of a rule's findings about names that are known to be dangerous. To switch a rule off does not cover them, unless an
    /// override says `dangerous: true` and why, or names each of its files: what held before it does.
    pub fn level_of_danger(&self, rule: &RuleMeta) -> Level {
        let mut layers = self.lookup.newest();
        layers
            .find_map(|layer| {
                let (level, _) = layer.rules.get(rule.id)?;
                (*level != Level::Allow || layer.means_danger).then_some(*level)
            })
            .unwrap_or(rule.level)
    }

    /// The line of an override for this path that allows a rule's findings here, and the override's reason. `None` where
    /// something else decides: a later override, what the policy says everywhere, or the rule itself.
    pub fn excused_by(&self, rule: &RuleMeta) -> Option<(LineRef, Option<String>)> {
        let layer = self
            .lookup
            .newest()
            .find(|layer| layer.rules.contains_key(rule.id))?;
        self.excuse(layer, rule)
    }

    /// The same for findings about names that are known to be dangerous, which only an override that means them allows.
    pub fn danger_excused_by(&self, rule: &RuleMeta) -> Option<(LineRef, Option<String>)> {
        let layer = self.lookup.newest().find(|layer| {
            let set = layer.rules.get(rule.id);
            set.is_some_and(|(level, _)| *level != Level::Allow || layer.means_danger)
        })?;
        self.excuse(layer, rule)
    }

    /// The line by which a layer allows a rule's findings, if the layer is an override.
    fn excuse(&self, layer: &Layer, rule: &RuleMeta) -> Option<(LineRef, Option<String>)> {
        let everywhere = self.lookup.layers.first().map(Arc::as_ptr);
        let (level, origin) = layer.rules.get(rule.id)?;
        let is_override = everywhere.is_some_and(|first| !std::ptr::eq(first, layer));
        (is_override && *level == Level::Allow)
            .then(|| (origin.line_ref("allowed here"), layer.reason.clone()))
    }

    /// Whether a pack of the policy lists a global for a use: then it rebuilds data, whatever entries say besides.
    pub fn is_data(&self, name: &GlobalName, usage: Usage) -> bool {
        let (Some(module), Some(qualname)) = (name.module.as_str(), name.name.as_str()) else {
            return false;
        };
        let (module, qualname) = alias::canonical(module, qualname);
        let packed = self.lookup.packed(&module, &qualname);
        let mut entries = packed.iter().map(|(_, _, entry)| entry);
        entries.any(|entry| entry.kind.uses().contains(usage))
    }

    /// Which artifacts need a pin here.
    pub fn pins(&self) -> Required {
        let mut newest = self.lookup.newest();
        let found = newest.find_map(|layer| layer.pins.as_ref());
        found.map_or(Required::default(), |(required, _)| *required)
    }

    /// The line that says which artifacts need a pin here.
    pub fn pins_decided_by(&self) -> Option<LineRef> {
        let (required, origin) = self.lookup.newest().find_map(|layer| layer.pins.as_ref())?;
        Some(origin.line_ref(format!("`{}` need a pin here", required.word())))
    }

    /// Whether a format (by id) may be stored here.
    pub fn format(&self, id: &str) -> FormatVerdict {
        for layer in self.lookup.newest() {
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
        let list = self
            .lookup
            .newest()
            .find_map(|layer| layer.formats_list.as_ref());
        FormatVerdict::Refused {
            decided_by: list.map(|origin| origin.line_ref("not in this list")),
            advice: None,
        }
    }

    /// How to add to the policy: for each place where, and after a line end what to paste there.
    pub fn adding(&self, additions: &Additions) -> Vec<String> {
        self.own.adding(additions)
    }
}
